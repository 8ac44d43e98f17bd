/**
 * The sweep asks every pending question: workers pull the next ready attempt from the queue, and what one attempt came to is settled,
 * tried again later, or ends the sweep.
 */
import { type Clock, Duration, Effect, ScheduleDecision, ScheduleIntervals, type Scope } from "effect"
import type { Question } from "./Entry.ts"
import type { Lookup } from "./Lookup.ts"
import type { Ask, Call } from "./Lookup/Ask.ts"
import * as Curl from "./Lookup/Curl.ts"
import { type Kind, LookupError, type Remedy } from "./Outcome.ts"
import * as Policy from "./Policy.ts"
import * as Batch from "./Policy/Batch.ts"
import type { Found } from "./Policy/Concurrency.ts"
import * as Gate from "./Policy/Gate.ts"
import * as Refusal from "./Policy/Refusal.ts"
import * as Retry from "./Policy/Retry.ts"
import * as Trial from "./Policy/Trial.ts"
import * as Uniform from "./Policy/Uniform.ts"
import type { Part, Reply } from "./Reply.ts"
import type * as Snapshot from "./Snapshot.ts"
import * as Attempt from "./Sweep/Attempt.ts"
import * as Crew from "./Sweep/Crew.ts"
import * as Queue from "./Sweep/Queue.ts"
import * as Stop from "./Sweep/Stop.ts"
import { StopError } from "./Sweep/Stop.ts"
import * as Suspicion from "./Sweep/Suspicion.ts"
import * as Tracing from "./Tracing.ts"
import * as Admission from "./Upstream/Admission.ts"
import * as Meter from "./Upstream/Meter.ts"
import * as Spent from "./Upstream/Spent.ts"
import type * as Verdict from "./Verdict.ts"

export { Spent } from "./Upstream/Spent.ts"
export { StopError }

/** The final word on one question. */
export interface Settled<out A = unknown, out E = unknown> {
  readonly id: number
  readonly question: Question
  readonly outcome: Kind
  /** The answer as read, of a `found`. */
  readonly answer: A | undefined
  /** The rule by which a person is to look at it. */
  readonly review: string | undefined
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
  /** It may have been carried out though no answer came, and must not be asked again unless that is wanted. */
  readonly isOnce: boolean
}

/** What a sweep has done so far. It is its own, and mutated in place. */
interface State extends Queue.Progress {
  /** Questions that were given for settling, and those that are pending though they were asked, as what they met stops the sweep. */
  answered: number
  left: number
  calls: number
  throttled: number
  retries: number
  /** Calls that only told whether the server is well: of a question whose answer is known, or of one that is asked again for it. */
  probes: number
  /** Milliseconds for which the server was down. */
  down: number
  /** Replies to which a rule could not be applied, by rule and reason. */
  readonly faults: Map<string, number>
  /** This machine had no room for more connections than these. */
  room?: { readonly connections: number; readonly cause: string } | undefined
  /** Nothing new is asked, and until then, on the monotonic clock, the calls in flight are awaited. */
  draining: number | undefined
  /** Calls in flight that were given up in the end: their questions are pending. */
  cut: number
  /** Milliseconds for which nobody called at the longest, though something was to be asked and nothing was waited for. */
  stood: number
}

/** Nothing done yet. */
const begin = (): State => ({
  asked: 0,
  answered: 0,
  left: 0,
  calls: 0,
  throttled: 0,
  retries: 0,
  probes: 0,
  down: 0,
  stood: 0,
  faults: new Map(),
  inFlight: 0,
  waiting: 0,
  paced: 0,
  draining: undefined,
  cut: 0
})

/** Takes the settings and services of a lookup, before anything is asked. */
export const prepare = <A, E, R>(lookup: Lookup<A, E, R>): Effect.Effect<Ask<E>, StopError, R> =>
  Effect.mapError(lookup.prepare, ({ message }) => new StopError({ reason: "setting", message }))

/** What a sweep works on. */
export interface Options<A, E, R, E2> {
  readonly lookup: Lookup<A, E, R>
  /** The prepared lookup. */
  readonly ask: Ask<E>
  readonly policy: Policy.Policy
  /** The next pending questions, in order; none when there are no more. */
  readonly pull: Effect.Effect<ReadonlyArray<Queue.Pending>, E2>
  /** Takes an outcome; the worker waits for it. */
  readonly settle: (settled: Settled<A, E>) => Effect.Effect<void, E2>
  /** Makes a part of a question durable; left out, it is kept for as long as the sweep lasts. */
  readonly keep?: ((id: number, part: Part) => Effect.Effect<void, E2>) | undefined
  /** Outcomes of earlier runs; none where it is left out. */
  readonly before?: Readonly<Record<Kind, number>> | undefined
  /** What earlier runs have spent; nothing where it is left out. */
  readonly spent?: Spent.Spent | undefined
  /**
   * Makes durable what will have been spent after some more calls: no call is sent that it has not covered. At the end it gets the
   * exact figures. Left out, what was spent is forgotten.
   */
  readonly reserve?: ((spent: Spent.Spent) => Effect.Effect<void, E2>) | undefined
  /** A question that an earlier run has answered, which may be asked again to learn whether the server is up. */
  readonly known?: Queue.Pending | undefined
  /** Questions from all over the list that have not been pulled yet, and will not be pulled again. */
  readonly elsewhere?: Effect.Effect<ReadonlyArray<Queue.Pending>, E2> | undefined
  /** Gets the questions that were asked and have no outcome, at an end that leaves some: the next run begins with others. */
  readonly leave?: ((ids: ReadonlyArray<number>) => Effect.Effect<void, E2>) | undefined
  /** Gets what was answered and is not settled, at an end that comes because nothing was found. */
  readonly withheld?: ((settled: ReadonlyArray<Settled<A, E>>) => Effect.Effect<void, E2>) | undefined
  /** Fails when outcomes can be taken no more, also while none comes. */
  readonly failure?: Effect.Effect<never, E2> | undefined
  /** Whether outcomes are not taken for now, by something that tells of it itself. */
  readonly isHeld?: (() => boolean) | undefined
}

