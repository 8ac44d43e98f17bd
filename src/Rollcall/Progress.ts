/**
 * How far a run is.
 */
import type { Answered } from "../Ledger.ts"
import type { ErrorRecord } from "../Outcome.ts"
import type { Summary } from "../Summary.ts"
import * as Sweep from "../Sweep.ts"

/** How far a run is. It is mutated in place. */
export interface Progress extends Sweep.Progress {
  phase: "reading" | "asking"
  entries: number
  questions: number
  /** Entries that are not codes. */
  refused: number
  /** Questions that an earlier run had answered. */
  known: number
  /** The failures of this run, by kind. */
  readonly failures: Map<string, number>
}

/** A run that has not begun. */
export const none = (): Progress => ({
  ...Sweep.noProgress(),
  phase: "reading",
  entries: 0,
  questions: 0,
  refused: 0,
  known: 0,
  failures: new Map()
})

/** Counts an outcome that has become durable. */
export const count = (progress: Progress, { error, http_status, outcome }: Answered): void => {
  progress.outcomes[outcome]++
  if (error === null) return
  const { message, type } = JSON.parse(error) as ErrorRecord
  const what = http_status === null ? `${type}: ${message}` : `${type} ${http_status}`
  progress.failures.set(what, (progress.failures.get(what) ?? 0) + 1)
}

/** The figures of a run so far. */
export const summary = (progress: Progress, seconds: number): Summary => {
  const { calls, entries, known, outcomes, questions, refused, retries, throttled } = progress
  const settled = Object.values(outcomes).reduce((sum, count) => sum + count, 0)
  return {
    entries,
    questions,
    outcomes: { ...outcomes },
    pending: Math.max(0, questions + refused - settled),
    known,
    calls,
    retries,
    throttled,
    seconds: Math.round(seconds * 1000) / 1000
  }
}
