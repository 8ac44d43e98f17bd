import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck, Schema } from "effect"
import * as Code from "../src/Code.ts"

describe("Code.parse", () => {
  const half = "the code holds half a character (a lone surrogate)"
  const cases: ReadonlyArray<
    readonly [input: string, rules: Partial<Code.Rules>, expected: Either.Either<string, string>]
  > = [
    ["02134", {}, Either.right("02134")],
    [" \t34102\r\n\u00a0\ufeff", {}, Either.right("34102")],
    [" 34102", { trim: false }, Either.right(" 34102")],
    ["a b", {}, Either.right("a b")],
    ["", {}, Either.left("the code is empty")],
    [" \n ", {}, Either.left("the code is empty")],
    [" ", { trim: false }, Either.right(" ")],
    ["", { pad: 5 }, Either.left("the code is empty")],
    ["601", { pad: 5 }, Either.right("00601")],
    [" 601 ", { pad: 5 }, Either.right("00601")],
    ["34102", { pad: 5 }, Either.right("34102")],
    ["341021234", { pad: 5 }, Either.right("341021234")],
    ["A1B", { pad: 5 }, Either.right("A1B")],
    ["1.5", { pad: 5 }, Either.right("1.5")],
    ["-1", { pad: 5 }, Either.right("-1")],
    ["٣٤", { pad: 5 }, Either.right("٣٤")],
    ["601", { pad: 5, pattern: "\\d{5}" }, Either.right("00601")],
    ["34102", { pattern: "\\d{5}" }, Either.right("34102")],
    ["341021", { pattern: "\\d{5}" }, Either.left("the code does not match \\d{5}")],
    ["34102\n3", { pattern: "\\d{5}" }, Either.left("the code does not match \\d{5}")],
    ["xb", { pattern: "a|b" }, Either.left("the code does not match a|b")],
    ["😀", { pattern: "." }, Either.right("😀")],
    ["É", { pattern: "\\p{Lu}" }, Either.right("É")],
    ["x".repeat(4096), {}, Either.right("x".repeat(4096))],
    ["x".repeat(4097), {}, Either.left("the code is 4097 characters long, more than 4,096")],
    ["\ud800", {}, Either.left(half)],
    ["a\udc00b", {}, Either.left(half)],
    ["../%2e?#\0", {}, Either.right("../%2e?#")],
    ["\u200b../\0%2e?#\u0007", {}, Either.right("../\0%2e?#")],
    ["../%2e?#\0", { trim: false }, Either.right("../%2e?#\0")]
  ]
  for (const [input, rules, expected] of cases) {
    it(`${JSON.stringify(input).slice(0, 30)} with ${JSON.stringify(rules)}`, () => {
      const parsed = Code.parse({ trim: true, ...rules })(input)
      assert.deepStrictEqual(
        Either.mapLeft(parsed, ({ message }) => message) as Either.Either<string, string>,
        expected
      )
    })
  }

  for (const pattern of ["(", "a)|(b", "[", "*"]) {
    it(`throws where ${pattern} is not a regular expression`, () => {
      assert.throws(() => Code.parse({ trim: true, pattern }), SyntaxError)
    })
  }

  it("gives what the schema takes, and nothing twice", () => {
    const parse = Code.parse({ trim: true, pad: 5 })
    const isCode = Schema.is(Code.Code)
    FastCheck.assert(
      FastCheck.property(FastCheck.oneof(FastCheck.string16bits(), FastCheck.fullUnicodeString()), (input) => {
        const code = parse(input)
        if (Either.isLeft(code)) return
        assert.isTrue(isCode(code.right))
        assert.deepStrictEqual(parse(code.right), code)
      })
    )
  })
})

describe("Code.Code", () => {
  const isCode = Schema.is(Code.Code)
  it("is a string of 1 to 4,096 whole characters", () => {
    for (const code of ["0", " ", "x".repeat(4096)]) assert.isTrue(isCode(code))
    for (const other of ["", "x".repeat(4097), "\udfff", 34_102, null]) assert.isFalse(isCode(other))
  })
})