/** Whether every other question would meet the same: no way leads to the server, or a setting is certain to help. */
const isSetUp = (
  verdict: string,
  { reason, remedy }: { readonly reason: string; readonly remedy?: Remedy | undefined }
) => (verdict === "retry" && Attempt.unreachable.has(reason)) || (remedy !== undefined && setUp.has(remedy))

/** What helps every question, because it is about the server. */
const setUp: ReadonlySet<Remedy> = new Set(["http2", "http", "https", "host", "ca", "cert", "proxy"])

/** Outcomes without a single `found` that stop a sweep. */
export const noneFoundLimit = 100

/** Empty answers that stayed empty at a second look, after which empty is believed at once. */
const emptyLimit = 3

/** Milliseconds after the time of a run in which the calls in flight may end; the rest of 5 s is for what is to be written. */
const lateness = 4_500

const stopReasons: Partial<Record<LookupError["reason"], StopError["reason"]>> = {
  quota: "quota",
  rule: "rule",
  unauthorized: "unauthorized"
}

/** Whether a refusal of the key may be the fault of the code that was asked. */
const isDoubted = ({ error, isForAll }: Verdict.Stop): boolean => error.reason === "unauthorized" && isForAll !== true

/** A sweep that can be asked how it stands. Nobody but itself decides on that, or changes it. */
export interface Sweep<out E2> {
  /**
   * Asks until there is no pending question left; once. On interruption the calls in flight are finished, for `policy.drain`, and settled.
   */
  readonly run: Effect.Effect<void, StopError | E2>
  readonly snapshot: Effect.Effect<Snapshot.Asking>
  /** The same at once, for who is called by what is no effect. */
  readonly unsafeSnapshot: () => Snapshot.Asking
}

/** Asks until there is no pending question left. On interruption the calls in flight are finished, for `policy.drain`, and settled. */
export const sweep = <A, E, R, E2 = never>(options: Options<A, E, R, E2>): Effect.Effect<void, StopError | E2> =>
  Effect.flatMap(make(options), ({ run }) => run)

/** A sweep that has not begun. */
export const make = <A, E, R, E2 = never>(options: Options<A, E, R, E2>): Effect.Effect<Sweep<E2>> =>
  Effect.clockWith((clock) => {
    const now = () => Number(clock.unsafeCurrentTimeNanos()) / 1e6
    const { lookup, policy, reserve, spent } = options
    const { weight } = lookup
    const state = begin()
    const admission = Admission.make(policy, now())
    const meter = Meter.make({
      rates: policy.pace,
      concurrency: Policy.mostInFlight(policy),
      budget: policy.budget,
      maxWait: Duration.toMillis(policy.throttle.maxWait),
      weight,
      spent,
      reserve,
      shutUntil: admission.toldUntil,
      clock,
      now
    })
    /** Questions that are withheld, and that wait, as soon as there may be some. */
    let parts = { withheld: () => 0, waiting: () => 0 }
    const asking = Effect.scoped(askAll(options, state, clock, now, admission, meter, (begun) => {
      parts = begun
    }))
    const close = meter?.close ?? Effect.void
    const tooHeavy = policy.pace.find(({ limit }) => limit < weight)
    const run = tooHeavy !== undefined
      ? new StopError({ reason: "setting", message: Stop.neverAllowed(weight, tooHeavy) })
      : Effect.uninterruptibleMask((restore) =>
        Effect.matchCauseEffect(restore(asking), {
          onSuccess: (stopped) => Effect.zipRight(close, stopped ?? Effect.void),
          // the first failure stands
          onFailure: (cause) => Effect.zipRight(Effect.ignore(close), Effect.failCause(cause))
        })
      )
    const unsafeSnapshot = (): Snapshot.Asking => {
      const at = now()
      const wall = clock.unsafeCurrentTimeMillis()
      const held = heldBy(admission, meter, state.paced, at)
      const { answered, asked, calls, cut, draining, faults, inFlight, left, probes, retries, room, throttled } = state
      const { tuned } = admission.state
      return {
        at: wall,
        asked,
        answered,
        withheld: parts.withheld() + left,
        waiting: parts.waiting(),
        inFlight,
        calls,
        retries,
        throttled,
        probes,
        cut,
        down: Math.round(state.down) / 1000,
        stood: Math.round(state.stood) / 1000,
        ...(held === undefined ? {} : { held: { why: held.why, until: wall + held.until - at } }),
        ...(draining === undefined ? {} : { draining: wall + draining - at }),
        ...(tuned === undefined ? {} : { tuned: toTuned(tuned) }),
        ...(room === undefined ? {} : { room }),
        ...(faults.size === 0 ? {} : { faults: Object.fromEntries(faults) })
      }
    }
    return Effect.succeed({ run, snapshot: Effect.sync(unsafeSnapshot), unsafeSnapshot })
  })

