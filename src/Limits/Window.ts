/**
 * A window: so many calls until it is reset.
 */
import { Duration } from "effect"
import type { Reply } from "../Reply.ts"
import type { Told } from "./Dialect.ts"
import * as Value from "./Value.ts"

export interface Window {
  readonly remaining: number
  readonly reset: Duration.Duration
}

/** A window of which both is known. */
export const of = ({ remaining, reset }: {
  readonly remaining?: number | undefined
  readonly reset?: Duration.Duration | undefined
}): Window | undefined => remaining === undefined || reset === undefined ? undefined : { remaining, reset }

/**
 * A leaking bucket: what is available, what a call costs, and what is restored each second. Where it holds a call or more, the window is as
 * long as it takes to restore what they cost.
 */
export const bucket = (available: number, cost: number, perSecond: number): Window | undefined => {
  const remaining = calls(available, cost)
  const needed = remaining === 0 ? cost - available : remaining * cost
  return of({ remaining, reset: Value.hint(needed / perSecond * 1000) })
}

/** How many calls so many points pay for. */
export const calls = (points: number, cost: number): number =>
  Math.min(Math.floor(points / cost), Number.MAX_SAFE_INTEGER)

/** The window in which the least remains; of those, the one that is reset last. */
export const tightest = (windows: ReadonlyArray<Window | undefined>): Window | undefined => {
  let tightest: Window | undefined
  for (const window of windows) {
    if (window !== undefined && (tightest === undefined || isTighter(window, tightest))) tightest = window
  }
  return tightest
}

/**
 * What a reply says by its windows. A 403 when nothing remains is a refusal for asking too much: GitHub answers so.
 *
 * Source: docs.github.com, "Rate limits for the REST API", "Exceeding the rate limit".
 */
export const told = (reply: Reply, windows: ReadonlyArray<Window | undefined>): Told | undefined => {
  const window = tightest(windows)
  return window?.remaining === 0 && reply.status === 403 ? { ...window, isThrottled: true } : window
}

const isTighter = (one: Window, other: Window) =>
  one.remaining < other.remaining ||
  (one.remaining === other.remaining && Duration.greaterThan(one.reset, other.reset))
