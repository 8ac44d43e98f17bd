/**
 * The pace: how many calls may be sent in how much time. A pure machine over a monotonic clock in milliseconds; what it keeps from run
 * to run is in milliseconds since 1970.
 *
 * No window of a rate's length, wherever it begins, ever holds more calls than the limit.
 */
import { Duration, Schema } from "effect"

/** The first name of a length is the one that is written. */
const units = {
  day: 86_400_000,
  d: 86_400_000,
  h: 3_600_000,
  hour: 3_600_000,
  min: 60_000,
  minute: 60_000,
  m: 60_000,
  s: 1000,
  sec: 1000,
  second: 1000,
  ms: 1
} as const

const form = new RegExp(
  `^([1-9]\\d{0,8})/([1-9]\\d{0,8})?(${Object.keys(units).join("|")})(?: burst ([1-9]\\d{0,8}))?$`
)

const text = Schema.String.pipe(
  Schema.pattern(form, {
    message: () => "write a rate such as 50/s, 600/min, 100/h, 10000/day, 10/15s or 600/min burst 10"
  })
)

const longest = Duration.days(366)

const Limit = Schema.Struct({
  /** Calls in any window at the most. */
  limit: Schema.Int,
  window: Schema.DurationFromSelf,
  /** Calls that may be sent at once after a pause; 1 spreads them evenly. */
  burst: Schema.Int
})

/** A rate as people write it: `50/s`, `600/min`, `100/h`, `10000/day`, `10/15s`, `600/min burst 10`. */
export const Rate = Schema.transform(text, Limit, {
  strict: true,
  decode: (written) => {
    const [, limit, count = "1", unit, burst = "1"] = form.exec(written)!
    const window = Duration.millis(Number(count) * units[unit as keyof typeof units])
    return { limit: Number(limit), window, burst: Number(burst) }
  },
  encode: (rate) => format(rate)
}).pipe(
  Schema.filter(({ burst, limit, window }) => {
    if (burst > limit) return "write a burst of no more than the limit"
    return Duration.lessThanOrEqualTo(window, longest) || "write a window of 366 days at the most"
  })
).annotations({ identifier: "Rate" })
export type Rate = typeof Limit.Type

/** Writes a rate in the largest unit that divides its window: equal rates are written alike. */
export const format = ({ burst, limit, window }: Rate): string => {
  const millis = Duration.toMillis(window)
  const [unit, length] = Object.entries(units).find(([, length]) => millis % length === 0)!
  return `${limit}/${millis === length ? "" : millis / length}${unit}${burst === 1 ? "" : ` burst ${burst}`}`
}

/** How far a rate is used, in milliseconds since 1970. */
export const Used = Schema.Struct({
  /** When the bucket of this rate has run empty: GCRA's theoretical arrival time. */
  tat: Schema.Number,
  /** When how many calls were sent, the oldest first; calls stand together with later ones. Only where the burst is more than 1. */
  log: Schema.Array(Schema.Tuple(Schema.Number, Schema.Number))
})
export type Used = typeof Used.Type

/** A rate, what follows from it, and how far it is used; times are milliseconds of a monotonic clock. */
interface Track extends Used {
  readonly name: string
  readonly limit: number
  readonly burst: number
  readonly window: number
  /** The time that one call takes from the bucket. */
  readonly interval: number
  /** Calls may come this much early, so that a timer that is late costs nothing. */
  readonly tolerance: number
}

/** How far every rate is used. */
export type Pace = ReadonlyArray<Track>

/** Times are whole multiples of 1/2048 ms: with these, sums of floating-point numbers are exact. */
const ticks = 2048

const tolerance = (window: number) => Math.floor(Math.min(10, window / 50) * ticks) / ticks

/** Windows are cut into this many parts; calls in one part leave the window together. */
const parts = 32

/**
 * The pace after earlier runs: `used` is what {@link keep} gave, `offset` the time since 1970 less the time of the clock. A rate that
 * has not been used starts fresh.
 */
