import { assert, describe, it } from "@effect/vitest"
import * as Purse from "../../src/Cli/Purse.ts"

describe("Purse.zoneHint", () => {
  const daily = { calls: [{ most: 10, per: "day" as const }] }
  const told = ["warning: TZ=Europe/Berlinn is no time zone that is known here: days of the budget are counted in UTC"]
  it.each([
    [daily, "Europe/Berlinn", undefined, told],
    [{ cost: [{ most: 10, per: "month" as const }] }, "Europe/Berlinn", undefined, told],
    [daily, "Europe/Berlin", "Europe/Berlin", []],
    [daily, undefined, undefined, []],
    [daily, "", undefined, []],
    [{ calls: [{ most: 10, per: "ever" as const }] }, "Europe/Berlinn", undefined, []],
    [{}, "Europe/Berlinn", undefined, []]
  ])("%j in %s", (budget, named, known, hint) => assert.deepStrictEqual(Purse.zoneHint(budget, named, known), hint))
})
