/**
 * How hard to try, and what it may cost.
 */
import * as Policy from "../Policy.ts"
import * as Breaker from "../Policy/Breaker.ts"
import * as Budget from "../Policy/Budget.ts"
import { Limit } from "../Policy/DurationText.ts"
import * as Pace from "../Policy/Pace.ts"
import * as RetryBudget from "../Policy/RetryBudget.ts"
import * as Key from "./Key.ts"

/** The names of the policies that a job may begin with. */
export const policies = Object.keys(Policy.presets) as Array<keyof typeof Policy.presets>

export const keys = {
  policy: Key.one(Key.choice(policies)),
  concurrency: Key.one(Key.or("auto", Key.whole(1, 10_000))),
  rate: Key.several(Pace.Rate),
  timeout: Key.one(Limit),
  deadline: Key.one(Limit),
  drain: Key.one(Limit),
  retries: Key.one(Key.whole(0, 100)),
  "max-wait": Key.one(Limit),
  "retry-budget": Key.one(Key.or("off", RetryBudget.RetryBudget)),
  breaker: Key.one(Key.or("off", Breaker.Breaker)),
  uniform: Key.one(Key.or("off", Key.whole(5, 1000))),
  hedge: Key.toggle,
  weight: Key.one(Key.whole(1, 1_000_000)),
  "max-calls": Key.several(Budget.Calls),
  "max-cost": Key.several(Budget.Cost),
  "cost-per-1000": Key.one(Key.decimal),
  "max-time": Key.one(Limit)
}
