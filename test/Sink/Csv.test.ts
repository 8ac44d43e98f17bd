import { assert, describe, it } from "@effect/vitest"
import { parse } from "csv-parse/sync"
import { FastCheck } from "effect"
import type { Row } from "../../src/Ledger.ts"
import type { Encoder, Layout } from "../../src/Sink.ts"
import { format } from "../../src/Sink/Csv.ts"
import { layout, list, refused, row, select } from "./rows.ts"

const encoderOf = (options?: Partial<Layout>): Encoder => {
  const encoder = format.encoder(layout(options))
  return "clash" in encoder ? assert.fail(encoder.clash) : encoder
}

const encode = (rows: ReadonlyArray<Row>, options?: Partial<Layout>): string => {
  const { encode, header } = encoderOf(options)
  return rows.reduce((text, row) => {
    const line = encode(row)
    return typeof line === "string" ? text + line : assert.fail(line.clash)
  }, header)
}

const read = (text: string): Array<Array<string>> => parse(text, { record_delimiter: "\n" })

describe("Csv", () => {
  const error = "{\"type\":\"status\",\"message\":\"HTTP 500: \\\"no\\\", sorry\"}"
  it.each<
    [what: string, rows: ReadonlyArray<Row>, layout: Partial<Layout>, expected: ReadonlyArray<ReadonlyArray<string>>]
  >([
    ["answers", [row(), row({ body: "{\n\"a\": \"x,\\n\\\"\"\n}" })], {}, [
      ["code", "answer", "outcome", "http_status", "error"],
      ["34102", "{\"city\":\"Naples\"}", "found", "200", ""],
      ["34102", "{ \"a\": \"x,\\n\\\"\" }", "found", "200", ""]
    ]],
    [
      "what is not found",
      [
        row({ outcome: "not_found", http_status: 404, body: "{}" }),
        row({ outcome: "failed", http_status: null, error }),
        refused(" ")
      ],
      {},
      [
        ["code", "answer", "outcome", "http_status", "error"],
        ["34102", "", "not_found", "404", ""],
        ["34102", "", "failed", "", "status: HTTP 500: \"no\", sorry"],
        [" ", "", "invalid", "", "invalid_code: the code is empty"]
      ]
    ],
    ["columns as they stood, and the code as it was asked", [
      row({ input: " 34102", columns: "{\"zip\":\" 34102\",\"a b\":\"x\\ny\",\"n\":{\"m\":[1,null]}}" })
    ], {
      list: list({ columns: ["n", "zip", "a b", "none", "constructor"], column: "zip" })
    }, [
      ["n", "zip", "a b", "none", "constructor", "answer", "outcome", "http_status", "error"],
      ["{\"m\":[1,null]}", "34102", "x\ny", "", "", "{\"city\":\"Naples\"}", "found", "200", ""]
    ]],
    ["text", [row({ body: "a\r\n\"b\"" })], { lookup: { expect: "text", inputs: [] } }, [
      ["code", "answer", "outcome", "http_status", "error"],
      ["34102", "a\r\n\"b\"", "found", "200", ""]
    ]],
    ["selected fields", [
      row({ key: "[\"34102\",\"2024\"]", body: "{\"a\":{\"b\":[1]},\"c\":12345678901234567890}" }),
      row({ key: "[\"34102\",\"2023\"]", outcome: "not_found" })
    ], {
      select: select("b=a.b", "c", "d"),
      lookup: { expect: "json", inputs: ["year"] },
      list: list({ columns: ["zip"] })
    }, [
      ["zip", "b", "c", "d", "outcome", "http_status", "error"],
      ["", "[1]", "12345678901234567890", "", "found", "200", ""],
      ["", "", "", "", "not_found", "200", ""]
    ]],
    ["an answer that was forgotten", [row({ body: null })], {}, [
      ["code", "answer", "outcome", "http_status", "error"],
      ["34102", "", "found", "200", ""]
    ]],
    ["text that was forgotten", [row({ body: null })], { lookup: { expect: "text", inputs: [] } }, [
      ["code", "answer", "outcome", "http_status", "error"],
      ["34102", "", "found", "200", ""]
    ]],
    ["fields that were forgotten", [row({ body: null })], { select: select("a", "b=length(@)") }, [
      ["code", "a", "b", "outcome", "http_status", "error"],
      ["34102", "", "", "found", "200", ""]
    ]],
    ["a code without a row among rows", [
      row({ key: "x", input: "x" }),
      row({ key: "y", input: "y", columns: "{\"zip\":\"y\",\"a\":1}" })
    ], {
      list: list({ columns: ["a", "zip"], column: "zip" }),
      select: select("city")
    }, [
      ["a", "zip", "city", "outcome", "http_status", "error"],
      ["", "x", "Naples", "found", "200", ""],
      ["1", "y", "Naples", "found", "200", ""]
    ]]
  ])("writes %s", (_, rows, options, expected) => {
    assert.deepStrictEqual(read(encode(rows, options)), expected)
  })

  it.each<[what: string, columns: ReadonlyArray<string>, fields: ReadonlyArray<string>, clash: string]>([
    ["the input and the record", ["zip", "outcome"], [], "two columns would be called \"outcome\": "],
    ["the input and a selected field", ["zip", "city"], ["city=a.b"], "two columns would be called \"city\": "],
    ["a selected field and the record", [], ["error"], "\"error\" is a column that each output has: "],
    ["two selected fields", [], ["a=x", "a=y"], "two selected fields are called \"a\": "]
  ])("refuses a clash between %s", (_, columns, fields, clash) => {
    const encoder = format.encoder(layout({ list: list({ columns }), select: select(...fields) }))
    assert.include("clash" in encoder ? encoder.clash : "", clash)
  })

  it("puts in quotes what a plain cell cannot hold", () => {
    for (const cell of ["a\rb", "a\nb", "a,b", " a", "a "]) {
      const text = encode([row({ body: cell })], { lookup: { expect: "text", inputs: [] } })
      assert.include(text, `34102,"${cell}",found`)
    }
  })

  it("is read back as it was, whatever the cells hold", () => {
    const cell = FastCheck.array(FastCheck.constantFrom("a", " ", ",", "\"", "\n", "\r\n", "\r", "\t", "ü", ";", "'"))
      .map((parts) => parts.join(""))
    FastCheck.assert(FastCheck.property(FastCheck.array(FastCheck.tuple(cell, cell)), (pairs) => {
      const rows = pairs.map(([a, body]) => row({ columns: JSON.stringify({ a }), body }))
      const text = encode(rows, { list: list({ columns: ["a"] }), lookup: { expect: "text", inputs: [] } })
      assert.deepStrictEqual(read(text).slice(1).map(([a, body]) => [a, body]), pairs)
    }))
  })

  describe("for a spreadsheet", () => {
    const rows = [
      row({ columns: "{\"=zip\":\"00501\",\"n\":\"-5\"}", body: "{\"@a\":\"Zürich\\n=1\"}" }),
      row({
        columns: "{\"=zip\":\" =1\",\"n\":\"9780306406157\"}",
        outcome: "failed",
        error: "{\"type\":\"+\",\"message\":\"x\"}"
      })
    ]
    const options = { list: list({ columns: ["=zip", "n"], column: "=zip" }), select: select("\"@a\"") }

    it("begins with a mark, ends lines as Excel does, guards formulas and keeps digits", () => {
      const text = encode(rows, { ...options, excel: true })
      assert.deepStrictEqual(text.split("\r\n"), [
        "\ufeff'=zip,n,'@a,outcome,http_status,error",
        "\"=\"\"00501\"\"\",-5,\"Zürich\n'=1\",found,200,",
        "' =1,\"=\"\"9780306406157\"\"\",,failed,200,'+: x",
        ""
      ])
    })

    it("changes nothing otherwise, and counts what looks like a formula", () => {
      for (const excel of [false, true]) {
        const { encode, formulas } = encoderOf({ ...options, excel })
        assert.strictEqual(formulas?.(), 2)
        encode(rows[0]!)
        assert.strictEqual(formulas?.(), 3)
        encode(rows[1]!)
        assert.strictEqual(formulas?.(), 5)
      }
      assert.deepStrictEqual(encode(rows, options).split(/\n(?!=)/), [
        "=zip,n,@a,outcome,http_status,error",
        "00501,-5,\"Zürich\n=1\",found,200,",
        "\" =1\",9780306406157,,failed,200,+: x",
        ""
      ])
    })

    it("counts the rows of each output by themselves", () => {
      encoderOf().encode(rows[1]!)
      assert.strictEqual(encoderOf().formulas?.(), 0)
    })
  })

  describe("entries", () => {
    it("are the input's columns alone, whatever they are called", () => {
      const zip = list({ columns: ["answer", "zip", "outcome"], column: "zip" })
      const rows = [
        row({ columns: "{\"zip\":\" 1 \",\"outcome\":\"x\",\"answer\":\"\"}" }),
        row({ columns: "{\"zip\":2,\"answer\":{\"a\":1}}", outcome: null, body: null }),
        row({ input: "3" })
      ]
      assert.strictEqual(
        encode(rows, { list: zip, entries: true }),
        "answer,zip,outcome\n,\" 1 \",x\n\"{\"\"a\"\":1}\",2,\n,3,\n"
      )
    })

    it("are codes as they stood where there are no columns", () => {
      assert.strictEqual(encode([row({ input: " 00501" })], { entries: true }), "code\n\" 00501\"\n")
    })

    it("show a row that holds nothing", () => {
      assert.strictEqual(encode([refused(""), refused(" ")], { entries: true }), "code\n\"\"\n\"\"\n")
    })

    it.each<[what: string, options: Partial<Layout>, clash: RegExp]>([
      ["a spreadsheet", { excel: true }, /is no input to run again$/],
      ["codes in several columns", { list: list({ columns: ["a", "b"] }) }, /another column from row to row/]
    ])("clash with %s", (_, options, clash) => {
      const encoder = format.encoder(layout({ ...options, entries: true }))
      assert.match("clash" in encoder ? encoder.clash : "", clash)
    })

    it.each<[what: string, row: Row]>([
      ["half a character", row({ input: "a\ud800" })],
      ["a NUL", row({ input: "a\0" })],
      ["a blank code that was asked", row({ key: " ", input: " " })]
    ])("say that CSV cannot hold %s", (_, row) => {
      const line = encoderOf({ entries: true }).encode(row)
      assert.match(typeof line === "string" ? line : line.clash, /^the row of line 1 cannot stand in CSV /)
    })
  })
})
