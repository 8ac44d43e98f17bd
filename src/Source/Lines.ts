/**
 * One code per line. Blank lines are passed over.
 */
import { Either } from "effect"
import type { Entry } from "../Entry.ts"
import type { Format } from "../Source.ts"
import { SourceError } from "./SourceError.ts"

/** A line of a text, with its number from 1. */
export interface Line {
  readonly line: number
  readonly text: string
}

/** Lines and rows with more characters are taken for another kind of file. */
export const lengthLimit = 1024 * 1024

/** Where a line ends, for searching. */
export const lineEnd = /[\r\n]/

/** Lines end at LF, CRLF or CR; those that are empty or blank are left out. */
export const reader = (
  source: string
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
      if (text.length > lengthLimit) return tooLong(source, line)
      if (text.trim() !== "") found.push({ line, text })
    }
    return open.length > lengthLimit ? tooLong(source, line + 1) : Either.right(found)
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

const tooLong = (source: string, line: number) =>
  Either.left(
    new SourceError({
      reason: "TooLong",
      source,
      line,
      detail: "this line is longer than 1 MiB: is the file a list, and is --input-format right?"
    })
  )

const noColumns = (source: string, column: string) =>
  new SourceError({
    reason: "Column",
    source,
    detail: `there is no column ${JSON.stringify(column)}, because it is read as lines: `
      + "leave --column out, or name the format with --input-format"
  })
