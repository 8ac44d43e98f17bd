/**
 * Values: a number, a wait or a moment, as servers write them in headers and bodies. Garbage is `undefined`.
 */
import { Duration } from "effect"
import type { Reply } from "../Reply.ts"
import * as HttpDate from "./HttpDate.ts"

/** A number of seconds beyond this is a moment; a moment beyond it is none that anybody means. */
const longest = Duration.toMillis("366 days")

/** A wait of so many milliseconds, rounded up so that nobody comes too early. No time at all, and what has passed, is no hint. */
export const hint = (millis: number | undefined): Duration.Duration | undefined =>
  millis !== undefined && millis > 0 && millis <= longest ? Duration.millis(Math.ceil(millis)) : undefined

/** How many: `50`; Reddit writes `598.0`. */
export const count = (written: string | undefined): number | undefined =>
  written !== undefined && /^\s*\d{1,15}(?:\.\d{1,15})?\s*$/.test(written) ? Math.floor(Number(written)) : undefined

/**
 * The wait that is written there, or the one until the moment that is: a number of `unit` milliseconds (of seconds, unless told
 * otherwise), a length of time with its units, seconds or milliseconds since 1970, a date. Of a list it is the longest. Moments are
 * relative to the reply's own `Date`.
 */
export const wait = (written: string | undefined, reply: Reply, unit = 1000): Duration.Duration | undefined => {
  if (written === undefined || written.length > longestList) return undefined
  const whole = one(written, reply, unit)
  if (whole !== undefined || !written.includes(",")) return hint(whole)
  let found: Duration.Duration | undefined
  for (const place of places(written)) {
    const each = hint(one(place, reply, unit))
    if (each !== undefined && (found === undefined || Duration.greaterThan(each, found))) found = each
  }
  return found
}

/** The places of a list; the comma after a weekday parts none. */
export const places = (written: string): ReadonlyArray<string> =>
  written.length > longestList ? [written] : written.split(/(?<!\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}),/i)

/** No list is longer. */
const longestList = 1000

const one = (written: string, reply: Reply, unit: number): number | undefined =>
  number(written, reply, unit) ?? length(written) ?? until(HttpDate.parse(written), reply)

const until = (at: number | undefined, reply: Reply): number | undefined =>
  at === undefined ? undefined : at - HttpDate.sent(reply)

const number = (written: string, reply: Reply, unit: number): number | undefined => {
  if (!/^\s*\d+(?:\.\d+)?\s*$/.test(written)) return undefined
  const value = Number(written)
  if (value * unit <= longest) return value * unit
  // nobody waits for years: it is a moment, and its size tells in which unit
  let seconds = value
  while (seconds >= 1e11 && seconds < Infinity) seconds /= 1000
  return until(seconds * 1000, reply)
}

/** The units of time by their names, in milliseconds; a longer unit stands before a shorter one. */
const units = {
  "weeks?|wks?|w": 604_800_000,
  "days?|d": 86_400_000,
  "hours?|hrs?|h": 3_600_000,
  "minutes?|mins?|m": 60_000,
  "seconds?|secs?|s": 1000,
  "milliseconds?|millis|msecs?|ms": 1,
  "microseconds?|[uµ]s": 1e-3,
  "nanoseconds?|ns": 1e-6
}

const many = String.raw`(?:\d{1,15}(?:\.\d{1,15})?|(?:an?|one|a few)(?=\s))`

/** A unit in letters is not the beginning of a word. */
const amount = (names: string, wrap: (number: string) => string) =>
  String.raw`${wrap(many)}\s{0,9}(?:${names})(?![a-z])[\s,]{0,9}(?:and\s{1,9})?`

/** A length of time in words, within a text. */
export const spelled = `(?:${amount(Object.keys(units).join("|"), (number) => number)}){1,6}`

const span = new RegExp(
  `^\\s*${Object.keys(units).map((names) => `(?:${amount(names, (number) => `(${number})`)})?`).join("")}$`,
  "i"
)

const period = /^\s*P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?\s*$/i

/** A length of time with its units, `6m0s`, `120ms`, `3 seconds`, `2 hours and 5 minutes`, `PT3S`, in milliseconds. */
export const length = (written: string): number | undefined => {
  if (written.length > longestText) return undefined
  const [, ...parts] = period.exec(written) ?? []
  if (parts.length > 0) return sum(parts, [86_400_000, 3_600_000, 60_000, 1000])
  const [, ...amounts] = span.exec(written) ?? []
  return amounts.some((amount) => amount !== undefined) ? sum(amounts, Object.values(units)) : undefined
}

const longestText = 120

/** "A few minutes" is one at least, and so is any other. */
const sum = (amounts: ReadonlyArray<string | undefined>, units: ReadonlyArray<number>): number =>
  amounts.reduce(
    (sum, amount, index) => sum + (amount === undefined ? 0 : /^\d/.test(amount) ? Number(amount) : 1) * units[index]!,
    0
  )
