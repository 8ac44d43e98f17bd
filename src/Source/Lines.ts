/**
 * One code per line. Blank lines are passed over.
 */
import { Either } from "effect"
import * as Code from "../Code.ts"
import type { Entry } from "../Entry.ts"
import type { Format } from "./Format.ts"
import { SourceError } from "./SourceError.ts"

/** A line of a text, with its number from 1. */
export interface Line {
  readonly line: number
  readonly text: string
}

/** Lines with more characters are taken for another kind of file. */
const lengthLimit = 1024 * 1024

/** So are rows and objects with more, which may hold an answer of an earlier run. */
export const longLimit = 16 * 1024 * 1024

/** A limit for showing. */
export const shown = (limit: number): string => `${limit / 1024 / 1024} MiB`

/** How many lines end within a text. */
export const ends = (text: string): number => {
  let found = 0
  for (let at = text.search(lineEnd); at >= 0 && at < text.length; at++) {
    if (text[at] === "\n" || (text[at] === "\r" && text[at + 1] !== "\n")) found++
  }
  return found
}

/** Where a line ends, for searching. */
export const lineEnd = /[\r\n]/

/** Lines end at LF, CRLF or CR; those that are empty or blank are left out. */
export const reader = (
  source: string,
  { isBlank = Code.isBlank, limit = lengthLimit }: {
    readonly limit?: number
    readonly isBlank?: (text: string) => boolean
  } = {}
): (piece: string, isLast: boolean) => Either.Either<ReadonlyArray<Line>, SourceError> => {
  let line = 0
  let open = ""
  return (piece, isLast) => {
    open += piece
    let lines: Array<string> = []
    // a piece without a line end completes no line
    if (isLast || lineEnd.test(piece)) {
      // a CR at the end of the piece may be half of a CRLF
      const end = open.endsWith("\r") && !isLast ? open.length - 1 : open.length
      const text = open.slice(0, end)
      lines = text.includes("\r") ? text.split(/\r\n|\r|\n/) : text.split("\n")
      open = isLast ? "" : lines.pop() + open.slice(end)
    }
    const found: Array<Line> = []
    for (const text of lines) {
      line++
      if (text.length > limit) return tooLong(source, line, limit)
      if (!isBlank(text)) found.push({ line, text })
    }
    return open.length > limit ? tooLong(source, line + 1, limit) : Either.right(found)
  }
}

export const format: Format = {
  endings: ["txt", "lst", "lines"],
  reader: ({ column, name }) => {
    const lines = reader(name)
    return (piece, isLast) =>
      column === undefined
        ? Either.map(lines(piece, isLast), (found) => found.map(({ line, text }): Entry => ({ line, input: text })))
        : Either.left(noColumns(name, column))
  }
}

const tooLong = (source: string, line: number, limit: number) =>
  Either.left(
    new SourceError({
      reason: "TooLong",
      source,
      line,
      detail: `this line is longer than ${shown(limit)}: is the file a list, and is its format right?`,
      remedy: "format"
    })
  )

const noColumns = (source: string, column: string) =>
  new SourceError({
    reason: "Column",
    source,
    detail: `there is no column ${JSON.stringify(column)}, because it is read as lines: `
      + "name no column, or another format",
    remedy: "format"
  })
