/**
 * Failure: names what went wrong with a call, from whatever the `HttpClient` layer raised.
 */
import type { HttpClientError } from "@effect/platform"
import { LookupError, type Reason } from "../Outcome.ts"

/** The typed error behind an error of any `HttpClient`. The URL is left out: it may hold a secret. */
export const fromHttpClient = (error: HttpClientError.HttpClientError): LookupError => {
  const causes = chain(error.cause)
  const known = causes.find((cause) => cause instanceof LookupError)
  const told = known ?? {
    reason: reasonOf(error, causes.map(({ code }) => code).find((code) => typeof code === "string")),
    message: tidy(causes.map(({ message }) => message).filter(Boolean).pop() ?? error.description ?? error.reason)
  }
  return new LookupError({
    reason: told.reason,
    message: told.message,
    ...(error._tag === "ResponseError" ? { status: error.response.status } : {})
  })
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

const reasonOf = (error: HttpClientError.HttpClientError, code: string | undefined): Reason => {
  if (error._tag === "ResponseError") {
    // what breaks a body is either its bytes or the connection
    return code === undefined || /^(Z_|ERR_|ERROR_)/.test(code) ? "decode" : fromCode(code)
  }
  // a request that cannot be made is the same at the next try
  return error.reason !== "Transport" || code === "UND_ERR_INVALID_ARG" || code === "UND_ERR_NOT_SUPPORTED"
    ? "error"
    : fromCode(code ?? "")
}

const fromCode = (code: string): Reason => {
  if (code === "ENOTFOUND" || code.startsWith("EAI_")) return "dns"
  if (code === "ECONNREFUSED" || code === "EHOSTUNREACH" || code === "ENETUNREACH") return "refused"
  if (code.includes("TIMEOUT") || code === "ETIMEDOUT") return "timeout"
  if (/CERT|SSL|TLS|EPROTO|UNABLE_TO_VERIFY|HOSTNAME_MISMATCH|INVALID_CA/.test(code)) return "tls"
  return "transport"
}

/** One line; of what OpenSSL says, the words. */
const tidy = (message: string): string =>
  /:SSL routines:[^:]*:([^:]+)/.exec(message)?.[1]?.replace(/^/, "TLS: ") ?? message.replace(/\s+/g, " ").trim()
