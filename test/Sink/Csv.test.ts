import { assert, describe, it } from "@effect/vitest"
import { parse } from "csv-parse/sync"
import { FastCheck } from "effect"
import type { Row } from "../../src/Ledger.ts"
import type { Layout } from "../../src/Sink.ts"
import { format } from "../../src/Sink/Csv.ts"
import { layout, list, refused, row, select } from "./rows.ts"

const encode = (rows: ReadonlyArray<Row>, options?: Partial<Layout>): string => {
  const encoder = format.encoder(layout(options))
  return "clash" in encoder ? assert.fail(encoder.clash) : encoder.header + rows.map(encoder.encode).join("")
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
    ["columns as they stood", [
      row({ input: " 34102", columns: "{\"zip\":\" 34102\",\"a b\":\"x\\ny\",\"n\":{\"m\":[1,null]}}" })
    ], {
      list: list({ columns: ["n", "zip", "a b", "none", "constructor"], column: "zip" })
    }, [
      ["n", "zip", "a b", "none", "constructor", "answer", "outcome", "http_status", "error"],
      ["{\"m\":[1,null]}", " 34102", "x\ny", "", "", "{\"city\":\"Naples\"}", "found", "200", ""]
    ]],
    ["text", [row({ body: "a\r\n\"b\"" })], { lookup: { expect: "text", inputs: [] } }, [
      ["code", "answer", "outcome", "http_status", "error"],
      ["34102", "a\r\n\"b\"", "found", "200", ""]
    ]],
    ["selected fields", [
      row({ body: "{\"a\":{\"b\":[1]},\"c\":12345678901234567890}" }),
      row({ outcome: "not_found" })
    ], {
      select: select("b=a.b", "c", "d"),
      lookup: { expect: "json", inputs: ["year"] },
      list: list({ columns: ["zip"] })
    }, [
      ["zip", "b", "c", "d", "outcome", "http_status", "error"],
      ["", "[1]", "12345678901234567890", "", "found", "200", ""],
      ["", "", "", "", "not_found", "200", ""]
    ]]
  ])("writes %s", (_, rows, options, expected) => {
    assert.deepStrictEqual(read(encode(rows, options)), expected)
  })

  it.each<[what: string, columns: ReadonlyArray<string>, fields: ReadonlyArray<string>, name: string]>([
    ["the input and the record", ["zip", "outcome"], [], "outcome"],
    ["the input and the answer", ["answer"], [], "answer"],
    ["the input and a selected field", ["zip", "city"], ["city=a.b"], "city"],
    ["a selected field and the record", [], ["error"], "error"],
    ["two selected fields", [], ["a=x", "a=y"], "a"]
  ])("refuses a clash between %s", (_, columns, fields, name) => {
    const encoder = format.encoder(layout({ list: list({ columns }), select: select(...fields) }))
    assert.include("clash" in encoder ? encoder.clash : "", `two columns would be called "${name}": `)
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
})
