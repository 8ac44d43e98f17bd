/**
 * The meter: what a run has spent, and whether one more call may be sent. What is spent is made durable before it is spent, in
 * portions, so that what a crash leaves unknown counts as spent.
 */
import { Cause, type Clock, Duration, Effect } from "effect"
import * as Budget from "../Policy/Budget.ts"
import * as History from "../Policy/History.ts"
import * as Pace from "../Policy/Pace.ts"
import * as Account from "./Account.ts"
import * as Spent from "./Spent.ts"

/** What a meter goes by; times are milliseconds of a monotonic clock. */
export interface Meter<out E> {
  /** Whether a call may be sent now. */
  readonly allows: (at: number) => boolean
  /** When the pace, or the next window of a budget, allows the next call; in the past: at once. Whoever asks is about to wait for it. */
  readonly readyAt: () => number
  /** Whether the next window of a budget is what is waited for. */
  readonly isSpent: () => boolean
  /** The cap that pays for no more calls, at least for longer than anybody is willing to wait. */
  readonly spentAt: (at: number) => Budget.Standing | undefined
  /** A call is paid; it is sent at once unless that is told. */
  readonly spend: (at: number) => void
  /** A call that was paid at `paid` is not sent yet; `undefined`: nobody has paid for it, as it is the second one of its payment. */
  readonly hold: (paid: number | undefined, at: number) => void
  /** A call is sent that was paid at `paid`; `isHeld`: it was not at once. */
  readonly send: (paid: number | undefined, at: number, isHeld: boolean) => void
  /** A call that was not sent yet will not be. */
  readonly drop: (at: number) => void
  /** It was not sent after all. */
  readonly refund: () => void
  /** A reply came after so many milliseconds. */
  readonly replied: (at: number, ms: number) => void
  /** The server refused a call, and did not say for how long nobody is to call. */
  readonly refused: () => void
  /** The gate shuts: its new end is to be reserved at once. */
  readonly shut: () => void
  /** Whether a portion is to be reserved, which nobody does at present; `isWanted`: a call could be sent. */
  readonly isDue: (at: number, isWanted: boolean) => boolean
  /** Begins to reserve the next portion. */
  readonly reserve: () => Effect.Effect<void, E>
  /** Reserves the exact figures. Nothing may be spent after it. */
  readonly close: Effect.Effect<void, E>
}

/** Calls that are reserved at once where they are slow, besides one for each worker. */
const portionSize = 256
/** Milliseconds for which calls are reserved where there is a rate, or where they are fast. */
const portionTime = 250

/** What is left of a budget is reserved in this many portions at least, as a crash leaves one of them unknown. */
const budgetPortions = 50

/** Milliseconds of calls that stand together in the history while they are sent. */
const together = 1000

/** Later than any moment: what is reserved without a time may have been sent up to the end of its process. */
const never = 8.64e15

