/**
 * Windows of a server that lets through so many calls in each of them, and then says for how long nobody is to call: how many, and how long
 * they are, by what was let through from the end of one pause to the end of the next. A pure machine over a monotonic clock in milliseconds.
 */
import { Duration } from "effect"
import type { Rate } from "../Pace.ts"

/** A whole window: from the end of a pause to that of the next one. */
interface Whole {
  readonly answers: number
  readonly length: number
}

/** What was seen of windows so far. */
export interface Windows {
  /** When the first call was to be sent, and for how long nobody called in all. */
  readonly begun: number
  readonly paused: number
  /** When the last pause ends; before the first one: `-Infinity`. */
  readonly until: number
  /** Answers since it was begun, and in all, and when the last one came. */
  readonly answers: number
  readonly total: number
  readonly answeredAt: number
  /** The last whole windows, the latest one last, and how many there were. */
  readonly last: ReadonlyArray<Whole>
  readonly seen: number
}

/** No pause was told yet. */
export const begin = (now: number): Windows => ({
  begun: now,
  paused: 0,
  until: -Infinity,
  answers: 0,
  total: 0,
  answeredAt: now,
  last: [],
  seen: 0
})

/** A call was answered. */
export const answered = (windows: Windows, now: number): Windows => ({
  ...windows,
  answers: windows.answers + 1,
  total: windows.total + 1,
  answeredAt: now
})

/** Whole windows that tell what is let through. */
const enough = 3

/** A call that was sent at a time was refused, and nobody is to call for so many milliseconds. */
export const refused = (windows: Windows, now: number, sentAt: number, told: number): Windows => {
  const { answers, last, paused, seen, until } = windows
  const end = now + told
  if (sentAt < until || answers === 0) {
    // the same pause, which may be longer than was said
    return until === -Infinity || end <= until
      ? windows
      : {
        ...windows,
        until: end,
        paused: paused + end - Math.max(now, until),
        last: [...last.slice(0, -1), ...last.slice(-1).map((one) => ({ ...one, length: one.length + end - until }))]
      }
  }
  const whole = until === -Infinity ? [] : [{ answers, length: end - until }]
  return {
    ...windows,
    paused: paused + told,
    until: end,
    answers: 0,
    last: [...last, ...whole].slice(-enough),
    seen: seen + whole.length
  }
}

/** Where less of the time goes by in pauses, it is the pace between them that tells what is borne. */
const leastPause = 0.1
/** A pace that is this much above what came of it, pauses counted, was not held. */
const leastHeld = 1.25
/** Windows that differ by more are none. */
const alike = 1.25

/** Lengths, in seconds, that windows have. */
const usual = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600]

/** What was let through, where that is a matter of windows: how many whole ones were seen, and the rate that held in each of the last. */
export interface Found {
  readonly seen: number
  readonly rate: Rate | undefined
}

/** What was found; `undefined` where nobody pauses, or hardly, or where the pace of between the pauses was held all the same. */
export const found = (
  { answeredAt, begun, last, paused, seen, total, until }: Windows,
  perSecond = Infinity
): Found | undefined => {
  const time = Math.max(until, answeredAt) - begun
  if (until === -Infinity || paused < leastPause * time) return undefined
  const lengths = last.map(({ length }) => length)
  if (last.length < enough || Math.max(...lengths) > alike * Math.min(...lengths)) {
    return perSecond <= leastHeld * total / time * 1000 ? undefined : { seen, rate: undefined }
  }
  const seconds = lengths.reduce((sum, length) => sum + length, 0) / lengths.length / 1000
  // pauses are told in whole seconds, and a little is added to each
  const near = usual.find((length) => seconds > 0.9 * length && seconds < 1.15 * length)
  const limit = Math.min(...last.map(({ answers }) => answers))
  return { seen, rate: { limit, window: Duration.seconds(near ?? Math.ceil(seconds)), burst: 1 } }
}
