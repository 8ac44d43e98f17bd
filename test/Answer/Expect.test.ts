import { assert, describe, it } from "@effect/vitest"
import { parsers } from "../../src/Answer/Expect.ts"

const nested = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`
const objects = (levels: number) => `${"{\"a\":".repeat(levels)}1${"}".repeat(levels)}`

describe("JSON that is read", () => {
  it.each([
    ["a thousand lists", nested(1000)],
    ["a thousand objects", objects(1000)],
    ["many side by side", `[${Array(50_000).fill("{}").join()}]`],
    ["brackets in a text", JSON.stringify("[{\\\"[".repeat(5000))],
    ["names that mean something", "{\"__proto__\":{\"admin\":true},\"constructor\":1}"]
  ])("may hold %s", (_, body) => {
    assert.strictEqual(JSON.stringify(parsers.json(body)), body)
    assert.notProperty({}, "admin")
  })

  it.each([
    ["lists", nested(1001)],
    ["objects", objects(1001)],
    ["a great many lists", nested(1_000_000)]
  ])("may not be nested as deep as it likes: %s", (_, body) => {
    assert.throws(() => parsers.json(body), "it is nested deeper than 1000 levels")
  })
})
