/**
 * The columns of a table, and rows as their cells.
 */
import type { Effect } from "effect"
import type { Select } from "../../Answer/Select.ts"
import { fromKey } from "../../Entry.ts"
import type { List, Row } from "../../Ledger.ts"
import * as Answer from "../Answer.ts"
import * as Columns from "../Columns.ts"
import type { Clash } from "../Format.ts"
import * as Mark from "../Mark.ts"
import * as Value from "../Value.ts"

/**
 * What stands in a column: a whole number (`place` beyond 2³¹), a number, `true` or `false`, milliseconds since 1970, text, JSON as text,
 * or a {@link Value.Value}. `null` stands in any of them.
 */
export type Kind = "integer" | "place" | "real" | "boolean" | "time" | "text" | "json" | "value"

export interface Column {
  readonly name: string
  readonly kind: Kind
}

/** Rows as cells: one for each column. */
export interface Encoder {
  readonly columns: ReadonlyArray<Column>
  readonly encode: (row: Row) => ReadonlyArray<unknown>
}

/** What does not depend on the kind of table. */
export interface Layout {
  readonly list: List
  readonly select: ReadonlyArray<Select>
  readonly noTiming: boolean
}

/** How rows of a list become cells. */
export const make = (layout: Layout): Encoder | Clash => {
  const { list, noTiming, select } = layout
  const others = list.columns.filter((name) => name !== list.column)
  const before: ReadonlyArray<Column> = [
    { name: "run", kind: "text" },
    { name: "ordinal", kind: "place" },
    { name: "line", kind: "place" },
    { name: "code", kind: "text" },
    { name: "input", kind: "text" }
  ]
  const after: ReadonlyArray<Column> = [
    ...(select.length === 0
      ? [{ name: "answer", kind: list.expect === "json" ? "json" as const : "text" as const }]
      : select.map(({ name }): Column => ({ name, kind: "value" }))),
    { name: "outcome", kind: "text" },
    { name: "http_status", kind: "integer" },
    { name: "error_type", kind: "text" },
    { name: "error", kind: "text" },
    { name: "attempts", kind: "integer" },
    { name: "calls", kind: "integer" },
    { name: "repeat", kind: "boolean" },
    ...(noTiming ? [] : [{ name: "ms", kind: "real" } as const, { name: "at", kind: "time" } as const])
  ]
  const ours = [...before, ...after].map(({ name }) => name)
  const selected = select.map(({ name }) => name)
  const fold = (name: string) => name.toLowerCase()
  const taken = Columns.ofSelected(selected, ours.toSpliced(before.length, selected.length), fold)
  if (taken !== undefined) return taken
  const names = Columns.beside(others, ours, selected, fold)
  if ("clash" in names) return names
  const columns = [...before, ...names.map((name): Column => ({ name, kind: "value" })), ...after]
  const clash = clashOf(columns.map(({ name }) => name))
  if (clash !== undefined) return clash
  return {
    columns,
    encode: (row) => {
      const code = row.key === null ? row.input.trim() : fromKey(row.key, list.inputs).code
      const given = row.columns === null ? () => null : Value.row(row.columns)
      const error = Answer.told(row)
      return [
        list.name,
        row.ordinal,
        row.line,
        code,
        row.input === code ? null : row.input,
        ...others.map(given),
        ...answered(row, layout),
        row.outcome,
        row.http_status,
        error?.type ?? null,
        error?.message ?? null,
        row.isRepeat ? 0 : row.attempts,
        row.isRepeat ? 0 : row.calls,
        row.isRepeat,
        ...(noTiming ? [] : row.isRepeat || row.ms === null ? [null, null] : [row.ms, row.at])
      ]
    }
  }
}

const answered = (row: Row, { list: { expect }, select }: Layout): ReadonlyArray<unknown> => {
  if (!Answer.isThere(row, expect, select)) return select.length === 0 ? [null] : select.map(() => null)
  if (select.length === 0) return [expect === "json" ? Answer.json(row, expect) : row.body]
  return Answer.selected(row, expect, select)
}

/** Many a database does not tell names apart that differ in case alone. */
const clashOf = (names: ReadonlyArray<string>): Clash | undefined => {
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name.toLowerCase())) return Columns.twice(name)
    seen.add(name.toLowerCase())
  }
  return names.some((name) => name.trim() === "" || name.includes("\0") || !name.isWellFormed())
    ? { clash: "a column of the input has no name that a table can have: give it one" }
    : undefined
}

/** Stands for how rows are laid out: equal ones give equal cells. */
export const identify = (
  { list: { column, expect, inputs }, select }: Layout,
  { columns }: Encoder
): Effect.Effect<string> => Mark.identity({ columns, column, expect, inputs, select: select.map(({ text }) => text) })
