/**
 * The retry budget: how many calls may be spent on asking again, so that retries do not multiply the load on a server that is in trouble.
 * A pure machine over a monotonic clock in milliseconds.
 *
 * Source: Finagle's RetryBudget, which grants 20 % of the requests and 10 retries per second.
 */
import { Schema } from "effect"

const form = /^(\d{1,3}(?:\.\d+)?)% \+ (\d{1,6}(?:\.\d+)?)\/s$/

const Share = Schema.Struct({
  /** Retries that each question brings with it. */
  share: Schema.Number.pipe(Schema.between(0, 10)),
  /** Retries that each second brings with it. */
  perSecond: Schema.Number.pipe(Schema.positive())
})

/** A budget as people write it: `20% + 10/s`. */
export const RetryBudget = Schema.transform(
  Schema.String.pipe(Schema.pattern(form, { message: () => "write a retry budget such as '20% + 10/s', or off" })),
  Share,
  {
    strict: true,
    decode: (written) => {
      const [, percent, perSecond] = form.exec(written)!
      return { share: Number(percent) / 100, perSecond: Number(perSecond) }
    },
    encode: (budget) => format(budget)
  }
).annotations({ identifier: "RetryBudget" })
export type RetryBudget = typeof Share.Type

/** Writes a budget as people do. */
export const format = ({ perSecond, share }: RetryBudget): string =>
  `${Math.round(share * 100_000) / 1000}% + ${perSecond}/s`

/** 20 % of the questions, and 10 per second. */
export const standard: RetryBudget = { share: 0.2, perSecond: 10 }

/** What is left, and when that was reckoned. */
export interface Balance {
  readonly left: number
  readonly at: number
}

/** Seconds for which what was not spent is kept. */
const memory = 10

/** One second's worth, to begin with. */
export const begin = ({ perSecond }: RetryBudget, now: number): Balance => ({ left: Math.max(1, perSecond), at: now })

/** A question is asked for the first time. */
export const earn = (balance: Balance, budget: RetryBudget): Balance =>
  balance.left >= most(budget) ? balance : { left: Math.min(most(budget), balance.left + budget.share), at: balance.at }

/** What is saved up at the most. */
const most = ({ perSecond, share }: RetryBudget) => memory * perSecond + 100 * share

/** When one more retry may be sent; in the past: at once. */
export const readyAt = ({ at, left }: Balance, { perSecond }: RetryBudget): number => at + (1 - left) / perSecond * 1000

/** A retry is sent. */
export const spend = ({ at, left }: Balance, budget: RetryBudget, now: number): Balance => {
  const earned = Math.max(0, now - at) / 1000 * budget.perSecond
  return { left: Math.min(Math.max(left, most(budget)), left + earned) - 1, at: Math.max(at, now) }
}
