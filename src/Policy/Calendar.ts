/**
 * Windows of the calendar: the hour, the day, the week, the month and the year in which a moment lies, on the clock of the wall. A week
 * begins on Monday.
 */
import { DateTime } from "effect"

/** The windows, the shortest first. */
export const windows = ["hour", "day", "week", "month", "year"] as const
export type Window = typeof windows[number]

/** From a moment on, up to another one, in milliseconds since 1970. */
export interface Span {
  readonly from: number
  readonly until: number
}

const hour = 3_600_000

/** The window in which a moment lies. */
export const spanOf = (window: Window, at: number, zone: DateTime.TimeZone = DateTime.zoneMakeLocal()): Span => {
  const moment = DateTime.unsafeMakeZoned(at, { timeZone: zone })
  if (window === "hour") {
    // the one that comes twice when clocks are put back is two
    const from = at - modulo(at + DateTime.zonedOffset(moment), hour)
    return { from, until: from + hour }
  }
  const begin = (date: DateTime.Zoned) => DateTime.startOf(date, window, { weekStartsOn: 1 })
  const first = begin(moment)
  // where a day has no midnight it begins later, and the next one at midnight
  const next = begin(DateTime.add(first, { [`${window}s`]: 1 }))
  return { from: DateTime.toEpochMillis(first), until: DateTime.toEpochMillis(next) }
}

const modulo = (value: number, by: number) => ((value % by) + by) % by
