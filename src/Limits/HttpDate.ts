/**
 * The dates of HTTP, and those that servers send in their place.
 */
import { DateTime } from "effect"
import type { Reply } from "../Reply.ts"

const weekday = String.raw`(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},?\s{1,3})?`
const month = "(?:[a-z]{3,9})"
const time = String.raw`(?<time>\d\d:\d\d:\d\d(?:\.\d{1,9})?)`
const zone = String
  .raw`(?:\s{0,2}(?<zone>[a-z]{1,5})?\s?(?<offset>[+-]\d\d(?::?\d\d)?)?(?:\s(?:utc|gmt))?(?:\s\([^()]{0,60}\))?)`

/** The order of their parts: as in IMF-fixdate and RFC 850, asctime, JavaScript's `toString`, and ISO 8601. */
const forms = [
  String.raw`${weekday}(?<day>\d\d?)[ -](?<month>${month})[ -](?<year>\d{4}|\d\d)\s${time}${zone}`,
  String.raw`${weekday}(?<month>${month})\s{1,2}(?<day>\d\d?)\s${time}${zone}\s(?<year>\d{4})`,
  String.raw`${weekday}(?<month>${month})\s{1,2}(?<day>\d\d?),?\s(?<year>\d{4})\s${time}${zone}`,
  String.raw`(?<year>\d{4})-(?<month>\d\d|${month})-(?<day>\d\d)(?:T|\s{1,2})${time}${zone}`
].map((form) => new RegExp(`^${form}$`, "i"))

const months = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ")

/** In minutes; none is UTC. */
const zones: Readonly<Record<string, number>> = {
  gmt: 0,
  utc: 0,
  ut: 0,
  z: 0,
  // RFC 5322, 4.3
  est: -300,
  edt: -240,
  cst: -360,
  cdt: -300,
  mst: -420,
  mdt: -360,
  pst: -480,
  pdt: -420
}

/**
 * A date in any of HTTP's three forms, in ISO 8601 or as JavaScript writes it, with any zone or none, in milliseconds since 1970.
 *
 * Source: RFC 9110, 5.6.7.
 */
export const parse = (written: string): number | undefined => {
  const text = written.trim()
  if (text.length > longest || !text.includes(":")) return undefined
  for (const form of forms) {
    const groups = form.exec(text)?.groups
    if (groups !== undefined) return moment(groups)
  }
  return undefined
}

/** No date is longer. */
const longest = 120

const moment = (groups: Record<string, string | undefined>): number | undefined => {
  const { day, month, offset = "", time, year, zone = "" } = groups
  const shift = zones[zone.toLowerCase() || "utc"]
  const nth = /^\d/.test(month!) ? Number(month) : months.indexOf(month!.slice(0, 3).toLowerCase()) + 1
  if (shift === undefined || nth < 1 || nth > 12) return undefined
  const two = (text: string | number) => String(text).padStart(2, "0")
  const at = Date.parse(`${century(year!)}-${two(nth)}-${two(day!)}T${time}Z`)
  // 30 February is not 2 March
  if (Number.isNaN(at) || DateTime.getPartUtc(DateTime.unsafeMake(at), "day") !== Number(day)) return undefined
  const [, sign, hours = "0", minutes = "0"] = /^([+-])(\d\d):?(\d\d)?$/.exec(offset) ?? []
  const minutesAhead = shift + (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
  return at - minutesAhead * 60_000
}

/**
 * When a reply arrived by its server's own clock, or by ours. Out of a cache it has been on the way for as long as its age says.
 *
 * Source: RFC 9111, 5.1.
 */
export const sent = (reply: Reply): number => {
  const date = parse(reply.header("date") ?? "")
  const [age = "0"] = /^\d{1,9}$/.exec(reply.header("age") ?? "") ?? []
  return date === undefined ? reply.at : date + Number(age) * 1000
}

/** RFC 850 has two digits. */
const century = (text: string) => text.length === 4 ? text : `${Number(text) < 70 ? "20" : "19"}${text}`
