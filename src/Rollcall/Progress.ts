/**
 * How far a run is.
 */
import type { Answered } from "../Ledger.ts"
import type { ErrorRecord, Kind } from "../Outcome.ts"
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
  /** Answered questions that are asked again. */
  redone: number
  /** Outcomes that are not what they were, because replies are read in another way. */
  revised: number
  /** Answered questions that are asked again, because a rule reads their replies so now. */
  reopened: number
  /** Outcomes that the newest defaults would judge in another way, by what `--redo` calls them. */
  older: Readonly<Record<string, number>>
  /** Found by an earlier run, but the answer was forgotten. */
  forgotten: number
  /** Answers of this run that a person is to look at. */
  review: number
  /** The failures of this run, by kind. */
  readonly failures: Map<string, number>
  /** What the readers of the outputs should know, in a line each. */
  warnings: ReadonlyArray<string>
  /** The first few entries that are not codes. */
  readonly refusals: Array<{ readonly line: number; readonly input: string; readonly message: string }>
  /** How many codes are numbers of how many digits. */
  readonly digits: Map<number, number>
}

/** A run that has not begun. */
export const none = (): Progress => ({
  ...Sweep.noProgress(),
  phase: "reading",
  entries: 0,
  questions: 0,
  refused: 0,
  known: 0,
  redone: 0,
  revised: 0,
  reopened: 0,
  older: {},
  forgotten: 0,
  review: 0,
  failures: new Map(),
  warnings: [],
  refusals: [],
  digits: new Map()
})

/** Counts a code for {@link damage}. */
export const countDigits = ({ digits }: Progress, code: string): void => {
  if (code.length <= 32 && onlyDigits.test(code)) digits.set(code.length, (digits.get(code.length) ?? 0) + 1)
}

const onlyDigits = /^[0-9]+$/

/**
 * A list that looks as if a spreadsheet had eaten its leading zeros: nearly all codes are numbers of one length, and some are shorter.
 */
export const damage = (
  { digits, entries }: Progress
): { readonly length: number; readonly shorter: number } | undefined => {
  const [length, most] = [...digits].sort((a, b) => b[1] - a[1])[0] ?? [0, 0]
  const shorter = [...digits].reduce((sum, [other, count]) => other < length ? sum + count : sum, 0)
  return shorter > 0 && length > 2 && most + shorter >= entries * 0.95 && most > shorter * 2
    ? { length, shorter }
    : undefined
}

/** Counts an outcome that has become durable. */
export const count = (progress: Progress, { error, http_status, outcome }: Answered): void => {
  progress.outcomes[outcome]++
  if (error === null) return
  if (outcome === "found") {
    progress.review++
    return
  }
  const { type } = JSON.parse(error) as ErrorRecord
  const what = http_status === null ? type : `${type} ${http_status}`
  progress.failures.set(what, (progress.failures.get(what) ?? 0) + 1)
}

/** How many have an outcome. */
export const settled = (outcomes: Readonly<Record<Kind, number>>): number =>
  Object.values(outcomes).reduce((sum, count) => sum + count, 0)

/** The figures of a run so far. */
export const summary = (progress: Progress, seconds: number): Summary => {
  const { calls, entries, known, outcomes, questions, refused, retries, throttled, tuned } = progress
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
    ...(tuned === undefined ? {} : { tuned: JSON.parse(JSON.stringify(tuned)) as Summary["tuned"] & {} }),
    seconds: Math.round(seconds * 1000) / 1000
  }
}
