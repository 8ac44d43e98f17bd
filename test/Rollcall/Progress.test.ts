import { assert, describe, it } from "@effect/vitest"
import * as Progress from "../../src/Rollcall/Progress.ts"

const reading = (codes: ReadonlyArray<string>) => {
  const progress = Progress.none()
  progress.entries = codes.length
  for (const code of codes) Progress.countDigits(progress, code)
  return progress
}

const repeat = (code: string, count: number) => Array.from({ length: count }, () => code)

describe("damage", () => {
  const cases: ReadonlyArray<
    readonly [string, ReadonlyArray<string>, { length: number; shorter: number } | undefined]
  > = [
    ["ZIPs that lost their zeros", [...repeat("34102", 90), ...repeat("501", 3), ...repeat("1234", 7)], {
      length: 5,
      shorter: 10
    }],
    ["whole ZIPs", repeat("34102", 100), undefined],
    ["longer ones", [...repeat("34102", 90), ...repeat("341020001", 10)], undefined],
    ["numbers of all lengths", ["1", "22", "333", "4444", "55555"], undefined],
    ["words among them", [...repeat("34102", 50), ...repeat("1234", 5), ...repeat("abc", 45)], undefined],
    ["as many short as long", [...repeat("34102", 50), ...repeat("1234", 50)], undefined],
    ["nothing", [], undefined]
  ]
  it.each(cases)("sees %s", (_, codes, expected) => {
    assert.deepStrictEqual(Progress.damage(reading(codes)), expected)
  })
})

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
    assert.deepStrictEqual([...progress.failures], [["status 503", 2], ["timeout", 1]])
    assert.deepInclude(progress.outcomes, { failed: 3, found: 1 })
  })
})
