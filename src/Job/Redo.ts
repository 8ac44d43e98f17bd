/**
 * Which answered questions are asked again, in words: `failed`, `status=5xx`, `not_found&older-than=7d`.
 */
import { DateTime, Duration, Option, Schema } from "effect"
import type { Redo } from "../Ledger.ts"
import { Kind } from "../Outcome.ts"
import { Limit } from "../Policy/DurationText.ts"

// nothing that is asked today is skipped
const kinds: ReadonlyArray<string> = Kind.literals.filter((kind) => kind !== "skipped")
const age = Schema.decodeOption(Limit)

/** Milliseconds by which a clock may be ahead of the one before it; what was settled later is of no age that is known. */
const skew = 60_000

/** Milliseconds since 1970 of `30d`, that is so long ago, or of a day, `2026-11-20`, where the reader is. */
const momentOf = (text: string, now: number): number | undefined => {
  if (/^\d{4}-\d\d-\d\d$/.test(text)) {
    const day = DateTime.makeZoned(text, { timeZone: DateTime.zoneMakeLocal(), adjustForTimeZone: true })
    return Option.getOrUndefined(Option.map(day, DateTime.toEpochMillis))
  }
  return Option.getOrUndefined(Option.map(age(text), (limit) => now - Duration.toMillis(limit)))
}

/** One condition; `undefined` for what is none. */
const condition = (text: string, now: number): Redo | undefined => {
  if (kinds.includes(text)) return { outcomes: [text as Kind] }
  if (text === "forgotten") return { forgotten: true }
  const [name, value = ""] = text.split("=")
  if (name === "status") {
    if (/^[1-5]\d\d$/.test(value)) return { statuses: [[Number(value), Number(value)]] }
    if (/^[1-5]xx$/i.test(value)) return { statuses: [[Number(value[0]) * 100, Number(value[0]) * 100 + 99]] }
  }
  const moment = momentOf(value, now)
  if (moment === undefined) return undefined
  return name === "older-than"
    ? { outside: [moment, now + skew] }
    : name === "newer-than"
    ? { since: moment }
    : undefined
}

/** The conditions of a word, all of which are to hold; `undefined` stands for what is none. */
const conditions = (word: string, now: number) => word.split("&").map((text) => condition(text.trim(), now))

/** `failed`, `status=5xx`, `older-than=30d`, `not_found&older-than=7d`, or several with commas. */
export const Words = Schema.String.pipe(
  Schema.filter((text) =>
    text.split(",").every((word) => conditions(word, 0).every((one) => one !== undefined))
    || `it is one of ${kinds.join(", ")}, forgotten, status=503, status=5xx, older-than=30d, newer-than=2026-11-20; `
      + "with & all of them hold: not_found&older-than=7d"
  )
)

/** What several words with commas mean now, a word at a time. */
export const parse = (text: string, now: number): ReadonlyArray<readonly [word: string, which: Redo]> =>
  text.split(",").map((word) => [word, Object.assign({}, ...conditions(word, now))] as const)
