/**
 * Spending: the calls that were sent, in all and in each window of the calendar, with the prices that they had.
 */
import { Schema } from "effect"
import * as Calendar from "./Calendar.ts"

const Count = Schema.NonNegativeInt

const counted = {
  /** Calls that were sent. */
  calls: Count,
  /** How many of them had which price for 1,000; the others had none that was known. */
  prices: Schema.optional(Schema.Record({ key: Schema.String, value: Count }))
}

/** Calls and their prices. */
export const Tally = Schema.Struct(counted)
export type Tally = typeof Tally.Type

/** What was spent in all, and in the windows in which the last call of each lies. */
export const Spending = Schema.Struct({
  ...counted,
  windows: Schema.optional(Schema.Record({
    key: Schema.Literal(...Calendar.windows),
    value: Schema.Struct({ ...counted, at: Schema.Number })
  }))
})
export type Spending = typeof Spending.Type

/** Nothing was spent. */
export const none: Spending = { calls: 0 }

/** What was spent, without what else is kept with it. */
export const of = ({ calls, prices, windows }: Spending): Spending => ({
  calls,
  ...(prices === undefined ? {} : { prices }),
  ...(windows === undefined ? {} : { windows })
})

/** The windows in which a moment lies. */
export type Calendars = Readonly<Record<Calendar.Window, Calendar.Span>>

export const calendarsAt = (at: number): Calendars =>
  Object.fromEntries(Calendar.windows.map((window) => [window, Calendar.spanOf(window, at)])) as Record<
    Calendar.Window,
    Calendar.Span
  >

/** What is spent after so many calls more, all of them in these windows, the last one at a moment. */
export const add = (
  spending: Spending,
  calls: number,
  price: number | undefined,
  at: number,
  calendars: Calendars
): Spending => {
  if (calls === 0) return spending
  const more = (tally: Tally): Tally => ({
    calls: tally.calls + calls,
    ...(price === undefined
      ? tally.prices === undefined ? {} : { prices: tally.prices }
      : { prices: { ...tally.prices, [price]: (tally.prices?.[String(price)] ?? 0) + calls } })
  })
  const windows = Object.fromEntries(
    Calendar.windows.map((window) => [window, { at, ...more(within(spending, window, calendars[window])) }])
  )
  return { ...more(spending), windows: windows as Spending["windows"] & {} }
}

/** What was spent in a window. */
export const within = ({ windows }: Spending, window: Calendar.Window, { from }: Calendar.Span): Tally => {
  const last = windows?.[window]
  return last === undefined || last.at < from ? none : last
}

/** The cost of calls; those that were sent before a price was known have none. */
export const cost = ({ prices = {} }: Tally): number =>
  Object.entries(prices).reduce((sum, [price, count]) => sum + Number(price) * count, 0) / 1000

/** How many of the calls had a price. */
export const priced = ({ prices = {} }: Tally): number => Object.values(prices).reduce((sum, count) => sum + count, 0)
