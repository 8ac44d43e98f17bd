/**
 * What Node, OpenSSL and the parsers of HTTP say, in plain words: first what it is, then what to do, their own code last.
 */
import { DateTime } from "effect"
import type { Remedy } from "../../Outcome.ts"

/** The connection stood, and TLS did not. */
export const noHandshake =
  "the server closed the connection before TLS stood: does it serve this host, and does this port speak TLS?"

/** What is known of a cause. */
export interface Cause {
  readonly code?: unknown
  readonly name?: unknown
  readonly message: string
  readonly hostname?: unknown
  readonly address?: unknown
  readonly port?: unknown
  readonly reason?: unknown
  /** The bytes that could not be parsed. */
  readonly data?: unknown
  /** The parser had been told to be lenient. */
  readonly isLenient?: unknown
  /** The proxy to which the connection was to be made, and the variable that names it. */
  readonly proxy?: unknown
  /** What came over the connection, as undici tells it. */
  readonly socket?: unknown
  /** The times of the certificate that was refused. */
  readonly validFrom?: unknown
  readonly validTo?: unknown
}

/** What is said to a person. */
export interface Said {
  readonly message: string
  readonly remedy?: Remedy
}

type Word =
  | string
  | readonly [message: string, remedy: Remedy]
  | ((cause: Cause, url: string) => string | readonly [string, Remedy])

/** What a cause means, of a call to this URL; nothing where its own message is as good. */
export const of = (cause: Cause, url: string): Said | undefined => {
  const code = typeof cause.code === "string" ? cause.code : undefined
  const found = cause.name === "HTTPParserError" || code?.startsWith("HPE_")
    ? exact[code ?? ""] ?? unparsed
    : exact[code ?? ""] ?? (code === undefined ? undefined : similar(code))
  if (found === undefined) return undefined
  const word = typeof found === "function" ? found(cause, url) : found
  const [message, remedy] = typeof word === "string" ? [word, undefined] : word
  return {
    message: `${typeof cause.proxy === "string" ? `the proxy ${cause.proxy}: ` : ""}${message}${
      code === undefined ? "" : ` (${code})`
    }`,
    ...(remedy === undefined ? {} : { remedy })
  }
}

const host = ({ hostname }: Cause) => typeof hostname === "string" ? ` ${hostname}` : ""

const place = ({ address, port }: Cause) =>
  typeof address === "string"
    ? `${address.includes(":") ? `[${address}]` : address}${port === undefined ? "" : `:${String(port)}`}`
    : "that address"

const noHost: Word = (cause) => [`there is no host${host(cause)}: is the name right?`, "host"]

/** The day of a time as OpenSSL writes it. */
const day = (written: unknown): string => {
  const at = typeof written === "string" ? Date.parse(written) : Number.NaN
  return Number.isNaN(at) ? "" : ` on ${DateTime.formatIsoDateUtc(DateTime.unsafeMake(at))}`
}

const isPast = (written: unknown) =>
  typeof written === "string" && Date.parse(written) < DateTime.toEpochMillis(DateTime.unsafeNow())

const selfSigned: Word = ["the server's certificate is self-signed", "ca"]
const unknownAuthority: Word = ["nobody known here has signed the server's certificate", "ca"]
const wantsCertificate: Word = ["the server wants a client certificate", "cert"]
const noPlainTls: Word = ["this port does not speak TLS", "http"]
const headersTooLarge = "the block of headers is larger than what is taken"
const broken = "the server closed the connection before its answer was whole"

/** Who is asked in a language that it does not speak often hangs up. */
const closed: Word = ({ socket }, url) =>
  (socket as { readonly bytesRead?: unknown } | undefined)?.bytesRead !== 0
    ? broken
    : `the server closed the connection without a word: ${
      url.startsWith("https:") ? "does it want a client certificate?" : "is it https:// that is meant?"
    }`

