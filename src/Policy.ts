/**
 * A policy says how hard to try. It is data; the machines that follow it are in Policy/.
 */
import { Duration, Schema } from "effect"
import * as Breaker from "./Policy/Breaker.ts"
import * as Budget from "./Policy/Budget.ts"
import * as Concurrency from "./Policy/Concurrency.ts"
import { Limit } from "./Policy/DurationText.ts"
import * as Gate from "./Policy/Gate.ts"
import * as Pace from "./Policy/Pace.ts"
import * as Retry from "./Policy/Retry.ts"
import * as RetryBudget from "./Policy/RetryBudget.ts"

/** How hard to try, and how gently. */
export const Policy = Schema.Struct({
  /** Calls in flight at the most; `auto` finds out how many, and how fast, from what comes back. */
  concurrency: Schema.Union(Schema.Int.pipe(Schema.between(1, 10_000)), Schema.Literal("auto")),
  /** Rates that all calls together keep, each of them; none: no limit. */
  pace: Schema.Array(Pace.Rate),
  /** The time limit of one call, from sending it to the last byte of its answer. */
  timeout: Limit,
  /** The time limit of one question over all its attempts; it stands still while the gate is shut or the pace lets nobody call. */
  deadline: Limit,
  retry: Retry.Retry,
  /** What may be spent on retries; `null`: as much as there is to ask again. */
  retryBudget: Schema.NullOr(RetryBudget.RetryBudget),
  /** When the server counts as down; `null`: never. */
  breaker: Schema.NullOr(Breaker.Breaker),
  /** How long the calls in flight may go on after an interruption. */
  drain: Limit,
  /**
   * After so many failures in a row that are the same, ask again what was answered before, to learn whether they are the codes' own; if not,
   * stop. `null`: never.
   */
  uniform: Schema.NullOr(Schema.Int.pipe(Schema.between(5, 1000))),
  /** Ask once more where an answer takes longer than 95 % of all, and take what comes first. Only what is read is asked twice. */
  hedge: Schema.Boolean,
  /** What all this may cost. */
  budget: Budget.Budget,
  throttle: Gate.Throttle,
  /** Go on although none of the first 100 outcomes is `found`. */
  allowNone: Schema.Boolean
}).annotations({ identifier: "Policy" })
export interface Policy extends Schema.Schema.Type<typeof Policy> {}

/** What the command does unless told otherwise. */
export const standard: Policy = {
  concurrency: 8,
  pace: [],
  timeout: Duration.seconds(30),
  deadline: Duration.minutes(5),
  retry: Retry.standard,
  retryBudget: RetryBudget.standard,
  breaker: Breaker.standard,
  drain: Duration.seconds(25),
  uniform: 20,
  hedge: false,
  budget: Budget.none,
  throttle: Gate.standard,
  allowNone: false
}

/** For APIs on loopback and for tests: many at once, quick to give up. */
export const local: Policy = {
  ...standard,
  concurrency: 64,
  timeout: Duration.seconds(5),
  deadline: Duration.seconds(60),
  retry: { retries: 4, base: Duration.millis(50), cap: Duration.seconds(2) }
}

/** For small public services: two at once, and long pauses. */
export const gentle: Policy = {
  ...standard,
  concurrency: 2,
  retry: { retries: 6, base: Duration.seconds(2), cap: Duration.minutes(2) }
}

/** Calls in flight at the most. */
export const mostInFlight = ({ concurrency }: Pick<Policy, "concurrency">): number =>
  concurrency === "auto" ? Concurrency.standard.most : concurrency

/** The presets by name. */
export const presets = { standard, local, gentle } as const
