/**
 * Rows of cells (RFC 4180), by csv-parse. A row knows the line on which it begins, whatever its cells hold.
 */
import { type CsvError, parse } from "csv-parse"
import { Effect } from "effect"
import type { Reader } from "../Source.ts"
import { lengthLimit } from "./Lines.ts"
import { SourceError } from "./SourceError.ts"

/** A row, and the line on which it begins, from 1. */
export interface Row {
  readonly line: number
  readonly cells: ReadonlyArray<string>
}

/** Rows end at LF, CRLF or CR; blank lines are passed over. */
export const reader = (source: string, delimiter: string): Reader<Row> => {
  let rows: Array<Row> = []
  /** csv-parse counts a CRLF within quotes as two lines. */
  let excess = 0
  let lastLine = 0
  const onRecord = (cells: Array<string>, { lines }: { readonly lines: number }) => {
    const ends = cells.flatMap((cell) => cell.match(/\r\n?|\n/g) ?? [])
    const line = lines - excess - ends.join("").length
    excess += ends.filter((end) => end === "\r\n").length
    lastLine = lines - excess
    const isBlank = cells.length === 1 && cells[0] !== "" && cells[0]!.trim() === ""
    if (!isBlank) rows.push({ line, cells })
    // nothing is kept in the parser's own queue
    return null
  }
  const parser = parse({
    delimiter,
    record_delimiter: ["\r\n", "\n", "\r"],
    // it is compared before a character is added
    max_record_size: lengthLimit - 1,
    relax_column_count: true,
    skip_empty_lines: true,
    on_record: onRecord
  })
  parser.resume()
  return (piece, isLast) =>
    Effect.async((resume) => {
      const fail = (error: Error) => resume(problem(source, error as Problem, excess, lastLine))
      const done = (error?: Error | null) => {
        if (error !== undefined && error !== null) return
        parser.off("error", fail)
        const found = rows
        rows = []
        resume(Effect.succeed(found))
      }
      parser.once("error", fail)
      if (isLast) parser.end(piece, done)
      else parser.write(piece, done)
    })
}

type Problem = CsvError & { readonly column?: number; readonly lines?: number }

const problem = (source: string, { code, column, lines, message }: Problem, excess: number, lastLine: number) => {
  const cell = typeof column === "number" ? `cell ${column + 1}` : "a cell"
  const fail = (reason: "Syntax" | "TooLong", line: number | undefined, detail: string) =>
    new SourceError({ reason, source, line, detail })
  const here = lines === undefined ? undefined : lines - excess
  switch (code as string) {
    case "CSV_MAX_RECORD_SIZE":
      return fail("TooLong", lastLine + 1, "this row is longer than 1 MiB: is a quote left open?")
    case "CSV_QUOTE_NOT_CLOSED":
      return fail("Syntax", lastLine + 1, `${cell} begins with a quote that is never closed`)
    case "CSV_INVALID_CLOSING_QUOTE":
      return fail("Syntax", here, `${cell} goes on after its closing quote: write a quote within it twice`)
    case "INVALID_OPENING_QUOTE":
      return fail("Syntax", here, `${cell} holds a quote: put the cell in quotes, and write a quote within it twice`)
    default:
      return fail("Syntax", here, message)
  }
}
