import { assert, describe, it } from "@effect/vitest"
import * as Words from "../../src/Answer/Words.ts"

describe("Words.shown", () => {
  const cases: ReadonlyArray<readonly [body: unknown, shown: string]> = [
    [{ error: { code: "x_1", message: "No." } }, "x_1: No."],
    [{ error: "no such key" }, "no such key"],
    [{ errors: [{ message: "No.", extensions: { code: "DENIED" } }] }, "DENIED: No."],
    [{ Errors: [{ description: "CMS deactivated NPI", number: "15" }] }, "CMS deactivated NPI"],
    [{ status: "OVER_QUERY_LIMIT", error_message: "Too many." }, "OVER_QUERY_LIMIT: Too many."],
    [{ Fault: { Code: "PUGREST.NotFound", Message: "No CID found" } }, "PUGREST.NotFound: No CID found"],
    [{ Count: 1, Results: [{ ErrorCode: "6", ErrorText: "6 - Incomplete VIN" }] }, "6 - Incomplete VIN"],
    [[{ error: { message: "in a list" } }], "in a list"],
    [{ title: "Gone", detail: "It was moved", status: 410 }, "410: It was moved"],
    [{ message: "constructor" }, "constructor"],
    [{ a: 1 }, `{"a":1}`]
  ]
  it.each(cases)("%j", (body, shown) => assert.strictEqual(Words.shown(JSON.stringify(body)), shown))

  it("takes what is no JSON as it is", () => {
    assert.strictEqual(Words.shown("<h1>Closed</h1>\n<p>today</p>"), "Closed today")
    assert.strictEqual(Words.shown("{"), "{")
  })
})
