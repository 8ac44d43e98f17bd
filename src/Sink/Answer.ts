/**
 * How an answer of the ledger stands in an output. One that was forgotten has no body.
 */
import { exactly, withDigits } from "../Json.ts"
import type { Row } from "../Ledger.ts"
import { type Expect, parsers } from "../Lookup/Expect.ts"
import type { Select } from "../Lookup/Select.ts"

/**
 * The answer of a found row as one line of JSON text, `null` where it was forgotten; the JSON of a body is carried as it was received.
 */
export const json = ({ body }: Row, expect: Expect): string => {
  if (body === null) return "null"
  if (expect !== "json") return JSON.stringify(body)
  if (body === "") return "null"
  // raw line ends stand only between the tokens of valid JSON
  return body.includes("\n") || body.includes("\r") ? body.trim().replace(/[\r\n]+/g, " ") : body
}

/** The selected fields of a found row's answer, `null` where it was forgotten; numbers that JavaScript cannot hold come as text. */
export const selected = (
  { body }: Row,
  expect: Expect,
  select: ReadonlyArray<Select>
): Record<string, unknown> | null => {
  if (body === null) return null
  const answer = parsers[expect](body)
  return fields(answer, expect === "json" ? withDigits(body, answer) : answer, select)
}

/** The same as JSON text; numbers keep the digits that they came with. */
export const selectedJson = ({ body }: Row, expect: Expect, select: ReadonlyArray<Select>): string => {
  if (body === null) return "null"
  const answer = parsers[expect](body)
  if (expect !== "json") return JSON.stringify(fields(answer, answer, select))
  const { value, write } = exactly(body, answer)
  return write(fields(answer, value, select))
}

const fields = (answer: unknown, exact: unknown, select: ReadonlyArray<Select>): Record<string, unknown> =>
  Object.fromEntries(select.map(({ get, name }) => [name, get(answer, exact) ?? null]))
