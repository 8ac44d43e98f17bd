import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit } from "effect"
import type { Question } from "../../src/Entry.ts"
import { LookupError } from "../../src/Outcome.ts"
import * as Budget from "../../src/Policy/Budget.ts"
import { of, run, serve, stopReason, told } from "../sweep.ts"

describe("a question that is always refused", () => {
  for (const concurrency of [1, 2, 8, "auto"] as const) {
    it(`with ${concurrency} in flight fails alone, after as many calls as it has attempts`, () => {
      const server = serve((code) => code === "c3" ? told("1") : 200)
      const { exit, settled } = run(server, 100, { concurrency })
      assert.deepStrictEqual(exit, Exit.void)
      assert.lengthOf(settled, 100)
      assert.lengthOf(settled.filter(({ outcome }) => outcome === "found"), 99)
      const { calls, error, outcome } = of(settled, "c3")
      assert.deepStrictEqual([outcome, (error as LookupError).reason, calls], ["failed", "throttled", 5])
      assert.lengthOf(server.calls.filter(({ code }) => code === "c3"), 5)
      // the others are asked first
      const others = Math.max(...server.calls.filter(({ code }) => code !== "c3").map(({ at }) => at))
      assert.isAtMost(others, server.calls.filter(({ code }) => code === "c3")[1]!.at)
      if (concurrency !== "auto") assert.isBelow(others, 5000)
    })
  }

  it("does so where the server tells no wait", () => {
    const { exit, settled } = run(serve((code) => code === "c5" ? 429 : 200), 50)
    assert.deepStrictEqual(exit, Exit.void)
    assert.deepInclude(of(settled, "c5"), { outcome: "failed", calls: 5 })
  })

  it("holds nobody up where there are several of them, or where each reply is a 503 with Retry-After", () => {
    const several = serve((code) => ["c3", "c40", "c41"].includes(code) ? told("1") : 200)
    assert.lengthOf(run(several, 100).settled.filter(({ outcome }) => outcome === "failed"), 3)
    const other = serve((code) => code === "c3" ? { status: 503, retryAfter: "1" } : 200)
    assert.deepInclude(of(run(other, 100).settled, "c3"), { outcome: "failed", attempts: 5 })
  })

  it("is asked behind those at hand, and not behind a list of any length", () => {
    const server = serve((code, nth) => code === "c3" && nth === 1 ? told("1") : 200, 1)
    run(server, 2000)
    const [, second] = server.calls.filter(({ code }) => code === "c3")
    const place = server.calls.indexOf(second!)
    assert.isAtLeast(place, 300)
    assert.isAtMost(place, 600)
  })

  it("where nobody else is answered it is weather, bounded by max-wait", () => {
    const { exit, settled } = run(serve(() => told("1")), 20, {
      throttle: { base: Duration.seconds(1), cap: Duration.seconds(60), maxWait: Duration.seconds(30) }
    })
    assert.strictEqual(stopReason(exit), "throttled")
    assert.lengthOf(settled, 0)
  })

  it("is not blamed for the load", () => {
    for (let seed = 1; seed <= 8; seed++) {
      // a bucket that tells nothing, pressed by too many
      let [tokens, last] = [1, 0]
      const server = serve((_, __, at) => {
        tokens = Math.min(2, tokens + (at - last) / 1000 * 4)
        last = at
        if (tokens < 1) return 429
        tokens--
        return 200
      }, (code) => 20 + code.length * 7)
      const { exit, settled } = run(server, 300, { concurrency: 8 }, seed)
      assert.deepStrictEqual(exit, Exit.void)
      assert.isTrue(settled.every(({ outcome }) => outcome === "found"), `seed ${seed}`)
    }
  })
})

describe("after a pause", () => {
  it("a question goes first that was not refused", () => {
    const server = serve((code) => ["c2", "c3"].includes(code) ? told("2") : 200)
    run(server, 40, { concurrency: 3 })
    const after = server.calls.find(({ at }) => at >= 2000)!
    assert.notInclude(["c2", "c3"], after.code)
  })
})

describe("a machine without room for more connections", () => {
  it("has fewer in flight, pays nothing, and loses no attempt", () => {
    const server = serve(() => 200, 20)
    let open = 0
    const prepare = Effect.map(
      server.lookup.prepare,
      (ask) => (question: Question, pay: Effect.Effect<void>) =>
        Effect.suspend(() => {
          if (open >= 10) return new LookupError({ reason: "local", message: "connect EMFILE" })
          open++
          return Effect.ensuring(ask(question, pay), Effect.sync(() => open--))
        })
    )
    const { exit, progress, settled } = run({ ...server, lookup: { ...server.lookup, prepare } }, 300, {
      concurrency: 50,
      budget: { calls: [Budget.most(300)] }
    })
    assert.deepStrictEqual(exit, Exit.void)
    assert.isTrue(settled.every(({ attempts, outcome }) => outcome === "found" && attempts === 1))
    assert.lengthOf(server.calls, 300)
    assert.strictEqual(progress.calls, 300)
    assert.isAtMost(progress.room!.connections, 49)
  })

  it("ends where there is no room at all", () => {
    const server = serve(() => new LookupError({ reason: "local", message: "connect EMFILE" }))
    const { exit, settled } = run(server, 30)
    assert.strictEqual(stopReason(exit), "unreachable")
    assert.lengthOf(settled, 0)
  })
})
