/**
 * Which table of which PostgreSQL database is written to, and the session that holds a run's rows in it.
 */
import { Clock, Effect, Redacted, type Scope } from "effect"
import { hostname } from "node:os"
import { held } from "../../Ledger.ts"
import * as Address from "../../Ledger/Postgres/Address.ts"
import * as Failure from "../../Ledger/Postgres/Failure.ts"
import * as Session from "../../Ledger/Postgres/Session.ts"
import { SinkError } from "../SinkError.ts"
import * as Sql from "../Table/Sql.ts"

/** A table of a database. */
export interface Place extends Address.Address {
  /** The table, and the one that says how far runs are, in SQL. */
  readonly table: string
  readonly marks: string
}

/** What the URL of an output means. */
export const parse = (text: Redacted.Redacted): Effect.Effect<Place, SinkError> =>
  Effect.suspend(() => {
    const found = Address.locate(text)
    if (found === undefined) return new SinkError({ reason: "Clash", sink: "the output's URL", detail: Address.notOne })
    const { place, url } = found
    const given = url.searchParams.get("table") ?? "rollcall"
    const name = `${place}?table=${encodeURIComponent(given)}`
    const slip = Address.slipIn(url, "table")
    if (slip !== undefined) return new SinkError({ reason: "Clash", sink: name, detail: slip })
    const parts = given.split(".")
    if (parts.length > 2 || parts.some((part) => part === "" || isLong(part))) {
      return new SinkError({
        reason: "Clash",
        sink: name,
        detail: "a table is NAME or SCHEMA.NAME, each of up to 63 bytes: correct ?table= in the URL"
      })
    }
    const inSchema = (table: string) => [...parts.slice(0, -1), table].map(Sql.named).join(".")
    return Effect.succeed({
      name,
      schema: "",
      url: Redacted.make(url.href),
      table: inSchema(parts.at(-1)!),
      marks: inSchema(Sql.marks)
    })
  })

/** Connects, and holds the rows of a run, if there is one: runs of other lists may write to the table at the same time. */
export const connect = (place: Place, run?: string): Effect.Effect<Session.Session, SinkError, Scope.Scope> =>
  Effect.gen(function*() {
    const mine = yield* signature
    const session = yield* Session.open(place, {
      synchronous_commit: "on",
      lock_timeout: "60s",
      ...(run === undefined ? {} : { application_name: mine })
    })
    const [encoding] = yield* session.select("select current_setting('server_encoding')", [], ([encoding]) => encoding)
    if (encoding !== "UTF8") {
      return yield* new SinkError({
        reason: "Open",
        sink: place.name,
        detail: `the database's encoding is ${encoding}, which does not hold every text: name one in UTF8`
      })
    }
    const take = (session: Session.Session) => run === undefined ? Effect.succeed(undefined) : hold(session, place, run)
    const holder = yield* take(session)
    if (holder !== undefined) return yield* busy(place, holder)
    // every statement may be done again
    yield* session.takeUpWith((session) =>
      Effect.flatMap(take(session), (holder) =>
        // the server may not have noticed yet that our connection is gone
        holder === undefined ? Effect.void : Effect.fail({ isForNow: holder === mine, error: busy(place, holder) }))
    )
    return session
  }).pipe(
    // pg reads the files of a certificate where it connects, and throws
    Effect.catchAllDefect(Effect.fail),
    Effect.mapError(failure(place, "Open"))
  )

/** What the server shows of us to others. */
const signature = Effect.map(
  Clock.currentTimeMillis,
  (since) => `rollcall ${process.pid} ${since} ${hostname().slice(0, 30)}`
)

const busy = ({ name }: Place, signature: string) => {
  const [, pid, since, host] = /^rollcall (\d+) (\d+) (.*)$/.exec(signature) ?? []
  const holder = host === undefined ? undefined : { pid: Number(pid), since: Number(since), host }
  return new SinkError({ reason: "Busy", sink: name, detail: held(holder) })
}

/** Holds the rows of a run as long as the session lasts; gives the signature of who holds them, if somebody else does. */
const hold = (
  session: Session.Session,
  { table }: Place,
  run: string
): Effect.Effect<string | undefined, Session.SqlError> =>
  Effect.gen(function*() {
    const name = `rollcall output ${table} ${run}`
    const [isOurs] = yield* session.select("select pg_try_advisory_lock(hashtextextended($1, 0))", [name], first)
    if (isOurs === true) return undefined
    const [holder] = yield* session.select(selectHolder, [name], first)
    return typeof holder === "string" ? holder : ""
  })

const first = ([value]: ReadonlyArray<unknown>) => value

/** An advisory lock is a number of 64 bits, which stands there in two halves. */
const selectHolder = `
  select application_name from pg_locks join pg_stat_activity using (pid)
  where locktype = 'advisory' and granted and objsubid = 1
    and database = (select oid from pg_database where datname = current_database())
    and (classid::bigint << 32) | objid::bigint = hashtextextended($1, 0)`

/** The bytes of a name that PostgreSQL keeps. */
export const isLong = (name: string) => new TextEncoder().encode(name).length > 63

/** An error of the database, with what to do. */
export const failure = (place: Place, reason: "Open" | "Write") => (error: unknown): SinkError => {
  if (error instanceof SinkError) return error
  const { cause, message } = Failure.make(place.name, reason)(error)
  return new SinkError({ reason, sink: place.name, detail: messages[Failure.code(error) ?? ""] ?? message, cause })
}

const messages: Record<string, string> = {
  "3F000": "there is no such schema: make it, or correct ?table= in the URL",
  "42501":
    "you may not do that there: ask its owner for the right to, or name a table of yours with ?table=SCHEMA.NAME",
  "55P03": "another program holds the table: wait for its end, and run the same command again"
}
