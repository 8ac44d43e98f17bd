/**
 * NDJSON: one record of `Outcome.Record` per line.
 */
import { DateTime } from "effect"
import * as Entry from "../Entry.ts"
import { exactly } from "../Json.ts"
import { isStale, type Row } from "../Ledger.ts"
import * as Answer from "./Answer.ts"
import * as Columns from "./Columns.ts"
import type { Format, Layout } from "./Format.ts"
import { wellFormed } from "./Text.ts"

export const format: Format = {
  name: "ndjson",
  endings: ["ndjson", "jsonl"],
  encoder: (layout) => {
    if (layout.entries) return { header: "", encode: (row) => given(row, layout) }
    const names = layout.select.map(({ name }) => name)
    return Columns.ofSelected(names, []) ?? { header: "", encode: (row) => encode(row, layout) }
  }
}

/** The row of the input; a code without one is an object too, so that all lines are of a kind. */
const given = ({ columns, input }: Row, { list: { column } }: Layout): string =>
  `${columns ?? JSON.stringify({ [column ?? "code"]: input })}\n`

/** The record is written by hand: the answer is spliced in as it was received. */
const encode = (row: Row, { list, lookup, noTiming, select }: Layout): string => {
  const code = row.key === null ? row.input.trim() : Entry.fromKey(row.key, lookup.inputs).code
  let text = `{"line":${row.line},"code":${quoted(code)}`
  if (row.input !== code) text += `,"input":${quoted(row.input)}`
  if (row.columns !== null) text += others(row.columns, list.column)
  text += `,"outcome":"${row.outcome}"`
  if (row.outcome === "found" || Answer.isThere(row, lookup.expect, select)) {
    const answer = select.length === 0
      ? Answer.json(row, lookup.expect)
      : Answer.selectedJson(row, lookup.expect, select)
    text += `,"answer":${answer}`
  }
  if (row.error !== null) {
    // a found row has no error: a rule marks it, or it was asked again in vain
    const isMarked = row.outcome === "found" && !isStale(row.outcome, row.error)
    if (isStale(row.outcome, row.error)) text += ",\"stale\":true"
    text += isMarked ? `,"review":true` : `,"error":${Answer.errorOf(row.error)}`
  }
  if (row.http_status !== null) text += `,"http_status":${row.http_status}`
  if (row.isRepeat) return `${text},"attempts":0,"calls":0,"repeat":true}\n`
  text += `,"attempts":${row.attempts},"calls":${row.calls}`
  if (!noTiming && row.ms !== null) text += `,"ms":${row.ms},"at":"${time(row.at)}"`
  return `${text}}\n`
}

let [last, written] = [Number.NaN, ""]

/** ISO 8601; rows that stand together were mostly settled in the same millisecond. */
const time = (at: number): string => {
  if (at !== last) [last, written] = [at, DateTime.formatIso(DateTime.unsafeMake(at))]
  return written
}

/** Text as JSON; a code with half a character is told by the JSON of that. */
const quoted = (text: string): string => JSON.stringify(text.isWellFormed() ? text : JSON.stringify(text))

/** The row without the column that is the code. */
const others = (columns: string, column: string | null): string => {
  const { value, write } = exactly(columns, JSON.parse(columns))
  const row = value as Record<string, unknown>
  if (column !== null) delete row[column]
  return Object.keys(row).length === 0 ? "" : `,"columns":${wellFormed(write(row))}`
}
