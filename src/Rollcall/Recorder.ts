/**
 * The recorder makes outcomes durable, many at a time.
 */
import { Deferred, Duration, Effect, type Scope } from "effect"
import { type Answered, Ledger, type LedgerError } from "../Ledger.ts"
import { type ErrorRecord, LookupError } from "../Outcome.ts"
import type { SinkError } from "../Sink.ts"
import type * as Sweep from "../Sweep.ts"
import { StopError } from "../Sweep.ts"
import * as Progress from "./Progress.ts"
import type { Projection } from "./Projection.ts"

/** Outcomes, and characters of answers, that are committed at once while the ledger keeps up. */
const [commitSize, commitLength] = [1024, 4 * 1024 * 1024]
/** No outcome waits longer for its commit. */
const commitInterval = Duration.millis(50)

/** Takes outcomes and commits them in groups; they count only when they are durable. */
export interface Recorder {
  readonly settle: (settled: Sweep.Settled) => Effect.Effect<void, LedgerError | SinkError>
  /** Commits what has not been committed yet, at the end. It fails for ever once a commit has failed. */
  readonly flush: Effect.Effect<void, LedgerError | SinkError>
  /** Fails where nothing was found any more of what was found before. */
  readonly verdict: Effect.Effect<void, StopError>
  /** Fails as soon as a commit has failed, or nothing is found any more of what was found before. */
  readonly failure: Effect.Effect<never, LedgerError | SinkError | StopError>
}

/** A recorder that commits every 1,024 outcomes, and what there is every 50 ms. */
export const make = (
  list: number,
  projection: Projection,
  progress: Progress.Progress,
  /** Some of the questions were answered before: how many in a row may be gone since; nothing where none was. */
  mostGone?: number
): Effect.Effect<Recorder, never, Ledger | Scope.Scope> =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const oneWriter = yield* Effect.makeSemaphore(1)
    let batch: Array<Answered> = []
    let length = 0
    let broken: Effect.Effect<never, LedgerError | SinkError> | undefined
    const failed = yield* Deferred.make<never, LedgerError | SinkError | StopError>()
    /** Found before and not now, one after the other; they are withheld until it is known whether anything is found. */
    let gone: ReadonlyArray<Answered> = []
    let isStopped = false

    /** What stands of a batch, and what is withheld. */
    const keep = (settled: ReadonlyArray<Answered>, most: number) =>
      Effect.map(earlierOf(ledger, settled), (earlier) => {
        const kept: Array<Answered> = []
        const release = () => {
          progress.vanished += gone.length
          kept.push(...gone)
          gone = []
        }
        for (const answered of settled) {
          const old = earlier.get(answered.question)
          if (answered.outcome === "found") release()
          if (answered.outcome === "not_found" && old?.outcome === "found") gone = [...gone, answered]
          else kept.push(standing(answered, old))
          if (gone.length >= most) isStopped = true
          if (isStopped) gone = []
        }
        return { kept, release }
      })

    const commit = (isEnd: boolean) =>
      Effect.suspend(() => {
        if (broken !== undefined) return broken
        const settled = batch
        if (settled.length === 0 && !(isEnd && gone.length > 0)) return Effect.void
        batch = []
        length = 0
        const isPlain = mostGone === undefined || (gone.length === 0 && !settled.some(isNoAnswer))
        const wanted = isPlain ? Effect.succeed(settled) : Effect.map(keep(settled, mostGone), ({ kept, release }) => {
          if (isEnd) release()
          return kept
        })
        return Effect.flatMap(wanted, (outcomes) =>
          Effect.zipRight(
            outcomes.length === 0 ? Effect.void : ledger.record(list, outcomes),
            Effect.suspend(() => {
              for (const answered of outcomes) Progress.count(progress, answered)
              return Effect.zipRight(
                projection.advance(outcomes),
                isStopped ? Deferred.fail(failed, allGone(mostGone!)) : Effect.void
              )
            })
          ))
      }).pipe(
        Effect.tapErrorCause((cause) =>
          Effect.suspend(() => {
            broken = Effect.failCause(cause)
            return Deferred.failCause(failed, cause)
          })
        )
      )
    const flush = (isEnd: boolean) => oneWriter.withPermits(1)(Effect.uninterruptible(commit(isEnd)))
    const now = flush(false)
    // a failure here is met again by the next outcome
    yield* Effect.forkScoped(Effect.forever(Effect.zipRight(Effect.sleep(commitInterval), Effect.ignore(now))))
    return {
      settle: (settled) => {
        batch.push(toAnswered(settled))
        length += settled.reply?.body.length ?? 0
        return batch.length < commitSize && length < commitLength ? broken ?? Effect.void : now
      },
      flush: flush(true),
      verdict: Effect.suspend(() => isStopped ? allGone(mostGone!) : Effect.void),
      failure: Deferred.await(failed)
    }
  })

const isNoAnswer = ({ outcome }: Answered) => outcome !== "found"

/** What was known before of those that have no answer now. */
const earlierOf = (ledger: typeof Ledger.Service, settled: ReadonlyArray<Answered>) =>
  Effect.map(
    ledger.earlier(settled.filter(isNoAnswer).map(({ question }) => question)),
    (earlier) => new Map(earlier.map((answered) => [answered.question, answered]))
  )

/** An answer is replaced by an answer alone: what is asked again in vain keeps its old one, with the new error beside it. */
const standing = (answered: Answered, old: Answered | undefined): Answered =>
  old === undefined || !isAnswer(old) || isAnswer(answered) ? answered : { ...old, error: answered.error }

const isAnswer = ({ outcome }: Answered) => outcome === "found" || outcome === "not_found"

const allGone = (count: number) =>
  new StopError({
    reason: "vanished",
    message: `${count} codes in a row were found before and are not now: is the request right?`
  })

const toAnswered = (settled: Sweep.Settled): Answered => ({
  question: settled.id,
  outcome: settled.outcome,
  http_status: settled.status ?? null,
  attempts: settled.attempts,
  calls: settled.calls,
  ms: round(settled.ms),
  at: settled.at,
  body: settled.reply?.body ?? null,
  error: settled.error !== undefined
    ? JSON.stringify(toErrorRecord(settled.error))
    : settled.review === undefined
    ? null
    : toReview(settled.review)
})

/** What stands where an error would, in a found outcome that a rule marks for a person to look at. */
export const toReview = (rule: string): string => JSON.stringify({ type: "review", message: rule })

/** How an error stands in a record. */
export const toErrorRecord = (error: unknown): ErrorRecord =>
  error instanceof LookupError
    ? {
      type: error.reason,
      message: error.message.toWellFormed(),
      ...(error.rule === undefined ? {} : { rule: error.rule })
    }
    : { type: "error", message: (error instanceof Error ? error.message : String(error)).toWellFormed() }

/** Milliseconds with one decimal. */
export const round = (ms: number): number => Math.round(ms * 10) / 10
