/**
 * The queue decides which question is asked next and when: retries that are due first, then the next pending ones, and nobody while
 * the gate is shut or the meter allows no call. Workers without work are parked here.
 */
import { Duration, Effect, type Scope } from "effect"
import type { Question } from "../Entry.ts"
import * as Gate from "../Policy/Gate.ts"
import type { Meter } from "./Meter.ts"

/** A pending question; `id` is what the caller knows it by. */
export interface Pending {
  readonly id: number
  readonly question: Question
}

/** A question in work. */
export interface Asked extends Pending {
  attempts: number
  calls: number
  /** When it was first asked, on the clock that stands still while the gate is shut; later by the time that it waited for its turn. */
  since: number
  /** When it was to be asked again for the last time, on the same clock. */
  dueAt: number
  /** The state of its retry schedule. */
  schedule: unknown
}

/** What the queue tells of itself. It is mutated in place and read by whoever shows progress. */
export interface Progress {
  inFlight: number
  /** Questions in back-off. */
  waiting: number
  /** The gate, on the monotonic clock. */
  gate: Gate.Gate
  /** When the pace allowed or allows the call that was waited for last, on the same clock. */
  paced: number
}

/** Where workers get their questions. */
export interface Queue<out E> {
  /** The next question, if one may be asked now; it is in flight from then on, until the caller takes it out. */
  readonly next: () => Asked | undefined
  /** The next question as soon as one may be asked, or `undefined` when there will be none. */
  readonly wait: Effect.Effect<Asked | undefined, E>
  /** Waits until one more call may be sent for a question that is in flight, and spends it. */
  readonly pay: Effect.Effect<void, E>
  /** Asks a question again, at once or after a delay in milliseconds, in which it holds no worker. */
  readonly again: (asked: Asked, delay: number) => Effect.Effect<void>
  /** Shuts the gate; the next question after it is asked alone. */
  readonly shut: (throttle: Gate.Throttle, told: Duration.Duration | undefined) => Effect.Effect<void>
  /** A reply came that was not throttled. */
  readonly pass: () => void
  /** Gives out no more questions. */
  readonly drain: () => void
}

/** Questions in back-off at the most; beyond it no new ones are begun. */
const waitingLimit = 1024

/** Timers beyond 2³¹−1 ms fire at once or never; longer waits are slept in pieces. */
const maxSleep = 2 ** 31 - 1

