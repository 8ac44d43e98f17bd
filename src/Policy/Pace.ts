/**
 * The pace: how many calls may be sent in how much time. A pure machine over a monotonic clock in milliseconds; what it keeps from run
 * to run is in milliseconds since 1970.
 *
 * No window of a rate's length, wherever it begins, ever holds more calls than the limit, by the times at which they are written to their
 * sockets. A call that is paid and not sent yet, as it waits for a connection, is in every window until it is: it will be sent later than
 * all that is paid before that.
 *
 * Where there is a log, it is taken out of it, and stands there by the time of its sending later. Where the bucket is enough there is none: of
 * the calls of a window as many are kept free as waited at once at the most, as no window holds more that were paid before it began. A log
 * would let the calls of one part of a window go together, and hold everything up for as long, which is 45 min of a day.
 */
import { Duration, Schema } from "effect"
import type { History } from "./History.ts"

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
  /** When how many units were used, the oldest first; calls may stand together with later ones. Empty where calls are spread evenly anyway. */
  log: Schema.Array(Schema.Tuple(Schema.Number, Schema.Number))
})
export type Used = typeof Used.Type

/** A rate, what follows from it, and how far it is used; times are milliseconds of a monotonic clock. */
interface Track extends Used {
  readonly name: string
  readonly limit: number
  readonly burst: number
  readonly window: number
  /** A window, and the milliseconds by which a call may be sent later than it was paid without being told. */
  readonly span: number
  /** The time that one call takes from the bucket. */
  readonly interval: number
  /** How many units go through a bucket in a span where there is no log. */
  readonly room: number
  /** Calls that come this much later than they might are made up for, by one call that comes sooner after another. */
  readonly most: number
  /** The least time between two calls where timers are good: what a server without any burst bears. */
  readonly gap: number
  /** How the log is kept: each call by itself, calls in parts of a window, or not at all, as the bucket is enough. */
  readonly logs: "each" | "parts" | "none"
  /** Until then other calls than those of this rate are to be counted too, so that the bucket is not enough. */
  readonly foreign: number
  /** When the last call was sent. */
  readonly sent: number
  readonly calls: number
  /** Milliseconds of the fastest reply, of those that were looked at. */
  readonly fastest: number
  /** How late calls are, smoothed. */
  readonly late: number
  /** The server has refused a call that was not too much by its rate: nothing is made up for. */
  readonly isStrict: boolean
  /** Units that are paid and not sent yet. */
  readonly unsent: number
  /** Where the bucket is enough: the most of these at once, in a time of a window and more, in the one before, and when this one began. */
  readonly peak: number
  readonly peakBefore: number
  readonly peakSince: number
}

/** How far every rate is used. */
export type Pace = ReadonlyArray<Track>

/** Times are whole multiples of 1/2048 ms: with these, sums of floating-point numbers are exact. */
const ticks = 2048

/** Windows are cut into this many parts; calls in one part leave the window together. */
const parts = 32

/** With fewer calls in a window each of them is logged. */
const few = 64

/** The name under which it is kept how far a rate is used: with another weight it is another one. */
export const nameOf = (rate: Rate, heaviest: number) =>
  heaviest === 1 ? format(rate) : `${format(rate)} weight ${heaviest}`

/** A rate of which nothing is used yet. */
const unused = (rate: Rate, heaviest: number): Track => {
  const { burst, limit } = rate
  const window = Duration.toMillis(rate.window)
  const interval = window / limit
  const logs = limit < few * heaviest ? "each" : burst === 1 ? "none" : "parts"
  const most = up(Math.max(heaviest * interval, Math.min(10, window / 50)))
  const room = limit + 1 - heaviest
  const span = window + up(Math.min(0.5, window / 2000))
  return {
    name: nameOf(rate, heaviest),
    limit,
    burst,
    window,
    span,
    // where no log holds back what is too much, the bucket alone must: a heavy call takes more than is left, and a late one is made up for
    interval: up(logs === "none" ? (span + most) / room : interval),
    room,
    most,
    gap: burst === 1 ? spacing(interval) : 0,
    logs,
    tat: -Infinity,
    log: [],
    foreign: -Infinity,
    sent: -Infinity,
    calls: 0,
    fastest: 0,
    late: 0,
    isStrict: false,
    unsent: 0,
    peak: 0,
    peakBefore: 0,
    peakSince: -Infinity
  }
}

