/**
 * The dates of HTTP.
 */
import type { Reply } from "../../Lookup.ts"

/** IMF-fixdate, RFC 850, and asctime, which has no zone and means GMT. */
const forms = [
  /^[A-Z][a-z]{2}, (?<day>\d\d) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^[A-Z][a-z]{5,8}, (?<day>\d\d)-(?<month>[A-Z][a-z]{2})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/
]

/** ISO 8601, which no HTTP says but some servers send. */
const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/

/**
 * A date in any of HTTP's three forms or in ISO 8601, in milliseconds since 1970.
 *
 * Source: RFC 9110, 5.6.7.
 */
export const parse = (written: string): number | undefined => {
  const text = written.trim()
  let groups: Record<string, string> | undefined
  for (const form of forms) groups ??= form.exec(text)?.groups
  if (groups === undefined && !iso.test(text)) return undefined
  const at = Date.parse(
    groups === undefined ? text : `${groups.day} ${groups.month} ${year(groups.year!)} ${groups.time} GMT`
  )
  return Number.isNaN(at) ? undefined : at
}

/** When a reply was sent by its server's own clock, or when it arrived by ours. */
export const sent = (reply: Reply): number => parse(reply.header("date") ?? "") ?? reply.at

/** RFC 850 has two digits. */
const year = (text: string) => text.length === 4 ? text : `${Number(text) < 70 ? "20" : "19"}${text}`
