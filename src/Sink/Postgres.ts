/**
 * A table of a PostgreSQL database (version 12 or newer) as an output.
 *
 * A statement writes rows and how far they go; there is no other transaction.
 */
import type { SqlError } from "@effect/sql/SqlError"
import { Clock, DateTime, Effect, Redacted, type Scope } from "effect"
import { hostname } from "node:os"
import { held } from "../Ledger.ts"
import * as Address from "../Ledger/Postgres/Address.ts"
import * as Failure from "../Ledger/Postgres/Failure.ts"
import * as Session from "../Ledger/Postgres/Session.ts"
import { type Sink, SinkError } from "../Sink.ts"
import * as Table from "./Table.ts"
import { queryable } from "./Text.ts"
import * as Value from "./Value.ts"

/**
 * Writes to a table of the database at a URL: `postgres://user:password@host/database?table=name`. The table is `rollcall` unless the URL
 * names another one, `schema.name` one of a schema, which must be there.
 */
export const make = (
  url: Redacted.Redacted,
  options: Table.TableOptions = {}
): Effect.Effect<typeof Sink.Service, SinkError> =>
  Effect.map(parse(url), (place) =>
    Table.make({
      name: place.name,
      id: place.name,
      table: place.table,
      other: "?table=NAME in its URL",
      columnLimit: 1_600,
      isTaken: (column) => system.has(column),
      check: Effect.scoped(Effect.asVoid(connect(place))),
      open: (run, columns) =>
        Effect.gen(function*() {
          const session = yield* connect(place, run)
          return yield* open(session, place, run, columns)
        })
    }, options))

interface Place extends Address.Address {
  /** The table, and the one that says how far runs are, in SQL. */
  readonly table: string
  readonly marks: string
}

const parse = (text: Redacted.Redacted): Effect.Effect<Place, SinkError> =>
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
    const inSchema = (table: string) => [...parts.slice(0, -1), table].map(Table.named).join(".")
    return Effect.succeed({
      name,
      schema: "",
      url: Redacted.make(url.href),
      table: inSchema(parts.at(-1)!),
      marks: inSchema(Table.marks)
    })
  })

/** Connects, and holds the rows of a run, if there is one: runs of other lists may write to the table at the same time. */
const connect = (place: Place, run?: string): Effect.Effect<Session.Session, SinkError, Scope.Scope> =>
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
const hold = (session: Session.Session, { table }: Place, run: string): Effect.Effect<string | undefined, SqlError> =>
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