export const resume = (
  rates: ReadonlyArray<Rate>,
  used: Readonly<Record<string, Used>>,
  now: number,
  offset: number
): Pace =>
  rates.map((rate) => {
    const { burst, limit } = rate
    const name = format(rate)
    const window = Duration.toMillis(rate.window)
    const early = tolerance(window)
    // of a burst and a full window's worth of calls in one window, the log holds back what is too much
    const interval = Math.ceil((burst === 1 ? window + early : window) / limit * ticks) / ticks
    const { log, tat } = used[name] ?? { log: [], tat: -Infinity }
    // all calls were sent before now, so after one window none of them matters
    const farthest = now + window + (burst - 1) * interval + early
    return {
      name,
      limit,
      burst,
      window,
      interval,
      tolerance: early,
      tat: up(Math.min(tat - offset, farthest)),
      log: log.map(([at, count]) => [up(Math.min(at - offset, now)), count] as const)
    }
  })

/** What the next run must know, for {@link resume}. */
export const keep = (pace: Pace, offset: number): Record<string, Used> =>
  Object.fromEntries(
    pace.filter(({ tat }) => tat > -Infinity).map(({ log, name, tat }) => [
      name,
      { tat: Math.ceil(tat + offset), log: log.map(([at, count]) => [Math.ceil(at + offset), count] as const) }
    ])
  )

/** When the next call may be sent, one that counts as `weight` calls; in the past: at once. It is never where it exceeds a limit. */
export const readyAt = (pace: Pace, weight = 1): number => {
  let ready = -Infinity
  for (const track of pace) ready = Math.max(ready, readyOne(track, weight))
  return ready
}

/** The pace after a call that was sent at `at` and counts as `weight` calls. */
export const take = (pace: Pace, at: number, weight = 1): Pace =>
  pace.map((track) => ({
    ...track,
    tat: emptied(track, at, weight),
    log: track.burst === 1 ? track.log : logged(track, up(at), weight)
  }))

/** The least room that is left when no more than `calls` calls are sent from now on, none later than `until`. */
export const ahead = (pace: Pace, until: number, calls: number): Pace =>
  pace.map((track) => ({
    ...track,
    tat: emptied(track, until, calls),
    log: track.burst === 1 ? track.log : [...track.log, [up(until), calls]]
  }))

/**
 * The bucket is GCRA. Calls of weights that sum up to S take no less than `(S − burst) × interval − tolerance` from first to last; with
 * a burst of 1 and an interval of `(window + tolerance) / limit`, more than the limit take no less than a window. A larger burst would
 * have to be paid for with a slower rate, so there a log counts what is in the window.
 *
 * Source: ITU-T I.371, annex A (generic cell rate algorithm).
 */
const readyOne = ({ burst, interval, limit, log, tat, tolerance, window }: Track, weight: number): number => {
  if (weight > limit) return Infinity
  const ready = tat - (burst - weight) * interval - tolerance
  let free = limit - weight
  for (let index = log.length - 1; index >= 0; index--) {
    const [at, count] = log[index]!
    free -= count
    if (free < 0) return Math.max(ready, at + window)
  }
  return ready
}

const emptied = ({ interval, tat }: Track, at: number, weight: number) => Math.max(up(at), tat) + weight * interval

/** At most some 66 entries: what is too near to the last but one joins the last. */
const logged = ({ log, window }: Track, at: number, weight: number): Used["log"] => {
  const kept = log.filter(([sent]) => sent > at - window)
  const [before, last] = kept.slice(-2)
  return last !== undefined && at < before![0] + window / parts
    ? [...kept.slice(0, -1), [at, last[1] + weight]]
    : [...kept, [at, weight]]
}

/** Rounds up: a call counts as no earlier than it is. */
const up = (time: number) => Math.ceil(time * ticks) / ticks
