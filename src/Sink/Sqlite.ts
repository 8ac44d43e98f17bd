/**
 * A table of a SQLite database as an output. The database may be anybody's, and others may read it while a run goes on.
 *
 * Rows and how far they go are one transaction, so that a power loss costs no more than writing the last of them again; only the end of a
 * run waits for the disk.
 */
import { DateTime, Effect, type Scope } from "effect"
import { existsSync } from "node:fs"
import { applicationId } from "../Ledger/Sqlite/Tables.ts"
import type { Sink } from "../Sink.ts"
import { connect, type Connection, pieces, type Statements, touch, values } from "../Sql/Sqlite/Connection.ts"
import * as Failure from "../Sql/Sqlite/Failure.ts"
import * as Lock from "./Lock.ts"
import * as Mark from "./Mark.ts"
import { SinkError } from "./SinkError.ts"
import * as Table from "./Table.ts"
import type * as Rows from "./Table/Rows.ts"
import * as Sql from "./Table/Sql.ts"
import { fit } from "./Text.ts"
import * as Value from "./Value.ts"

/** Which table of the file; `id` is the same for the same file, however its path is written. */
export interface Place {
  readonly table?: string
  readonly id?: string
}

/** Writes to a table of the database in `path`, which is made, for its owner's eyes only, where it does not exist. */
export const make = (
  path: string,
  { id = path, table = "rollcall" }: Place = {},
  options: Table.TableOptions = {}
): typeof Sink.Service =>
  Table.make({
    name: path,
    id: table === "rollcall" ? id : `${id}?table=${table}`,
    table: Sql.named(table),
    other: `${path}?table=NAME`,
    columnLimit: 2_000,
    isTaken: () => false,
    check: Effect.suspend(() =>
      /^sqlite_/i.test(table)
        ? new SinkError({
          reason: "Clash",
          sink: path,
          detail: `tables whose names begin with sqlite_ are SQLite's own: name another one (${path}?table=NAME)`
        })
        : existsSync(path)
        ? Effect.scoped(Effect.asVoid(connected(path)))
        : Effect.void
    ),
    open: (run, columns) =>
      Effect.gen(function*() {
        // runs of other lists may write to it at the same time
        const lock = yield* Mark.identity([table, run])
        yield* Lock.make(`${path}.${lock.slice(0, 8)}-lock`, path).hold
        return yield* open(yield* connected(path), path, table, run, columns)
      })
  }, options)

/** The database, if it is one that may be written to. */
const connected = (path: string): Effect.Effect<Connection, SinkError, Scope.Scope> =>
  Effect.gen(function*() {
    yield* touch(path, { isShared: true })
    const sql = yield* connect(path, { isPatient: true })
    const [[id] = []] = yield* sql.select("pragma application_id")
    return id === applicationId
      ? yield* new SinkError({
        reason: "Exists",
        sink: path,
        detail: "it is a ledger: name another file",
        remedy: "output"
      })
      : sql
  }).pipe(Effect.mapError(failure(path, "Open")))

