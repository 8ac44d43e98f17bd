import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import type { Code } from "../src/Code.ts"
import * as Entry from "../src/Entry.ts"

const question = (code: string, values: Record<string, string> = {}): Entry.Question => ({ code: code as Code, values })

describe("Entry.key", () => {
  it("is the code itself where nothing else is asked", () => {
    assert.strictEqual(Entry.key(question("[\"x\"]", { year: "2024" }), []), "[\"x\"]")
    assert.deepStrictEqual(Entry.fromKey("[\"x\"]", []), question("[\"x\"]"))
  })

  it("tells questions apart by each value that is asked, and by no other", () => {
    const key = (code: string, values: Record<string, string>) => Entry.key(question(code, values), ["a", "b"])
    const keys = [
      key("x", {}),
      key("x", { a: "1" }),
      key("x", { b: "1" }),
      key("x", { a: "1", b: "1" }),
      key("x,1", { a: "1" }),
      key("x\"", { a: "" }),
      key("y", { a: "1" })
    ]
    assert.strictEqual(new Set(keys).size, keys.length)
    assert.strictEqual(key("x", { a: "1", c: "2" }), key("x", { b: "", a: "1" }))
  })

  it("leads back to the question", () => {
    const text = FastCheck.fullUnicodeString()
    FastCheck.assert(
      FastCheck.property(text, text, text, (code, a, b) => {
        const inputs = ["a", "__proto__"]
        const asked = { code: code as Code, values: Entry.values(JSON.parse(`{"a":${JSON.stringify(a)}}`), inputs) }
        assert.deepStrictEqual(Entry.fromKey(Entry.key(asked, inputs), inputs), asked)
        const columns = Object.fromEntries([["__proto__", b]])
        const key = Entry.key({ code: code as Code, values: Entry.values(columns, inputs) }, inputs)
        assert.deepStrictEqual(JSON.parse(key), [code, "", b])
      })
    )
  })
})

describe("Entry.values", () => {
  it("are text for every input, with nothing for what is not there", () => {
    const columns = { a: "1", b: 2, c: null, d: true, e: { f: [1] }, other: "x" }
    assert.deepStrictEqual(Entry.values(columns, ["a", "b", "c", "d", "e", "f", "constructor", "toString"]), {
      a: "1",
      b: "2",
      c: "",
      d: "true",
      e: "{\"f\":[1]}",
      f: "",
      constructor: "",
      toString: ""
    })
    assert.deepStrictEqual(Entry.values(undefined, ["a"]), { a: "" })
    assert.deepStrictEqual(Entry.values(columns, []), {})
  })
})

describe("Entry.toText", () => {
  const cases: ReadonlyArray<readonly [value: unknown, text: string]> = [
    ["02134", "02134"],
    ["", ""],
    [undefined, ""],
    [null, ""],
    [0, "0"],
    [1.5, "1.5"],
    [false, "false"],
    [[], "[]"],
    [{ a: "é" }, "{\"a\":\"é\"}"]
  ]
  for (const [value, text] of cases) {
    it(`writes ${JSON.stringify(value)}`, () => assert.strictEqual(Entry.toText(value), text))
  }
})
