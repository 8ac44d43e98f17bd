/**
 * Failure: names what went wrong with a call, from whatever the `HttpClient` layer raised.
 */
import type { HttpClientError } from "@effect/platform"
import { LookupError, type Reason } from "../Outcome.ts"

/** The typed error behind an error of any `HttpClient`. The URL is left out: it may hold a secret. */
export const fromHttpClient = (error: HttpClientError.HttpClientError): LookupError => {
  const causes = chain(error.cause)
  const known = causes.find((cause) => cause instanceof LookupError)
  if (known !== undefined) return known
  const code = causes.map((cause) => cause.code).find((code) => typeof code === "string")
  const message = causes.map((cause) => cause.message).filter(Boolean).pop() ?? error.description ?? error.reason
  if (error._tag === "ResponseError") {
    return new LookupError({ reason: "decode", message, status: error.response.status })
  }
  return new LookupError({ reason: code === undefined ? "transport" : reason(code), message })
}

/** Causes from the outermost to the innermost; an aggregate (one error for each address) counts as its first. */
const chain = (cause: unknown): ReadonlyArray<any> => {
  const found: Array<any> = []
  for (let at: any = cause; at instanceof Error && found.length < 8;) {
    found.push(at)
    at = at instanceof AggregateError ? at.errors[0] : at.cause
  }
  return found
}

const reason = (code: string): Reason => {
  if (code === "ENOTFOUND" || code === "EAI_AGAIN" || code.startsWith("EAI_")) return "dns"
  if (code === "ECONNREFUSED" || code === "EHOSTUNREACH" || code === "ENETUNREACH") return "refused"
  if (code.includes("TIMEOUT") || code === "ETIMEDOUT") return "timeout"
  if (/CERT|SSL|TLS|SELF_SIGNED|EPROTO|UNABLE_TO_VERIFY/.test(code)) return "tls"
  return "transport"
}
