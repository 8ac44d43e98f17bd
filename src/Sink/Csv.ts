/**
 * CSV (RFC 4180): the input's columns, the selected fields or one `answer`, then `outcome`, `http_status`, `error`. By csv-stringify.
 */
import { stringify } from "csv-stringify/sync"
import { fromKey, toText } from "../Entry.ts"
import type { Row } from "../Ledger.ts"
import type { Format, Layout } from "../Sink.ts"
import * as Answer from "./Answer.ts"

export const format: Format = {
  endings: ["csv"],
  encoder: (layout) => {
    const input = layout.list.columns.length === 0 ? ["code"] : layout.list.columns
    const answer = layout.select.length === 0 ? ["answer"] : layout.select.map(({ name }) => name)
    const header = [...input, ...answer, "outcome", "http_status", "error"]
    const twice = header.find((name, index) => header.indexOf(name) < index)
    if (twice !== undefined) {
      return {
        clash: `two columns would be called "${twice}": give the selected one another name (--select name=expression)`
      }
    }
    return {
      header: stringify([header]),
      encode: (row) => stringify([[...cells(row, layout), row.outcome, row.http_status, message(row)]])
    }
  }
}

const cells = (row: Row, { list, lookup: { expect, inputs }, select }: Layout): Array<string> => {
  const columns: Record<string, unknown> = row.columns === null ? {} : JSON.parse(row.columns)
  const input = list.columns.length === 0
    ? [row.key === null ? row.input : fromKey(row.key, inputs).code]
    : list.columns.map((name) => toText(columns[name]))
  if (row.outcome !== "found") return [...input, ...(select.length === 0 ? [""] : select.map(() => ""))]
  if (select.length === 0) return [...input, expect === "json" ? Answer.json(row, expect) : row.body ?? ""]
  return [...input, ...Object.values(Answer.selected(row, expect, select)).map(toText)]
}

const message = (row: Row): string => {
  if (row.error === null) return ""
  const { message, type } = JSON.parse(row.error) as { type: string; message: string }
  return `${type}: ${message}`
}