/** Why nobody may call, and until when on the monotonic clock. */
const heldBy = <E>(
  { state: { gate } }: Admission.Admission,
  meter: Meter.Meter<E> | undefined,
  paced: number,
  at: number
) => {
  if (Gate.isShut(gate, at)) {
    return { why: gate.isOutage ? "outage" : gate.isTold ? "told" : "throttled", until: gate.until } as const
  }
  // later than any moment is for ever, and that ends a sweep
  return paced <= at || paced > at + 8e15
    ? undefined
    : { why: meter?.isSpent() === true ? "budget" : "pace", until: paced } as const
}

const toTuned = ({ concurrency, perSecond, windows }: Found) => ({
  concurrency,
  ...(perSecond === undefined ? {} : { perSecond }),
  ...(windows === undefined ? {} : { windows })
})

const none: Readonly<Record<Kind, number>> = { found: 0, not_found: 0, invalid: 0, failed: 0, skipped: 0 }

/** A failure that may be met by all questions, and whose it is. */
interface Met<A, E> {
  readonly asked: Queue.Asked
  readonly attempt: Attempt.Attempt<A, E>
  readonly error: LookupError
}

/** Asks until there is no more to ask, and gives what it was stopped by. */
const askAll = <A, E, R, E2>(
  options: Options<A, E, R, E2>,
  progress: State,
  clock: Clock.Clock,
  now: () => number,
  admission: Admission.Admission,
  meter: Meter.Meter<E2> | undefined,
  /** Gets how many questions are withheld, and wait. */
  onBegin: (begun: { readonly withheld: () => number; readonly waiting: () => number }) => void
): Effect.Effect<StopError | undefined, E2, Scope.Scope> =>
  Effect.gen(function*() {
    const { ask, before = none, lookup, policy, pull, settle, spent } = options
    const scope = yield* Effect.scope
    const suspicious = Refusal.enough(policy.retry.retries + 1)
    const suspicion = Suspicion.make<Settled<A, E>, Met<A, E>>(policy.uniform ?? Infinity, {
      isAccepted: before.found + before.not_found > 0 || options.known !== undefined,
      isFound: before.found > 0 || policy.allowNone
    })
    const queue = yield* Queue.make({
      pull,
      elsewhere: options.elsewhere,
      isDoubtful: suspicion.isDoubtful,
      // what the first questions meet is to be each one's own
      most: () => isFirst || !suspicion.isAccepted() ? 1 : batch.size,
      progress,
      admission,
      meter,
      now,
      onSpent: (cap) => {
        const until = cap.until === Infinity ? {} : { until: cap.until }
        stop("budget", Stop.spentCap(cap, policy.budget, spent, clock.unsafeCurrentTimeMillis()), until)
      },
      onHopeless: () => stop("throttled", toldToWait())
    })
    onBegin({ withheld: suspicion.size, waiting: queue.waiting })
    if (options.known !== undefined && lookup.isRead) queue.remember(options.known)
    const limits = lookup.limits?.()
    const spans = (yield* Tracing.isOn) ? Tracing.questions(clock) : undefined
    if (spans !== undefined) yield* Effect.addFinalizer(() => spans.close)
    const attempt = spans === undefined
      ? (asked: Queue.Asked, call: Call) => ask(Queue.questions(asked), call)
      : (asked: Queue.Asked, call: Call) => spans.within(asked.id, ask(Queue.questions(asked), call))
    const schedule = Retry.schedule(policy.retry)
    const deadline = Duration.toMillis(policy.deadline)

    let isFirst = true
    let batch = Batch.begin(lookup.most ?? 1)
    let emptied = 0
    let stopped: StopError | undefined
    let { found } = before
    // `invalid` may be what was never sent
    let answered = found + before.not_found + before.failed
    /** The last failure that may be met by all. */
    let last: Met<A, E> | undefined
    /** How often in a row this machine had no room for a single call. */
    let inVain = 0
    /** Since when the server is down. */
    let downSince: number | undefined
    const endOutage = () => {
      if (downSince === undefined) return
      progress.down += now() - downSince
      downSince = undefined
    }
    const seeOutage = () => {
      if (admission.state.gate.isOutage) downSince ??= now()
      else endOutage()
    }
    /** What was asked, and is neither in the queue nor withheld. */
    const lost: Array<number> = []

    /** How the questions fare that are asked: what fares worse than the others is refused for what it is. */
    const all = { ...Refusal.none }
    /** How many were refused before pause followed upon pause. */
    let refusedBefore = 0

    const activeTime = (at: number) => Gate.activeTime(admission.state.gate, at)

    const stop = (
      reason: StopError["reason"],
      message: string,
      { curl, remedy, until }: { readonly [_ in "curl" | "remedy" | "until"]?: StopError[_] | undefined } = {}
    ) => {
      stopped ??= new StopError({
        reason,
        message,
        ...(curl === undefined ? {} : { curl }),
        ...(remedy === undefined ? {} : { remedy }),
        ...(until === undefined ? {} : { until })
      })
      crew.stop()
    }

    const refuse = (
      asked: Queue.Asked,
      reason: StopError["reason"],
      { message, remedy }: { readonly message: string; readonly remedy?: Remedy | undefined }
    ): Effect.Effect<void> =>
      Effect.map(
        Curl.shown(lookup, asked.question),
        (curl) => stop(reason, message, { curl, remedy })
      )

    const finish = (
      asked: Queue.Asked,
      outcome: Kind,
      attempt: Attempt.Attempt<A, E>,
      answer: A | undefined,
      error: E | LookupError | undefined
    ): Effect.Effect<void, E2> =>
      asked.company.length === 0
        ? finishOne(asked, outcome, attempt, answer, error)
        : part(asked, outcome, attempt, error)

    /**
     * The final word on a call of several is the word on none of them: they are asked again in halves, until it is the word on one. Where it
     * could be once too often it is the word on each.
     */
    const part = (
      asked: Queue.Asked,
      outcome: Kind,
      attempt: Attempt.Attempt<A, E>,
      error: E | LookupError | undefined
    ): Effect.Effect<void, E2> => {
      const active = activeTime(now())
      const isRefused = attempt.reply !== undefined && attempt.reply.status >= 400 && attempt.reply.status < 500
      const isFinal = !lookup.idempotent && !isRefused
      const all = Queue.all(asked)
      const over = all.filter(({ since }) => isFinal || active - since >= deadline)
      const left = all.filter((one) => !over.includes(one))
      const late = error instanceof LookupError && !isFinal ? Attempt.pastDeadline(policy, error) : error
      asked.company = nobody
      return Effect.zipRight(
        Effect.forEach(over, (one) => finishOne(one, isFinal ? outcome : "failed", attempt, undefined, late), {
          discard: true
        }),
        Effect.forEach(Queue.halves(left, asked), (half) => queue.again(half), { discard: true })
      )
    }

    const finishOne = (
      asked: Queue.Asked,
      outcome: Kind,
      { reply, ms, verdict }: Attempt.Attempt<A, E>,
      answer: A | undefined,
      error: E | LookupError | undefined
    ): Effect.Effect<void, E2> => {
      if (asked.calls > 0) answered++
      let isNone = false
      if (outcome === "found") found++
      else isNone = found === 0 && answered >= noneFoundLimit && !policy.allowNone && stopped === undefined
      const { attempts, calls, id, question } = asked
      // what was refused cannot tell whether all are refused
      if (reply !== undefined && (outcome === "found" || outcome === "not_found") && lookup.isRead) {
        queue.remember(asked)
      }
      spans?.end(id, { outcome, attempts, calls })
      const at = clock.unsafeCurrentTimeMillis()
      const status = reply?.status ?? (error instanceof LookupError ? error.status : undefined)
      const review = verdict.verdict === "found" ? verdict.review : undefined
      const isOnce = !lookup.idempotent && error instanceof LookupError && error.isUnprocessed === false
      const settled = give(
        suspicion.take({ id, question, outcome, answer, review, error, reply, status, attempts, calls, ms, at, isOnce })
      )
      return isNone
        ? Effect.zipRight(refuse(asked, "none_found", { message: Stop.noneFound(answered) }), settled)
        : settled
    }

    const give = (settled: ReadonlyArray<Settled<A, E>>): Effect.Effect<void, E2> => {
      progress.answered += settled.length
      return settled.length === 1
        ? settle(settled[0]!)
        : Effect.forEach(settled, (one) => settle(one), { discard: true })
    }

    const tryAgain = (
      asked: Queue.Asked,
      attempt: Attempt.Attempt<A, E>,
      error: LookupError,
      told: Duration.Duration | undefined
    ): Effect.Effect<void, E2> => {
      const at = clock.unsafeCurrentTimeMillis()
      return Effect.flatMap(schedule.step(at, error, asked.schedule ?? schedule.initial), ([state, , decision]) => {
        if (ScheduleDecision.isDone(decision)) return finish(asked, "failed", attempt, undefined, error)
        const delay = Math.max(
          told === undefined ? 0 : Duration.toMillis(told),
          ScheduleIntervals.start(decision.intervals) - at
        )
        if (delay >= deadline - (activeTime(now()) - asked.since)) {
          return finish(asked, "failed", attempt, undefined, Attempt.pastDeadline(policy, error))
        }
        asked.schedule = state
        progress.retries++
        return queue.retry(asked, delay)
      })
    }

    /** What the server says of how long nobody is to call. */
    const toldToWait = () => Stop.toldToWait(policy, admission.toldUntil() - now(), clock.unsafeCurrentTimeMillis())

    /** Shuts the gate, and stops where nothing but refusals, or failures, have come back for too long, or will. */
    const hold = (cause: Admission.Cause, error: LookupError) =>
      Effect.map(queue.shut(cause), () => {
        seeOutage()
        const at = now()
        if (!Gate.isExhausted(admission.state.gate, policy.throttle, at)) return
        if (admission.state.gate.isOutage) stop("outage", Stop.onlyFailures(policy, error))
        else if (cause.kind === "throttled" && Gate.isShut(admission.state.gate, at) && admission.state.gate.isTold) {
          stop("throttled", `${toldToWait()}: ${error.message}`)
        } else stop("throttled", Stop.onlyThrottled(policy, error))
      })

    /** What came of the first call after a pause. What is refused for what it is tells nothing of the others. */
    const tried = ({ trial }: Queue.Asked, isAnswered: boolean) => {
      if (trial === undefined) return
      const wasCertain = isOwn()
      admission.tried(now(), trial, isAnswered)
      if (!wasCertain && isOwn()) all.refused = refusedBefore
    }

    /** Whether it is certain that what is refused is refused for what it is. */
    const isOwn = () => Trial.isCertain(admission.trial())

    /** What came of a question that is asked only to learn whether the server is up. */
    const judgeCanary = (asked: Queue.Asked, { ms, verdict }: Attempt.Attempt<A, E>): Effect.Effect<void, E2> => {
      crew.count(asked)
      progress.probes++
      if (verdict.verdict === "throttled") {
        all.refused++
        tried(asked, false)
        return hold({ kind: "throttled", told: verdict.wait }, verdict.error)
      }
      // it was to tell whether it is a matter of the load, and tells nothing
      if (!asked.isProbe && isFailure(verdict)) {
        const told = verdict.verdict === "retry" ? verdict.wait : undefined
        return told === undefined ? Effect.void : hold({ kind: "throttled", told }, verdict.error)
      }
      if (verdict.verdict === "retry" && verdict.isAlone !== true && policy.breaker !== null) {
        return hold({ kind: "outage" }, verdict.error)
      }
      if (suspicion.isDoubtful(true, true) && "error" in verdict) {
        return isFailure(verdict) ? allFail(asked, verdict) : allAlike(asked, verdict.error)
      }
      all.answered++
      tried(asked, true)
      if (admission.state.gate.isOutage) admission.cleared(now(), ms)
      else admission.passed(now(), ms)
      return give(suspicion.cleared())
    }

    /** All others fail as well. What comes and goes is looked at again first, after pauses: many calls may meet the same instant. */
    const allFail = (asked: Queue.Asked, verdict: Failure) =>
      verdict.verdict === "retry" && verdict.isAlone !== true && suspicion.looksAgain()
        ? queue.shut({ kind: "doubt" })
        : allAlike(asked, verdict.error)

    /** What failed in the same way so often fails for all: it stays pending. */
    const allAlike = (asked: Queue.Asked, error: E | LookupError) => {
      const message = error instanceof Error ? error.message : String(error)
      return refuse(asked, "uniform", { message: Stop.allAlike(suspicion.count(), asked.isCanary, message) })
    }

    /** An answer: what the first question met is its own, then. */
    const accept = (): Effect.Effect<void, E2> => {
      const first = suspicion.accepted()
      if (first === undefined) return Effect.void
      const { asked, attempt, error } = first
      return attempt.verdict.verdict === "retry"
        ? tryAgain(asked, attempt, error, undefined)
        : finish(asked, "failed", attempt, undefined, error)
    }

    /** What may be met by every question, if it is that: nothing is done for this one until it is known. */
    const meet = (met: Met<A, E>): Effect.Effect<void> | undefined => {
      const doubt = Suspicion.doubtOf(met.error)
      const opening = doubt === undefined ? undefined : suspicion.met(doubt, met)
      if (opening === undefined) return undefined
      lost.push(met.asked.id)
      if (opening === "wait") return Effect.void
      progress.left++
      return refuse(opening.what.asked, opening.doubt, opening.what.error)
    }

    /** Ends all suspicion: what is known to be the codes' own is settled, the rest stays pending. */
    const conclude = (isInterrupted: boolean): Effect.Effect<void, E2> =>
      Effect.suspend(() => {
        endOutage()
        const opening = suspicion.opening()
        const isOver = stopped === undefined && !isInterrupted
        if (isOver && opening !== undefined) {
          return Effect.zipRight(refuse(opening.what.asked, opening.doubt, opening.what.error), conclude(false))
        }
        const isDoubtful = suspicion.isDoubtful(true)
        if (isOver && isDoubtful && !suspicion.isAccepted()) {
          return Effect.zipRight(allAlike(last!.asked, last!.error), conclude(false))
        }
        if (stopped?.reason === "none_found") suspicion.drop("all")
        else {
          const isSuspect = suspicion.isDoubtful(true, true)
          const isUnknown = stopped === undefined
            ? isInterrupted && isSuspect
            : isSuspect || !isForLater.has(stopped.reason)
          if (isUnknown) suspicion.drop("failed")
        }
        const left = [...new Set([...lost, ...suspicion.dropped.map(({ id }) => id), ...queue.left()])]
        const kept = stopped?.reason === "none_found" ? options.withheld?.(suspicion.dropped) : undefined
        return give(suspicion.release()).pipe(
          Effect.zipRight(Effect.ignore(options.leave?.(left) ?? Effect.void)),
          Effect.zipRight(kept ?? Effect.void)
        )
      })

    /** Nobody's fault but the server's: it is asked again as if nothing had happened. */
    const putBack = (asked: Queue.Asked) => asked.inFlight > 0 ? Effect.void : queue.again(asked)

    /** Whether a question was refused so often, and the others so seldom, that it would be refused for ever. */
    const refusedAgain = (asked: Queue.Asked): boolean => {
      if (asked.inFlight > 0) return false
      asked.refused = Refusal.again(asked.refused, all)
      if (admission.isCalm()) refusedBefore = all.refused
      // what is under suspicion itself tells nothing of the others
      if (asked.refused.times <= suspicious && !isOwn()) all.refused++
      return Refusal.isOwnFault(asked.refused, suspicious, all)
    }

    /** A 503 to some, while others are answered, may mean that too much is asked. */
    const asRefusal = ({ ms, reply, verdict }: Attempt.Attempt<A, E>): Attempt.Attempt<A, E>["verdict"] =>
      verdict.verdict === "retry" && reply?.status === 503 && verdict.wait === undefined && verdict.isAlone !== true
        && admission.isTooMuch(now(), ms)
        ? { verdict: "throttled", error: verdict.error, wait: undefined }
        : verdict

    /** It was not sent, for want of room on this machine: nothing is paid for it, no attempt is lost, and fewer are in flight. */
    const wantRoom = (asked: Queue.Asked, error: LookupError): Effect.Effect<void> => {
      meter?.refund()
      const room = admission.short()
      progress.room = { connections: room, cause: error.message }
      if (room > 1 || admission.state.inFlight > 0) inVain = 0
      else if (++inVain > mostInVain) stop("unreachable", error.message)
      return asked.isCanary || asked.inFlight > 0 ? Effect.void : queue.retry(asked, roomInterval)
    }

    /** How many questions a call may carry. */
    const seeSize = ({ company }: Queue.Asked, verdict: Attempt.Attempt<A, E>["verdict"]) => {
      const isFailed = "error" in verdict && verdict.error instanceof LookupError
      if (!isFailed) batch = Batch.answered(batch, company.length + 1)
      else if (isTooMuch(verdict.error) && !admission.state.gate.isOutage) {
        batch = Batch.refused(batch, company.length + 1)
      }
    }

    const judge = (asked: Queue.Asked, attempt: Attempt.Attempt<A, E>): Effect.Effect<void, E2> => {
      const { ms, reply } = attempt
      if (downSince !== undefined) seeOutage()
      const verdict = asRefusal(attempt)
      const told = limits === undefined || reply === undefined ? undefined : limits(reply)
      // a wait beside a refusal that no wait mends is nobody's
      if (told !== undefined && (verdict.verdict !== "invalid" || told.wait === undefined)) queue.heed(told)
      meter?.replied(now(), ms)
      if (verdict.verdict === "retry" && verdict.error.reason === "local") return wantRoom(asked, verdict.error)
      if (asked.isCanary) return judgeCanary(asked, attempt)
      if (verdict.verdict === "throttled") {
        crew.count(asked)
        progress.throttled++
        // what a 503 says of the pace is doubtful, and for others to find out
        const isSaid = verdict === attempt.verdict
        if (isSaid) tried(asked, false)
        const isLoad = !isSaid || !Trial.isLikely(admission.trial())
        // what is refused again and again tells less of the pace than of itself
        if (isLoad && (asked.refused?.times ?? 0) < suspicious) {
          if (verdict.wait === undefined) meter?.refused()
          if (isSaid) admission.throttled(now(), ms, verdict.wait)
          else admission.slowed(now(), ms)
        }
        return Effect.zipRight(
          hold({ kind: "throttled", told: verdict.wait }, verdict.error),
          refusedAgain(asked) ? finish(asked, "failed", attempt, undefined, verdict.error) : putBack(asked)
        )
      }
      // refused before it was sent
      if (verdict.verdict === "invalid" && reply === undefined) {
        meter?.refund()
        return finish(asked, "invalid", attempt, undefined, verdict.error)
      }
      if (batch.most > 1) seeSize(asked, verdict)
      const wasFirst = isFirst
      isFirst = false
      crew.count(asked)
      if (isFailure(verdict)) {
        const { error } = verdict
        if (wasFirst && isSetUp(verdict.verdict, error)) {
          return refuse(asked, "unreachable", error)
        }
        if (verdict.verdict !== "stop" || isDoubted(verdict)) {
          const isMet = meet({ asked, attempt, error })
          if (isMet !== undefined) {
            attempted(asked)
            if (verdict.verdict !== "retry") admission.passed(now(), ms)
            return isMet
          }
          if (isAlike(verdict, policy.breaker !== null)) {
            const isFinal = verdict.verdict !== "retry" || verdict.isAlone === true
            if (isOneTooMany({ asked, attempt, error }, isFinal)) {
              return Effect.zipRight(allFail(asked, verdict), settleOwn(asked, attempt))
            }
          }
        }
      } else if (
        verdict.verdict === "invalid" && verdict.error.rule === undefined && (found > 0 || !policy.allowNone)
      ) {
        // the server's word on this code may be its word on all of them
        if (isOneTooMany({ asked, attempt, error: verdict.error }, false)) {
          return Effect.zipRight(allAlike(asked, verdict.error), settleOwn(asked, attempt))
        }
      } else if (verdict.verdict !== "failed") {
        suspicion.passed(asked.isProbe, now() - ms)
        if (verdict.verdict !== "invalid" && !suspicion.isAccepted()) {
          return Effect.zipRight(accept(), settleOwn(asked, attempt))
        }
      }
      return settleOwn(asked, attempt)
    }

    /** Whether it is certain now that all fail: this is one more of a row that look the same. */
    const isOneTooMany = (met: Met<A, E>, isFinal: boolean): boolean => {
      last = met
      const { asked, attempt: { reply }, error } = met
      const kind = Uniform.kindOf(error, reply?.body ?? error.message, asked.question.code)
      return suspicion.failed({ kind, at: now(), isProbe: asked.isProbe, isFinal })
    }

    /** One more attempt was made at all questions of a call. */
    const attempted = (asked: Queue.Asked) => {
      asked.attempts++
      for (const one of asked.company) one.attempts++
    }

    /** A call was answered, whatever it was told. */
    const wasAnswered = (asked: Queue.Asked, ms: number) => {
      attempted(asked)
      all.answered++
      if (asked.trial !== undefined) tried(asked, true)
      admission.passed(now(), ms)
      crew.answered(asked, ms)
    }

    /** What a reply means for its own question, or for each of its questions. */
    const settleOwn = (asked: Queue.Asked, attempt: Attempt.Attempt<A, E>): Effect.Effect<void, E2> => {
      const { items, ms, verdict } = attempt
      if (items !== undefined && !isOfCall(verdict)) return settleItems(asked, attempt, items)
      if (verdict.verdict !== "retry") {
        wasAnswered(asked, ms)
        return settleBy(asked, attempt, verdict)
      }
      if (verdict.isAlone !== true) return failedOnce(asked, attempt, verdict.error, verdict.wait)
      admission.passed(now(), ms)
      // its other call may still bring the answer
      if (asked.inFlight > 0) return Effect.void
      attempted(asked)
      return askLater(asked, attempt, verdict)
    }

    const settleBy = (
      asked: Queue.Asked,
      attempt: Attempt.Attempt<A, E>,
      verdict: Exclude<Attempt.Attempt<A, E>["verdict"], Verdict.Retry>
    ): Effect.Effect<void, E2> => {
      switch (verdict.verdict) {
        case "found":
          return finish(asked, "found", attempt, verdict.answer, undefined)
        case "not_found":
          return finish(asked, "not_found", attempt, undefined, undefined)
        case "invalid":
          return finish(asked, "invalid", attempt, undefined, verdict.error)
        case "stop":
          if (!isDoubted(verdict)) {
            lost.push(...Queue.all(asked).map(({ id }) => id))
            progress.left += Queue.all(asked).length
            return refuse(asked, stopReasons[verdict.error.reason] ?? "quota", verdict.error)
          }
          return finish(asked, "failed", attempt, undefined, verdict.error)
        case "failed":
          return finish(asked, "failed", attempt, undefined, verdict.error)
        case "throttled":
          return Effect.void
      }
    }

    /** The server answers, and each item decides for its own question. */
    const settleItems = (
      asked: Queue.Asked,
      attempt: Attempt.Attempt<A, E>,
      items: ReadonlyArray<Attempt.Heard<A, E> | undefined>
    ): Effect.Effect<void, E2> => {
      wasAnswered(asked, attempt.ms)
      const each = Queue.all(asked)
      asked.company = nobody
      return Effect.forEach(each, (one, place) => {
        const item = items[place]
        return item === undefined ? askOnceMore(one, attempt) : settleItem(one, { ...item, ms: attempt.ms })
      }, { discard: true })
    }

    /** What is to be tried again is so alone, whatever it is for: others were answered. */
    const settleItem = (asked: Queue.Asked, attempt: Attempt.Attempt<A, E>): Effect.Effect<void, E2> => {
      const { verdict } = attempt
      return verdict.verdict === "retry" || verdict.verdict === "throttled"
        ? askLater(asked, attempt, { ...verdict, verdict: "retry", isAlone: true })
        : settleBy(asked, attempt, verdict)
    }

    /** It was left out of an answer, which may not happen twice. */
    const askOnceMore = (asked: Queue.Asked, { ms, reply }: Attempt.Attempt<A, E>): Effect.Effect<void, E2> => {
      if (asked.isMissing) {
        const verdict = Attempt.leftOut(1)
        // there is no slice of it
        const empty = reply && { ...reply, body: "" }
        return finish(asked, "failed", { ms, reply: empty, verdict }, undefined, verdict.error)
      }
      asked.isMissing = true
      progress.retries++
      return queue.again(asked)
    }

    /** The server is well, and has no answer to this question yet: it waits, and nobody else does. */
    const askLater = (
      asked: Queue.Asked,
      attempt: Attempt.Attempt<A, E>,
      verdict: Verdict.Retry
    ): Effect.Effect<void, E2> => {
      if (verdict.isEmpty === true) {
        if (asked.isEmpty) emptied++
        const { retries } = policy.retry
        if (asked.isEmpty || emptied >= emptyLimit || asked.attempts > retries || !lookup.idempotent) {
          return finish(asked, "not_found", attempt, undefined, undefined)
        }
        asked.isEmpty = true
      }
      const judged = Attempt.lost<A, E>(lookup, verdict)
      return judged.verdict === "failed"
        ? finish(asked, "failed", attempt, undefined, judged.error)
        : tryAgain(asked, attempt, verdict.error, verdict.wait)
    }

    /** While the server is down no question loses an attempt. */
    const failedOnce = (
      asked: Queue.Asked,
      attempt: Attempt.Attempt<A, E>,
      error: LookupError,
      told: Duration.Duration | undefined
    ): Effect.Effect<void, E2> => {
      const at = now()
      const isDown = admission.failed(at, attempt.ms, told !== undefined)
      const isShut = Gate.isShut(admission.state.gate, at)
      const held = told !== undefined
        ? hold({ kind: "throttled", told }, error)
        : isDown && !isShut
        ? hold({ kind: "outage" }, error)
        : Effect.void
      if (isDown) {
        progress.probes++
        return Effect.zipRight(held, putBack(asked))
      }
      // its other call may still bring the answer
      if (asked.inFlight > 0) return held
      attempted(asked)
      if (asked.company.length > 0 && isTooMuch(error)) {
        return Effect.zipRight(held, finish(asked, "failed", attempt, undefined, error))
      }
      return Effect.zipRight(held, tryAgain(asked, attempt, error, undefined))
    }

    const crew: Crew.Crew<E2> = Crew.make({
      lookup,
      policy,
      queue,
      admission,
      progress,
      attempt,
      judge,
      now,
      keep: options.keep,
      isHeld: options.isHeld
    })
    const paused = Spent.pauseLeft(spent ?? Spent.nothing, clock.unsafeCurrentTimeMillis())
    if (paused > 0) yield* queue.shut({ kind: "throttled", told: Duration.millis(paused) })
    const { time } = policy.budget
    if (time !== undefined) {
      const over = Effect.suspend(() => {
        stop("time", Stop.spentTime(time, admission.state.gate, now(), clock.unsafeCurrentTimeMillis()))
        return crew.drain(lateness)
      })
      yield* Effect.forkIn(Effect.delay(over, time), scope)
    }
    if (options.failure !== undefined) {
      yield* Effect.forkIn(Effect.catchAll(options.failure, (error) => Effect.sync(() => crew.giveUp(error))), scope)
    }
    yield* Effect.onError(crew.work, () => Effect.ignore(conclude(true)))
    yield* conclude(false)
    return stopped
  })

