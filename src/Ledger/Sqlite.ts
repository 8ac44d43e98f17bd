/**
 * The ledger in a SQLite file, by better-sqlite3 through @effect/sql. WAL and `synchronous=FULL`: what is recorded survives a power
 * loss.
 *
 * A batch is one transaction of statements with many rows each: 3–4 µs a row.
 */
import { SqliteClient } from "@effect/sql-sqlite-node"
import type { SqlError } from "@effect/sql/SqlError"
import { Cause, Context, Duration, Effect, Layer, Schema, type Scope } from "effect"
import { closeSync, constants, fstatSync, openSync, statSync, unlinkSync } from "node:fs"
import {
  type Answered,
  type Counts,
  type Enrolled,
  Ledger,
  LedgerError,
  List,
  mismatch,
  noList,
  type Row,
  type Unanswered
} from "../Ledger.ts"
import type { Kind } from "../Outcome.ts"
import * as Failure from "./Sqlite/Failure.ts"

/** Opens the ledger in `file`, which is made, for its owner's eyes only, where it does not exist. */
export const layer = (file: string): Layer.Layer<Ledger, LedgerError> =>
  Layer.scoped(Ledger, make(file)).pipe(
    Layer.provide(Layer.unwrapScoped(
      Effect.as(Effect.zipRight(lock(file), touch(file)), connect(file))
    )),
    // better-sqlite3 opens the file in a constructor, whose exceptions arrive as defects
    Layer.catchAllCause((cause) => Layer.fail(Failure.make(file, "Open")(Cause.squash(cause))))
  )

/** A connection whose prepared statements last as long as the process. */
const connect = (file: string) =>
  Layer.tap(
    SqliteClient.layer({ filename: file, disableWAL: true, prepareCacheTTL: Duration.infinity }),
    (context) => Effect.sync(() => kept.push(context))
  )

/** better-sqlite3 12 ends the process on Node 24 when one of its statements is garbage-collected. */
const kept: Array<unknown> = []

/**
 * Holds the ledger for one run until the scope closes: an exclusive transaction on a file beside it, which the system ends with the
 * process, however that ends. The file goes with it.
 */
export const lock = (file: string): Effect.Effect<void, LedgerError, Scope.Scope> =>
  Effect.gen(function*() {
    const path = `${file}-lock`
    const inode = yield* touch(path)
    const sql = Context.get(
      yield* Layer.build(connect(path)),
      SqliteClient.SqliteClient
    )
    // SQLite would keep the whole process waiting
    yield* sql.unsafe("pragma busy_timeout = 0")
    yield* sql.unsafe("begin exclusive")
    // the run that held it may have taken the file away in between
    if ((yield* Effect.try(() => statSync(path).ino)) !== inode) return yield* Effect.fail(busy)
    yield* Effect.addFinalizer(() => Effect.ignore(Effect.try(() => unlinkSync(path))))
  }).pipe(
    Effect.catchAllCause((cause) => Effect.fail(Failure.make(file, "Open")(Cause.squash(cause)))),
    Effect.tapError(({ reason }) =>
      reason === "Binding" ? Effect.ignore(Effect.try(() => unlinkSync(`${file}-lock`))) : Effect.void
    )
  )

const busy = Object.assign(new Error("busy"), { code: "SQLITE_BUSY" })

/** Makes the file before SQLite does, which would leave its mode to the umask and follow links; the result is its inode. */
const touch = (file: string) =>
  Effect.try(() => {
    const handle = openSync(file, constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0), 0o600)
    const { ino } = fstatSync(handle)
    closeSync(handle)
    return ino
  })

