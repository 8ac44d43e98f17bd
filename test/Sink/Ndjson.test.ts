import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { Row } from "../../src/Ledger.ts"
import * as Outcome from "../../src/Outcome.ts"
import type { Layout } from "../../src/Sink.ts"
import { format } from "../../src/Sink/Ndjson.ts"
import { layout, list, refused, row, select } from "./rows.ts"

/** A row as a line of text, without its line end. */
const encode = (given: Row, options?: Partial<Layout>): string => {
  const encoder = format.encoder(layout(options))
  if ("clash" in encoder) return assert.fail(encoder.clash)
  const line = encoder.encode(given)
  const text = encoder.header + (typeof line === "string" ? line : assert.fail(line.clash))
  assert.strictEqual(text.indexOf("\n"), text.length - 1)
  assert.notInclude(text, "\r")
  return text.slice(0, -1)
}

const told = { attempts: 1, calls: 1, ms: 12.3, at: "2023-11-14T22:13:20.000Z" }
const zip = list({ columns: ["zip", "city"], column: "zip" })

describe("Ndjson", () => {
  const error = "{\"type\":\"status\",\"message\":\"HTTP 500\"}"
  const records: ReadonlyArray<readonly [what: string, row: Row, layout: Partial<Layout>, record: Outcome.Record]> = [
    ["found", row(), {}, {
      line: 1,
      code: "34102",
      outcome: "found",
      answer: { city: "Naples" },
      http_status: 200,
      ...told
    }],
    ["not found", row({ outcome: "not_found", http_status: 404, body: "{}" }), {}, {
      line: 1,
      code: "34102",
      outcome: "not_found",
      http_status: 404,
      ...told
    }],
    ["skipped", row({ outcome: "skipped", http_status: null, body: null, ms: null }), {}, {
      line: 1,
      code: "34102",
      outcome: "skipped",
      attempts: 1,
      calls: 1
    }],
    ["failed", row({ outcome: "failed", http_status: 500, attempts: 5, calls: 7, error }), {}, {
      line: 1,
      code: "34102",
      outcome: "failed",
      error: { type: "status", message: "HTTP 500" },
      http_status: 500,
      ...told,
      attempts: 5,
      calls: 7
    }],
    ["no code", refused(" \n"), {}, {
      line: 1,
      code: "",
      input: " \n",
      outcome: "invalid",
      error: { type: "invalid_code", message: "the code is empty" },
      attempts: 0,
      calls: 0
    }],
    ["an input that differs", row({ input: " 34102 " }), {}, {
      line: 1,
      code: "34102",
      input: " 34102 ",
      outcome: "found",
      answer: { city: "Naples" },
      http_status: 200,
      ...told
    }],
    ["a repeat", row({ line: 9, isRepeat: true, attempts: 3, calls: 4 }), {}, {
      line: 9,
      code: "34102",
      outcome: "found",
      answer: { city: "Naples" },
      http_status: 200,
      attempts: 0,
      calls: 0,
      repeat: true
    }],
    ["the other columns", row({ columns: "{\"zip\":\"34102\",\"city\":\"\",\"n\":{\"a\":[1]}}" }), { list: zip }, {
      line: 1,
      code: "34102",
      columns: { city: "", n: { a: [1] } },
      outcome: "found",
      answer: { city: "Naples" },
      http_status: 200,
      ...told
    }],
    ["no other column", row({ columns: "{\"zip\":\"34102\"}" }), { list: zip }, {
      line: 1,
      code: "34102",
      outcome: "found",
      answer: { city: "Naples" },
      http_status: 200,
      ...told
    }],
    [
      "a column without a name",
      row({ columns: "{\"\":\"x\"}" }),
      { list: list({ columns: [""] }) },
      {
        line: 1,
        code: "34102",
        columns: { "": "x" },
        outcome: "found",
        answer: { city: "Naples" },
        http_status: 200,
        ...told
      }
    ],
    ["a question of several values", row({ key: "[\"34102\",\"2024\"]" }), {
      lookup: { expect: "json", inputs: ["year"] }
    }, {
      line: 1,
      code: "34102",
      outcome: "found",
      answer: { city: "Naples" },
      http_status: 200,
      ...told
    }],
    ["selected fields", row(), { select: select("city", "state=state", "n=length(city)", "bad=length(`1`)") }, {
      line: 1,
      code: "34102",
      outcome: "found",
      answer: { city: "Naples", state: null, n: 6, bad: null },
      http_status: 200,
      ...told
    }],
    ["an answer that was forgotten", row({ body: null }), {}, {
      line: 1,
      code: "34102",
      outcome: "found",
      answer: null,
      http_status: 200,
      ...told
    }],
    ["text that was forgotten", row({ body: null }), { lookup: { expect: "text", inputs: [] } }, {
      line: 1,
      code: "34102",
      outcome: "found",
      answer: null,
      http_status: 200,
      ...told
    }],
    ["fields that were forgotten", row({ body: null }), { select: select("city", "n=length(@)") }, {
      line: 1,
      code: "34102",
      outcome: "found",
      answer: null,
      http_status: 200,
      ...told
    }],
    ["no timing", row(), { noTiming: true }, {
      line: 1,
      code: "34102",
      outcome: "found",
      answer: { city: "Naples" },
      http_status: 200,
      attempts: 1,
      calls: 1
    }]
  ]
  it.effect.each(records)("writes %s as a record", ([, row, options, record]) =>
    Effect.gen(function*() {
      const value: unknown = JSON.parse(encode(row, options))
      assert.deepStrictEqual(value, record)
      const decoded = yield* Schema.decodeUnknown(Outcome.Record, { onExcessProperty: "error" })(value)
      assert.deepStrictEqual(yield* Schema.encode(Outcome.Record)(decoded), record)
    }))

  it.each<[what: string, body: string, answer: string]>([
    ["digits beyond 2^53", "{\"id\":12345678901234567890,\"n\":1.50}", "{\"id\":12345678901234567890,\"n\":1.50}"],
    ["keys that are there twice", "{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}"],
    ["escapes", "{\"a\":\"\\u00fc\\/\\n\"}", "{\"a\":\"\\u00fc\\/\\n\"}"],
    ["line separators of JavaScript", "\"a\u2028b\u2029\"", "\"a\u2028b\u2029\""],
    ["white space between", "{ \"a\" :\t1 }", "{ \"a\" :\t1 }"],
    ["what is printed on several lines, on one", "\n{\r\n  \"a\": [\n1\r]\n}\r\n", "{   \"a\": [ 1 ] }"]
  ])("carries %s as received", (_, body, answer) => {
    const text = encode(row({ body }))
    assert.include(text, `"answer":${answer},"http_status"`)
    assert.deepStrictEqual(JSON.parse(text).answer, JSON.parse(body))
  })

  it.each(["text", "html", "bytes"] as const)("writes an answer that is %s as a string", (expect) => {
    const body = "<p class=\"a\">\r\nü\u0000 {\"a\":1}</p>"
    assert.strictEqual(JSON.parse(encode(row({ body }), { lookup: { expect, inputs: [] } })).answer, body)
  })

  it("keeps the digits of selected numbers", () => {
    const body = "{\"id\":12345678901234567890,\"n\":1.50}"
    assert.include(
      encode(row({ body }), { select: select("id", "n") }),
      "\"answer\":{\"id\":12345678901234567890,\"n\":1.50}"
    )
  })

  it("selects from text", () => {
    const text = encode(row({ body: "Naples" }), { lookup: { expect: "text", inputs: [] }, select: select("all=@") })
    assert.deepStrictEqual(JSON.parse(text).answer, { all: "Naples" })
  })

  it("keeps columns that are called like parts of a prototype", () => {
    const text = encode(row({ columns: "{\"__proto__\":1,\"zip\":2}" }), { list: list({ column: "zip" }) })
    assert.include(text, "\"columns\":{\"__proto__\":1}")
  })

  it("refuses two selected fields of one name", () => {
    assert.deepStrictEqual(format.encoder(layout({ select: select("a=x", "b=y", "a=z") })), {
      clash: "two selected fields are called \"a\": give one another name",
      remedy: "select"
    })
  })

  it.each<[what: string, row: Row, layout: Partial<Layout>, text: string]>([
    [
      "rows as they stood",
      row({ columns: "{\"b\":[1.5,null],\"zip\":\" 1\",\"a\":\"\"}", outcome: null, body: null }),
      { list: zip, select: select("a=x", "a=y") },
      "{\"b\":[1.5,null],\"zip\":\" 1\",\"a\":\"\"}"
    ],
    ["codes as they stood", row({ input: " 34102\n\ud800" }), {}, "{\"code\":\" 34102\\n\\ud800\"}"],
    ["codes without a row among rows", row(), { list: zip }, "{\"zip\":\"34102\"}"]
  ])("writes entries: %s", (_, row, options, text) => {
    assert.strictEqual(encode(row, { ...options, entries: true }), text)
  })
})
