import { assert, describe, it } from "@effect/vitest"
import type { Row } from "../../src/Ledger.ts"
import type { Layout } from "../../src/Sink.ts"
import { format } from "../../src/Sink/Tsv.ts"
import { layout, list, row, select } from "./rows.ts"

const encode = (rows: ReadonlyArray<Row>, options: Partial<Layout> = {}) => {
  const encoder = format.encoder(layout(options))
  return "clash" in encoder ? assert.fail(encoder.clash) : [encoder.header, ...rows.map(encoder.encode)]
}

describe("Tsv", () => {
  it("has a row on a line and a tab between cells, and what holds either as JSON", () => {
    assert.deepStrictEqual(
      encode([
        row({ body: "{\"a\":\"x, y\",\"b\":[1]}" }),
        row({ body: "{\"a\":\"x\\ty\\n\",\"b\":\"3.5\\\" disk\"}" }),
        row({ outcome: "not_found", http_status: 404 })
      ], { select: select("a", "b") }),
      [
        "code\ta\tb\toutcome\thttp_status\terror\n",
        "34102\tx, y\t[1]\tfound\t200\t\n",
        "34102\t\"\"\"x\\ty\\n\"\"\"\t\"3.5\"\" disk\"\tfound\t200\t\n",
        "34102\t\t\tnot_found\t404\t\n"
      ]
    )
  })

  it("has an answer on one line", () => {
    const [, line] = encode([row({ body: "{\n\"a\":\t1\r\n}" })])
    assert.strictEqual(line, "34102\t\"{ \"\"a\"\": 1 }\"\tfound\t200\t\n")
  })

  it("is refused for a spreadsheet, and for a list to run again whose cells it cannot hold", () => {
    assert.property(format.encoder(layout({ excel: true })), "clash")
    const encoder = format.encoder(layout({ entries: true, list: list({ columns: ["a", "b"], column: "a" }) }))
    if ("clash" in encoder) return assert.fail(encoder.clash)
    const columns = JSON.stringify({ a: "1", b: "x\ty" })
    assert.match(
      (encoder.encode(row({ line: 7, columns })) as any).clash,
      /the row of line 7 cannot stand in TSV .*: write NDJSON/
    )
  })
})
