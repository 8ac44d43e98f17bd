/**
 * Calling the roll: for one code, for many, or for a list with a ledger.
 */
import { DateTime, Effect, Either, Exit, Mailbox, Option, Schema, Stream } from "effect"
import type { Select } from "./Answer/Select.ts"
import * as Code from "./Code.ts"
import type { Event } from "./Event.ts"
import { Ledger, LedgerError, type Listed, type Notes, type Redo } from "./Ledger.ts"
import type { Lookup } from "./Lookup.ts"
import * as Idempotency from "./Lookup/Idempotency.ts"
import { LookupError, type Outcome } from "./Outcome.ts"
import * as Policy from "./Policy.ts"
import * as Budget from "./Policy/Budget.ts"
import * as Spending from "./Policy/Spending.ts"
import * as Enrolment from "./Rollcall/Enrolment.ts"
import * as Events from "./Rollcall/Events.ts"
import * as Fields from "./Rollcall/Fields.ts"
import type { Listing } from "./Rollcall/Listing.ts"
import * as Projection from "./Rollcall/Projection.ts"
import * as Recorder from "./Rollcall/Recorder.ts"
import * as Revision from "./Rollcall/Revision.ts"
import * as Sameness from "./Rollcall/Sameness.ts"
import * as State from "./Rollcall/State.ts"
import * as Tally from "./Rollcall/Tally.ts"
import * as Withheld from "./Rollcall/Withheld.ts"
import { Sink, type SinkError } from "./Sink.ts"
import { marks } from "./Sink/Mark.ts"
import type { Asking, Snapshot } from "./Snapshot.ts"
import { summary } from "./Snapshot.ts"
import type { Source, SourceError } from "./Source.ts"
import { settled, type Summary } from "./Summary.ts"
import * as Sweep from "./Sweep.ts"
import { StopError } from "./Sweep.ts"
import type * as Queue from "./Sweep/Queue.ts"

export * as Deriver from "./Rollcall/Deriver.ts"
export type { Listing } from "./Rollcall/Listing.ts"
export type { Details } from "./Rollcall/State.ts"
export { StopError } from "./Sweep.ts"

/**
 * What ends a run: what would fail every question, or an input, a ledger or an output that cannot be used. Each has a `reason`, and where a
 * setting helps a `remedy`, both literals; what was answered before it is kept.
 *
 * | error | of what | exit code of the command |
 * | --- | --- | --- |
 * | `StopError` | every other question would fail too; the run can go on later | 4; 2 for `setting` |
 * | `SourceError` | the list cannot be read; nothing was asked | 2 |
 * | `LedgerError` | the ledger cannot be used, or another run holds it | 5; 2 for `Mismatch`, `Forgotten` and `Missing` |
 * | `SinkError` | an output cannot be written, or another run writes to it | 5; 2 for `Exists` and `Clash`; 141 for `Closed` |
 */
export type RunError = StopError | SourceError | LedgerError | SinkError

/**
 * Looks up one code.
 *
 * A lookup that fails is an outcome; the effect fails only with what would fail every other question too.
 */
export const lookup = <A, E, R>(
  lookup: Lookup<A, E, R>,
  code: string,
  policy: Policy.Policy = Policy.standard
): Effect.Effect<Outcome<A, E | LookupError>, StopError, R> =>
  Effect.map(forEach(lookup, [code], { ...policy, concurrency: 1 }), ([outcome]) => outcome!)

/**
 * Looks up many codes, with `policy.concurrency` calls in flight; equal codes are asked once. The outcomes are in the order of the
 * codes.
 *
 * While the server is down it waits and probes, and fails with a `StopError` after `policy.throttle.maxWait` (15 minutes) of that. With
 * `breaker: null` codes fail after their retries, until `policy.uniform` of them (20) have failed alike in a row and what is asked to learn
 * why fails too: then it fails with a `StopError`. With `uniform: null` as well each code fails on its own.
 */
