/**
 * How far a run is.
 */
import { type Answered, type Cause, isReview, isStale, type List } from "../Ledger.ts"
import type { Advice, ErrorRecord, Kind } from "../Outcome.ts"
import * as Hygiene from "../Source/Hygiene.ts"
import * as Told from "../Source/Told.ts"
import type { Summary } from "../Summary.ts"
import * as Sweep from "../Sweep.ts"
import type { Same } from "./Sameness.ts"

/** How far a run is. It is mutated in place. */
export interface Progress extends Sweep.Progress {
  phase: "reading" | "asking"
  entries: number
  /** Entries that have come while the list is read. */
  read: number
  /** Entries that are in the ledger though the list was interrupted while it came. */
  kept: number
  /** The keys of the first questions of the list. */
  firstKeys: Set<string>
  /** What reading the list has told. */
  told: Told.Told
  /** The list that had its name until now, where it came from somewhere else. */
  before: Pick<List, "source" | "entries"> | undefined
  questions: number
  /** Entries that are not codes. */
  refused: number
  /** Questions that an earlier run had answered. */
  known: number
  /** When the first of these was settled, in milliseconds since 1970; `Infinity` where there is none. */
  oldest: number
  /** Answered questions that are asked again, by each word that says so. */
  redone: ReadonlyArray<number>
  /** Answers that were asked again in vain, so that they stay, by earlier runs too, and the oldest of them. */
  stale: { count: number; since: number }
  /** Of what is asked again, how many were found before and are not found now. */
  vanished: number
  /** Calls of earlier runs of the ledger. */
  spent: number
  /** What they have cost, as far as they had a price. */
  paid: number
  /** Outcomes that are not what they were, because replies are read in another way. */
  revised: number
  /** Those of them that are found now, and were not. */
  refound: number
  /** Answered questions that are asked again, because a rule reads their replies so now. */
  reopened: number
  /** Outcomes that the newest defaults would judge in another way, by what `--redo` calls them. */
  older: Readonly<Record<string, number>>
  /** Found by an earlier run, but the answer was forgotten. */
  forgotten: number
  /** Answers of this run that a person is to look at. */
  review: number
  /** Why codes are invalid or failed, and how many answers are to be reviewed; earlier runs included. */
  readonly causes: Map<string, Cause>
  /** The request for one of the questions, where nothing was found of a list, for a person to try. */
  sample: string | undefined
  /** What is the same in all answers of the list, where they are more than a few. */
  same: Same | undefined
  /** What the readers of the outputs should know, in a line each. */
  warnings: ReadonlyArray<Advice>
  /** The first few entries that are not codes. */
  readonly refusals: Array<{ readonly line: number; readonly input: string; readonly message: string }>
  /** What the codes look like. */
  hygiene: Hygiene.State
}

/** A run that has not begun. */
export const none = (): Progress => ({
  ...Sweep.noProgress(),
  phase: "reading",
  entries: 0,
  read: 0,
  kept: 0,
  firstKeys: new Set(),
  told: Told.none(),
  before: undefined,
  questions: 0,
  refused: 0,
  known: 0,
  oldest: Infinity,
  redone: [],
  spent: 0,
  paid: 0,
  stale: { count: 0, since: Infinity },
  vanished: 0,
  revised: 0,
  refound: 0,
  reopened: 0,
  older: {},
  forgotten: 0,
  review: 0,
  causes: new Map(),
  sample: undefined,
  same: undefined,
  warnings: [],
  refusals: [],
  hygiene: Hygiene.make(false)
})

/** Counts an outcome that has become durable. */
export const count = (progress: Progress, { at, error, http_status, outcome }: Answered): void => {
  progress.outcomes[outcome]++
  if (error === null) return
  if (isReview(outcome, error)) progress.review++
  if (isStale(outcome, error)) {
    progress.stale = { count: progress.stale.count + 1, since: Math.min(progress.stale.since, at) }
    return
  }
  const { rule, type } = JSON.parse(error) as ErrorRecord
  addCause(progress, { outcome, http_status, type, ...(rule === undefined ? {} : { rule }), count: 1 })
}

/** Adds to the causes. */
export const addCause = ({ causes }: Progress, cause: Cause): void => {
  const key = `${cause.outcome} ${cause.http_status} ${cause.type} ${cause.rule}`
  causes.set(key, { ...cause, count: cause.count + (causes.get(key)?.count ?? 0) })
}

/** How many have an outcome. */
export const settled = (outcomes: Readonly<Record<Kind, number>>): number =>
  Object.values(outcomes).reduce((sum, count) => sum + count, 0)

/** The figures of a run so far. */
export const summary = (progress: Progress, seconds: number): Summary => {
  const { calls, down, entries, known, outcomes, probes, questions, refused, retries, throttled, tuned } = progress
  const answered = settled(outcomes)
  return {
    entries,
    questions,
    refused,
    outcomes: { ...outcomes },
    pending: Math.max(0, questions + refused - answered),
    known,
    ...(progress.review > 0 ? { review: progress.review } : {}),
    calls,
    retries,
    throttled,
    ...(probes > 0 ? { probes } : {}),
    ...(down > 0 ? { down: Math.round(down) / 1000 } : {}),
    ...(tuned === undefined ? {} : { tuned: JSON.parse(JSON.stringify(tuned)) as Summary["tuned"] & {} }),
    seconds: Math.round(seconds * 1000) / 1000
  }
}
