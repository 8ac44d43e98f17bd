/**
 * A scenario: a list, a policy, a server, a disk and what befalls them, all drawn from one seed.
 */
import { Duration } from "effect"
import * as Policy from "../../src/Policy.ts"
import * as Budget from "../../src/Policy/Budget.ts"
import * as Draw from "../../src/Simulation/Draw.ts"

/** A rate as the judge counts it. */
export interface Rate {
  readonly limit: number
  readonly window: number
  readonly burst: number
}

/** What is simulated; times are milliseconds. */
export interface Scenario {
  readonly seed: number
  /** The lines of the list. An empty one is no code. */
  readonly list: ReadonlyArray<string>
  readonly order: "input" | "done"
  readonly server: string
  readonly policy: Policy.Policy
  readonly rates: ReadonlyArray<Rate>
  /** What each call counts for in a rate. */
  readonly weight: number
  /** How long each process lives before it is killed; those after them live as long as they like. */
  readonly lives: ReadonlyArray<number>
  /** How long the machine stays down after the end of a process. */
  readonly downtime: number
  /** When the clock is set, and by how much. */
  readonly jumps: ReadonlyArray<readonly [at: number, by: number]>
  /** When a process does not run, and for how long. */
  readonly freezes: ReadonlyArray<readonly [at: number, millis: number]>
  readonly disk: {
    /** A write takes so long at the most. */
    readonly slow: number
    /** Which writes find it full. */
    readonly full: ReadonlySet<number>
  }
  readonly hasRoughTimers: boolean
  /** Nothing fails, and the time that it takes is known. */
  readonly healthy: { readonly latency: number } | undefined
  /** What fails: some codes whenever they are asked, or what is asked too fast, and nothing else; or all, and that for a time. */
  readonly trouble: "codes" | { readonly from: number; readonly to: number } | undefined
}

/** Draws by name. */
const dice = (seed: number) => {
  const draw = Draw.stream(seed)
  const between = (least: number, most: number) => least + draw() * (most - least)
  const whole = (least: number, most: number) => Math.floor(between(least, most + 1))
  const chance = (part: number) => draw() < part
  const one = <A>(choices: ReadonlyArray<A>): A => choices[Math.floor(draw() * choices.length)]!
  return { between, whole, chance, one }
}

const hour = 3_600_000