/** What a server that counts whole milliseconds, or hears a call a little sooner after the one before, takes for one interval. */
const spacing = (interval: number) => {
  const whole = Math.ceil(interval)
  return up(Math.max(interval * 1.01, whole <= interval * 1.04 ? whole : 0))
}

/**
 * The pace after earlier runs: `used` is what {@link keep} gave, `offset` the time since 1970 less the time of the clock. A rate that was not
 * among theirs goes by the history of what was used. No call weighs more than `heaviest`.
 */
export const resume = (
  rates: ReadonlyArray<Rate>,
  used: Readonly<Record<string, Used>>,
  now: number,
  offset: number,
  heaviest = 1,
  history: History = []
): Pace =>
  rates.map((rate) => {
    const track = unused(rate, heaviest)
    const before = used[track.name]
    // all calls were sent before now, so after one window none of them matters
    const past = (log: Used["log"]) => log.map(([at, count]) => [up(Math.min(at - offset, now)), count] as const)
    const farthest = now + track.window + (track.burst - 1) * track.interval
    if (before === undefined) {
      const log = past(history).filter(([at]) => at > now - track.span)
      return log.length === 0 ? track : { ...counting(track, log), tat: Math.min(farthest, emptiedBy(track, log)) }
    }
    const tat = up(Math.min(before.tat - offset, farthest))
    const log = past(before.log)
    return log.length === 0 && track.logs === "each"
      ? { ...track, tat, log: evenly(track, tat, now) }
      : { ...counting(track, log), tat }
  })

/** A track that counts what is in its log, until all of that is too old to matter. */
const counting = (track: Track, log: Used["log"]): Track =>
  log.length === 0 ? track : { ...track, log, foreign: log.at(-1)![0] + track.span }

/** When the bucket has run empty after other calls; where calls are spread evenly only the last one matters, and the log sees to the rest. */
const emptiedBy = (track: Track, log: Used["log"]): number =>
  track.burst === 1
    ? log.at(-1)![0] + track.interval
    : log.reduce((tat, [at, count]) => emptied({ ...track, tat }, at, count), -Infinity)

/** What may have been sent at an even pace before a bucket was found that runs empty then. */
const evenly = ({ interval, limit }: Track, tat: number, now: number): Used["log"] =>
  Array.from({ length: limit }, (_, index) => [up(Math.min(now, tat - (limit - index) * interval)), 1])

/** When how many calls may have been sent, in a few parts, as far as it is known how far a rate is used. */
export const sentBy = ({ limit, window }: Rate, { log, tat }: Used): Used["log"] => {
  if (log.length > 0) return log
  const count = Math.min(limit, parts)
  const length = Duration.toMillis(window)
  return Array.from(
    { length: count },
    (_, index) => [tat - length / limit - (count - 1 - index) * length / count, Math.ceil(limit / count)] as const
  )
}

/** What the next run must know, for {@link resume}: calls that are not sent yet are to be {@link settled} before. */
export const keep = (pace: Pace, offset: number): Record<string, Used> =>
  Object.fromEntries(
    pace.filter(({ tat }) => tat > -Infinity).map(({ log, name, tat }) => [
      name,
      { tat: Math.ceil(tat + offset), log: log.map(([at, count]) => [Math.ceil(at + offset), count] as const) }
    ])
  )

/**
 * When the next call may be paid, one that counts as `weight` calls; in the past: at once. It is never where it exceeds a limit, and unknown,
 * `Infinity`, while so many are not sent yet that one of them must be before.
 */
