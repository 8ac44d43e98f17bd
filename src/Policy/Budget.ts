/**
 * The budget: what a run may cost in calls, money and time. When it is spent the run stops; the rest stays pending.
 */
import { Schema } from "effect"
import { Limit } from "./DurationText.ts"

/** What a run may cost; what is left out is not limited. */
export const Budget = Schema.Struct({
  /** Calls of all runs with the same ledger. */
  calls: Schema.optional(Schema.Int.pipe(Schema.positive())),
  /** Money for all runs with the same ledger, in whatever currency the price is. */
  cost: Schema.optional(Schema.Number.pipe(Schema.positive())),
  /** The price of 1,000 calls. */
  costPer1000: Schema.optional(Schema.Number.pipe(Schema.nonNegative())),
  /** How long this run may ask. */
  time: Schema.optional(Limit)
})
export type Budget = typeof Budget.Type

/** No limit. */
export const none: Budget = {}

/** How many calls may be sent in all. */
export const calls = ({ calls = Infinity, cost, costPer1000 }: Budget): number =>
  Math.min(calls, cost === undefined || !costPer1000 ? Infinity : Math.floor(cost / costPer1000 * 1000 + 1e-9))

/** What so many calls cost; `undefined` where no price is known. */
export const costOf = ({ costPer1000 }: Budget, calls: number): number | undefined =>
  costPer1000 === undefined ? undefined : calls * costPer1000 / 1000
