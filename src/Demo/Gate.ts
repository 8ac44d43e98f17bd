import * as Duration from "effect/Duration"
import type { Options } from "./Options.ts"

/** At most `rate` admissions in any sliding second; refused calls do not count. */
export const makeRate = (rate: number): (now: number) => boolean => {
  const admitted = new Float64Array(rate).fill(-Infinity)
  let oldest = 0
  return (now) => {
    if (admitted[oldest]! > now - 1_000) return false
    admitted[oldest] = now
    oldest = (oldest + 1) % rate
    return true
  }
}

/** How many milliseconds to wait before the quota is replenished: 0 when the call is let through. */
export const makeQuota = (quota: NonNullable<Options["quota"]>): (now: number) => number => {
  const period = Duration.toMillis(quota.period)
  let end = -Infinity
  let left = 0
  return (now) => {
    if (now >= end) {
      end = now + period
      left = quota.calls
    }
    return left-- > 0 ? 0 : end - now
  }
}

/** Of every `every` calls the last `calls` fall into the outage. */
export const makeOutage = ({ calls, every }: NonNullable<Options["outage"]>): () => boolean => {
  let seen = 0
  return () => seen++ % every >= every - calls
}
