/**
 * JSON: a refusal whose body tells the wait in a field.
 */
import { Duration } from "effect"
import type { Reply } from "../Reply.ts"
import type { Dialect } from "./Dialect.ts"
import * as RetryAfter from "./RetryAfter.ts"
import * as Value from "./Value.ts"

/**
 * `{"retry_after": 3}`, and such names in any spelling; `retryDelay` of google.rpc's `RetryInfo`, `quotaResetDelay` of its `ErrorInfo`,
 * WSO2's `nextAccessTime`, Akamai's `rateLimitNextRequest`. A wait counts more than a moment of reset, and of several the longest.
 *
 * Source: docs.discord.com, "Rate Limits"; cloud.google.com/apis/design/errors; apim.docs.wso2.com, "Throttling"; techdocs.akamai.com, "Rate
 * limiting"; core.telegram.org/bots/api, "ResponseParameters".
 */
export const dialect: Dialect = {
  name: "json",
  headers: [],
  read: (reply) => {
    const { body, status } = reply
    if (!RetryAfter.isRefusal(status) || body.length > longest || !/^\s*[{[]/.test(body) || !hints.test(body)) {
      return undefined
    }
    const found: Found = { wait: undefined, reset: undefined }
    look(parse(body), reply, found, 0)
    const wait = found.wait ?? found.reset
    return wait && (RetryAfter.isThrottled(status) ? { wait, isThrottled: true } : { wait })
  }
}

/** What is longer is no refusal. */
const longest = 64 * 1024

const hints = /retry|wait|reset|next|back_?off/i

const unit = "(ms|msecs?|millis|milliseconds|s|secs?|seconds|minutes)?"
const waits = new RegExp(
  `^(?:ratelimit)?(?:retry(?:after|in|delay|at)|(?:time|seconds)?(?:to)?wait(?:time|for)?|backoff)${unit}$`
)
const resets = new RegExp(
  `^(?:ratelimit|quota)?(?:resets?(?:delay|after|in|at|time)?|nextaccesstime|nextrequest)${unit}$`
)

/** What may hold them. */
const holders = /^(?:errors?|fault|details?|metadata|meta|extensions|parameters|response)$/

const mostDeep = 6
const mostItems = 100

interface Found {
  wait: Duration.Duration | undefined
  reset: Duration.Duration | undefined
}

const look = (value: unknown, reply: Reply, found: Found, depth: number): void => {
  if (typeof value !== "object" || value === null || depth > mostDeep) return
  if (Array.isArray(value)) return value.slice(0, mostItems).forEach((item) => look(item, reply, found, depth + 1))
  for (const [key, held] of Object.entries(value).slice(0, mostItems)) {
    const name = key.replace(/[-_\s]/g, "").toLowerCase()
    if (holders.test(name)) look(held, reply, found, depth + 1)
    if (typeof held !== "string" && typeof held !== "number") continue
    take(found, "wait", waits.exec(name), String(held), reply)
    take(found, "reset", resets.exec(name), String(held), reply)
  }
}

const take = (found: Found, kind: keyof Found, match: RegExpExecArray | null, written: string, reply: Reply) => {
  if (match === null) return
  const told = Value.wait(written, reply, unitOf(match[1]))
  const before = found[kind]
  if (told !== undefined && (before === undefined || Duration.greaterThan(told, before))) found[kind] = told
}

const unitOf = (name: string | undefined): number => name?.startsWith("m") ? name === "minutes" ? 60_000 : 1 : 1000

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
