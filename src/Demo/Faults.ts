import * as Duration from "effect/Duration"
import type { Options } from "./Options.ts"

/** What a call suffers in place of its answer. */
export type Fault = "drop" | "cut" | "hang" | "throttle" | "unavailable"

/** Pure: the same call of the same code always has the same fate, whatever else is asked in between. */
export interface Faults {
  /** The fault of the nth call (from 1) for a code that has suffered `before` faults so far. */
  readonly fault: (code: string, nth: number, before: number) => Fault | undefined
  /** How many milliseconds this call takes. */
  readonly latency: (code: string, nth: number) => number
}

export const make = (options: Options): Faults => {
  const seed = options.seed ?? 1
  const limit = options.faultsPerCode ?? 2
  const ladder = climb([
    ["drop", options.drop],
    ["cut", options.cut],
    ["hang", options.hang],
    ["throttle", options.throttle?.probability],
    ["unavailable", options.unavailable]
  ])
  return {
    fault: (code, nth, before) => {
      if (ladder.length === 0 || before >= limit) return undefined
      const drawn = uniform(seed, code, nth, 0)
      return ladder.find(([, below]) => drawn < below)?.[0]
    },
    latency: latencyLaw(seed, options.latency)
  }
}

/** Gives each fault its own part of [0, 1), so that one draw decides between all of them. */
const climb = (
  probabilities: ReadonlyArray<readonly [Fault, number | undefined]>
): ReadonlyArray<readonly [Fault, number]> => {
  let below = 0
  return probabilities.flatMap(([fault, probability = 0]) =>
    probability === 0 ? [] : [[fault, below += probability] as const]
  )
}

const latencyLaw = (seed: number, latency: Options["latency"]): Faults["latency"] => {
  if (latency === undefined) return () => 0
  if (!isSpread(latency)) {
    const fixed = Duration.toMillis(latency)
    return () => fixed
  }
  const median = Duration.toMillis(latency.p50)
  const deviation = Math.log(Duration.toMillis(latency.p99) / median) / z99
  return (code, nth) => median * Math.exp(deviation * normal(uniform(seed, code, nth, 1), uniform(seed, code, nth, 2)))
}

const isSpread = (
  latency: NonNullable<Options["latency"]>
): latency is Extract<Options["latency"], { readonly p50: unknown }> => typeof latency === "object" && "p50" in latency

/** The 99th percentile of the standard normal distribution. */
const z99 = 2.3263478740408408

/** Box-Muller: a standard normal draw from two uniform ones. */
const normal = (u: number, v: number): number => Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v)

/** A draw from [0, 1): FNV-1a over the code, then the finalizer of MurmurHash3. */
const uniform = (seed: number, code: string, nth: number, salt: number): number => {
  let hash = mix(seed ^ 0x811c9dc5) ^ Math.imul(nth, 0x9e3779b1) ^ Math.imul(salt, 0x85ebca77)
  for (let index = 0; index < code.length; index++) hash = Math.imul(hash ^ code.charCodeAt(index), 0x01000193)
  return (mix(hash) >>> 0) / 0x1_0000_0000
}

const mix = (hash: number): number => {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
