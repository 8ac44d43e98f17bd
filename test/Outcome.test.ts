import { assert, describe, it } from "@effect/vitest"
import { Either, JSONSchema, Schema } from "effect"
import * as Outcome from "../src/Outcome.ts"

const told = { line: 1, code: "02134", attempts: 1, calls: 2 }
const failed = { type: "timeout", message: "no answer within 30s" }

describe("Outcome.Record", () => {
  const decode = Schema.decodeUnknownEither(Outcome.Record, { onExcessProperty: "error" })
  const encode = Schema.encodeEither(Outcome.Record)

  const records: ReadonlyArray<unknown> = [
    {
      ...told,
      outcome: "found",
      answer: { city: "Boston" },
      http_status: 200,
      ms: 12.3,
      at: "2026-03-01T12:00:00.000Z"
    },
    { ...told, outcome: "found", answer: null },
    { ...told, outcome: "found", answer: "text", input: " 02134", columns: { city: "Boston", n: 1 } },
    { ...told, outcome: "not_found", http_status: 404, repeat: true },
    { ...told, outcome: "not_found", http_status: 200, answer: { status: "unknown" } },
    { ...told, outcome: "found", answer: 1, review: true },
    { ...told, outcome: "found", answer: 1, stale: true, error: failed },
    { ...told, outcome: "not_found", stale: true, error: failed },
    { ...told, outcome: "not_found", answer: { status: "unknown" }, stale: true, error: failed },
    { ...told, outcome: "failed", answer: { status: "busy" }, error: { ...failed, type: "rule", rule: "status" } },
    { ...told, outcome: "skipped", attempts: 0, calls: 0 },
    { ...told, outcome: "invalid", error: { type: "invalid_code", message: "the code is empty" } },
    { ...told, outcome: "failed", error: failed }
  ]
  for (const record of records) {
    it(`takes ${JSON.stringify(record)}`, () => {
      const decoded = Either.getOrThrow(decode(record))
      assert.deepStrictEqual(Either.getOrThrow(encode(decoded)) as unknown, record)
    })
  }

  const others: ReadonlyArray<unknown> = [
    { ...told, outcome: "pending" },
    { ...told, outcome: "found", answer: 1, error: failed },
    { ...told, outcome: "found", answer: 1, stale: true },
    { ...told, outcome: "found", answer: 1, review: true, stale: true, error: failed },
    { ...told, outcome: "not_found", review: true },
    { ...told, outcome: "not_found", stale: true },
    { ...told, outcome: "skipped", answer: 1 },
    { ...told, outcome: "failed", stale: true, error: failed },
    { ...told, outcome: "failed" },
    { ...told, outcome: "failed", error: { ...failed, type: "bad_luck" } },
    { ...told, outcome: "not_found", error: failed },
    { ...told, outcome: "not_found", code: 2134 },
    { ...told, outcome: "not_found", line: 1.5 },
    { ...told, outcome: "not_found", repeat: false }
  ]
  for (const other of others) {
    it(`refuses ${JSON.stringify(other)}`, () => assert.isTrue(Either.isLeft(decode(other))))
  }

  it("has a JSON Schema", () => {
    const { $defs } = JSONSchema.make(Outcome.Record)
    assert.include(JSON.stringify($defs!.Record), `"required":["line","code","attempts","calls","outcome","answer"]`)
  })
})

describe("Outcome.LookupError", () => {
  it("is an error that can be sent", () => {
    const error = new Outcome.LookupError({ reason: "status", message: "the server said 500", status: 500 })
    assert.instanceOf(error, Error)
    assert.strictEqual(error.message, "the server said 500")
    const sent = Schema.encodeSync(Outcome.LookupError)(error)
    const received = Schema.decodeUnknownSync(Outcome.LookupError)(JSON.parse(JSON.stringify(sent)))
    assert.deepInclude(received, { _tag: "LookupError", reason: "status", message: error.message, status: 500 })
  })
})
