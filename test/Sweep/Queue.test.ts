import { assert, describe, it } from "@effect/vitest"
import { Duration, Exit } from "effect"
import * as Policy from "../../src/Policy.ts"
import * as Budget from "../../src/Policy/Budget.ts"
import { scale } from "../scale.ts"
import { of, run, serve, stopReason } from "../sweep.ts"

describe("the retry budget", () => {
  // nearly all fail alike at first, which is no reason for doubt here
  const policy = { concurrency: 50, breaker: null, uniform: null, retry: { ...Policy.standard.retry, retries: 1 } }

  it("bounds what is asked again, and lets the rest wait", () => {
    const server = serve((_, nth) => nth === 1 ? 500 : 200)
    const count = scale(700, 2000, 2000)
    const { exit, settled } = run(server, count, { ...policy, retryBudget: { share: 0.1, perSecond: 5 } })
    assert.deepStrictEqual(exit, Exit.void)
    assert.lengthOf(settled, count)
    let [first, again] = [0, 0]
    const begun = new Set<string>()
    for (const { at, code } of server.calls) {
      if (begun.has(code)) again++
      else first++
      begun.add(code)
      assert.isAtMost(again, 5 + 0.1 * first + 5 * at / 1000 + 1e-9, `after ${at} ms`)
    }
    // and what it allows is used
    const seconds = server.calls.at(-1)!.at / 1000
    assert.isAtLeast(again, 0.9 * Math.min(count, 0.1 * count + 5 * seconds))
    assert.isTrue(settled.every(({ outcome }) => outcome === "found"))
  })

  it("costs nothing where it is off", () => {
    const server = serve((_, nth) => nth === 1 ? 500 : 200)
    run(server, 500, { ...policy, retryBudget: null })
    assert.isBelow(server.calls.at(-1)!.at, 1000)
  })

  it("is not asked for by what was throttled", () => {
    const server = serve((_, nth, at) => at > 100 && nth === 1 ? 429 : 200)
    const { settled } = run(server, 30, { ...policy, concurrency: 4, retryBudget: { share: 0, perSecond: 0.001 } })
    assert.lengthOf(settled, 30)
    assert.isBelow(server.calls.at(-1)!.at, 15 * 60_000)
  })
})

describe("hedging", () => {
  /** Every 25th first call is slow. */
  const slow = (code: string, nth: number) => nth === 1 && Number(code.slice(1)) % 25 === 24 ? 4000 : 50 + code.length

  it("asks once more where an answer is late, takes the first, and settles once", () => {
    const server = serve(() => 200, slow)
    const { exit, snapshot, settled } = run(server, 1000, { concurrency: 10, hedge: true })
    assert.deepStrictEqual(exit, Exit.void)
    assert.lengthOf(settled, 1000)
    const late = settled.filter(({ question }) => Number(question.code.slice(1)) % 25 === 24)
    // what was slow before enough was known waits
    assert.isTrue(late.slice(2).every(({ ms }) => ms < 200), late.map(({ ms }) => ms).join())
    assert.isAtMost(Math.max(...server.calls.map(({ inFlight }) => inFlight)), 10)
    const twice = server.calls.length - 1000
    assert.isAtLeast(twice, 35)
    assert.isAtMost(twice, 100)
    assert.strictEqual(snapshot.inFlight, 0)
    assert.isBelow(server.calls.at(-1)!.at, 12_000)
  })

  it("is not done for what does more than read, nor where it is not asked for", () => {
    const server = serve(() => 200, slow)
    run({ ...server, lookup: { ...server.lookup, isRead: false } }, 200, { hedge: true })
    assert.lengthOf(server.calls, 200)
    const other = serve(() => 200, slow)
    run(other, 200)
    assert.lengthOf(other.calls, 200)
  })

  it("waits for the other call where one fails", () => {
    const server = serve((code, nth) => slow(code, 1) > 1000 && nth === 2 ? 503 : 200, slow)
    const { settled } = run(server, 300, { concurrency: 10, hedge: true })
    assert.lengthOf(settled, 300)
    const c249 = of(settled, "c249")
    assert.deepInclude(c249, { outcome: "found", attempts: 1, calls: 2 })
    assert.isAtLeast(c249.ms, 4000)
  })

  it("is paid from the rate and the retry budget", () => {
    const server = serve(() => 200, slow)
    const pace = [{ limit: 10, window: Duration.seconds(1), burst: 1 }]
    run(server, 300, { concurrency: 10, hedge: true, pace, retryBudget: { share: 0, perSecond: 0.1 } })
    for (const [nth, { at }] of server.calls.slice(1).entries()) {
      assert.isAtLeast(at - server.calls[nth]!.at, 90)
    }
    assert.isAtMost(server.calls.length - 300, 1 + 0.1 * server.calls.at(-1)!.at / 1000)
  })

  it("settles once whatever ends first, for many seeds", () => {
    for (let seed = 1; seed <= scale(10, 40, 400); seed++) {
      const server = serve(
        (code, nth) => (Number(code.slice(1)) * 7 + nth * seed) % 11 === 3 ? 503 : 200,
        (code, nth) => (Number(code.slice(1)) * 13 + nth * 5 + seed) % 17 === 0 ? 900 : 60
      )
      const { exit, settled } = run(server, 200, {
        concurrency: 12,
        hedge: true,
        timeout: Duration.millis(700)
      }, seed)
      assert.deepStrictEqual(exit, Exit.void)
      assert.strictEqual(new Set(settled.map(({ id }) => id)).size, 200)
      assert.lengthOf(settled, 200)
      assert.isAtMost(Math.max(...server.calls.map(({ inFlight }) => inFlight)), 12)
    }
  })
})