const open = (
  sql: Connection,
  path: string,
  name: string,
  run: string,
  columns: ReadonlyArray<Rows.Column>
): Effect.Effect<Table.Table, SinkError, Scope.Scope> =>
  Effect.gen(function*() {
    const select = (text: string, ...params: ReadonlyArray<unknown>) => sql.select(text, params)
    const columnsOf = (table: string) =>
      Effect.map(
        select("select name, type from pragma_table_info(?)", table),
        (rows) => rows.map(([name, type]) => describe(name as string, type as string))
      )
    const found = yield* columnsOf(name)
    const isMarked = found.length > 0 && (yield* columnsOf(Sql.marks)).length > 0
    const [mark] = isMarked ? yield* select(selectMark, name, run) : []
    if ((yield* select("select 1 from sqlite_schema limit 1")).length === 0) {
      yield* sql.select("pragma journal_mode = wal")
      yield* Effect.addFinalizer(() => sql.leaveOneFile)
    }
    // in any other mode, what is not waited for may damage the database
    const [[mode] = []] = yield* select("pragma journal_mode")
    if (mode === "wal") yield* sql.select("pragma synchronous = normal")

    const table = Sql.named(name)
    const upsert = values(columns.length, (rows) =>
      `insert into ${table} (${Sql.names(columns)}) ${rows} ${Sql.onConflict(columns)}`)
    const drop = `delete from ${table} where run = ? and ordinal >= ? and ordinal < ?`
    const largest = 2 ** Math.min(8, Math.floor(Math.log2(parameterLimit / columns.length)))
    const write = (body: (execute: Statements["run"]) => Effect.Effect<unknown, Failure.SqliteError>) =>
      Effect.mapError(
        sql.transaction(({ run }) =>
          Effect.asVoid(body(run))
        ),
        failure(path, "Write")
      )
    const remember = ({ epoch, isComplete, layout, list, position }: Sql.Progress) =>
      [upsertMark, [name, run, layout, list, epoch, position, isComplete ? 1 : 0]] as const
    return {
      wanted: columns.map(({ kind, name }) => describe(name, types[kind])),
      found: found.length === 0 ? undefined : found,
      progress: mark === undefined ? undefined : Sql.progressOf(mark),
      count: (position) =>
        Effect.mapBoth(select(`select count(*) from ${table} where run = ? and ordinal < ?`, run, position), {
          onFailure: failure(path, "Open"),
          onSuccess: (rows) => rows[0]![0] as number
        }),
      isShared: Effect.mapBoth(select(`select 1 from ${table} where run <> ? limit 1`, run), {
        onFailure: failure(path, "Open"),
        onSuccess: (rows) => rows.length > 0
      }),
      reshape: (drop, add) =>
        write((execute) =>
          Effect.forEach(Sql.changes(drop, add, types), (change) => execute(`alter table ${table} ${change}`))
        ),
      begin: (progress) =>
        write((execute) =>
          Effect.gen(function*() {
            yield* execute(`create table if not exists ${table} (${Sql.definition(columns, types)})`)
            yield* execute(createMarks)
            yield* execute(...remember(progress))
          })
        ),
      write: ({ only, progress, rows }) =>
        write((execute) =>
          Effect.gen(function*() {
            if (only !== undefined) yield* execute(drop, [run, only.from, only.to])
            const cells = rows.map((row) => row.map((cell, index) => parameter(columns[index]!.kind, cell)))
            for (const piece of pieces(cells, largest)) yield* execute(upsert(piece.length), piece.flat())
            if (progress !== undefined) yield* execute(...remember(progress))
          })
        ),
      complete: (progress, end) =>
        Effect.zipRight(
          Effect.mapError(sql.select("pragma synchronous = full"), failure(path, "Write")),
          write((execute) => Effect.zipRight(execute(drop, [run, end, 2 ** 53]), execute(...remember(progress))))
        )
    } satisfies Table.Table
  }).pipe(Effect.mapError(failure(path, "Open")))

/** Parameters of one statement. */
const parameterLimit = 32_766

/** A value has no type of its own, so that it stays what it is; a time is text, as SQLite's functions take it. */
const types: Readonly<Record<Rows.Kind, string>> = {
  integer: "integer",
  place: "integer",
  real: "real",
  boolean: "integer",
  time: "text",
  text: "text",
  json: "text",
  value: ""
}

const describe = (name: string, type: string) => `${name} ${type.toLowerCase()}`.trim()

/** A value stands as SQLite's own `->>` would give it: as a number where SQLite has one with these digits. */
const parameter = (kind: Rows.Kind, cell: unknown): unknown => {
  if (cell === null) return null
  if (kind === "time") return DateTime.formatIso(DateTime.unsafeMake(cell as number))
  switch (typeof cell) {
    case "string":
      return kind === "json" ? cell : fit(cell)
    case "boolean":
      return cell ? 1n : 0n
    case "number":
      return number(cell)
    default: {
      const value = cell as Exclude<Value.Value, null | string | boolean | number>
      return "digits" in value ? number(Value.numberFor(value.digits) ?? value.digits) : value.json
    }
  }
}

/** Drivers may take any number for a real one. */
const number = <A>(value: A): A | bigint => Number.isSafeInteger(value) ? BigInt(value as number) : value

const marks = Sql.named(Sql.marks)
const createMarks = `
  create table if not exists ${marks} (
    table_name text not null, run text not null, layout text not null, list integer not null, epoch integer not null,
    position integer not null, is_complete integer not null, primary key (table_name, run))`
const selectMark = `
  select layout, list, epoch, position, is_complete from ${marks} where table_name = ? and run = ?`
const upsertMark = `insert into ${marks} values (?, ?, ?, ?, ?, ?, ?) ${Sql.onMarkConflict}`

const messages = Failure.messagesOf("output")

const failure = (sink: string, reason: "Open" | "Write") => (error: unknown): SinkError => {
  if (error instanceof SinkError) return error
  const { message, remedy } = Failure.explain(error, messages)
  return new SinkError({ reason, sink, detail: message, remedy, cause: error })
}
