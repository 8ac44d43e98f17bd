import { assert, describe, it } from "@effect/vitest"
import { Either, ParseResult, Schema } from "effect"
import * as Budget from "../../src/Policy/Budget.ts"
import * as Spending from "../../src/Policy/Spending.ts"

const now = new Date(2026, 10, 20, 12, 30).getTime()
const calendars = Spending.calendarsAt(now)

/** How many calls a budget pays for, after some. */
const left = (budget: Budget.Budget, spending: Spending.Spending = Spending.none, ofRun = 0) =>
  Budget.left(Budget.standings(budget, spending, calendars, ofRun))

/** So many calls at a price, at one time after another. */
const spent = (...parts: ReadonlyArray<readonly [calls: number, price: number | undefined, at: number]>) =>
  parts.reduce(
    (spending, [calls, price, at]) => Spending.add(spending, calls, price, at, Spending.calendarsAt(at)),
    Spending.none
  )

const { most } = Budget

describe("a cap", () => {
  const calls: ReadonlyArray<readonly [text: string, cap: Budget.Cap, written: string]> = [
    ["500", most(500), "500"],
    ["44,175", most(44_175), "44175"],
    ["1e6", most(1_000_000), "1000000"],
    ["10000/month", most(10_000, "month"), "10000/month"],
    ["10,000 per month", most(10_000, "month"), "10000/month"],
    ["20/hour", most(20, "hour"), "20/hour"],
    ["20 / day", most(20, "day"), "20/day"],
    ["7/week", most(7, "week"), "7/week"],
    ["1/year", most(1, "year"), "1/year"],
    ["500 per run", most(500, "run"), "500/run"],
    ["500/run", most(500, "run"), "500/run"]
  ]
  it.each(calls)("of calls: %s", (text, cap, written) => {
    assert.deepStrictEqual(Schema.decodeSync(Budget.Calls)(text), cap)
    assert.strictEqual(Schema.encodeSync(Budget.Calls)(cap), written)
    assert.deepStrictEqual(Schema.decodeSync(Budget.Calls)(written), cap)
  })

  it("of money", () => {
    assert.deepStrictEqual(Schema.decodeSync(Budget.Cost)("12.50"), most(12.5))
    assert.deepStrictEqual(Schema.decodeSync(Budget.Cost)("20/day"), most(20, "day"))
    assert.deepStrictEqual(Schema.decodeSync(Budget.Cost)("0.5 per run"), most(0.5, "run"))
  })

  const refused: ReadonlyArray<readonly [text: string, words: RegExp]> = [
    ["", /write a number of calls/],
    ["0", /write a number of calls/],
    ["0/day", /write a number of calls/],
    ["1.5/day", /write a number of calls/],
    ["-5", /write a number of calls/],
    ["many/day", /write a number of calls/],
    ["500/2day", /write a number of calls/],
    ["500 a day", /write a number of calls/],
    ["500/d", /each hour, day, week, month, year or run/],
    ["500/fortnight", /each hour, day, week, month, year or run/],
    ["500/ever", /each hour/]
  ]
  it.each(refused)("refuses %j", (text, words) => {
    const error = Either.getOrThrow(Either.flip(Schema.decodeEither(Budget.Calls)(text)))
    assert.match(ParseResult.ArrayFormatter.formatErrorSync(error)[0]!.message, words)
  })
})

describe("what is left", () => {
  const cases: ReadonlyArray<readonly [budget: Budget.Budget, calls: number]> = [
    [{}, Infinity],
    [{ calls: [most(10)] }, 10],
    [{ cost: [most(5)] }, Infinity],
    [{ cost: [most(5)], costPer1000: 0 }, Infinity],
    [{ cost: [most(5)], costPer1000: 0.4 }, 12_500],
    [{ cost: [most(0.3)], costPer1000: 0.1 }, 3000],
    [{ cost: [most(0.0001)], costPer1000: 1 }, 0],
    [{ cost: [most(1)], costPer1000: 3 }, 333],
    [{ calls: [most(10)], cost: [most(5)], costPer1000: 1 }, 10],
    [{ calls: [most(10_000)], cost: [most(5)], costPer1000: 1 }, 5000],
    [{ calls: [most(10_000), most(700, "month"), most(90, "day")] }, 90]
  ]
  for (const [budget, calls] of cases) {
    it(`of ${JSON.stringify(budget)} is ${calls}`, () => assert.strictEqual(left(budget), calls))
  }

  it("never costs more than allowed", () => {
    for (let cost = 0.01; cost < 50; cost += 0.37) {
      for (const costPer1000 of [0.1, 0.3, 0.4, 1.7, 25]) {
        const calls = left({ cost: [most(cost)], costPer1000 })
        assert.isAtMost(Budget.costOf({ costPer1000 }, calls)!, cost + 1e-9)
        assert.isAbove(Budget.costOf({ costPer1000 }, calls + 1)!, cost - 1e-9)
      }
    }
  })

  it("is that of the window of now: what was spent in an earlier one counts in the longer ones alone", () => {
    const before = spent(
      [1000, undefined, new Date(2025, 11, 31, 23, 59).getTime()],
      [100, undefined, new Date(2026, 9, 31, 23, 59).getTime()],
      [50, undefined, new Date(2026, 10, 15, 23, 59).getTime()],
      [20, undefined, new Date(2026, 10, 16, 0, 1).getTime()],
      [6, undefined, new Date(2026, 10, 20, 11, 59).getTime()],
      [3, undefined, new Date(2026, 10, 20, 12, 1).getTime()]
    )
    const of = (per: Budget.Period) => 10_000 - left({ calls: [most(10_000, per)] }, before, 2)
    assert.deepStrictEqual(
      Budget.periods.map((per) => [per, of(per)]),
      [["ever", 1179], ["run", 2], ["hour", 3], ["day", 9], ["week", 29], ["month", 79], ["year", 179]]
    )
  })

  it("ends where the next window begins", () => {
    const [hour, month, ever] = Budget.standings(
      { calls: [most(1, "hour"), most(1, "month"), most(1)] },
      Spending.none,
      calendars
    )
    assert.strictEqual(hour!.until, new Date(2026, 10, 20, 13).getTime())
    assert.strictEqual(month!.until, new Date(2026, 11, 1).getTime())
    assert.strictEqual(ever!.until, Infinity)
  })

  it("knows what each call cost when it was sent, whatever the price is now", () => {
    const before = spent([1000, 4, now - 1000], [500, 2, now - 500])
    assert.strictEqual(Spending.cost(before), 5)
    assert.strictEqual(left({ cost: [most(6)], costPer1000: 1 }, before), 1000)
    assert.strictEqual(left({ cost: [most(6, "day")], costPer1000: 0.5 }, before), 2000)
    // what was sent before there was a price had none
    assert.strictEqual(left({ cost: [most(6)], costPer1000: 1 }, { ...before, calls: 1700 }), 1000)
  })

  it("stays spent where the clock was set back", () => {
    const before = spent([80, undefined, now + 86_400_000])
    assert.strictEqual(left({ calls: [most(100, "day")] }, before), 20)
  })
})
