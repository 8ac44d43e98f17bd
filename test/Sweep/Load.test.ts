import { assert, describe, it } from "@effect/vitest"
import { Exit } from "effect"
import * as Draw from "../../src/Simulation/Draw.ts"
import { scale, some } from "../scale.ts"
import { run, serve } from "../sweep.ts"

/** A server that lets through so many calls a second and a few more at once, as a leaky bucket of whole milliseconds does. */
const leaky = (perSecond: number, burst: number, status: number) => {
  let [excess, last] = [0, -Infinity]
  const answered = new Array<number>()
  const answer = (_code: string, _nth: number, time: number) => {
    const at = Math.floor(time)
    const now = last === -Infinity ? 0 : Math.max(0, excess - perSecond * (at - last) + 1000)
    if (now > burst * 1000) return status
    excess = now
    last = at
    answered.push(time)
    return 200
  }
  return { answer, answered }
}

/** Answers per second, from the first to the last. */
const perSecond = (answered: ReadonlyArray<number>) => (answered.length - 1) / (answered.at(-1)! - answered[0]!) * 1000

describe("a fixed number in flight", () => {
  const cases = [
    [37, 3, 8, 20],
    [37, 0, 8, 5],
    [10, 1, 4, 50],
    [100, 5, 64, 80],
    [200, 10, 64, 2],
    [500, 50, 16, 5]
  ] as const
  for (const [nth, [rate, burst, concurrency, latency]] of cases.entries()) {
    for (const status of some([429, 503], 2, nth)) {
      it(`of ${concurrency} learns the pace of ${rate}/s with bursts of ${burst} from a ${status}`, () => {
        const { answer, answered } = leaky(rate, burst, status)
        const server = serve(answer, latency)
        const count = rate * scale(rate > 100 ? 12 : 30, 30, 30)
        const { exit, settled } = run(server, count, { concurrency })
        assert.deepStrictEqual(exit, Exit.void)
        assert.isTrue(settled.every(({ outcome }) => outcome === "found"))
        const refused = 1 - answered.length / server.calls.length
        assert.isAtMost(refused, 0.05)
        assert.isAtLeast(perSecond(answered), 0.8 * rate)
      })
    }
  }

  const count = 20_000
  for (const latency of some([5, 20], 2)) {
    it(`of 16 uses what a server bears that answers seven at once, after ${latency} ms, and 503 to more`, () => {
      let [peak, inFlight] = [0, 0]
      const server = serve(() => {
        // the server's own count
        inFlight = server.calls.at(-1)!.inFlight
        peak = Math.max(peak, inFlight)
        return inFlight > 7 ? 503 : 200
      }, latency)
      const { exit, settled } = run(server, count, { concurrency: 16 })
      assert.deepStrictEqual(exit, Exit.void)
      assert.isTrue(settled.every(({ outcome }) => outcome === "found"))
      const seconds = server.calls.at(-1)!.at / 1000
      assert.isAtLeast(count / seconds, (latency < 10 ? 0.65 : 0.8) * 7000 / latency)
    })
  }

  it("is lowered more than once where it climbed far above what a 503 means", () => {
    for (const [rate, burst] of [[10, 5], [6, 3], [12, 1]] as const) {
      const { answer } = leaky(rate, burst, 503)
      const { exit, settled } = run(serve(answer, 20), 400, { concurrency: "auto", breaker: null })
      assert.deepStrictEqual(exit, Exit.void)
      assert.strictEqual(settled.filter(({ outcome }) => outcome !== "found").length, 0, `${rate}/s`)
    }
  })

  it("is not lowered for a server that fails at any pace", () => {
    const count = scale(1000, 2000, 2000)
    for (let seed = 1; seed <= scale(1, 5, 50); seed++) {
      const draw = Draw.stream(seed)
      const server = serve(() => draw() < 0.3 ? 503 : 200, 20)
      const { exit, settled } = run(server, count, { concurrency: 8, retryBudget: null, breaker: null })
      assert.deepStrictEqual(exit, Exit.void)
      assert.isAtMost(settled.filter(({ outcome }) => outcome === "failed").length, count / 100)
      assert.isAtMost(server.calls.at(-1)!.at, 90 * count)
    }
  })

  for (const [nth, share] of [0.01, 0.05, 0.1, 0.15].entries()) {
    for (const concurrency of some([1, 16], 1, nth)) {
      it(`of ${concurrency} is made use of where ${share * 100} % of the calls get a 503 at any pace`, () => {
        const count = 750 * concurrency
        for (let seed = 1; seed <= scale(2, 5, 20); seed++) {
          const draw = Draw.stream(seed)
          const server = serve(() => draw() < share ? 503 : 200, 20)
          const { exit } = run(server, count, { concurrency }, seed)
          assert.deepStrictEqual(exit, Exit.void)
          // those that are asked for the fifth time come after 15 s
          assert.isAtMost(server.calls.at(-1)!.at, 2 * 20 * count / concurrency / (1 - share) + 15_000, `seed ${seed}`)
        }
      })
    }
  }

  it("is not lowered where one code alone is answered with a 503", () => {
    const server = serve((code) => Number(code.slice(1)) % 50 === 7 ? 503 : 200, 20)
    const { settled } = run(server, 500, { concurrency: 8, breaker: null })
    assert.lengthOf(settled.filter(({ outcome }) => outcome === "failed"), 10)
    assert.isAtMost(server.calls.at(-1)!.at, 120_000)
  })
})
