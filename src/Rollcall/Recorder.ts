/**
 * The recorder makes outcomes durable, many at a time, and hands them on to the outputs. The ledger waits for no output: what is answered
 * is recorded whatever becomes of them.
 */
import { type Cause, Deferred, Duration, Effect, Exit, FiberId, type Scope } from "effect"
import { type Answered, Ledger, type LedgerError } from "../Ledger.ts"
import { type ErrorRecord, LookupError } from "../Outcome.ts"
import type { SinkError } from "../Sink.ts"
import type * as Sweep from "../Sweep.ts"
import { StopError } from "../Sweep.ts"
import type { Projection } from "./Projection.ts"
import * as Tally from "./Tally.ts"

/** Outcomes, and characters of answers, that are committed at once while the ledger keeps up. */
const [commitSize, commitLength] = [1024, 4 * 1024 * 1024]
/** No outcome waits longer for its commit. */
const commitInterval = Duration.millis(50)
/** Who brings an outcome to a ledger that keeps a commit waiting for longer waits with it: no more is asked than can be lost. */
const slow = Duration.seconds(1)
/** Outcomes, and characters of answers, that may be recorded and not yet written; who brings more waits for the outputs. */
const [backlogSize, backlogLength] = [4 * commitSize, 2 * commitLength]

/** Takes outcomes and commits them in groups; they count only when they are durable. */
export interface Recorder {
  /** Takes an outcome. It waits while the outputs are too far behind. */
  readonly settle: (settled: Sweep.Settled) => Effect.Effect<void>
  /** At the end: commits and writes what has not been yet. It fails where that, or anything before it, has failed. */
  readonly flush: Effect.Effect<void, LedgerError | SinkError>
  /** Fails where nothing was found any more of what was found before. */
  readonly verdict: Effect.Effect<void, StopError>
  /** Fails as soon as a commit or an output has failed, or nothing is found any more of what was found before. */
  readonly failure: Effect.Effect<never, LedgerError | SinkError | StopError>
  /** Whether who brings an outcome waits: for the ledger, or for an output. */
  readonly isHeld: () => boolean
}

