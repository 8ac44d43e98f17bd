/**
 * The ledger is the durable record of a run and the only truth: what was enrolled, and the outcome of every question.
 */
import { Context, Effect, Schema } from "effect"
import type { Kind } from "./Outcome.ts"

/** The ledger cannot be opened, read or written, or it belongs to another request. */
export class LedgerError extends Schema.TaggedError<LedgerError>()("LedgerError", {
  reason: Schema.Literal("Open", "Read", "Write", "Binding", "Mismatch"),
  ledger: Schema.String,
  message: Schema.String,
  cause: Schema.optional(Schema.Defect)
}) {}

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

/** A question without an outcome. */
export interface Unanswered {
  readonly question: number
  readonly key: string
  /** The first entry that asks it. */
  readonly ordinal: number
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
  /** The body as received. */
  readonly body: string | null
  /** An `ErrorRecord` as JSON text. */
  readonly error: string | null
}

/** An entry and the outcome of its question, which is `null` while it is pending. */
export interface Row extends Enrolled, Omit<Answered, "outcome"> {
  readonly outcome: Kind | null
  /** An earlier entry asked the same question. */
  readonly isRepeat: boolean
}

/** What a ledger keeps about the list that it holds at present. */
export const List = Schema.Struct({
  /** Where the entries came from. */
  source: Schema.String,
  entries: Schema.Int,
  /** The names of the columns in order, and which of them holds the code. */
  columns: Schema.Array(Schema.String),
  column: Schema.NullOr(Schema.String),
  /** The outputs that this ledger's runs have written. */
  outputs: Schema.Array(Schema.String)
})
export type List = typeof List.Type

/** How many questions of the present list have which outcome. */
export interface Counts {
  readonly entries: number
  /** Distinct questions. */
  readonly questions: number
  /** Entries whose input is not a code, so that there is no question. */
  readonly refused: number
  readonly outcomes: Readonly<Record<Kind, number>>
}

/**
 * A ledger belongs to one request and holds one list at a time. What it has answered is not asked again, whatever list it stands in.
 */
export class Ledger extends Context.Tag("rollcall/Ledger")<Ledger, {
  /** Where it is, for messages. */
  readonly name: string
  /**
   * Claims the ledger for a request. One that has answered another request is a `Mismatch`, which says what differs.
   */
  readonly begin: (fingerprint: Readonly<Record<string, string>>) => Effect.Effect<void, LedgerError>
  /** Enters a batch of entries; those that stand already are left alone. */
  readonly enroll: (entries: ReadonlyArray<Enrolled>) => Effect.Effect<void, LedgerError>
  /** Ends enrolment: what an earlier list had beyond this one's end is dropped. */
  readonly enrolled: (list: List) => Effect.Effect<void, LedgerError>
  /** The list it holds. */
  readonly list: Effect.Effect<List, LedgerError>
  /** Questions without an outcome, by the first entry that asks them, from `ordinal` on. */
  readonly pending: (ordinal: number, limit: number) => Effect.Effect<ReadonlyArray<Unanswered>, LedgerError>
  /** Makes a batch of outcomes durable, all or none. */
  readonly record: (outcomes: ReadonlyArray<Answered>) => Effect.Effect<void, LedgerError>
  /** The entries from `ordinal` to before `ordinal + limit`, in input order, pending ones too. */
  readonly rows: (ordinal: number, limit: number) => Effect.Effect<ReadonlyArray<Row>, LedgerError>
  /** The entries of these questions, in the order given, and of each in input order. */
  readonly rowsOf: (questions: ReadonlyArray<number>) => Effect.Effect<ReadonlyArray<Row>, LedgerError>
  readonly counts: Effect.Effect<Counts, LedgerError>
}>() {}

/** The list of a ledger that has none yet. */
export const noList: List = { source: "", entries: 0, columns: [], column: null, outputs: [] }

/** What differs between the request that a ledger belongs to and another one, in words. */
export const difference = (
  mine: Readonly<Record<string, string>>,
  theirs: Readonly<Record<string, string>>
): ReadonlyArray<string> =>
  [...new Set([...Object.keys(mine), ...Object.keys(theirs)])]
    .filter((part) => mine[part] !== theirs[part])
    .map((part) =>
      isShort(mine[part]) && isShort(theirs[part])
        ? `${part}: ${mine[part] ?? "none"} in the ledger, ${theirs[part] ?? "none"} now`
        : `${part}: another value in the ledger`
    )

/** A hash tells nobody anything, nor do long texts side by side. */
const isShort = (value: string | undefined) => value === undefined || /^(?!sha256:).{0,200}$/.test(value)

/** The error of a ledger that belongs to another request, if it does. */
export const mismatch = (
  ledger: string,
  mine: Readonly<Record<string, string>>,
  theirs: Readonly<Record<string, string>>
): Effect.Effect<void, LedgerError> => {
  const parts = difference(mine, theirs)
  return parts.length === 0 ? Effect.void : new LedgerError({
    reason: "Mismatch",
    ledger,
    message: `this ledger answers another request (${parts.join("; ")}): use --fresh to start anew, or another --ledger`
  })
}
