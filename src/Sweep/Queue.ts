/**
 * The queue decides which question is asked next and when: hedges and retries first, then the next pending ones, then what was refused;
 * after a pause what is new goes first. Nobody is asked while the admission or the meter allows no call. Workers without work are parked
 * here.
 */
import { Duration, Effect, Fiber, Random, type Scope } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { Question } from "../Entry.ts"
import type { Told } from "../Limits/Dialect.ts"
import type * as Budget from "../Policy/Budget.ts"
import * as Gate from "../Policy/Gate.ts"
import type * as Refusal from "../Policy/Refusal.ts"
import * as Trial from "../Policy/Trial.ts"
import type { Part } from "../Reply.ts"
import type * as Admission from "../Upstream/Admission.ts"
import type { Meter } from "../Upstream/Meter.ts"

/** A pending question; `id` is what the caller knows it by. */
export interface Pending {
  readonly id: number
  readonly question: Question
  /** What was kept of it by earlier runs. */
  readonly parts?: ReadonlyArray<Part> | undefined
}

/** A question in work. Its call may carry others: what is decided of the call is decided of them all. */
export interface Asked extends Pending {
  /** Those that its call carries besides it: the next one too, until they are parted. They are younger. */
  company: ReadonlyArray<Asked>
  /** It is asked alone: it is under suspicion of spoiling what it is asked with. */
  isAlone: boolean
  /** An answer to a call that carried it held nothing for it. */
  isMissing: boolean
  attempts: number
  calls: number
  /** Calls in flight for it: more than one where it is hedged. */
  inFlight: number
  /** It was asked once more while it was in flight; that is done once. */
  isHedged: boolean
  /** It was answered before, and is asked to learn whether the server is up. */
  readonly isCanary: boolean
  /** It was asked to learn whether others fail too. */
  isProbe: boolean
  /** It was the first one to be asked after a pause, and as whom. */
  trial: Trial.Role | undefined
  /** When it was first asked, on the clock that stands still while the gate is shut; later by the time that it waited for its turn. */
  since: number
  /** When it was to be asked again for the last time, on the same clock. */
  dueAt: number
  /** When its last call was paid, on the monotonic clock. */
  paidAt: number
  /** The state of its retry schedule. */
  schedule: unknown
  /** Its answer was empty once. */
  isEmpty: boolean
  /** What is kept of it already. */
  parts: ReadonlyArray<Part> | undefined
  /** How often it was refused for asking too much. */
  refused: Refusal.Refused | undefined
}

/** How the queue stands. It is mutated in place, by the sweep alone. */
export interface Progress {
  inFlight: number
  /** Questions that were begun, but for those that were answered before. */
  asked: number
  /** Questions in back-off. */
  waiting: number
  /** When the call that was waited for last is or was allowed, on the monotonic clock. */
  paced: number
}

/** Where workers get their questions. */
export interface Queue<out E> {
  /** The next question, if one may be asked now; it is in flight from then on, until the caller takes it out. */
  readonly next: () => Asked | undefined
  /** The next question as soon as one may be asked, or `undefined` when there will be none. */
  readonly wait: Effect.Effect<Asked | undefined, E>
  /** Waits until one more call may be sent for a question that is in flight, and spends it; gives when, `undefined`: there will be none. */
  readonly pay: Effect.Effect<number | undefined, E>
  /** A call is over. */
  readonly ended: (asked: Asked) => void
  /** A call that was paid at `paid` is not sent yet: it waits for a connection. */
  readonly hold: (paid: number | undefined) => void
  /** A call is sent that was paid at `paid`; `isHeld`: it was not at once. */
  readonly send: (paid: number | undefined, isHeld: boolean) => void
  /** A call that was not sent yet will not be. */
  readonly drop: () => void
  /** Asks a question again, with no fault of its own, after those that are at hand. */
  readonly again: (asked: Asked) => Effect.Effect<void>
  /** Asks a question again after a delay in milliseconds, in which it holds no worker, and within the retry budget. */
  readonly retry: (asked: Asked, delay: number) => Effect.Effect<void>
  /** Asks a question once more that is in flight, if the retry budget allows it. */
  readonly hedge: (asked: Asked) => void
  /** Does not, if that has not been done yet. */
  readonly unhedge: (asked: Asked) => void
  /** How many questions are to be asked again. */
  readonly waiting: () => number
  /** The questions that were asked, are in no call and have no outcome. */
  readonly left: () => ReadonlyArray<number>
  /** A question whose answer is known, which may be asked again where nothing else can tell whether the server is up. */
  readonly remember: (pending: Pending) => void
  /** Shuts the gate; the next question after it is asked alone. */
  readonly shut: (cause: Admission.Cause) => Effect.Effect<void>
  /** Keeps to what the server says about how much may be asked. */
  readonly heed: (told: Told) => void
  /** Gives out no more questions. */
  readonly drain: () => void
  /** Why nobody calls though something is to be asked; `undefined` where a call is in flight, a timer is armed, or all is over. */
  readonly stands: (at: number) => string | undefined
  /** Wakes every worker, to look again. */
  readonly wake: () => void
}

