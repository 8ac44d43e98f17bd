/**
 * What the runs of a ledger have spent, and what is left of their budget.
 */
import { Clock, DateTime, Effect } from "effect"
import type { Ledger, LedgerError } from "../Ledger.ts"
import * as Budget from "../Policy/Budget.ts"
import * as Moment from "../Policy/Moment.ts"
import * as Spending from "../Policy/Spending.ts"
import * as Rollcall from "../Rollcall.ts"
import * as Talk from "./Talk.ts"

/** What is spent and left. */
export interface Purse {
  readonly calls: number
  /** Where a price is known. */
  readonly cost: number | undefined
  readonly standings: ReadonlyArray<Budget.Standing>
  /** Now, in milliseconds since 1970. */
  readonly wall: number
}

/** The purse of a ledger by a budget. A cap for each run is as it will be when one begins. */
export const of = (
  ledger: typeof Ledger.Service,
  budget: Budget.Budget
): Effect.Effect<Purse, LedgerError> =>
  Effect.gen(function*() {
    const wall = yield* Clock.currentTimeMillis
    const spent = (yield* Rollcall.spentOf(ledger)) ?? Spending.none
    const { costPer1000 } = budget
    return {
      calls: spent.calls,
      cost: costPer1000 === undefined && spent.prices === undefined
        ? undefined
        : Spending.cost(spent),
      standings: Budget.standings(budget, spent, Spending.calendarsAt(wall)),
      wall
    }
  })

/** What is wrong with the zone of a budget that goes by the calendar, as the environment names it. */
export const zoneHint = (
  { calls = [], cost = [] }: Budget.Budget,
  named: string | undefined,
  known: string | undefined
): ReadonlyArray<string> =>
  named === undefined || named === "" || known !== undefined ||
    [...calls, ...cost].every(({ per }) => per === "ever" || per === "run")
    ? []
    : [`warning: TZ=${named} is no time zone that is known here: days of the budget are counted in UTC`]

/** The caps of which something is spent or could be, a line each. */
export const lines = ({ standings, wall }: Purse): ReadonlyArray<string> =>
  standings.map(({ cap: { most, per }, left, spent, until, what }) => {
    const amount = what === "calls" ? Talk.count : Budget.amount
    const rest = what === "calls" ? left : Math.max(0, most - spent)
    return [
      `${amount(spent)} of ${amount(most)}${what === "calls" ? " calls" : ""}`,
      per === "ever" ? "" : per === "run" ? " for each run" : ` of this ${per}`,
      ` spent, ${amount(rest)} left`,
      until === Infinity ? "" : ` until ${Moment.format(until, wall)}`
    ].join("")
  })

/** What is spent in all, where somebody looks after it. */
export const total = ({ calls, cost, standings }: Purse): ReadonlyArray<string> =>
  cost === undefined && standings.length === 0
    ? []
    : [`spent in all: ${Talk.counted(calls, "call")}${cost === undefined ? "" : `, ${Budget.amount(cost)}`}`]

/** The same for a program. */
export const toJson = ({ cost, standings }: Purse) => ({
  cost: cost === undefined ? null : Number(cost.toPrecision(12)),
  budgets: standings.map(({ cap, left, spent, until, what }) => ({
    of: what,
    most: cap.most,
    per: cap.per,
    spent: Number(spent.toPrecision(12)),
    calls_left: left,
    until: until === Infinity ? null : DateTime.formatIso(DateTime.unsafeMake(until))
  }))
})
