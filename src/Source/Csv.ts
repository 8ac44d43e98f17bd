/**
 * CSV and TSV with a header line. The other columns are carried through.
 */
import { Effect } from "effect"
import type { Entry } from "../Entry.ts"
import type { Format, Reader } from "../Source.ts"
import { missingColumn } from "./Column.ts"
import * as Rows from "./Rows.ts"
import { SourceError } from "./SourceError.ts"

const format = (delimiter: string, endings: ReadonlyArray<string>): Format => ({
  endings,
  reader: ({ column, name }) => reader(name, column, Rows.reader(name, delimiter))
})

export const csv: Format = format(",", ["csv"])
export const tsv: Format = format("\t", ["tsv", "tab"])

const reader = (name: string, column: string | undefined, rows: Reader<Rows.Row>): Reader<Entry> => {
  let header: ReadonlyArray<string> | undefined
  let code = 0
  return (piece, isLast) =>
    Effect.flatMap(rows(piece, isLast), (found): Effect.Effect<Array<Entry>, SourceError> => {
      const entries: Array<Entry> = []
      for (const row of found) {
        const { cells, line } = row
        if (header === undefined) {
          const problem = headerProblem(name, column, row)
          if (problem !== undefined) return problem
          header = cells
          if (column !== undefined) code = header.indexOf(column)
        } else if (cells.length === header.length) {
          entries.push({ line, input: cells[code]!, columns: record(header, cells), names: header })
        } else return otherLength(name, header, row)
      }
      return Effect.succeed(entries)
    })
}

const record = (header: ReadonlyArray<string>, cells: ReadonlyArray<string>): Record<string, string> => {
  const columns: Record<string, string> = {}
  for (let index = 0; index < header.length; index++) {
    const name = header[index]!
    // an assignment would set the prototype
    if (name === "__proto__") Object.defineProperty(columns, name, { ...own, value: cells[index] })
    else columns[name] = cells[index]!
  }
  return columns
}

const own = { configurable: true, enumerable: true, writable: true }

const headerProblem = (
  source: string,
  column: string | undefined,
  { cells: header, line }: Rows.Row
): SourceError | undefined => {
  const problem = (detail: string) => new SourceError({ reason: "Column", source, line, detail })
  const twice = header.find((name, index) => header.indexOf(name) < index)
  if (twice === "") return problem("more than one column has no name: give each one a name of its own")
  if (twice !== undefined) {
    return problem(`the column ${JSON.stringify(twice)} is there twice: give each one a name of its own`)
  }
  if (column !== undefined) return header.includes(column) ? undefined : missingColumn(source, line, column, header)
  if (header.length > 1) return missingColumn(source, line, column, header)
  const [only] = header as [string]
  if (/[,;\t|]/.test(only)) {
    return problem(
      `the header is one column, ${JSON.stringify(only)}: is the delimiter another one? CSV has commas, TSV tabs`
    )
  }
  return /\p{L}/u.test(only) ? undefined : problem(
    `the first line names the columns, and ${JSON.stringify(only)} looks like a code: `
      + "put a header before it, or read it with --input-format lines"
  )
}

const otherLength = (source: string, header: ReadonlyArray<string>, { cells, line }: Rows.Row) =>
  new SourceError({
    reason: "Syntax",
    source,
    line,
    detail: `this row has ${count(cells)}, and the header ${header.length}: `
      + (cells.length < header.length
        ? `what is in ${JSON.stringify(header[cells.length])}?`
        : "does a cell with a delimiter in it want quotes?")
  })

const count = ({ length }: ReadonlyArray<string>) => `${length} ${length === 1 ? "cell" : "cells"}`
