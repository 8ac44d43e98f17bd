/**
 * The recorder makes outcomes durable, many at a time.
 */
import { Deferred, Duration, Effect, type Scope } from "effect"
import { type Answered, Ledger, type LedgerError } from "../Ledger.ts"
import { type ErrorRecord, LookupError } from "../Outcome.ts"
import type { SinkError } from "../Sink.ts"
import type * as Sweep from "../Sweep.ts"
import * as Progress from "./Progress.ts"
import type { Projection } from "./Projection.ts"

/** Outcomes, and characters of answers, that are committed at once while the ledger keeps up. */
const [commitSize, commitLength] = [1024, 4 * 1024 * 1024]
/** No outcome waits longer for its commit. */
const commitInterval = Duration.millis(50)

/** Takes outcomes and commits them in groups; they count only when they are durable. */
export interface Recorder {
  readonly settle: (settled: Sweep.Settled) => Effect.Effect<void, LedgerError | SinkError>
  /** Commits what has not been committed yet. It fails for ever once a commit has failed. */
  readonly flush: Effect.Effect<void, LedgerError | SinkError>
  /** Fails as soon as a commit has failed. */
  readonly failure: Effect.Effect<never, LedgerError | SinkError>
}

/** A recorder that commits every 1,024 outcomes, and what there is every 50 ms. */
export const make = (
  list: number,
  projection: Projection,
  progress: Progress.Progress,
  /** Some of the questions were answered before. */
  isRedo = false
): Effect.Effect<Recorder, never, Ledger | Scope.Scope> =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const oneWriter = yield* Effect.makeSemaphore(1)
    let batch: Array<Answered> = []
    let length = 0
    let broken: Effect.Effect<never, LedgerError | SinkError> | undefined
    const failed = yield* Deferred.make<never, LedgerError | SinkError>()

    const commit = Effect.suspend(() => {
      if (broken !== undefined) return broken
      const settled = batch
      if (settled.length === 0) return Effect.void
      batch = []
      length = 0
      const kept = isRedo && settled.some(isNoAnswer) ? standing(ledger, progress, settled) : Effect.succeed(settled)
      return Effect.flatMap(kept, (outcomes) =>
        Effect.zipRight(
          ledger.record(list, outcomes),
          Effect.suspend(() => {
            for (const answered of outcomes) Progress.count(progress, answered)
            return projection.advance(outcomes)
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
    const flush = oneWriter.withPermits(1)(Effect.uninterruptible(commit))
    // a failure here is met again by the next outcome
    yield* Effect.forkScoped(Effect.forever(Effect.zipRight(Effect.sleep(commitInterval), Effect.ignore(flush))))
    return {
      settle: (settled) => {
        batch.push(toAnswered(settled))
        length += settled.reply?.body.length ?? 0
        return batch.length < commitSize && length < commitLength ? broken ?? Effect.void : flush
      },
      flush,
      failure: Deferred.await(failed)
    }
  })

const isNoAnswer = ({ outcome }: Answered) => outcome !== "found"

/**
 * An answer is replaced by an answer alone: what is asked again in vain keeps its old one, with the new error beside it.
 */
const standing = (ledger: typeof Ledger.Service, progress: Progress.Progress, settled: ReadonlyArray<Answered>) =>
  Effect.map(ledger.earlier(settled.filter(isNoAnswer).map(({ question }) => question)), (earlier) => {
    const before = new Map(earlier.map((answered) => [answered.question, answered]))
    return settled.map((answered) => {
      const old = before.get(answered.question)
      if (old === undefined || (old.outcome !== "found" && old.outcome !== "not_found")) return answered
      if (answered.outcome === "found") return answered
      if (answered.outcome === "not_found") {
        if (old.outcome === "found") progress.vanished++
        return answered
      }
      return { ...old, error: answered.error }
    })
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
