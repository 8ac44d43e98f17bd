/**
 * How a run stands, as a value: what shows, counts or keeps a run reads this, and nobody changes a run by it.
 */
import { DateTime, Schema } from "effect"
import * as Outcome from "./Outcome.ts"
import { settled, type Summary, Tuned } from "./Summary.ts"

const count = Schema.Int.pipe(Schema.nonNegative())

/** A moment: milliseconds since 1970 in a program, ISO 8601 on the wire. */
export const Moment = Schema.transform(Schema.DateTimeUtc, Schema.Number, {
  strict: true,
  decode: DateTime.toEpochMillis,
  encode: (millis) => DateTime.unsafeMake(Math.round(millis))
})

/** Why nobody may call, and until when. */
export const Held = Schema.Struct({
  why: Schema.Literal(
    /** The server counts as down; then one call tells whether it is up again. */
    "outage",
    /** The server has said how long to wait. */
    "told",
    /** The server was asked too much, and did not say how long to wait. */
    "throttled",
    /** The rate of the policy, or what the server has said that is left of its own. */
    "pace",
    /** A budget is spent, and its next window is waited for. */
    "budget"
  ),
  until: Moment
})
export interface Held extends Schema.Schema.Type<typeof Held> {}

/** What is being done about questions, by any sweep. */
export const Asking = Schema.Struct({
  at: Moment,
  /** Questions that were begun: each is answered, withheld, waiting, or in a call that is in flight or being read. */
  asked: count,
  /** Questions that have their outcome, durable or not yet. */
  answered: count,
  /** Questions whose outcome is held back until it is known whether every other one meets the same. */
  withheld: count,
  /** Questions that are to be asked again: in back-off, or behind the others. */
  waiting: count,
  /** Calls in flight; one that is hedged has two, and a probe may be of a question that was answered before. */
  inFlight: count,
  /** Requests on the wire. */
  calls: count,
  /** Calls that are repeated after a failure, that the server throttled, and that only told whether it is well. */
  retries: count,
  throttled: count,
  probes: count,
  /** Calls in flight that were given up in the end: their questions are pending. */
  cut: count,
  /** Seconds for which the server was down. */
  down: Schema.Number,
  /** Seconds for which nobody called at the longest, though something was to be asked and nothing was waited for. */
  stood: Schema.Number,
  /** Nobody may call. */
  held: Schema.optional(Held),
  /** Nothing new is asked, and until then the calls in flight are awaited. */
  draining: Schema.optional(Moment),
  /** What `auto`, or what came of refusals, has taught so far. */
  tuned: Schema.optional(Tuned),
  /** This machine had no room for more connections than these. */
  room: Schema.optional(Schema.Struct({ connections: count, cause: Schema.String })),
  /** Replies to which a rule could not be applied, by rule and reason. */
  faults: Schema.optional(Schema.Record({ key: Schema.String, value: count }))
}).annotations({ identifier: "Asking" })
export interface Asking extends Schema.Schema.Type<typeof Asking> {}

/** Nothing asked yet. */
export const nothing = (at: number): Asking => ({
  at,
  asked: 0,
  answered: 0,
  withheld: 0,
  waiting: 0,
  inFlight: 0,
  calls: 0,
  retries: 0,
  throttled: 0,
  probes: 0,
  cut: 0,
  down: 0,
  stood: 0
})

/** How a run stands. */
export const Snapshot = Schema.Struct({
  version: Schema.Literal(1),
  /** Seconds since the run began. */
  seconds: Schema.Number,
  /** The list is read before anything is asked. */
  phase: Schema.Literal("reading", "asking"),
  /** Entries that have come while the list is read, and those that are in the ledger though the list was interrupted while it came. */
  read: count,
  kept: count,
  entries: count,
  /** Distinct questions. */
  questions: count,
  /** Entries that are not codes. */
  refused: count,
  /** Questions that an earlier run had answered. */
  known: count,
  /** Questions by outcome, as they are durable, those of earlier runs too; an entry that is not a code counts as `invalid`. */
  outcomes: Schema.Record({ key: Outcome.Kind, value: count }),
  /** Questions without an outcome. */
  pending: count,
  /** Answers of this run that a rule marks for a person to look at. */
  review: count,
  /** Answers that stay though they were asked again in vain, by earlier runs too, and what was found before and is not now. */
  stale: count,
  vanished: count,
  /** What earlier runs of the ledger have spent: calls, and what they cost, as far as they had a price. */
  spent: Schema.Struct({ calls: count, cost: Schema.Number }),
  ...Asking.fields
}).annotations({ identifier: "Snapshot" })
export interface Snapshot extends Schema.Schema.Type<typeof Snapshot> {}

/** The figures of a run so far. */
export const summary = (snapshot: Snapshot): Summary => {
  const { calls, down, entries, known, outcomes, pending, probes, questions, refused, retries, review, seconds } =
    snapshot
  const { throttled, tuned } = snapshot
  return {
    entries,
    questions,
    refused,
    outcomes,
    pending,
    known,
    ...(review > 0 ? { review } : {}),
    calls,
    retries,
    throttled,
    ...(probes > 0 ? { probes } : {}),
    ...(down > 0 ? { down } : {}),
    ...(tuned === undefined ? {} : { tuned }),
    seconds
  }
}

/** How many questions, and entries that are none, have an outcome. */
export const done = ({ outcomes }: Pick<Snapshot, "outcomes">): number => settled(outcomes)
