import { assert, describe, it } from "@effect/vitest"
import * as Progress from "../../src/Rollcall/Progress.ts"

describe("summary", () => {
  it("counts as pending what has no outcome", () => {
    const progress = Progress.none()
    Object.assign(progress, { entries: 12, questions: 9, refused: 2, known: 1 })
    progress.outcomes = { found: 3, not_found: 1, invalid: 3, failed: 1, skipped: 0 }
    // 2 of the invalid ones were never questions
    assert.strictEqual(Progress.summary(progress, 1.23456).pending, 3)
    assert.strictEqual(Progress.summary(progress, 1.23456).seconds, 1.235)
  })
})

describe("count", () => {
  it("adds up failures by kind", () => {
    const progress = Progress.none()
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
    Progress.count(progress, outcome)
    Progress.count(progress, { ...outcome, error: `{"type":"status","message":"other words"}` })
    Progress.count(progress, {
      ...outcome,
      http_status: null,
      error: `{"type":"timeout","message":"no answer within 30s"}`
    })
    Progress.count(progress, { ...outcome, outcome: "found", error: null })
    assert.deepStrictEqual([...progress.causes.values()], [
      { outcome: "failed", type: "status", http_status: 503, count: 2 },
      { outcome: "failed", type: "timeout", http_status: null, count: 1 }
    ])
    assert.deepInclude(progress.outcomes, { failed: 3, found: 1 })
  })
})
