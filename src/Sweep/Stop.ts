/**
 * Why a sweep stops before its end.
 */
import { Duration, Schema } from "effect"
import { type LookupError, Remedy } from "../Outcome.ts"
import type { Policy } from "../Policy.ts"
import * as Budget from "../Policy/Budget.ts"
import { format } from "../Policy/DurationText.ts"
import * as Gate from "../Policy/Gate.ts"
import * as Moment from "../Policy/Moment.ts"
import * as Pace from "../Policy/Pace.ts"
import type { Spent } from "../Upstream/Spent.ts"

/** What stops a sweep. */
export const Reason = Schema.Literal(
  "setting",
  "unreachable",
  "redirected",
  "unauthorized",
  "forbidden",
  "quota",
  "rule",
  "uniform",
  "none_found",
  "vanished",
  "throttled",
  "outage",
  "budget",
  "time"
)

/** What would fail every other question too. Nothing is marked by it; a run can go on later. */
export class StopError extends Schema.TaggedError<StopError>()("StopError", {
  reason: Reason,
  message: Schema.String,
  /** What helps. */
  remedy: Schema.optional(Remedy),
  /** When a run can go on, in milliseconds since 1970, where that is known. */
  until: Schema.optional(Schema.Number),
  /** The request that was refused, for a person to try; secrets are shown by name. */
  curl: Schema.optional(Schema.String)
}) {}

/** The server says to wait for so many milliseconds, which is longer than the policy allows; `wall` is now, since 1970. */
export const toldToWait = ({ throttle }: Policy, wait: number, wall: number): string => {
  // in whole units, and without the moment that is added so that not everybody comes back at once
  const unit = wait > 7_200_000 ? 60 : 1
  const length = format(Duration.seconds(Math.round((wait - 200) / 1000 / unit) * unit))
  return `the server says wait ${length}, until ${Moment.format(wall + wait, wall)}; max-wait is ${
    format(throttle.maxWait)
  }`
}

/** Nothing but refusals, which do not say for how long. */
export const onlyThrottled = (policy: Policy, error: LookupError): string =>
  `for ${format(policy.throttle.maxWait)} the server has answered with nothing but throttling: ${error.message}`

export const onlyFailures = (policy: Policy, error: LookupError) =>
  `for ${format(policy.throttle.maxWait)} the server has answered with nothing but failures: ${error.message}`

/** A cap pays for no more calls; `wall` is now, since 1970. */
export const spentCap = (
  { calls, cap, spent, until, what }: Budget.Standing,
  { costPer1000 }: Budget.Budget,
  before: Spent | undefined,
  wall: number
): string => {
  const { most, per } = cap
  // those of earlier runs may have had other prices
  const isOnePrice = Math.abs(calls * (costPer1000 ?? 0) / 1000 - spent) < 1e-9
  const bought = what === "calls"
    ? ""
    : `: ${count(calls)} calls${isOnePrice ? "" : ` for ${money(spent)}, the next ones`} at ${costPer1000} per 1,000`
  if (per === "ever" || per === "run") {
    const earlier = per === "run" || before === undefined || before.calls === 0
      ? ""
      : ` (${before.calls} by earlier runs)`
    return `the budget of ${what === "calls" ? `${count(most)} ${most === 1 ? "call" : "calls"}` : money(most)}${
      per === "run" ? " for this run" : ""
    } is spent${bought}${earlier}`
  }
  const amount = what === "calls" ? `${count(spent)} of ${count(most)} calls` : `${money(spent)} of ${money(most)}`
  return `${amount} of this ${per} ${what === "calls" ? "are" : "is"} spent${bought}, until ${
    Moment.format(until, wall)
  }`
}

const count = (value: number) => value.toLocaleString("en-US")
const money = Budget.amount

/** The time is over, and what was waited for when it was; `now` is on the clock of the gate, `wall` since 1970. */
export const spentTime = (time: Duration.Duration, gate: Gate.Gate, now: number, wall: number) => {
  const over = `the time of ${format(time)} is over`
  if (!Gate.isShut(gate, now)) return over
  const until = Moment.format(wall + gate.until - now, wall)
  return gate.isOutage
    ? `${over}; the server is down, and was to be tried again at ${until}`
    : gate.isTold
    ? `${over}; the server says wait until ${until}`
    : `${over}; the server lets nobody in, and was to be tried again at ${until}`
}

export const neverAllowed = (weight: number, rate: Pace.Rate) =>
  `each call counts as ${weight}, and a rate of ${Pace.format(rate)} never allows so many`

/** The last failures are the same; `isKnown`: what was answered before fails too. */
export const allAlike = (count: number, isKnown: boolean, message: string) =>
  `${count} calls in a row failed in the same way, ${
    isKnown ? "and so does a question that was answered before" : "wherever in the list one asks"
  }: ${message}`

export const noneFound = (answered: number) => `none of the first ${answered} outcomes is "found"`
