/**
 * The figures of a run.
 */
import { Schema } from "effect"
import * as Outcome from "./Outcome.ts"

const count = Schema.Int.pipe(Schema.nonNegative())

/**
 * What `auto` found out: how many calls in flight, and how many per second, suit the API; where it counts in windows, how many whole ones
 * were seen, and the rate that held in them, once there were enough.
 */
export const Tuned = Schema.Struct({
  concurrency: count,
  perSecond: Schema.optional(Schema.Number),
  windows: Schema.optional(Schema.Struct({ seen: count, rate: Schema.optional(Schema.String) }))
})

/** What a run came to, with what earlier runs left in the ledger. */
export const Summary = Schema.Struct({
  entries: count,
  /** Distinct questions. */
  questions: count,
  /** Questions by outcome; an entry that is not a code counts as `invalid`. */
  outcomes: Schema.Record({ key: Outcome.Kind, value: count }),
  /** Entries that are not codes. */
  refused: count,
  /** Questions without an outcome. */
  pending: count,
  /** Questions that an earlier run had answered. */
  known: count,
  /** Answers of this run that a rule marks for a person to look at. */
  review: Schema.optional(count),
  /** Requests of this run on the wire. */
  calls: count,
  /** Calls of this run that were repeated after a failure. */
  retries: count,
  /** Calls of this run that the server throttled. */
  throttled: count,
  /** Calls of this run that only told whether the server is well, and the seconds for which it was down. */
  probes: Schema.optional(count),
  down: Schema.optional(Schema.Number),
  tuned: Schema.optional(Tuned),
  /** The time that this run took, in seconds. */
  seconds: Schema.Number
}).annotations({ identifier: "Summary" })
export interface Summary extends Schema.Schema.Type<typeof Summary> {}

/** How many have an outcome. */
export const settled = (outcomes: Readonly<Record<Outcome.Kind, number>>): number =>
  Object.values(outcomes).reduce((sum, count) => sum + count, 0)
