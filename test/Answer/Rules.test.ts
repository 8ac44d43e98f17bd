import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import * as Rules from "../../src/Answer/Rules.ts"
import { exactly } from "../../src/Json.ts"

const holds = (condition: string, body: unknown, status = 200) =>
  Either.getOrThrow(Rules.when("stop", condition)).holds(status, () => body, () => {})

describe("Rules.when", () => {
  const cases: ReadonlyArray<readonly [condition: string, body: unknown, holds: boolean]> = [
    ["status=OVER_DAILY_LIMIT,REQUEST_DENIED", { status: "REQUEST_DENIED" }, true],
    ["status=OVER_DAILY_LIMIT,REQUEST_DENIED", { status: "OK" }, false],
    ["status = A , B", { status: "B" }, true],
    ["error.code=402", { error: { code: 402 } }, true],
    ["error.code=402", { error: { code: "402" } }, true],
    ["isValid=false", { isValid: false }, true],
    ["isValid=false", {}, false],
    ["data=null", { data: null }, true],
    ["error=no such vin", { error: "no such vin" }, true],
    ["errors[0].code=THROTTLED", { errors: [{ code: "THROTTLED" }] }, true],
    ["errors[].code=THROTTLED", { errors: [{ code: "A" }, { code: "THROTTLED" }] }, true],
    ["\"post code\"=x", { "post code": "x" }, true],
    ["@=none", "none", true],
    ["status == 'OK'", { status: "OK" }, true],
    ["status != 'OK'", { status: "NO" }, true],
    ["count >= `2`", { count: 3 }, true],
    ["length(results) == `0`", { results: [] }, true],
    ["contains(@, 'maintenance')", "down for maintenance", true],
    ["Errors", { Errors: [{}] }, true],
    ["Errors", { Errors: [] }, false]
  ]
  it.each(cases)("%s of %j: %s", (condition, body, expected) => assert.strictEqual(holds(condition, body), expected))

  it("looks at 2xx alone where nothing is enough to hold", () => {
    for (const condition of ["!data", "data=null", "data != 'x'", "length(@) == `0`"]) {
      assert.isTrue(holds(condition, {}, 200), condition)
      for (const status of [401, 404, 429, 503]) assert.isFalse(holds(condition, {}, status), `${condition} ${status}`)
    }
    assert.isTrue(holds("error=gone", { error: "gone" }, 500))
  })

  const refused: ReadonlyArray<readonly [condition: string, message: RegExp]> = [
    ["state='FL'", /write state=FL without quotes, or state=='FL'$/],
    ["error=\"not found\"", /write error=not found without quotes, or error=='not found'$/],
    ["error=\"gone\",\"no such\"", /write error=gone,no such without quotes, or error=='gone'$/],
    ["error=it's", /write error=VALUE without quotes, or error=='VALUE'$/],
    ["state=", /write state=VALUE without quotes/],
    ["[]", /write length\(@\)==`0` for an empty one$/],
    ["error==\"not found\"", /write error=='not found' \(/],
    ["a[", /not JMESPath/],
    ["lenght(a) == `1`", /did you mean length\?/],
    ["post-code=x", /"post-code"/]
  ]
  it.each(refused)("refuses %s", (condition, message) => {
    assert.match(Either.getOrThrow(Either.flip(Rules.when("stop", condition))).message, message)
  })

  it("does not hold where it cannot be applied, and says why", () => {
    const told: Array<string> = []
    const rule = Either.getOrThrow(Rules.when("failed", "length(n) > `3`"))
    assert.isFalse(rule.holds(200, () => ({ n: 5 }), (text, reason) => told.push(`${text}: ${reason}`)))
    assert.match(told.join(), /^failed when length\(n\) > `3`: .*number/)
  })
})

describe("Rules over long numbers", () => {
  const text = `{"id":9007199254740993,"ids":[1,9007199254740995]}`
  const value = JSON.parse(text)
  const body: Rules.Body = (withDigits) => withDigits === true ? exactly(text, value).value : value
  it.each([
    ["id=9007199254740993", true],
    ["id=9007199254740992", false],
    ["ids=9007199254740995", true],
    ["ids=1", true],
    ["to_string(id) == '9007199254740993'", true],
    ["to_string(id) == '9007199254740992'", false],
    ["id > `5`", true]
  ])("%s: %s", (condition, expected) => {
    const rule = Either.getOrThrow(Rules.when("stop", String(condition)))
    assert.strictEqual(rule.holds(200, body, () => {}), expected)
  })
})

describe("Rules.onStatus", () => {
  it("takes statuses and classes", () => {
    const rule = Rules.onStatus("stop", [402, "5xx"])
    const held = [200, 402, 403, 500, 503].filter((status) => rule.holds(status, () => null, () => {}))
    assert.deepStrictEqual(held, [402, 500, 503])
  })
})

describe("Rules.first", () => {
  it("is the first that holds, as they stand", () => {
    const rules = [Rules.onStatus("retry", ["5xx"]), Rules.onStatus("stop", [503]), Rules.onStatus("found", [200])]
    const first = (status: number) => Rules.first(rules, status, () => null, () => {})?.verdict
    assert.deepStrictEqual([503, 200, 404].map(first), ["retry", "found", undefined])
  })

  it("is a failure where it is too much work to tell", () => {
    const nested = "$.l[*].[".repeat(7) + "@" + "]".repeat(7)
    const rules = [Either.getOrThrow(Rules.when("not_found", nested)), Rules.onStatus("found", [200])]
    const first = (l: ReadonlyArray<number>) => Rules.first(rules, 200, () => ({ l }), () => {})
    assert.strictEqual(first([1, 2])?.verdict, "not_found")
    const { text, verdict } = first(Array.from({ length: 12 }, () => 0))!
    assert.deepStrictEqual([verdict, text], ["failed", `not_found when ${nested} (too much work to tell)`])
  })
})
