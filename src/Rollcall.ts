/**
 * Calling the roll: for one code, for many, or for a list with a ledger.
 */
import { Clock, Duration, Effect, Either, Stream } from "effect"
import * as Code from "./Code.ts"
import * as Entry from "./Entry.ts"
import { type Answered, type Enrolled, Ledger, type LedgerError, type List } from "./Ledger.ts"
import type { Lookup } from "./Lookup.ts"
import { type ErrorRecord, LookupError, type Outcome } from "./Outcome.ts"
import * as Policy from "./Policy.ts"
import { Sink, type SinkError, type Writer } from "./Sink.ts"
import { type Source, SourceError } from "./Source.ts"
import { empty } from "./Source/Bytes.ts"
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
    const questions = new Map<string, number>()
    const outcomes: Array<Outcome<A, E | LookupError>> = []
    const places: Array<number> = []
    const pending: Array<Queue.Pending> = []
    for (const input of codes) {
      let id = questions.get(input)
      if (id === undefined) {
        id = questions.size
        questions.set(input, id)
        const code = parse(input)
        if (Either.isRight(code)) pending.push({ id, question: { code: code.right, values: {} } })
        else outcomes[id] = invalid(input, code.left.message)
      }
      places.push(id)
    }
    let isPulled = false
    return Sweep.sweep({
      lookup,
      policy,
      progress: Sweep.noProgress(),
      pull: Effect.sync(() => {
        if (isPulled) return []
        isPulled = true
        return pending
      }),
      settle: (settled) => {
        outcomes[settled.id] = toOutcome(settled)
        return Effect.void
      }
    }).pipe(Effect.map(() => places.map((id) => outcomes[id]!)))
  })

/** How a list is called. */
export interface RunOptions<R> {
  readonly source: Source<R>
  readonly policy?: Policy.Policy
  /** What an input must look like to be asked. */
  readonly rules?: Code.Rules
  /** `input` (the default) holds records back until all before them are there. */
  readonly order?: Order
  /** Is kept up to date while the run goes on. */
  readonly progress?: Progress
}

/** In which order records are written. */
export type Order = "input" | "done"

/** How far a run is. It is mutated in place. */
export interface Progress extends Sweep.Progress {
  phase: "reading" | "asking" | "done"
  entries: number
  questions: number
  /** Entries that are not codes. */
  refused: number
  /** Questions that an earlier run had answered. */
  known: number
}

/** A run that has not begun. */
export const noProgress = (): Progress => ({
  ...Sweep.noProgress(),
  phase: "reading",
  entries: 0,
  questions: 0,
  refused: 0,
  known: 0
})

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
    const progress = options.progress ?? noProgress()

    const { outputs } = yield* ledger.list
    yield* sink.check(outputs)
    yield* ledger.begin(yield* lookup.fingerprint)
    const list = yield* enroll(lookup, options, [...new Set([...outputs, ...sink.outputs])], progress)
    const counts = yield* ledger.counts
    progress.questions = counts.questions
    progress.refused = counts.refused
    progress.outcomes = { ...counts.outcomes, invalid: counts.outcomes.invalid + counts.refused }
    progress.known = Object.values(counts.outcomes).reduce((sum, count) => sum + count, 0)
    progress.phase = "asking"

    const projection = yield* project(yield* sink.open({ list, lookup }), list, options.order ?? "input")
    const recorder = yield* record(projection, progress)
    yield* Sweep.sweep({
      lookup,
      policy: options.policy ?? Policy.standard,
      progress,
      pull: pending(ledger, lookup.inputs),
      settle: recorder.settle
    }).pipe(Effect.raceFirst(recorder.tick), Effect.ensuring(Effect.ignore(recorder.flush)))
    yield* recorder.flush
    yield* projection.complete
    progress.phase = "done"
    return summary(progress, Number((yield* Clock.currentTimeNanos) - begun) / 1e9)
  }))

type LedgerService = typeof Ledger.Service

/** Entries per batch of enrolment. */
const enrolSize = 4096
/** Questions per page of the sweep, and rows per page of the projection. */
const pageSize = 512
/** Outcomes per commit at the most while the ledger keeps up. */
const commitSize = 256
/** No outcome waits longer for its commit. */
const commitInterval = Duration.millis(50)

/** Reads the source to its end and enters it, so that a bad row is found before anything is called. */
const enroll = <R>(
  lookup: Lookup<unknown, unknown, unknown>,
  { rules, source }: RunOptions<R>,
  outputs: ReadonlyArray<string>,
  progress: Progress
): Effect.Effect<List, SourceError | LedgerError, R | Ledger> =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const parse = Code.parse(rules ?? Code.anyCode)
    const columns = new Set<string>()
    const enter = (entry: Entry.Entry): Enrolled => {
      for (const name in entry.columns) columns.add(name)
      const code = parse(entry.input)
      const key = Either.isRight(code)
        ? Entry.key({ code: code.right, values: Entry.values(entry.columns, lookup.inputs) }, lookup.inputs)
        : null
      return {
        ordinal: progress.entries++,
        line: entry.line,
        key,
        input: entry.input,
        columns: entry.columns === undefined ? null : JSON.stringify(entry.columns),
        error: Either.isLeft(code) ? JSON.stringify({ type: "invalid_code", message: code.left.message }) : null
      }
    }
    progress.entries = 0
    yield* Stream.runForEachChunk(Stream.rechunk(source.entries, enrolSize), (chunk) =>
      Effect.suspend((): Effect.Effect<void, SourceError | LedgerError> => {
        const entered = Array.from(chunk, enter)
        const absent = lookup.inputs.find((name) =>
          !columns.has(name)
        )
        return absent === undefined ? ledger.enroll(entered) : missingInput(source.name, absent, [...columns])
      }))
    if (progress.entries === 0) return yield* empty(source.name)
    const list: List = {
      source: source.name,
      entries: progress.entries,
      columns: [...columns],
      column: source.column ?? (columns.size === 1 ? [...columns][0]! : null),
      outputs
    }
    yield* ledger.enrolled(list)
    return list
  })

