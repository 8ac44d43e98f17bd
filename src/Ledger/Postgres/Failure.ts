/**
 * Failure: says in one line what is wrong with a database, and what to do.
 */
import * as Errno from "../../Errno.ts"
import { LedgerError } from "../../Ledger.ts"

/** The error of a ledger behind whatever Node or pg raised. It holds nothing but the innermost message and its code. */
export const make = (ledger: string, reason: "Open" | "Read" | "Write") => (error: unknown): LedgerError => {
  if (error instanceof LedgerError) return error
  const found = Errno.innermost(error)
  if (found instanceof LedgerError) return found
  const { code, message } = found
  const cause = Object.assign(new Error(message), code === undefined ? {} : { code })
  const known = code === undefined ? undefined : messages[code] ?? messages[code.slice(0, 2)]
  const text = code === "57014"
    ? known!
    : byText.find(([pattern]) => pattern.test(message))?.[1] ?? known ?? ofFile(found) ?? Errno.line(found)
  return new LedgerError({ reason, ledger, message: text, cause })
}

/** What is wrong with a file that the URL names: that of a certificate. */
const ofFile = (error: Error & { readonly path?: string; readonly syscall?: string }): string | undefined =>
  error.syscall === "open" && error.path !== undefined ? `${error.path}: ${Errno.ofReading(error)}` : undefined

/** The code that Node or PostgreSQL (SQLSTATE) gave an error. */
export const code = (error: unknown): string | undefined => Errno.innermost(error).code

/** Whether the connection is gone, or is not to be had now: it may come back. */
export const isLost = (error: unknown): boolean => {
  const { code = "", message } = Errno.innermost(error)
  return /^(08|57P0[1-3]|53300|ECONNRESET|ECONNREFUSED|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EAI_AGAIN)/
    .test(
      code
    ) || /^Connection terminated|is not queryable|^timeout expired/.test(message)
}

/** Whether the server takes no connection for now: it is starting, stopping or full. */
export const isForNow = (error: unknown): boolean => /^(?:57P03|53300)$/.test(code(error) ?? "")

/** What is said of a statement that was given up. */
export const unanswered = "a statement was not answered"

const again = "and run the same command again, what is answered is kept"
const silent = "it does not answer: see that the server runs and that it can be reached from here"
const absent = "nothing listens there: start the server, or correct the host and port"
const lost = `the connection was lost: see that the server runs, ${again}`
const unknown = "there is no such host: correct it"
const refused = "it refuses this user and password: correct them in the URL, or in PGUSER and PGPASSWORD"
const forbidden = "you may not do that there: ask its owner for the right to, or name a schema of yours with ?schema="
const gone = "its schema, or a table of it, was removed: restore it from a backup, or name another schema with ?schema="
const untrusted = "its certificate is not trusted: name the authority's with sslrootcert=FILE in the URL"

/** By code, or the first two characters of it: those of Node, and those of PostgreSQL (Appendix A of its manual). */
const messages: Record<string, string> = {
  ECONNREFUSED: absent,
  ENOTFOUND: unknown,
  EAI_AGAIN: unknown,
  ETIMEDOUT: silent,
  EHOSTUNREACH: silent,
  ENETUNREACH: silent,
  ECONNRESET: lost,
  EPIPE: lost,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  CERT_HAS_EXPIRED: "its certificate has expired: have it renewed",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is another host's: name the host that it is for",
  "08": lost,
  "28": refused,
  "53100": `the server's disk is full: make room ${again}`,
  "53300": `the server takes no more connections: end some ${again}`,
  "3D": "there is no such database: make it with createdb, or correct the name",
  "25006": "it is only for reading: name the server that takes writes",
  "42501": forbidden,
  "57P01": lost,
  "57P02": lost,
  "57P03": "the server is starting or stopping: try again in a moment",
  "57014": "it cancelled a statement for its time: set statement_timeout = 0 for this role or database",
  "3F000": gone,
  "42P01": gone,
  "58030": `the server's disk failed: look after it ${again}`,
  XX001: "it is damaged: restore it from a backup",
  XX002: "it is damaged: restore it from a backup"
}

/** What has no code of its own, or too general a one. */
const byText: ReadonlyArray<readonly [RegExp, string]> = [
  [/^connect ENOENT /, absent],
  [
    new RegExp(`^${unanswered}$`),
    `it does not answer: see that the server can be reached, and that no other program has its tables locked, ${again}`
  ],
  [/timeout|timed out/i, silent],
  [/^Connection terminated|is not queryable/, lost],
  [/password must be a string/, "it wants a password: put it into the URL, or into PGPASSWORD"],
  [/no encryption|SSL off/, "it wants TLS: add sslmode=verify-full to the URL"],
  [
    /does not support SSL connections/,
    "it does not speak TLS: where the way to it is safe, take sslmode out of the URL"
  ]
]
