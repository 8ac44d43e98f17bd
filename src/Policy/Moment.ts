/**
 * A moment as people read it: on the clock of their own wall, with its distance from UTC.
 */
import { DateTime } from "effect"

const minute = 60_000

/** `15:32 (UTC+1)`, with its day where that is not the day of `now`, and rounded up: what is waited for is over by then. */
export const format = (at: number, now: number, zone: DateTime.TimeZone = DateTime.zoneMakeLocal()): string => {
  const local = (millis: number) => DateTime.unsafeMakeZoned(millis, { timeZone: zone })
  const isSoon = at - now < minute
  const moment = local(Math.ceil(at / (isSoon ? 1000 : minute)) * (isSoon ? 1000 : minute))
  const { day, hours, minutes, month, seconds, year } = DateTime.toParts(moment)
  const time = [hours, minutes, ...(isSoon ? [seconds] : [])].map(two).join(":")
  const date = `${year}-${two(month)}-${two(day)}`
  const today = DateTime.toParts(local(now))
  const isToday = today.day === day && today.month === month && today.year === year
  return `${isToday ? "" : `${date} `}${time} (${offset(DateTime.zonedOffset(moment))})`
}

/** `2026-11-20`: the day of a moment. */
export const date = (at: number, zone: DateTime.TimeZone = DateTime.zoneMakeLocal()): string => {
  const { day, month, year } = DateTime.toParts(DateTime.unsafeMakeZoned(at, { timeZone: zone }))
  return `${year}-${two(month)}-${two(day)}`
}

/** `2026-11-27 14:10:05 (UTC+1)`, and as long as the day is that of `before`, `14:10:05`. */
export const stamp = (at: number, before?: number, zone: DateTime.TimeZone = DateTime.zoneMakeLocal()): string => {
  const moment = DateTime.unsafeMakeZoned(at, { timeZone: zone })
  const { hours, minutes, seconds } = DateTime.toParts(moment)
  const time = [hours, minutes, seconds].map(two).join(":")
  const day = date(at, zone)
  return before !== undefined && date(before, zone) === day
    ? time
    : `${day} ${time} (${offset(DateTime.zonedOffset(moment))})`
}

const two = (value: number) => String(value).padStart(2, "0")

const offset = (millis: number): string => {
  const minutes = Math.abs(Math.round(millis / minute))
  if (minutes === 0) return "UTC"
  const rest = minutes % 60
  return `UTC${millis < 0 ? "-" : "+"}${Math.floor(minutes / 60)}${rest === 0 ? "" : `:${two(rest)}`}`
}
