import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Effort from "../../src/Cli/Effort.ts"
import * as Policy from "../../src/Policy.ts"
import * as Pace from "../../src/Policy/Pace.ts"
import type { Summary } from "../../src/Summary.ts"

describe("Effort.describe", () => {
  const cases: ReadonlyArray<readonly [rates: ReadonlyArray<string>, shown: string]> = [
    [[], "max-wait 15m · no rate limit"],
    [["50/s"], "max-wait 15m · rate 50/s"],
    [["600/60s burst 10", "10000/24h"], "max-wait 15m · rate 600/min burst 10 and 10000/day"]
  ]
  it.each(cases)("of the rates %j", (rates, shown) => {
    const pace = rates.map((rate) => Schema.decodeSync(Pace.Rate)(rate))
    const line = Effort.describe({ ...Policy.standard, pace })
    assert.match(line, /^-c 8 · timeout 30s · /)
    assert.isTrue(line.endsWith(shown), line)
  })
})

describe("Effort.learnt", () => {
  const summary = { calls: 200, throttled: 82, tuned: { concurrency: 8, perSecond: 36.4 } } as unknown as Summary
  it("names the flag that helps where many calls were refused", () => {
    const [what, how] = Effort.learnt(Policy.standard, summary)[0]!
    assert.strictEqual(what, "refused")
    assert.strictEqual(how, "41 % of the calls, as too much was asked: --rate 36/s asks less")
    assert.match(Effort.learnt(Policy.standard, { ...summary, tuned: undefined })[0]![1], /-c auto finds out/)
    assert.deepStrictEqual(Effort.learnt(Policy.standard, { ...summary, throttled: 5, tuned: undefined }), [])
  })
})

describe("Effort.suits", () => {
  const cases: ReadonlyArray<readonly [tuned: Parameters<typeof Effort.suits>[0], words: string]> = [
    [{ concurrency: 4 }, "-c 4 suits this API"],
    [{ concurrency: 4, perSecond: 16.4 }, "-c 4 --rate 16/s suits this API"],
    [{ concurrency: 4, perSecond: 0.5 }, "-c 4 --rate 30/min suits this API"],
    [{ concurrency: 4, perSecond: 16.4, windows: { seen: 9, rate: "60/10s" } }, "-c 4 --rate 60/10s suits this API"],
    [{ concurrency: 4, perSecond: 16.4, windows: { seen: 2 } }, "nothing: 3 windows are needed to tell"],
    [{ concurrency: 4, perSecond: 16.4, windows: { seen: 8 } }, "nothing: its windows differ too much to tell"]
  ]
  it.each(cases)("says of %j: %s", (tuned, words) => assert.strictEqual(Effort.suits(tuned), words))
})
