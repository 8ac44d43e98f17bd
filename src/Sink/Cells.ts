/**
 * A row as cells of text, as CSV, TSV and workbooks have it: the input's columns, the selected fields or one `answer`, then `outcome`,
 * `http_status`, `error`. The column of the code holds the code that was asked, which is not always what stood there: so an output joins with
 * others by it, and is a list with the same codes.
 */
import { fromKey } from "../Entry.ts"
import type { Row } from "../Ledger.ts"
import * as Answer from "./Answer.ts"
import * as Columns from "./Columns.ts"
import type { Clash, Layout } from "./Format.ts"
import { fit, onOneLine } from "./Text.ts"
import * as Value from "./Value.ts"

/** Text, or a value that JSON has another word for: a number, `true`, a list. `""` stands for nothing. */
export type Cell = string | Json

/** A value that is no text. */
export interface Json {
  readonly text: string
}

/** The names of the columns, and the cells of a row. */
export interface Cells {
  readonly header: ReadonlyArray<string>
  readonly cells: (row: Row) => ReadonlyArray<Cell> | Clash
}

/** What stands in a cell. */
export const textOf = (cell: Cell): string => typeof cell === "string" ? cell : cell.text

/** How rows become cells; `unfit` is what a cell of an input to run again cannot hold in this format. */
export const make = (layout: Layout, { format, unfit }: { readonly format: string; readonly unfit: RegExp }):
  | Cells
  | Clash =>
{
  const { entries, excel, list, select } = layout
  const own = list.columns.length === 0 ? ["code"] : list.columns
  const selected = select.map(({ name }) => name)
  const told = ["outcome", "http_status", "error"]
  const clash = entries ? undefined : Columns.ofSelected(selected, told)
  if (clash !== undefined) return clash
  const ours = [...(select.length === 0 ? ["answer"] : selected), ...told]
  const input = entries ? own : Columns.beside(own, ours, selected)
  if ("clash" in input) return input
  const header = entries ? input : [...input, ...ours]
  const names = new Set<string>()
  for (const name of header) {
    if (names.has(name)) {
      return Columns.twice(name)
    }
    names.add(name)
  }
  if (!entries) return { header, cells: (row) => [...given(row, layout), ...answered(row, layout), ...outcome(row)] }
  if (excel) {
    return { clash: "what is made for a spreadsheet is no input to run again", remedy: "plain" }
  }
  if (list.column === null && input.length > 1) {
    return {
      clash: `the code stands in another column from row to row, and ${format} has it in one: write NDJSON`
    }
  }
  return {
    header,
    cells: (row) => {
      const cells = given(row, layout)
      // a row of one blank cell is passed over when it is read, unless it is nothing in quotes
      const isBlank = cells.length === 1 && textOf(cells[0]!).trim() === ""
      if ((isBlank && row.key !== null) || cells.some((cell) => unfit.test(textOf(cell)))) {
        return {
          clash:
            `the row of line ${row.line} cannot stand in ${format} (it is blank, or holds what that has no place for): `
            + "write NDJSON"
        }
      }
      return isBlank ? [""] : cells
    }
  }
}

/** The row's cells of the input. Those of an input to run again stand as they stood. */
const given = (row: Row, { entries, list: { column, columns }, lookup }: Layout): ReadonlyArray<Cell> => {
  const text = entries ? (text: string) => text : fit
  const code = entries || row.key === null ? row.input : fromKey(row.key, lookup.inputs).code
  if (columns.length === 0) return [text(code)]
  // among rows there may be codes without one
  const value = row.columns !== null
    ? Value.row(row.columns)
    : (name: string): Value.Value => name === column ? row.input : null
  return columns.map((name) => {
    if (name === column && code !== row.input) return text(code)
    const found = value(name)
    return typeof found === "string" ? text(found) : cell(found)
  })
}

const answered = (row: Row, { lookup: { expect }, select }: Layout): ReadonlyArray<Cell> => {
  if (!Answer.isThere(row, expect, select)) return select.length === 0 ? [""] : select.map(() => "")
  if (select.length === 0) {
    return [expect === "json" ? { text: onOneLine(Answer.json(row, expect)) } : fit(row.body!)]
  }
  return Answer.selected(row, expect, select).map(cell)
}

const outcome = (row: Row): ReadonlyArray<Cell> => {
  const told = Answer.told(row)
  return [
    row.outcome ?? "",
    row.http_status === null ? "" : { text: String(row.http_status) },
    told === undefined ? "" : fit(`${told.type}: ${told.message}`)
  ]
}

const cell = (value: Value.Value): Cell =>
  value === null ? "" : typeof value === "string" ? fit(value) : { text: Value.textOf(value) }