const open = (
  session: Session.Session,
  place: Place,
  run: string,
  columns: ReadonlyArray<Table.Column>
): Effect.Effect<Table.Table, SinkError> =>
  Effect.gen(function*() {
    const { marks, table } = place
    const long = columns.find(({ name }) => isLong(name))
    if (long !== undefined) {
      return yield* new SinkError({
        reason: "Clash",
        sink: place.name,
        detail: `a column's name may have 63 bytes here, and ${JSON.stringify(long.name)} has more: `
          + "rename the input's column, or give a selected one another name (--select name=expression)"
      })
    }
    const columnsOf = (table: string) => session.select(selectColumns, [table], ([column]) => column as string)
    const found = yield* columnsOf(table)
    const isMarked = (yield* columnsOf(marks)).length > 0
    const [progress] = found.length === 0 || !isMarked ? [] : yield* session.select(
      `select layout, list, epoch, position, is_complete from ${marks} where table_name = $1 and run = $2`,
      [table, run],
      Table.progressOf
    )

    // the first is the run
    const [, ...cells] = columns
    const insert = `
      insert into ${table} (${Table.names(columns)}) select $1::text, * from unnest(${
      cells.map(({ kind }, index) => `$${index + 2}::${types[kind]}[]`).join(", ")
    }) ${Table.onConflict(columns)}`
    const remember = (first: number) =>
      `insert into ${marks} values (${
        Array.from({ length: 7 }, (_, index) => `$${first + index}`).join(", ")
      }) ${Table.onMarkConflict}`
    const mark = (
      { epoch, isComplete, layout, list, position }: Table.Progress
    ) => [table, run, layout, list, epoch, position, isComplete]
    const next = columns.length + 1
    const writeAndRemember = `with written as (${insert}) ${remember(next)}`
    const onlyAndRemember = `
      with written as (${insert}), dropped as (
        delete from ${table}
        where run = $1 and ordinal >= $${next + 7} and ordinal < $${next + 8} and ordinal <> all ($2::bigint[]))
      ${remember(next)}`
    const dropAndRemember = `with dropped as (delete from ${table} where run = $1 and ordinal >= $2) ${remember(3)}`
    const write = (text: string, params: ReadonlyArray<unknown> = []) =>
      Effect.asVoid(Effect.mapError(session.run(text, params), failure(place, "Write")))
    return {
      wanted: columns.map(({ kind, name }) => `${name} ${types[kind]}`),
      found: found.length === 0 ? undefined : found,
      progress,
      count: (position) =>
        Effect.mapBoth(
          session.select(
            `select count(*) from ${table} where run = $1 and ordinal < $2`,
            [run, position],
            ([count]) => count
          ),
          { onFailure: failure(place, "Open"), onSuccess: ([count]) => count as number }
        ),
      begin: (progress) =>
        Effect.gen(function*() {
          // who may write rows need not be one who may make tables, and two runs may make them at once
          const make = (text: string) => Effect.retry(write(text), { times: 1 })
          if (found.length === 0) {
            yield* make(`create table if not exists ${table} (${Table.definition(columns, types)})`)
          }
          if (!isMarked) yield* make(createMarks(marks))
          yield* write(remember(1), mark(progress))
        }),
      write: ({ only, progress, rows }) => {
        const params: Array<unknown> = [
          run,
          ...cells.map(({ kind }, index) => rows.map((row) => parameter(kind, row[index + 1])))
        ]
        if (progress === undefined) return write(insert, params)
        params.push(...mark(progress))
        return only === undefined
          ? write(writeAndRemember, params)
          : write(onlyAndRemember, [...params, only.from, only.to])
      },
      complete: (progress, end) => write(dropAndRemember, [run, end, ...mark(progress)])
    } satisfies Table.Table
  }).pipe(Effect.mapError(failure(place, "Open")))

/** Columns that every table has. */
const system = new Set(["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"])

/** The bytes of a name that PostgreSQL keeps. */
const isLong = (name: string) => new TextEncoder().encode(name).length > 63

/** `json` keeps an answer as it was received, `jsonb` neither U+0000 nor how a number was written. */
const types: Readonly<Record<Table.Kind, string>> = {
  integer: "integer",
  place: "bigint",
  real: "double precision",
  boolean: "boolean",
  time: "timestamp with time zone",
  text: "text",
  json: "json",
  value: "text"
}

/** A value stands as PostgreSQL's own `->>` would give it. */
const parameter = (kind: Table.Kind, cell: unknown): unknown => {
  if (cell === null) return null
  if (kind === "time") return DateTime.formatIso(DateTime.unsafeMake(cell as number))
  if (kind === "json") return isDeep(cell as string) ? JSON.stringify(cell) : queryable(cell as string)
  if (kind === "text" || kind === "value") return Value.textOf(cell as Value.Value)
  return cell
}

/** Nested so deep that PostgreSQL could refuse it. */
const isDeep = (json: string): boolean => {
  if (json.length <= 2 * depthLimit) return false
  let depth = 0
  let isInString = false
  for (let at = 0; at < json.length; at++) {
    const char = json[at]!
    if (char === "\\") at++
    else if (char === "\"") isInString = !isInString
    else if (isInString) continue
    else if (char === "[" || char === "{") depth++
    else if (char === "]" || char === "}") depth--
    if (depth > depthLimit) return true
  }
  return false
}

const depthLimit = 4_000

const selectColumns = `
  select attname || ' ' || format_type(atttypid, atttypmod) from pg_attribute
  where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum`

const createMarks = (marks: string) => `
  create table if not exists ${marks} (
    table_name text not null, run text not null, layout text not null, list integer not null, epoch bigint not null,
    position bigint not null, is_complete boolean not null, primary key (table_name, run))`

const failure = (place: Place, reason: "Open" | "Write") => (error: unknown): SinkError => {
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