const missingInput = (source: string, name: string, columns: ReadonlyArray<string>) =>
  new SourceError({
    reason: "Column",
    source,
    detail: columns.length === 0
      ? `the request names {${name}}, but this input has no columns`
      : `the request names {${name}}, but the columns are ${columns.join(", ")}`
  })

/** The pending questions, a page at each call. */
const pending = (ledger: LedgerService, inputs: ReadonlyArray<string>) => {
  let from = 0
  return Effect.suspend(() =>
    Effect.map(ledger.pending(from, pageSize), (page) => {
      from = (page.at(-1)?.ordinal ?? from) + 1
      return page.map(({ key, question }): Queue.Pending => ({ id: question, question: Entry.fromKey(key, inputs) }))
    })
  )
}

/** Writes answered rows as they become final. */
interface Projection {
  /** These questions have been recorded. */
  readonly advance: (questions: ReadonlyArray<number>) => Effect.Effect<void, LedgerError | SinkError>
  /** Everything has been recorded. */
  readonly complete: Effect.Effect<void, LedgerError | SinkError>
}

const project = (
  writer: Writer,
  list: List,
  order: Order
): Effect.Effect<Projection, LedgerError | SinkError, Ledger> =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    let position = 0
    /** The question that the next row waits for. */
    let awaited: number | undefined

    const inOrder: Effect.Effect<void, LedgerError | SinkError> = Effect.gen(function*() {
      awaited = undefined
      while (position < list.entries && awaited === undefined) {
        const rows = yield* ledger.rows(position, pageSize)
        const end = rows.findIndex(({ outcome }) => outcome === null)
        if (end >= 0) awaited = rows[end]!.question
        const answered = end < 0 ? rows : rows.slice(0, end)
        yield* writer.write(answered)
        position += answered.length
      }
    })

    if (order === "input") {
      yield* inOrder
      return {
        advance: (questions) => awaited !== undefined && questions.includes(awaited) ? inOrder : Effect.void,
        complete: Effect.zipRight(inOrder, writer.complete)
      }
    }
    for (; position < list.entries; position += pageSize) {
      const rows = yield* ledger.rows(position, pageSize)
      yield* writer.write(rows.filter(({ outcome }) => outcome !== null))
    }
    return {
      advance: (questions) => Effect.flatMap(ledger.rowsOf(questions), writer.write),
      complete: writer.complete
    }
  })

/** Group commit: outcomes wait for their batch, and count only when it is durable. */
const record = (
  projection: Projection,
  progress: Progress
): Effect.Effect<
  {
    readonly settle: (settled: Sweep.Settled) => Effect.Effect<void, LedgerError | SinkError>
    readonly flush: Effect.Effect<void, LedgerError | SinkError>
    readonly tick: Effect.Effect<never, LedgerError | SinkError>
  },
  never,
  Ledger
> =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const oneWriter = yield* Effect.makeSemaphore(1)
    let batch: Array<Answered> = []

    const commit = Effect.suspend(() => {
      const outcomes = batch
      if (outcomes.length === 0) return Effect.void
      batch = []
      return Effect.zipRight(
        ledger.record(outcomes),
        Effect.suspend(() => {
          for (const { outcome } of outcomes) progress.outcomes[outcome]++
          return projection.advance(outcomes.map(({ question }) => question))
        })
      )
    })
    const flush = oneWriter.withPermits(1)(Effect.uninterruptible(commit))
    return {
      settle: (settled) => batch.push(toAnswered(settled)) < commitSize ? Effect.void : flush,
      flush,
      tick: Effect.forever(Effect.zipRight(Effect.sleep(commitInterval), flush))
    }
  })

const toAnswered = (settled: Sweep.Settled): Answered => ({
  question: settled.id,
  outcome: settled.outcome,
  http_status: settled.reply?.status ?? null,
  attempts: settled.attempts,
  calls: settled.calls,
  ms: round(settled.ms),
  at: settled.at,
  body: settled.reply?.body ?? null,
  error: settled.error === undefined ? null : JSON.stringify(toErrorRecord(settled.error))
})

const toErrorRecord = (error: unknown): ErrorRecord =>
  error instanceof LookupError
    ? { type: error.reason, message: error.message }
    : { type: "error", message: error instanceof Error ? error.message : String(error) }

const toOutcome = <A, E>(settled: Sweep.Settled<A, E>): Outcome<A, E | LookupError> => {
  const told = {
    code: settled.question.code,
    ...(settled.reply === undefined ? {} : { http_status: settled.reply.status }),
    attempts: settled.attempts,
    calls: settled.calls,
    ms: round(settled.ms),
    at: new Date(settled.at).toISOString()
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

const round = (ms: number) => Math.round(ms * 10) / 10

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
