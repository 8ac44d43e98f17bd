/**
 * How hard to try, and how gently: the flags that describe a policy.
 */
import { Duration, Either, Option } from "effect"
import { policies } from "../Job/Effort.ts"
import * as Policy from "../Policy.ts"
import * as Breaker from "../Policy/Breaker.ts"
import * as Budget from "../Policy/Budget.ts"
import { format as duration } from "../Policy/DurationText.ts"
import * as Pace from "../Policy/Pace.ts"
import * as RetryBudget from "../Policy/RetryBudget.ts"
import type { Summary } from "../Summary.ts"
import { UsageError } from "./Argv.ts"
import type { Values } from "./Command.ts"
import * as Flag from "./Flag.ts"

const effort = "Effort"
const budget = "Budget"

export const flags = {
  allowNone: Flag.of("allow-none", { group: "Answer", help: "go on when none of the first 100 is found" }),
  policy: Flag.of("policy", {
    group: effort,
    value: "NAME",
    help: `${policies.join(", ")}: what the flags below change`
  }),
  concurrency: Flag.of("concurrency", {
    group: effort,
    alias: "c",
    value: "N|auto",
    help: `calls in flight (${Policy.standard.concurrency}); auto finds out how many`
  }),
  rate: Flag.of("rate", {
    group: effort,
    value: "RATE",
    help: "limit of all calls: 50/s, '600/min burst 10'"
  }),
  timeout: Flag.of("timeout", {
    group: effort,
    value: "TIME",
    help: `limit of one call (${duration(Policy.standard.timeout)})`
  }),
  deadline: Flag.of("deadline", {
    group: effort,
    value: "TIME",
    help: `limit of one question over all its attempts (${duration(Policy.standard.deadline)})`
  }),
  drain: Flag.of("drain", {
    group: effort,
    value: "TIME",
    help: `after a signal, wait so long for calls in flight (${duration(Policy.standard.drain)})`
  }),
  retries: Flag.of("retries", {
    group: effort,
    value: "N",
    help: `attempts after the first (${Policy.standard.retry.retries}); a 429 does not count`
  }),
  maxWait: Flag.of("max-wait", {
    group: effort,
    value: "TIME",
    help: `stop after this long of nothing but 429 (${duration(Policy.standard.throttle.maxWait)})`
  }),
  retryBudget: Flag.of("retry-budget", {
    group: effort,
    value: "SHARE",
    help: `retries for each question, and each second (${RetryBudget.format(RetryBudget.standard)}), or off`
  }),
  breaker: Flag.of("breaker", {
    group: effort,
    value: "N of M",
    help: "pause and probe when so many of the last calls failed (16 of 20); off"
  }),
  uniform: Flag.of("uniform", {
    group: effort,
    value: "N",
    help: `look why so many in a row fail alike (${Policy.standard.uniform}), or off: not at all`
  }),
  hedge: Flag.of("hedge", {
    group: effort,
    help: "ask twice where an answer is slower than 95 %; the first counts"
  }),
  weight: Flag.of("weight", {
    group: effort,
    value: "N",
    help: "each call counts as N in --rate"
  }),
  maxCalls: Flag.of("max-calls", {
    group: budget,
    value: "N",
    help: "of all runs: 500, 10000/month, '500 per run'"
  }),
  maxCost: Flag.of("max-cost", {
    group: budget,
    value: "AMOUNT",
    help: "the same for money, at --cost-per-1000: 50, 20/day"
  }),
  costPer1000: Flag.of("cost-per-1000", {
    group: budget,
    value: "PRICE",
    help: "what 1,000 calls cost"
  }),
  maxTime: Flag.of("max-time", {
    group: budget,
    value: "TIME",
    help: "stop after this long"
  })
}

/** The policy that the flags describe. */
export const policy = (values: Values<typeof flags>): Either.Either<Policy.Policy, UsageError> => {
  const base = Policy.presets[Option.getOrElse(values.policy, () => "standard" as const)]
  if (values.maxCost.length > 0 && Option.isNone(values.costPer1000)) {
    return Either.left(new UsageError({ message: "--max-cost needs a price: --cost-per-1000 0.40" }))
  }
  return Either.right({
    ...base,
    ...Flag.given("concurrency", values.concurrency),
    ...(values.rate.length === 0 ? {} : { pace: values.rate }),
    ...Flag.given("timeout", values.timeout),
    ...Flag.given("deadline", values.deadline),
    ...Flag.given("drain", values.drain),
    retry: { ...base.retry, ...Flag.given("retries", values.retries) },
    ...Flag.given("retryBudget", Option.map(values.retryBudget, orNull)),
    ...Flag.given("breaker", Option.map(values.breaker, orNull)),
    ...Flag.given("uniform", Option.map(values.uniform, orNull)),
    hedge: values.hedge || base.hedge,
    budget: {
      ...base.budget,
      ...(values.maxCalls.length === 0 ? {} : { calls: values.maxCalls }),
      ...(values.maxCost.length === 0 ? {} : { cost: values.maxCost }),
      ...Flag.given("costPer1000", values.costPer1000),
      ...Flag.given("time", values.maxTime)
    },
    throttle: { ...base.throttle, ...Flag.given("maxWait", values.maxWait) },
    allowNone: values.allowNone
  })
}