export const forEach = <A, E, R>(
  lookup: Lookup<A, E, R>,
  codes: Iterable<string>,
  policy: Policy.Policy = Policy.standard
): Effect.Effect<ReadonlyArray<Outcome<A, E | LookupError>>, StopError, R> =>
  Effect.suspend(() => {
    const parse = Code.parse(Code.anyCode)
    const ids = new Map<string, number>()
    const outcomes: Array<Outcome<A, E | LookupError>> = []
    const places: Array<number> = []
    const pending: Array<Queue.Pending> = []
    for (const input of codes) {
      const code = parse(input)
      const key = Either.isRight(code) ? code.right : input
      let id = ids.get(key)
      if (id === undefined) {
        id = ids.size
        ids.set(key, id)
        if (Either.isRight(code)) pending.push({ id, question: { code: code.right, values: {} } })
        else outcomes[id] = invalid(input, code.left.message)
      }
      places.push(id)
    }
    let page: ReadonlyArray<Queue.Pending> = pending
    const pull = Effect.sync(() => {
      const pulled = page
      page = []
      return pulled
    })
    const settle = (settled: Sweep.Settled<A, E>) => {
      outcomes[settled.id] = toOutcome(settled)
      return Effect.void
    }
    return Idempotency.makeRunId.pipe(
      Effect.flatMap((id) => Effect.provideService(Sweep.prepare(lookup), Idempotency.RunId, id)),
      Effect.flatMap((ask) => Sweep.sweep({ lookup, ask, policy, pull, settle })),
      Effect.map(() => places.map((id) => outcomes[id]!))
    )
  })

/** How a list is called. */
export interface RunOptions<R> {
  readonly source: Source<R>
  readonly policy?: Policy.Policy
  /** What an input must look like to be asked. */
  readonly rules?: Code.Rules
  /** `input` (the default) holds records back until all before them are there. */
  readonly order?: Projection.Order
  /** An empty list ends the run with an error before anything is changed; it is a list like any other unless told so. */
  readonly refuseEmpty?: boolean
  /** The columns that are kept for the outputs, besides those that the request uses; all where none is named. */
  readonly carry?: ReadonlyArray<string> | undefined
  /** What tells the list from others in the ledger: the first output, else the source, unless told otherwise. */
  readonly name?: string
  /** Asks some of the answered questions again. */
  readonly redo?: ReadonlyArray<Redo> | undefined
  /** Asks only so many of the pending questions, picked at random; the rest stays pending. */
  readonly sample?: number | undefined
  /** Fields that are picked out of the answers: one that is empty in all of them is told. */
  readonly select?: ReadonlyArray<Select>
  /** The list stands in the ledger as a whole: the source is not read. */
  readonly isEnlisted?: boolean
  /** Notes that are kept when the list has been read. */
  readonly notes?: Notes
  /** Is told at once what should not wait for the end. */
  readonly onWarning?: (warning: string) => Effect.Effect<void>
  /** Is run when the list has been read and everything is ready, before the first call. */
  readonly onBegin?: (listing: Listing) => Effect.Effect<void>
}

/** A run that can be asked how it stands. Nobody but itself decides on that, or changes it. */
export interface Run<out R> {
  /** Calls the roll, once. */
  readonly run: Effect.Effect<Summary, RunError, R>
  readonly snapshot: Effect.Effect<Snapshot>
  /** The same at once, for who is called by what is no effect. */
  readonly unsafeSnapshot: () => Snapshot
  /** What the figures do not tell, as far as it is known. */
  readonly details: Effect.Effect<State.Details>
}

/**
 * Calls the roll for a list: enrolls it in the ledger, asks what is pending there, and projects the outcomes into the sink.
 *
 * Run again it goes on where it stopped. On interruption the calls in flight are finished, for at most `policy.drain`, and recorded.
 */
export const run = <A, E, R, R2>(
  lookup: Lookup<A, E, R>,
  options: RunOptions<R2>
): Effect.Effect<Summary, RunError, R | R2 | Ledger | Sink> => Effect.flatMap(make(lookup, options), ({ run }) => run)

