import { assert, describe, it } from "@effect/vitest"
import type { Row } from "../../src/Ledger.ts"
import { format } from "../../src/Sink/Lines.ts"
import { layout, list, refused, row } from "./rows.ts"

describe("Lines", () => {
  it.each([true, false])("writes codes as they stood, one a line; entries: %s", (entries) => {
    const encoder = format.encoder(layout({ entries, list: list({ columns: ["zip", "city"], column: "zip" }) }))
    if ("clash" in encoder) return assert.fail(encoder.clash)
    const rows = [
      row({ input: " 00501\t" }),
      row({ columns: "{\"zip\":\"1\",\"city\":\"x\"}", input: "1", outcome: "failed", isRepeat: true }),
      refused(" "),
      row({ input: "a\u2028,\"b\"" })
    ]
    assert.strictEqual(encoder.header + rows.map(encoder.encode).join(""), " 00501\t\n1\n\na\u2028,\"b\"\n")
  })

  it.each<[what: string, row: Row]>([
    ["a line break", row({ line: 7, input: "a\nb" })],
    ["a line break at its end", row({ line: 7, input: "a\r" })],
    ["half a character", row({ line: 7, input: "\ud83c" })],
    ["a NUL", row({ line: 7, input: "\0" })],
    ["nothing that is seen", row({ line: 7, key: " ", input: " " })]
  ])("says that a code cannot stand on a line: %s", (_, row) => {
    const encoder = format.encoder(layout())
    if ("clash" in encoder) return assert.fail(encoder.clash)
    const line = encoder.encode(row)
    assert.match(typeof line === "string" ? line : line.clash, /^the code of line 7 cannot stand on a line of its own /)
  })

  it("refuses a request that uses other columns too", () => {
    assert.deepStrictEqual(
      format.encoder(
        layout({ list: list({ source: "vins.csv" }), lookup: { expect: "json", inputs: ["year", "make"] } })
      ),
      { clash: "lines hold codes alone, and the request uses year, make of vins.csv too: write CSV or NDJSON" }
    )
  })
})
