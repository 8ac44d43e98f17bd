/**
 * CSV (RFC 4180): the input's columns, the selected fields or one `answer`, then `outcome`, `http_status`, `error`. By
 * csv-stringify.
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
        clash: `two columns would be called ${JSON.stringify(twice)}: `
          + "rename the input's column, or give a selected one another name (--select name=expression)"
      }
    }
    return {
      header: line(header),
      encode: (row) => {
        const status = row.http_status === null ? "" : String(row.http_status)
        return line([...entry(row, layout), ...answered(row, layout), row.outcome ?? "", status, message(row)])
      }
    }
  }
}

const entry = (row: Row, { list, lookup }: Layout): ReadonlyArray<string> => {
  if (list.columns.length === 0) return [row.key === null ? row.input : fromKey(row.key, lookup.inputs).code]
  const columns: Record<string, unknown> = row.columns === null ? {} : JSON.parse(row.columns)
  return list.columns.map((name) => Object.hasOwn(columns, name) ? toText(columns[name]) : "")
}

const answered = (row: Row, { lookup: { expect }, select }: Layout): ReadonlyArray<string> => {
  if (select.length === 0) {
    return [row.outcome !== "found" ? "" : expect === "json" ? Answer.json(row, expect) : row.body ?? ""]
  }
  if (row.outcome !== "found") return select.map(() => "")
  const fields = Answer.selected(row, expect, select)
  return select.map(({ name }) => toText(fields[name]))
}

const message = ({ error }: Row): string => {
  if (error === null) return ""
  const { message, type } = JSON.parse(error) as { type: string; message: string }
  return `${type}: ${message}`
}

const line = (cells: ReadonlyArray<string>): string => stringify([cells], { quoted_match: fragile })

/** Beside what RFC 4180 quotes: some readers take a lone CR for a line end, and cut white space off the ends of a cell. */
const fragile = /\r|^\s|\s$/
