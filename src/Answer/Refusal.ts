/**
 * Refusals that the status alone does not tell: an account that is out of money, and answers with a 200 that are none.
 */
import * as Words from "./Words.ts"

/** Words about the account, which no waiting mends: the bill, a limit of spend, the quota of a day. */
const purse = new RegExp(
  "\\b(?:insufficient_quota|credit_balance_exhausted|\\w+_spend_limit_exceeded|organization_usage_limit_exceeded"
    + "|enforced_spend_limit_reached|billing_error|OVER_DAILY_LIMIT|REQUEST_DENIED)\\b"
)
/** Google's name for the quota of a day. */
const daily = /"quotaId"\s*:\s*"([^"]*PerDay[^"]*)"/
/** Said in prose alone. */
const spent = /reached your specified API usage limits/i
/** A day's quota, where the name that stands beside it is that of a pace. */
const day = /\bdaily\s(?:\w{1,20}\s)?(?:quota|limit)\b/i
/** The quota of a day is spent, in one clause: one that tells of it beside a refusal for another reason says no such thing. */
const spentDay = new RegExp(
  "\\b(?:daily|per[- ]day)\\b[^.;:,!?\"\\n]{0,40}\\b(?:exceeded|reached|exhausted|used up)\\b"
    + "|\\b(?:exceeded|reached|exhausted|used up)\\b[^.;:,!?\"\\n]{0,40}\\b(?:daily|per[- ]day|today)\\b"
    + "|\\btoo many (?:requests|calls) today\\b",
  "i"
)
/** A key that is not accepted, and no bill that is not paid. */
const key = /^(?!.*\bbilling\b).*\bAPI key\b/is

/** The statuses that may speak of the account. */
const statuses: ReadonlySet<number> = new Set([400, 402, 403, 429])

/** What stands further down is a page, not a message. */
const longest = 16_384

/** Words about the key, where the status may be that of a wrong question. Source: `ErrorReason` of google.api, which comes with 400 and 403. */
const badKey = /\bAPI_KEY_(?:INVALID|\w+_BLOCKED)\b/

/** Whether a refusal says that it is the key that is not accepted, whatever is asked. */
export const isKey = (body: string): boolean => badKey.test(body.slice(0, longest))

/**
 * What an error says about an empty purse, its code first; `undefined` where it says nothing of the kind. A 402 says it by its status,
 * unless it asks to wait, which is for the caller to know. `isTold`: it says for how long; the quota of a day is waited for then.
 *
 * Source: the error codes of OpenAI, Anthropic, Google (`google.rpc.QuotaFailure`; Geocoding), OpenRouter and DeepSeek.
 */
export const emptyPurse = (status: number, body: string, isTold = () => false): string | undefined => {
  if (!statuses.has(status)) return undefined
  const text = body.slice(0, longest)
  const code = daily.exec(text)?.[1] ?? purse.exec(text)?.[0]
    ?? (/\bOVER_QUERY_LIMIT\b/.test(text) && day.test(text) ? "OVER_QUERY_LIMIT" : undefined)
  const isSpent = status === 400 ? spent.test(text) : spentDay.test(text) && !isTold()
  if (code === undefined && status !== 402 && !isSpent) return undefined
  const words = Words.of(Words.parsed(body))
  const message = Words.inLine(words.message ?? body)
  const shown = code ?? (words.message === undefined ? undefined : words.code)
  return [shown, message].filter((part) => part !== undefined && part !== "").join(": ")
}

/** The statuses that may speak of the size of a request. */
const bounded: ReadonlySet<number> = new Set([402, 403, 413, 429])

/** What is asked for, and what can be had at once: "Limit 30000, Used 12, Requested 36055". */
const needs = /\blimit:?\s{1,3}([\d,_]{1,20})\b[^]{0,80}?\brequested:?\s{1,3}([\d,_]{1,20})/i

/** Said without numbers. */
const tooMuch = /\brequest[ _]too[ _]large\b|\bweight_exceeds_budget\b/i

/**
 * Whether a refusal says that this request alone is more than the limit holds, so that no waiting makes it fit.
 *
 * Source: the errors of OpenAI, Groq ("Request too large … Limit 6000, Requested 9012"), Anthropic (`request_too_large`) and OpenRouter.
 */
export const isTooLarge = (status: number, body: string): boolean => {
  if (!bounded.has(status)) return false
  const text = body.slice(0, longest)
  const [, limit, requested] = needs.exec(text) ?? []
  return limit === undefined || requested === undefined
    ? tooMuch.test(text)
    : number(requested) > number(limit)
}

/** How servers refuse a connection that is not as they want it: plain HTTP on a port for TLS (nginx, Apache, Go, Tomcat); certificates (nginx). */
const wants: ReadonlyArray<readonly [RegExp, Connection]> = [
  [
    new RegExp(
      "plain HTTP request was sent to HTTPS port|speaking plain HTTP to an SSL-enabled server port"
        + "|sent an HTTP request to an HTTPS server|combination of host and port requires TLS",
      "i"
    ),
    "https"
  ],
  [/No required SSL certificate was sent/i, "cert"],
  [/The SSL certificate error/i, "other_cert"]
]

type Connection = "https" | "cert" | "other_cert"

/** What another connection needs, where a refusal says that it is the connection that is refused. */
export const wanted = (status: number, body: string): Connection | undefined => {
  if (status !== 400) return undefined
  const text = body.slice(0, longest)
  return wants.find(([words]) => words.test(text))?.[1]
}

/** How a limit is told where the status does not say it: GitHub, Google (`reason`), and in plain words. */
const limit = /(?:\b|_|user)rate[ _-]?limit(?:s|ed|ing|[ _-]?exceeded)?\b|\btoo many requests\b|\bthrottl(?:ed|ing)\b/i

/** Whether a 403 tells of a limit in its message: who is refused for another reason does not hear of one. */
export const isLimit = (body: string): boolean => {
  const text = body.slice(0, longest)
  return limit.test(text) && !/<html/i.test(text)
}

const number = (text: string) => Number(text.replace(/[,_]/g, ""))

/** A 402 that passes by itself: calls in flight hold the money. */
export const isHeldMoney = (body: string): boolean => body.slice(0, longest).includes("in_flight_budget_exhausted")

/** What an answer with a 200 comes to that is none. */
export type Kind = "stop" | "unauthorized" | "throttled" | "failed" | "not_found"

/** An answer that is none, and what the server says in it. */
export interface Refused {
  readonly kind: Kind
  readonly words: string
}

/** The words in which Google's older APIs refuse with a 200. */
const google: Readonly<Record<string, Kind>> = {
  OVER_DAILY_LIMIT: "stop",
  REQUEST_DENIED: "stop",
  OVER_QUERY_LIMIT: "throttled"
}

/** The only names that a GraphQL response has (spec, 7.1). */
const graphQl: ReadonlySet<string> = new Set(["data", "errors", "extensions"])

/** What the answer of a 2xx refuses with, by its parsed body; `undefined` where it is an answer. */
export const inAnswer = (value: unknown): Refused | undefined => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined
  const body = value as Readonly<Record<string, unknown>>
  const { data, status } = body
  if (typeof status === "string" && Object.hasOwn(google, status)) {
    const { error_message: message } = body
    const words = typeof message === "string" && message !== "" ? `${status}: ${message}` : status
    const kind = status === "OVER_QUERY_LIMIT" && day.test(words)
      ? "stop"
      : status === "REQUEST_DENIED" && key.test(words)
      ? "unauthorized"
      : google[status]!
    return { kind, words: Words.inLine(words) }
  }
  const errors = errorsOf(body)
  if (errors === undefined || !isNothing(data)) return undefined
  return {
    kind: errors.every(isNotFound) ? "not_found" : "failed",
    words: Words.inLine(errors.map(({ message }) => message).join("; "))
  }
}

