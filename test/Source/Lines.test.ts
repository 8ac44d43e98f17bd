import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, FastCheck } from "effect"
import * as Lines from "../../src/Source/Lines.ts"
import { lines, refuse } from "./read.ts"

describe("Lines", () => {
  it.effect.each<[what: string, text: string, expected: ReadonlyArray<string>]>([
    ["leading zeros and white space", " 00501\t\n0\n", ["1  00501\t", "2 0"]],
    ["a line of its own for each CR, LF and CRLF", "a\rb\nc\r\nd", ["1 a", "2 b", "3 c", "4 d"]],
    ["numbers that count blank lines", "\n\n \na\r\n\r\nb\n\n", ["4 a", "6 b"]],
    ["separators that are no line ends", "a\u2028b\u0085c\vd\fe\n", ["1 a\u2028b\u0085c\vd\fe"]],
    ["quotes and commas", "\"a\",b\n\"\n", ["1 \"a\",b", "2 \""]],
    ["a mark in the middle", "a\n\ufeffb\n", ["1 a", "2 \ufeffb"]]
  ])("keeps %s", ([, text, expected]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* lines(text), expected)
      assert.deepStrictEqual(yield* lines(text, { size: 1 }), expected)
    }))

  it("does not care how text is cut into pieces", () => {
    const text = FastCheck.array(FastCheck.constantFrom("a", " ", "\r", "\n", "ü")).map((parts) => parts.join(""))
    FastCheck.assert(FastCheck.property(text, FastCheck.integer({ min: 1, max: 5 }), (text, size) => {
      const read = Lines.reader("list")
      const pieces = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? []
      const found = [...pieces.map((piece) => read(piece, false)), read("", true)].flatMap(Either.getOrThrow)
      const expected = text.split(/\r\n|\r|\n/).map((text, index) => ({ line: index + 1, text }))
      assert.deepStrictEqual(found, expected.filter(({ text }) => text.trim() !== ""))
    }))
  })

  it.effect("tells the line that is too long, also within one piece", () =>
    Effect.gen(function*() {
      const long = "a".repeat(2 ** 20)
      assert.deepStrictEqual((yield* lines(`${long}\nb`)).length, 2)
      for (const size of [4 * 2 ** 20, 64 * 1024]) {
        const error = yield* refuse(`b\n\n${long}c\nd\n`, { size })
        assert.strictEqual(
          error.message,
          "list:3: this line is longer than 1 MiB: is the file a list, and is its format right?"
        )
      }
    }))

  it.effect("refuses a column, which lines do not have", () =>
    Effect.gen(function*() {
      const error = yield* refuse("zip,city\n00501,Holtsville\n", { column: "zip", format: "lines" })
      assert.strictEqual(error.reason, "Column")
      assert.match(
        error.message,
        /^list: there is no column "zip", because it is read as lines: name no column, or another format$/
      )
    }))
})