/** The scenario of a seed. */
export const draw = (seed: number): Scenario => {
  const { between, chance, one, whole } = dice(seed)
  // a few lists have more than a page
  const questions = chance(0.015) ? 700 : one([5, 20, 40, 60, 100, 140])
  const list: Array<string> = []
  for (let code = 0; code < questions; code++) {
    list.push(`c${code}`)
    if (chance(0.03)) list.push(one(list))
    // it is no code, and one that no URL can hold
    if (chance(0.01)) list.push("")
    if (chance(0.005)) list.push(".")
  }
  if (chance(0.08)) return healthy(seed, list, { whole, one, chance })
  if (chance(0.12)) return troubled(seed, list, { between, whole, one, chance })
  const isCrashing = chance(0.45)
  // nothing but its back-off holds a retry up
  const isFree = questions <= 100 && chance(0.06)
  // one call's answer comes about when the rate allows the next one
  const isTight = !isFree && chance(0.06)
  const rates = isTight ? [{ limit: 50, window: 1000, burst: 1 }] : isFree || chance(0.5) ? [] : one<
    ReadonlyArray<Rate>
  >([
    [{ limit: 20, window: 1000, burst: 1 }],
    [{ limit: 50, window: 1000, burst: 1 }],
    [{ limit: 100, window: 1000, burst: 10 }],
    [{ limit: 60, window: 2000, burst: 30 }],
    [{ limit: 10, window: 250, burst: 1 }, { limit: 60, window: 3000, burst: 20 }]
  ])
  const latency = one([5, 20, 80])
  const isPoisoned = chance(0.25)
  const hasErrors = chance(0.4)
  const isBrown = chance(0.15)
  const parts = [
    isTight
      ? "latency=p50:16ms,p99:40ms"
      : chance(0.2)
      ? `latency=${latency}ms`
      : `latency=p50:${latency}ms,p99:${latency * one([2, 10, 30])}ms`,
    ...(hasErrors ? [`errors=${one([1, 5, 20, 40])}%`] : []),
    ...(chance(0.3) ? [`resets=${one([1, 5, 15])}%`] : []),
    ...(chance(0.25) ? [`hangs=${one([0.5, 2])}%`] : []),
    ...(chance(0.4) ? [`not-found=${one([1, 10, 30])}%`] : []),
    ...(isPoisoned ? [`poison=${one([1, 4])}%`] : []),
    ...(!isFree && chance(0.3)
      ? [
        `rate=${one(questions > 100 ? [60] : [5, 20, 60])}/s,burst=${one([1, 3, 20])}`,
        `retry-after=${one(["exact", "1s", "1s-4s", "3s", "date", "none"])}`,
        `headers=${one(["none", "none", "ietf", "github"])}`
      ]
      : []),
    ...(chance(0.2) ? [`concurrency=${one([1, 4, 16])}`] : []),
    ...(chance(0.25)
      ? [`outage=${whole(500, 12_000)}ms@${whole(20, 3000)}ms${chance(0.5) ? ":503" : ""}`]
      : []),
    ...(isBrown ? [`brownout=${one([30, 60, 95])}%@${whole(20, 2000)}ms+${whole(500, 8000)}ms`] : [])
  ]
  const budget = {
    ...(chance(0.08) ? { calls: [Budget.most(whole(1, questions * 2))] } : {}),
    ...(chance(0.05) ? { time: Duration.millis(whole(100, 5000)) } : {})
  }
  return {
    seed,
    list,
    order: chance(0.8) ? "input" : "done",
    server: parts.join(","),
    rates,
    weight: chance(0.15) ? one([2, 5]) : 1,
    policy: {
      ...Policy.standard,
      concurrency: isFree ? 120 : isTight ? 1 : chance(0.08) ? "auto" : one([1, 2, 4, 8, 16, 30, 100]),
      pace: rates.map(({ burst, limit, window }) => ({ burst, limit, window: Duration.millis(window) })),
      timeout: Duration.millis(one([700, 2000, 5000])),
      deadline: Duration.millis(one([3000, 20_000, 60_000])),
      retry: {
        retries: one([0, 1, 3, 5]),
        base: Duration.millis(one([20, 100, 500])),
        cap: Duration.millis(one([200, 1000, 5000]))
      },
      retryBudget: isFree
        ? null
        : chance(0.5)
        ? Policy.standard.retryBudget
        : chance(0.5)
        ? null
        : { share: 0.1, perSecond: 2 },
      breaker: isFree ? null : chance(0.4) ? Policy.standard.breaker : chance(0.6) ? null : {
        calls: 10,
        failures: 8,
        base: Duration.millis(300),
        cap: Duration.millis(4000)
      },
      uniform: isFree ? null : 20,
      hedge: !isFree && chance(0.12),
      budget,
      throttle: {
        base: Duration.millis(one([100, 1000])),
        cap: Duration.millis(5000),
        maxWait: Duration.millis(one([2000, 20_000]))
      },
      allowNone: true
    },
    lives: isCrashing ? Array.from({ length: whole(1, 4) }, () => between(0, one([100, 1000, 5000]))) : [],
    downtime: one([0, 10, 400]),
    jumps: !isCrashing && chance(0.3)
      ? Array.from({ length: whole(1, 3) }, () => [between(0, 4000), one([hour, -hour, 87_600 * hour, -87_600 * hour])])
      : [],
    freezes: chance(0.1) ? [[between(0, 3000), one([1500, 10_000, 100_000])]] : [],
    disk: {
      slow: one([0, 2, 20]),
      full: chance(0.08) ? new Set(Array.from({ length: whole(1, 2) }, () => whole(1, 14))) : new Set()
    },
    hasRoughTimers: chance(0.5),
    healthy: undefined,
    trouble: undefined
  }
}

