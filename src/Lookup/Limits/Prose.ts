/**
 * Prose: a refusal that tells the wait in words.
 */
import type { Dialect } from "../Limits.ts"
import * as Value from "./Value.ts"

/**
 * "Quota will be replenished in 00:03:24:10", which is days, hours, minutes and seconds; "Try again in 26 seconds"; "Expected available
 * in 1 minute"; "Please try again in 6m0s". Said of a quota or a rate limit it is a refusal for asking too much, whatever the status.
 *
 * Source: www.metadapi.com; learn.microsoft.com, "Error handling in API Management policies"; django-rest-framework.org, "Throttling".
 */
export const dialect: Dialect = {
  name: "prose",
  headers: [],
  read: ({ body, status }) => {
    if (!statuses.includes(status)) return undefined
    const text = body.slice(0, longest)
    const wait = Value.hint(clocked(text) ?? spelled(text))
    if (wait === undefined) return undefined
    return status !== 429 && limits.test(text) ? { wait, isThrottled: true } : { wait }
  }
}

const statuses = [403, 429, 503]

/** What stands further down is a page, not a message. */
const longest = 4096

/** What is said of a limit. */
const limits =
  /\bquota|\brate[ _-]?limit|\bthrottl|too many (?:requests|calls)|(?:call|request|usage|api) limit|limit (?:\w+ ){0,2}(?:exceeded|reached)/i

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

const units = {
  "milliseconds?|msecs?|ms": 1,
  "seconds?|secs?|s": 1000,
  "minutes?|mins?|m": 60_000,
  "hours?|hrs?|h": 3_600_000,
  "days?|d": 86_400_000,
  "weeks?|w": 604_800_000
}

const amount = `(?:(\\d{1,9}(?:\\.\\d{1,9})?)\\s{0,9}|(?:an?|one|a few)\\s{1,9})(?:${
  Object.keys(units).map((names) => `(${names})`).join("|")
})(?![a-z])`
const amounts = new RegExp(amount, "gi")
const phrase = new RegExp(`${lead}${fillers}\\s{1,9}((?:${amount}(?:\\s{0,9},)?(?:\\s{1,9}and)?\\s{0,9}){1,6})`, "i")

/** GitHub's "a few minutes" is one at least, and so is any other. */
const spelled = (text: string): number | undefined => {
  const found = phrase.exec(text)?.[1]
  if (found === undefined) return undefined
  let sum = 0
  for (const [, number = "1", ...names] of found.matchAll(amounts)) {
    sum += Number(number) * Object.values(units)[names.findIndex((name) => name !== undefined)]!
  }
  return sum
}
