import { assert, describe, it } from "@effect/vitest"
import * as Stop from "../../src/Sweep/Stop.ts"

describe("Stop.spentCap", () => {
  it.each<[what: string, calls: number, spent: number, price: number, said: string]>([
    ["at one price", 220, 1.1, 5, "the budget of 1.10 is spent: 220 calls at 5 per 1,000"],
    [
      "after another price",
      220,
      1.1,
      4,
      "the budget of 1.10 is spent: 220 calls for 1.10, the next ones at 4 per 1,000"
    ]
  ])("%s", (_, calls, spent, costPer1000, said) => {
    const standing = {
      calls,
      cap: { most: 1.1, per: "ever" },
      spent,
      left: 0,
      until: Infinity,
      what: "cost"
    } as const
    assert.strictEqual(Stop.spentCap(standing, { costPer1000 }, undefined, 0), said)
  })
})
