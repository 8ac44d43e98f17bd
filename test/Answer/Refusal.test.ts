import { assert, describe, it } from "@effect/vitest"
import * as Refusal from "../../src/Answer/Refusal.ts"

describe("Refusal.inAnswer", () => {
  const cases: ReadonlyArray<readonly [what: string, body: unknown, kind: string | undefined, words?: string]> = [
    [
      "GraphQL without data",
      { data: null, errors: [{ message: "no field x" }, { message: "no field y" }] },
      "failed",
      "no field x; no field y"
    ],
    ["GraphQL with errors alone", { errors: [{ message: "no" }], extensions: {} }, "failed", "no"],
    ["GraphQL with data too", { data: { a: null }, errors: [{ message: "no" }] }, undefined],
    ["errors of another kind", { errors: [{ title: "no" }] }, undefined],
    ["errors beside other things", { errors: [{ message: "no" }], result: 1 }, undefined],
    ["no errors", { data: null, errors: [] }, undefined],
    [
      "Google, the key",
      { status: "REQUEST_DENIED", error_message: "The key is wrong.", results: [] },
      "stop",
      "REQUEST_DENIED: The key is wrong."
    ],
    ["Google, the day", { status: "OVER_DAILY_LIMIT" }, "stop", "OVER_DAILY_LIMIT"],
    ["Google, the pace", { status: "OVER_QUERY_LIMIT" }, "throttled", "OVER_QUERY_LIMIT"],
    ["Google, an answer", { status: "OK", results: [1] }, undefined],
    ["what every object has", { status: "constructor" }, undefined],
    ["a list", [{ status: "REQUEST_DENIED" }], undefined],
    ["nothing", null, undefined]
  ]
  it.each(cases)("%s", (_, body, kind, words) => {
    const refused = Refusal.inAnswer(body)
    assert.strictEqual(refused?.kind, kind)
    assert.strictEqual(refused?.words, words)
  })
})
