import { assert, describe, it } from "@effect/vitest"
import * as Budget from "../../src/Policy/Budget.ts"

describe("Budget.calls", () => {
  const cases: ReadonlyArray<readonly [budget: Budget.Budget, calls: number]> = [
    [{}, Infinity],
    [{ calls: 10 }, 10],
    [{ cost: 5 }, Infinity],
    [{ cost: 5, costPer1000: 0 }, Infinity],
    [{ cost: 5, costPer1000: 0.4 }, 12_500],
    [{ cost: 0.3, costPer1000: 0.1 }, 3000],
    [{ cost: 0.0001, costPer1000: 1 }, 0],
    [{ cost: 1, costPer1000: 3 }, 333],
    [{ calls: 10, cost: 5, costPer1000: 1 }, 10],
    [{ calls: 10_000, cost: 5, costPer1000: 1 }, 5000]
  ]
  for (const [budget, calls] of cases) {
    it(`of ${JSON.stringify(budget)} is ${calls}`, () => assert.strictEqual(Budget.calls(budget), calls))
  }

  it("never costs more than allowed", () => {
    for (let cost = 0.01; cost < 50; cost += 0.37) {
      for (const costPer1000 of [0.1, 0.3, 0.4, 1.7, 25]) {
        const calls = Budget.calls({ cost, costPer1000 })
        assert.isAtMost(Budget.costOf({ costPer1000 }, calls)!, cost + 1e-9)
        assert.isAbove(Budget.costOf({ costPer1000 }, calls + 1)!, cost - 1e-9)
      }
    }
  })
})
