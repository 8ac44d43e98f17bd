import { assert, describe, it } from "@effect/vitest"
import { Exit } from "effect"
import * as Refusal from "../../src/Answer/Refusal.ts"
import * as Classify from "../../src/Lookup/Classify.ts"
import { LookupError } from "../../src/Outcome.ts"
import * as Policy from "../../src/Policy.ts"
import * as Budget from "../../src/Policy/Budget.ts"
import { type Answer, of, run, serve, stopReason, transport } from "../sweep.ts"

const number = (code: string) => Number(code.slice(1))
const codes = (server: ReturnType<typeof serve>) => new Set(server.calls.map(({ code }) => code))
const message = (exit: Exit.Exit<void, unknown>) => String(exit)

describe("an account that runs dry", () => {
  const ends: ReadonlyArray<readonly [what: string, answer: Answer]> = [
    ["403", 403],
    ["401", 401],
    ["405", 405],
    ["501", 501],
    ["400, which is said of codes as well", 400],
    ["a redirect", transport("redirect")],
    ["a body that is too large", transport("too_large")]
  ]
  for (const concurrency of [1, 4, 50, "auto"] as const) {
    it.each(ends)(`stops with nothing marked: %s, ${concurrency} in flight`, (_, answer) => {
      let answers = 0
      const server = serve(() => ++answers <= 5 ? 200 : answer)
      const { exit, settled } = run(server, 400, { concurrency, allowNone: false })
      assert.strictEqual(stopReason(exit), "uniform")
      assert.lengthOf(settled, 5)
      assert.isTrue(settled.every(({ outcome }) => outcome === "found"))
      assert.isAtMost(codes(server).size, 5 + 20 + (concurrency === "auto" ? 20 : concurrency))
      assert.match(message(exit), /so does a question that was answered before: .*(the server said|redirect|too_large)/)
    })
  }

  it("stops as soon where nothing was ever answered, and where asking is more than reading", () => {
    const never = serve(() => 405)
    const { exit, settled } = run(never, 400)
    assert.strictEqual(stopReason(exit), "uniform")
    assert.lengthOf(settled, 0)
    assert.isAtMost(never.calls.length, 20 + 4)
    let answers = 0
    const orders = serve(() => ++answers <= 5 ? 200 : 403)
    const ordered = run({ ...orders, lookup: { ...orders.lookup, isRead: false } }, 400)
    assert.strictEqual(stopReason(ordered.exit), "uniform")
    assert.lengthOf(ordered.settled, 5)
    assert.lengthOf(orders.calls, codes(orders).size)
    assert.isAtMost(orders.calls.length, 5 + 20 + 4)
  })

  it("leaves nothing pending that may have been carried out", () => {
    for (const isAnswered of [true, false]) {
      let answers = 0
      const orders = serve(() => ++answers <= 5 && isAnswered ? 200 : transport("timeout"))
      const { exit, settled } = run({ ...orders, lookup: { ...orders.lookup, isRead: false, idempotent: false } }, 400)
      assert.strictEqual(stopReason(exit), "uniform")
      // each that was sent has its outcome, and none was sent twice
      assert.lengthOf(settled, orders.calls.length)
      assert.lengthOf(orders.calls, codes(orders).size)
      const failed = settled.filter(({ outcome }) => outcome === "failed")
      assert.isAtLeast(failed.length, 20)
      assert.isTrue(failed.every(({ error }) => /may have been carried out/.test(String(error))))
    }
  })

  it("does not stop where the policy says so", () => {
    const { exit, settled } = run(serve((code) => number(code) < 5 ? 200 : 403), 100, { uniform: null })
    assert.deepStrictEqual(exit, Exit.void)
    assert.lengthOf(settled, 100)
  })

  it("is met without a breaker as well", () => {
    let answers = 0
    const server = serve(() => ++answers <= 50 ? 200 : 500)
    const { exit, settled } = run(server, 1000, { breaker: null })
    assert.strictEqual(stopReason(exit), "uniform")
    assert.lengthOf(settled, 50)
    assert.isAtMost(codes(server).size, 50 + 20 + 4)
  })
})

describe("codes that are refused as invalid", () => {
  it("cost no look where others are answered in between, and none where a rule says so", () => {
    const mixed = serve((code) => number(code) % 10 === 0 ? 200 : 422)
    assert.lengthOf(run(mixed, 300).settled, 300)
    assert.lengthOf(mixed.calls, 300)
    const ruled = serve((code) => number(code) < 200 ? 200 : 422)
    const error = new LookupError({ reason: "rule", message: "no", rule: "on-status 422=invalid" })
    const lookup: typeof ruled.lookup = {
      ...ruled.lookup,
      read: (reply) => reply.status === 422 ? { verdict: "invalid", error } : ruled.lookup.read(reply)
    }
    assert.lengthOf(run({ ...ruled, lookup }, 300).settled, 300)
    assert.lengthOf(ruled.calls, 300)
  })

  it("are all that there is where a budget ends the run, and are settled then", () => {
    const server = serve((code) => number(code) < 5 ? 200 : 422)
    const { exit, settled } = run(server, 400, { budget: { calls: [Budget.most(15)] } })
    assert.strictEqual(stopReason(exit), "budget")
    assert.lengthOf(settled.filter(({ outcome }) => outcome === "invalid"), 10)
  })
})

