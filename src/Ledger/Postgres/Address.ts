/**
 * Address: where a ledger is, from a URL: `postgres://user:password@host:5432/database?schema=rollcall&sslmode=require`.
 */
import { Effect, Redacted } from "effect"
import { LedgerError } from "../../Ledger.ts"

export interface Address {
  /** For messages, without user, password and files. */
  readonly name: string
  /** The schema that holds the tables. */
  readonly schema: string
  /** What the driver is told: all but the schema. */
  readonly url: Redacted.Redacted
}

export const parse = (text: Redacted.Redacted): Effect.Effect<Address, LedgerError> =>
  Effect.suspend(() => {
    const found = locate(text)
    if (found === undefined) return refused("the ledger's URL", notOne)
    const { place, url } = found
    const schema = url.searchParams.get("schema") ?? "rollcall"
    const name = `${place}?schema=${encodeURIComponent(schema)}`
    if (!/^(?!pg_)[a-z_][a-z0-9_-]{0,62}$/i.test(schema)) {
      return refused(
        name,
        "a schema's name has up to 63 letters, digits, _ and -, begins with no digit and not with pg_: correct ?schema="
      )
    }
    const slip = slipIn(url, "schema")
    if (slip !== undefined) return new LedgerError({ reason: "Mismatch", ledger: name, message: slip })
    url.searchParams.delete("schema")
    return Effect.succeed({ name, schema, url: Redacted.make(url.href) })
  })

/** The URL of a database, and which one it is, for messages; `undefined` where it is none. */
export const locate = (text: Redacted.Redacted): { readonly url: URL; readonly place: string } | undefined => {
  // a socket's URL may leave the host out
  const given = Redacted.value(text).replace("@/", "@localhost/")
  // the error of `new URL` would hold the URL
  const url = URL.canParse(given) ? new URL(given) : undefined
  const rest = url === undefined ? "@" : url.pathname + url.search + url.hash
  // a password that is not encoded may begin the path, a query or a fragment: nothing of it is shown
  if (url === undefined || !/^postgres(ql)?:$/.test(url.protocol) || /[@#]/.test(rest)) return undefined
  // what the URL leaves out, the driver takes from these
  const { PGDATABASE, PGHOST, PGPORT } = process.env
  const host = url.searchParams.get("host") || url.hostname || PGHOST || "localhost"
  const port = url.port || url.searchParams.get("port") || PGPORT || "5432"
  const database = url.pathname.length > 1 || !PGDATABASE ? url.pathname : `/${encodeURIComponent(PGDATABASE)}`
  // pg takes these for verify-full, and says so on stderr
  if (
    /^(?:prefer|require|verify-ca)$/.test(url.searchParams.get("sslmode") ?? "") &&
    !url.searchParams.has("uselibpqcompat")
  ) {
    url.searchParams.set("sslmode", "verify-full")
  }
  const at = host.startsWith("/") ? encodeURIComponent(host) : host
  return { url, place: `postgres://${at}:${port}${database}` }
}

/** What is wrong with a parameter that neither we nor the driver know: it would be passed over without a word. */
export const slipIn = (url: URL, own: "schema" | "table"): string | undefined => {
  const name = [...url.searchParams.keys()].find((name) => name !== own && !known.has(name))
  return name === undefined ? undefined : `there is no parameter ?${encodeURIComponent(name)}=: did you mean ?${own}=?`
}

/** What pg takes from a URL. */
const known = new Set(
  ("host port user password dbname database sslmode ssl sslcert sslkey sslrootcert sslnegotiation uselibpqcompat encoding "
    + "client_encoding application_name fallback_application_name options replication binary keepalives keepAlive connect_timeout "
    + "connectionTimeoutMillis query_timeout statement_timeout lock_timeout idle_in_transaction_session_timeout")
    .split(" ")
)

/** What is wrong where {@link locate} finds none. */
export const notOne =
  "this is not the URL of a database: write postgres://USER:PASSWORD@HOST:5432/DATABASE, and %40 for an @ in it, "
  + "%23 for #, %2F for / and %3F for ?"

const refused = (ledger: string, message: string) => new LedgerError({ reason: "Open", ledger, message })