/** As {@link run}, for who looks at it while it goes on. */
export const make = <A, E, R, R2>(
  lookup: Lookup<A, E, R>,
  options: RunOptions<R2>
): Effect.Effect<Run<R | R2 | Ledger | Sink>> =>
  Effect.clockWith((clock) => {
    const state = State.begin(clock)
    return Effect.succeed({
      run: perform(lookup, options, state),
      snapshot: Effect.sync(() => State.snapshot(state)),
      unsafeSnapshot: () => State.snapshot(state),
      details: Effect.sync(() => State.details(state))
    })
  })

/**
 * As {@link run}, as a stream of what happens: `began` first, `ended` last. The run goes on while somebody listens; where that ends, the calls
 * in flight are finished, for at most `policy.drain`, and recorded. What ends a run fails the stream after its last event.
 */
export const events = <A, E, R, R2>(
  lookup: Lookup<A, E, R>,
  options: RunOptions<R2>
): Stream.Stream<Event, RunError, R | R2 | Ledger | Sink> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const [ledger, sink] = [yield* Ledger, yield* Sink]
    const mailbox = yield* Mailbox.make<Event, RunError>()
    const about = { list: options.source.name, ledger: ledger.name, outputs: sink.outputs }
    const rollcall: Run<R | R2 | Ledger | Sink> = yield* make(lookup, {
      ...options,
      onBegin: (listing) =>
        Effect.zipRight(Effect.sync(() => follower.began(about)), options.onBegin?.(listing) ?? Effect.void)
    })
    const follower = Events.follower(rollcall.unsafeSnapshot, (event) => mailbox.unsafeOffer(event))
    yield* Effect.forkScoped(follower.follow)
    yield* Effect.forkScoped(Effect.onExit(rollcall.run, (exit) =>
      Effect.sync(() => {
        follower.end()
        mailbox.unsafeOffer(Events.ended(rollcall.unsafeSnapshot(), exit))
        mailbox.unsafeDone(Exit.asVoid(exit))
      })))
    return Mailbox.toStream(mailbox)
  }))

