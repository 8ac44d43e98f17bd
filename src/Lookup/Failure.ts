/**
 * Failure: names what went wrong with a call, from whatever the `HttpClient` layer raised.
 */
import { HttpClientError } from "@effect/platform"
import { LookupError, type Reason } from "../Outcome.ts"
import * as Words from "./Failure/Words.ts"

/** The typed error behind an error of any `HttpClient`. The URL is left out: it may hold a secret. */
export const fromHttpClient = (error: HttpClientError.HttpClientError): LookupError => {
  const causes = chain(error.cause)
  const known = causes.find((cause) => cause instanceof LookupError)
  const code = causes.map(({ code }) => code).find((code) => typeof code === "string")
    // undici leaves it out where its parser is the one in WebAssembly
    ?? (causes.some(isForeign) ? "HPE_" : undefined)
  const told: Fields = known ?? {
    reason: reasonOf(error, code),
    ...(causes.map((cause) => Words.of(cause, error.request.url)).findLast((said) => said !== undefined)
      ?? {
        message: tidy(causes.map(({ message }) => message).filter(Boolean).pop() ?? error.description ?? error.reason)
      })
  }
  return changed(told, {
    ...(error._tag === "ResponseError" ? { status: error.response.status } : {}),
    // who speaks another protocol has understood nothing
    ...(told.remedy === "http2" || told.remedy === "https" ? { isUnprocessed: true } : {})
  })
}

/** The same error, where nothing of the request has reached the server; `isOpen`: its connection stood. */
export const unprocessed = (error: HttpClientError.RequestError, isOpen: boolean): HttpClientError.RequestError => {
  const isHandshake = !isOpen && /^https:/i.test(error.request.url) && chain(error.cause).some(isReset)
  return new HttpClientError.RequestError({
    request: error.request,
    reason: error.reason,
    cause: changed(fromHttpClient(error), {
      ...(isHandshake ? { reason: "tls", message: Words.noHandshake } : {}),
      isUnprocessed: true,
      cause: error.cause
    })
  })
}

/** It was closed by the server, and not by a proxy: who cannot be reached has another code. */
const isReset = ({ code, proxy }: { readonly code?: unknown; readonly proxy?: unknown }) =>
  code === "ECONNRESET" && proxy === undefined

type Fields = ConstructorParameters<typeof LookupError>[0]

/** The same error but for these fields. Its cause stays behind: it may hold a secret. */
export const changed = (error: Fields, fields: Partial<Fields>): LookupError => {
  // an error's message is not enumerable
  const kept = names.flatMap((name) => error[name] === undefined ? [] : [[name, error[name]]])
  return new LookupError({ reason: error.reason, message: error.message, ...Object.fromEntries(kept), ...fields })
}

const names = (Object.keys(LookupError.fields) as ReadonlyArray<keyof typeof LookupError.fields>)
  .filter((name) => name !== "_tag" && name !== "cause")

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
  return error.reason !== "Transport" || /^(UND_ERR_(INVALID_ARG|NOT_SUPPORTED)|ERR_INVALID_URL)$/.test(code ?? "")
    ? "error"
    : fromCode(code ?? "")
}

/** What ends too soon, or breaks in the body, has begun as HTTP. */
const isCut = /EOF|chunk|body/i

/** The parser has found no HTTP where a reply begins. */
const isForeign = ({ message, name }: Error): boolean => name === "HTTPParserError" && !isCut.test(message)

const fromCode = (code: string): Reason => {
  if (/^(ENOTFOUND|EAI_\w+|ENODATA|ESERVFAIL)$/.test(code)) return "dns"
  if (/^(ECONNREFUSED|E(HOST|NET)(UNREACH|DOWN))$/.test(code)) return "refused"
  if (/HEADERS?_OVERFLOW|EXCEEDED_MAX_SIZE/.test(code)) return "too_large"
  if (/^(EMFILE|ENFILE|ENOBUFS|EADDRNOTAVAIL|ENOMEM)$/.test(code)) return "local"
  if (code.startsWith("HPE_") && !isCut.test(code)) return "protocol"
  if (code === "ERR_ASSERTION") return "protocol"
  if (code.includes("TIMEOUT") || code === "ETIMEDOUT") return "timeout"
  if (/CERT|SSL|TLS|EPROTO|UNABLE_TO_VERIFY|HOSTNAME_MISMATCH|INVALID_CA/.test(code)) return "tls"
  return "transport"
}

/** One line; of what OpenSSL says, the words. */
const tidy = (message: string): string =>
  /:SSL routines:[^:]*:([^:]+)/.exec(message)?.[1]?.replace(/^/, "TLS: ") ?? message.replace(/\s+/g, " ").trim()