const exact: Readonly<Record<string, Word>> = {
  ENOTFOUND: noHost,
  ENODATA: noHost,
  EAI_AGAIN: (cause) => `the name${host(cause)} cannot be looked up at present: is this machine online?`,
  ESERVFAIL: (cause) => `the name${host(cause)} cannot be looked up: its name servers fail`,
  ECONNREFUSED: (cause) => `nothing listens at ${place(cause)}`,
  EHOSTUNREACH: (cause) => `no way leads to ${place(cause)}: is this machine online?`,
  ENETUNREACH: (cause) => `no way leads to ${place(cause)}: is this machine online?`,
  ENETDOWN: "the network is down: is this machine online?",
  ETIMEDOUT: (cause) => `${place(cause)} does not answer: does a firewall stand between?`,
  EMFILE: "too many files are open",
  ENFILE: "too many files are open on this machine",
  ERR_ASSERTION: "the answer switches to a protocol that nobody asked for",
  ECONNRESET: ({ message }) =>
    message.includes("before secure TLS connection") ? noHandshake : "the connection was reset",
  EPIPE: broken,
  UND_ERR_SOCKET: closed,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: broken,
  UND_ERR_HEADERS_OVERFLOW: headersTooLarge,
  HPE_HEADER_OVERFLOW: headersTooLarge,
  DEPTH_ZERO_SELF_SIGNED_CERT: selfSigned,
  SELF_SIGNED_CERT_IN_CHAIN: ["an authority that is not known here has signed the server's certificate", "ca"],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  CERT_HAS_EXPIRED: ({ validTo }) =>
    `the server's certificate expired${isPast(validTo) ? day(validTo) : ""}: its owner must renew it`,
  CERT_NOT_YET_VALID: ({ validFrom }) =>
    `the server's certificate is not yet valid, only${day(validFrom) || " later"}: is this machine's clock right?`,
  ERR_TLS_CERT_ALTNAME_INVALID: ({ reason }) => [
    `the server's certificate is for another host: is the name right? ${typeof reason === "string" ? reason : ""}`
      .trim(),
    "host"
  ],
  ERR_SSL_WRONG_VERSION_NUMBER: noPlainTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: noPlainTls,
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: ["this server speaks only HTTP/2", "http2"],
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: wantsCertificate,
  ERR_SSL_TLSV1_ALERT_CERTIFICATE_REQUIRED: wantsCertificate,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: wantsCertificate,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: ["the server does not know who signed the client certificate", "other_cert"],
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: "the server speaks another version of TLS than this machine",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "the server speaks only a version of TLS that is no longer safe",
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: [
    "the server refuses the handshake of TLS: does it want a client certificate?",
    "cert"
  ]
}

/** OpenSSL's codes differ by the version of TLS. */
const similar = (code: string): Word | undefined =>
  /NO_APPLICATION_PROTOCOL/.test(code)
    ? exact.ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL
    : /CERTIFICATE_REQUIRED/.test(code)
    ? wantsCertificate
    : undefined

/** What cannot be parsed as HTTP/1.1 was cut off, is HTTP/2, TLS, or not as the standard has it. */
const unparsed: Word = ({ data, isLenient, message }) => {
  if (message.includes("EOF")) return broken
  const bytes = Array.from(typeof data === "string" ? data.slice(0, 4) : "", (text) => text.charCodeAt(0))
  const [first, second, , fourth] = bytes
  // a frame of settings, an alert of TLS
  if (first === 0 && second === 0 && fourth === 4) return ["this server speaks only HTTP/2", "http2"]
  if ((first === 0x15 || first === 0x16) && second === 3) return ["this looks like HTTPS", "https"]
  if (message.includes("Expected HTTP/")) return "what the server says is no HTTP"
  const [, words = message] = /\(([^()]*)\)$/.exec(message) ?? []
  const told = `the answer is not as HTTP has it: ${words}`
  // a name that is none and a NUL are refused by everybody
  return isLenient === true || /header token/i.test(message) || (typeof data === "string" && data.includes("\0"))
    ? told
    : [told, "lenient"]
}