export const readyAt = (pace: Pace, weight = 1): number => {
  let ready = -Infinity
  for (const track of pace) ready = Math.max(ready, readyOne(track, weight))
  return ready
}

/**
 * The pace after a call that was paid at `at`, and is sent at once unless that is told, and counts as `weight` calls; `isAwaited`: it was
 * wanted before it was allowed, so that it is late by what has gone by since then.
 */
export const take = (pace: Pace, at: number, weight = 1, isAwaited = true): Pace => {
  const waited = at - readyAt(pace, weight)
  return pace.map((before) => {
    const track = before.logs === "none" ? turned(before, at) : before
    // of a fast pace it is hard to say who waits
    const isLate = (isAwaited || track.logs === "none") && waited < track.most + stalled
    const late = isLate ? Math.min(waited, track.most) : 0
    return {
      ...track,
      tat: up(Math.max(at - late, track.tat)) + weight * stretched(track),
      log: logged(track, up(at), weight),
      sent: at,
      calls: track.calls + 1,
      late: track.late + (late - track.late) / 64
    }
  })
}

/** The pace after it turned out at `at` that a call is not sent yet that was paid at `paid`; `undefined`: nobody has paid for it. */
export const hold = (pace: Pace, paid: number | undefined, at: number, weight = 1): Pace =>
  pace.map((track) => {
    const unsent = track.unsent + weight
    if (track.logs !== "none") {
      return { ...track, unsent, log: paid === undefined ? track.log : without(track.log, up(paid), weight) }
    }
    const now = turned(track, at)
    const peak = Math.max(now.peak, unsent)
    // what is to be kept free from now on was not in the window that ends here
    const more = Math.max(0, peak - reserved(now))
    return { ...now, unsent, peak, tat: now.tat + more * stretched(now) }
  })

/** The pace after one of the calls that were not sent yet is sent, at `at`. */
export const send = (pace: Pace, at: number, weight = 1): Pace =>
  pace.map((track) => ({
    ...release(track, at, weight),
    log: track.logs === "none" ? track.log : logged(track, up(at), weight)
  }))

/** The pace after it turned out at `at` that one of the calls that were not sent yet will not be. */
export const drop = (pace: Pace, at: number, weight = 1): Pace => pace.map((track) => release(track, at, weight))

/** The pace as if all calls that are not sent yet were so at `at`. */
export const settled = (pace: Pace, at: number): Pace =>
  pace.map((track) => {
    const { log, logs, tat, unsent } = track
    const free = { ...track, unsent: 0, peak: 0, peakBefore: 0 }
    if (logs === "none") return { ...free, tat: tat + reserved(track) * track.interval }
    return unsent === 0 ? track : { ...free, log: [...log, [up(at), unsent]] }
  })

/** By how many milliseconds a call may be sent later than it was paid without being told. */
export const leeway = (pace: Pace): number =>
  pace.reduce((least, { span, window }) => Math.min(least, span - window), Infinity)

const release = (track: Track, at: number, weight: number): Track => ({
  ...(track.logs === "none" ? turned(track, at) : track),
  unsent: track.unsent - weight
})

/** Looks back no further than over the last window, and the one before. */
const turned = (track: Track, at: number): Track => {
  const { peak, peakSince, span, unsent } = track
  return at < peakSince + span
    ? track
    : { ...track, peak: unsent, peakBefore: at < peakSince + 2 * span ? peak : unsent, peakSince: at }
}

/** How many units of a window are kept free. */
const reserved = ({ peak, peakBefore }: Track) => Math.max(peak, peakBefore)

/** The time that one call takes from the bucket where some are kept free. */
const stretched = (track: Track): number => {
  const kept = reserved(track)
  return kept === 0 ? track.interval : up(track.interval * track.room / (track.room - kept))
}