/** A list that nothing happens to. */
const healthy = (
  seed: number,
  list: ReadonlyArray<string>,
  { chance, one, whole }: Pick<ReturnType<typeof dice>, "whole" | "one" | "chance">
): Scenario => {
  const latency = whole(1, 300)
  const rates = chance(0.5) ? [] : [{ limit: one([20, 100]), window: 1000, burst: 1 }]
  return {
    seed,
    list,
    order: "input",
    server: `latency=${latency}ms${chance(0.5) ? ",not-found=20%" : ""}`,
    rates,
    weight: 1,
    policy: {
      ...Policy.standard,
      concurrency: chance(0.15) ? "auto" : one([1, 4, 16, 64]),
      pace: rates.map(({ burst, limit, window }) => ({ burst, limit, window: Duration.millis(window) })),
      hedge: chance(0.1),
      allowNone: true
    },
    lives: [],
    downtime: 0,
    jumps: [],
    freezes: [],
    disk: { slow: one([0, 5]), full: new Set() },
    hasRoughTimers: false,
    healthy: { latency },
    trouble: undefined
  }
}

/** A server that has no answer for some codes, or for a time none at all: what it says is about a key, a purse, a page, or a code. */
const troubled = (
  seed: number,
  list: ReadonlyArray<string>,
  { between, chance, one, whole }: ReturnType<typeof dice>
): Scenario => {
  const [from, length] = [whole(20, 2000), one([6000, 15_000])]
  const half = Math.ceil(list.length / 2)
  // sorted lists may begin with such a block
  const first = chance(0.3) ? 0 : whole(0, half)
  const trouble = one(["poison", "block", "all", "pace"] as const)
  const part = trouble === "pace"
    ? `rate=${one([10, 40])}/s,burst=${one([1, 5])},over=503,retry-after=none`
    : trouble === "poison"
    ? `poison=${one([2, 5])}%:${one([401, 403, 405, 429, 429, 500, 503, "page", "hang"])}`
    : trouble === "block"
    ? `block=${first}-${first + whole(0, half - 1)}:${one([403, 404, 405, 429, 500, 503, "page"])}`
    : `outage=${length}ms@${from}ms:${one([401, 402, 403, 405, 501, "page"])}`
  return {
    ...healthy(seed, list, { whole, one, chance }),
    server: `latency=${one([5, 20, 80])}ms${chance(0.5) ? ",not-found=20%" : ""},${part}`,
    policy: {
      ...Policy.standard,
      concurrency: one([1, 4, 16, "auto"]),
      pace: [],
      timeout: Duration.seconds(2),
      // a few failures come before they are known for what they mean
      retry: {
        retries: one(trouble === "pace" ? [4] : [0, 1, 4]),
        base: Duration.millis(100),
        cap: Duration.seconds(1)
      },
      breaker: chance(0.5) ? Policy.standard.breaker : null,
      throttle: { ...Policy.standard.throttle, base: Duration.millis(100), cap: Duration.seconds(5) },
      allowNone: true
    },
    rates: [],
    lives: chance(0.3) ? [between(0, 3000)] : [],
    hasRoughTimers: chance(0.5),
    healthy: undefined,
    trouble: trouble === "all" ? { from, to: from + length } : "codes"
  }
}

/** A scenario in a few lines, for whoever looks into it. */
export const show = (scenario: Scenario): string =>
  JSON.stringify(
    scenario,
    (_, value: unknown) =>
      value instanceof Set
        ? [...value]
        : Duration.isDuration(value)
        ? `${Duration.toMillis(value)}ms`
        : value,
    1
  ).replace(/"list": \[[^\]]*\]/, `"list": ${scenario.list.length} lines`)