/** A recorder that commits every 1,024 outcomes, and what there is every 50 ms. */
export const make = (
  list: number,
  projection: Projection,
  /** Counts what has become durable. */
  tally: Tally.Tally,
  /** Some of the questions were answered before: how many in a row may be gone since; nothing where none was. */
  mostGone?: number
): Effect.Effect<Recorder, never, Ledger | Scope.Scope> =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const scope = yield* Effect.scope
    const failed = yield* Deferred.make<never, LedgerError | SinkError | StopError>()
    const outputs = yield* hand(projection, (cause) => Deferred.failCause(failed, cause))
    const oneWriter = yield* Effect.makeSemaphore(1)
    let batch: Array<Answered> = []
    let length = 0
    let broken: Effect.Effect<never, LedgerError> | undefined
    /** Found before and not now, one after the other; they are withheld until it is known whether anything is found. */
    let gone: ReadonlyArray<Answered> = []
    let isStopped = false
    /** Counts the commits; the one that was under way when it was looked at last. */
    let [commits, isCommitting, seen, isSlow] = [0, false, -1, false]

    /** What stands of a batch, and what is withheld. */
    const keep = (settled: ReadonlyArray<Answered>, most: number) =>
      Effect.map(earlierOf(ledger, settled), (earlier) => {
        const kept: Array<Answered> = []
        const release = () => {
          tally.vanished += gone.length
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
        const settled = batch
        if (settled.length === 0 && !(isEnd && gone.length > 0)) return Effect.void
        const before = { gone, vanished: tally.vanished }
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
              for (const answered of outcomes) Tally.count(tally, answered)
              outputs.take(outcomes)
              return isStopped ? Deferred.fail(failed, allGone(mostGone!)) : Effect.void
            })
          )).pipe(
            Effect.tapErrorCause((cause) =>
              Effect.suspend(() => {
                batch = [...settled, ...batch]
                gone = before.gone
                tally.vanished = before.vanished
                broken ??= Effect.failCause(cause)
                return Deferred.failCause(failed, cause)
              })
            )
          )
      })
    const timed = <E>(effect: Effect.Effect<void, E>) =>
      Effect.suspend(() => {
        commits++
        isCommitting = true
        return Effect.onExit(effect, () =>
          Effect.sync(() => {
            isCommitting = isSlow = false
          }))
      })
    const alone = <E>(effect: Effect.Effect<void, E>) => oneWriter.withPermits(1)(Effect.uninterruptible(timed(effect)))
    // a failure here is told by `failure`
    const record = Effect.ignore(alone(Effect.suspend(() => broken ?? commit(false))))
    // what a ledger did not take it may take in the end, when the calls in flight have come back
    const recordLast = alone(
      Effect.suspend(() => broken === undefined ? commit(true) : Effect.zipRight(Effect.ignore(commit(true)), broken))
    )
    const recordAndWrite = Effect.zipRight(record, Effect.ignore(outputs.write))
    const writeMeanwhile = Effect.suspend(() =>
      outputs.isIdle() ? Effect.forkIn(Effect.ignore(outputs.write), scope) : Effect.void
    )
    yield* Effect.forkScoped(
      Effect.forever(Effect.zipRight(Effect.sleep(commitInterval), Effect.zipRight(record, writeMeanwhile)))
    )
    yield* Effect.forkScoped(
      Effect.forever(Effect.map(Effect.sleep(slow), () => {
        isSlow = isCommitting && seen === commits
        seen = commits
      }))
    )
    return {
      settle: (settled) => {
        batch.push(toAnswered(settled))
        length += settled.reply?.body.length ?? 0
        if (isSlow) return record
        return batch.length < commitSize && length < commitLength ? outputs.room() : recordAndWrite
      },
      flush: Effect.zipRight(recordLast, outputs.write),
      verdict: Effect.suspend(() => isStopped ? allGone(mostGone!) : Effect.void),
      failure: Deferred.await(failed),
      isHeld: () => isSlow || outputs.isFull()
    }
  })

/** What was recorded, on its way to the outputs. */
const hand = (
  projection: Projection,
  onFailure: (cause: Cause.Cause<LedgerError | SinkError>) => Effect.Effect<unknown>
) =>
  Effect.map(Effect.makeSemaphore(1), (oneHand) => {
    let backlog: Array<Answered> = []
    let length = 0
    let isBusy = false
    let broken: Effect.Effect<never, LedgerError | SinkError> | undefined
    /** Done when there is room again. */
    let room: Deferred.Deferred<void> | undefined
    const clear = () => {
      backlog = []
      length = 0
      if (room !== undefined) Deferred.unsafeDone(room, Effect.void)
      room = undefined
    }
    const write = Effect.suspend(() => {
      const outcomes = backlog
      clear()
      if (broken !== undefined || outcomes.length === 0) return broken ?? Effect.void
      isBusy = true
      return Effect.onExit(projection.advance(outcomes), (exit) => {
        isBusy = false
        if (Exit.isSuccess(exit)) return Effect.void
        broken = Effect.failCause(exit.cause)
        clear()
        return onFailure(exit.cause)
      })
    })
    return {
      take: (outcomes: ReadonlyArray<Answered>) => {
        if (broken !== undefined) return
        for (const outcome of outcomes) {
          backlog.push(outcome)
          length += outcome.body?.length ?? 0
        }
        if (backlog.length > backlogSize || length > backlogLength) room ??= Deferred.unsafeMake(FiberId.none)
      },
      /** Writes what there is. It fails for ever once an output has failed. */
      write: oneHand.withPermits(1)(Effect.uninterruptible(write)),
      isIdle: () => !isBusy && backlog.length > 0,
      isFull: () => room !== undefined,
      /** Waits until there is room for more. */
      room: () => room === undefined ? Effect.void : Deferred.await(room)
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

/** An outcome as the ledger keeps it. */
export const toAnswered = (settled: Sweep.Settled): Answered => ({
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
