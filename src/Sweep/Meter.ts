/**
 * The meter: what a run has spent, and whether one more call may be sent. What is spent is made durable before it is spent, in
 * portions, so that what a crash leaves unknown counts as spent.
 */
import { Cause, type Clock, Duration, Effect, Schema } from "effect"
import * as Pace from "../Policy/Pace.ts"

/** What all runs together have spent, as the ledger keeps it. */
export const Spent = Schema.Struct({
  /** Calls that were sent. */
  calls: Schema.NonNegativeInt,
  /** How far rates are used, by their text. */
  pace: Schema.Record({ key: Schema.String, value: Pace.Used }),
  /** When the pause ends that a server asked for or that followed a 429, in milliseconds since 1970; 0 where there is none. */
  gate: Schema.Number,
  /** What the clock showed when that was kept, so that no pause is longer than it was, whatever the clock shows later. */
  kept: Schema.optional(Schema.Number)
})
export type Spent = typeof Spent.Type

/** Nothing spent. */
export const nothing: Spent = { calls: 0, pace: {}, gate: 0 }

/** For how many milliseconds a pause goes on that was kept, as a clock shows now. */
export const pauseLeft = ({ gate, kept = -Infinity }: Spent, now: number): number => gate - Math.max(now, kept)

/** What a meter goes by; times are milliseconds of a monotonic clock. */
export interface Meter<out E> {
  /** Whether a call may be sent now. */
  readonly allows: (at: number) => boolean
  /** When the pace allows the next call; in the past: at once. Whoever asks is about to wait for it. */
  readonly readyAt: () => number
  /** Whether nothing pays for one more call. */
  readonly isSpent: () => boolean
  /** A call is sent. */
  readonly spend: (at: number) => void
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

/** A meter, or none where there is neither a rate, nor a budget, nor a need to know. */
export const make = <E>(options: {
  readonly rates: ReadonlyArray<Pace.Rate>
  readonly concurrency: number
  /** What earlier runs have spent. */
  readonly spent?: Spent | undefined
  /** Makes durable what will have been spent. Without it everything is forgotten. */
  readonly reserve?: ((spent: Spent) => Effect.Effect<void, E>) | undefined
  /** Calls of all runs at the most; no limit unless told otherwise. */
  readonly budget?: number
  /** What each call counts for in the rates; 1 unless told otherwise. */
  readonly weight?: number
  /** Until when the server lets nobody call. */
  readonly shutUntil: () => number
  readonly clock: Clock.Clock
  readonly now: () => number
}): Meter<E> | undefined => {
  const { budget = Infinity, clock, concurrency, now, reserve, shutUntil, spent = nothing } = options
  const rates = options.rates.map((rate) => inCalls(rate, options.weight ?? 1))
  if (rates.length === 0 && reserve === undefined && budget === Infinity) return undefined

  /** From the monotonic clock to the time since 1970; it changes when somebody sets the clock, or the machine was asleep. */
  const offset = () => clock.unsafeCurrentTimeMillis() - now()
  const most = Math.max(1, Math.floor((budget - spent.calls) / budgetPortions))
  /** Calls in a portion, at least; the next one is reserved when this few are left of it. */
  const portion = Math.max(
    1,
    Math.min(
      portionSize + concurrency,
      most,
      ...rates.map(inPortionTime)
    )
  )
  const low = rates.length === 0 ? Math.min(concurrency, Math.floor(portion * 2 / 3)) : Math.floor(portion / 3)

  let pace = Pace.resume(rates, spent.pace, now(), offset())
  let readyAt = Pace.readyAt(pace)
  /** Somebody waits for the next call to be allowed. */
  let isAwaited = false
  let { calls } = spent
  /** How many calls may be sent, and until when. */
  let covered = reserve === undefined ? { calls: budget, until: Infinity } : { calls: -Infinity, until: -Infinity }
  /** When the last portion was reserved, and how many calls there were. */
  let last = { at: -Infinity, calls }
  let isReserving = false
  /** The gate was shut since the last reserve began. */
  let isStale = false
  let [hasBegun, hasFailed] = [false, false]
  /** Milliseconds that the last reserve took. */
  let took = 0

  /** The next portion is due; there is none after the last of the budget. */
  const isLow = () => calls + low >= covered.calls && covered.calls < budget

  const write = (calls: number, pace: Pace.Pace) =>
    Effect.suspend(() => {
      const until = shutUntil()
      // the millisecond that the clock shows is not over
      const toWall = offset() + 1
      return reserve!({
        calls,
        pace: { ...spent.pace, ...Pace.keep(pace, toWall) },
        gate: until > now() ? Math.ceil(until + toWall) : 0,
        ...(until > now() ? { kept: Math.floor(now() + toWall) - 1 } : {})
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
      const isAllowed = at >= readyAt && calls < covered.calls && at <= covered.until && (isReserving || !isLow())
      isAwaited ||= !isAllowed
      return isAllowed
    },
    readyAt: () => {
      isAwaited = true
      return readyAt
    },
    isSpent: () => calls >= budget,
    spend: (at) => {
      calls++
      if (rates.length === 0) return
      pace = Pace.take(pace, at, 1, isAwaited)
      isAwaited = false
      readyAt = Pace.readyAt(pace)
    },
    refund: () => {
      calls--
    },
    replied: (at, ms) => {
      if (rates.length === 0) return
      pace = Pace.heard(pace, at - ms, ms)
      readyAt = Pace.readyAt(pace)
    },
    refused: () => {
      pace = Pace.refused(pace)
      readyAt = Pace.readyAt(pace)
    },
    shut: () => {
      isStale = reserve !== undefined
    },
    isDue: (at, isWanted) => !isReserving && (isStale || (isWanted && (isLow() || at > covered.until))),
    reserve: () => {
      const begun = now()
      // what takes long gets more time the next time; and what is covered now stays covered
      const soon = Math.max(begun, readyAt, shutUntil()) + portionTime + 2 * took
      const until = rates.length === 0 ? Infinity : Math.max(covered.until, soon)
      // a shorter time may hold a burst, and tells no speed
      const used = (calls - last.calls) * portionTime / Math.max(begun - last.at, portionTime / 5)
      const wanted = rates.length === 0 ? Math.min(most, Math.max(portion, Math.ceil(used))) : portion
      const next = { calls: Math.max(calls, Math.min(budget, calls + wanted)), until }
      last = { at: begun, calls }
      isReserving = true
      isStale = false
      hasBegun = true
      return Effect.map(write(next.calls, Pace.ahead(pace, until, portion)), () => {
        isReserving = false
        took = now() - begun
        covered = next
      })
    },
    close: Effect.suspend(() => hasBegun && !hasFailed ? write(calls, pace) : Effect.void)
  }
}

const inPortionTime = ({ limit, window }: Pace.Rate) => Math.floor(limit * portionTime / Duration.toMillis(window))

/** As many calls as a rate allows where each counts for more than one. */
const inCalls = (rate: Pace.Rate, weight: number): Pace.Rate =>
  weight === 1
    ? rate
    : { ...rate, limit: Math.floor(rate.limit / weight), burst: Math.max(1, Math.floor(rate.burst / weight)) }