const make = (file: string) =>
  Effect.gen(function*() {
    const sql = yield* SqliteClient.SqliteClient
    yield* prepare(sql, file)

    const read = <A, E>(effect: Effect.Effect<A, E>) => Effect.mapError(effect, Failure.make(file, "Read"))
    const write = <E>(effect: Effect.Effect<unknown, E>) =>
      Effect.asVoid(Effect.mapError(effect, Failure.make(file, "Write")))
    const get = <A, I>(key: string, schema: Schema.Schema<A, I>) =>
      Effect.flatMap(
        sql<{ value: string }>`select value from meta where key = ${key}`,
        ([row]) => row === undefined ? Effect.succeed(undefined) : Schema.decode(Schema.parseJson(schema))(row.value)
      )
    const set = (key: string, value: unknown) =>
      sql`insert into meta values (${key}, ${JSON.stringify(value)}) on conflict do update set value = excluded.value`
    const select = <A>(text: string, params: ReadonlyArray<unknown>, make: (row: ReadonlyArray<any>) => A) =>
      Effect.map(sql.unsafe(text, params).values, (rows) => rows.map(make))

    /** Inserts all of it or nothing. The client's own transactions die where a COMMIT fails. */
    const insert = (...batches: ReadonlyArray<Batch>): Effect.Effect<void, SqlError> =>
      Effect.scoped(Effect.flatMap(sql.reserve, (connection) => {
        const run = (text: string, params: ReadonlyArray<unknown> = []) => connection.executeRaw(text, params)
        const statements = batches.flatMap(({ rows, table }) =>
          pieces(rows).map((piece) => run(insertInto[table](piece.length), piece.flat()))
        )
        return Effect.all([run("begin immediate"), ...statements, run("commit")], { discard: true }).pipe(
          Effect.onError(() => Effect.ignore(run("rollback")))
        )
      })).pipe(Effect.uninterruptible)

    return Ledger.of({
      name: file,
      begin: (fingerprint) =>
        Effect.flatMap(
          read(get("request", Fingerprint)),
          (mine) =>
            Effect.zipRight(
              // what has answered nothing may answer anybody
              Effect.whenEffect(
                mismatch(file, mine ?? fingerprint, fingerprint),
                Effect.map(read(sql`select 1 from outcome limit 1`), ({ length }) => length > 0)
              ),
              write(set("request", fingerprint))
            )
        ),
      enroll: (entries) =>
        write(insert(
          { table: "question", rows: entries.flatMap(({ key }) => key === null ? [] : [[key]]) },
          { table: "entry", rows: entries.map(fromEntry) }
        )),
      enrolled: (list) =>
        write(Effect.zipRight(sql`delete from entry where ordinal >= ${list.entries}`, set("list", list))),
      list: Effect.map(read(get("list", List)), (list) => list ?? noList),
      pending: (ordinal, limit) =>
        read(Effect.gen(function*() {
          for (let from = ordinal;; from += stretch) {
            const found = yield* select(selectPending, [from, from + stretch, limit], toUnanswered)
            if (found.length > 0) return found
            const rest = yield* sql`select 1 from entry where ordinal >= ${from + stretch} limit 1`
            if (rest.length === 0) return []
            yield* Effect.sleep(0)
          }
        })),
      record: (outcomes) => write(insert({ table: "outcome", rows: outcomes.map(fromOutcome) })),
      rows: (ordinal, limit) => read(select(selectRows, [ordinal, ordinal + limit], toRow)),
      rowsOf: (questions) => read(select(selectRowsOf, [JSON.stringify(questions)], toRow)),
      counts: read(Effect.gen(function*() {
        const [totals] = yield* sql.unsafe<Omit<Counts, "outcomes">>(selectTotals)
        const rows = yield* sql.unsafe<{ outcome: Kind; count: number }>(selectOutcomes)
        const outcomes = { found: 0, not_found: 0, invalid: 0, failed: 0, skipped: 0 }
        for (const { count, outcome } of rows) outcomes[outcome] = count
        return { ...totals!, outcomes }
      }))
    })
  })

/** Entries that are searched for pending questions at a time: SQLite keeps the whole process waiting. */
const stretch = 65_536

const Fingerprint = Schema.Record({ key: Schema.String, value: Schema.String })

/** `ROLL` in the file's header: a ledger, and no other program's database. */
const applicationId = 0x524f4c4c
const version = 1

/** Makes the tables where the file is new. A file that is not ours is left as it is. */
const prepare = (sql: SqliteClient.SqliteClient, file: string) =>
  Effect.gen(function*() {
    const pragma = (text: string) => sql.unsafe(`pragma ${text}`)
    const [found] = yield* sql<{ id: number; version: number; tables: number }>`
      select application_id id, user_version version, (select count(*) from sqlite_schema) tables
      from pragma_application_id, pragma_user_version`
    if (found!.id !== applicationId && found!.tables > 0) {
      return yield* refused(file, "this is another program's database: name another file with --ledger")
    }
    if (found!.version > version) {
      return yield* refused(
        file,
        `it is of version ${found!.version}, and this rollcall knows ${version}: use a newer one`
      )
    }
    yield* pragma("journal_mode = wal")
    if (found!.version < version) {
      // the first commit that counts makes these durable too
      yield* pragma("synchronous = normal")
      yield* pragma(`application_id = ${applicationId}`)
      yield* Effect.forEach(tables, (table) => sql.unsafe(table), { discard: true })
      yield* pragma(`user_version = ${version}`)
    }
    yield* pragma("synchronous = full")
  })

const refused = (ledger: string, message: string) => new LedgerError({ reason: "Open", ledger, message })

