/**
 * How an answer of the ledger stands in an output. One that was forgotten has no body.
 */
import { type Expect, parsers } from "../Answer/Expect.ts"
import type { Select } from "../Answer/Select.ts"
import { exactly } from "../Json.ts"
import { isStale, type Row } from "../Ledger.ts"
import type { ErrorRecord } from "../Outcome.ts"
import { wellFormed } from "./Text.ts"
import * as Value from "./Value.ts"

/**
 * The answer of a found row as one line of JSON text, `null` where it was forgotten; the JSON of a body is carried as it was received,
 * but for strings with half a character.
 */
export const json = ({ body }: Row, expect: Expect): string => {
  if (body === null) return "null"
  if (expect !== "json") return JSON.stringify(body)
  if (body === "") return "null"
  // raw line ends stand only between the tokens of valid JSON
  return wellFormed(body.includes("\n") || body.includes("\r") ? body.trim().replace(/[\r\n]+/g, " ") : body)
}

/** The selected fields of an answer, in their order. */
export const selected = ({ body }: Row, expect: Expect, select: ReadonlyArray<Select>): ReadonlyArray<Value.Value> => {
  if (body === null) return select.map(() => null)
  const answer = parsers[expect](body)
  const { value, write } = expect === "json" ? exactly(body, answer) : { value: answer, write: JSON.stringify }
  return select.map(({ get }) => Value.make(get(answer, value), (value) => wellFormed(write(value))))
}

/** The same as JSON text. */
export const selectedJson = (row: Row, expect: Expect, select: ReadonlyArray<Select>): string =>
  row.body === null ?
    "null" :
    `{${
      selected(row, expect, select).map((value, index) => `${JSON.stringify(select[index]!.name)}:${jsonOf(value)}`)
        .join(",")
    }}`

const jsonOf = (value: Value.Value): string =>
  typeof value !== "object" || value === null
    ? typeof value === "string" && !value.isWellFormed() ? JSON.stringify(JSON.stringify(value)) : JSON.stringify(value)
    : Value.textOf(value)

/** An error of the ledger, whose message may have been cut in the middle of a character. */
export const errorOf = (error: string): string =>
  error.includes("\\ud")
    ? JSON.stringify(JSON.parse(error), (_, value: unknown) => typeof value === "string" ? value.toWellFormed() : value)
    : error

/** What cells say of it: an answer that was asked again in vain has the type `stale`, and the new error as its message. */
export const told = (
  { error, outcome }: Pick<Row, "error" | "outcome">
): { readonly type: string; readonly message: string } | undefined => {
  if (error === null) return undefined
  const told: ErrorRecord = JSON.parse(errorOf(error))
  if (!isStale(outcome, error)) return told
  return { type: "stale", message: told.type === "error" ? told.message : `${told.type}: ${told.message}` }
}

/**
 * Whether a row has something to show of its answer. What was not found, is invalid or has failed shows what is selected, where its body has
 * any of it: the reason of a 404, the first half of what was cut off.
 */
export const isThere = ({ body, outcome }: Row, expect: Expect, select: ReadonlyArray<Select>): boolean => {
  if (body === null || outcome === null) return false
  if (outcome === "found") return true
  if (select.length === 0 || body === "") return false
  try {
    const answer = parsers[expect](body)
    return select.some(({ get }) => (get(answer) ?? null) !== null)
  } catch {
    return false
  }
}