const perform = <A, E, R, R2>(
  lookup: Lookup<A, E, R>,
  options: RunOptions<R2>,
  state: State.State
): Effect.Effect<Summary, RunError, R | R2 | Ledger | Sink> =>
  Effect.scoped(Effect.gen(function*() {
    const ledger = yield* Ledger
    const sink = yield* Sink
    state.begun = state.now()
    const ask = yield* Effect.provideService(Sweep.prepare(lookup), Idempotency.RunId, yield* idOf(ledger))
    yield* sink.check(marks(ledger))
    const name = options.name ?? sink.outputs[0] ?? options.source.name
    const policy = options.policy ?? Policy.standard
    const reading = yield* ledger.note("reading")
    yield* Withheld.use(lookup, name, policy.allowNone)
    const { list, listing } = yield* enlist(lookup, { ...options, name, coming: state.coming, sink })
    const { tally } = state
    tally.outcomes = { ...listing.outcomes }
    tally.stale = listing.stale
    for (const cause of listing.causes) Tally.addCause(tally, cause)
    state.listing = listing

    const order = options.order ?? "input"
    const writer = yield* sink.open({
      list,
      isOrdered: order === "input",
      marks: marks(ledger),
      again: (write) => Projection.each(ledger, list, write)
    })
    if (listing.forgotten > 0 && writer.position < list.entries) return yield* forgotten(ledger.name, listing)
    const spent = yield* spentOf(ledger)
    if (spent !== undefined) state.spent = { calls: spent.calls, cost: Spending.cost(spent) }
    yield* keepBudget(ledger, policy.budget)
    yield* keepNotes(ledger, options.notes ?? {})
    // what stopped an earlier run stops this one anew, or does not
    const before = yield* stopOf(ledger)
    if ((yield* ledger.note("stopped")) !== undefined) yield* ledger.setNotes({ stopped: undefined })
    yield* options.onBegin?.(listing) ?? Effect.void
    if (tally.outcomes.found === 0) {
      const isAnew = (reading !== undefined && reading !== lookup.reading) || before?.reason === "none_found"
      const stopped = (isAnew && !policy.allowNone ? yield* Withheld.stopAnew(lookup, list.id, listing) : undefined)
        ?? (yield* Withheld.stopOf(lookup, list.id))
      if (stopped !== undefined) return yield* Effect.zipRight(keepStop(ledger, stopped), stopped)
    }
    // what a rule does not take for an answer any more is none to be kept
    const isRedone = listing.reopened === 0
      && (listing.redone.some((count) => count > 0) || (yield* ledger.unfinished(list.id)).count > 0)
    // it writes what is known, and that comes after what is said of it
    const projection = yield* Projection.make(writer, list, order)
    const recorder = yield* Recorder.make(
      list.id,
      projection,
      tally,
      isRedone ? policy.allowNone ? Infinity : policy.uniform ?? Infinity : undefined
    )
    const { onWarning = () => Effect.void, sample, select = [] } = options
    const fields = Fields.make(select)
    const sameness = Sameness.make(lookup, yield* lookup.fingerprint)
    /** Calls whose answers were lost, and that were not made again for that. */
    let lost = 0
    const settle: typeof recorder.settle = (settled) => {
      if (
        settled.outcome === "failed" && settled.error instanceof LookupError && settled.error.remedy === "idempotent"
      ) {
        lost++
      }
      const same = sameness.isOpen ? Sameness.see(sameness, settled) : undefined
      const told = select.length > 0 && settled.outcome === "found" ? Fields.see(fields, settled.answer) : nothing
      if (fields.empty.size > 0 && settled.outcome !== "found") {
        Fields.seeOther(fields, settled.reply?.body, lookup.expect)
      }
      return same === undefined && told.length === 0
        ? recorder.settle(settled)
        : Effect.zipRight(
          Effect.forEach(same === undefined ? told : [same, ...told], onWarning),
          recorder.settle(settled)
        )
    }
    const judgeSameness = Effect.suspend(() =>
      Sameness.judge(sameness, ledger, list, tally.outcomes.found, listing.refound)
    ).pipe(
      Effect.map((same) => {
        state.same = same
      })
    )
    const inVain = new Set(
      Schema.decodeUnknownOption(Ids)(yield* ledger.note("in_vain")).pipe(Option.getOrElse(() => []))
    )
    const withheld = (settled: ReadonlyArray<Sweep.Settled>) =>
      Effect.provideService(Withheld.keep(lookup, settled), Ledger, ledger)
    const flush = Effect.zipRight(recorder.flush, ledger.intact(list.id))
    const pulling = { ledger, list: list.id, lookup, see: projection.see }
    const sweep = yield* Sweep.make({
      lookup,
      ask,
      policy,
      before: listing.outcomes,
      ...(sample === undefined
        ? Enrolment.pending({ ...pulling, entries: list.entries }, inVain)
        : Enrolment.sample(pulling, sample)),
      keep: ledger.parts.keep,
      leave: (ids) =>
        ids.length === 0 && inVain.size === 0 ? Effect.void : ledger.setNotes({ in_vain: ids.slice(-most) }),
      // of what was answered before, the old answer may have to stay
      ...(isRedone ? {} : { withheld }),
      settle,
      failure: recorder.failure,
      isHeld: recorder.isHeld,
      known: listing.known > 0 ? yield* Enrolment.known(ledger, list.id, lookup.inputs) : undefined,
      spent,
      reserve: (spent) => ledger.setNotes({ spent })
    })
    state.asking = sweep.unsafeSnapshot
    yield* sweep.run.pipe(
      Effect.zipRight(flush),
      Effect.zipRight(recorder.verdict),
      // what is answered is kept, however the sweep ends; a ledger that failed is the worse news
      Effect.onInterrupt(() => Effect.ignore(Effect.zipRight(flush, projection.keep))),
      Effect.catchAll((error) =>
        Effect.zipRight(flush, projection.keep).pipe(
          Effect.zipRight(
            error._tag === "StopError" ? Effect.zipRight(keepStop(ledger, error), judgeSameness) : Effect.void
          ),
          Effect.zipRight(Effect.fail(error))
        )
      )
    )
    const isPart = sample !== undefined && State.snapshot(state).pending > 0
    yield* isPart ? projection.keep : projection.complete
    yield* judgeSameness
    const { found } = tally.outcomes
    if (found === 0) state.sample = yield* Withheld.sampleOf(lookup, list.id)
    const { faults = {}, room } = sweep.unsafeSnapshot()
    state.warnings = [
      ...(room === undefined ? [] : [wantOfRoom(room)]),
      ...(lost === 0 ? [] : [wasLost(lost)]),
      ...writer.warnings?.() ?? [],
      ...[...faulty(faults), ...(yield* Fields.judge(fields, list, found))].map((message) => ({ message }))
    ]
    return summary(State.snapshot(state))
  }))