/** The questions that a call carries, the oldest one first. */
export const all = (asked: Asked): NonEmptyReadonlyArray<Asked> => [asked, ...asked.company]

/** Two calls for questions that were asked by one; each goes on from where that one was. */
export const halves = (
  asked: ReadonlyArray<Asked>,
  { refused, schedule }: Asked
): ReadonlyArray<Asked> => {
  const middle = Math.ceil(asked.length / 2)
  return [asked.slice(0, middle), asked.slice(middle)].flatMap(([lead, ...company]) => {
    if (lead === undefined) return []
    for (const one of [lead, ...company]) {
      one.isAlone = company.length === 0
      one.refused = refused
      one.schedule = schedule
    }
    lead.company = company
    return [lead]
  })
}

/** What a call asks. */
export const questions = ({ company, question }: Asked): NonEmptyReadonlyArray<Question> =>
  company.length === 0 ? [question] : [question, ...company.map(({ question }) => question)]

/** Whether a question may go with others. */
const isSociable = ({ inFlight, isAlone, isCanary, isProbe, parts }: Asked): boolean =>
  inFlight === 0 && !isAlone && !isCanary && !isProbe && parts === undefined

const none: ReadonlyArray<never> = []

/** Questions in back-off at the most; beyond it no new ones are begun. */
const waitingLimit = 1024

/** Timers beyond 2³¹−1 ms fire at once or never; longer waits are slept in pieces. */
const maxSleep = 2 ** 31 - 1

/** Milliseconds of a sleep that is worth a fiber of its own, so that it can be cut short. */
const longNap = 50

