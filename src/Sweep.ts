/**
 * The sweep asks every pending question: workers pull the next ready attempt from the queue, and what one attempt came to is settled,
 * tried again later, or ends the sweep.
 */
import {
  Cause,
  type Clock,
  Duration,
  Effect,
  Fiber,
  ScheduleDecision,
  ScheduleIntervals,
  Schema,
  type Scope
} from "effect"
import type { Question } from "./Entry.ts"
import type { Ask, Lookup, Reply } from "./Lookup.ts"
import * as Classify from "./Lookup/Classify.ts"
import { type Kind, LookupError } from "./Outcome.ts"
import type { Policy } from "./Policy.ts"
import { format } from "./Policy/DurationText.ts"
import * as Gate from "./Policy/Gate.ts"
import * as Retry from "./Policy/Retry.ts"
import * as Meter from "./Sweep/Meter.ts"
import * as Queue from "./Sweep/Queue.ts"
import * as Tracing from "./Tracing.ts"

export { Spent } from "./Sweep/Meter.ts"

/** What would fail every other question too. Nothing is marked by it; a run can go on later. */
export class StopError extends Schema.TaggedError<StopError>()("StopError", {
  reason: Schema.Literal(
    "setting",
    "unreachable",
    "redirected",
    "unauthorized",
    "forbidden",
    "none_found",
    "throttled"
  ),
  message: Schema.String,
  /** The request that was refused, for a person to try; secrets are shown by name. */
  curl: Schema.optional(Schema.String)
}) {}

/** The final word on one question. */
export interface Settled<out A = unknown, out E = unknown> {
  readonly id: number
  readonly question: Question
  readonly outcome: Kind
  /** The answer as read, of a `found`. */
  readonly answer: A | undefined
  readonly error: E | LookupError | undefined
  /** The deciding reply; `undefined` where no call came back. */
  readonly reply: Reply | undefined
  readonly attempts: number
  readonly calls: number
  /** The status of the deciding reply, also of one whose body could not be read. */
  readonly status: number | undefined
  /** Milliseconds of the deciding call. */
  readonly ms: number
  /** When it was settled, in milliseconds since 1970. */
  readonly at: number
}

/** What a sweep has done so far. It is mutated in place and read by whoever shows progress. */
export interface Progress extends Queue.Progress {
  /** Counted by whoever makes outcomes durable, those of earlier runs too. */
  outcomes: Record<Kind, number>
  calls: number
  throttled: number
  retries: number
}

/** Nothing done yet. */
export const noProgress = (): Progress => ({
  outcomes: { found: 0, not_found: 0, invalid: 0, failed: 0, skipped: 0 },
  calls: 0,
  throttled: 0,
  retries: 0,
  inFlight: 0,
  waiting: 0,
  gate: Gate.open,
  paced: 0
})

/** Takes the settings and services of a lookup, before anything is asked. */
export const prepare = <A, E, R>(lookup: Lookup<A, E, R>): Effect.Effect<Ask<E>, StopError, R> =>
  Effect.mapError(lookup.prepare, ({ message }) => new StopError({ reason: "setting", message }))

/** What a sweep works on. */
export interface Options<A, E, R, E2> {
  readonly lookup: Lookup<A, E, R>
  /** The prepared lookup. */
  readonly ask: Ask<E>
  readonly policy: Policy
  /** The next pending questions, in order; none when there are no more. */
  readonly pull: Effect.Effect<ReadonlyArray<Queue.Pending>, E2>
  /** Takes an outcome; the worker waits for it. */
  readonly settle: (settled: Settled<A, E>) => Effect.Effect<void, E2>
  readonly progress: Progress
  /** What earlier runs have spent; nothing where it is left out. */
  readonly spent?: Meter.Spent | undefined
  /**
   * Makes durable what will have been spent after some more calls: no call is sent that it has not covered. At the end it gets the
   * exact figures. Left out, what was spent is forgotten.
   */
  readonly reserve?: ((spent: Meter.Spent) => Effect.Effect<void, E2>) | undefined
}

/** Outcomes without a single `found` that stop a sweep. */
const noneFoundLimit = 100
/** How long calls in flight may go on after an interruption; the rest of 5 s is for what is to be written. */
const drainLimit = Duration.millis(4_500)
/** Milliseconds by which a call may outlive its limit. */
const watchInterval = 200

/** What one attempt came to. */
interface Attempt<out A, out E> {
  readonly verdict: Classify.Verdict<A, E | LookupError>
  readonly reply: Reply | undefined
  readonly ms: number
}

