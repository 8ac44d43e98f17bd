/**
 * The circuit breaker: where nearly all of the last calls have failed, the server is down, and nobody calls but for a probe now and then.
 * A pure machine; open and half-open are states of the {@link Gate}.
 *
 * Source: M. Nygard, "Release It!"; the sliding window by count is resilience4j's.
 */
import { Duration, Schema } from "effect"
import { format as duration, Limit } from "./DurationText.ts"

const form = /^(\d{1,2}) of (\d{1,2})(?:, (\S+) to (\S+))?$/

const text = Schema.String.pipe(
  Schema.pattern(form, { message: () => "write when it opens, such as '16 of 20' or '16 of 20, 1s to 60s', or off" })
)

const Trip = Schema.Struct({
  /** How many calls must have failed. */
  failures: Schema.Int,
  /** Of how many of the last. */
  calls: Schema.Int.pipe(Schema.between(1, 30)),
  /** The first pause before a probe; it doubles while probes fail. */
  base: Limit,
  /** No such pause is longer. */
  cap: Limit
}).pipe(
  Schema.filter(({ calls, failures }) => (failures >= 1 && failures <= calls) || "write no more failures than calls")
)

/** When the circuit opens, and how often it is tried, as people write it: `16 of 20, 1s to 60s`. */
export const Breaker = Schema.transform(text, Trip, {
  strict: true,
  decode: (written) => {
    const [, failures, calls, base = "1s", cap = "60s"] = form.exec(written)!
    return { failures: Number(failures), calls: Number(calls), base, cap }
  },
  encode: ({ base, calls, cap, failures }) => `${failures} of ${calls}, ${base} to ${cap}`
}).annotations({ identifier: "Breaker" })
export type Breaker = typeof Trip.Type

/** Writes a breaker as people do. */
export const format = ({ base, calls, cap, failures }: Breaker): string =>
  `${failures} of ${calls}, ${duration(base)} to ${duration(cap)}`

/** 16 of the last 20 calls; probes after 1 s, doubling to a minute. */
export const standard: Breaker = { calls: 20, failures: 16, base: Duration.seconds(1), cap: Duration.seconds(60) }

/** The last calls, a bit for each, the latest one lowest: 1 has failed. */
export type Window = number

/** No call has failed. */
export const closed: Window = 0

/** A call succeeded: the server answered, whatever it said. */
export const passed = (window: Window, { calls }: Breaker): Window => (window << 1) & (2 ** calls - 1)

/** A call failed. */
export const failed = (window: Window, breaker: Breaker): Window => passed(window, breaker) | 1

/** Whether too many have failed. */
export const isTripped = (window: Window, { failures }: Breaker): boolean => count(window) >= failures

const count = (window: Window): number => {
  let count = 0
  for (let rest = window; rest !== 0; rest &= rest - 1) count++
  return count
}
