/**
 * The crew are the workers that ask: as many as there may be calls in flight, hired as they are needed. Each asks one question after another;
 * a watch interrupts the calls that outlive their limits, and hedges those that are slow.
 */
import { Deferred, Duration, Effect, Exit, Fiber, FiberId, type Scope } from "effect"
import type { Lookup } from "../Lookup.ts"
import type { Call, Sending } from "../Lookup/Ask.ts"
import * as Classify from "../Lookup/Classify.ts"
import type { LookupError } from "../Outcome.ts"
import * as Policy from "../Policy.ts"
import * as Gate from "../Policy/Gate.ts"
import * as Hedge from "../Policy/Hedge.ts"
import type { Part, Reply } from "../Reply.ts"
import type { Admission } from "../Upstream/Admission.ts"
import { type Attempt, fromCause, heard, lost, timedOut } from "./Attempt.ts"
import * as Queue from "./Queue.ts"

/** Milliseconds by which a call may outlive its limit. */
const watchInterval = 200
/** A watch that is later than this was not held up by a busy machine: the process did not run, and what it measured is itself. */
const longestLag = 1000
/** Milliseconds after which it is said that nobody calls, though something is to be asked and nothing is waited for. */
const longestStand = 30_000
/** Workers without a question, of which one may be busy with the ledger. */
const spare = 2
/** Milliseconds by which a hedge may be late, at least. */
const shortestLook = 5

const none: ReadonlyArray<never> = []

/** A worker's slot: what it asks now, and the fiber to interrupt when that takes too long. */
interface Slot {
  asked: Queue.Asked | undefined
  sentAt: number
  /** When its call was paid; `undefined` once that was counted as the time at which it was sent. */
  paidAt: number | undefined
  /** Its call is paid, and is not sent yet. */
  isHeld: boolean
  /** Its question needs one more call, which may not be sent yet. */
  isPaying: boolean
  /** What it asks is of no interest any more: another call was faster, or nothing pays for the next one. */
  isAbandoned: boolean
  /** Its fiber is about to be interrupted, and must not begin anything new. */
  isEnding: boolean
  fiber: Fiber.RuntimeFiber<void, unknown> | undefined
}

/** What a crew tells of itself. */
interface Progress extends Queue.Progress {
  stood: number
  calls: number
  /** Replies to which a rule could not be applied, by rule and reason. */
  readonly faults: Map<string, number>
  /** Nothing new is asked, and until then, on the monotonic clock, the calls in flight are awaited. */
  draining: number | undefined
  /** Calls in flight that were given up in the end. */
  cut: number
}

/** What a crew works on. */
export interface Options<A, E, R, E2> {
  readonly lookup: Lookup<A, E, R>
  readonly policy: Policy.Policy
  readonly queue: Queue.Queue<E2>
  readonly admission: Admission
  readonly progress: Progress
  /** Asks once; a question of several requests pays for each but the first. */
  readonly attempt: (asked: Queue.Asked, call: Call) => Effect.Effect<Reply, E | LookupError>
  /** Makes a part of a question durable. */
  readonly keep?: ((id: number, part: Part) => Effect.Effect<void, E2>) | undefined
  /** Takes what came of an attempt. */
  readonly judge: (asked: Queue.Asked, attempt: Attempt<A, E>) => Effect.Effect<void, E2>
  readonly now: () => number
  /** Whether outcomes are not taken for now, by something that tells of it itself. */
  readonly isHeld?: (() => boolean) | undefined
}

/** Workers that ask. */
export interface Crew<E2> {
  /** Asks until there is no more to ask. On interruption the calls in flight are finished, for at most `policy.drain`, and judged. */
  readonly work: Effect.Effect<void, E2, Scope.Scope>
  /** Nothing new is asked, and the work ends with the calls in flight. */
  readonly stop: () => void
  /** As `stop`, but after so many milliseconds it ends without them. */
  readonly drain: (limit: number) => Effect.Effect<void>
  /** One more call was sent for a question. */
  readonly count: (asked: Queue.Asked) => void
  /** A question was answered after so many milliseconds: the other calls for it are ended. */
  readonly answered: (asked: Queue.Asked, ms: number) => void
  /** Nothing new is asked, and the work fails when the calls in flight are over. */
  readonly giveUp: (error: E2) => void
}

