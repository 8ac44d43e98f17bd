/**
 * How an answer of the ledger stands in an output.
 */
import { withDigits } from "../Json.ts"
import type { Row } from "../Ledger.ts"
import type { Expect } from "../Lookup/Request.ts"
import { parsers } from "../Lookup/Request.ts"
import type { Select } from "../Lookup/Select.ts"

/** The answer of a found row as one line of JSON text; the JSON of a body is carried as it was received. */
export const json = (row: Row, expect: Expect): string => {
  const body = row.body ?? ""
  if (expect !== "json") return JSON.stringify(body)
  // raw line ends stand only between the tokens of valid JSON
  return body.includes("\n") || body.includes("\r") ? body.trim().replace(/[\r\n]+/g, " ") : body
}

/** The selected fields of a found row's answer; numbers that JavaScript cannot hold come as text. */
export const selected = (row: Row, expect: Expect, select: ReadonlyArray<Select>): Record<string, unknown> => {
  const body = row.body ?? ""
  const answer = parsers[expect](body)
  const whole = expect === "json" ? withDigits(body, answer) : answer
  return Object.fromEntries(select.map(({ get, name }) => [name, get(whole) ?? null]))
}
