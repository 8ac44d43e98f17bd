/**
 * Values: what stands in a header, as a number or a length of time. Garbage is `undefined`.
 */
import { Duration } from "effect"
import type { Reply } from "../../Lookup.ts"
import * as HttpDate from "./HttpDate.ts"

/** A wait beyond all reason is as good as this one: policies clamp it. */
const longest = Duration.toMillis("3650 days")

/** A wait of so many milliseconds, rounded up so that nobody comes too early. No time at all, and what has passed, is no hint. */
export const hint = (millis: number | undefined): Duration.Duration | undefined =>
  millis !== undefined && millis > 0 ? Duration.millis(Math.min(Math.ceil(millis), longest)) : undefined

/** How many: `50`; Reddit writes `598.0`. */
export const count = (written: string | undefined): number | undefined =>
  written !== undefined && /^\s*\d{1,15}(?:\.\d{1,15})?\s*$/.test(written) ? Math.floor(Number(written)) : undefined

/** Seconds, with or without a fraction, in milliseconds. */
export const seconds = (written: string): number | undefined =>
  /^\s*\d+(?:\.\d+)?\s*$/.test(written) ? Number(written) * 1000 : undefined

/** What counts as an amount of a unit, in milliseconds; a longer unit stands before a shorter one. */
const units = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

const span = new RegExp(
  `^\\s*${Object.keys(units).map((unit) => `(?:(\\d{1,15}(?:\\.\\d{1,15})?)${unit}(?!s))?`).join("")}\\s*$`
)

/** A length of time with its units, as Go writes it: `6m0s`, `120ms`, `1s`, `1h2m3.5s`. In milliseconds. */
export const length = (written: string): number | undefined => {
  const amounts = span.exec(written)?.slice(1)
  return amounts && Object.values(units).reduce((sum, unit, index) => sum + Number(amounts[index] ?? 0) * unit, 0)
}

/** Numbers are told apart as if it were no earlier than 2001, whatever the clock says. */
const youngest = 1e12

/**
 * How long it is until a limit is reset: in seconds, with units, as a date, or as seconds or milliseconds since 1970. The numbers are told
 * apart by their size, because nobody waits for half of the time since 1970; moments are relative to the reply's own `Date`.
 */
export const reset = (written: string | undefined, reply: Reply): Duration.Duration | undefined => {
  if (written === undefined) return undefined
  const millis = seconds(written)
  if (millis === undefined) {
    const at = HttpDate.parse(written)
    return hint(at === undefined ? length(written) : at - HttpDate.sent(reply))
  }
  // the clocks would have to differ by decades to matter
  const half = Math.max(reply.at, youngest) / 2
  if (millis < half) return hint(millis)
  return hint((millis < half * 1000 ? millis : millis / 1000) - HttpDate.sent(reply))
}
