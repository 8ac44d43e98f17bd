/**
 * The admission decides how many calls may be in flight and when nobody may call: it keeps to what the server says, gives way when the
 * server is in trouble, and finds out what it can bear. What a call costs is the meter's matter.
 */
import { Duration } from "effect"
import type { Told } from "../Limits/Dialect.ts"
import type { Policy } from "../Policy.ts"
import * as Breaker from "../Policy/Breaker.ts"
import * as Concurrency from "../Policy/Concurrency.ts"
import * as Gate from "../Policy/Gate.ts"
import * as Overload from "../Policy/Overload.ts"
import * as RetryBudget from "../Policy/RetryBudget.ts"
import * as Trial from "../Policy/Trial.ts"

/** How an admission stands. It is mutated in place, by the admission alone. */
export interface State {
  /** Calls in flight of all who use it. */
  readonly inFlight: number
  /** The gate, on the monotonic clock. */
  readonly gate: Gate.Gate
  /** What `auto`, or what came of refusals, has taught so far. */
  readonly tuned: Concurrency.Found | undefined
}

/** What decides whether a call may be sent; times are milliseconds of a monotonic clock. */
export interface Admission {
  readonly state: State
  /** Whether one more call may be sent besides those in flight, but for its time. */
  readonly isOpen: (at: number) => boolean
  /** When the next call may be sent; in the past: at once. */
  readonly readyAt: () => number
  /** Until when nobody may call, as far as the server has said so. */
  readonly toldUntil: () => number
  /** Whether the server has said to wait for longer than `maxWait`. */
  readonly isHopeless: (at: number) => boolean
  /** The circuit is half-open: the next call is a probe. */
  readonly isProbing: () => boolean
  /** A question is in flight. */
  readonly began: () => void
  /** So many are not any more. */
  readonly ended: (count: number) => void
  /** A call is sent. */
  readonly sent: (at: number) => void
  /** The process did not run for so many milliseconds, up to a time. */
  readonly skip: (at: number, gap: number) => void
  /** When the retry budget pays for the next retry; in the past: at once. */
  readonly retryAt: () => number
  /** It pays for one. */
  readonly retried: (at: number) => void
  /** A question is asked for the first time, which brings retries with it. */
  readonly earned: () => void
  /** A reply came that was an answer, whatever it said, after so many milliseconds. */
  readonly passed: (at: number, ms: number) => void
  /** A question whose answer is known was answered again: the server is well, whatever failed. */
  readonly cleared: (at: number, ms: number) => void
  /** A call failed; `isTold`: the server said how long to wait. It gives whether the server counts as down by now. */
  readonly failed: (at: number, ms: number, isTold: boolean) => boolean
  /** A reply was a refusal for asking too much; `told`: the server said how long to wait. */
  readonly throttled: (at: number, ms: number, told: Duration.Duration | undefined) => void
  /** A 503 was taken for such a refusal. */
  readonly slowed: (at: number, ms: number) => void
  /** The first call after a pause was answered, or refused for asking too much. */
  readonly tried: (at: number, role: Trial.Role, isAnswered: boolean) => void
  /** Who was asked first after pauses. */
  readonly trial: () => Trial.Trial
  /** Whether nobody was refused since the last answer, nor first after a pause. */
  readonly isCalm: () => boolean
  /** A call got a 503 without a word of when to come back. It gives whether that means that too much is asked. */
  readonly isTooMuch: (at: number, ms: number) => boolean
  /** The server is down, or it said how long to wait, or that it was asked too much; `jitter` is from 0 to 1. */
  readonly shut: (at: number, cause: Cause, jitter: number) => void
  /** This machine has no room for one more connection besides those in flight: it gives how many there may be from now on. */
  readonly short: () => number
  /** The server said how much may be asked until when. */
  readonly heed: (at: number, told: Told) => void
}

/** Why nobody may call. */
export type Cause =
  | { readonly kind: "outage" }
  /** Many have failed in the same way: nobody calls until it is looked at again. */
  | { readonly kind: "doubt" }
  | { readonly kind: "throttled"; readonly told: Duration.Duration | undefined }

/** The first question, and the first after the gate was shut, is asked alone. */
const alone = 1

