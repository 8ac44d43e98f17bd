/**
 * Calling the roll: for one code, for many, or for a list with a ledger.
 */
import { Clock, DateTime, Effect, Either } from "effect"
import * as Code from "./Code.ts"
import { Ledger, type LedgerError, type List } from "./Ledger.ts"
import type { Lookup } from "./Lookup.ts"
import { LookupError, type Outcome } from "./Outcome.ts"
import * as Policy from "./Policy.ts"
import * as Enrolment from "./Rollcall/Enrolment.ts"
import * as Progress from "./Rollcall/Progress.ts"
import * as Projection from "./Rollcall/Projection.ts"
import * as Recorder from "./Rollcall/Recorder.ts"
import { Sink, type SinkError } from "./Sink.ts"
import type { Source, SourceError } from "./Source.ts"
import type { Summary } from "./Summary.ts"
import * as Sweep from "./Sweep.ts"
import type { StopError } from "./Sweep.ts"
import type * as Queue from "./Sweep/Queue.ts"

export { StopError } from "./Sweep.ts"

/** What ends a run: what would fail every question, or an input, a ledger or an output that cannot be used. */
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
    return Sweep.prepare(lookup).pipe(
      Effect.flatMap((ask) => Sweep.sweep({ lookup, ask, policy, progress: Sweep.noProgress(), pull, settle })),
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
  /** Is kept up to date while the run goes on. */
  readonly progress?: Progress.Progress
  /** Is run when the list has been read and everything is ready, before the first call. */
  readonly onBegin?: Effect.Effect<void>
}

/**
 * Calls the roll for a list: enrolls it in the ledger, asks what is pending there, and projects the outcomes into the sink.
 *
 * Run again it goes on where it stopped. On interruption the calls in flight are finished, for at most 5 s, and recorded.
 */
export const run = <A, E, R, R2>(
  lookup: Lookup<A, E, R>,
  options: RunOptions<R2>
): Effect.Effect<Summary, RunError, R | R2 | Ledger | Sink> =>
  Effect.scoped(Effect.gen(function*() {
    const ledger = yield* Ledger
    const sink = yield* Sink
    const begun = yield* Clock.currentTimeNanos
    const progress = options.progress ?? Progress.none()
    const ask = yield* Sweep.prepare(lookup)
    yield* sink.check((yield* ledger.list).outputs)
    const list = yield* enlist(lookup, { ...options, progress, outputs: sink.outputs })

    const projection = yield* Projection.make(yield* sink.open({ list, lookup }), list, options.order ?? "input")
    const recorder = yield* Recorder.make(projection, progress)
    yield* options.onBegin ?? Effect.void
    yield* Sweep.sweep({
      lookup,
      ask,
      policy: options.policy ?? Policy.standard,
      progress,
      pull: Enrolment.pending(ledger, lookup.inputs),
      settle: recorder.settle
    }).pipe(
      // what is answered is kept, however the sweep ends; a ledger that failed is the worse news
      Effect.onInterrupt(() => Effect.ignore(recorder.flush)),
      Effect.catchAll((error) => Effect.zipRight(recorder.flush, Effect.fail(error)))
    )
    yield* recorder.flush
    yield* projection.complete
    return Progress.summary(progress, Number((yield* Clock.currentTimeNanos) - begun) / 1e9)
  }))

/**
 * Enters a list into the ledger, and asks nothing: what `run` does first. `progress` says what is known and what is pending.
 */
export const enlist = <A, E, R, R2>(
  lookup: Lookup<A, E, R>,
  options: {
    readonly source: Source<R2>
    readonly rules?: Code.Rules
    readonly progress: Progress.Progress
    /** What the run writes; the ledger remembers that it is ours. */
    readonly outputs?: ReadonlyArray<string>
  }
): Effect.Effect<List, LedgerError | SourceError, R2 | Ledger> =>
  Effect.gen(function*() {
    const { outputs, progress } = options
    const ledger = yield* Ledger
    yield* ledger.begin(yield* lookup.fingerprint)
    const ours = [...new Set([...(yield* ledger.list).outputs, ...(outputs ?? [])])]
    const list = yield* Enrolment.enroll(lookup, options, ours, progress)
    const { outcomes, questions, refused } = yield* ledger.counts
    progress.questions = questions
    progress.refused = refused
    progress.outcomes = { ...outcomes, invalid: outcomes.invalid + refused }
    progress.known = Progress.settled(outcomes)
    progress.phase = "asking"
    return list
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
      return { ...told, outcome: "found", answer: settled.answer as A }
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