/** A crew that has not begun. */
export const make = <A, E, R, E2>(
  { admission, attempt, keep, isHeld, judge, lookup, now, policy, progress, queue }: Options<A, E, R, E2>
): Crew<E2> => {
  const most = Policy.mostInFlight(policy)
  const timeout = Duration.toMillis(policy.timeout)
  const deadline = Duration.toMillis(policy.deadline)
  const slots: Array<Slot> = []
  /** Done when the last worker ends. */
  const finished = Deferred.unsafeMake<void>(FiberId.none)
  /** How long answers take, where that decides what is asked twice. */
  let latencies = policy.hedge && lookup.isRead && (lookup.most ?? 1) === 1 ? Hedge.none : undefined
  /** The first failure of whoever gives questions or takes outcomes. */
  let broken: Effect.Effect<never, E2> | undefined

  const onFault = (rule: string, reason: string) => {
    const fault = `${rule}: ${reason}`
    progress.faults.set(fault, (progress.faults.get(fault) ?? 0) + 1)
  }

  const activeTime = (at: number) => Gate.activeTime(admission.state.gate, at)

  /** When the watch looks next. */
  let nextLook = Infinity
  /** The process did not run until just now: what came meanwhile has not been read. */
  let isResumed = false
  /** Since when nobody calls, though something is to be asked and nothing is waited for. */
  let standsSince: number | undefined

  /** Now. The time in which the process was stopped, or the machine asleep, is charged to no question: what came meanwhile is read first. */
  const present = (): number => {
    const at = now()
    const gap = at - nextLook
    if (gap <= longestLag) return at
    nextLook = at
    isResumed = true
    admission.skip(at, gap)
    for (const slot of slots) slot.sentAt = Math.min(slot.sentAt + gap, at)
    if (standsSince !== undefined) standsSince = Math.min(standsSince + gap, at)
    return at
  }

  const count = (asked: Queue.Asked) => {
    asked.calls++
    for (const one of asked.company) one.calls++
    progress.calls++
  }

  const interrupt = (slot: Slot) => {
    slot.isEnding = true
    slot.fiber?.unsafeInterruptAsFork(slot.fiber.id())
  }

  /** Ends the other calls for a question that has its answer. */
  const abandon = (asked: Queue.Asked) => {
    for (const slot of slots) {
      if (slot.asked !== asked) continue
      slot.isAbandoned = true
      count(asked)
      interrupt(slot)
    }
  }

  /** Pays for one more call of the question in a slot. The time that it waits is nobody's. */
  const payFor = (slot: Slot): Effect.Effect<void> =>
    Effect.suspend(() => {
      const asked = slot.asked!
      const [begun, since] = [now(), activeTime(now())]
      slot.isPaying = true
      return Effect.matchEffect(queue.pay, {
        onFailure: (error) => {
          count(asked)
          broken ??= Effect.fail(error)
          return Effect.interrupt
        },
        onSuccess: (paid) => {
          slot.isPaying = false
          slot.isAbandoned = paid === undefined
          if (paid === undefined) {
            count(asked)
            return Effect.interrupt
          }
          release(slot)
          slot.paidAt = paid
          slot.sentAt += now() - begun
          for (const one of Queue.all(asked)) one.since += activeTime(now()) - since
          count(asked)
          return Effect.void
        }
      })
    })

  /** What the call in a slot is told by. Where there is no rate nobody listens. */
  const sendingOf = (slot: Slot): Sending | undefined =>
    policy.pace.length === 0 ? undefined : {
      waits: () => {
        if (slot.isHeld || slot.asked === undefined) return
        slot.isHeld = true
        queue.hold(slot.paidAt)
      },
      sent: () => {
        if (slot.asked === undefined) return
        queue.send(slot.paidAt, slot.isHeld)
        slot.isHeld = false
        slot.paidAt = undefined
      }
    }

  /** What is lent to the attempts of a slot. */
  const callOf = (slot: Slot): Call => ({
    pay: payFor(slot),
    sending: sendingOf(slot),
    get parts() {
      return slot.asked?.parts ?? none
    },
    keep: (part) => keepOf(slot, part)
  })

  /** Keeps a part of what is asked in a slot: it has come further, so that its limits and its retries are those of the next part. */
  const keepOf = (slot: Slot, part: Part): Effect.Effect<void> =>
    Effect.suspend(() => {
      const asked = slot.asked!
      // of a call of several it is nobody's own
      if (asked.company.length > 0) return Effect.void
      return Effect.matchEffect(Effect.uninterruptible(keep?.(asked.id, part) ?? Effect.void), {
        onFailure: (error) => {
          slot.isAbandoned = true
          count(asked)
          giveUp(Effect.fail(error))
          return Effect.interrupt
        },
        onSuccess: () => {
          const others = (asked.parts ?? none).filter(({ number }) => number !== part.number)
          asked.parts = part.number === 0 ? none : [...others, part]
          const at = now()
          slot.sentAt = at
          asked.since = activeTime(at)
          asked.schedule = undefined
          return Effect.void
        }
      })
    })

  /** A call that is over will not be sent any more. */
  const release = (slot: Slot) => {
    if (!slot.isHeld) return
    slot.isHeld = false
    queue.drop()
  }

  const begin = (slot: Slot, asked: Queue.Asked) => {
    standsSince = undefined
    slot.sentAt = now()
    slot.paidAt = asked.paidAt
    slot.asked = asked
    slot.isPaying = false
  }

  const end = (slot: Slot): number => {
    const at = present()
    const asked = slot.asked!
    slot.asked = undefined
    queue.ended(asked)
    if (latencies !== undefined) queue.unhedge(asked)
    release(slot)
    return at - slot.sentAt
  }

  /** Its question is left as it is: answered by another call, or pending. */
  const leave = (slot: Slot) => {
    slot.isAbandoned = false
    end(slot)
  }

  /** Asks until there is no more to ask. It is interrupted when a call outlives its limit. */
  const shift = (slot: Slot, hire: Effect.Effect<void>) =>
    Effect.gen(function*() {
      const call = callOf(slot)
      // made once for all questions: the fast path allocates little
      const asking = Effect.matchCauseEffect(Effect.suspend(() => attempt(slot.asked!, call)), {
        onSuccess: (reply) => {
          const asked = slot.asked!
          if (slot.isAbandoned) return Effect.sync(() => leave(slot))
          return judge(asked, { ms: end(slot), ...heard(lookup, reply, asked, onFault) })
        },
        onFailure: (cause) => {
          const asked = slot.asked!
          if (slot.isAbandoned) return Effect.sync(() => leave(slot))
          const isUnpaid = slot.isPaying && broken !== undefined
          const attempt = { ms: end(slot), reply: undefined, verdict: lost(lookup, fromCause(cause)) }
          return isUnpaid ? broken! : judge(asked, attempt)
        }
      })
      while (true) {
        const asked = queue.next() ?? (yield* queue.wait)
        if (asked === undefined) return
        begin(slot, asked)
        if (progress.inFlight + spare > slots.length) yield* hire
        yield* asking
        if (slot.isEnding) return yield* Effect.never
      }
    })

  /** Shift after shift: one that was interrupted for its time limit is followed by the next. */
  const career = (slot: Slot, hire: Effect.Effect<void>): Effect.Effect<void, E2> =>
    Effect.flatMap(Effect.fork(shift(slot, hire)), (fiber) => {
      slot.fiber = fiber
      return Effect.flatMap(Fiber.await(fiber), (exit): Effect.Effect<void, E2> => {
        const { asked, isAbandoned, isEnding } = slot
        slot.isEnding = false
        if (asked === undefined) return isEnding && Exit.isInterrupted(exit) ? career(slot, hire) : exit
        if (isAbandoned) {
          leave(slot)
          return career(slot, hire)
        }
        const ms = end(slot)
        const error = timedOut(ms >= timeout ? policy.timeout : policy.deadline)
        return Effect.zipRight(
          judge(asked, { ms, reply: undefined, verdict: lost(lookup, Classify.failure(error)) }),
          career(slot, hire)
        )
      })
    })

  /** Interrupts the calls that have outlived their own limit or the deadline of their question, and hedges those that are slow. */
  const watch: Effect.Effect<never> = Effect.suspend(() => {
    const at = present()
    const slow = latencies?.limit ?? Infinity
    const isBlind = isResumed
    isResumed = false
    for (const slot of slots) {
      const { asked, isEnding, isPaying, sentAt } = slot
      if (asked === undefined || isPaying || isEnding || isBlind) continue
      const isLate = at - sentAt >= timeout || activeTime(at) - asked.since >= deadline
      if (isLate) interrupt(slot)
      else if (at - sentAt >= slow && !asked.isHedged && !asked.isCanary) queue.hedge(asked)
    }
    const interval = Math.min(timeout, watchInterval, Math.max(shortestLook, slow / 4))
    nextLook = at + interval
    return Effect.zipRight(Effect.zipRight(mind(at), Effect.sleep(Duration.millis(interval))), watch)
  })

  /** Nothing new is asked, and it is told for how long the calls in flight are awaited. */
  const stop = (limit: number) => {
    queue.drain()
    const at = now()
    const longest = slots.reduce(
      (most, { asked, sentAt }) => asked === undefined ? most : Math.max(most, sentAt + timeout),
      at
    )
    progress.draining = Math.min(at + limit, longest, progress.draining ?? Infinity)
  }

  /** Gives up the calls in flight: their questions stay pending. */
  const cut = Effect.suspend(() => {
    for (const { asked } of slots) {
      if (asked === undefined) continue
      count(asked)
      progress.cut++
    }
    return Deferred.succeed(finished, undefined)
  })

  const giveUp = (failure: Effect.Effect<never, E2>) => {
    broken ??= failure
    stop(Infinity)
  }

  const drain = (limit: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      stop(limit)
      return Effect.zipRight(Effect.sleep(Duration.millis(limit)), cut)
    })

  /** A run must go on or end: where it does neither, that is said, and everybody looks again. */
  const mind = (at: number): Effect.Effect<void> => {
    const why = isHeld?.() === true ? undefined : queue.stands(at)
    if (why === undefined) {
      standsSince = undefined
      return Effect.void
    }
    standsSince ??= at
    progress.stood = Math.max(progress.stood, at - standsSince)
    if (at - standsSince < longestStand) return Effect.void
    standsSince = undefined
    queue.wake()
    return Effect.logWarning(
      `nothing was asked for ${longestStand / 1000} s, and should have been: ${why}; it is tried again`
    )
  }

  const work = Effect.gen(function*() {
    const scope = yield* Effect.scope
    let working = 0
    /** One more worker, as long as there may be more than there are. */
    const hire: Effect.Effect<void> = Effect.suspend(() => {
      if (slots.length >= most) return Effect.void
      const slot: Slot = {
        asked: undefined,
        sentAt: 0,
        paidAt: undefined,
        isHeld: false,
        isPaying: false,
        isAbandoned: false,
        isEnding: false,
        fiber: undefined
      }
      slots.push(slot)
      working++
      const worker = Effect.onExit(career(slot, hire), (exit) => {
        working--
        // the calls of the others are paid for: they are awaited, and judged
        if (Exit.isFailure(exit)) giveUp(Effect.failCause(exit.cause))
        return working === 0 ? Deferred.succeed(finished, undefined) : Effect.void
      })
      return Effect.asVoid(Effect.forkIn(Effect.interruptible(worker), scope))
    })
    yield* Effect.forkIn(watch, scope)
    yield* hire
    const awaited = Deferred.await(finished)
    yield* Effect.onInterrupt(
      awaited,
      () =>
        Effect.raceFirst(Effect.interruptible(awaited), Effect.interruptible(drain(Duration.toMillis(policy.drain))))
    )
    if (broken !== undefined) return yield* broken
  })

  return {
    work,
    stop: () => stop(Infinity),
    drain,
    count,
    answered: (asked, ms) => {
      if (latencies !== undefined) latencies = Hedge.answered(latencies, ms)
      if (asked.inFlight > 0) abandon(asked)
    },
    giveUp: (error) => giveUp(Effect.fail(error))
  }
}
