/**
 * How hard the tests try: a sample in `npm test`, more with `PROVE=1` (`npm run prove`), everything with `TORTURE=1` (`npm run torture`).
 */
import { Array, Effect, Random } from "effect"
import { writeSync } from "node:fs"

/** Whether everything is tried. */
export const isLong = process.env.TORTURE === "1"

/** Whether more than a sample is tried. */
export const isProof = isLong || process.env.PROVE === "1"

/** What is taken in `npm test`, in `npm run prove`, and in `npm run torture`. */
export const scale = <A>(sample: A, proof: A, torture: A): A => isLong ? torture : isProof ? proof : sample

/** A part of these in `npm test`, another one for another `nth`, and all of them otherwise. */
export const some = <A>(all: ReadonlyArray<A>, part: number, nth = 0): ReadonlyArray<A> =>
  isProof ? all : all.filter((_, index) => index % part === nth % part)

/** How long a test may take, in milliseconds. */
export const timeout = scale(600_000, 600_000, 4 * 3_600_000)

/** The same draws for the same seed, whatever else draws. */
export const seeded = (seed: string) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withRandom(effect, Random.make(seed))

/** Some of these in their order: all where there are not more than `count`. */
export const sample = <A>(all: ReadonlyArray<A>, count: number): Effect.Effect<ReadonlyArray<A>> =>
  Effect.map(Random.shuffle(all.keys()), (order) => {
    const taken = new Set(Array.fromIterable(order).slice(0, count))
    return all.filter((_, index) => taken.has(index))
  })

/** The value in the middle. */
export const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

/** A line for whoever reads what the tests say; a command that runs in this process at the moment has not said it. */
export const say = (text: string): void => void writeSync(2, `crash: ${text}\n`)
