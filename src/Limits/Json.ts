/**
 * JSON: a refusal whose body tells the wait in a field.
 */
import { Duration } from "effect"
import type { Reply } from "../Reply.ts"
import * as Body from "./Body.ts"
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
    const found: Found = { wait: undefined, reset: undefined }
    for (const held of Body.objects(reply, hints, holders)) look(held, reply, found)
    const wait = found.wait ?? found.reset
    return wait && (RetryAfter.isThrottled(reply.status) ? { wait, isThrottled: true } : { wait })
  }
}

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

interface Found {
  wait: Duration.Duration | undefined
  reset: Duration.Duration | undefined
}

const look = (held: Body.Held, reply: Reply, found: Found): void => {
  for (const [key, value] of held) {
    if (typeof value !== "string" && typeof value !== "number") continue
    const name = Body.plain(key)
    take(found, "wait", waits.exec(name), String(value), reply)
    take(found, "reset", resets.exec(name), String(value), reply)
  }
}

const take = (found: Found, kind: keyof Found, match: RegExpExecArray | null, written: string, reply: Reply) => {
  if (match === null) return
  const told = Value.wait(written, reply, unitOf(match[1]))
  const before = found[kind]
  if (told !== undefined && (before === undefined || Duration.greaterThan(told, before))) found[kind] = told
}

const unitOf = (name: string | undefined): number => name?.startsWith("m") ? name === "minutes" ? 60_000 : 1 : 1000