/** A worker's slot: what it asks now, and the fiber to interrupt when that takes too long. */
interface Slot {
  asked: Queue.Asked | undefined
  sentAt: number
  /** Its question needs one more call, which may not be sent yet. */
  isPaying: boolean
  fiber: Fiber.RuntimeFiber<void, unknown> | undefined
}

/** Asks until there is no pending question left. On interruption the calls in flight are finished, for at most 5 s, and settled. */
export const sweep = <A, E, R, E2 = never>(options: Options<A, E, R, E2>): Effect.Effect<void, StopError | E2> =>
  Effect.clockWith((clock) => {
    const now = () => Number(clock.unsafeCurrentTimeNanos()) / 1e6
    const { policy, progress, reserve, spent } = options
    const { concurrency, pace } = policy
    const gate = () => progress.gate
    const meter = Meter.make({ rates: pace, concurrency, spent, reserve, gate, clock, now })
    const asking = Effect.scoped(askAll(options, clock, now, meter))
    const close = meter?.close ?? Effect.void
    return Effect.uninterruptibleMask((restore) =>
      Effect.matchCauseEffect(restore(asking), {
        onSuccess: (stopped) => Effect.zipRight(close, stopped ?? Effect.void),
        // the first failure stands
        onFailure: (cause) => Effect.zipRight(Effect.ignore(close), Effect.failCause(cause))
      })
    )
  })

