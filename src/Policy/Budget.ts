/**
 * The budget: what may be spent in calls, money and time, for ever, in each run, or in each window of the calendar. When it is spent the
 * run waits for the next window or stops; the rest stays pending.
 */
import { Schema } from "effect"
import * as Calendar from "./Calendar.ts"
import { Limit } from "./DurationText.ts"
import * as Spending from "./Spending.ts"
import * as Whole from "./WholeText.ts"

/** What a cap holds for; `ever`: all runs with the same ledger. */
export const periods = ["ever", "run", ...Calendar.windows] as const
export type Period = typeof periods[number]

const Most = Schema.Struct({ most: Schema.Number.pipe(Schema.positive()), per: Schema.Literal(...periods) })

/** A cap: so much at the most. */
export type Cap = typeof Most.Type

/** So many calls, or so much money, at the most; for ever unless told otherwise. */
export const most = (most: number, per: Period = "ever"): Cap => ({ most, per })

const form = /^(.*?)(?:(?:\s*\/\s*|\s+per\s+)([a-z]+))?$/i

/** A cap as people write it, with an amount of some kind: `500`, `10000/month`, `20 per day`, `500 per run`. */
const capOf = (amount: (text: string) => number, words: string) =>
  Schema.transform(
    Schema.String.pipe(
      Schema.filter((text) => {
        const [, most = "", per = "run"] = form.exec(text) ?? []
        if (Number.isNaN(amount(most))) return words
        return (per !== "ever" && periods.includes(per as Period))
          || `a cap is for each ${Calendar.windows.join(", ")} or run`
      })
    ),
    Schema.typeSchema(Most),
    {
      strict: true,
      decode: (text) => {
        const [, most = "", per = "ever"] = form.exec(text)!
        return { most: amount(most), per: per as Period }
      },
      encode: format
    }
  )

/** Writes a cap: equal ones are written alike. */
export function format({ most, per }: Cap): string {
  return per === "ever" ? String(most) : `${most}/${per}`
}

/** Calls: a whole number. */
export const Calls = capOf(
  (text) => {
    const value = Whole.parse(text)
    return value >= 1 && value <= 1_000_000_000 ? value : Number.NaN
  },
  "write a number of calls such as 500, 10000/month, 1000/day or '500 per run'"
).annotations({ identifier: "CallCap" })

/** Money, in whatever currency the price is. */
export const Cost = capOf(
  (text) => /^\d{1,9}(\.\d{1,9})?$/.test(text) && Number(text) > 0 ? Number(text) : Number.NaN,
  "write an amount such as 12.50, 20/day or '5 per run', without a currency"
).annotations({ identifier: "CostCap" })

/** What may be spent; what is left out is not limited, and of several caps each holds. */
export const Budget = Schema.Struct({
  calls: Schema.optional(Schema.Array(Calls)),
  /** Money; calls that were sent before a price was known cost nothing. */
  cost: Schema.optional(Schema.Array(Cost)),
  /** The price of 1,000 calls. */
  costPer1000: Schema.optional(Schema.Number.pipe(Schema.nonNegative())),
  /** How long this run may ask. */
  time: Schema.optional(Limit)
})
export type Budget = typeof Budget.Type

/** No limit. */
export const none: Budget = {}

/** What a cap is about, how much of it is spent, and how many calls are left. */
export interface Standing {
  readonly cap: Cap
  readonly what: "calls" | "cost"
  /** In calls, or in money. */
  readonly spent: number
  /** Calls that it was spent on. */
  readonly calls: number
  /** Calls that it still pays for. */
  readonly left: number
  /** When the next window begins, in milliseconds since 1970; `Infinity` where there is none. */
  readonly until: number
}

/** How each cap stands, after what was spent in all and, of it, by this run. */
export const standings = (
  { calls = [], cost = [], costPer1000: price }: Budget,
  spending: Spending.Spending,
  calendars: Spending.Calendars,
  ofRun = 0
): ReadonlyArray<Standing> => {
  const tallyOf = ({ per }: Cap): Spending.Tally =>
    per === "run"
      ? { calls: ofRun, ...(price === undefined ? {} : { prices: { [price]: ofRun } }) }
      : per === "ever"
      ? spending
      : Spending.within(spending, per, calendars[per])
  const untilOf = ({ per }: Cap) => per === "run" || per === "ever" ? Infinity : calendars[per].until
  return [
    ...calls.map((cap): Standing => {
      const { calls: spent } = tallyOf(cap)
      return { cap, what: "calls", spent, calls: spent, left: Math.max(0, cap.most - spent), until: untilOf(cap) }
    }),
    ...(price === undefined || price === 0 ? [] : cost.map((cap): Standing => {
      const tally = tallyOf(cap)
      const spent = Spending.cost(tally)
      const left = Math.max(0, bought(cap.most - spent, price))
      return { cap, what: "cost", spent, calls: Spending.priced(tally), left, until: untilOf(cap) }
    }))
  ]
}

/** How many calls so much money buys, at a price for 1,000. */
export const bought = (money: number, price: number): number => Math.floor(money / price * 1000 + 1e-9)

/** How many calls are left to a budget. */
export const left = (standings: ReadonlyArray<Standing>): number =>
  standings.reduce((least, { left }) => Math.min(least, left), Infinity)

/** Whether a budget limits calls. */
export const isLimited = ({ calls = [], cost = [], costPer1000 = 0 }: Budget): boolean =>
  calls.length > 0 || (cost.length > 0 && costPer1000 > 0)

/** An amount of money, in whatever currency the price is. */
export const amount = (cost: number): string => cost >= 0.01 || cost === 0 ? cost.toFixed(2) : cost.toPrecision(2)

/** What so many calls cost; `undefined` where no price is known. */
export const costOf = ({ costPer1000 }: Budget, calls: number): number | undefined =>
  costPer1000 === undefined ? undefined : calls * costPer1000 / 1000
