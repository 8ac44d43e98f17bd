import { assert, describe, it } from "@effect/vitest"
import * as Array from "effect/Array"
import * as FastCheck from "effect/FastCheck"
import * as Gate from "../../src/Demo/Gate.ts"

describe("Gate", () => {
  it("admits a call exactly when fewer than `rate` were admitted in the second before it", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.integer({ min: 1, max: 8 }),
        FastCheck.array(FastCheck.integer({ min: 0, max: 300 }), { maxLength: 200 }),
        (rate, gaps) => {
          const admit = Gate.makeRate(rate)
          const admitted: Array<number> = []
          let now = 0
          for (const gap of gaps) {
            now += gap
            const isFree = admitted.filter((at) => at > now - 1_000).length < rate
            assert.strictEqual(admit(now), isFree)
            if (isFree) admitted.push(now)
          }
        }
      ),
      { numRuns: 200 }
    )
  })

  it("starts a period with the first call after the last one, and tells how long it lasts", () => {
    const wait = Gate.makeQuota({ calls: 2, period: "1 second" })
    const cases = [[100, 0], [400, 0], [600, 500], [1_099, 1], [1_100, 0], [1_150, 0], [1_200, 900], [9_000, 0]]
    assert.deepStrictEqual(cases.map(([now]) => wait(now!)), cases.map(([, left]) => left!))
  })

  it("puts the last calls of each round into the outage", () => {
    const isOut = Gate.makeOutage({ every: 5, calls: 2 })
    assert.deepStrictEqual(
      Array.makeBy(10, () => isOut()),
      [false, false, false, true, true, false, false, false, true, true]
    )
  })
})
