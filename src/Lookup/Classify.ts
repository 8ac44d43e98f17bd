/**
 * Classify: the rules that turn a reply into a verdict. A pure table, applied to new replies and to those in the ledger.
 */
import type { Duration } from "effect"
import type { Reply } from "../Lookup.ts"
import { LookupError } from "../Outcome.ts"
import * as Limits from "./Limits.ts"
import * as GraphQl from "./Limits/GraphQl.ts"

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
export const rule = (status: number): Rule =>
  status === 200 ? "found" : table[status] ?? table[`${Math.floor(status / 100)}xx`] ?? "failed"

/** The rules where further statuses mean that too much was asked. */
export const throttledOn = (statuses: ReadonlyArray<number>) => (status: number): Rule =>
  statuses.includes(status) ? "throttled" : rule(status)

/**
 * The verdict on a reply. `decode` reads the body of a reply that may be `found`; `ruleOf` gives the rule for its status.
 *
 * A refusal for asking too much is `throttled` where only its headers or its body say so, as GitHub's 403 and GraphQL's 200 do. Any
 * other 403 is a `failed` here; the sweep stops on it where it answers the first question.
 */
export const reply = <A>(
  reply: Reply,
  decode: (body: string) => Verdict<A>,
  ruleOf: (status: number) => Rule = rule
): Verdict<A> => {
  const kind = ruleOf(reply.status)
  switch (kind) {
    case "found":
      if (reply.body === "") return notFound
      return GraphQl.isRefusal(reply.body) ? throttled(reply) : decode(reply.body)
    case "not_found":
      return notFound
    case "unauthorized":
      return { verdict: "stop", error: statusError(reply, "unauthorized") }
    case "throttled":
      return throttled(reply)
    case "invalid":
      return { verdict: "invalid", error: statusError(reply, "status") }
    case "forbidden":
    case "retry":
    case "failed":
      return failedAs(kind, reply, Limits.read(reply))
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

/** A failure waits only for as long as it says itself: that nothing is left to ask for is said of the calls to come. */
const failedAs = (kind: Rule, reply: Reply, told: Limits.Told | undefined): Verdict<never> => {
  if (told?.isThrottled === true) return throttled(reply)
  const error = statusError(reply, "status")
  return kind === "retry" ? { verdict: "retry", error, wait: told?.wait } : { verdict: "failed", error }
}

/** What stands for a 429 may tell its wait as one does. */
const throttled = (reply: Reply): Verdict<never> => ({
  verdict: "throttled",
  error: statusError(reply, "throttled"),
  wait: Limits.wait(reply) ?? (reply.status === 429 ? undefined : Limits.wait({ ...reply, status: 429 }))
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
