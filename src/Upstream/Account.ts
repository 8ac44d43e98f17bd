/**
 * The account of a run: how many calls the caps of its budget pay for in the windows of now, and when the next ones begin. Calls are counted
 * over all runs; times are milliseconds of a monotonic clock unless they are said to be since 1970.
 */
import type { Clock } from "effect"
import * as Budget from "../Policy/Budget.ts"
import * as Spending from "../Policy/Spending.ts"

/** What is spent, and left. */
export interface Account {
  /** How many calls there may be. */
  readonly most: () => number
  /** Whether the windows are to be looked at anew. */
  readonly isDue: (at: number, calls: number) => boolean
  /** Looks at them, and gives whether others have begun. */
  readonly turn: (calls: number) => boolean
  /** When the next window begins of those that are spent, or `Infinity`; `-Infinity` where none is. */
  readonly readyAt: (calls: number) => number
  /** Of the caps that are spent the one that is so for the longest. */
  readonly spentCap: (calls: number) => Budget.Standing | undefined
  /** Whether a call more was counted since the windows were looked at. */
  readonly isCounting: (calls: number) => boolean
  /** What is spent after so many calls. */
  readonly spending: (calls: number) => Spending.Spending
}

/** An account without limits, of which nothing is kept. */
export const unlimited: Account = {
  most: () => Infinity,
  isDue: () => false,
  turn: () => false,
  readyAt: () => -Infinity,
  spentCap: () => undefined,
  isCounting: () => true,
  spending: () => Spending.none
}

/** The account after what was spent by earlier runs. */
export const make = (
  { budget, clock, now, spent }: {
    readonly budget: Budget.Budget
    readonly spent: Spending.Spending
    readonly clock: Clock.Clock
    readonly now: () => number
  }
): Account => {
  const wall = () => clock.unsafeCurrentTimeMillis()
  const toMonotonic = (at: number) => at - (wall() - now())
  /** What was spent before the windows of now, or in them by others, and after how many calls. */
  let before = { spending: Spending.of(spent), calls: spent.calls }
  let calendars = Spending.calendarsAt(wall())

  // what is sent in windows that are over by the clock of the wall was sent before that was seen
  const spending = (calls: number) =>
    Spending.add(
      before.spending,
      calls - before.calls,
      budget.costPer1000,
      Math.min(wall(), calendars.hour.until - 1),
      calendars
    )

  const standings = (calls: number) => Budget.standings(budget, spending(calls), calendars, calls - spent.calls)

  const look = (calls: number) => {
    const caps = standings(calls).map((standing) => ({
      ...standing,
      most: calls + standing.left
    }))
    return {
      caps,
      most: caps.reduce((least, { most }) => Math.min(least, most), Infinity),
      // no other window ends before an hour does
      turnAt: toMonotonic(calendars.hour.until)
    }
  }
  let looked = look(spent.calls)

  const spentCaps = (calls: number) => looked.caps.filter(({ most }) => calls >= most)

  return {
    most: () => looked.most,
    isDue: (at, calls) => at >= looked.turnAt || calls >= looked.most,
    turn: (calls) => {
      const { from, until } = calendars.hour
      const at = wall()
      // the clock may have been set
      if (at >= from && at < until) {
        looked = { ...looked, turnAt: toMonotonic(until) }
        return false
      }
      before = { spending: spending(calls), calls }
      calendars = Spending.calendarsAt(at)
      looked = look(calls)
      return true
    },
    readyAt: (calls) => toMonotonic(spentCaps(calls).reduce((latest, { until }) => Math.max(latest, until), -Infinity)),
    spentCap: (calls) => {
      const latest = spentCaps(calls).toSorted((a, b) => b.until - a.until)[0]
      return latest && standings(calls)[looked.caps.indexOf(latest)]
    },
    isCounting: (calls) => calls > before.calls,
    spending
  }
}
