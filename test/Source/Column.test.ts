import { assert, describe, it } from "@effect/vitest"
import { missingColumn } from "../../src/Source/Column.ts"

describe("missingColumn", () => {
  it.each<[column: string, columns: ReadonlyArray<string>, meant: string | undefined]>([
    ["Zip", ["city", "zip"], "zip"],
    ["zip", ["ZIP Code"], "ZIP Code"],
    ["zip_code", ["zipcode"], "zipcode"],
    ["zpi", ["zip"], "zip"],
    ["zi", ["zip"], "zip"],
    ["zipp", ["zip"], "zip"],
    ["zap", ["zip"], "zip"],
    ["postcode", ["zip", "city"], undefined],
    ["a", ["b"], undefined],
    ["#", ["", "zip"], undefined]
  ])("%s of %j", (column, columns, meant) => {
    const { message } = missingColumn("zips.csv", 1, column, columns)
    const suggestion = meant === undefined ? "" : ` (did you mean ${JSON.stringify(meant)}?)`
    const there = columns.map((name) => JSON.stringify(name)).join(", ")
    assert.strictEqual(message, `zips.csv:1: there is no column "${column}"${suggestion}; the columns are ${there}`)
  })

  it("does not list hundreds", () => {
    const columns = Array.from({ length: 500 }, (_, index) => `c${index}x`)
    assert.match(missingColumn("zips.csv", 1, undefined, columns).message, /"c28x", "c29x", and 470 more$/)
    assert.match(missingColumn("zips.csv", 1, "zip", []).message, /; there are no columns$/)
  })
})
