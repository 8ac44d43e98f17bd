import { assert, describe, it } from "@effect/vitest"
import * as Closing from "../../src/Cli/Closing.ts"
import type { Cause } from "../../src/Ledger.ts"
import * as Budget from "../../src/Policy/Budget.ts"
import type { StopError } from "../../src/Sweep.ts"

describe("Closing.figures", () => {
  const complete = {
    entries: 200_002,
    questions: 199_998,
    outcomes: { found: 199_796, not_found: 0, invalid: 200, failed: 4, skipped: 0 },
    refused: 4,
    pending: 0,
    known: 0,
    calls: 200_010,
    retries: 12,
    throttled: 0,
    seconds: 161.4
  }
  const none = { causes: [], stale: 0, staleSince: Infinity, vanished: 0 }
  const causes: ReadonlyArray<Cause> = [
    { outcome: "failed", type: "timeout", http_status: null, count: 1 },
    { outcome: "failed", type: "status", http_status: 500, count: 3 },
    { outcome: "invalid", type: "status", http_status: 422, count: 196 },
    { outcome: "invalid", type: "the code does not match ^[0-9]{5}$", http_status: null, count: 4 }
  ]

  it("tells each cause under its outcome, and they add up", () => {
    assert.deepStrictEqual(Closing.figures(complete, { ...none, causes }, [["output", "out.ndjson"]]).split("\n"), [
      "199,996 codes answered in 2 min 41 s, 1,239/s, 4 invalid without a call",
      "  199,796  found",
      "      200  invalid",
      "           196 × status 422",
      "             4 × no match of --pattern",
      "        4  failed; --redo failed asks them again",
      "           3 × status 500",
      "           1 × timeout",
      "calls   200,010, 12 retries, 0 throttled",
      "output  out.ndjson"
    ])
  })

  it("names the calls that were probes, and how long the server was down", () =>
    assert.include(
      Closing.figures({ ...complete, calls: 200_030, probes: 12, down: 10.2 }, none, []),
      "calls   200,030, 12 retries, 0 throttled, 12 probes\ndown    for 10 s"
    ))

  it("tells which rule decided", () => {
    const rule = "--failed-when status=DENIED"
    assert.strictEqual(Closing.wordsOf({ type: "rule", http_status: 200, rule }), `status 200, ${rule}`)
    assert.strictEqual(Closing.wordsOf({ type: "status", http_status: 200 }), "status 200, errors in the answer")
    assert.strictEqual(
      Closing.wordsOf({ type: "status", http_status: 200, message: `the server said: ${"no ".repeat(50)}` }),
      `status 200, errors in the answer: ${"no ".repeat(33)}n…`
    )
    assert.strictEqual(Closing.wordsOf({ type: "status", http_status: 202, message: "later" }), "status 202")
    assert.strictEqual(Closing.wordsOf({ type: "throttled", http_status: 403, rule }), `status 403, ${rule}`)
  })

  it("tells five causes of an outcome at the most, and the others in one", () => {
    const many = [1, 2, 3, 4, 5, 6, 7].map((count): Cause => ({
      outcome: "failed",
      type: "status",
      http_status: 500 + count,
      count
    }))
    const lines = Closing.figures(complete, { ...none, causes: many }, []).split("\n")
    const told = lines.filter((line) => line.includes("×")).map((line) => line.trim())
    assert.deepStrictEqual(told, [
      "7 × status 507",
      "6 × status 506",
      "5 × status 505",
      "4 × status 504",
      "6 × 3 other causes"
    ])
  })

  it("sums up a run that stopped, and one that was slow", () => {
    const stopped = { ...complete, pending: 600, known: 199_990, refused: 0, seconds: 6.9 }
    const text = Closing.figures(stopped, none, [])
    assert.include(
      text,
      "200,000 of 200,600 codes (4 entries, 199,990 known before)".replace("4 entries, ", "200,002 entries, ")
    )
    assert.include(text, " answered in 6.9 s, 1.4/s\n")
    // what failed is asked again when the rest is answered
    assert.include(text, "        4  failed\n      600  pending\n")
  })

  it("sums up a run that had nothing to do, and says why", () => {
    const known = { ...complete, known: 199_996, calls: 0 }
    assert.match(
      Closing.figures(known, none, []),
      /^nothing to ask: 199,996 codes answered already, 4 invalid without a call\n/
    )
    const outcomes = { found: 0, not_found: 0, invalid: 3, failed: 0, skipped: 0 }
    const invalid = { ...complete, entries: 3, questions: 0, refused: 3, outcomes, calls: 0 }
    assert.match(Closing.figures(invalid, none, []), /^nothing to ask: 3 codes are invalid, none is left to ask\n/)
  })

  it("tells what was asked again in vain", () => {
    const stale = { stale: 4, staleSince: new Date(2026, 10, 20, 12).getTime() }
    assert.include(
      Closing.figures(complete, { ...none, ...stale, vanished: 1 }, []),
      "4 asked again in vain: the answers of 2026-11-20 stay; --redo failed asks them\n"
        + "1 code that was found before is not found now\n"
    )
  })
})