const nothing: ReadonlyArray<never> = []

const wasLost = (count: number) => ({
  message: `the answer of ${
    count === 1 ? "1 call" : `${count} calls`
  } was lost, and what may have been carried out is not sent again`,
  remedy: "idempotent" as const
})

const wantOfRoom = ({ cause, connections }: Asking["room"] & {}) => ({
  message: `this machine has no room for more than about ${connections} connections (${cause}): ulimit -n raises it`,
  remedy: "concurrency" as const
})

/** Rules that could not be applied do not hold; whoever wrote them should know. */
const faulty = (faults: Asking["faults"] & {}): ReadonlyArray<string> =>
  Object.entries(faults).map(([fault, count]) =>
    `a rule could not be applied to ${count === 1 ? "1 answer" : `${count} answers`}, where it did not hold: ${fault}`
  )

/** What the last run has asked in vain, by the ids of questions, and how many of them are remembered. */
const Ids = Schema.Array(Schema.Int)
const most = 4096

/** The id of the runs of a ledger: each goes on with the one before. */
const idOf = (ledger: typeof Ledger.Service): Effect.Effect<string, LedgerError> =>
  Effect.flatMap(ledger.note("id"), (id) =>
    typeof id === "string"
      ? Effect.succeed(id)
      : Effect.tap(Idempotency.makeRunId, (id) => ledger.setNotes({ id })))

/** What all runs of a ledger have spent, if anything. */
export const spentOf = (ledger: typeof Ledger.Service): Effect.Effect<Sweep.Spent | undefined, LedgerError> =>
  Effect.flatMap(ledger.note("spent"), (note) =>
    note === undefined
      ? Effect.succeed(undefined)
      : Effect.mapError(
        Schema.decodeUnknown(Sweep.Spent)(note),
        (cause) =>
          new LedgerError({
            reason: "Read",
            ledger: ledger.name,
            message: "what it says was spent cannot be read: use a newer rollcall, or another ledger",
            cause
          })
      ))

/** The caps and the price that the last run of a ledger went by. */
export const budgetOf = (ledger: typeof Ledger.Service): Effect.Effect<Budget.Budget, LedgerError> =>
  Effect.map(
    ledger.note("budget"),
    (note) => Option.getOrElse(Schema.decodeUnknownOption(Budget.Budget)(note), () => Budget.none)
  )

/** What stopped the last run on a ledger, where something did. */
export const stopOf = (ledger: typeof Ledger.Service): Effect.Effect<StopError | undefined, LedgerError> =>
  Effect.map(
    ledger.note("stopped"),
    (note) => Option.getOrUndefined(Schema.decodeUnknownOption(StopError)(note))
  )

/** Keeps it, without the request. */
const keepStop = (ledger: typeof Ledger.Service, error: StopError) => {
  const { curl: _, ...stopped } = Schema.encodeSync(StopError)(error)
  return ledger.setNotes({ stopped })
}

/** Keeps notes that are not what they were. */
const keepNotes = (ledger: typeof Ledger.Service, notes: Notes) =>
  Effect.forEach(
    Object.entries(notes),
    ([name, value]) =>
      Effect.flatMap(ledger.note(name), (before) =>
        JSON.stringify(before) === JSON.stringify(value) ? Effect.void : ledger.setNotes({ [name]: value }))
  )

