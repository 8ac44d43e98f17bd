/**
 * Row: what a ledger keeps of entries and questions, and how it is given to who reads it.
 */
import type { Kind } from "../Outcome.ts"
import * as Key from "./Key.ts"

/** An entry on its way into the ledger. */
export interface Enrolled {
  /** Its place in the input, counted from 0 without gaps. */
  readonly ordinal: number
  readonly line: number
  /** The key of its question, or `null` where the input is not a code. */
  readonly key: string | null
  /** The input as it stands. */
  readonly input: string
  /** The row as JSON text, where there is one. */
  readonly columns: string | null
  /** Why the input is not a code. */
  readonly error: string | null
}

/** A question without an outcome, and the first entry that asks it. */
export interface Unanswered extends Enrolled {
  readonly question: number
  readonly key: string
}

/** The outcome of a question. */
export interface Answered {
  readonly question: number
  readonly outcome: Kind
  readonly http_status: number | null
  readonly attempts: number
  readonly calls: number
  readonly ms: number | null
  /** When it was settled, in milliseconds since 1970. */
  readonly at: number
  /** The body as received; `null` where there was none, or where it was forgotten. */
  readonly body: string | null
  /** An `ErrorRecord` as JSON text. */
  readonly error: string | null
}

/** What the outcome of a question is now; `null`: it is pending again. */
export interface Revised extends Pick<Answered, "question" | "error"> {
  readonly outcome: Kind | null
}

/** An entry and the outcome of its question, which is `null` while it is pending. */
export interface Row extends Enrolled, Omit<Answered, "outcome"> {
  readonly outcome: Kind | null
  /** An earlier entry asked the same question. */
  readonly isRepeat: boolean
  /** What it was asked step by step, in a run of several steps. */
  readonly steps?: ReadonlyArray<Linked>
}

/**
 * What ties a case, which is what an entry asks of several steps together, to one of the questions that these ask for it; or says why it is
 * not asked.
 */
export interface Link {
  /** The case, a question like any other. */
  readonly case: number
  readonly step: number
  /** Its place among the questions of the step for this case, where these were made of a list. */
  readonly position: number
  /** The key of the question, or `null` where none is asked. */
  readonly key: string | null
  /** Why none is asked. */
  readonly reason: string | null
}

/** A link as it stands. */
export interface Linked extends Link {
  /** Grows from link to link. */
  readonly id: number
  readonly question: number | null
  /** The outcome of its question; nothing while that is pending. */
  readonly answered: Answered | undefined
}

/** Which answered questions are to be asked again: those of which all that is given holds; none where nothing is given. */
export interface Redo {
  /** What came of them; `failed` holds of an answer too that was asked again in vain. */
  readonly outcomes?: ReadonlyArray<Kind> | undefined
  /** Their status, each from one to another one. */
  readonly statuses?: ReadonlyArray<readonly [from: number, to: number]> | undefined
  /** Settled outside of these moments, in milliseconds since 1970: too old, or of a future that a wrong clock made. */
  readonly outside?: readonly [from: number, to: number] | undefined
  /** Settled from then on. */
  readonly since?: number | undefined
  /** Found, but the answer was forgotten. */
  readonly forgotten?: boolean | undefined
  /** The keys of the questions, or their codes where a key holds more than the code. */
  readonly codes?: ReadonlyArray<string> | undefined
}

/** What stands in place of an entry that was forgotten, and why it is none of those that are no codes. */
export const wasForgotten = "it was forgotten"
export const forgottenEntry = JSON.stringify({ type: "invalid_code", message: wasForgotten })

/** Whether an answer was asked again in vain: it has an error beside it that is no mark of a rule. */
export const isStale = (outcome: Kind | null, error: string | null): boolean =>
  error !== null && (outcome === "found" || outcome === "not_found") && !isMark(error)

/** Whether a rule marks an answer for a person to look at. */
export const isReview = (outcome: Kind | null, error: string | null): boolean =>
  error !== null && outcome === "found" && isMark(error)

const isMark = (error: string) => error.startsWith("{\"type\":\"review\"")

/** From the columns of a row, in the order in which every statement gives them. */
export const toUnanswered = (row: ReadonlyArray<any>): Unanswered => ({
  question: row[0],
  key: Key.plain(row[1]),
  ordinal: row[2],
  line: row[3],
  input: row[4],
  columns: row[5],
  error: null
})

export const toAnswered = (row: ReadonlyArray<any>): Answered => ({
  question: row[0],
  outcome: row[1],
  http_status: row[2],
  attempts: row[3],
  calls: row[4],
  ms: row[5],
  at: row[6],
  body: row[7],
  error: row[8]
})

export const toRow = (row: ReadonlyArray<any>): Row => ({
  outcome: row[0],
  ordinal: row[1],
  line: row[2],
  key: row[3] === null ? null : Key.plain(row[3]),
  input: row[4],
  columns: row[5],
  error: row[6],
  question: row[7] ?? 0,
  http_status: row[8],
  attempts: row[9] ?? 0,
  calls: row[10] ?? 0,
  ms: row[11],
  at: row[12] ?? 0,
  body: row[13],
  isRepeat: Boolean(row[14])
})

/** Its outcome is read once for all links to its question. */
export const toLinked = (row: ReadonlyArray<any>): Linked => ({
  id: row[0],
  case: row[1],
  step: row[2],
  position: row[3],
  question: row[4],
  reason: row[5],
  key: row[6] === null ? null : Key.plain(row[6]),
  answered: undefined
})
