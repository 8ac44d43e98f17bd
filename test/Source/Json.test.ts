import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Either, FastCheck, Stream } from "effect"
import type { Entry } from "../../src/Entry.ts"
import * as Source from "../../src/Source.ts"
import * as Json from "../../src/Source/Json.ts"
import { some } from "../scale.ts"
import { lines, read, refuse } from "./read.ts"

const format = { format: "json" } as const
const zip = { ...format, column: "zip" } as const

describe("Json", () => {
  it.effect.each<[what: string, text: string, entries: ReadonlyArray<Entry>]>([
    ["strings", "[\"00501\", \" 34102 \"]", [{ line: 1, input: "00501" }, { line: 2, input: " 34102 " }]],
    ["numbers as they are written", "[501,1.50 , -0,\n1e3,12345678901234567890]", [
      { line: 1, input: "501" },
      { line: 2, input: "1.50" },
      { line: 3, input: "-0" },
      { line: 4, input: "1e3" },
      { line: 5, input: "12345678901234567890" }
    ]],
    ["objects of one member", "[{\"id\":\"00501\"}]", [{ line: 1, input: "00501", columns: { id: "00501" } }]],
    ["codes and objects", "[\"a\",{\"id\":1}]", [{ line: 1, input: "a" }, { line: 2, input: "1", columns: { id: 1 } }]],
    ["brackets, commas and quotes in strings", String.raw`["]","[,{","\"]","\\","\\\",]","a\u005d"]`, [
      { line: 1, input: "]" },
      { line: 2, input: "[,{" },
      { line: 3, input: "\"]" },
      { line: 4, input: "\\" },
      { line: 5, input: "\\\",]" },
      { line: 6, input: "a]" }
    ]],
    [
      "what is printed on many lines",
      "\n\n[\r\n  \"a\",\r\n\r\n  {\r\n    \"id\":\r\n    1\r\n  },\r\"b\"\n,\n\t\"c\"\n]\n\n",
      [
        { line: 1, input: "a" },
        { line: 2, input: "1", columns: { id: 1 } },
        { line: 3, input: "b" },
        { line: 4, input: "c" }
      ]
    ]
  ])("reads %s without a column", ([, text, entries]) =>
    Effect.gen(function*() {
      for (const size of [undefined, 1, 2, 5]) {
        assert.deepStrictEqual(yield* read(text, { ...format, ...(size === undefined ? {} : { size }) }), entries)
      }
    }))

  it.effect("reads objects as NDJSON does, with the digits of large numbers", () =>
    Effect.gen(function*() {
      const objects = [
        "{\"zip\":1.50,\"a\":{\"b\":[1,null,{\"c\":[]}]}}",
        "{\"zip\":12345678901234567890,\"a\":9007199254740993}",
        "{\"a\":\"}]\",\"zip\":\"]\"}",
        "{\"__proto__\":1,\"zip\":null}"
      ]
      const expected = yield* read(objects.join("\n"), { format: "ndjson", column: "zip" })
      assert.deepStrictEqual(yield* read(`[${objects.join(",\n")}]`, zip), expected)
    }))

  it.effect.each<[what: string, text: string, message: RegExp]>([
    ["an object", "\n{\"data\":[1]}", /^list:2: a list in JSON is an array of codes or of objects, .+ with jq \.data/],
    ["NDJSON", "{\"zip\":1}\n{\"zip\":2}\n", /^list:1: .+ or name the format where each line is an object$/],
    ["plain lines", "00501\n34102\n", /^list:1: a list in JSON is an array .+ neither: is its format right\?$/],
    ["a string", "\"00501\"", /^list:1: a list in JSON is an array/],
    ["null", "null", /^list:1: a list in JSON is an array/],
    ["a list cut off at an element", "[\"a\",\n", /^list:2: the list is cut off here: is the file whole\?$/],
    [
      "a list cut off after one",
      "[\"a\",\n\"b\"\n\n",
      /^list:2: the list is cut off in this element: is the file whole\?$/
    ],
    ["a list cut off within one", "[\"a\",\n{\"zip\":\n1,", /^list:2: the list is cut off in this element/],
    ["a list cut off within a string", "[\"a\",\n\"b", /^list:2: the list is cut off in this element/],
    ["a list cut off at its beginning", "[", /^list:1: the list is cut off here/],
    [
      "a string without its end",
      "[\"a\",\n\"b,\n\"c\"]",
      /^list:2: a string has no end on this line: is a quote missing\?$/
    ],
    ["a string without its end in an object", "[\n{\n\"a\":\"b\r\n}]", /^list:3: a string has no end on this line/],
    ["two arrays", "[\"a\"]\n[\"b\"]", /^list:2: something follows the end of the array: .+ with jq -s add$/],
    ["text after the array", "[\"a\"]]", /^list:1: something follows the end of the array/],
    ["a comma at the end", "[\"a\",\n]", /^list:2: an element is missing before this \]$/],
    ["a comma at the beginning", "[\n,\"a\"]", /^list:2: an element is missing before this ,$/],
    ["two commas", "[\"a\",\n,\"b\"]", /^list:2: an element is missing before this ,$/],
    ["a missing comma", "[\"a\"\n\"b\"]", /^list, element 1: this is not JSON: /],
    ["a wrong bracket", "[\"a\"}]", /^list, element 1: this is not JSON: /],
    ["another wrong bracket", "[\n{\"a\":1]]", /^list, element 1: this is not JSON: /],
    ["a code without quotes", "[\"a\",\n00501]", /^list, element 2: this is not JSON: /],
    [
      "an object that is wrong on its third line",
      "[\n{\n\"a\":1,\n\n}]",
      /^list, element 1: this is not JSON: [^()\n]+$/
    ],
    [
      "an array within",
      "[\"a\",\n[\"b\"]]",
      /^list, element 2: this is an array within the array, which is not a code$/
    ],
    ["null within", "[\"a\",\nnull]", /^list, element 2: this is neither an object nor a code$/],
    ["a truth within", "[\"a\",\ntrue]", /^list, element 2: this is neither an object nor a code$/],
    [
      "another column",
      "[{\"Zip\":1},\n\n{\"Zip\":2}]",
      /^list, element 1: there is no column "zip" \(did you mean "Zip"\?\)/
    ],
    [
      "an object as a code",
      "[{\"zip\":{\"a\":1}}]",
      /^list, element 1: the column "zip" holds {"a":1}, which is not a code$/
    ]
  ])("refuses %s", ([, text, message]) =>
    Effect.gen(function*() {
      for (const size of [text.length, 1]) {
        const error = yield* refuse(text, { ...zip, size })
        assert.strictEqual(error.reason, error.message.includes("column") ? error.reason : "Syntax")
        assert.match(error.message, message)
        assert.notInclude(error.message, "\n")
      }
    }))

  it.effect("finds no entry in an empty array", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* lines(" [ \n ] ", format), [])
    }))

  it.effect("tells the element that is too long, also within one piece", () =>
    Effect.gen(function*() {
      const long = "a".repeat(2 ** 24 - 2)
      assert.deepStrictEqual((yield* lines(`["${long}",\n"b"]`, format)).length, 2)
      for (const size of some([64 * 2 ** 20, 2 ** 20], 2)) {
        const error = yield* refuse(`["b",\n\n"${long}c","d"]`, { ...format, size })
        assert.strictEqual(error.reason, "TooLong")
        assert.match(
          error.message,
          /^list, element 2: this element is longer than 16 MiB: is a quote or a bracket left open\?$/
        )
      }
    }))

  it.effect("gives entries on as they are complete", () =>
    Effect.gen(function*() {
      let pulled = 0
      const pieces = Stream.map(Stream.iterate(0, (n) => n + 1), (n) => {
        pulled = n
        return Buffer.from(`${n === 0 ? "[" : ","}"${n}"`)
      })
      const { entries } = Source.bytes("list", Stream.rechunk(pieces, 1), { format: Json.format })
      const first = yield* Stream.runCollect(Stream.take(entries, 3))
      assert.deepStrictEqual(Chunk.toReadonlyArray(first).map(({ input }) => input), ["0", "1", "2"])
      assert.isAtMost(pulled, 4)
    }))

  it("finds what is in an array, however it is printed and cut into pieces", () => {
    const indent = FastCheck.constantFrom(undefined, 1, "\t", "\r")
    FastCheck.assert(FastCheck.property(
      FastCheck.array(FastCheck.jsonValue().filter((value) => !Array.isArray(value))),
      indent,
      FastCheck.integer({ min: 1, max: 7 }),
      (values, indent, size) => {
        const text = JSON.stringify(values, null, indent)
        const read = Json.reader("list")
        const pieces = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? []
        const found = [...pieces.map((piece) => read(piece, false)), read("", true)].flatMap(Either.getOrThrow)
        assert.deepStrictEqual(found.map(({ text }) => JSON.parse(text) as unknown), JSON.parse(text))
        assert.deepStrictEqual(found.map(({ line }) => line), values.map((_, index) => index + 1))
      }
    ))
  })
})
