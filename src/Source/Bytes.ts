/**
 * From bytes to text: gzip is told by its first byte, and what is not UTF-8 is refused by line.
 */
import { Chunk, Effect, Option, Stream } from "effect"
import * as Gzip from "./Gzip.ts"
import { SourceError } from "./SourceError.ts"

/** The text of a stream of bytes, in pieces of any size. */
export const text = <E>(source: string, bytes: Stream.Stream<Uint8Array, E>): Stream.Stream<string, SourceError> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const pieces = bytes.pipe(Stream.mapError(unreadable(source)), Stream.filter((piece) => piece.length > 0))
    // `Stream.peel` dies where a later piece fails
    const pull = yield* Stream.toPull(pieces)
    return yield* Effect.match(Effect.repeat(pull, { while: Chunk.isEmpty }), {
      onFailure: Option.match({ onNone: () => Stream.empty, onSome: Stream.fail }),
      onSuccess: (head) => {
        const all = Stream.concat(Stream.fromChunk(head), Stream.repeatEffectChunkOption(pull))
        return decode(source, Chunk.unsafeHead(head)[0] === Gzip.magic ? unpack(source, all) : all)
      }
    })
  }))

/** The error of an input without a single code. */
export const empty = (source: string): SourceError =>
  new SourceError({ reason: "Empty", source, detail: "there is no code in it" })

const unpack = (source: string, bytes: Stream.Stream<Uint8Array, SourceError>) =>
  Stream.mapError(Gzip.unpack(bytes), (error) =>
    error instanceof SourceError ? error : new SourceError({
      reason: "Encoding",
      source,
      detail: `it begins like gzip and does not unpack (${explain(error)}): is it whole?`
    }))

/** Decodes UTF-8 without its byte order mark, and fails with the line of the first byte that is not. */
const decode = (source: string, bytes: Stream.Stream<Uint8Array, SourceError>): Stream.Stream<string, SourceError> =>
  Stream.suspend(() => {
    const decoder = new TextDecoder("utf-8", { fatal: true })
    let line = 1
    const next = (piece: Uint8Array, stream: boolean) =>
      Effect.suspend(() => {
        try {
          const text = decoder.decode(piece, { stream })
          if (text.includes("\0")) return notText(source, line, text)
          line += newlines(text)
          return Effect.succeed(text)
        } catch {
          return notText(source, line, new TextDecoder("utf-8").decode(piece))
        }
      })
    return bytes.pipe(
      Stream.mapEffect((piece) => next(piece, true)),
      Stream.concat(Stream.fromEffect(Effect.suspend(() => next(new Uint8Array(0), false))))
    )
  })

const notText = (source: string, line: number, text: string) => {
  const before = text.slice(0, Math.max(0, text.search(/[\0\ufffd]/)))
  const beginning = line === 1 ? text.slice(0, 4) : ""
  return new SourceError({
    reason: "Encoding",
    source,
    line: line + newlines(before),
    detail: /^(\ufffd\ufffd|.\0|\0.)/s.test(beginning)
      ? "this is UTF-16: save it as UTF-8 (in Excel: CSV UTF-8)"
      : beginning === "PK\x03\x04"
      ? "this is a workbook or a ZIP archive: save the sheet as CSV UTF-8, or unpack it"
      : "this is not UTF-8 text: save text in another encoding as UTF-8; other kinds of file are not read"
  })
}

const newlines = (text: string): number => {
  let found = 0
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) found++
  return found
}

const unreadable = (source: string) => (error: unknown) => {
  if (error instanceof SourceError) return error
  const { reason } = error as { reason?: string }
  const why = explain(error)
  return reason === "NotFound"
    ? new SourceError({ reason: "NotFound", source, detail: "there is no such file" })
    : new SourceError({
      reason: "Unreadable",
      source,
      detail: reason === "PermissionDenied"
        ? "you may not read it: chmod u+r, or ask its owner"
        : why.startsWith("EISDIR")
        ? "it is a folder: name a file in it"
        : `it cannot be read: ${why}`
    })
}

/** The innermost message: platform errors tell of the system's as their cause. */
const explain = (error: unknown): string => {
  const { cause, message } = error as { cause?: unknown; message?: string }
  return cause instanceof Error ? cause.message : message ?? String(error)
}
