/**
 * Retry: how often a question is asked again, and after what delay.
 */
import { Duration, Effect, Random, Schedule, Schema } from "effect"
import { DurationText } from "./DurationText.ts"

/** Exponential back-off with a cap and full jitter. */
export const Retry = Schema.Struct({
  /** Attempts after the first. */
  retries: Schema.Int.pipe(Schema.between(0, 100)),
  /** The first delay before jitter; it doubles with each retry. */
  base: DurationText,
  /** No delay is longer. */
  cap: DurationText
})
export type Retry = typeof Retry.Type

/** Four retries, from 0.5 s doubling to 30 s. */
export const standard: Retry = { retries: 4, base: Duration.millis(500), cap: Duration.seconds(30) }

/** Every failure is final. */
export const never: Retry = { ...standard, retries: 0 }

/**
 * The schedule of delays: `random(0, min(cap, base × 2ⁿ))`, called full jitter.
 *
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export const schedule = (retry: Retry): Schedule.Schedule<unknown> =>
  Schedule.exponential(retry.base).pipe(
    Schedule.modifyDelay((_, delay) => Duration.min(delay, retry.cap)),
    // Schedule.jittered would give 80–120 %
    Schedule.modifyDelayEffect((_, delay) => Effect.map(Random.next, (part) => Duration.times(delay, part))),
    Schedule.intersect(Schedule.recurs(retry.retries))
  )
