import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { exactly, withDigits } from "../src/Json.ts"

describe("withDigits", () => {
  const cases: ReadonlyArray<readonly [token: string, expected: unknown]> = [
    ["1", 1],
    ["-1.50", -1.5],
    ["-0", -0],
    ["1e3", 1000],
    ["0.1", 0.1],
    ["9007199254740991", 9007199254740991],
    ["9007199254740993", "9007199254740993"],
    ["-122.41941550000001", -122.41941550000001],
    ["0.12345678901234567890", "0.12345678901234567890"],
    ["1234567890.12345678", "1234567890.12345678"],
    ["123456789012345e5", 123456789012345e5],
    ["1e100", 1e100],
    ["1e400", "1e400"],
    ["-1E+1000", "-1E+1000"]
  ]
  it.each(cases)("makes %s %j", (token, expected) => {
    const text = `{"a":[${token}],"b":"${token}"}`
    assert.deepStrictEqual(withDigits(text, JSON.parse(text)), { a: [expected], b: token })
    assert.deepStrictEqual(withDigits(token, JSON.parse(token)), expected)
  })

  it.each(cases)("writes %s as it came where it is told to", (token) => {
    const text = `{"a":[${token}],"b":"${token}"}`
    const { value, write } = exactly(text, JSON.parse(text))
    assert.strictEqual(write(value), text)
  })

  it("writes no mark, and takes none for one", () => {
    for (const sign of ["\uf8ff", "\\uf8ff", "\\uF8FF"]) {
      const text = `["${sign}9007199254740993", 9007199254740993, "${sign}1"]`
      const { value, write } = exactly(text, JSON.parse(text))
      assert.strictEqual(write(value), `["\uf8ff9007199254740993","9007199254740993","\uf8ff1"]`)
    }
    const { value, write } = exactly("9007199254740993", 0)
    assert.strictEqual(write(`id ${String(value)}`), `"id 9007199254740993"`)
  })

  it("changes nothing in JSON that JavaScript wrote", () => {
    FastCheck.assert(FastCheck.property(FastCheck.json(), (json) => {
      const text = JSON.stringify(JSON.parse(json))
      assert.deepStrictEqual(withDigits(text, JSON.parse(text), "a"), JSON.parse(text))
      assert.deepStrictEqual(withDigits(`[1e999,${text}]`, 0), ["1e999", JSON.parse(text)])
    }))
  })
})
