/**
 * Crossref: so many calls in each interval.
 */
import type { Dialect } from "../Limits.ts"
import * as Value from "./Value.ts"

/**
 * `X-Rate-Limit-Limit: 50` and `X-Rate-Limit-Interval: 1s`. They do not tell what remains, so that they matter for a refusal only: after
 * one interval there is room again.
 *
 * Source: www.crossref.org/documentation/retrieve-metadata/rest-api/access-and-authentication, "Request limits".
 */
export const dialect: Dialect = {
  name: "crossref",
  headers: ["x-rate-limit-limit", "x-rate-limit-interval"],
  read: (reply) => {
    if (reply.status !== 429) return undefined
    const interval = reply.header("x-rate-limit-interval")
    const limit = Value.count(reply.header("x-rate-limit-limit"))
    if (interval === undefined || limit === undefined || limit === 0) return undefined
    const wait = Value.hint(Value.seconds(interval) ?? Value.length(interval))
    return wait && { wait }
  }
}