describe("a budget", () => {
  it("of calls is never exceeded, and stops with the rest pending", () => {
    for (const calls of [1, 7, 100]) {
      const server = serve((_, nth) => nth === 1 ? 503 : 200)
      const { exit, settled } = run(server, 500, { budget: { calls: [Budget.most(calls)] }, breaker: null })
      assert.strictEqual(stopReason(exit), "budget")
      assert.lengthOf(server.calls, calls)
      assert.isBelow(settled.length, calls)
    }
  })

  it("that is just enough stops nothing", () => {
    const server = serve(() => 200)
    const { exit, settled } = run(server, 500, { budget: { calls: [Budget.most(500)] } })
    assert.deepStrictEqual(exit, Exit.void)
    assert.lengthOf(settled, 500)
  })

  it("of money is one of calls", () => {
    const server = serve(() => 200)
    const { exit } = run(server, 500, { budget: { cost: [Budget.most(0.1)], costPer1000: 0.4 } })
    assert.lengthOf(server.calls, 250)
    assert.match(String(exit), /the budget of 0.10 is spent: 250 calls at 0.4 per 1,000/)
  })

  it("of time ends what is begun, and begins no more", () => {
    const server = serve(() => 200, 300)
    const { exit, settled } = run(server, 500, { budget: { time: Duration.seconds(10) } })
    assert.strictEqual(stopReason(exit), "time")
    assert.isAtMost(server.calls.at(-1)!.at, 10_000)
    assert.lengthOf(settled, server.calls.length)
  })

  it("counts hedges and retries too", () => {
    const server = serve((_, nth) => nth === 1 ? 503 : 200, (code) => code.length * 100)
    run(server, 500, { budget: { calls: [Budget.most(200)] }, hedge: true, breaker: null })
    assert.lengthOf(server.calls, 200)
  })
})

describe("a weight", () => {
  it("is what each call counts for in the rates", () => {
    const server = serve(() => 200)
    const pace = [{ limit: 1000, window: Duration.seconds(1), burst: 1 }]
    run({ ...server, lookup: { ...server.lookup, weight: 100 } }, 50, { pace })
    for (const [nth, { at }] of server.calls.slice(1).entries()) assert.isAtLeast(at - server.calls[nth]!.at, 90)
    assert.isBelow(server.calls.at(-1)!.at, 50 * 105)
  })

  it("that a rate never allows is refused", () => {
    const server = serve(() => 200)
    const pace = [{ limit: 50, window: Duration.seconds(1), burst: 1 }]
    const { exit } = run({ ...server, lookup: { ...server.lookup, weight: 100 } }, 50, { pace })
    assert.match(String(exit), /each call counts as 100, and a rate of 50\/s never allows so many/)
    assert.lengthOf(server.calls, 0)
  })
})
