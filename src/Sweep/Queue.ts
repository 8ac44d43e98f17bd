/**
 * The queue decides which question is asked next and when: retries that are due first, then the next pending ones, and nobody while
 * the gate is shut. Workers without work are parked here.
 */
import { Duration, Effect, type Scope } from "effect"
import type { Question } from "../Entry.ts"
import * as Gate from "../Policy/Gate.ts"

/** A pending question; `id` is what the caller knows it by. */
export interface Pending {
  readonly id: number
  readonly question: Question
}

/** A question in work. */
export interface Asked extends Pending {
  attempts: number
  calls: number
  /** When it was first asked, on the clock that stands still while the gate is shut. */
  since: number | undefined
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
}

/** Where workers get their questions. */
export interface Queue<out E> {
  /** The next question, if one may be asked now. */
  readonly next: () => Asked | undefined
  /** The next question as soon as one may be asked, or `undefined` when there will be none. */
  readonly wait: Effect.Effect<Asked | undefined, E>
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
  /** A monotonic clock in milliseconds. */
  readonly now: () => number
}): Effect.Effect<Queue<E>, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    const { now, progress } = options
    let page: ReadonlyArray<Pending> = []
    let index = 0
    let isExhausted = false
    let isPulling = false
    let isDraining = false
    /** The first question, and the first after a shut gate, is asked alone. */
    let isAlone = true
    const due: Array<Asked> = []
    const parked: Array<() => void> = []

    const wake = (count: number) => {
      for (const resume of parked.splice(0, count)) resume()
    }

    const next = (): Asked | undefined => {
      if (isDraining || (isAlone && progress.inFlight > 0) || Gate.isShut(progress.gate, now())) return undefined
      const again = due.shift()
      if (again !== undefined) return again
      if (index === page.length || progress.waiting >= waitingLimit) return undefined
      const { id, question } = page[index++]!
      return { id, question, attempts: 0, calls: 0, since: undefined, schedule: undefined }
    }

    const isFinished = () =>
      isDraining
      || (isExhausted && index === page.length && due.length + progress.waiting + progress.inFlight === 0)

    const pull = Effect.suspend(() => {
      isPulling = true
      return Effect.map(options.pull, (pulled) => {
        isPulling = false
        isExhausted = pulled.length === 0
        page = pulled
        index = 0
        wake(pulled.length)
      })
    })

    const park = Effect.async<void>((resume) => {
      const unpark = () => resume(Effect.void)
      parked.push(unpark)
      return Effect.sync(() => {
        const at = parked.indexOf(unpark)
        if (at >= 0) parked.splice(at, 1)
      })
    })

    const wait: Effect.Effect<Asked | undefined, E> = Effect.suspend(() => {
      const asked = next()
      if (asked !== undefined) return Effect.succeed(asked)
      if (isFinished()) {
        wake(parked.length)
        return Effect.succeed(undefined)
      }
      const isHungry = index === page.length && !isExhausted && !isPulling
      return Effect.zipRight(isHungry ? pull : park, wait)
    })

    const requeue = (asked: Asked) => {
      due.push(asked)
      wake(1)
    }

    const open: Effect.Effect<void> = Effect.suspend(() => {
      const left = progress.gate.until - now()
      if (left > 0) return Effect.zipRight(Effect.sleep(Duration.millis(Math.min(left, maxSleep))), open)
      isAlone = true
      wake(parked.length)
      return Effect.void
    })

    return {
      next,
      wait,
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
          const wasShut = Gate.isShut(progress.gate, now())
          progress.gate = Gate.shut(progress.gate, throttle, now(), told)
          return wasShut ? Effect.void : Effect.asVoid(Effect.forkIn(open, scope))
        }),
      pass: () => {
        progress.gate = Gate.passed(progress.gate)
        if (!isAlone) return
        isAlone = false
        wake(parked.length)
      },
      drain: () => {
        isDraining = true
        wake(parked.length)
      }
    }
  })
