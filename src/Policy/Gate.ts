/**
 * The gate: after a 429, or while the server is down, nobody calls until it is ready again. A pure machine over a monotonic clock in
 * milliseconds.
 */
import { Duration, Schema } from "effect"
import { Limit } from "./DurationText.ts"

/** How long the gate stays shut. */
export const Throttle = Schema.Struct({
  /** The wait where the server names none; it doubles while nothing but throttling comes back. */
  base: Limit,
  /** No such wait is longer. */
  cap: Limit,
  /** After this long of nothing but throttling the run stops, and at once where the server says to wait for longer. */
  maxWait: Limit
})
export type Throttle = typeof Throttle.Type

/** 1 s doubling to 60 s, 15 minutes at most. */
export const standard: Throttle = {
  base: Duration.seconds(1),
  cap: Duration.seconds(60),
  maxWait: Duration.minutes(15)
}

/** The state of the gate; times are milliseconds of a monotonic clock. */
export interface Gate {
  /** It is shut until then; in the past: open. */
  readonly until: number
  /** Since when it is shut, or was for the last time. */
  readonly since: number
  /** For how long it was shut in all, up to `since`. */
  readonly total: number
  /** How often it shut in a row with no answer between. */
  readonly streak: number
  /** When this streak began. */
  readonly streakSince: number
  /** It is shut because the server is down; it stays so until an answer comes. */
  readonly isOutage: boolean
  /** It is shut for as long as the server said. */
  readonly isTold: boolean
}

/** An open gate. */
export const open: Gate = { until: 0, since: 0, total: 0, streak: 0, streakSince: 0, isOutage: false, isTold: false }

/** Whether calls must wait. */
export const isShut = (gate: Gate, now: number): boolean => now < gate.until

/** For how long the gate was shut up to now: deadlines do not run in that time. */
export const shutTime = (gate: Gate, now: number): number => gate.total + (Math.min(now, gate.until) - gate.since)

/** Time that deadlines count: it stands still while the gate is shut. */
export const activeTime = (gate: Gate, now: number): number => now - shutTime(gate, now)

/** Why and for how long the gate is shut. */
export interface Shut {
  /** The wait that the server asked for; none, or 0, is no hint. */
  readonly told?: Duration.Duration | undefined
  /** Not the server has asked for this wait, but who it is that waits. */
  readonly isOwn?: boolean
  /** The server is down. */
  readonly isOutage?: boolean
  /** From 0 to 1: how much of a tenth of the wait, and of 0.4 s, is added, so that clients do not come back all at once. */
  readonly jitter?: number
}

/** A server that says more does not mean it: no quota is of more than a year. */
const longestTold = Duration.days(366)

/** In milliseconds: who is told a time is awaited soon after it. */
const mostJitter = 400

/** Shuts the gate, or keeps it shut for longer. */
export const shut = (
  gate: Gate,
  throttle: Throttle,
  now: number,
  { isOutage = false, isOwn = false, jitter = 0, told }: Shut = {}
): Gate => {
  const isNew = !isShut(gate, now)
  const streak = isNew || gate.streak === 0 ? gate.streak + 1 : gate.streak
  const own = Math.min(Duration.toMillis(throttle.cap), Duration.toMillis(throttle.base) * 2 ** (streak - 1))
  const asked = told === undefined || Duration.greaterThan(told, longestTold) ? 0 : Duration.toMillis(told)
  const wait = asked > 0 ? asked : own
  const streakSince = gate.streak === 0 ? now : gate.streakSince
  const later = now + wait + jitter * Math.min(wait / 10, mostJitter)
  // what is told is obeyed in full, or the run stops; what is not told ends with a last try
  const until = asked > 0 ? later : Math.max(now, Math.min(later, streakSince + Duration.toMillis(throttle.maxWait)))
  return {
    until: Math.max(gate.until, until),
    since: isNew ? now : gate.since,
    total: isNew ? gate.total + (gate.until - gate.since) : gate.total,
    streak,
    streakSince,
    isOutage: isOutage || gate.isOutage,
    isTold: until > gate.until ? asked > 0 && !isOwn : gate.isTold
  }
}

/** An answer ends the streak. */
export const passed = (gate: Gate): Gate => gate.streak === 0 ? gate : { ...gate, streak: 0, isOutage: false }

/** The process did not run for so many milliseconds: in that time no deadline ran, and nobody was refused anything. */
export const skip = (gate: Gate, gap: number): Gate => ({
  ...gate,
  total: gate.total + gap,
  streakSince: gate.streakSince + gap
})

/** Whether no answer has come back for as long as `maxWait`, or the server says that none will. */
export const isExhausted = (gate: Gate, throttle: Throttle, now: number): boolean =>
  gate.streak > 0
  && (now - gate.streakSince >= Duration.toMillis(throttle.maxWait) ||
    isTooLong(throttle, gate.until - gate.streakSince))

/** Whether a wait in milliseconds is longer than anybody is willing to make. */
export const isTooLong = ({ maxWait }: Throttle, wait: number): boolean =>
  wait > Duration.toMillis(maxWait) + Math.min(Duration.toMillis(maxWait) / 10, mostJitter)
