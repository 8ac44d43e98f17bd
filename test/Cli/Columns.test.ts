import { assert, describe, it } from "@effect/vitest"
import * as Columns from "../../src/Cli/Columns.ts"

describe("Columns.make", () => {
  it.each([
    ["https://h/x{?zip,year}", "https://h/x?zip={code}&year={year}"],
    ["https://h/x{?year,zip}", "https://h/x?year={year}&zip={code}"],
    ["https://h/x{?tags*,zip}", "https://h/x?zip={code}{&tags*}"],
    ["https://h/x?a=1{&zip,tags*}", "https://h/x?a=1&zip={code}{&tags*}"],
    ["https://h/x{;tags*,zip}", "https://h/x;zip={code}{;tags*}"],
    ["https://h/x{?zip*}", "https://h/x?zip={code*}"],
    ["https://h/x{?tags*,zip:3}", "https://h/x?zip={code:3}{&tags*}"],
    ["https://h/x{/zip,tags*}", "https://h/x{/code,tags*}"],
    ["https://h/{zip}{?tags*}", "https://h/{code}{?tags*}"]
  ])("%s asks with the key under its own name: %s", (url, expected) => {
    const { fill } = Columns.make({ aliases: [], column: "zip", texts: [], url })
    assert.strictEqual(fill(url), expected)
  })
})
