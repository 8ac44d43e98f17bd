/**
 * How hard the tests of this folder try: a sample in `npm test`, everything with `TORTURE=1` (`npm run torture`).
 */
import { Array, Effect, Random } from "effect"

/** Whether everything is tried. */
export const isLong = process.env.TORTURE === "1"

/** What is taken in `npm test`, and what in `npm run torture`. */
export const scale = <A>(short: A, long: A): A => isLong ? long : short

/** How long a test may take, in milliseconds. */
export const timeout = scale(240_000, 4 * 3_600_000)

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

/** A line for whoever reads what the tests say. */
export const say = (text: string): void => {
  process.stderr.write(`crash: ${text}\n`)
}
