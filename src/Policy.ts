/**
 * A policy says how hard to try. It is data; the machines that follow it are in Policy/.
 */
import { Duration, Schema } from "effect"
import { Limit } from "./Policy/DurationText.ts"
import * as Gate from "./Policy/Gate.ts"
import * as Pace from "./Policy/Pace.ts"
import * as Retry from "./Policy/Retry.ts"

/** How hard to try, and how gently. */
export const Policy = Schema.Struct({
  /** Calls in flight at the most. */
  concurrency: Schema.Int.pipe(Schema.between(1, 10_000)),
  /** Rates that all calls together keep, each of them; none: no limit. */
  pace: Schema.Array(Pace.Rate),
  /** The time limit of one call, from sending it to the last byte of its answer. */
  timeout: Limit,
  /** The time limit of one question over all its attempts; it stands still while the gate is shut or the pace lets nobody call. */
  deadline: Limit,
  retry: Retry.Retry,
  throttle: Gate.Throttle,
  /** Go on although none of the first 100 outcomes is `found`. */
  allowNone: Schema.Boolean
}).annotations({ identifier: "Policy" })
export type Policy = typeof Policy.Type

/** What the command does unless told otherwise. */
export const standard: Policy = {
  concurrency: 8,
  pace: [],
  timeout: Duration.seconds(30),
  deadline: Duration.minutes(5),
  retry: Retry.standard,
  throttle: Gate.standard,
  allowNone: false
}

/** For APIs on loopback and for tests: many at once, quick to give up. */
export const local: Policy = {
  ...standard,
  concurrency: 64,
  timeout: Duration.seconds(5),
  deadline: Duration.seconds(60),
  retry: { retries: 4, base: Duration.millis(50), cap: Duration.seconds(2) }
}

/** For small public services: two at once, and long pauses. */
export const gentle: Policy = {
  ...standard,
  concurrency: 2,
  retry: { retries: 6, base: Duration.seconds(2), cap: Duration.minutes(2) }
}

/** The presets by name. */
export const presets = { standard, local, gentle } as const