/** Asks until there is no more to ask, and gives what it was stopped by. */
const askAll = <A, E, R, E2>(
  options: Options<A, E, R, E2>,
  clock: Clock.Clock,
  now: () => number,
  meter: Meter.Meter<E2> | undefined
): Effect.Effect<StopError | undefined, E2, Scope.Scope> =>
  Effect.gen(function*() {
    const { ask, lookup, policy, progress, pull, settle, spent } = options
    const scope = yield* Effect.scope
    const queue = yield* Queue.make({ pull, progress, meter, now })
    const spans = (yield* Tracing.isOn) ? Tracing.questions(clock) : undefined
    if (spans !== undefined) yield* Effect.addFinalizer(() => spans.close)
    const attempt = spans === undefined
      ? ({ question }: Queue.Asked, pay: Effect.Effect<void>) => ask(question, pay)
      : ({ id, question }: Queue.Asked, pay: Effect.Effect<void>) => spans.within(id, ask(question, pay))
    const schedule = Retry.schedule(policy.retry)
    const timeout = Duration.toMillis(policy.timeout)
    const deadline = Duration.toMillis(policy.deadline)

    let isFirst = true
    /** The ledger's failure, met while a question waited for one more call. */
    let broken: Effect.Effect<never, E2> | undefined
    let stopped: StopError | undefined
    let { found } = progress.outcomes
    // `invalid` may be what was never sent
    let answered = found + progress.outcomes.not_found + progress.outcomes.failed

    const activeTime = (at: number) => Gate.activeTime(progress.gate, at)

    const stop = (reason: StopError["reason"], message: string, curl?: string) => {
      stopped ??= new StopError({ reason, message, ...(curl === undefined ? {} : { curl }) })
      queue.drain()
    }

    const refuse = (asked: Queue.Asked, reason: StopError["reason"], { message }: Error) =>
      Effect.map(
        Effect.orElseSucceed(Effect.flatten(lookup.curl(asked.question)), () => undefined),
        (curl) => stop(reason, message, curl)
      )

    const finish = (
      asked: Queue.Asked,
      outcome: Kind,
      { reply, ms }: Attempt<A, E>,
      answer: A | undefined,
      error: E | LookupError | undefined
    ): Effect.Effect<void, E2> => {
      if (asked.calls > 0) answered++
      if (outcome === "found") found++
      else if (found === 0 && answered >= noneFoundLimit && !policy.allowNone) stop("none_found", noneFound(answered))
      const { attempts, calls, id, question } = asked
      spans?.end(id, { outcome, attempts, calls })
      const at = clock.unsafeCurrentTimeMillis()
      const status = reply?.status ?? (error instanceof LookupError ? error.status : undefined)
      return settle({ id, question, outcome, answer, error, reply, status, attempts, calls, ms, at })
    }

    const tryAgain = (asked: Queue.Asked, attempt: Attempt<A, E>, error: LookupError): Effect.Effect<void, E2> => {
      const at = clock.unsafeCurrentTimeMillis()
      return Effect.flatMap(schedule.step(at, error, asked.schedule ?? schedule.initial), ([state, , decision]) => {
        if (ScheduleDecision.isDone(decision)) return finish(asked, "failed", attempt, undefined, error)
        const delay = Math.max(0, ScheduleIntervals.start(decision.intervals) - at)
        if (delay >= deadline - (activeTime(now()) - asked.since)) {
          return finish(asked, "failed", attempt, undefined, pastDeadline(policy, error))
        }
        asked.schedule = state
        progress.retries++
        return queue.again(asked, delay)
      })
    }

    /** Shuts the gate, and stops where nothing but being told to wait has come back for too long. */
    const hold = (told: Duration.Duration | undefined, error: LookupError) =>
      Effect.map(queue.shut(policy.throttle, told), () => {
        if (Gate.isExhausted(progress.gate, policy.throttle, now())) stop("throttled", onlyThrottled(policy, error))
      })

    const judge = (asked: Queue.Asked, attempt: Attempt<A, E>): Effect.Effect<void, E2> => {
      const { reply, verdict } = attempt
      if (verdict.verdict === "throttled") {
        count(asked)
        progress.throttled++
        return Effect.zipRight(hold(verdict.wait, verdict.error), queue.again(asked, 0))
      }
      // refused before it was sent
      if (verdict.verdict === "invalid" && reply === undefined) {
        meter?.refund()
        return finish(asked, "invalid", attempt, undefined, verdict.error)
      }
      const wasFirst = isFirst
      isFirst = false
      asked.attempts++
      count(asked)
      if (verdict.verdict !== "retry" || verdict.wait === undefined) queue.pass()
      switch (verdict.verdict) {
        case "found":
          return finish(asked, "found", attempt, verdict.answer, undefined)
        case "not_found":
          return finish(asked, "not_found", attempt, undefined, undefined)
        case "invalid":
          return finish(asked, "invalid", attempt, undefined, verdict.error)
        case "stop":
          return refuse(asked, "unauthorized", verdict.error)
        case "failed":
          if (wasFirst && reply?.status === 403) return refuse(asked, "forbidden", verdict.error as LookupError)
          if (wasFirst && verdict.error instanceof LookupError && verdict.error.reason === "redirect") {
            return refuse(asked, "redirected", verdict.error)
          }
          return finish(asked, "failed", attempt, undefined, verdict.error)
        case "retry":
          if (wasFirst && unreachable.has(verdict.error.reason)) return refuse(asked, "unreachable", verdict.error)
          return verdict.wait === undefined
            ? tryAgain(asked, attempt, verdict.error)
            : Effect.zipRight(hold(verdict.wait, verdict.error), tryAgain(asked, attempt, verdict.error))
      }
    }

    const count = (asked: Queue.Asked) => {
      asked.calls++
      progress.calls++
    }

    /** Pays for one more call of the question in a slot. The time that it waits is nobody's. */
    const payFor = (slot: Slot): Effect.Effect<void> =>
      Effect.suspend(() => {
        const asked = slot.asked!
        const [begun, since] = [now(), activeTime(now())]
        slot.isPaying = true
        return Effect.matchEffect(queue.pay, {
          onFailure: (error) => {
            broken = Effect.fail(error)
            return Effect.interrupt
          },
          onSuccess: () =>
            Effect.sync(() => {
              slot.isPaying = false
              slot.sentAt += now() - begun
              asked.since += activeTime(now()) - since
              count(asked)
            })
        })
      })

    const begin = (slot: Slot, asked: Queue.Asked) => {
      slot.sentAt = now()
      slot.asked = asked
      slot.isPaying = false
    }

    const end = (slot: Slot): number => {
      slot.asked = undefined
      progress.inFlight--
      return now() - slot.sentAt
    }

    /** Asks until there is no more to ask. It is interrupted when a call outlives its limit. */
    const shift = (slot: Slot) =>
      Effect.gen(function*() {
        const pay = payFor(slot)
        // made once for all questions: the fast path allocates little
        const asking = Effect.matchCauseEffect(Effect.suspend(() => attempt(slot.asked!, pay)), {
          onSuccess: (reply) => {
            const asked = slot.asked!
            return judge(asked, { ms: end(slot), ...discreetly(lookup, reply) })
          },
          onFailure: (cause) => {
            const asked = slot.asked!
            const attempt = { ms: end(slot), reply: undefined, verdict: lost(lookup, fromCause(cause)) }
            return broken ?? judge(asked, attempt)
          }
        })
        while (true) {
          const asked = queue.next() ?? (yield* queue.wait)
          if (asked === undefined) return
          begin(slot, asked)
          yield* asking
        }
      })

    /** Shift after shift: one that was interrupted for its time limit is followed by the next. */
    const work = (slot: Slot): Effect.Effect<void, E2> =>
      Effect.flatMap(Effect.fork(shift(slot)), (fiber) => {
        slot.fiber = fiber
        return Effect.flatMap(Fiber.await(fiber), (exit): Effect.Effect<void, E2> => {
          const { asked } = slot
          if (asked === undefined) return exit
          const ms = end(slot)
          const error = timedOut(ms >= timeout ? policy.timeout : policy.deadline)
          return Effect.zipRight(
            judge(asked, { ms, reply: undefined, verdict: lost(lookup, Classify.failure(error)) }),
            work(slot)
          )
        })
      })

    const slots = Array.from(
      { length: policy.concurrency },
      (): Slot => ({ asked: undefined, sentAt: 0, isPaying: false, fiber: undefined })
    )

    /** Interrupts the calls that have outlived their own limit or the deadline of their question. */
    const watch: Effect.Effect<never> = Effect.suspend(() => {
      const at = now()
      for (const { asked, fiber, isPaying, sentAt } of slots) {
        if (asked === undefined || isPaying) continue
        const isLate = at - sentAt >= timeout || activeTime(at) - asked.since >= deadline
        if (isLate) fiber?.unsafeInterruptAsFork(fiber.id())
      }
      return Effect.zipRight(Effect.sleep(Duration.millis(Math.min(timeout, watchInterval))), watch)
    })

    const paused = (spent?.gate ?? 0) - clock.unsafeCurrentTimeMillis()
    if (paused > 0) yield* queue.shut(policy.throttle, Duration.millis(paused))
    yield* Effect.forkIn(watch, scope)
    const workers = yield* Effect.forkIn(
      Effect.forEach(slots, work, { concurrency: "unbounded", discard: true }),
      scope
    )
    yield* Effect.onInterrupt(Fiber.join(workers), () => {
      queue.drain()
      return Effect.timeoutOption(Effect.interruptible(Fiber.await(workers)), drainLimit)
    })
    return stopped
  })