describe("Closing.next", () => {
  const { most } = Budget
  const rest = { calls: 400, cost: 2, settings: ["API_KEY"], wall: 0 }
  const cases: ReadonlyArray<readonly [reason: StopError["reason"] | undefined, budget: object, line: string]> = [
    [undefined, {}, "the same command goes on"],
    ["time", {}, "the same command goes on"],
    ["outage", {}, "the same command goes on when the server is well; --breaker off asks on"],
    ["unauthorized", {}, "with a new ${API_KEY} the same command goes on"],
    ["budget", { cost: [most(2)], costPer1000: 5 }, "--max-cost 5.3 goes on (2.00 of 2.00 is spent)"],
    ["budget", { calls: [most(400, "run")] }, "the same command goes on"],
    ["budget", { calls: [most(90, "day"), most(400)] }, "--max-calls 1060 goes on (400 of 400 calls are spent)"]
  ]
  it.each(cases)("after %s with %j", (reason, budget, line) =>
    assert.strictEqual(
      Closing.next(600, reason && { reason }, { ...rest, budget }),
      `600 pending: ${line}`
    ))

  it("says from when on it goes on where a budget of a window is spent", () => {
    const until = new Date(2026, 11, 1).getTime()
    const stop = { reason: "budget", until } as const
    const wall = new Date(2026, 10, 27).getTime()
    assert.match(
      Closing.next(600, stop, { ...rest, budget: { calls: [most(400, "month")] }, wall }),
      /^600 pending: the same command goes on from 2026-12-01 00:00 \(UTC\S*\)$/
    )
  })
})

describe("Closing.wayOn", () => {
  const rest = { calls: 0, pending: 0, budget: {}, wall: 0, settings: [] }
  it.each<[stop: Parameters<typeof Closing.wayOn>[0], keys: ReadonlyArray<string> | undefined, line: string]>([
    [{ reason: "unreachable", remedy: "ca" }, [], "with --ca FILE the run goes on"],
    [{ reason: "unreachable", remedy: "http" }, [], "with http:// in --url the run goes on"],
    [{ reason: "unreachable", remedy: "https" }, [], "with https:// in --url the run goes on"],
    [{ reason: "unreachable", remedy: "host" }, [], "with the right host in --url the run goes on"],
    [{ reason: "unreachable", remedy: "lenient" }, [], "with --lenient the run goes on"],
    [
      { reason: "unreachable", message: "nothing listens at 127.0.0.1:9 (ECONNREFUSED)" },
      [],
      "when the server is reached, the same command goes on"
    ],
    [{ reason: "unauthorized" }, [], "with a key the run goes on"],
    [{ reason: "unauthorized" }, ["\"X-Key\""], "with a new key the run goes on"],
    [{ reason: "unauthorized" }, undefined, "with a new key the run goes on"]
  ])("after %j with keys %j", (stop, keys, line) => assert.strictEqual(Closing.wayOn(stop, { ...rest, keys }), line))
})

describe("Closing.missing", () => {
  it("says in one line what is wrong and where to look", () => {
    const outcomes = { found: 1, not_found: 0, invalid: 0, failed: 2, skipped: 0 }
    assert.strictEqual(Closing.missing(outcomes, 0, "o.csv"), "2 of 3 failed: rollcall status o.csv")
    assert.strictEqual(
      Closing.missing({ ...outcomes, failed: 0, invalid: 1 }, 0, "o.csv"),
      "1 of 2 invalid: rollcall status o.csv"
    )
  })
})
