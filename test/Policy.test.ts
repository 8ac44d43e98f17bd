import { assert, describe, it } from "@effect/vitest"
import { Either, JSONSchema, Schema } from "effect"
import * as Policy from "../src/Policy.ts"

const written = {
  concurrency: 8,
  pace: [],
  timeout: "30s",
  deadline: "5m",
  retry: { retries: 4, base: "500ms", cap: "30s" },
  retryBudget: "20% + 10/s",
  breaker: "16 of 20, 1s to 1m",
  drain: "25s",
  uniform: 20,
  hedge: false,
  budget: {},
  throttle: { base: "1s", cap: "1m", maxWait: "15m" },
  allowNone: false
}

describe("Policy.Policy", () => {
  const decode = Schema.decodeUnknownEither(Policy.Policy)

  it("writes the standard policy as the defaults that are promised", () => {
    assert.deepStrictEqual(Schema.encodeSync(Policy.Policy)(Policy.standard), written)
  })

  for (const [name, preset] of Object.entries(Policy.presets)) {
    it(`reads ${name} as it writes it`, () => {
      const encoded = JSON.parse(JSON.stringify(Schema.encodeSync(Policy.Policy)(preset)))
      assert.deepStrictEqual(Either.getOrThrow(decode(encoded)), preset)
    })
  }

  const refused: ReadonlyArray<readonly [change: object, message: RegExp]> = [
    [{ concurrency: 0 }, /between 1 and 10000/],
    [{ concurrency: 10_001 }, /between 1 and 10000/],
    [{ concurrency: 1.5 }, /integer/],
    [{ concurrency: "automatic" }, /"auto"/],
    [{ retryBudget: "20%" }, /write a retry budget such as '20% \+ 10\/s', or off/],
    [{ retryBudget: "20% + 0/s" }, /positive/],
    [{ breaker: "most of 20" }, /write when it opens/],
    [{ breaker: "21 of 20" }, /no more failures than calls/],
    [{ breaker: "1 of 31" }, /between 1 and 30/],
    [{ breaker: "1 of 3, 0s to 1m" }, /write a time of more than nothing/],
    [{ budget: { calls: ["0"] } }, /write a number of calls/],
    [{ budget: { cost: ["5/fortnight"] } }, /each hour, day, week, month, year or run/],
    [{ budget: { time: "0s" } }, /write a time of more than nothing/],
    [{ pace: ["50/s", "fast"] }, /write a rate such as/],
    [{ timeout: "0s" }, /write a time of more than nothing/],
    [{ deadline: "0ms" }, /write a time of more than nothing/],
    [{ timeout: "soon" }, /write a time such as 500ms, 30s, 5m, 1h or 2d/],
    [{ timeout: 30 }, /string/],
    [{ retry: { ...written.retry, retries: -1 } }, /between 0 and 100/],
    [{ throttle: { ...written.throttle, base: "0s" } }, /write a time of more than nothing/],
    [{ throttle: { ...written.throttle, cap: "0s" } }, /write a time of more than nothing/],
    [{ throttle: { ...written.throttle, maxWait: "0s" } }, /write a time of more than nothing/],
    [{ allowNone: "yes" }, /boolean/]
  ]
  for (const [change, message] of refused) {
    it(`refuses ${JSON.stringify(change)}`, () => {
      const error = Either.getOrThrow(Either.flip(decode({ ...written, ...change })))
      assert.match(error.message, message)
    })
  }

  it("may retry at once", () => {
    const retry = { retries: 0, base: "0ms", cap: "0ms" }
    assert.isTrue(Either.isRight(decode({ ...written, retry })))
  })

  it("has a JSON Schema", () => {
    assert.deepInclude(JSONSchema.make(Policy.Policy), { $ref: "#/$defs/Policy" })
  })
})
