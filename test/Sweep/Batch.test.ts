import { assert, describe, it } from "@effect/vitest"
import { Duration, Exit } from "effect"
import * as Batches from "../batches.ts"
import { of, run as sweep, stopReason } from "../sweep.ts"

const run = (
  server: ReturnType<typeof Batches.serve>,
  count: number,
  given: Parameters<typeof sweep>[2] = {}
) => {
  const { exit, snapshot, settled } = sweep(server, count, given)
  return { exit, snapshot, settled, calls: server.calls, sizes: server.calls.map(({ codes }) => codes.length) }
}

/** How often a code was asked. */
const times = (calls: ReadonlyArray<Batches.Call>, code: string) =>
  calls.filter(({ codes }) => codes.includes(code)).length

/** Each question is settled once, and its `calls` are those that carried it. */
const assertWhole = (
  { calls, snapshot, settled }: Pick<ReturnType<typeof run>, "calls" | "snapshot" | "settled">,
  count: number
) => {
  assert.strictEqual(new Set(settled.map(({ id }) => id)).size, count)
  assert.lengthOf(settled, count)
  // what is asked to learn how the server is counts for nobody
  if (snapshot.probes > 0) return
  for (const { calls: counted, question: { code } } of settled) assert.strictEqual(counted, times(calls, code), code)
}

