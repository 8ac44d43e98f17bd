import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Effect, Exit, Fiber, Random, Ref } from "effect"
import * as Simulation from "../src/Simulation.ts"

/** What an effect comes to, which must be a success. */
const value = <A, E>({ exit }: Simulation.Simulated<A, E>): A =>
  Exit.getOrElse(exit, (cause) => assert.fail(Cause.pretty(cause)))

describe("Simulation.run", () => {
  it("lets time pass only when nobody has anything to do", () => {
    const program = Effect.gen(function*() {
      const before = yield* Clock.currentTimeMillis
      yield* Effect.all([Effect.sleep("1 day"), Effect.sleep("3 hours")], { concurrency: "unbounded" })
      return (yield* Clock.currentTimeMillis) - before
    })
    const simulated = Simulation.run(program, { seed: 1 })
    assert.deepStrictEqual([value(simulated), simulated.millis], [86_400_000, 86_400_000])
    assert.strictEqual(simulated.fibers, 0)
  })

  const lottery = Effect.gen(function*() {
    const order = yield* Ref.make<ReadonlyArray<number>>([])
    yield* Effect.forEach(
      Array.from({ length: 20 }, (_, index) => index),
      (index) => Effect.zipRight(Effect.sleep("1 second"), Ref.update(order, (all) => [...all, index])),
      { concurrency: "unbounded" }
    )
    return [yield* Random.next, ...yield* Ref.get(order)]
  })

  it("is the same for the same seed, and another one for another", () => {
    const runs = Array.from({ length: 40 }, (_, seed) => Simulation.run(lottery, { seed }))
    for (const [seed, simulated] of runs.entries()) {
      const again = Simulation.run(lottery, { seed })
      assert.deepStrictEqual([again.trace, value(again)], [simulated.trace, value(simulated)])
    }
    assert.strictEqual(new Set(runs.map(({ trace }) => trace)).size, 40)
    assert.strictEqual(new Set(runs.map((run) => JSON.stringify(value(run)))).size, 40)
  })

  it("goes by turns where that is asked for", () => {
    const [, ...order] = value(Simulation.run(lottery, { seed: 3, order: "fifo" }))
    assert.deepStrictEqual(order, Array.from({ length: 20 }, (_, index) => index))
  })

  it("finds the race that turns do not show", () => {
    const race = Effect.gen(function*() {
      let balance = 0
      const pay = Effect.gen(function*() {
        const before = balance
        yield* Effect.yieldNow()
        balance = before + 1
      })
      const first = yield* Effect.fork(pay)
      // it comes later by turns
      const second = yield* Effect.fork(Effect.zipRight(Effect.yieldNow(), Effect.zipRight(Effect.yieldNow(), pay)))
      yield* Fiber.joinAll([first, second])
      return balance
    })
    const balances = (order: "random" | "fifo") =>
      new Set(Array.from({ length: 50 }, (_, seed) => value(Simulation.run(race, { seed, order }))))
    assert.deepStrictEqual([...balances("fifo")], [2])
    assert.deepStrictEqual([...balances("random")].toSorted(), [1, 2])
  })

  it("tells what does not end", () => {
    const ends = (effect: Effect.Effect<unknown>, options: Partial<Simulation.Options>): unknown => {
      const { exit } = Simulation.run(effect, { seed: 1, ...options })
      return Exit.isFailure(exit) ? Cause.squash(exit.cause) : "ended"
    }
    assert.instanceOf(ends(Effect.never, {}), Simulation.NoEndError)
    assert.instanceOf(ends(Effect.forever(Effect.sleep("1 second")), { limit: 60_000 }), Simulation.NoEndError)
    assert.instanceOf(ends(Effect.forever(Effect.yieldNow()), { steps: 10_000 }), Simulation.NoEndError)
    // so would a real timer
    assert.instanceOf(ends(Effect.sleep("30 days"), {}), Simulation.NoEndError)
  })

  it("says how many fibers are left", () => {
    const program = Effect.zipRight(Effect.forkDaemon(Effect.sleep("1 hour")), Effect.sleep("1 second"))
    assert.strictEqual(Simulation.run(program, { seed: 1 }).fibers, 1)
  })
})

describe("a process", () => {
  it("has a clock that nobody sets, and dies on the spot", () => {
    const said: Array<string> = []
    const program = Effect.gen(function*() {
      const machine = yield* Simulation.Machine
      const process = machine.start(() =>
        Effect.gen(function*() {
          const [wall, monotonic] = [yield* Clock.currentTimeMillis, yield* Clock.currentTimeNanos]
          yield* Effect.sleep("1 hour")
          said.push(`${(yield* Clock.currentTimeMillis) - wall} ${(yield* Clock.currentTimeNanos) - monotonic}`)
          return yield* Effect.never
        }).pipe(Effect.ensuring(Effect.sync(() => said.push("cleaned"))))
      )
      yield* Effect.sleep("30 minutes")
      machine.setClock(-600_000)
      yield* Effect.sleep("45 minutes")
      process.kill()
      yield* process.ended
      yield* Effect.sleep("1 hour")
      return [process.exit(), process.isDead()]
    })
    assert.deepStrictEqual(value(Simulation.run(program, { seed: 1 })), [undefined, true])
    assert.deepStrictEqual(said, ["3000000 3600000000000"])
  })
})