const orNull = <A>(value: A | "off"): A | null => value === "off" ? null : value

/** The policy: in one line what every run has, in a second one what else was asked for. */
export const describe = (policy: Policy.Policy): string => {
  const { breaker, budget, concurrency, deadline, drain, hedge, pace, retry, retryBudget, throttle, timeout, uniform } =
    policy
  const { standard } = Policy
  const more = [
    ...(retryBudget === standard.retryBudget
      ? []
      : [`retry budget ${retryBudget === null ? "off" : RetryBudget.format(retryBudget)}`]),
    ...(breaker === standard.breaker ? [] : [`breaker ${breaker === null ? "off" : Breaker.format(breaker)}`]),
    ...(uniform === standard.uniform ? [] : [`uniform failure ${uniform === null ? "off" : `after ${uniform}`}`]),
    ...(Duration.equals(drain, standard.drain) ? [] : [`drain ${duration(drain)}`]),
    ...(hedge ? ["hedged after p95"] : []),
    ...(budget.calls ?? []).map(({ most, per }) => `${most === 1 ? "1 call" : `${most} calls`}${each(per)} at most`),
    ...(budget.cost ?? []).map((cap) =>
      `cost ${Budget.amount(cap.most)}${each(cap.per)} at most${boughtBy(budget, cap)}`
    ),
    ...(budget.time === undefined ? [] : [`takes ${duration(budget.time)} at most`])
  ]
  return [
    [
      `-c ${concurrency}`,
      `timeout ${duration(timeout)}`,
      `${retry.retries} ${retry.retries === 1 ? "retry" : "retries"}`,
      `deadline ${duration(deadline)}`,
      `max-wait ${duration(throttle.maxWait)}`,
      pace.length === 0 ? "no rate limit" : `rate ${pace.map(Pace.format).join(" and ")}`
    ].join(" · "),
    ...(more.length === 0 ? [] : [more.join(" · ")])
  ].join("\n")
}

const each = (per: Budget.Period) => per === "ever" ? "" : ` per ${per}`

const boughtBy = ({ costPer1000: price }: Budget.Budget, { most }: Budget.Cap) =>
  price === undefined || price === 0 ? "" : ` (${Budget.bought(most, price)} calls at ${price} per 1,000)`

/** What a run came to know of its costs, and of what suits the API, by what it is about. */
export const learnt = (
  policy: Policy.Policy,
  { calls, throttled, tuned }: Summary
): ReadonlyArray<readonly [string, string]> => {
  const cost = Budget.costOf(policy.budget, calls)
  return [
    ...(cost === undefined || calls === 0 ? [] : [["cost", Budget.amount(cost)] as const]),
    ...(throttled < 10 || throttled < 0.05 * calls ? [] : [["refused", refused(throttled / calls, tuned)] as const]),
    ...(tuned === undefined || calls === 0 ? [] : [["tuned", suits(tuned)] as const])
  ]
}

/** What part of the calls was refused, and the flags that ask less. */
const refused = (share: number, tuned: Summary["tuned"]) => {
  const rate = tuned && rateOf(tuned)
  return `${Math.round(100 * share)} % of the calls, as too much was asked${
    rate === undefined ? tuned === undefined ? ": -c auto finds out how fast to ask" : "" : `: --rate ${rate} asks less`
  }`
}

/** Whole windows that are needed to tell what a server bears that counts in them. */
const enough = 3

/** The flags that suit an API, as far as that was seen. */
export const suits = (tuned: NonNullable<Summary["tuned"]>): string => {
  const rate = rateOf(tuned)
  if (rate !== undefined) return `-c ${tuned.concurrency} --rate ${rate} suits this API`
  if (tuned.windows === undefined) return `-c ${tuned.concurrency} suits this API`
  return tuned.windows.seen < enough
    ? `nothing: ${enough} windows are needed to tell`
    : "nothing: its windows differ too much to tell"
}

/** The rate as the flag takes it: what held in whole windows, else what was held of late, rounded down. */
const rateOf = ({ perSecond, windows }: NonNullable<Summary["tuned"]>): string | undefined =>
  windows !== undefined
    ? windows.rate
    : perSecond === undefined
    ? undefined
    : perSecond >= 10
    ? `${Math.floor(perSecond)}/s`
    : `${Math.max(1, Math.floor(perSecond * 60))}/min`

/** How long so many calls take at least, in seconds, by the rates; 0 where there is none. */
export const shortestTime = ({ pace }: Policy.Policy, calls: number, weight: number): number =>
  Math.max(
    0,
    ...pace.map(({ burst, limit, window }) => Math.max(0, calls * weight - burst) * Duration.toSeconds(window) / limit)
  )
