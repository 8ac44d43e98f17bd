/**
 * The tally of a run: what has become durable, earlier runs included.
 */
import { type Answered, type Cause, isReview, isStale } from "../Ledger.ts"
import type { ErrorRecord, Kind } from "../Outcome.ts"

/** What has become durable. It is the run's own, and mutated in place. */
export interface Tally {
  outcomes: Record<Kind, number>
  /** Answers of this run that a person is to look at. */
  review: number
  /** Why codes are invalid or failed, and how many answers are to be reviewed. */
  readonly causes: Map<string, Cause>
  /** Answers that were asked again in vain, so that they stay, by earlier runs too, and the oldest of them. */
  stale: { readonly count: number; readonly since: number }
  /** Of what is asked again, how many were found before and are not found now. */
  vanished: number
}

/** Nothing is durable. */
export const none = (): Tally => ({
  outcomes: { found: 0, not_found: 0, invalid: 0, failed: 0, skipped: 0 },
  review: 0,
  causes: new Map(),
  stale: { count: 0, since: Infinity },
  vanished: 0
})

/** Counts an outcome that has become durable. */
export const count = (tally: Tally, { at, error, http_status, outcome }: Answered): void => {
  tally.outcomes[outcome]++
  if (error === null) return
  if (isReview(outcome, error)) tally.review++
  if (isStale(outcome, error)) {
    tally.stale = { count: tally.stale.count + 1, since: Math.min(tally.stale.since, at) }
    return
  }
  const { message, rule, type } = JSON.parse(error) as ErrorRecord
  addCause(tally, { outcome, http_status, type, ...(rule === undefined ? {} : { rule }), count: 1, message })
}

/** Adds to the causes. */
export const addCause = ({ causes }: Pick<Tally, "causes">, cause: Cause): void => {
  const key = `${cause.outcome} ${cause.http_status} ${cause.type} ${cause.rule}`
  const before = causes.get(key)
  causes.set(key, {
    ...cause,
    count: cause.count + (before?.count ?? 0),
    message: before?.message ?? cause.message
  })
}