/** An empty queue that pulls its questions page by page; an empty page is the end. */
export const make = <E>(options: {
  readonly pull: Effect.Effect<ReadonlyArray<Pending>, E>
  readonly progress: Progress
  readonly meter: Meter<E> | undefined
  /** A monotonic clock in milliseconds. */
  readonly now: () => number
}): Effect.Effect<Queue<E>, never, Scope.Scope> =>
  Effect.flatMap(Effect.scope, (scope) => {
    const { meter, now, progress } = options
    let page: ReadonlyArray<Pending> = []
    let index = 0
    let isExhausted = false
    let isPulling = false
    let isDraining = false
    /** The first question, and the first after a shut gate, is asked alone. */
    let isAlone = true
    const due: Array<Asked> = []
    /** Workers without a question. */
    const parked: Array<() => void> = []
    /** Workers whose question needs one more call: they go first. */
    const paying: Array<() => void> = []

    const wake = (count: number) => {
      const first = paying.splice(0, count)
      for (const resume of [...first, ...parked.splice(0, count - first.length)]) resume()
    }

    const isOpen = (at: number) => !isDraining && !(isAlone && progress.inFlight > 0) && !Gate.isShut(progress.gate, at)

    const hasNext = () => due.length > 0 || (index < page.length && progress.waiting < waitingLimit)

    const pick = (active: number): Asked | undefined => {
      const again = due.shift()
      if (again !== undefined) {
        again.since += active - again.dueAt
        return again
      }
      if (!hasNext()) return undefined
      const { id, question } = page[index++]!
      return { id, question, attempts: 0, calls: 0, since: active, dueAt: active, schedule: undefined }
    }

    const take = (at: number): Asked | undefined => {
      if (!isOpen(at) || (meter !== undefined && !meter.allows(at))) return undefined
      const asked = pick(Gate.activeTime(progress.gate, at))
      if (asked === undefined) return undefined
      progress.inFlight++
      if (meter !== undefined) {
        meter.spend(at)
        follow(meter, at)
      }
      return asked
    }

    /** Whoever takes a question sees to the next one, as others may be parked for the pace alone. */
    const follow = (meter: Meter<E>, at: number) => {
      if (paying.length === 0) {
        if (parked.length === 0 || !isOpen(at)) return
        if (isHungry()) return wake(1)
        if (!hasNext()) return
      } else if (Gate.isShut(progress.gate, at)) return
      if (meter.readyAt() <= at || meter.isDue(at, true)) wake(1)
      else keepPace(meter)
    }

    /** Reserves the next portion; what is left of the last one is for somebody else. */
    const reserve = (meter: Meter<E>) => {
      const reserving = Effect.map(meter.reserve(), () => wake(paying.length))
      wake(1)
      return reserving
    }

    /** Whether there is no question left of the page, and nobody gets the next page. */
    const isHungry = () => index === page.length && !isExhausted && !isPulling

    const isFinished = () =>
      isDraining
      || (isExhausted && index === page.length && due.length + progress.waiting + progress.inFlight === 0)

    const pull = () => {
      isPulling = true
      return Effect.map(options.pull, (pulled) => {
        isPulling = false
        isExhausted = pulled.length === 0
        page = pulled
        index = 0
        wake(pulled.length)
      })
    }

    // in one go: between two effects another worker might be heard first
    const wait: Effect.Effect<Asked | undefined, E> = Effect.async((resume) => {
      const at = now()
      const asked = take(at)
      if (asked !== undefined) return resume(Effect.succeed(asked))
      if (isFinished()) {
        wake(Infinity)
        return resume(Effect.succeed(undefined))
      }
      if (meter?.isDue(at, isOpen(at) && hasNext())) {
        return resume(Effect.zipRight(reserve(meter), wait))
      }
      if (isHungry()) return resume(Effect.zipRight(pull(), wait))
      return park(parked, () => resume(wait), isOpen(at) && hasNext())
    })

    /** Waits to be woken; `isReady`: but for the pace a call could be sent. */
    const park = (waiting: Array<() => void>, unpark: () => void, isReady: boolean): Effect.Effect<void> => {
      waiting.push(unpark)
      if (meter !== undefined && isReady && meter.readyAt() > now()) keepPace(meter)
      return Effect.sync(() => {
        const place = waiting.indexOf(unpark)
        if (place >= 0) waiting.splice(place, 1)
      })
    }

    const pay: Effect.Effect<void, E> = Effect.async((resume) => {
      const at = now()
      const isShut = Gate.isShut(progress.gate, at)
      if (!isShut && (meter === undefined || meter.allows(at))) {
        meter?.spend(at)
        if (meter !== undefined) follow(meter, at)
        return resume(Effect.void)
      }
      return meter?.isDue(at, !isShut)
        ? resume(Effect.zipRight(reserve(meter), pay))
        : park(paying, () => resume(pay), !isShut)
    })

    const requeue = (asked: Asked) => {
      asked.dueAt = Gate.activeTime(progress.gate, now())
      due.push(asked)
      wake(1)
    }

    /** Sleeps until a time that may move on meanwhile. */
    const sleepUntil = (time: () => number): Effect.Effect<void> =>
      Effect.suspend(() => {
        const left = Math.min(Math.ceil(time() - now()), maxSleep)
        return left > 0 ? Effect.zipRight(Effect.sleep(Duration.millis(left)), sleepUntil(time)) : Effect.void
      })

    const open = Effect.zipRight(
      sleepUntil(() => progress.gate.until),
      Effect.sync(() => {
        isAlone = true
        wake(Infinity)
      })
    )

    let isPaced = false
    let resumePacer: (() => void) | undefined

    /** Wakes a worker when the pace allows the next call, who wakes the next one. */
    const keepPace = (meter: Meter<E>) => {
      progress.paced = meter.readyAt()
      isPaced = true
      resumePacer?.()
      resumePacer = undefined
    }

    const pacer = (meter: Meter<E>) =>
      Effect.async<void>((resume) => {
        resumePacer = () => resume(Effect.void)
        if (isPaced) keepPace(meter)
      }).pipe(
        Effect.zipRight(sleepUntil(meter.readyAt)),
        Effect.zipRight(Effect.sync(() => {
          isPaced = false
          wake(1)
        })),
        Effect.forever
      )

    const queue: Queue<E> = {
      next: () => take(now()),
      wait,
      pay,
      again: (asked, delay) =>
        Effect.suspend(() => {
          if (delay === 0) return Effect.sync(() => requeue(asked))
          progress.waiting++
          const later = Effect.sync(() => {
            progress.waiting--
            requeue(asked)
          })
          return Effect.asVoid(Effect.forkIn(Effect.zipRight(Effect.sleep(Duration.millis(delay)), later), scope))
        }),
      shut: (throttle, told) =>
        Effect.suspend(() => {
          const { until } = progress.gate
          const wasShut = Gate.isShut(progress.gate, now())
          progress.gate = Gate.shut(progress.gate, throttle, now(), told)
          if (progress.gate.until > until) meter?.shut()
          return wasShut ? Effect.void : Effect.asVoid(Effect.forkIn(open, scope))
        }),
      pass: () => {
        progress.gate = Gate.passed(progress.gate)
        if (!isAlone) return
        isAlone = false
        wake(Infinity)
      },
      drain: () => {
        isDraining = true
        wake(Infinity)
      }
    }
    return meter === undefined ? Effect.succeed(queue) : Effect.as(Effect.forkIn(pacer(meter), scope), queue)
  })
