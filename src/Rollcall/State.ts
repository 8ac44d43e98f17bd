/**
 * The state of a run. The run owns it; who looks at it gets snapshots.
 */
import type { Clock } from "effect"
import type { Cause } from "../Ledger.ts"
import type { Advice } from "../Outcome.ts"
import * as Snapshot from "../Snapshot.ts"
import { settled } from "../Summary.ts"
import * as Enrolment from "./Enrolment.ts"
import type { Listing } from "./Listing.ts"
import type { Same } from "./Sameness.ts"
import * as Tally from "./Tally.ts"

/** What the figures of a run do not tell. */
export interface Details {
  /** Why codes are invalid or failed, and how many answers are to be reviewed; earlier runs included. */
  readonly causes: ReadonlyArray<Cause>
  /** When the oldest of the answers that stay though they were asked again in vain was settled; `Infinity` where there is none. */
  readonly staleSince: number
  /** The request for one of the questions, where nothing was found of a list, for a person to try. */
  readonly sample: string | undefined
  /** What is the same in all answers of the list, where they are more than a few. */
  readonly same: Same | undefined
  /** What the readers of the outputs should know, in a line each. */
  readonly warnings: ReadonlyArray<Advice>
}

/** It is mutated in place. */
export interface State {
  /** The monotonic clock, in milliseconds, and when the run began on it. */
  readonly now: () => number
  begun: number
  readonly coming: Enrolment.Coming
  /** It is there once the list has been read. */
  listing: Listing | undefined
  readonly tally: Tally.Tally
  /** What earlier runs have spent. */
  spent: Snapshot.Snapshot["spent"]
  /** How the sweep stands. */
  asking: () => Snapshot.Asking
  sample: string | undefined
  same: Same | undefined
  warnings: ReadonlyArray<Advice>
}

/** A run that has not begun. */
export const begin = (clock: Clock.Clock): State => {
  const now = () => Number(clock.unsafeCurrentTimeNanos()) / 1e6
  return {
    now,
    begun: now(),
    coming: Enrolment.nothing(),
    listing: undefined,
    tally: Tally.none(),
    spent: { calls: 0, cost: 0 },
    asking: () => Snapshot.nothing(clock.unsafeCurrentTimeMillis()),
    sample: undefined,
    same: undefined,
    warnings: []
  }
}

/** How it stands. */
export const snapshot = ({ asking, begun, coming, listing, now, spent, tally }: State): Snapshot.Snapshot => {
  const { entries, kept, read } = coming
  const { known = 0, questions = 0, refused = 0 } = listing ?? {}
  return {
    version: 1,
    seconds: Math.round(now() - begun) / 1000,
    phase: listing === undefined ? "reading" : "asking",
    read,
    kept,
    entries,
    questions,
    refused,
    known,
    outcomes: { ...tally.outcomes },
    pending: Math.max(0, questions + refused - settled(tally.outcomes)),
    review: tally.review,
    stale: tally.stale.count,
    vanished: tally.vanished,
    spent,
    ...asking()
  }
}

/** What the figures do not tell. */
export const details = ({ sample, same, tally, warnings }: State): Details => ({
  causes: [...tally.causes.values()],
  staleSince: tally.stale.since,
  sample,
  same,
  warnings
})
