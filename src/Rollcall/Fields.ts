/**
 * Fields: whether what is selected is there at all. A path with a slip in it gives an empty column, and nobody looks.
 */
import { Effect } from "effect"
import { type Expect, parsers } from "../Answer/Expect.ts"
import * as Names from "../Answer/Names.ts"
import type { Select } from "../Answer/Select.ts"
import { Ledger, type LedgerError, type Listed } from "../Ledger.ts"

/** Found answers after which a field that was empty in all of them is told. */
const early = 20
/** Rows per page. */
const pageSize = 256

/** Looks at found answers. It is mutated in place. */
export interface Fields {
  /** The fields that have had no value yet. */
  readonly empty: Set<Select>
  /** The fields that can fail on an answer. */
  readonly fallible: ReadonlyArray<Select>
  /** Answers on which a field failed, by field and reason. */
  readonly faults: Map<string, number>
  /** Answers that were looked at. */
  seen: number
  /** One of them. */
  sample: unknown
}

/** Nothing seen yet. */
export const make = (select: ReadonlyArray<Select>): Fields => ({
  empty: new Set(select),
  fallible: select.filter(({ canFail }) => canFail),
  faults: new Map(),
  seen: 0,
  sample: undefined
})

/** Whether there is anything to look for. */
export const isCurious = ({ empty, fallible }: Fields): boolean => empty.size > 0 || fallible.length > 0

/** Looks at an answer; gives what is worth telling now. */
export const see = (fields: Fields, answer: unknown): ReadonlyArray<string> => {
  const { empty, fallible } = fields
  if (fields.seen++ === 0) fields.sample = answer
  if (!isCurious(fields)) return []
  for (const select of fallible) look(fields, select, answer)
  for (const select of empty) if (!select.canFail) look(fields, select, answer)
  return fields.seen === early ? warnings(fields, early) : []
}

const look = ({ empty, faults }: Fields, select: Select, answer: unknown) => {
  const value = select.get(answer, answer, (reason) => {
    const fault = `${select.text}: ${reason}`
    faults.set(fault, (faults.get(fault) ?? 0) + 1)
  })
  if (!isEmpty(value)) empty.delete(select)
}

const isEmpty = (value: unknown) =>
  value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0)

/** Looks at the body of what is no answer: a field that is there alone, the reason of a 404 for one, is no slip. */
export const seeOther = ({ empty }: Fields, body: string | null | undefined, expect: Expect): void => {
  if (empty.size === 0 || body === null || body === undefined || body === "") return
  let value: unknown
  try {
    value = parsers[expect](body)
  } catch {
    return
  }
  for (const select of empty) if (!isEmpty(select.get(value))) empty.delete(select)
}

/** What is to be told of the answers of a whole list, those of earlier runs too. */
export const judge = (fields: Fields, list: Pick<Listed, "entries" | "expect" | "id">, found: number) =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    if (fields.empty.size > 0 && found > 0) yield* lookBack(fields, ledger, list, found > fields.seen)
    return warnings(fields, found)
  })

/** Looks at what is in the ledger until each field has had a value; `isPart`: not all that was found was seen. */
const lookBack = (
  fields: Fields,
  ledger: typeof Ledger.Service,
  { entries, expect, id }: Pick<Listed, "entries" | "expect" | "id">,
  isPart: boolean
): Effect.Effect<void, LedgerError> =>
  Effect.gen(function*() {
    for (let from = 0; from < entries && fields.empty.size > 0; from += pageSize) {
      for (const { body, outcome } of yield* ledger.rows(id, from, pageSize)) {
        if (outcome !== "found") seeOther(fields, body, expect)
        if (outcome !== "found" || body === null || !isPart) continue
        const answer = parsers[expect](body)
        fields.sample ??= answer
        for (const select of fields.empty) if (!isEmpty(select.get(answer))) fields.empty.delete(select)
      }
    }
  })

/** What is worth telling of so many found answers. */
export const warnings = ({ empty, faults, sample }: Fields, found: number): ReadonlyArray<string> => [
  ...(found === 0 ?
    [] :
    [...empty].map(({ name, text }) =>
      `${name} is empty in all ${found} found answers: is the path right?${has(text, sample)}`
    )),
  ...[...faults].map(([fault, count]) =>
    `a field is null in ${count === 1 ? "1 answer" : `${count} answers`}: ${fault}`
  )
]

/** Names that an answer has; the most likely one where one is. */
const has = (text: string, sample: unknown): string => {
  const names = Names.told(text.match(/[\p{L}_][\p{L}\p{N}_]*/gu)?.at(-1), sample)
  return names === "" ? "" : ` (the answer has ${names})`
}