/** What is tried of the pace at which calls were answered beside 503s, and below which part of it these can hardly mean the pace. */
const [triedPart, leastPart] = [0.6, 0.5]
/** An admission that has let nobody in yet. */
export const make = (
  policy: Pick<Policy, "breaker" | "concurrency" | "retryBudget" | "throttle">,
  now: number
): Admission => {
  const { breaker, concurrency, retryBudget, throttle } = policy
  const state: { -readonly [K in keyof State]: State[K] } = { inFlight: 0, gate: Gate.open, tuned: undefined }
  const change = (gate: Gate.Gate, tuned: Concurrency.Found | undefined) => {
    state.gate = gate
    state.tuned = tuned
  }
  let balance = retryBudget === null ? undefined : RetryBudget.begin(retryBudget, now)
  /** Until when the process is known not to have run. */
  let skipped = -Infinity
  const maxWait = Duration.toMillis(throttle.maxWait)
  /** What is learnt of the server: from the beginning, or from the first refusal on that tells no time. */
  let auto = concurrency === "auto" ? Concurrency.begin(Concurrency.standard, now) : undefined
  /** Who was asked first after pauses, and what was learnt before that began. */
  let trial = Trial.none
  let learnt = auto
  /** Answers of this second, of the one before it, and when the last one came. */
  let answers = { since: now, count: 0, before: 0, last: -Infinity }
  /** What 503s mean. */
  let overload = Overload.none
  /** Calls per second that were answered beside them. */
  let borne = 0
  const begun = now
  /** 503s to calls that were sent before the pace was lowered, since the last answer: they count once a later call fails as well. */
  let doubtful = 0
  /** How many calls the start, or the end of a pause, lets in. */
  let ramp: number = alone
  let hasBegun = false
  /** The last calls, for the breaker. */
  let window = Breaker.closed
  /** How many calls the server allows until when. */
  let allowance = { left: Infinity, until: -Infinity }

  /** As many connections as this machine has room for. */
  let room = Infinity

  const limit = () => Math.min(room, auto === undefined ? concurrency as number : Concurrency.limit(auto))

  /** The time has come that was told while nothing was left: nobody has tried yet whether it is so. */
  const isReopening = (at: number) => allowance.left <= 0 && at >= allowance.until

  const toldUntil = () => allowance.left > 0 ? state.gate.until : Math.max(state.gate.until, allowance.until)

  const count = (at: number) => {
    if (at - answers.since >= 1000) {
      const before = at - answers.since < 2000 ? answers.count : 0
      answers = { since: at, count: 0, before, last: at }
    }
    answers.count++
    answers.last = at
  }

  const answeredPerSecond = (at: number) =>
    answers.count + answers.before * Math.max(0, 1 - (at - answers.since) / 1000)

  const isCalm = () => trial.refused === 0 && state.gate.streak === 0

  const fixed = (at: number) => Concurrency.fixed(concurrency as number, answeredPerSecond(at), at)

  /** What was learnt from questions that are refused for what they are is forgotten: they slow nobody down. */
  const unlearn = (at: number) => {
    if (auto === undefined) return
    auto = Concurrency.unlearnt(auto, learnt ?? fixed(at))
    change(state.gate, Concurrency.found(auto))
  }

  const learn = (at: number, ms: number, kind: Concurrency.Reply["kind"], told = 0) => {
    if (auto === undefined) return
    auto = Concurrency.replied(auto, { now: at, ms, inFlight: state.inFlight + 1, kind, told })
    // what is tried is not found yet
    if (overload.phase !== "tried") change(state.gate, Concurrency.found(auto))
  }

  /** What is thought of 503s now: the pace is lowered on trial, or is to be learnt, or 503s were no matter of it. */
  const turn = (at: number, next: Overload.Overload) => {
    const before = overload
    overload = next
    if (next.phase === before.phase && next.rounds === before.rounds) return
    const answered = answeredPerSecond(at)
    const learning = auto ?? fixed(at)
    if (next.phase === "tried") {
      // in the first moments of a run few are answered
      if (before.phase === "unknown") borne = answered * 1000 / Math.min(1000, Math.max(250, at - begun))
      else if (before.phase === "tried") borne = Math.min(Concurrency.pace(learning), answered)
      const isKnown = at - begun > 1000
      auto = isKnown ? Concurrency.held(learning, triedPart * borne, at) : Concurrency.relearnt(learning, borne, at)
    } else if (next.phase === "certain") {
      borne = Math.max(borne, Concurrency.pace(learning))
      auto = Concurrency.relearnt(learning, borne, at)
    } else auto = Concurrency.relearnt(learning, Concurrency.pace(learning), at)
  }

  /** What was sent before the gate was shut tells nothing of how the server is now. */
  const isLate = (at: number) => Gate.isShut(state.gate, at)

  /** After a pause one more is let in for each answer: a slow start. */
  const endStreak = () => {
    change(Gate.passed(state.gate), state.tuned)
    if (ramp === Infinity) return
    ramp = hasBegun && ramp < limit() ? ramp + 1 : Infinity
    hasBegun = true
  }

  const passed = (at: number, ms: number) => {
    count(at)
    learn(at, ms, "answered")
    turn(at, Overload.answered(overload, at - ms))
    doubtful = 0
    if (isLate(at)) return
    if (window !== Breaker.closed) window = Breaker.passed(window, breaker!)
    endStreak()
  }

  return {
    short: () => {
      room = Math.max(1, Math.min(room, state.inFlight))
      return room
    },
    isOpen: (at) => state.inFlight < Math.min(isReopening(at) ? alone : ramp, limit()) && !Gate.isShut(state.gate, at),
    readyAt: () =>
      Math.max(
        auto === undefined ? -Infinity : Concurrency.readyAt(auto),
        allowance.left > 0 ? -Infinity : allowance.until
      ),
    toldUntil,
    isHopeless: (at) => Gate.isTooLong(throttle, toldUntil() - at),
    isProbing: () => state.gate.isOutage,
    state,
    began: () => {
      state.inFlight++
    },
    ended: (count) => {
      state.inFlight -= count
    },
    skip: (at, gap) => {
      // each of those who use it may tell of the same time
      const left = at - Math.max(at - gap, skipped)
      skipped = at
      if (left > 0) change(Gate.skip(state.gate, left), state.tuned)
    },
    retryAt: () => balance === undefined ? -Infinity : RetryBudget.readyAt(balance, retryBudget!),
    retried: (at) => {
      if (balance !== undefined) balance = RetryBudget.spend(balance, retryBudget!, at)
    },
    earned: () => {
      if (balance !== undefined) balance = RetryBudget.earn(balance, retryBudget!)
    },
    sent: (at) => {
      if (auto !== undefined) auto = Concurrency.sent(auto, at)
      if (allowance.left === Infinity) return
      if (isReopening(at)) ramp = alone
      allowance.left = at >= allowance.until ? Infinity : allowance.left - 1
    },
    passed,
    cleared: (at, ms) => {
      passed(at, ms)
      ramp = Infinity
    },
    failed: (at, ms, isTold) => {
      learn(at, ms, "failed")
      const { isOutage } = state.gate
      if (isOutage || isLate(at)) return isOutage
      if (breaker !== null) window = Breaker.failed(window, breaker)
      if (!isTold) {
        // a failure is no refusal; but only the first question's is nobody's reason to go slowly
        change(Gate.passed(state.gate), state.tuned)
        if (!hasBegun) ramp = Infinity
        hasBegun = true
      }
      return breaker !== null && Breaker.isTripped(window, breaker)
    },
    throttled: (at, ms, told) => {
      const hasAnswered = answers.last > -Infinity
      if (isCalm()) learnt = auto ?? (hasAnswered ? fixed(at) : undefined)
      if (told === undefined && auto === undefined && hasAnswered) auto = fixed(at)
      learn(at, ms, "throttled", told === undefined ? 0 : Math.min(Duration.toMillis(told), maxWait))
    },
    slowed: (at, ms) => {
      if (auto === undefined) return
      const isCertain = overload.phase === "certain"
      const [before, least] = [Concurrency.pace(auto), leastPart * borne]
      // a 429 has lowered it further
      if (isCertain && before < least) return
      borne = isCertain ? Math.max(borne, Math.min(before, answeredPerSecond(at))) : borne
      learn(at, ms, "throttled")
      const after = Concurrency.pace(auto)
      if (isCertain && after < before) turn(at, Overload.lowered(overload, at, after < least))
    },
    tried: (at, role, isAnswered) => {
      const wasLikely = Trial.isLikely(trial)
      trial = isAnswered ? Trial.answered(trial, role) : Trial.refused(trial, role)
      if (!wasLikely && Trial.isLikely(trial)) unlearn(at)
    },
    trial: () => trial,
    isCalm,
    isTooMuch: (at, ms) => {
      if (state.gate.isOutage) return false
      turn(at, Overload.refused(overload, at, at - ms, answers.last))
      if (!Overload.isTooMuch(overload)) return false
      if (breaker === null) return true
      doubtful++
      if (at - ms <= overload.since) return true
      for (; doubtful > 0; doubtful--) window = Breaker.failed(window, breaker)
      return !Breaker.isTripped(window, breaker)
    },
    shut: (at, cause, jitter) => {
      const isOutage = cause.kind === "outage"
      const told = cause.kind === "throttled" ? cause.told : undefined
      if (auto !== undefined && cause.kind === "throttled" && told === undefined) {
        // it has learnt to ask less, so that nobody need be asked alone
        const wait = Duration.millis(Concurrency.wait(auto, at))
        change(Gate.shut(state.gate, throttle, at, { told: wait, isOwn: true }), state.tuned)
        return
      }
      ramp = alone
      window = Breaker.closed
      const own = isOutage ? { ...throttle, ...breaker! } : throttle
      change(Gate.shut(state.gate, own, at, { told, isOutage, jitter }), state.tuned)
    },
    heed: (at, { remaining, reset, wait }) => {
      const until = (wait: Duration.Duration) => at + Duration.toMillis(wait)
      if (wait !== undefined) allowance = { left: 0, until: Math.max(allowance.until, until(wait)) }
      else if (remaining !== undefined && reset !== undefined) {
        // calls in flight are not in the server's count yet
        allowance = { left: Math.max(0, remaining - state.inFlight), until: until(reset) }
      }
    }
  }
}
