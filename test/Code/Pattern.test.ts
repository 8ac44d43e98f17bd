import { assert, describe, it } from "@effect/vitest"
import * as Pattern from "../../src/Code/Pattern.ts"

describe("Pattern.make", () => {
  const hopeless = `${"a".repeat(32)}!`
  const cases: ReadonlyArray<readonly [pattern: string, code: string, expected: boolean | undefined]> = [
    // what tries ever more ways is given up
    ["(a+)+$", hopeless, undefined],
    ["(a|aa)+", hopeless, undefined],
    ["(?:a*?)*b", hopeless, undefined],
    ["(?<letters>[a-z]+){2,}", hopeless, undefined],
    ["a*a*a*a*a*b", "a".repeat(2000), undefined],
    // what could, and does not, is told as by any other
    ["(a+)+$", "aaaa", true],
    ["([A-Z]\\d?)+", "A1B2CD", true],
    ["([A-Z]\\d?)+", "A1B2CD!", false],
    ["(\\p{Lu}+-?)+", "ÄÖ-Ü", true],
    ["[(+]+\\(+", "(+(+((", true],
    [".*\\d.*\\d.*", `${"a".repeat(3000)}1`, false],
    ["a|b", "b", true]
  ]
  for (const [pattern, code, expected] of cases) {
    it(`${pattern.slice(0, 40)} on ${code.slice(0, 12)}`, () =>
      assert.strictEqual(Pattern.make(pattern)(code), expected))
  }

  it("keeps its word code after code", () => {
    const test = Pattern.make("(a+)+$")
    assert.deepStrictEqual(["aa", hopeless, "b", "a"].map(test), [true, undefined, false, true])
  })
})

describe("Pattern.waysOf", () => {
  const cases: ReadonlyArray<readonly [pattern: string, ways: number]> = [
    ["\\d{5}", 1],
    ["\\d{5}(-\\d{4})?", 2],
    ["[A-Z]{1,2}\\d[A-Z\\d]? ?\\d[A-Z]{2}", 8],
    ["[*+?|(]\\{\\p{L}", 1],
    ["a|b|c", 3],
    ["(?:97[89])?\\d{9}[\\dX]", 2],
    ["(\\d{3}){4}", 1],
    ["(?=.*x).*", 11 ** 2],
    ["\\w+@\\w+", 11 ** 2],
    ["(\\w+-)*", Infinity],
    ["(a|b){3}", Infinity]
  ]
  it.each(cases)("%s", (pattern, ways) => assert.strictEqual(Pattern.waysOf(pattern)(10), ways))
})
