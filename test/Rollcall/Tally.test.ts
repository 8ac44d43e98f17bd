import { assert, describe, it } from "@effect/vitest"
import * as Tally from "../../src/Rollcall/Tally.ts"

describe("count", () => {
  it("adds up failures by kind", () => {
    const tally = Tally.none()
    const outcome = {
      question: 1,
      outcome: "failed",
      attempts: 1,
      calls: 1,
      ms: 1,
      at: 0,
      body: null,
      http_status: 503,
      error: `{"type":"status","message":"the server said 503"}`
    } as const
    Tally.count(tally, outcome)
    Tally.count(tally, { ...outcome, error: `{"type":"status","message":"other words"}` })
    Tally.count(tally, {
      ...outcome,
      http_status: null,
      error: `{"type":"timeout","message":"no answer within 30s"}`
    })
    Tally.count(tally, { ...outcome, outcome: "found", error: null })
    assert.deepStrictEqual([...tally.causes.values()], [
      { outcome: "failed", type: "status", http_status: 503, count: 2, message: "the server said 503" },
      { outcome: "failed", type: "timeout", http_status: null, count: 1, message: "no answer within 30s" }
    ])
    assert.deepInclude(tally.outcomes, { failed: 3, found: 1 })
  })
})
