/**
 * The ledger is the durable record of a run and the only truth: what was enrolled, and the outcome of every question.
 */
import { Context, DateTime, Effect, Schema } from "effect"
import { Expect } from "./Answer/Expect.ts"
import { type Kind, Remedy } from "./Outcome.ts"

/** The ledger cannot be opened, read or written, it belongs to another request, or another run holds it. */
export class LedgerError extends Schema.TaggedError<LedgerError>()("LedgerError", {
  reason: Schema.Literal("Open", "Read", "Write", "Binding", "Busy", "Mismatch", "Forgotten", "Missing"),
  ledger: Schema.String,
  message: Schema.String,
  /** What helps. */
  remedy: Schema.optional(Remedy),
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
}

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

/** How many questions of a list came to the same for the same reason; without a status where there was no reply. */
export interface Cause {
  readonly outcome: Kind
  /** The type of the error, or in words why an input is not a code. */
  readonly type: string
  readonly http_status: number | null
  /** The rule that decided, as it was written, where one did. */
  readonly rule?: string
  readonly count: number
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

/**
 * A ledger belongs to one request and holds any number of lists. What it has answered is not asked again, whatever list it stands in.
 * One run at a time writes to it.
 */
export class Ledger extends Context.Tag("rollcall/Ledger")<Ledger, {
  /** Where it is, for messages. */
  readonly name: string
  /** Claims the ledger for a request. One that has answered another request is a `Mismatch`, which says what differs. */
  readonly begin: (fingerprint: Readonly<Record<string, string>>) => Effect.Effect<void, LedgerError>
  /** The lists that have been enrolled to their end, the last one first. */
  readonly lists: Effect.Effect<ReadonlyArray<Listed>, LedgerError>
  /** The id of the list of this name, which is made where there is none. */
  readonly enlist: (name: string) => Effect.Effect<number, LedgerError>
  /** Enters a batch of entries; those that stand already are left alone. */
  readonly enroll: (list: number, entries: ReadonlyArray<Enrolled>) => Effect.Effect<void, LedgerError>
  /** Ends enrolment: what the list had beyond its end is dropped. */
  readonly enrolled: (list: number, what: List) => Effect.Effect<void, LedgerError>
  /** Questions without an outcome, by the first entry that asks them, from `ordinal` on. */
  readonly pending: (
    list: number,
    ordinal: number,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Unanswered>, LedgerError>
  /** Makes a batch of outcomes durable, all or none. The first word on a question stands. */
  readonly record: (list: number, outcomes: ReadonlyArray<Answered>) => Effect.Effect<void, LedgerError>
  /** The outcomes of any lists, by question, from `question` on. */
  readonly answered: (question: number, limit: number) => Effect.Effect<ReadonlyArray<Answered>, LedgerError>
  /** Replaces what these outcomes say: their replies were read in another way. What has none any more is put aside as a failure. */
  readonly revise: (outcomes: ReadonlyArray<Revised>) => Effect.Effect<void, LedgerError>
  /**
   * Makes answered questions of the list pending again and keeps the old outcomes aside; gives how many by each of `which`, and not
   * those that one before took. None where an earlier redo is not finished: that goes on.
   */
  readonly redo: (list: number, which: ReadonlyArray<Redo>) => Effect.Effect<ReadonlyArray<number>, LedgerError>
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
  /** Fails where another program has removed rows of the list since it was enrolled: what they held is pending again. */
  readonly intact: (list: number) => Effect.Effect<void, LedgerError>
  /** The questions of all lists, each once, and how many of them have an outcome. */
  readonly distinct: Effect.Effect<{ readonly questions: number; readonly answered: number }, LedgerError>
  /** The first entry of the list whose row was changed after `epoch`; `Infinity` where none was. */
  readonly changedSince: (list: number, epoch: number) => Effect.Effect<number, LedgerError>
  /** Which of these keys have an outcome; with `which` one that would be asked again. */
  readonly known: (keys: ReadonlyArray<string>, which?: Redo) => Effect.Effect<ReadonlySet<string>, LedgerError>
  readonly note: (name: string) => Effect.Effect<unknown, LedgerError>
  /** Makes notes durable; `undefined` takes one away. */
  readonly setNotes: (notes: Notes) => Effect.Effect<void, LedgerError>
  /** Forgets the bodies of answers, and the outcomes that were put aside; gives how many bodies, or questions. */
  readonly forget: (what: Forget) => Effect.Effect<number, LedgerError>
}>() {}

/** Who holds a ledger, as its note `holder` says it. */
export const Holder = Schema.Struct({
  pid: Schema.Int,
  host: Schema.String,
  /** Since when, in milliseconds since 1970. */
  since: Schema.Number
})
export type Holder = typeof Holder.Type

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
    message: `this ledger answers another request (${parts.join("; ")}): use another one`,
    remedy: "other_ledger"
  })
}

/** The error of a ledger that another run holds. */
export const busy = (ledger: string, holder: Holder | undefined, cause?: unknown): LedgerError =>
  new LedgerError({ reason: "Busy", ledger, message: held(holder), cause })

/** What is said of a ledger, or an output, that another run holds. */
export const held = (holder: Holder | undefined): string => {
  const who = holder === undefined ? "" : ` (process ${holder.pid} on ${holder.host}, since ${clock(holder.since)})`
  return `another run holds it${who}: wait for its end`
}

const clock = (at: number) => DateTime.formatIso(DateTime.unsafeMake(at)).replace(/\.\d+Z$/, "Z")

/** The error of a ledger that another program has removed rows of. */
export const robbed = (ledger: string): LedgerError =>
  new LedgerError({
    reason: "Write",
    ledger,
    message:
      "another program removed rows of it while the run was using it: see who writes there, and run the same command "
      + "again, which asks what is missing"
  })

/** How many outcomes of a question are kept when it is asked again. */
export const keptOutcomes = 2

/** What stands in place of an entry that was forgotten, and why it is none of those that are no codes. */
const wasForgotten = "it was forgotten"
export const forgottenEntry = JSON.stringify({ type: "invalid_code", message: wasForgotten })

/** Whether a cause is that entries were forgotten: a view does not count them among those that are invalid. */
export const isForgottenEntry = ({ outcome, type }: Cause): boolean => outcome === "invalid" && type === wasForgotten

/** Whether an answer was asked again in vain: it has an error beside it that is no mark of a rule. */
export const isStale = (outcome: Kind | null, error: string | null): boolean =>
  error !== null && (outcome === "found" || outcome === "not_found") && !isMark(error)

/** Whether a rule marks an answer for a person to look at. */
export const isReview = (outcome: Kind | null, error: string | null): boolean =>
  error !== null && outcome === "found" && isMark(error)

const isMark = (error: string) => error.startsWith("{\"type\":\"review\"")
