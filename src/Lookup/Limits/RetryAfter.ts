/**
 * Retry-After: the wait in seconds, or a date.
 */
import type { Duration } from "effect"
import type { Reply } from "../../Lookup.ts"
import type { Dialect } from "../Limits.ts"
import * as HttpDate from "./HttpDate.ts"
import * as Value from "./Value.ts"

/**
 * The wait that a reply asks for: seconds, with a fraction too, or a date in any of HTTP's three forms or in ISO 8601, taken relative to
 * the reply's own `Date` where it has one. Garbage, zero and what has passed are no hint (`undefined`).
 *
 * Source: RFC 9110, 10.2.3 and 5.6.7.
 */
export const wait = (reply: Reply): Duration.Duration | undefined => {
  const value = reply.header("retry-after")
  if (value === undefined) return undefined
  const millis = Value.seconds(value)
  if (millis !== undefined) return Value.hint(millis)
  const at = HttpDate.parse(value)
  return at === undefined ? undefined : Value.hint(at - HttpDate.sent(reply))
}

/**
 * Only refusals are heard: with a 202 or a redirect the header is about one question, and some APIs send it with every answer. A 403 that
 * says when to come back forbids nothing: Azure's API Management and GitHub answer so when too much was asked.
 *
 * Source: learn.microsoft.com, "quota policy"; docs.github.com, "Rate limits for the REST API".
 */
export const dialect: Dialect = {
  name: "retry-after",
  headers: ["retry-after"],
  read: (reply) => {
    if (!isRefusal(reply.status)) return undefined
    const told = wait(reply)
    if (told === undefined) return undefined
    return reply.status === 403 ? { wait: told, isThrottled: true } : { wait: told }
  }
}

const refusals = [403, 408, 425, 429]

const isRefusal = (status: number) => status >= 500 || refusals.includes(status)