/** Whether an answer lacks what its errors speak of: GraphQL gives what it has. */
export const isPartial = (value: unknown): boolean =>
  typeof value === "object" && value !== null && errorsOf(value as Readonly<Record<string, unknown>>) !== undefined

/** The errors of a GraphQL response, where it has some. */
const errorsOf = (body: Readonly<Record<string, unknown>>): ReadonlyArray<GraphQlError> | undefined => {
  const { errors } = body
  if (!Array.isArray(errors) || errors.length === 0) return undefined
  return Object.keys(body).every((name) => graphQl.has(name)) && errors.every(isError) ? errors : undefined
}

/** Whether GraphQL has no data: none at all, or null in every field that was asked for. */
const isNothing = (data: unknown): boolean =>
  data === undefined || data === null
  || (typeof data === "object" && !Array.isArray(data) && Object.values(data).every((field) => field === null))

/** Source: docs.github.com, `type`; Apollo Server and Hasura, `extensions.code`. */
const isNotFound = (error: GraphQlError): boolean =>
  [error.type, error.extensions?.code].some((code) =>
    typeof code === "string" && /^(?:RESOURCE_)?NOT_?FOUND$/i.test(code)
  )

interface GraphQlError {
  readonly message: string
  readonly type?: unknown
  readonly extensions?: { readonly code?: unknown } | null
}

const isError = (error: unknown): error is GraphQlError =>
  typeof error === "object" && error !== null && typeof (error as { message?: unknown }).message === "string"
