/**
 * The ledger is the durable record of a run and the only truth: what was enrolled, and the outcome of every question.
 */
import { Context, type Effect, Schema } from "effect"
import { Expect } from "./Answer/Expect.ts"
import type { LedgerError } from "./Ledger/LedgerError.ts"
import type * as Parts from "./Ledger/Parts.ts"
import {
  type Answered,
  type Enrolled,
  isStale,
  type Redo,
  type Revised,
  type Row,
  type Unanswered,
  wasForgotten
} from "./Ledger/Row.ts"
import type * as Steps from "./Ledger/Steps.ts"
import type { Kind } from "./Outcome.ts"

export { busy, difference, held, Holder, LedgerError, mismatch, robbed } from "./Ledger/LedgerError.ts"
export { forgottenEntry, isReview, isStale } from "./Ledger/Row.ts"
export type { Answered, Enrolled, Link, Linked, Redo, Revised, Row, Unanswered } from "./Ledger/Row.ts"

/** What a ledger keeps about a list. */
export const List = Schema.Struct({
  /** What tells it from the other lists of the ledger. */
  name: Schema.String,
  /** Where the entries came from. */
  source: Schema.String,
  entries: Schema.Int,
  /** The names of the columns in order, and which of them holds the code. */
  columns: Schema.Array(Schema.String),
  column: Schema.NullOr(Schema.String),
  /** The columns besides the code that the request uses: they are part of the keys. */
  inputs: Schema.Array(Schema.String),
  /** What the answers are. */
  expect: Expect,
  /** The selected fields of the last run, as they were written. */
  select: Schema.Array(Schema.String),
  /** The outputs of the last run, by id. */
  outputs: Schema.Array(Schema.String)
})
export type List = typeof List.Type

/** A list as the ledger knows it. */
export interface Listed extends List {
  readonly id: number
  /** Grows whenever an entry or an outcome that stood already is changed. */
  readonly epoch: number
  /** The machine of its last run, in a ledger that machines share: there the names of its files mean something. */
  readonly host?: string | undefined
}

/** How many questions of a list have which outcome. */
export interface Counts {
  readonly entries: number
  /** Distinct questions. */
  readonly questions: number
  /** Entries whose input is not a code, so that there is no question. */
  readonly refused: number
  readonly outcomes: Readonly<Record<Kind, number>>
  /** Found, but the answer was forgotten. */
  readonly forgotten: number
}

/** How many questions of a list came to the same for the same reason; without a status where there was no reply. */
export interface Cause {
  readonly outcome: Kind
  /** The type of the error, or in words why an input is not a code. */
  readonly type: string
  readonly http_status: number | null
  /** The rule that decided, as it was written, where one did. */
  readonly rule?: string
  readonly count: number
  /** What the first of them said, where a run has seen it. */
  readonly message?: string | undefined
}

/** The answers of a list that stand; moments are milliseconds since 1970, `Infinity` where there is none. */
export interface Standing {
  /** When the first of them was settled. */
  readonly oldest: number
  /** Those that were asked again in vain, and the oldest of them. */
  readonly stale: { readonly count: number; readonly since: number }
}

/** Questions that are to be asked again; `since` is in milliseconds since 1970, `Infinity` where there is none. */
export interface Unfinished {
  readonly count: number
  readonly since: number
}

/** No answer. */
export const noStanding: Standing = { oldest: Infinity, stale: { count: 0, since: Infinity } }

/** How the answers stand that some outcomes are. */
export const standing = (outcomes: Iterable<Answered>): Standing => {
  let [oldest, count, since] = [Infinity, 0, Infinity]
  for (const { at, error, outcome } of outcomes) {
    oldest = Math.min(oldest, at)
    if (!isStale(outcome, error)) continue
    count++
    since = Math.min(since, at)
  }
  return { oldest, stale: { count, since } }
}

/** What is to be forgotten: the answers of all questions unless this says less. */
export interface Forget {
  /** Only what was settled before then, in milliseconds since 1970. */
  readonly before?: number | undefined
  /** These questions with all that is known of them, their rows included. */
  readonly codes?: ReadonlyArray<string> | undefined
}

/** Small things that a ledger keeps by name, as JSON: the request that it belongs to, what was spent, how far an output is. */
export type Notes = Readonly<Record<string, unknown>>

