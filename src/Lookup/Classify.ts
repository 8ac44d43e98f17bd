/**
 * Classify: the rules that turn a reply into a verdict. A pure table, applied to new replies and to those in the ledger.
 */
import { Duration } from "effect"
import type { Reply } from "../Lookup.ts"
import { LookupError } from "../Outcome.ts"

/** What a status means, before the body is looked at. */
export type Rule = "found" | "not_found" | "invalid" | "unauthorized" | "forbidden" | "throttled" | "retry" | "failed"

/** What one attempt came to. `retry` and `throttled` are not final; `stop` would be said to every other question too. */
export type Verdict<A, E = LookupError> =
  | { readonly verdict: "found"; readonly answer: A }
  | { readonly verdict: "not_found" }
  | { readonly verdict: "failed"; readonly error: E }
  | { readonly verdict: "invalid" | "stop"; readonly error: LookupError }
  | {
    readonly verdict: "retry" | "throttled"
    readonly error: LookupError
    readonly wait: Duration.Duration | undefined
  }

/** The rules by status; a status that is not listed falls under its class (`2xx` … `5xx`). */
export const table: Readonly<Record<string, Rule>> = {
  "204": "not_found",
  "400": "invalid",
  "401": "unauthorized",
  "403": "forbidden",
  "404": "not_found",
  "408": "retry",
  "410": "not_found",
  "422": "invalid",
  "425": "retry",
  "429": "throttled",
  "501": "failed",
  "2xx": "found",
  "3xx": "failed",
  "4xx": "failed",
  "5xx": "retry"
}

/** The rule for a status. */
export const rule = (status: number): Rule => table[status] ?? table[`${Math.floor(status / 100)}xx`] ?? "failed"

/**
 * The verdict on a reply. `decode` reads the body of a reply that may be `found`.
 *
 * A 403 is a `failed` here; the sweep stops on it where it answers the first question.
 */
export const reply = <A>(reply: Reply, decode: (body: string) => Verdict<A>): Verdict<A> => {
  const kind = reply.status === 200 ? "found" : rule(reply.status)
  switch (kind) {
    case "found":
      return reply.body === "" ? notFound : decode(reply.body)
    case "not_found":
      return notFound
    case "unauthorized":
      return { verdict: "stop", error: statusError(reply, "unauthorized") }
    case "throttled":
      return { verdict: "throttled", error: statusError(reply, "throttled"), wait: retryAfter(reply) }
    case "retry":
      return { verdict: "retry", error: statusError(reply, "status"), wait: retryAfter(reply) }
    case "forbidden":
      return { verdict: "failed", error: statusError(reply, "status") }
    case "invalid":
    case "failed":
      return { verdict: kind, error: statusError(reply, "status") }
  }
}

/** The verdict on a call that got no reply: time-outs and transport errors are tried again, the rest is final. */
export const failure = (error: LookupError): Verdict<never> => {
  switch (error.reason) {
    case "timeout":
    case "dns":
    case "refused":
    case "tls":
    case "transport":
      return { verdict: "retry", error, wait: undefined }
    case "throttled":
      return { verdict: "throttled", error, wait: undefined }
    case "unauthorized":
      return { verdict: "stop", error }
    case "invalid_code":
      return { verdict: "invalid", error }
    default:
      return { verdict: "failed", error }
  }
}

/** No answer, and that is the answer. */
export const notFound: Verdict<never> = { verdict: "not_found" }

/** The verdict on a body that is not what was expected. */
export const undecodable = (message: string, cause?: unknown): Verdict<never> => ({
  verdict: "failed",
  error: new LookupError({ reason: "decode", message, cause })
})

const statusError = (reply: Reply, reason: "status" | "unauthorized" | "throttled"): LookupError => {
  const words = excerpt(reply.body)
  return new LookupError({
    reason,
    status: reply.status,
    message: words === "" ? `the server said ${reply.status}` : `the server said ${reply.status}: ${words}`
  })
}

/** The first words of a body in one line, for a message. */
const excerpt = (body: string): string => {
  const text = body.slice(0, 400).replace(/<[^>]*>/g, " ").replace(/[\s\p{Cc}]+/gu, " ").trim()
  return text.length > 160 ? `${text.slice(0, 159).replace(/\p{Surrogate}$/u, "")}…` : text
}

/**
 * The wait that a reply asks for with `Retry-After`: seconds, or a date in any of HTTP's three forms or in ISO 8601, taken relative
 * to the reply's own `Date` where it has one. Garbage, zero and what has passed are no hint (`undefined`).
 *
 * Source: RFC 9110, 10.2.3 and 5.6.7.
 */
export const retryAfter = (reply: Reply): Duration.Duration | undefined => {
  const value = reply.header("retry-after")?.trim()
  if (value === undefined) return undefined
  if (/^\d+(\.\d+)?$/.test(value)) return hint(Number(value) * 1000)
  const at = parseDate(value)
  return at === undefined ? undefined : hint(at - (parseDate(reply.header("date")?.trim() ?? "") ?? reply.at))
}

/** A wait beyond all reason is as good as this one: policies clamp it. */
const longest = Duration.toMillis("3650 days")

const hint = (millis: number) => millis > 0 ? Duration.millis(Math.min(millis, longest)) : undefined

/** IMF-fixdate, RFC 850, and asctime, which has no zone and means GMT. */
const httpDates = [
  /^[A-Z][a-z]{2}, (?<day>\d\d) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^[A-Z][a-z]{5,8}, (?<day>\d\d)-(?<month>[A-Z][a-z]{2})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/
]

/** ISO 8601, which no HTTP says but some servers send. */
const isoDate = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/

const parseDate = (text: string): number | undefined => {
  const groups = httpDates.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined)
  if (groups === undefined && !isoDate.test(text)) return undefined
  const at = Date.parse(
    groups === undefined ? text : `${groups.day} ${groups.month} ${year(groups.year!)} ${groups.time} GMT`
  )
  return Number.isNaN(at) ? undefined : at
}

/** RFC 850 has two digits. */
const year = (text: string) => text.length === 4 ? text : `${Number(text) < 70 ? "20" : "19"}${text}`
