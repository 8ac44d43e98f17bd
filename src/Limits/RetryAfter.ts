/**
 * Retry-After: the wait, or a date.
 */
import { Duration } from "effect"
import type { Reply } from "../Reply.ts"
import type { Dialect } from "./Dialect.ts"
import * as Value from "./Value.ts"

/** `Retry-After` and its kin; what tells its unit is finer. */
const form = /^(?:[a-z\d_-]{0,40}[_-])?retry[_-]?after(?:[_-](?:(ms|msecs?|millis|milliseconds)|s|secs?|seconds))?$/

/** Those that are usual. */
const usual = [
  "retry-after",
  "retry-after-ms",
  "x-ms-retry-after-ms",
  "x-retry-after",
  "x-retry-after-ms",
  "x-ratelimit-retry-after",
  "x-rate-limit-retry-after",
  "retry_after",
  "x_retry_after"
]

/**
 * The wait that a reply asks for, whatever its status: in seconds or milliseconds, with units, as a date or as a moment since 1970, the
 * last two relative to the reply's own `Date` where it has one. Garbage, zero and what has passed are no hint (`undefined`). What is told
 * in milliseconds takes precedence; of several the longest counts.
 *
 * Source: RFC 9110, 10.2.3 and 5.6.7; learn.microsoft.com, "Azure OpenAI quotas"; developers.mailerlite.com, "Rate limits".
 */
export const wait = (reply: Reply): Duration.Duration | undefined => {
  let fine: Duration.Duration | undefined
  let plain: Duration.Duration | undefined
  for (const name of reply.names?.() ?? usual) {
    const unit = unitOf(name)
    if (unit === 0) continue
    const told = Value.wait(reply.header(name), reply, unit)
    if (unit === 1) fine = longer(fine, told)
    else plain = longer(plain, told)
  }
  return fine ?? plain
}

/** In milliseconds; 0: it is another header. */
const unitOf = (name: string): number => {
  if (!name.includes("after")) return 0
  const found = form.exec(name)
  return found === null ? 0 : found[1] === undefined ? 1000 : 1
}

const longer = (one: Duration.Duration | undefined, other: Duration.Duration | undefined) =>
  one === undefined || (other !== undefined && Duration.greaterThan(other, one)) ? other : one

/** Statuses that refuse, and whose wait is heard. */
export const isRefusal = (status: number): boolean => status >= 500 || refusals.includes(status)

const refusals = [402, 403, 408, 425, 429]

/** A 402 or 403 that says when to come back forbids nothing, but refuses for asking too much. */
export const isThrottled = (status: number): boolean => status === 403 || status === 402

/**
 * Only refusals are heard: with a 202 or a redirect the header is about one question, and some APIs send it with every answer. A 403 that
 * says when to come back forbids nothing: Azure's API Management and GitHub answer so when too much was asked.
 *
 * Source: learn.microsoft.com, "quota policy"; docs.github.com, "Rate limits for the REST API".
 */
export const dialect: Dialect = {
  name: "retry-after",
  headers: usual,
  isHeader: (name) => unitOf(name) > 0,
  read: (reply) => {
    if (!isRefusal(reply.status)) return undefined
    const told = wait(reply)
    if (told === undefined) return undefined
    return isThrottled(reply.status) ? { wait: told, isThrottled: true } : { wait: told }
  }
}
