/**
 * The triplets: `…-Limit`, `…-Remaining` and `…-Reset`, which most servers send in one spelling or another.
 */
import type { Reply } from "../../Lookup.ts"
import type { Dialect } from "../Limits.ts"
import * as Value from "./Value.ts"
import * as Window from "./Window.ts"

/** The headers of one window. */
interface Fields {
  readonly remaining: string
  /** The first that can be read tells when it is reset. */
  readonly resets: ReadonlyArray<string>
  /** It counts something else than calls: it matters only when nothing is left. */
  readonly isOther?: boolean
}

const dialect = (name: string, windows: ReadonlyArray<Fields>): Dialect => ({
  name,
  headers: windows.flatMap(({ remaining, resets }) => [remaining, ...resets]),
  read: (reply) => Window.told(reply, windows.map((fields) => window(fields, reply)))
})

/**
 * `RateLimit-Remaining: 50` and `RateLimit-Reset: 5`, in seconds from now as the IETF's first drafts had it, or since 1970 as GitLab
 * sends it.
 *
 * Source: draft-ietf-httpapi-ratelimit-headers-03; docs.gitlab.com, "User and IP rate limits", "Response headers".
 */
export const rateLimit = dialect("ratelimit-remaining", [
  { remaining: "ratelimit-remaining", resets: ["ratelimit-reset"] }
])

/**
 * `X-RateLimit-Remaining` and `X-RateLimit-Reset`, or `X-Rate-Limit-…`, with the reset in any form; Discord's `X-RateLimit-Reset-After`
 * is more precise. OpenAI has a window for calls and one for tokens, reset after such as `6m0s`.
 *
 * Source: docs.github.com, "Rate limits for the REST API"; docs.discord.com, "Rate Limits"; platform.openai.com, "Rate limits",
 * "Rate limits in headers"; docs.x.com and developer.okta.com, "Rate limits".
 */
export const xRateLimit = dialect("x-ratelimit-remaining", [
  { remaining: "x-ratelimit-remaining", resets: ["x-ratelimit-reset-after", "x-ratelimit-reset"] },
  { remaining: "x-rate-limit-remaining", resets: ["x-rate-limit-reset"] },
  { remaining: "x-ratelimit-remaining-requests", resets: ["x-ratelimit-reset-requests"] },
  { remaining: "x-ratelimit-remaining-tokens", resets: ["x-ratelimit-reset-tokens"], isOther: true }
])

const window = ({ isOther = false, remaining, resets }: Fields, reply: Reply): Window.Window | undefined => {
  const written = reply.header(remaining)
  // a 429 need not say that nothing remains
  const left = written === undefined && reply.status === 429 && !isOther ? 0 : Value.count(written)
  if (left === undefined || (isOther && left > 0)) return undefined
  for (const name of resets) {
    const reset = Value.reset(reply.header(name), reply)
    if (reset !== undefined) return { remaining: left, reset }
  }
  return undefined
}