/** A meter, or none where there is neither a rate, nor a budget, nor a need to know. */
export const make = <E>(options: {
  readonly rates: ReadonlyArray<Pace.Rate>
  readonly concurrency: number
  /** What earlier runs have spent. */
  readonly spent?: Spent.Spent | undefined
  /** Makes durable what will have been spent. Without it everything is forgotten. */
  readonly reserve?: ((spent: Spent.Spent) => Effect.Effect<void, E>) | undefined
  /** What may be spent; no limit unless told otherwise. */
  readonly budget?: Budget.Budget
  /** For how many milliseconds anybody is willing to wait for the next window of a budget. */
  readonly maxWait?: number
  /** How many units of the limiter each call uses; 1 unless told otherwise. */
  readonly weight?: number
  /** Until when the server lets nobody call. */
  readonly shutUntil: () => number
  readonly clock: Clock.Clock
  readonly now: () => number
}): Meter<E> | undefined => {
  const { budget = Budget.none, clock, concurrency, maxWait = 0, now, rates, reserve, shutUntil, weight = 1 } = options
  if (rates.length === 0 && reserve === undefined && !Budget.isLimited(budget)) return undefined

  const spent = options.spent === undefined ? Spent.nothing : Spent.ofOlder(options.spent, rates, weight)
  /** From the monotonic clock to the time since 1970; it changes when somebody sets the clock, or the machine was asleep. */
  const offset = () => clock.unsafeCurrentTimeMillis() - now()

  let pace = Pace.resume(rates, spent.pace, now(), offset(), weight, spent.history)
  let readyAt = Pace.readyAt(pace, weight)
  const leeway = Pace.leeway(pace)
  /** Calls that are paid and not sent yet. */
  let unsent = 0
  /** Somebody waits for the next call to be allowed. */
  let isAwaited = false
  let { calls } = spent

  /** Units that were used, but for those of the last calls, on the monotonic clock. */
  let history: History.History = (spent.history ?? History.none).map(([at, units]) =>
    [Math.min(at - offset(), now()), units] as const
  )
  /** The calls that are not in it: from how many, and from when, and when the last one was sent. */
  const recent = { calls, since: -Infinity, at: -Infinity }

  const remember = () => {
    history = History.add(history, recent.at, (calls - recent.calls) * weight)
    recent.calls = calls
  }

  // who neither limits nor keeps what is spent need not know which day it is
  const account = reserve === undefined && !Budget.isLimited(budget)
    ? Account.unlimited
    : Account.make({ budget, spent, clock, now })
  const most = account.most

  /** Calls in a portion, from the least to the most; the next one is reserved when few are left of it. */
  const portionOf = () => {
    const largest = Math.max(1, Math.floor((most() - calls) / budgetPortions))
    const least = Math.max(
      1,
      Math.min(portionSize + concurrency, largest, ...rates.map((rate) => inPortionTime(rate, weight)))
    )
    const low = rates.length === 0 ? Math.min(concurrency, Math.floor(least * 2 / 3)) : Math.floor(least / 3)
    return { least, largest, low }
  }
  let portion = portionOf()

  /** How many calls may be sent, and until when. */
  let covered = reserve === undefined ? { calls: most(), until: Infinity } : { calls: -Infinity, until: -Infinity }
  /** When the last portion was reserved, and how many calls there were. */
  let last = { at: -Infinity, calls }
  let isReserving = false
  /** The gate was shut since the last reserve began. */
  let isStale = false
  let [hasBegun, hasFailed] = [false, false]
  /** Milliseconds that the last reserve took. */
  let took = 0
  /** How often a window has ended. */
  let turns = 0

  /** In another hour, day, month what is sent is counted, and is to be reserved, anew. */
  const turnIfOver = (at: number) => {
    if (!account.isDue(at, calls) || !account.turn(calls)) return
    turns++
    portion = portionOf()
    covered = reserve === undefined ? { calls: most(), until: Infinity } : { calls, until: covered.until }
  }

  const change = (next: Pace.Pace) => {
    pace = next
    readyAt = Pace.readyAt(pace, weight)
  }

  /** A call is sent later than it was counted. */
  const moveOn = (paid: number | undefined, at: number) => {
    // the last ones are counted together
    recent.at = Math.max(recent.at, at)
    if (paid === undefined) history = History.add(history, at, weight)
    else if (paid < recent.since) history = History.move(history, paid, at, weight)
  }

  /** The next portion is due; there is none after the last of the budget. */
  const isLow = () => calls + portion.low >= covered.calls && covered.calls < most()

  const write = (next: number, pace: Pace.Pace, until: number) =>
    Effect.suspend(() => {
      const shut = shutUntil()
      // the millisecond that the clock shows is not over
      const toWall = offset() + 1
      remember()
      history = History.compact(history, now(), toWall)
      const ahead = (next - calls + unsent) * weight
      return reserve!({
        ...account.spending(next),
        history: [
          ...history.map(([at, units]) => [Math.ceil(at + toWall), units] as const),
          ...(ahead === 0 ? [] : [[until === Infinity ? never : Math.ceil(until + toWall), ahead] as const])
        ],
        pace: Pace.keep(pace, toWall),
        gate: shut > now() ? Math.ceil(shut + toWall) : 0,
        ...(shut > now() ? { kept: Math.floor(now() + toWall) - 1 } : {})
      })
    }).pipe(
      Effect.onError((cause) =>
        Effect.sync(() => {
          hasFailed ||= !Cause.isInterruptedOnly(cause)
        })
      )
    )

  return {
    allows: (at) => {
      turnIfOver(at)
      const isAllowed = at >= readyAt && calls < covered.calls && at <= covered.until && (isReserving || !isLow())
      isAwaited ||= !isAllowed
      return isAllowed
    },
    readyAt: () => {
      isAwaited = true
      return calls < most() ? readyAt : Math.max(readyAt, account.readyAt(calls))
    },
    isSpent: () => calls >= most() && account.readyAt(calls) > readyAt,
    spentAt: (at) => {
      turnIfOver(at)
      return calls >= most() && account.readyAt(calls) - at > maxWait ? account.spentCap(calls) : undefined
    },
    spend: (at) => {
      if (at >= recent.since + together) {
        remember()
        recent.since = at
      }
      recent.at = at
      calls++
      if (rates.length === 0) return
      change(Pace.take(pace, at, weight, isAwaited))
      isAwaited = false
    },
    hold: (paid, at) => {
      unsent++
      change(Pace.hold(pace, paid, at, weight))
    },
    send: (paid, at, isHeld) => {
      if (isHeld) unsent--
      else if (paid !== undefined && at - paid <= leeway) return
      else pace = Pace.hold(pace, paid, at, weight)
      change(Pace.send(pace, at, weight))
      moveOn(paid, at)
    },
    drop: (at) => {
      unsent--
      change(Pace.drop(pace, at, weight))
    },
    refund: () => {
      // of another hour: it stays spent
      if (!account.isCounting(calls)) return
      calls--
      if (calls >= recent.calls) return
      recent.calls = calls
      const [at, units] = history.at(-1)!
      history = [...history.slice(0, -1), [at, units - weight]]
    },
    replied: (at, ms) => {
      if (rates.length === 0) return
      change(Pace.heard(pace, at - ms, ms))
    },
    refused: () => change(Pace.refused(pace)),
    shut: () => {
      isStale = reserve !== undefined
    },
    isDue: (at, isWanted) => !isReserving && (isStale || (isWanted && (isLow() || at > covered.until))),
    reserve: () => {
      const begun = now()
      turnIfOver(begun)
      const turn = turns
      // what takes long gets more time the next time; and what is covered now stays covered
      const ready = readyAt === Infinity ? Pace.readyAt(Pace.settled(pace, begun), weight) : readyAt
      const soon = Math.max(begun, ready, shutUntil()) + portionTime + 2 * took
      const until = rates.length === 0 ? Infinity : Math.max(covered.until, soon)
      // a shorter time may hold a burst, and tells no speed
      const used = (calls - last.calls) * portionTime / Math.max(begun - last.at, portionTime / 5)
      const wanted = rates.length === 0
        ? Math.min(portion.largest, Math.max(portion.least, Math.ceil(used)))
        : portion.least
      const next = { calls: Math.max(calls, Math.min(most(), calls + wanted)), until }
      last = { at: begun, calls }
      isReserving = true
      isStale = false
      hasBegun = true
      return Effect.map(
        write(next.calls, Pace.ahead(Pace.settled(pace, until), until, portion.least * weight), until),
        () => {
          isReserving = false
          took = now() - begun
          // what was reserved in a window is good for no other one
          if (turn === turns) covered = next
        }
      )
    },
    close: Effect.suspend(() =>
      hasBegun && !hasFailed ? write(calls, Pace.settled(pace, now()), Infinity) : Effect.void
    )
  }
}

const inPortionTime = ({ limit, window }: Pace.Rate, weight: number) =>
  Math.floor(limit / weight * portionTime / Duration.toMillis(window))