/** A log without one that stands in it. */
const without = (log: Used["log"], paid: number, weight: number): Used["log"] => {
  // what stands together does so by the time of the last
  const place = log.findIndex(([at]) => at >= paid)
  return place < 0
    ? log
    : log.flatMap(([at, count], index) =>
      index !== place ? [[at, count] as const] : count > weight ? [[at, count - weight] as const] : []
    )
}

/** Milliseconds beyond which it was no timer that was late: everything stood still. */
const stalled = 100

/**
 * The pace after a reply to a call that was sent at `at`, which took so many milliseconds. What the first calls take longer than others, or all
 * where the server knows no burst, may have gone by before they were on their way: the server counts from later than we do.
 */
export const heard = (pace: Pace, at: number, ms: number): Pace =>
  pace.some((track) => isHeard(track, at))
    ? pace.map((track) =>
      isHeard(track, at)
        ? {
          ...track,
          sent: track.sent + Math.min(track.gap, Math.max(0, ms - track.fastest)),
          fastest: Math.min(track.calls === 1 ? Infinity : track.fastest, ms)
        }
        : track
    )
    : pace

const isHeard = ({ calls, gap, isStrict, sent }: Track, at: number) =>
  (isStrict || calls <= warmUp) && at >= sent && at < sent + gap / 2

/** Calls in which a process and its connections come up to speed. */
const warmUp = 16

/** The pace after a refusal, of which the server did not say why. */
export const refused = (pace: Pace): Pace => pace.map((track) => ({ ...track, isStrict: true }))

/** The least room that is left when no more than so many units are used from now on, none later than `until`. */
export const ahead = (pace: Pace, until: number, units: number): Pace =>
  pace.map((track) => ({
    ...track,
    tat: emptied(track, until, units),
    log: track.log.length === 0 && track.logs === "none" ? track.log : [...track.log, [up(until), units]]
  }))

/**
 * The bucket is GCRA, with lateness that is made up for: a call counts as sent when it was due. Calls of weights that sum up to S, the last of
 * them w, take no less than `(S − w) × interval − most` from first to last, with a burst of 1; where that is less than a window for more than
 * the limit, a log counts what is in the window. While timers lose next to nothing, or once the server has refused a call, nothing is made up
 * for: two calls that come nearer than an interval are one too many for a server that knows no burst.
 *
 * Source: ITU-T I.371, annex A (generic cell rate algorithm).
 */
const readyOne = (track: Track, weight: number): number => {
  const { burst, gap, interval, isStrict, late, limit, log, logs, sent, span, tat, unsent } = track
  if (weight > limit) return Infinity
  // where units are kept free, that is half of them at the most
  if (unsent > 0 && unsent + weight > (logs === "none" ? limit / 2 : limit)) return Infinity
  const empty = tat - Math.max(0, burst - weight) * interval
  const ready = isStrict || late < bearable * interval ? Math.max(empty, sent + weight * gap) : empty
  let free = limit - weight - (logs === "none" ? reserved(track) : unsent)
  for (let index = log.length - 1; index >= 0; index--) {
    const [at, count] = log[index]!
    free -= count
    if (free < 0) return Math.max(ready, at + span)
  }
  return ready
}

/** The part of an interval by which calls may be late without being made up for. */
const bearable = 0.05

const emptied = ({ interval, tat }: Track, at: number, weight: number) => up(Math.max(at, tat)) + weight * interval

/** In parts of a window at most some 66 entries: what is too near to the last but one joins the last. */
const logged = ({ foreign, log, logs, span, window }: Track, at: number, weight: number): Used["log"] => {
  // while calls before these are counted, these are too
  if (logs === "none" && at >= foreign) return noLog
  const kept = log.filter(([sent]) => sent > at - span)
  const [before, last] = kept.slice(-2)
  return logs !== "each" && last !== undefined && at < before![0] + window / parts
    ? [...kept.slice(0, -1), [at, last[1] + weight]]
    : [...kept, [at, weight]]
}

const noLog: Used["log"] = []

/** Rounds up: a call counts as no earlier than it is. */
const up = (time: number) => Math.ceil(time * ticks) / ticks