/** An empty queue that pulls its questions page by page; an empty page is the end. */
export const make = <E>(options: {
  readonly pull: Effect.Effect<ReadonlyArray<Pending>, E>
  /** Questions from all over the list that are not pulled yet, and will not be; none when there are no more. */
  readonly elsewhere?: Effect.Effect<ReadonlyArray<Pending>, E> | undefined
  /** Whether nothing should be asked but what tells whether all others fail too: one at a time; `isLast`: nothing else is left. */
  readonly isDoubtful: (hasKnown: boolean, isLast: boolean) => boolean
  /** How many questions a call may carry now. */
  readonly most: () => number
  readonly progress: Progress
  readonly admission: Admission.Admission
  readonly meter: Meter<E> | undefined
  /** Is run when a call is wanted that a cap does not pay for. */
  readonly onSpent: (cap: Budget.Standing) => void
  /** Is run when a call is wanted that the server allows only later than anybody is willing to wait. */
  readonly onHopeless: () => void
  /** A monotonic clock in milliseconds. */
  readonly now: () => number
}): Effect.Effect<Queue<E>, never, Scope.Scope> =>
  Effect.flatMap(Effect.scope, (scope) => {
    const { admission, meter, now, onHopeless, onSpent, progress } = options
    let page: ReadonlyArray<Pending> = []
    let index = 0
    /** Places of the page beyond `index` that are begun, and questions from beyond the page. */
    const begun = new Set<number>()
    let far: ReadonlyArray<Pending> = []
    let hasFar = options.elsewhere !== undefined
    let isFetching = false
    /** How many probes there were, and from how many places elsewhere. */
    let [probes, places] = [0, 0]
    let isExhausted = false
    let isPulling = false
    let isDraining = false
    let known: Pending | undefined
    /** The pause after which somebody was asked, by when it began, and how often a witness might have been. */
    let [tried, turns] = [-Infinity, 0]
    /** What is asked once more while it is in flight, what waits behind the others, and what the retry budget must pay for. */
    const hedges: Array<Asked> = []
    const back: Array<Asked> = []
    const retries: Array<Asked> = []
    /** Questions in back-off. */
    const resting = new Set<Asked>()
    /** Workers without a question. */
    const parked: Array<() => void> = []
    /** Workers whose question needs one more call: they go first. */
    const paying: Array<() => void> = []

    const wake = (count: number) => {
      const first = paying.splice(0, count)
      for (const resume of [...first, ...parked.splice(0, count - first.length)]) resume()
    }

    const isOpen = (at: number) => !isDraining && admission.isOpen(at)

    const isFull = () => progress.waiting + retries.length + back.length >= waitingLimit

    const hasFresh = () => (index < page.length || far.length > 0) && !isFull()

    /** Nothing should be asked but what tells whether the others fail too. */
    const isSeeking = () => admission.isProbing() || isDoubtful()

    const isDoubtful = () => options.isDoubtful(known !== undefined, isAllAsked())

    /** Nothing is left to be asked, and nothing is in work. */
    const isAllAsked = () =>
      isExhausted && index === page.length && far.length === 0
      && hedges.length + back.length + retries.length + progress.waiting + progress.inFlight === 0

    /** What is near fails as its neighbours do: first what is far is looked for. */
    const needsFar = () =>
      hasFar && far.length === 0 && !isExhausted && !isFull() &&
      (isSeeking() || (known === undefined && Trial.isDue(admission.trial())))

    /** After a pause the next page is pulled first: what was refused may be refused for ever. */
    const hasBack = () => back.length > 0 && (isExhausted || state.gate.streak === 0 || isFull())

    const { retryAt, state } = admission

    const hasAny = () =>
      hedges.length > 0 || retries.length > 0 || hasFresh() || hasBack()
      || (known !== undefined && isSeeking())

    /** When there will be something to ask that may be asked. */
    const readyAt = () =>
      Math.max(
        speedAt(),
        retries.length > 0 && hedges.length === 0 && !hasFresh() && !hasBack() ? retryAt() : -Infinity
      )

    /** When the next call may be sent. */
    const speedAt = () => Math.max(admission.readyAt(), meter === undefined ? -Infinity : meter.readyAt())

    const isAllowed = (at: number) => admission.readyAt() <= at && (meter === undefined || meter.allows(at))

    const pick = (at: number): Asked | undefined => {
      const active = Gate.activeTime(state.gate, at)
      if (isSeeking()) return probe(active, at)
      return state.gate.streak > 0 ? trial(active, at) : inLine(active, at)
    }

    /** Lets others go with a question in its call. What tells whether all is well is asked alone. */
    const accompany = (asked: Asked, most: number, active: number): Asked => {
      if (asked.company.length > 0 || !isSociable(asked) || asked.trial !== undefined) return asked
      const all = [asked]
      while (all.length < most) {
        const next = sociable(retries, active)
          ?? (hasFresh() ? unasked(active) : undefined)
          ?? (hasBack() ? sociable(back, active) : undefined)
        if (next === undefined) break
        all.push(next)
      }
      const oldest = all.reduce((oldest, one) => one.since < oldest.since ? one : oldest)
      oldest.company = all.filter((one) => one !== oldest)
      return oldest
    }

    /** The first of those in line, if it may go with another one: no call is made for it, and nothing pays for it. */
    const sociable = (line: Array<Asked>, active: number): Asked | undefined => {
      const [first] = line
      return first === undefined || first.company.length > 0 || !isSociable(first)
        ? undefined
        : once(line.shift(), active)
    }

    const inLine = (active: number, at: number): Asked | undefined =>
      once(hedges.shift(), active)
        ?? (retryAt() <= at ? once(paid(retries.shift(), at), active) : undefined)
        ?? fresh(active)
        ?? (hasBack() ? once(back.shift(), active) : undefined)

    /**
     * After a pause: what is new goes first, or a witness. Where nothing is known, and what is new is refused as well, what was refused before
     * is asked again: whoever is refused once each would never come to an answer.
     */
    const trial = (active: number, at: number): Asked | undefined => {
      const isFirst = tried !== state.gate.since
      const isDue = isFirst && Trial.isDue(admission.trial()) && (hasFresh() || hasBack() || retries.length > 0)
      const witness = isDue && Trial.isWitness(turns++) ? canary(active) ?? elsewhere(active) : undefined
      const again = isDue && witness === undefined && known === undefined ? once(back.shift(), active) : undefined
      const asked = witness ?? again ?? fresh(active) ?? inLine(active, at)
      if (!isFirst || asked === undefined) return asked
      tried = state.gate.since
      asked.trial = asked.isCanary ? "known" : witness === undefined ? "other" : "far"
      return asked
    }

    /** In turn: what was answered before, what is new and far away, what was tried before. Of neighbours each fails as the other does. */
    const probe = (active: number, at: number): Asked | undefined => {
      const isDue = admission.isProbing() || retryAt() <= at
      const isKnowns = isDoubtful() && known !== undefined
      for (let tries = 0; tries < 3; tries++) {
        const turn = isKnowns ? 0 : probes++ % 3
        const found = turn === 0
          ? canary(active)
          : turn === 1
          ? elsewhere(active)
          : once((isDue ? paid(retries.shift(), at) : undefined) ?? back.shift() ?? hedges.shift(), active)
        if (found !== undefined) {
          found.isProbe = true
          return found
        }
      }
      return undefined
    }

    /** A question far from those that were asked last: from beyond the page, else from all over it, by the golden ratio. */
    const elsewhere = (active: number): Asked | undefined => {
      if (!hasFresh()) return undefined
      if (far.length > 0) return farther(active)
      if (index === page.length) return fresh(active)
      const rest = page.length - index
      let place = index + Math.floor((++places * 0.618034) % 1 * rest)
      while (begun.has(place)) place = place + 1 < page.length ? place + 1 : index
      if (place === index) return fresh(active)
      begun.add(place)
      return begin(page[place]!, active, false)
    }

    const once = (again: Asked | undefined, active: number) => {
      if (again !== undefined && again.inFlight === 0) {
        const waited = active - again.dueAt
        again.since += waited
        for (const one of again.company) one.since += waited
      }
      return again
    }

    const paid = (retried: Asked | undefined, at: number) => {
      if (retried !== undefined) admission.retried(at)
      return retried
    }

    const fresh = (active: number): Asked | undefined => {
      if (!hasFresh()) return undefined
      admission.earned()
      return unasked(active)
    }

    const unasked = (active: number): Asked => {
      if (far.length > 0 && (index === page.length || isSeeking())) return farther(active)
      const next = page[index++]!
      while (begun.size > 0 && begun.delete(index)) index++
      return begin(next, active, false)
    }

    const farther = (active: number): Asked => {
      const [first, ...rest] = far
      far = rest
      return begin(first!, active, false)
    }

    const canary = (active: number) => known && begin(known, active, true)

    const begin = ({ id, parts, question }: Pending, active: number, isCanary: boolean): Asked => {
      if (!isCanary) progress.asked++
      return {
        id,
        question,
        company: none,
        isAlone: false,
        isMissing: false,
        attempts: 0,
        calls: 0,
        inFlight: 0,
        isHedged: false,
        isCanary,
        isProbe: false,
        trial: undefined,
        since: active,
        dueAt: active,
        paidAt: -Infinity,
        schedule: undefined,
        isEmpty: false,
        parts: isCanary ? undefined : parts,
        refused: undefined
      }
    }

    const take = (at: number): Asked | undefined => {
      if (!isOpen(at) || !isAllowed(at) || needsFar()) return undefined
      if (progress.inFlight > 0 && isDoubtful()) return undefined
      const picked = pick(at)
      if (picked === undefined) return undefined
      const most = options.most()
      const asked = most > 1 ? accompany(picked, most, Gate.activeTime(state.gate, at)) : picked
      asked.inFlight++
      for (const one of asked.company) one.inFlight++
      asked.paidAt = at
      progress.inFlight++
      admission.began()
      spend(at)
      return asked
    }

    const spend = (at: number) => {
      admission.sent(at)
      meter?.spend(at)
      if (parked.length > 0 || paying.length > 0) follow(at)
    }

    /** Whoever takes a question sees to the next one, as others may be parked for the pace alone. */
    const follow = (at: number) => {
      if (paying.length === 0) {
        if (parked.length === 0 || !isOpen(at)) return
        if (isHungry()) return wake(1)
        if (!hasAny()) return
      } else if (Gate.isShut(state.gate, at)) return
      if (readyAt() <= at || meter?.isDue(at, true)) wake(1)
      else keepPace()
    }

    /** Reserves the next portion; what is left of the last one is for somebody else. */
    const reserve = (meter: Meter<E>) => {
      const reserving = Effect.map(meter.reserve(), () => wake(paying.length))
      wake(1)
      return reserving
    }

    /** Whether there is no question left of the page, and nobody gets the next page. */
    const isHungry = () => index === page.length && far.length === 0 && !isExhausted && !isPulling

    const isFinished = () => isDraining || (isAllAsked() && !(known !== undefined && isDoubtful()))

    /** Whether a call is wanted that no budget pays for: it ends everything. */
    const isSpent = (at: number) => {
      const cap = meter?.spentAt(at)
      if (cap === undefined || (progress.waiting === 0 && !hasAny())) return false
      onSpent(cap)
      return true
    }

    /** Whether a call is wanted that would have to wait for too long: it ends everything. */
    const isHopeless = (at: number) => {
      if (!admission.isHopeless(at) || !hasAny()) return false
      onHopeless()
      return true
    }

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

    const fetch = (elsewhere: Effect.Effect<ReadonlyArray<Pending>, E>) => {
      isFetching = true
      return Effect.map(elsewhere, (found) => {
        isFetching = false
        far = found
        hasFar = found.length > 0
        wake(1)
      })
    }

    // in one go: between two effects another worker might be heard first
    const wait: Effect.Effect<Asked | undefined, E> = Effect.async((resume) => {
      const at = now()
      const asked = take(at)
      if (asked !== undefined) return resume(Effect.succeed(asked))
      // a pause is made durable though the run is about to end: what is in flight may keep it for long
      if (meter?.isDue(at, false)) return resume(Effect.zipRight(reserve(meter), wait))
      if (isFinished() || isSpent(at) || isHopeless(at)) {
        wake(Infinity)
        return resume(Effect.succeed(undefined))
      }
      if (meter?.isDue(at, isOpen(at) && hasAny())) {
        return resume(Effect.zipRight(reserve(meter), wait))
      }
      if (!isFetching && needsFar()) return resume(Effect.zipRight(fetch(options.elsewhere!), wait))
      if (isHungry()) return resume(Effect.zipRight(pull(), wait))
      return park(parked, () => resume(wait), at, isOpen(at) && hasAny())
    })

    /**
     * Waits to be woken; `isReady`: but for the pace a call could be sent. By the reading of the clock that refused the call: by a later
     * one the pace may allow it, and then nobody would come to wake.
     */
    const park = (
      waiting: Array<() => void>,
      unpark: () => void,
      at: number,
      isReady: boolean
    ): Effect.Effect<void> => {
      waiting.push(unpark)
      if (isReady && readyAt() > at) keepPace()
      return Effect.sync(() => {
        const place = waiting.indexOf(unpark)
        if (place >= 0) waiting.splice(place, 1)
      })
    }

    const pay: Effect.Effect<number | undefined, E> = Effect.async((resume) => {
      const at = now()
      const cap = meter?.spentAt(at)
      if (cap !== undefined) {
        onSpent(cap)
        return resume(Effect.succeed(undefined))
      }
      const isShut = Gate.isShut(state.gate, at)
      if (!isShut && isAllowed(at)) {
        spend(at)
        return resume(Effect.succeed(at))
      }
      return meter?.isDue(at, !isShut)
        ? resume(Effect.zipRight(reserve(meter), pay))
        : park(paying, () => resume(pay), at, !isShut)
    })

    /** Whoever waits for a call to be sent, or to end, sees to the next one. */
    const release = (at: number) => {
      if (parked.length > 0 || paying.length > 0) follow(at)
    }

    const requeue = (queue: Array<Asked>, asked: Asked) => {
      asked.dueAt = Gate.activeTime(state.gate, now())
      asked.trial = undefined
      queue.push(asked)
      wake(1)
    }

    /** Sleeps until a time that may move on meanwhile. */
    const sleepUntil = (time: () => number): Effect.Effect<void> =>
      Effect.suspend(() => {
        const left = Math.min(Math.ceil(time() - now()), maxSleep)
        return left > 0 ? Effect.zipRight(Effect.sleep(Duration.millis(left)), sleepUntil(time)) : Effect.void
      })

    const open = Effect.zipRight(
      sleepUntil(() => state.gate.until),
      Effect.sync(() => wake(Infinity))
    )

    /** A longer pause is made durable at once. */
    const keep = (change: () => void) => {
      const until = admission.toldUntil()
      change()
      if (admission.toldUntil() > until) meter?.shut()
    }

    let isPaced = false
    let resumePacer: (() => void) | undefined
    /** The pacer's sleep, where it is a long one, and its end. */
    let nap: Fiber.RuntimeFiber<void> | undefined
    let napEnd = Infinity

    /** Wakes a worker when the pace allows the next call, who wakes the next one. */
    const keepPace = () => {
      progress.paced = readyAt()
      isPaced = true
      resumePacer?.()
      resumePacer = undefined
      if (nap === undefined || progress.paced >= napEnd) return
      // a later reply has said that it may be asked sooner
      nap.unsafeInterruptAsFork(nap.id())
      nap = undefined
    }

    const untilReady: Effect.Effect<void> = Effect.suspend(() => {
      const end = readyAt()
      const left = Math.min(Math.ceil(end - now()), maxSleep)
      if (left <= 0) return Effect.void
      const sleep = Effect.sleep(Duration.millis(left))
      if (left <= longNap) return Effect.zipRight(sleep, untilReady)
      return Effect.flatMap(Effect.fork(sleep), (fiber) => {
        nap = fiber
        napEnd = end
        // it may have been said between
        if (readyAt() < end) keepPace()
        return Effect.zipRight(Fiber.await(fiber), untilReady)
      })
    })

    const pacer = Effect.async<void>((resume) => {
      resumePacer = () => resume(Effect.void)
      if (isPaced) keepPace()
    }).pipe(
      Effect.zipRight(untilReady),
      Effect.zipRight(Effect.sync(() => {
        nap = undefined
        isPaced = false
        wake(1)
      })),
      Effect.forever
    )

    /** What waits to be asked again. */
    const waiting = () => [...back, ...retries, ...resting].flatMap(all)

    const queue: Queue<E> = {
      next: () => take(now()),
      wait,
      pay,
      ended: (asked) => {
        asked.inFlight--
        for (const one of asked.company) one.inFlight--
        progress.inFlight--
        admission.ended(1)
      },
      hold: (paid) => meter?.hold(paid, now()),
      send: (paid, isHeld) => {
        const at = now()
        meter?.send(paid, at, isHeld)
        if (isHeld) release(at)
      },
      drop: () => {
        const at = now()
        meter?.drop(at)
        release(at)
      },
      again: (asked) => Effect.sync(() => requeue(back, asked)),
      retry: (asked, delay) =>
        Effect.suspend(() => {
          const count = 1 + asked.company.length
          progress.waiting += count
          resting.add(asked)
          const later = Effect.sync(() => {
            progress.waiting -= count
            resting.delete(asked)
            requeue(retries, asked)
          })
          return Effect.asVoid(Effect.forkIn(Effect.zipRight(Effect.sleep(Duration.millis(delay)), later), scope))
        }),
      hedge: (asked) => {
        if (retryAt() > now()) return
        asked.isHedged = true
        hedges.unshift(paid(asked, now())!)
        wake(1)
      },
      unhedge: (asked) => {
        const place = hedges.indexOf(asked)
        if (place >= 0) hedges.splice(place, 1)
      },
      waiting: () => waiting().length,
      left: () => waiting().map(({ id }) => id),
      remember: (pending) => {
        known = pending
      },
      shut: (cause) =>
        Effect.flatMap(Random.next, (jitter) => {
          const at = now()
          const wasShut = Gate.isShut(state.gate, at)
          keep(() => admission.shut(at, cause, jitter))
          return wasShut ? Effect.void : Effect.asVoid(Effect.forkIn(open, scope))
        }),
      heed: (told) => keep(() => admission.heed(now(), told)),
      drain: () => {
        isDraining = true
        wake(Infinity)
      },
      stands: (at) => {
        if (isFinished() || progress.inFlight > 0 || progress.waiting > 0) return undefined
        if (Gate.isShut(state.gate, at) || readyAt() > at) return undefined
        return [
          `${page.length - index + hedges.length + retries.length + back.length} questions wait`,
          `${parked.length + paying.length} workers without one`,
          isPulling ? "the next ones are being read" : isExhausted ? "no more to come" : "more to come",
          ...(isPaced ? ["the pace is waited for"] : [])
        ].join(", ")
      },
      wake: () => wake(Infinity)
    }
    return Effect.as(Effect.forkIn(pacer, scope), queue)
  })