/** Keeps them, for who looks at the ledger. */
const keepBudget = (ledger: typeof Ledger.Service, { time: _, ...budget }: Budget.Budget) =>
  Effect.flatMap(ledger.note("budget"), (before) => {
    const isNone = Object.keys(budget).length === 0
    const now = isNone ? undefined : Schema.encodeSync(Budget.Budget)(budget)
    return JSON.stringify(before) === JSON.stringify(now) ? Effect.void : ledger.setNotes({ budget: now })
  })

const forgotten = (ledger: string, { forgotten }: Listing) =>
  new LedgerError({
    reason: "Forgotten",
    ledger,
    message: forgotten === 1
      ? "the answer of 1 code was forgotten, and the output needs it"
      : `the answers of ${forgotten} codes were forgotten, and the output needs them`,
    remedy: "forgotten"
  })

/** Enters a list into the ledger, and asks nothing: what `run` does first. It says what is known. */
export const enlist = <A, E, R, R2>(
  lookup: Lookup<A, E, R>,
  options: Enrolment.Options<R2> & { readonly redo?: ReadonlyArray<Redo> | undefined }
): Effect.Effect<
  { readonly list: Listed; readonly listing: Listing },
  LedgerError | SourceError,
  R2 | Ledger
> =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    yield* Effect.tapErrorTag(
      ledger.begin(yield* lookup.fingerprint),
      "LedgerError",
      // a request that does not go with its list is no reason to take another ledger
      ({ reason }) =>
        reason === "Mismatch" && options.isEnlisted !== true ? Enrolment.agree(lookup, options) : Effect.void
    )
    const { changed, found, older, reopened } = yield* Revision.revise(lookup)
    const { id, ...read } = yield* options.isEnlisted === true
      ? Enrolment.stand(options)
      : Enrolment.enroll(lookup, options)
    const redone = options.redo === undefined ? [] : yield* ledger.redo(id, options.redo)
    const isRedone = redone.some((count) => count > 0)
    // whoever asks again has heard of it
    if (isRedone) yield* ledger.setNotes({ older: {} })
    const { forgotten, outcomes, questions, refused } = yield* ledger.counts(id)
    const known = settled(outcomes)
    const standing = known > 0 ? yield* ledger.standing(id) : undefined
    // to look for marks is to look at all that was found
    const isMarked = outcomes.found > 0 && lookup.reading.includes("review")
    const hasCauses = isMarked || outcomes.invalid + outcomes.failed + refused > 0
    return {
      list: (yield* ledger.lists).find((list) => list.id === id)!,
      listing: {
        ...read,
        questions,
        refused,
        known,
        oldest: standing?.oldest ?? Infinity,
        redone,
        stale: standing?.stale ?? { count: 0, since: Infinity },
        revised: changed,
        refound: found,
        reopened: reopened.length,
        older,
        forgotten,
        outcomes: { ...outcomes, invalid: outcomes.invalid + refused },
        causes: hasCauses ? yield* ledger.causes(id) : []
      }
    }
  })

const toOutcome = <A, E>(settled: Sweep.Settled<A, E>): Outcome<A, E | LookupError> => {
  const told = {
    code: settled.question.code,
    ...(settled.status === undefined ? {} : { http_status: settled.status }),
    attempts: settled.attempts,
    calls: settled.calls,
    ms: Recorder.round(settled.ms),
    at: DateTime.formatIso(DateTime.unsafeMake(settled.at))
  }
  switch (settled.outcome) {
    case "found":
      return {
        ...told,
        outcome: "found",
        answer: settled.answer as A,
        ...(settled.review === undefined ? {} : { review: true })
      }
    case "invalid":
    case "failed":
      return { ...told, outcome: settled.outcome, error: settled.error! }
    case "not_found":
    case "skipped":
      return { ...told, outcome: settled.outcome }
  }
}

const invalid = (code: string, message: string): Outcome<never> => ({
  code,
  outcome: "invalid",
  attempts: 0,
  calls: 0,
  error: new LookupError({ reason: "invalid_code", message })
})