describe("a word on the key that is meant for every code", () => {
  const refusal = `{"status":"REQUEST_DENIED","error_message":"This API key is not authorized."}`
  for (const concurrency of [1, 8] as const) {
    it(`stops at once, also after others were answered, ${concurrency} in flight`, () => {
      let answers = 0
      const server = serve(() => ++answers <= 50 ? 200 : 203)
      const refused = Refusal.inAnswer(JSON.parse(refusal))!
      const lookup: typeof server.lookup = {
        ...server.lookup,
        read: (reply) => reply.status === 203 ? Classify.refused(200, refused) : server.lookup.read(reply)
      }
      const { exit, settled } = run({ ...server, lookup }, 400, { concurrency, allowNone: false })
      assert.strictEqual(stopReason(exit), "unauthorized")
      assert.lengthOf(settled, 50)
      assert.isAtMost(server.calls.length, 50 + concurrency)
      assert.match(message(exit), /REQUEST_DENIED: This API key is not authorized/)
    })
  }
})

describe("a server that is away for a moment", () => {
  for (const from of [0, 60]) {
    for (const isRead of [true, false]) {
      it(`stops nobody who has no breaker: from ${from} ms, ${isRead ? "" : "not "}read`, () => {
        const server = serve((_, __, at) => at >= from && at < from + 1500 ? 503 : 200)
        const lookup = { ...server.lookup, isRead }
        const { exit, settled } = run({ ...server, lookup }, 200, { concurrency: 50, breaker: null })
        assert.deepStrictEqual(exit, Exit.void)
        assert.lengthOf(settled, 200)
        assert.isTrue(settled.every(({ outcome }) => outcome === "found"))
      })
    }
  }

  it("is one that is away where a few looks after pauses tell no better", () => {
    const server = serve((_, __, at) => at > 60 ? 503 : 200)
    const { exit } = run(server, 400, { concurrency: 50, breaker: null })
    assert.strictEqual(stopReason(exit), "uniform")
    // 1, 2 and 4 s
    assert.isAtLeast(server.calls.at(-1)!.at, 7000)
    assert.isAtMost(server.calls.at(-1)!.at, 9000)
  })
})

describe("a block of bad codes", () => {
  for (const [from, to] of [[0, 30], [5, 60], [70, 100], [0, 60]] as const) {
    for (const concurrency of [1, 8, "auto"] as const) {
      it(`${from} to ${to}, ${concurrency} in flight, ends with a word on each code`, () => {
        for (const answer of [403, 401, 422, 500, transport("too_large")] as const) {
          const server = serve((code) => number(code) >= from && number(code) < to ? answer : 200)
          const { exit, settled } = run(server, 100, { concurrency, allowNone: false })
          assert.deepStrictEqual(exit, Exit.void, String(answer))
          assert.lengthOf(settled, 100)
          for (const { outcome, question } of settled) {
            const isBad = number(question.code) >= from && number(question.code) < to
            assert.strictEqual(outcome, !isBad ? "found" : answer === 422 ? "invalid" : "failed", question.code)
          }
          assert.isAtMost(server.calls.at(-1)!.at, 5 * 60_000, String(answer))
        }
      })
    }
  }

  it("costs a look now and then, each after twice as many", () => {
    const server = serve((code) => number(code) >= 10 && number(code) < 410 ? 403 : 200)
    const { settled } = run(server, 500, { concurrency: 4 })
    assert.lengthOf(settled, 500)
    assert.isAtMost(server.calls.length, 500 + 6)
  })
})

describe("what is withheld", () => {
  it("is settled when the list ends, when something is found, and when a budget is spent", () => {
    const server = serve((code) => number(code) < 10 ? 404 : number(code) === 10 ? 200 : 403)
    const { settled } = run(server, 15, { concurrency: 1, allowNone: false })
    const counts = (kind: string) => settled.filter(({ outcome }) => outcome === kind).length
    assert.deepStrictEqual([counts("not_found"), counts("found"), counts("failed")], [10, 1, 4])
    const short = run(serve(() => 404), 50, { allowNone: false, budget: { calls: [Budget.most(30)] } })
    assert.strictEqual(stopReason(short.exit), "budget")
    assert.lengthOf(short.settled, 30)
  })

  it("is what the first questions met that turn out to be their own", () => {
    const server = serve((code) => code === "c0" ? 401 : code === "c1" ? 404 : 200)
    const { settled } = run(server, 4, { concurrency: 1, allowNone: false, retry: Policy.standard.retry })
    assert.lengthOf(settled, 4)
    assert.strictEqual(of(settled, "c0").outcome, "failed")
  })
})
