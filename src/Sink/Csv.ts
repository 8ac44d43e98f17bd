/**
 * CSV (RFC 4180): the input's columns, the selected fields or one `answer`, then `outcome`, `http_status`, `error`. By
 * csv-stringify.
 */
import { stringify } from "csv-stringify/sync"
import { fromKey, toText } from "../Entry.ts"
import type { Row } from "../Ledger.ts"
import type { Clash, Format, Layout } from "../Sink.ts"
import * as Answer from "./Answer.ts"
import { forSpreadsheet, isFormula } from "./Formula.ts"

export const format: Format = {
  endings: ["csv"],
  encoder: (layout) => {
    const { entries, excel, list, select } = layout
    const input = list.columns.length === 0 ? ["code"] : list.columns
    const answer = select.length === 0 ? ["answer"] : select.map(({ name }) => name)
    const header = entries ? input : [...input, ...answer, "outcome", "http_status", "error"]
    const twice = header.find((name, index) => header.indexOf(name) < index)
    if (twice !== undefined) {
      return {
        clash: `two columns would be called ${JSON.stringify(twice)}: `
          + "rename the input's column, or give a selected one another name (--select name=expression)"
      }
    }
    if (entries && excel) {
      return { clash: "what is made for a spreadsheet is no input to run again: leave --excel out" }
    }
    if (entries && list.column === null && input.length > 1) {
      return { clash: "the code stands in another column from row to row, and CSV has it in one: write NDJSON" }
    }
    let formulas = 0
    const line = (cells: ReadonlyArray<string>): string => {
      for (const cell of cells) if (isFormula(cell)) formulas++
      return stringify([excel ? cells.map(forSpreadsheet) : cells], {
        quoted_match: fragile,
        // a line that holds nothing is no row
        quoted_empty: header.length === 1,
        record_delimiter: excel ? "windows" : "unix"
      })
    }
    return {
      // without its mark, Excel does not take it for UTF-8
      header: (excel ? "\ufeff" : "") + line(header),
      encode: (row) => {
        const cells = given(row, layout)
        if (!entries) return line([...cells, ...answered(row, layout), ...outcome(row)])
        // a row of one blank cell is passed over when it is read, unless it is nothing in quotes
        const isBlank = cells.length === 1 && cells[0]!.trim() === ""
        if (cells.some((cell) => unfit.test(cell)) || (isBlank && row.key !== null)) return clash(row)
        return line(isBlank ? [""] : cells)
      },
      formulas: () => formulas
    }
  }
}

/** The row's cells of the input. */
const given = (row: Row, { entries, list: { column, columns }, lookup }: Layout): ReadonlyArray<string> => {
  if (columns.length === 0) return [entries || row.key === null ? row.input : fromKey(row.key, lookup.inputs).code]
  // among rows there may be codes without one
  const values: Record<string, unknown> = row.columns !== null
    ? JSON.parse(row.columns)
    : column === null
    ? {}
    : { [column]: row.input }
  return columns.map((name) => Object.hasOwn(values, name) ? toText(values[name]) : "")
}

const answered = (row: Row, { lookup: { expect }, select }: Layout): ReadonlyArray<string> => {
  if (row.outcome !== "found" || row.body === null) return select.length === 0 ? [""] : select.map(() => "")
  if (select.length === 0) return [expect === "json" ? Answer.json(row, expect) : row.body]
  const fields = Answer.selected(row, expect, select)
  return select.map(({ name }) => toText(fields?.[name]))
}

const outcome = ({ error, http_status, outcome }: Row): ReadonlyArray<string> => [
  outcome ?? "",
  http_status === null ? "" : String(http_status),
  error === null ? "" : message(error)
]

const message = (error: string): string => {
  const { message, type } = JSON.parse(error) as { type: string; message: string }
  return `${type}: ${message}`
}

/** Beside what holds a delimiter: some readers take any CR or LF for a line end, and cut white space off the ends of a cell. */
const fragile = /[\r\n]|^\s|\s$/

/** What UTF-8 text does not hold. */
const unfit = /\0|\p{Surrogate}/u

const clash = ({ line }: Row): Clash => ({
  clash: `the row of line ${line} cannot stand in CSV (it is blank, or holds half a character or a NUL): write NDJSON`
})
