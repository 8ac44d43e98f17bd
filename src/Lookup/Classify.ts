/**
 * Classify: what a reply means where no rule of the user says it. A pure table, applied to new replies and to those in the ledger.
 */
import type { Duration } from "effect"
import * as Refusal from "../Answer/Refusal.ts"
import type * as Rules from "../Answer/Rules.ts"
import * as Words from "../Answer/Words.ts"
import * as Limits from "../Limits.ts"
import * as GraphQl from "../Limits/GraphQl.ts"
import * as RetryAfter from "../Limits/RetryAfter.ts"
import { LookupError } from "../Outcome.ts"
import type { Reply } from "../Reply.ts"
import type { Retry, Verdict } from "../Verdict.ts"

/** What a status means, before the body is looked at. `unready` is an answer that is not whole, or not there yet. */
export type Meaning =
  | "found"
  | "not_found"
  | "unready"
  | "invalid"
  | "unauthorized"
  | "forbidden"
  | "unpaid"
  | "throttled"
  | "retry"
  | "failed"

/** The meanings by status; a status that is not listed falls under its class (`2xx` … `5xx`). */
export const table: Readonly<Record<string, Meaning>> = {
  "202": "unready",
  "204": "not_found",
  "206": "unready",
  "400": "invalid",
  "401": "unauthorized",
  "402": "unpaid",
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

/**
 * The edition of these defaults. Outcomes in a ledger keep the one that they were judged by: a new edition judges new replies.
 *
 * 1: every 2xx is an answer, an empty one is not found and one that does not decode has failed, and no error stops for want of money.
 */
export const edition = 2

/** What the first edition made of some statuses. */
const first: Readonly<Record<string, Meaning>> = { "202": "found", "206": "found", "402": "failed" }

/** What a status means. */
export const meaning = (status: number): Meaning =>
  status === 200 ? "found" : table[status] ?? table[`${Math.floor(status / 100)}xx`] ?? "failed"

/** The meaning where further statuses mean that too much was asked. */
export const throttledOn = (statuses: ReadonlyArray<number>) => (status: number): Meaning =>
  statuses.includes(status) ? "throttled" : meaning(status)

/** What the meaning of a reply depends on besides itself. */
export interface Terms {
  /** The edition of the defaults; the newest unless told otherwise. */
  readonly edition?: number
  /** Only the status is asked for, so that every 2xx is found, with `null` as its answer. */
  readonly isHead?: boolean
  /** A part is asked for, so that a 206 is the answer. */
  readonly isRange?: boolean
  /** Gives the meaning of a status. */
  readonly meaning?: (status: number) => Meaning
  /** In which dialects the server may tell its limits. */
  readonly dialects?: ReadonlyArray<Limits.Dialect> | undefined
}

/**
 * The verdict on a reply. `decode` reads the body of a reply that may be `found`.
 *
 * A refusal for asking too much is `throttled` where only its headers or its body say so, as GitHub's 403 and GraphQL's 200 do. Any
 * other 403 is a `failed` here; the sweep stops on it where it answers the first question.
 */
export const reply = <A>(
  reply: Reply,
  decode: (body: string) => Verdict<A>,
  terms: Terms = {}
): Verdict<A> => {
  const kind = (terms.meaning ?? meaning)(reply.status)
  if (terms.edition === 1) return byFirst(reply, decode, terms, first[reply.status] ?? kind)
  if (terms.isHead === true && reply.status >= 200 && reply.status < 300) {
    return { verdict: "found", answer: null as A }
  }
  const word = reply.status < 400 ? undefined : wordOnRetrying(reply)
  if (word === true && kind !== "throttled") {
    return { verdict: "retry", error: statusError(reply, "status"), wait: Limits.read(reply, terms.dialects)?.wait }
  }
  if (word === false && (kind === "retry" || kind === "throttled")) {
    return { verdict: "failed", error: statusError(reply, kind === "retry" ? "status" : "throttled") }
  }
  return byStatus(reply, decode, terms, kind)
}

/**
 * What a server says itself on whether to try again, whatever the status.
 *
 * Source: docs.stripe.com, "Advanced error handling", the header Stripe-Should-Retry; APIs with generated clients say `x-should-retry`.
 */
const wordOnRetrying = (reply: Reply): boolean | undefined => {
  const word = reply.header("stripe-should-retry") ?? reply.header("x-should-retry")
  return word === "true" ? true : word === "false" ? false : undefined
}

const byStatus = <A>(
  reply: Reply,
  decode: (body: string) => Verdict<A>,
  terms: Terms,
  kind: Meaning
): Verdict<A> => {
  switch (kind) {
    case "found":
      if (reply.body === "") return empty(reply)
      return GraphQl.isRefusal(reply.body) ? throttled(reply, terms) : decode(reply.body)
    case "unready":
      if (reply.status === 206 && terms.isRange === true) return decode(reply.body)
      return { verdict: "retry", isAlone: true, error: statusError(reply, "status"), wait: RetryAfter.wait(reply) }
    case "not_found":
      return notFound
    case "throttled":
    case "invalid":
    case "forbidden":
    case "unpaid": {
      if (Refusal.isTooLarge(reply.status, reply.body)) return invalid(reply)
      const words = Refusal.emptyPurse(reply.status, reply.body, () => waitOf(reply, terms) !== undefined)
      if (words !== undefined) return unpaid(reply, words, terms)
      if (kind !== "throttled" && Refusal.isKey(reply.body)) {
        return { verdict: "stop", isForAll: true, error: statusError(reply, "unauthorized") }
      }
      if (kind === "throttled" || (kind === "forbidden" && Refusal.isLimit(reply.body))) return throttled(reply, terms)
      const remedy = Refusal.wanted(reply.status, reply.body)
      if (remedy !== undefined) return { verdict: "failed", error: connectionError(reply, remedy) }
      return kind === "invalid" ? invalid(reply) : failedAs(kind, reply, terms)
    }
    case "unauthorized":
      return { verdict: "stop", error: statusError(reply, "unauthorized") }
    case "retry":
      return failedAs(kind, reply, terms)
    case "failed":
      return Refusal.isTooLarge(reply.status, reply.body) ? invalid(reply) : failedAs(kind, reply, terms)
  }
}

/** The verdict of a rule. `decode` reads the body of a reply that is found. */
export const byRule = <A>(
  reply: Reply,
  rule: Rules.Rule,
  decode: () => Verdict<A>,
  terms: Terms = {}
): Verdict<A> => {
  const { text, verdict } = rule
  const error = (reason: "rule" | "throttled") =>
    new LookupError({
      reason,
      status: reply.status,
      rule: text,
      message: `${text}: ${said(reply.status, Words.shown(reply.body))}`
    })
  switch (verdict) {
    case "found":
      return decode()
    case "review": {
      const decoded = decode()
      return decoded.verdict === "found" ? { ...decoded, review: text } : decoded
    }
    case "not_found":
      return notFound
    case "throttled":
      return { verdict, error: error("throttled"), wait: waitOf(reply, terms) }
    case "retry":
      // what is no server's error says nothing of the server
      return { verdict, error: error("rule"), wait: RetryAfter.wait(reply), isAlone: reply.status < 500 }
    case "failed":
    case "invalid":
    case "stop":
      return { verdict, error: error("rule") }
  }
}

/** What the first edition made of a reply. */
const byFirst = <A>(
  reply: Reply,
  decode: (body: string) => Verdict<A>,
  terms: Terms,
  kind: Meaning
): Verdict<A> => {
  if (kind === "throttled") return throttled(reply, terms)
  if (kind === "invalid") return invalid(reply)
  if (kind === "unauthorized") return { verdict: "stop", error: statusError(reply, "unauthorized") }
  if (kind === "not_found" || (kind === "found" && reply.body === "")) return notFound
  if (kind !== "found") return failedAs(kind, reply, terms)
  if (GraphQl.isRefusal(reply.body)) return throttled(reply, terms)
  const verdict = decode(reply.body)
  return verdict.verdict === "retry" ? { verdict: "failed", error: verdict.error } : verdict
}

/** The verdict on a call that got no reply: time-outs and transport errors are tried again, the rest is final. */
export const failure = (error: LookupError): Verdict<never> => {
  switch (error.reason) {
    case "timeout":
    case "dns":
    case "refused":
    case "tls":
    case "transport":
    case "protocol":
    case "local":
      return { verdict: "retry", error, wait: undefined }
    case "throttled":
      return { verdict: "throttled", error, wait: error.wait }
    case "unauthorized":
    case "quota":
      return { verdict: "stop", error }
    case "decode":
      return { verdict: "retry", isAlone: true, error, wait: undefined }
    case "invalid_code":
      return { verdict: "invalid", error }
    default:
      return { verdict: "failed", error }
  }
}

/** No answer, and that is the answer. */
export const notFound: Verdict<never> = { verdict: "not_found" }

/** The verdict on a body that is not what was expected: it may be half an answer, or the page of somebody in between. */
export const undecodable = (message: string, cause?: unknown): Retry => ({
  verdict: "retry",
  isAlone: true,
  error: new LookupError({ reason: "decode", message, cause }),
  wait: undefined
})

/** An answer that refuses with a 2xx. */
export const refused = (status: number, { kind, words }: Refusal.Refused): Verdict<never> => {
  const error = (reason: "status" | "throttled" | "quota" | "unauthorized") =>
    new LookupError({ reason, status, message: kind === "stop" ? words : `the server said: ${words}` })
  switch (kind) {
    case "stop":
      return { verdict: "stop", error: error("quota") }
    case "unauthorized":
      return { verdict: "stop", isForAll: true, error: error("unauthorized") }
    case "throttled":
      return { verdict: "throttled", error: error("throttled"), wait: undefined }
    case "failed":
      return { verdict: "failed", error: error("status") }
    case "not_found":
      return notFound
  }
}

const empty = (reply: Reply): Retry => ({
  verdict: "retry",
  isAlone: true,
  isEmpty: true,
  error: new LookupError({ reason: "decode", status: reply.status, message: "the answer is empty" }),
  wait: undefined
})

/** Where the purse is empty no waiting helps, unless a 402 says that it does. */
const unpaid = (reply: Reply, words: string, terms: Terms): Verdict<never> => {
  const passes = reply.status === 402
    && (Refusal.isHeldMoney(reply.body) || Limits.wait(reply, terms.dialects) !== undefined)
  if (passes) return throttled(reply, terms)
  const message = words === "" ? `the server said ${reply.status}` : `${words} (the server said ${reply.status})`
  return { verdict: "stop", error: new LookupError({ reason: "quota", status: reply.status, message }) }
}

/** A failure waits only for as long as it says itself: that nothing is left to ask for is said of the calls to come. */
const failedAs = (kind: Meaning, reply: Reply, terms: Terms): Verdict<never> => {
  const told = Limits.read(reply, terms.dialects)
  if (told?.isThrottled === true) return throttled(reply, terms)
  const error = statusError(reply, "status")
  return kind === "retry" ? { verdict: "retry", error, wait: told?.wait } : { verdict: "failed", error }
}

const invalid = (reply: Reply): Verdict<never> => ({ verdict: "invalid", error: statusError(reply, "status") })

/** What stands for a 429 may tell its wait as one does. */
const throttled = (reply: Reply, terms: Terms): Verdict<never> => ({
  verdict: "throttled",
  error: statusError(reply, "throttled"),
  wait: waitOf(reply, terms)
})

const waitOf = (reply: Reply, { dialects }: Terms): Duration.Duration | undefined =>
  Limits.wait(reply, dialects) ?? (reply.status === 429 ? undefined : Limits.wait({ ...reply, status: 429 }, dialects))

const statusError = (reply: Reply, reason: "status" | "unauthorized" | "throttled"): LookupError =>
  new LookupError({ reason, status: reply.status, message: said(reply.status, Words.inLine(reply.body)) })

const connectionError = (reply: Reply, remedy: NonNullable<ReturnType<typeof Refusal.wanted>>): LookupError => {
  const words = said(reply.status, Words.inLine(reply.body))
  const message = remedy === "https" ? `this looks like HTTPS: ${words}` : words
  return new LookupError({ reason: "protocol", status: reply.status, message, remedy })
}

const said = (status: number, words: string) =>
  words === "" ? `the server said ${status}` : `the server said ${status}: ${words}`