const tables = [
  `create table if not exists meta (key text primary key, value text not null) without rowid`,
  `create table if not exists question (id integer primary key, key text not null unique)`,
  `create table if not exists entry (
     ordinal integer primary key, line integer not null, question integer, input text not null, columns text, error text)`,
  `create index if not exists entry_question on entry (question, ordinal)`,
  `create table if not exists outcome (
     question integer primary key, outcome text not null, http_status integer, attempts integer not null,
     calls integer not null, ms real, at integer not null, body text, error text)`
]

/** Rows for a table. */
interface Batch {
  readonly table: keyof typeof insertInto
  readonly rows: ReadonlyArray<ReadonlyArray<unknown>>
}

const values = (row: string, count: number) => `values ${Array<string>(count).fill(row).join()}`

/** Statements by their number of rows. */
const memo = (make: (count: number) => string) => {
  const made: Array<string> = []
  return (count: number) => made[count] ??= make(count)
}

const insertInto = {
  question: memo((count) => `insert into question (key) ${values("(?)", count)} on conflict do nothing`),
  entry: memo((count) => `
    insert into entry
    select column1, column2, question.id, column4, column5, column6
    from (${values("(?, ?, ?, ?, ?, ?)", count)}) left join question on question.key = column3
    where true
    on conflict (ordinal) do update set
      line = excluded.line, question = excluded.question, input = excluded.input, columns = excluded.columns,
      error = excluded.error
    where (line, question, input, columns, error)
      is not (excluded.line, excluded.question, excluded.input, excluded.columns, excluded.error)`),
  outcome: memo((count) =>
    `insert into outcome ${values("(?, ?, ?, ?, ?, ?, ?, ?, ?)", count)} on conflict (question) do nothing`
  )
}

/** Cuts into powers of two, at most 256, so that few statements have to be prepared. */
const pieces = <A>(rows: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> => {
  const cut: Array<ReadonlyArray<A>> = []
  for (let at = 0, size = 256; at < rows.length; at += size) {
    while (size > rows.length - at) size /= 2
    cut.push(rows.slice(at, at + size))
  }
  return cut
}

const fromEntry = (entry: Enrolled) => [entry.ordinal, entry.line, entry.key, entry.input, entry.columns, entry.error]

const fromOutcome = (row: Answered) => [
  row.question,
  row.outcome,
  row.http_status,
  row.attempts,
  row.calls,
  row.ms,
  row.at,
  row.body,
  row.error
]

const isRepeat = `
  exists (select 1 from entry earlier where earlier.question = entry.question and earlier.ordinal < entry.ordinal)`

const selectPending = `
  select entry.question, question.key, entry.ordinal
  from entry join question on question.id = entry.question
  where entry.ordinal >= ? and entry.ordinal < ?
    and not exists (select 1 from outcome where outcome.question = entry.question) and not ${isRepeat}
  order by entry.ordinal limit ?`

const toUnanswered = (row: ReadonlyArray<any>): Unanswered => ({ question: row[0], key: row[1], ordinal: row[2] })

const rowColumns = `
  case when entry.error is null then outcome.outcome else 'invalid' end, entry.ordinal, entry.line, question.key, entry.input,
  entry.columns, coalesce(entry.error, outcome.error), entry.question, outcome.http_status, outcome.attempts, outcome.calls,
  outcome.ms, outcome.at, outcome.body, ${isRepeat}`

const selectRows = `
  select ${rowColumns}
  from entry left join question on question.id = entry.question left join outcome on outcome.question = entry.question
  where entry.ordinal >= ? and entry.ordinal < ? order by entry.ordinal`

const selectRowsOf = `
  select ${rowColumns}
  from json_each(?) asked join entry on entry.question = asked.value join question on question.id = entry.question
    left join outcome on outcome.question = entry.question
  order by asked.key, entry.ordinal`

const selectTotals = `
  select (select count(*) from entry) entries,
    (select count(*) from (select distinct question from entry where question is not null)) questions,
    (select count(*) from entry where question is null) refused`

const selectOutcomes = `
  select outcome, count(*) count from outcome where question in (select question from entry) group by outcome`

const toRow = (row: ReadonlyArray<any>): Row => ({
  outcome: row[0],
  ordinal: row[1],
  line: row[2],
  key: row[3],
  input: row[4],
  columns: row[5],
  error: row[6],
  question: row[7] ?? 0,
  http_status: row[8],
  attempts: row[9] ?? 0,
  calls: row[10] ?? 0,
  ms: row[11],
  at: row[12] ?? 0,
  body: row[13],
  isRepeat: row[14] === 1
})
