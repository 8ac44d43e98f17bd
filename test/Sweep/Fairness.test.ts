import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit } from "effect"
import type { Ask } from "../../src/Lookup/Ask.ts"
import { LookupError } from "../../src/Outcome.ts"
import * as Budget from "../../src/Policy/Budget.ts"
import { some } from "../scale.ts"
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

  it("is not blamed for a pause that was told too short", () => {
    for (const concurrency of [1, 8] as const) {
      let next = 0
      const server = serve((_, __, at) => {
        if (at < next) return told("1")
        next = at + 2000
        return 200
      }, 20)
      const { exit, settled } = run(server, 30, { concurrency })
      assert.deepStrictEqual(exit, Exit.void)
      assert.isTrue(settled.every(({ outcome }) => outcome === "found"))
    }
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

describe("a block of codes that are always refused", () => {
  const blocks = [[100, 120, 300], [100, 160, 300], [5, 45, 200], [0, 40, 200], [160, 200, 200], [20, 60, 60]] as const
  const numberOf = (code: string) => Number(code.slice(1))
  for (const [nth, concurrency] of ([1, 8, "auto"] as const).entries()) {
    for (const [from, to, count] of some(blocks, 3, nth)) {
      for (const refusal of [429, told("1")]) {
        it(`${from} to ${to} of ${count}, with ${concurrency} in flight, fails alone: ${JSON.stringify(refusal)}`, () => {
          const isBad = (code: string) => numberOf(code) >= from && numberOf(code) < to
          const server = serve((code) => isBad(code) ? refusal : 200, 20)
          const { exit, settled } = run(server, count, { concurrency })
          assert.deepStrictEqual(exit, Exit.void)
          assert.lengthOf(settled, count)
          for (const { calls, outcome, question } of settled) {
            const bad = isBad(question.code)
            assert.strictEqual(outcome, bad ? "failed" : "found", question.code)
            if (bad) assert.isTrue(calls >= 5 && calls <= 8, `${question.code} took ${calls} calls`)
          }
          // after each refusal nobody calls for as long as the server says
          const refused = server.calls.filter(({ code }) => isBad(code)).length
          assert.isAtMost(server.calls.at(-1)!.at / 1000, 60 + (refusal === 429 ? 0 : refused * 1.1))
        })
      }
    }
  }

  it("does so where nothing may be asked again to learn how others fare", () => {
    const isBad = (code: string) => numberOf(code) >= 20 && numberOf(code) < 50
    const server = serve((code) => isBad(code) ? 429 : 200, 20)
    const { exit, settled } = run({ ...server, lookup: { ...server.lookup, isRead: false } }, 400)
    assert.deepStrictEqual(exit, Exit.void)
    for (const { outcome, question } of settled) {
      assert.strictEqual(outcome, isBad(question.code) ? "failed" : "found", question.code)
    }
    assert.lengthOf(server.calls.filter(({ code }) => !isBad(code)), 370)
  })
})

describe("after a pause", () => {
  it("who was refused is asked again where everybody is refused once, and nobody was ever answered", () => {
    for (const concurrency of [1, 8, "auto"] as const) {
      const server = serve((_, nth) => nth === 1 ? 429 : 200)
      const { exit, settled } = run(server, 60, { concurrency })
      assert.deepStrictEqual(exit, Exit.void)
      assert.lengthOf(settled.filter(({ outcome }) => outcome === "found"), 60)
    }
  })

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
      (ask): Ask<LookupError> => (questions, call) =>
        Effect.suspend(() => {
          if (open >= 10) return new LookupError({ reason: "local", message: "connect EMFILE" })
          open++
          return Effect.ensuring(ask(questions, call), Effect.sync(() => open--))
        })
    )
    const { exit, snapshot, settled } = run({ ...server, lookup: { ...server.lookup, prepare } }, 300, {
      concurrency: 50,
      budget: { calls: [Budget.most(300)] }
    })
    assert.deepStrictEqual(exit, Exit.void)
    assert.isTrue(settled.every(({ attempts, outcome }) => outcome === "found" && attempts === 1))
    assert.lengthOf(server.calls, 300)
    assert.strictEqual(snapshot.calls, 300)
    assert.isAtMost(snapshot.room!.connections, 49)
  })

  it("ends where there is no room at all", () => {
    const server = serve(() => new LookupError({ reason: "local", message: "connect EMFILE" }))
    const { exit, settled } = run(server, 30)
    assert.strictEqual(stopReason(exit), "unreachable")
    assert.lengthOf(settled, 0)
  })
})
