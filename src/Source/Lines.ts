/**
 * One code per line. Empty lines are passed over.
 */
import { Chunk, Effect, Stream } from "effect"
import type { Entry } from "../Entry.ts"
import type { Format } from "../Source.ts"
import { SourceError } from "./SourceError.ts"

/** A line of a text, with its number from 1. */
export interface Line {
  readonly line: number
  readonly text: string
}

/** Longer lines are taken for another kind of file. */
const lineLimit = 1024 * 1024

/** Splits text at LF or CRLF. Lines that are empty or blank are left out; one of more than 1 Mi characters is refused. */
export const split = (name: string, text: Stream.Stream<string, SourceError>): Stream.Stream<Line, SourceError> =>
  Stream.suspend(() => {
    let line = 0
    let open = ""
    const tooLong = () =>
      new SourceError({
        reason: "TooLong",
        source: name,
        line: line + 1,
        detail: "this line is longer than 1 MiB: is the file a list, and is --input-format right?"
      })
    const take = (lines: Array<string>) => {
      const found: Array<Line> = []
      for (const raw of lines) {
        line++
        const text = raw.endsWith("\r") ? raw.slice(0, -1) : raw
        if (text.trim() !== "") found.push({ line, text })
      }
      return Chunk.unsafeFromArray(found)
    }
    const next = (piece: string) =>
      Effect.suspend(() => {
        const lines = (open + piece).split("\n")
        open = lines.pop()!
        return open.length > lineLimit ? tooLong() : Effect.succeed(take(lines))
      })
    return text.pipe(
      Stream.mapEffect(next),
      Stream.concat(Stream.suspend(() => Stream.succeed(open === "" ? Chunk.empty<Line>() : take([open])))),
      Stream.flattenChunks
    )
  })

export const format: Format = {
  endings: ["txt", "lst", "lines"],
  entries: (text, { name }) => Stream.map(split(name, text), ({ line, text }): Entry => ({ line, input: text }))
}
