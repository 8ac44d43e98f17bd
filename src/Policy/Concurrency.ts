/**
 * `-c auto`: how many calls may be in flight, and how fast they may be sent, found out from what comes back. A pure machine over a
 * monotonic clock in milliseconds: the limit is learnt from how long answers take, the pace from what is refused. Where the number in flight
 * is fixed, the pace is learnt from the first refusal on.
 */
import { Schema } from "effect"
import * as Limit from "./Concurrency/Limit.ts"
import * as Rate from "./Concurrency/Rate.ts"
import * as Windows from "./Concurrency/Windows.ts"
import * as Pace from "./Pace.ts"

const Int = Schema.Int.pipe(Schema.positive())
/** From how many calls in flight, up to how many. */
export const Auto = Schema.Struct({ start: Int, most: Int })
export type Auto = typeof Auto.Type
/** From 4 to 1,000. */
export const standard: Auto = { start: 4, most: 1000 }

/** What is known of a server so far. */
export interface Concurrency {
  /** A number is not learnt. */
  readonly limit: Limit.Limit | number
  readonly rate: Rate.Rate
  readonly windows: Windows.Windows
}

/** What suits the server: calls in flight, and calls per second where refusals have taught that. */
export interface Found {
  readonly concurrency: number
  readonly perSecond: number | undefined
  /** Where the server counts in windows: how many whole ones were seen, and the rate that held in them, once there were enough. */
  readonly windows?: { readonly seen: number; readonly rate?: string }
}

/** A reply: when it came, after how many milliseconds, how many calls were in flight with it, and what it was. */
export interface Reply {
  readonly now: number
  readonly ms: number
  readonly inFlight: number
  readonly kind: "answered" | "failed" | "throttled"
  /** For how many milliseconds nobody is to call, as the server says. */
  readonly told?: number
}

/** Nothing is known. */
export const begin = ({ most, start }: Auto, now: number): Concurrency => ({
  limit: Limit.begin(start, most, now),
  rate: Rate.begin(now),
  windows: Windows.begin(now)
})

/** So many calls may be in flight, and so many were answered in the last second when the first one was refused: the pace is to be learnt. */
export const fixed = (limit: number, perSecond: number, now: number): Concurrency => ({
  limit,
  rate: Rate.from(perSecond, now),
  windows: Windows.begin(now)
})

/** The pace is to be learnt anew from so many calls per second, whatever was known of it. */
export const relearnt = (state: Concurrency, perSecond: number, now: number): Concurrency => ({
  ...state,
  rate: Rate.from(perSecond, now)
})

/** The pace is so many calls per second for a while, to learn what comes of it. */
export const held = (state: Concurrency, perSecond: number, now: number): Concurrency => ({
  ...state,
  rate: Rate.held(perSecond, now)
})

/** The pace, in calls per second. */
export const pace = ({ rate }: Concurrency): number => rate.current

/** What was learnt of the pace since then was no matter of it. */
export const unlearnt = ({ limit }: Concurrency, before: Concurrency): Concurrency => ({ ...before, limit })

/** How many calls may be in flight. */
export const limit = ({ limit }: Concurrency): number => typeof limit === "number" ? limit : limit.current

/** When the next call may be sent; in the past: at once. */
export const readyAt = ({ rate }: Concurrency): number => rate.next

/** For how many milliseconds nobody should call after a refusal. */
export const wait = ({ rate }: Concurrency, now: number): number => Rate.wait(rate, now)

/** A call is sent. */
export const sent = (state: Concurrency, now: number): Concurrency => ({ ...state, rate: Rate.sent(state.rate, now) })

/** A reply came. */
export const replied = (
  { limit, rate, windows }: Concurrency,
  { inFlight, kind, ms, now, told = 0 }: Reply
): Concurrency =>
  kind === "throttled"
    ? {
      limit,
      rate: Rate.refused(rate, now, now - ms, told),
      windows: told > 0 ? Windows.refused(windows, now, now - ms, told) : windows
    }
    : {
      limit: typeof limit === "number" ? limit : Limit.replied(limit, now, ms, inFlight, kind === "answered"),
      rate: kind === "answered" ? Rate.answered(rate, now, now - ms) : rate,
      windows: kind === "answered" ? Windows.answered(windows, now) : windows
    }

/** What was found, if anything. */
export const found = ({ limit, rate, windows }: Concurrency): Found | undefined => {
  const perSecond = Rate.found(rate)
  const counted = Windows.found(windows, perSecond)
  if (typeof limit === "number" && perSecond === undefined && counted === undefined) return undefined
  return {
    concurrency: typeof limit === "number" ? limit : Limit.found(limit),
    perSecond,
    ...(counted === undefined
      ? {}
      : { windows: { seen: counted.seen, ...(counted.rate === undefined ? {} : { rate: Pace.format(counted.rate) }) } })
  }
}
