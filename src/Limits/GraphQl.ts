/**
 * GraphQL: what a query costs and how much is left stands in the body, and a refusal has the status 200.
 */
import { Schema } from "effect"
import type { Dialect } from "./Dialect.ts"
import * as HttpDate from "./HttpDate.ts"
import * as Value from "./Value.ts"
import * as Window from "./Window.ts"

/**
 * Shopify's `extensions.cost`, with the error `THROTTLED`, and GitHub's `data.rateLimit`, which a query has to ask for, with the error
 * `RATE_LIMITED`. Points are counted in calls that cost as much as this one.
 *
 * Source: shopify.dev, "API limits"; docs.github.com, "Rate limits and query limits for the GraphQL API".
 */
export const dialect: Dialect = {
  name: "graphql",
  headers: [],
  read: (reply) => {
    if (reply.status !== 200 || !markers.some((marker) => reply.body.includes(marker))) return undefined
    const body = parse(reply.body)
    const window = Window.tightest([
      isShopify(body) ? bucket(body.extensions.cost) : undefined,
      isGitHub(body) ? points(body.data.rateLimit, HttpDate.sent(reply)) : undefined
    ])
    return isRefused(body) ? { ...window, isThrottled: true } : window
  }
}

/** Refusals are short: they hold no data. */
const longestRefusal = 4096

/** Whether a body refuses because too much was asked. Of others it costs a look through the first few thousand characters at most. */
export const isRefusal = (body: string): boolean =>
  body.length <= longestRefusal && codes.some((code) => body.includes(code)) && isRefused(parse(body))

/** Without their quotes they are found sooner: in JSON every second word begins with one. */
const codes = ["THROTTLED", "RATE_LIMITED"]
const markers = ["throttleStatus", "rateLimit", ...codes]

const Points = Schema.Finite.pipe(Schema.nonNegative())
const Some = Schema.Finite.pipe(Schema.positive())

const Cost = Schema.Struct({
  requestedQueryCost: Some,
  throttleStatus: Schema.Struct({ currentlyAvailable: Points, restoreRate: Some })
})

const RateLimit = Schema.Struct({
  cost: Schema.optional(Points),
  remaining: Points,
  resetAt: Schema.String
})

const isShopify = Schema.is(Schema.Struct({ extensions: Schema.Struct({ cost: Cost }) }))
const isGitHub = Schema.is(Schema.Struct({ data: Schema.Struct({ rateLimit: RateLimit }) }))
const isFailure = Schema.is(Schema.Struct({ errors: Schema.Array(Schema.Unknown) }))
const isTooMuch = Schema.is(Schema.Union(
  Schema.Struct({ extensions: Schema.Struct({ code: Schema.Literal("THROTTLED", "RATE_LIMITED") }) }),
  Schema.Struct({ type: Schema.Literal("RATE_LIMITED") })
))

const isRefused = (body: unknown): boolean => isFailure(body) && body.errors.some((error) => isTooMuch(error))

const bucket = ({ requestedQueryCost, throttleStatus }: typeof Cost.Type): Window.Window | undefined =>
  Window.bucket(throttleStatus.currentlyAvailable, requestedQueryCost, throttleStatus.restoreRate)

const points = ({ cost = 1, remaining, resetAt }: typeof RateLimit.Type, now: number): Window.Window | undefined => {
  const at = HttpDate.parse(resetAt)
  const reset = at === undefined ? undefined : Value.hint(at - now)
  return Window.of({ remaining: Window.calls(remaining, Math.max(cost, 1)), reset })
}

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
