/**
 * Prose: a refusal that tells the wait in words.
 */
import { Duration } from "effect"
import type { Dialect } from "./Dialect.ts"
import * as HttpDate from "./HttpDate.ts"
import * as RetryAfter from "./RetryAfter.ts"
import * as Value from "./Value.ts"

/**
 * "Quota will be replenished in 00:03:24:10", which is days, hours, minutes and seconds; "Try again in 26 seconds"; "Expected available
 * in 1 minute"; "Please try again in 6m0s"; "You can access API after 2026-Nov-27 00:00:03+0000 UTC". Said of a quota or a rate limit it is
 * a refusal for asking too much, whatever the status. GitHub's secondary limits tell no wait: a minute at least.
 *
 * Source: www.metadapi.com; learn.microsoft.com, "Error handling in API Management policies"; django-rest-framework.org, "Throttling";
 * apim.docs.wso2.com, "Throttling"; docs.github.com, "Best practices for using the REST API".
 */
export const dialect: Dialect = {
  name: "prose",
  headers: [],
  read: (reply) => {
    const { body, status } = reply
    if (!RetryAfter.isRefusal(status)) return undefined
    const text = body.slice(0, longest)
    const wait = Value.hint(clocked(text) ?? spelled(text) ?? dated(text, HttpDate.sent(reply)))
      ?? (isAbuse(status) && abuse.test(text) ? Duration.minutes(1) : undefined)
    if (wait === undefined) return undefined
    return status !== 429 && limits.test(text) ? { wait, isThrottled: true } : { wait }
  }
}

/** What stands further down is a page, not a message. */
const longest = 4096

/** What is said of a limit. */
const limits =
  /\bquota|\brate[ _-]?limit|\bthrottl|abuse detection|too many (?:requests|calls)|(?:call|request|usage|api) limit|limit (?:\w+ ){0,2}(?:exceeded|reached)/i

const isAbuse = (status: number) => status === 403 || status === 429
const abuse = /abuse detection|secondary rate limit/i

/** What comes before a wait. */
const lead = "\\b(?:again|retry|wait|available|(?:replenish|renew|refresh|reset)\\w{0,5})"
const fillers = "(?:\\s{1,9}(?:again|in|after|for|about|at least|another|later)){0,3}"

/** Without a word such as "in" it could be a time of the day. */
const clock = new RegExp(
  `(?:${lead}${fillers}\\s{1,9}(?:in|for)|\\bwait)\\s{1,9}(?:(\\d{1,6})[:.])?(\\d{1,3}):([0-5]\\d):([0-5]\\d)(?![\\d:])`,
  "i"
)

const clocked = (text: string): number | undefined => {
  const [, days = "0", hours, minutes, seconds] = clock.exec(text) ?? []
  if (hours === undefined) return undefined
  return (((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
}

const phrase = new RegExp(`${lead}${fillers}\\s{1,9}(${Value.spelled})`, "i")

const spelled = (text: string): number | undefined => Value.length(phrase.exec(text)?.[1] ?? "")

/** A date in a sentence, up to its zone. */
const date = new RegExp(
  "(?:again|retry|wait|available|access|next|(?:replenish|renew|refresh|reset)\\w{0,5})\\b[^.]{0,60}?\\b(?:after|until|at|on)\\s{1,9}" +
    "((?:[a-z]{3,9},?\\s)?(?:\\d{4}-\\w{2,3}-\\d\\d|\\d\\d?[ -][a-z]{3}[ -]\\d{4}|[a-z]{3}\\s{1,2}\\d\\d?\\s\\d{4})[T\\s]\\s?" +
    "\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,9})?(?:\\s?(?:Z|GMT|UTC))?(?:\\s?[+-]\\d\\d:?\\d\\d)?(?:\\s(?:GMT|UTC))?)",
  "i"
)

const dated = (text: string, now: number): number | undefined => {
  const at = HttpDate.parse(date.exec(text)?.[1] ?? "")
  return at === undefined ? undefined : at - now
}
