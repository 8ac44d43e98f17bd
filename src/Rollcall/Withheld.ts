/**
 * Withheld: what came of the calls of a run that stopped because nothing was found. Nothing is marked by it, so that another request may be
 * asked; but the same one has paid for these replies, and does not pay again.
 */
import { Effect, Option, Schema } from "effect"
import * as Entry from "../Entry.ts"
import { type Answered, difference, Ledger, type LedgerError } from "../Ledger.ts"
import type { Lookup } from "../Lookup.ts"
import { edition } from "../Lookup/Classify.ts"
import * as Curl from "../Lookup/Curl.ts"
import { Kind } from "../Outcome.ts"
import type * as Sweep from "../Sweep.ts"
import { noneFoundLimit, StopError } from "../Sweep.ts"
import type { Listing } from "./Listing.ts"
import { toAnswered } from "./Recorder.ts"
import * as Revision from "./Revision.ts"

/** Characters of replies that are kept; what has more is asked again. */
const mostKept = 4 * 1024 * 1024

const Note = Schema.Struct({
  request: Schema.Record({ key: Schema.String, value: Schema.String }),
  reading: Schema.String,
  outcomes: Schema.Array(Schema.Struct({
    question: Schema.Int,
    outcome: Kind,
    http_status: Schema.NullOr(Schema.Int),
    attempts: Schema.Int,
    calls: Schema.Int,
    ms: Schema.NullOr(Schema.Number),
    at: Schema.Number,
    body: Schema.NullOr(Schema.String),
    error: Schema.NullOr(Schema.String)
  }))
})

type Asking = Pick<Lookup<unknown, unknown, unknown>, "fingerprint" | "reading">

/** Keeps what was withheld until the end. */
export const keep = (lookup: Asking, settled: ReadonlyArray<Sweep.Settled>): Effect.Effect<void, LedgerError, Ledger> =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const before = yield* kept(ledger)
    const outcomes: Array<Answered> = [...before?.outcomes ?? []]
    const known = new Set(outcomes.map(({ question }) => question))
    let length = outcomes.reduce((sum, { body }) => sum + (body?.length ?? 0), 0)
    for (const one of settled) {
      length += one.reply?.body.length ?? 0
      if (length > mostKept) break
      if (!known.has(one.id)) outcomes.push(toAnswered(one))
    }
    const note: typeof Note.Type = { request: yield* lookup.fingerprint, reading: lookup.reading, outcomes }
    yield* ledger.setNotes({ [name]: note })
  })

/**
 * Before a list is enrolled: records what was withheld where that is wanted now, or where the replies are read in another way; of another
 * request nothing is kept.
 */
export const use = (
  lookup: Asking,
  list: string,
  isWanted: boolean
): Effect.Effect<void, LedgerError, Ledger> =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const note = yield* kept(ledger)
    if (note === undefined) return
    const isSame = difference(note.request, yield* lookup.fingerprint).length === 0
    if (isSame && !isWanted && note.reading === lookup.reading) return
    if (isSame) yield* ledger.record(yield* ledger.enlist(list), note.outcomes)
    yield* forget(ledger)
  })

/** The questions whose replies were withheld, where the same request is not to ask them again. */
export const paid = (
  ledger: typeof Ledger.Service,
  lookup: Asking
): Effect.Effect<ReadonlyArray<number>, LedgerError> =>
  Effect.gen(function*() {
    const note = yield* kept(ledger)
    return note === undefined || difference(note.request, yield* lookup.fingerprint).length > 0
      ? []
      : note.outcomes.map(({ question }) => question)
  })

/** What stops the same request before its first call: all of what was withheld is in the list. */
export const stopOf = <A, E, R>(
  lookup: Lookup<A, E, R>,
  list: number
): Effect.Effect<StopError | undefined, LedgerError, Ledger> =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const note = yield* kept(ledger)
    if (note === undefined || note.outcomes.length === 0) return undefined
    const rows = yield* ledger.rowsOf(list, note.outcomes.map(({ question }) => question))
    const keys = new Set(rows.flatMap(({ key }) => key ?? []))
    // other codes may be found
    if (keys.size < note.outcomes.length) return undefined
    // whoever watches the rules hears again what they decided
    for (const one of note.outcomes) Revision.read(lookup, one, edition)
    const [first] = keys
    const curl = yield* Curl.shown(lookup, Entry.fromKey(first!, lookup.inputs))
    return new StopError({
      reason: "none_found",
      message: `none of the ${keys.size} codes that were asked was found, and nothing is asked again`,
      ...(curl === undefined ? {} : { curl })
    })
  })

/**
 * What stops a run before its first call, whose rules are others than those of the run before: by them nothing is found in the answers that
 * are there, where these are so many that a run without them would stop.
 */
export const stopAnew = <A, E, R>(
  lookup: Lookup<A, E, R>,
  list: number,
  { known, outcomes, questions }: Pick<Listing, "known" | "outcomes" | "questions">
): Effect.Effect<StopError | undefined, LedgerError, Ledger> =>
  known < noneFoundLimit || known >= questions || outcomes.found > 0
    ? Effect.succeed(undefined)
    : Effect.map(sampleOf(lookup, list), (curl) =>
      new StopError({
        reason: "none_found",
        message: `none of the ${known} answers that are there is "found", as they are judged now`,
        ...(curl === undefined ? {} : { curl })
      }))

/** The request for the first question of a list, for showing. */
export const sampleOf = <A, E, R>(
  lookup: Lookup<A, E, R>,
  list: number,
  ordinal = 0
): Effect.Effect<string | undefined, LedgerError, Ledger> =>
  // answers may be large: one at a time
  Effect.flatMap(Effect.flatMap(Ledger, (ledger) => ledger.rows(list, ordinal, 1)), ([row]) => {
    if (row === undefined) return Effect.succeed(undefined)
    if (row.key === null) return sampleOf(lookup, list, ordinal + 1)
    return Curl.shown(lookup, Entry.fromKey(row.key, lookup.inputs))
  })

/** Forgets what was withheld. */
export const forget = (ledger: Pick<typeof Ledger.Service, "note" | "setNotes">): Effect.Effect<void, LedgerError> =>
  Effect.flatMap(
    ledger.note(name),
    (note) => note === undefined ? Effect.void : ledger.setNotes({ [name]: undefined })
  )

const name = "withheld"

const kept = (ledger: Pick<typeof Ledger.Service, "note">) =>
  Effect.map(ledger.note(name), (note) => Option.getOrUndefined(Schema.decodeUnknownOption(Note)(note)))