const unreachable: ReadonlySet<string> = new Set(["dns", "refused", "tls"])

/** Reads a reply. The body of an answer is carried as it was received; of what is no answer, only what is no secret. */
const discreetly = <A, E, R>(lookup: Lookup<A, E, R>, reply: Reply) => {
  const verdict = read(lookup, reply)
  if (reply.discreet === undefined || verdict.verdict === "found") return { reply, verdict }
  const discreet = reply.discreet()
  return { reply: discreet, verdict: read(lookup, discreet) }
}

/** A reader that throws hurts its own question only. */
const read = <A, E, R>(lookup: Lookup<A, E, R>, reply: Reply): Classify.Verdict<A> => {
  try {
    return lookup.read(reply)
  } catch (cause) {
    return fromCause<never>(Cause.die(cause))
  }
}

/** A failure that is a `LookupError` is judged by its reason, any other is final; a defect hurts its own question only. */
const fromCause = <E>(cause: Cause.Cause<E>): Classify.Verdict<never, E | LookupError> => {
  const error = Cause.squash(cause)
  if (error instanceof LookupError) return Classify.failure(error)
  if (Cause.isFailure(cause)) return { verdict: "failed", error: error as E }
  const message = error instanceof Error ? error.message : String(error)
  return { verdict: "failed", error: new LookupError({ reason: "error", message, cause: error }) }
}

/** Makes final what would be tried again, where that could be once too often. */
const lost = <A, E>(
  { idempotent }: Pick<Lookup<unknown>, "idempotent">,
  verdict: Classify.Verdict<A, E | LookupError>
): Classify.Verdict<A, E | LookupError> => {
  if (idempotent || verdict.verdict !== "retry" || unreachable.has(verdict.error.reason)) return verdict
  const { message, reason, status } = verdict.error
  const told = `${message}; it may have been carried out, so it is not sent again (--idempotent allows it)`
  return {
    verdict: "failed",
    error: new LookupError({ reason, message: told, ...(status === undefined ? {} : { status }) })
  }
}

const timedOut = (limit: Duration.Duration) =>
  new LookupError({ reason: "timeout", message: `no answer within ${format(limit)}` })

const pastDeadline = (policy: Policy, error: LookupError) =>
  new LookupError({
    reason: "deadline",
    message: `no answer within ${format(policy.deadline)}; the last attempt: ${error.message}`,
    ...(error.status === undefined ? {} : { status: error.status })
  })

const onlyThrottled = (policy: Policy, error: LookupError) =>
  `for ${format(policy.throttle.maxWait)} the server has answered with nothing but throttling: ${error.message}`

const noneFound = (answered: number) => `none of the first ${answered} outcomes is "found": is the request right?`