/** What is known of lists and questions; it is read while a run writes, too. */
export interface Reader {
  /** Where it is, for messages. */
  readonly name: string
  /** The lists that have been enrolled to their end, the last one first. */
  readonly lists: Effect.Effect<ReadonlyArray<Listed>, LedgerError>
  /** Questions without an outcome, by the first entry that asks them, from `ordinal` on. */
  readonly pending: (
    list: number,
    ordinal: number,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Unanswered>, LedgerError>
  /** The outcomes of any lists, by question, from `question` on. */
  readonly answered: (question: number, limit: number) => Effect.Effect<ReadonlyArray<Answered>, LedgerError>
  /** How many questions of the list are pending that were answered before a redo, and since when the first of them was. */
  readonly unfinished: (list: number) => Effect.Effect<Unfinished, LedgerError>
  /** How old the answers of a list are, and how many were asked again in vain. */
  readonly standing: (list: number) => Effect.Effect<Standing, LedgerError>
  /** The last outcomes of these questions that a redo has put aside. */
  readonly earlier: (questions: ReadonlyArray<number>) => Effect.Effect<ReadonlyArray<Answered>, LedgerError>
  /** Why questions of the list are invalid or failed, and how many answers are to be reviewed. */
  readonly causes: (list: number) => Effect.Effect<ReadonlyArray<Cause>, LedgerError>
  /** The entries from `ordinal` to before `ordinal + limit`, in input order, pending ones too. */
  readonly rows: (list: number, ordinal: number, limit: number) => Effect.Effect<ReadonlyArray<Row>, LedgerError>
  /** The entries of these questions, in the order given, and of each in input order. */
  readonly rowsOf: (list: number, questions: ReadonlyArray<number>) => Effect.Effect<ReadonlyArray<Row>, LedgerError>
  readonly counts: (list: number) => Effect.Effect<Counts, LedgerError>
  /** The questions of all lists, each once, and how many of them have an outcome. */
  readonly distinct: Effect.Effect<{ readonly questions: number; readonly answered: number }, LedgerError>
  /** The first entry of the list whose row was changed after `epoch`; `Infinity` where none was. */
  readonly changedSince: (list: number, epoch: number) => Effect.Effect<number, LedgerError>
  /** Which of these keys have an outcome; with `which` one that would be asked again. */
  readonly known: (keys: ReadonlyArray<string>, which?: Redo) => Effect.Effect<ReadonlySet<string>, LedgerError>
  readonly note: (name: string) => Effect.Effect<unknown, LedgerError>
  readonly parts: Parts.Reader
  readonly steps: Steps.Reader
}

/** What a run writes; one at a time does. */
export interface Writer {
  /** Claims the ledger for a request. One that has answered another request is a `Mismatch`, which says what differs. */
  readonly begin: (fingerprint: Readonly<Record<string, string>>) => Effect.Effect<void, LedgerError>
  /** The id of the list of this name, which is made where there is none. */
  readonly enlist: (name: string) => Effect.Effect<number, LedgerError>
  /** Enters a batch of entries; those that stand already are left alone. */
  readonly enroll: (list: number, entries: ReadonlyArray<Enrolled>) => Effect.Effect<void, LedgerError>
  /** Ends enrolment: what the list had beyond its end is dropped. */
  readonly enrolled: (list: number, what: List) => Effect.Effect<void, LedgerError>
  /** Makes a batch of outcomes durable, all or none. The first word on a question stands. */
  readonly record: (list: number, outcomes: ReadonlyArray<Answered>) => Effect.Effect<void, LedgerError>
  /** Replaces what these outcomes say: their replies were read in another way. What has none any more is put aside as a failure. */
  readonly revise: (outcomes: ReadonlyArray<Revised>) => Effect.Effect<void, LedgerError>
  /**
   * Makes answered questions of the list pending again and keeps the old outcomes aside; gives how many by each of `which`, and not
   * those that one before took. None where an earlier redo is not finished: that goes on.
   */
  readonly redo: (list: number, which: ReadonlyArray<Redo>) => Effect.Effect<ReadonlyArray<number>, LedgerError>
  /** Fails where another program has removed rows of the list since it was enrolled: what they held is pending again. */
  readonly intact: (list: number) => Effect.Effect<void, LedgerError>
  /** Makes notes durable; `undefined` takes one away. */
  readonly setNotes: (notes: Notes) => Effect.Effect<void, LedgerError>
  /** Forgets the bodies of answers, and the outcomes that were put aside; gives how many bodies, or questions. */
  readonly forget: (what: Forget) => Effect.Effect<number, LedgerError>
  readonly parts: Parts.Writer
  readonly steps: Steps.Writer
}

/**
 * A ledger belongs to one request and holds any number of lists. What it has answered is not asked again, whatever list it stands in.
 */
export class Ledger extends Context.Tag("rollcall/Ledger")<Ledger, Reader & Writer>() {}

/** How many outcomes of a question are kept when it is asked again. */
export const keptOutcomes = 2

/** Whether a cause is that entries were forgotten: a view does not count them among those that are invalid. */
export const isForgottenEntry = ({ outcome, type }: Cause): boolean => outcome === "invalid" && type === wasForgotten
