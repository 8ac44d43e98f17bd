import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Random, Schedule, ScheduleDecision, ScheduleIntervals } from "effect"
import * as Retry from "../../src/Policy/Retry.ts"

/** The delays of a schedule, in milliseconds, where every retry comes at its time. */
const delays = (retry: Retry.Retry, seed: number): Effect.Effect<ReadonlyArray<number>> =>
  Effect.gen(function*() {
    const schedule = Retry.schedule(retry)
    const found: Array<number> = []
    let state = schedule.initial
    for (let now = 1_000_000;;) {
      const [next, , decision] = yield* schedule.step(now, undefined, state)
      if (ScheduleDecision.isDone(decision)) return found
      const start = ScheduleIntervals.start(decision.intervals)
      found.push(start - now)
      now = start
      state = next
    }
  }).pipe(Effect.withRandom(Random.make(seed)))

const retry = (retries: number, base: Duration.DurationInput, cap: Duration.DurationInput): Retry.Retry => ({
  retries,
  base: Duration.decode(base),
  cap: Duration.decode(cap)
})

describe("Retry.schedule", () => {
  const policies: Record<string, Retry.Retry> = {
    standard: Retry.standard,
    never: Retry.never,
    "a hundred": retry(100, 500, "30 seconds"),
    "a cap below the base": retry(3, "10 seconds", "1 second"),
    "no delay": retry(3, 0, 0),
    "a fraction of a millisecond": retry(20, Duration.micros(2_500n), "1 second"),
    "a cap without end": retry(10, 1, Duration.infinity)
  }
  for (const [name, policy] of Object.entries(policies)) {
    it.effect(`${name}: so many retries, each within its bound`, () =>
      Effect.gen(function*() {
        for (let seed = 0; seed < 20; seed++) {
          const found = yield* delays(policy, seed)
          assert.strictEqual(found.length, policy.retries)
          for (const [index, delay] of found.entries()) {
            const bound = Math.min(Duration.toMillis(policy.cap), Duration.toMillis(policy.base) * 2 ** index)
            assert.isAtLeast(delay, 0)
            assert.isAtMost(delay, bound)
          }
        }
      }))
  }

  it.effect("spreads over all of its bound", () =>
    Effect.gen(function*() {
      const policy = retry(6, 1_000, 8_000)
      const seeds = Array.from({ length: 400 }, (_, seed) => seed)
      const all = yield* Effect.forEach(seeds, (seed) => delays(policy, seed))
      for (const [index, bound] of [1_000, 2_000, 4_000, 8_000, 8_000, 8_000].entries()) {
        const parts = all.map((found) => found[index]! / bound)
        assert.isBelow(Math.min(...parts), 0.05)
        assert.isAbove(Math.max(...parts), 0.95)
        assert.closeTo(parts.reduce((sum, part) => sum + part) / parts.length, 0.5, 0.06)
      }
    }))

  it.effect("is the same for the same seed, and another for another", () =>
    Effect.gen(function*() {
      const first = yield* delays(Retry.standard, 1)
      assert.deepStrictEqual(yield* delays(Retry.standard, 1), first)
      assert.notDeepEqual(yield* delays(Retry.standard, 2), first)
    }))

  it.effect("is a schedule like any other", () =>
    Effect.gen(function*() {
      let tries = 0
      const failing = Effect.zipRight(Effect.sync(() => tries++), Effect.fail("no"))
      yield* Effect.ignore(Effect.retry(failing, Retry.schedule(retry(3, 0, 0))))
      assert.strictEqual(tries, 4)
      assert.isTrue(Schedule.isSchedule(Retry.schedule(Retry.standard)))
    }))
})