/** Milliseconds after which room is looked for again, and how often at the most where there is none at all. */
const [roomInterval, mostInVain] = [200, 50]

/** Ends that are nobody's fault but that of the time: what has failed before has failed. */
const isForLater: ReadonlySet<StopError["reason"]> = new Set(["budget", "throttled", "outage"])

/** What a call is told that asks for too much at once, as far as it is told. */
const isTooMuch = ({ reason, status }: LookupError): boolean =>
  reason === "timeout" || (status !== undefined && tooMuch.has(status))

const tooMuch: ReadonlySet<number> = new Set([408, 413, 414, 504])

const nobody: ReadonlyArray<never> = []

/** What is said to all items of a call alike concerns all calls, or is each one's own. */
const isOfCall = <A, E>(verdict: Verdict.Verdict<A, E>): boolean =>
  (verdict.verdict === "retry" && verdict.isAlone !== true) || (verdict.verdict === "stop" && !isDoubted(verdict))

/** A verdict on what another question may meet as well. */
type Failure =
  | { readonly verdict: "failed"; readonly error: LookupError }
  | Verdict.Stop
  | Verdict.Retry

/** Whether a verdict is a failure of the kind that another question may meet. */
const isFailure = <A, E>(
  verdict: Verdict.Verdict<A, E | LookupError>
): verdict is Verdict.Verdict<A, E | LookupError> & Failure =>
  (verdict.verdict === "failed" || verdict.verdict === "stop" || verdict.verdict === "retry")
  && verdict.error instanceof LookupError

/** Whether many of a kind in a row are a reason for doubt: of what comes and goes the breaker knows more, where there is one. */
const isAlike = (verdict: Failure, hasBreaker: boolean): boolean =>
  verdict.verdict === "retry"
    ? verdict.isAlone === true
      ? verdict.isEmpty !== true && verdict.error.reason === "decode"
      : !hasBreaker && verdict.wait === undefined
    : verdict.error.reason !== "error" && verdict.error.reason !== "deadline"
