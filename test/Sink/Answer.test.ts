import { assert, describe, it } from "@effect/vitest"
import type { Row } from "../../src/Ledger.ts"
import * as Csv from "../../src/Sink/Csv.ts"
import * as Ndjson from "../../src/Sink/Ndjson.ts"
import * as Rows from "../../src/Sink/Table/Rows.ts"
import { layout, row, select } from "./rows.ts"

describe("what is selected where nothing was found", () => {
  const reason = select("reason=error.message")
  const body = `{"error":{"message":"retired"}}`
  const given: ReadonlyArray<readonly [what: string, row: Row, shown: string | null]> = [
    ["not found", row({ outcome: "not_found", http_status: 404, body }), "retired"],
    [
      "invalid",
      row({ outcome: "invalid", http_status: 400, body, error: `{"type":"status","message":"x"}` }),
      "retired"
    ],
    ["failed", row({ outcome: "failed", http_status: 500, body, error: `{"type":"status","message":"x"}` }), "retired"],
    ["without it", row({ outcome: "not_found", http_status: 404, body: "{}" }), null],
    ["without a body", row({ outcome: "not_found", http_status: 404, body: "" }), null],
    [
      "no JSON",
      row({ outcome: "failed", http_status: 502, body: "<p>", error: `{"type":"status","message":"x"}` }),
      null
    ]
  ]
  it.each(given)("%s", (_, given, shown) => {
    const ndjson = Ndjson.format.encoder(layout({ select: reason }))
    const csv = Csv.format.encoder(layout({ select: reason }))
    const table = Rows.make(layout({ select: reason }))
    if ("clash" in ndjson || "clash" in csv || "clash" in table) return assert.fail("a clash")
    const record = JSON.parse(ndjson.encode(given) as string)
    assert.deepStrictEqual(record.answer, shown === null ? undefined : { reason: shown })
    assert.strictEqual((csv.encode(given) as string).split(",")[1], shown ?? "")
    const at = table.columns.findIndex(({ name }) => name === "reason")
    assert.strictEqual(table.encode(given)[at], shown)
  })

  it("is not the whole answer where nothing is selected", () => {
    const encoder = Ndjson.format.encoder(layout())
    if ("clash" in encoder) return assert.fail("a clash")
    assert.notProperty(JSON.parse(encoder.encode(given[0]![1]) as string), "answer")
  })
})

describe("what was asked again in vain", () => {
  const error = `{"type":"status","message":"the server said 500"}`
  const shown = (given: Row) => {
    const csv = Csv.format.encoder(layout())
    const table = Rows.make(layout())
    if ("clash" in csv || "clash" in table) return assert.fail("a clash")
    const at = (name: string) => table.encode(given)[table.columns.findIndex((column) => column.name === name)]
    return [(csv.encode(given) as string).trimEnd().split(",").at(-1), at("error_type"), at("error")]
  }
  it("keeps its answer, and has the new error beside it in cells too", () => {
    assert.deepStrictEqual(shown(row({ error })), [
      "stale: status: the server said 500",
      "stale",
      "status: the server said 500"
    ])
    assert.deepStrictEqual(shown(row({ outcome: "failed", body: null, error })), [
      "status: the server said 500",
      "status",
      "the server said 500"
    ])
  })
})
