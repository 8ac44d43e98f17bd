import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Entry } from "../../src/Entry.ts"
import { read, refuse, tell } from "./read.ts"

const format = { format: "ndjson" } as const
const zip = { ...format, column: "zip" } as const

const plain = ({ json: _, ...entry }: Entry) => entry

describe("Ndjson", () => {
  it.effect.each<[what: string, text: string, entries: ReadonlyArray<Omit<Entry, "line">>]>([
    ["strings", "\"00501\"\n\" 34102 \"", [{ input: "00501" }, { input: " 34102 " }]],
    ["escapes", "\"a\\u0000\\n\\ud83c\\udf89\"", [{ input: "a\0\n🎉" }]],
    ["numbers as they are written", "501\n 1.50 \n-0\n1e3\n12345678901234567890", [
      { input: "501" },
      { input: "1.50" },
      { input: "-0" },
      { input: "1e3" },
      { input: "12345678901234567890" }
    ]],
    ["objects of one member", "{\"id\":\"00501\"}", [{ input: "00501", columns: { id: "00501" } }]]
  ])("reads %s without a column", ([, text, entries]) =>
    Effect.gen(function*() {
      const expected = entries.map((entry, index) => ({ line: index + 1, ...entry }))
      assert.deepStrictEqual(yield* read(text, format), expected)
      assert.deepStrictEqual(yield* read(text, { ...format, size: 1 }), expected)
    }))

  it.effect.each<[what: string, text: string, input: string, columns: Record<string, unknown>]>([
    ["nested values", "{\"zip\":\"1\",\"a\":{\"b\":[1,null]}}", "1", { zip: "1", a: { b: [1, null] } }],
    ["no code", "{\"zip\":null,\"a\":1}", "", { zip: null, a: 1 }],
    ["a number", "{\"zip\":501,\"a\":1.50}", "501", { zip: 501, a: 1.5 }],
    ["a number that JavaScript writes otherwise", "{\"zip\":1.50,\"a\":1.50}", "1.50", { zip: "1.50", a: 1.5 }],
    ["a long number", "{\"zip\":12345678901234567890}", "12345678901234567890", { zip: "12345678901234567890" }],
    ["long numbers elsewhere", "{\"zip\":1,\"a\":[{\"zip\":9007199254740993}]}", "1", {
      zip: 1,
      a: [{ zip: "9007199254740993" }]
    }],
    ["numbers in a member of its name within another", "{\"a\":{\"zip\":1.0},\"zip\":2.0}", "2.0", {
      a: { zip: 1 },
      zip: "2.0"
    }],
    ["its name in escapes", "{\"z\\u0069p\":1e2}", "1e2", { zip: "1e2" }],
    ["its name as a value before it", "{\"a\":\"zip\",\"b\":1.0,\"zip\":2.0}", "2.0", { a: "zip", b: 1, zip: "2.0" }],
    ["digits and brackets in strings", "{\"a\":\"}1.0\\\"{[ 12345678901234567890\",\"zip\":1.0}", "1.0", {
      a: "}1.0\"{[ 12345678901234567890",
      zip: "1.0"
    }],
    ["the last of two", "{\"zip\":1.0,\"zip\":2.0}", "2.0", { zip: "2.0" }]
  ])("reads an object with %s", ([, text, input, columns]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* read(text, zip)).map(plain), [{ line: 1, input, columns }])
    }))

  it.effect("keeps the digits of numbers beside the values", () =>
    Effect.gen(function*() {
      const row = "{\"zip\":\"a\",\"n\":18446744073709551616,\"e\":1e400,\"l\":[1.50,\"1.50\"]}"
      const [entry, other] = yield* read(`${row}\n{"zip":"b","n":1.5}`, zip)
      assert.strictEqual(entry!.json, row)
      assert.notProperty(other, "json")
    }))

  it.effect("keeps members that are called like parts of a prototype", () =>
    Effect.gen(function*() {
      const [entry] = yield* read("{\"__proto__\":\"a\",\"constructor\":\"b\",\"zip\":1.0}", zip)
      assert.deepStrictEqual(Object.entries(entry!.columns!), [["__proto__", "a"], ["constructor", "b"], [
        "zip",
        "1.0"
      ]])
      const error = yield* refuse("{\"zip\":\"1\",\"a\":2}", { ...format, column: "constructor" })
      assert.include(error.message, "there is no column \"constructor\"")
    }))

  it.effect.each<[what: string, text: string, message: RegExp]>([
    ["no JSON", "{\"zip\":\"1\"}\n{\"zip\":1", /^list:2: this is not JSON: .+/],
    ["a plain code with a leading zero", "00501", /^list:1: this is not JSON: /],
    ["an array", "[\"00501\"]", /^list:1: NDJSON has a whole object on each line; an array of them is/],
    [
      "the first line of a document",
      "{\n  \"zip\": 1\n}",
      /^list:1: NDJSON has a whole object on each line; an array of them is/
    ],
    ["the first line of an array", "\n[\n{\"zip\": 1}\n]", /^list:2: NDJSON has a whole object on each line/],
    ["null", "null", /^list:1: this is neither an object nor a code$/],
    ["true", "true", /^list:1: this is neither an object nor a code$/],
    [
      "another column",
      "{\"Zip\":1}\n{\"Zip\":2}",
      /^list:1: there is no column "zip" \(did you mean "Zip"\?\); the columns are "Zip"$/
    ],
    ["an empty object", "{}", /^list:1: there is no column "zip"; there are no columns$/],
    ["an object as a code", "{\"zip\":{\"a\":1}}", /^list:1: the column "zip" holds {"a":1}, which is not a code$/],
    ["a list as a code", "{\"zip\":[1]}", /^list:1: the column "zip" holds \[1\], which is not a code$/],
    ["a truth as a code", "{\"zip\":false}", /^list:1: the column "zip" holds false, which is not a code$/]
  ])("refuses %s", ([, text, message]) =>
    Effect.gen(function*() {
      const error = yield* refuse(text, zip)
      assert.match(error.message, message)
      assert.notInclude(error.message, "\n")
    }))

  it.effect("takes the code, the columns and the answer of an earlier run's record", () =>
    Effect.gen(function*() {
      const record =
        "{\"line\":2,\"code\":\"00501\",\"columns\":{\"n\":\"x\"},\"outcome\":\"found\",\"answer\":{\"id\":12345678901234567890},"
        + "\"http_status\":200,\"attempts\":1,\"calls\":1}"
      for (const options of [format, { ...format, column: "code" }]) {
        assert.deepStrictEqual(
          (yield* read(`${record}\n${record}`, options)).map(plain),
          [1, 2].map((line) => ({
            line,
            input: "00501",
            columns: { code: "00501", n: "x", answer: { id: "12345678901234567890" } }
          }))
        )
      }
      const { codes, told } = yield* tell(`${record}\n${record}`, { ...format, column: "n" })
      assert.deepStrictEqual([codes, told.assumed], [["x", "x"], ["codes, columns and answers of an earlier run"]])
    }))

  it.effect("passes over objects with nothing in them, and refuses what is nested too deep", () =>
    Effect.gen(function*() {
      const { codes, told } = yield* tell("{\"zip\":null,\"n\":\" \"}\n{\"zip\":\"1\",\"n\":null}", zip)
      assert.deepStrictEqual([codes, told.blank], [["1"], 1])
      const deep = `{"zip":"1","d":${"[".repeat(8000)}${"]".repeat(8000)}}`
      assert.match(
        (yield* refuse(`{"zip":"0"}\n${deep}`, zip)).message,
        /^list:2: this is not JSON: it is nested deeper/
      )
    }))

  it.effect("asks for the column where there are several", () =>
    Effect.gen(function*() {
      const error = yield* refuse("{\"zip\":1,\"city\":2}", format)
      assert.strictEqual(
        error.message,
        "list:1: which column holds the code? Name it; the columns are \"zip\", \"city\""
      )
    }))
})