describe("a call of several questions", () => {
  it("carries as many as it may, but for the first one", () => {
    const told = run(Batches.serve(50, Batches.found), 501)
    assert.deepStrictEqual(told.exit, Exit.void)
    assert.deepStrictEqual(told.sizes, [1, ...Array.from({ length: 10 }, () => 50)])
    assertWhole(told, 501)
    const one = of(told.settled, "c77")
    assert.strictEqual(one.answer, "c77")
    assert.strictEqual(one.reply!.body, `{"code":"c77","status":200,"value":"c77"}`)
    assert.strictEqual(told.snapshot.calls, 11)
  })

  it("lets each item decide for its own question", () => {
    const status = new Map([["c3", 404], ["c7", 400], ["c9", 501], ["c11", 401]])
    const told = run(
      Batches.serve(20, (codes) => codes.map((code) => ({ code, status: status.get(code) ?? 200, value: code }))),
      101
    )
    assert.deepStrictEqual(told.exit, Exit.void)
    assert.lengthOf(told.calls, 6)
    assertWhole(told, 101)
    for (
      const [code, outcome] of [["c3", "not_found"], ["c7", "invalid"], ["c9", "failed"], ["c11", "failed"]] as const
    ) {
      assert.deepInclude(of(told.settled, code), { outcome, status: status.get(code), attempts: 1, calls: 1 })
    }
  })

  it("asks what it is not told of once more, and then no more", () => {
    const told = run(
      Batches.serve(
        10,
        (codes, nth) =>
          Batches.found(codes).map((item) => item.code === "c5" || (item.code === "c6" && nth < 5) ? undefined : item)
      ),
      41
    )
    assert.deepStrictEqual(told.exit, Exit.void)
    assertWhole(told, 41)
    assert.strictEqual(of(told.settled, "c6").outcome, "found")
    const missing = of(told.settled, "c5")
    assert.deepInclude(missing, { outcome: "failed", calls: 2, attempts: 2 })
    assert.match(String(missing.error), /the answer holds nothing for it/)
    assert.strictEqual(missing.reply!.body, "")
  })

  it("tries alone again what an item says is for later, while the others are settled", () => {
    const seen = new Map<string, number>()
    const told = run(
      Batches.serve(10, (codes) =>
        codes.map((code) => {
          seen.set(code, (seen.get(code) ?? 0) + 1)
          const isLate = code === "c4" && seen.get(code)! < 3
          const isRefused = code === "c5"
          return { code, status: isLate ? 503 : isRefused ? 429 : 200, value: code }
        })),
      31
    )
    assert.deepStrictEqual(told.exit, Exit.void)
    assertWhole(told, 31)
    assert.deepInclude(of(told.settled, "c4"), { outcome: "found", calls: 3 })
    assert.strictEqual(of(told.settled, "c5").outcome, "failed")
    // only where it was all that was left to be asked did its refusal stand for the server
    assert.isTrue(told.calls.every(({ codes }, nth) => nth < 4 || codes.length < 3))
  })

  const poisons: ReadonlyArray<readonly [string, Batches.Said, string]> = [
    ["is no question", 400, "invalid"],
    ["cannot be processed", 422, "invalid"],
    ["is too large", 413, "failed"],
    ["makes the request too long", 414, "failed"],
    ["lets it hang", "hang", "failed"],
    ["breaks the server", 500, "failed"],
    ["is refused", 429, "failed"]
  ]
  for (const [what, said, outcome] of poisons) {
    it(`is halved down to the item that ${what}`, () => {
      const told = run(
        Batches.serve(16, (codes) => codes.includes("c40") ? said : Batches.found(codes)),
        401,
        { timeout: Duration.seconds(2), breaker: null }
      )
      assert.deepStrictEqual(told.exit, Exit.void)
      assertWhole(told, 401)
      assert.deepStrictEqual(
        told.settled.filter(({ outcome }) => outcome !== "found").map(({ question }) => question.code as string),
        ["c40"]
      )
      assert.strictEqual(of(told.settled, "c40").outcome, outcome)
      // all others are carried by few more calls than without it
      assert.isBelow(told.sizes.filter((size) => size > 1).length, 60)
    })
  }

  it("has fewer questions where the server takes no more", () => {
    const told = run(Batches.serve(40, (codes) => codes.length > 12 ? 413 : Batches.found(codes)), 401)
    assert.deepStrictEqual(told.exit, Exit.void)
    assertWhole(told, 401)
    assert.isBelow(told.sizes.filter((size) => size > 12).length, 20)
  })

  it("is one word where all items say the same: nobody calls while they are refused", () => {
    const told = run(
      Batches.serve(
        10,
        (codes, nth) => nth === 3 ? codes.map((code) => ({ code, status: 429 })) : Batches.found(codes)
      ),
      101,
      { concurrency: 1 }
    )
    assert.deepStrictEqual(told.exit, Exit.void)
    assertWhole(told, 101)
    assert.strictEqual(told.snapshot.throttled, 1)
    assert.isAtLeast(told.calls[3]!.at - told.calls[2]!.at, 200)
    assert.isTrue(told.settled.every(({ attempts, outcome }) => outcome === "found" && attempts === 1))
  })

  it("stops a run whose items all fail alike, with nothing marked", () => {
    let isBroken = false
    const told = run(
      Batches.serve(5, (codes, nth) => {
        isBroken = nth > 20
        return codes.map((code) => ({ code, status: isBroken ? 501 : 200, value: code }))
      }),
      2000
    )
    assert.strictEqual(stopReason(told.exit as Exit.Exit<void, never>), "uniform")
    assert.isBelow(told.calls.length, 60)
    assert.isTrue(told.settled.every(({ outcome }) => outcome === "found"))
  })

  it("waits as one while the server is down", () => {
    const told = run(
      Batches.serve(10, (codes, _, at) => at > 50 && at < 60_000 ? 503 : Batches.found(codes), 20),
      301
    )
    assert.deepStrictEqual(told.exit, Exit.void)
    assertWhole(told, 301)
    assert.isTrue(told.settled.every(({ outcome }) => outcome === "found"))
    assert.isBelow(told.calls.length, 90)
  })

  it("is not sent again where it may have been carried out", () => {
    const server = Batches.serve(10, (codes) => codes.includes("c15") ? "hang" : Batches.found(codes))
    const told = run({ ...server, lookup: { ...server.lookup, idempotent: false, isRead: false } }, 41, {
      timeout: Duration.seconds(2)
    })
    assert.deepStrictEqual(told.exit, Exit.void)
    assertWhole(told, 41)
    assert.isTrue(told.settled.every(({ calls }) => calls === 1))
    assert.lengthOf(told.settled.filter(({ outcome }) => outcome === "failed"), 10)
  })
})
