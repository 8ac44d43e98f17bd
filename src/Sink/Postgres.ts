/**
 * A table of a PostgreSQL database (version 12 or newer) as an output.
 *
 * A statement writes rows and how far they go; there is no other transaction.
 */
import { DateTime, Effect, type Redacted } from "effect"
import * as Failure from "../Ledger/Postgres/Failure.ts"
import type * as Session from "../Ledger/Postgres/Session.ts"
import type { Sink } from "../Sink.ts"
import * as Columns from "./Postgres/Columns.ts"
import { connect, failure, isLong, parse, type Place } from "./Postgres/Place.ts"
import { SinkError } from "./SinkError.ts"
import * as Table from "./Table.ts"
import type * as Rows from "./Table/Rows.ts"
import * as Sql from "./Table/Sql.ts"
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

const open = (
  session: Session.Session,
  place: Place,
  run: string,
  columns: ReadonlyArray<Rows.Column>
): Effect.Effect<Table.Table, SinkError> =>
  Effect.gen(function*() {
    const { marks, table } = place
    const long = columns.find(({ name }) => isLong(name))
    if (long !== undefined) {
      return yield* new SinkError({
        reason: "Clash",
        sink: place.name,
        detail: `a column's name may have 63 bytes here, and ${JSON.stringify(long.name)} has more: `
          + "rename the input's column, or give a selected one another name",
        remedy: "select"
      })
    }
    const found = yield* Columns.select(session, table)
    const isMarked = (yield* Columns.select(session, marks)).length > 0
    const [progress] = found.length === 0 || !isMarked ? [] : yield* session.select(
      `select layout, list, epoch, position, is_complete from ${marks} where table_name = $1 and run = $2`,
      [table, run],
      Sql.progressOf
    )

    // the first is the run
    const [, ...cells] = columns
    const values = yield* Columns.make(session, table, cells)
    const insert = () => `
      insert into ${table} (${Sql.names(columns)}) select $1::text, * from unnest(${
      cells.map(({ kind }, index) => {
        const type = values.types()[index]
        return `$${index + 2}::${type === undefined ? types[kind] : Columns.sqlOf(type)}[]`
      }).join(", ")
    }) ${Sql.onConflict(columns)}`
    const remember = (first: number) =>
      `insert into ${marks} values (${
        Array.from({ length: 7 }, (_, index) => `$${first + index}`).join(", ")
      }) ${Sql.onMarkConflict}`
    const mark = (
      { epoch, isComplete, layout, list, position }: Sql.Progress
    ) => [table, run, layout, list, epoch, position, isComplete]
    const next = columns.length + 1
    const writeAndRemember = () => `with written as (${insert()}) ${remember(next)}`
    const onlyAndRemember = () => `
      with written as (${insert()}), dropped as (
        delete from ${table}
        where run = $1 and ordinal >= $${next + 7} and ordinal < $${next + 8} and ordinal <> all ($2::bigint[]))
      ${remember(next)}`
    const dropAndRemember = `with dropped as (delete from ${table} where run = $1 and ordinal >= $2) ${remember(3)}`
    const write = (text: string, params: ReadonlyArray<unknown> = []) =>
      Effect.asVoid(Effect.mapError(session.run(text, params), failure(place, "Write")))
    return {
      wanted: columns.map(({ kind, name }, index) => {
        const type = index === 0 ? undefined : values.types()[index - 1]
        return `${name} ${type === undefined ? types[kind] : Columns.sqlOf(type)}`
      }),
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
      isShared: Effect.mapBoth(
        session.select(`select 1 from ${table} where run <> $1 limit 1`, [run], ([one]) => one),
        { onFailure: failure(place, "Open"), onSuccess: (rows) => rows.length > 0 }
      ),
      reshape: (drop, add) =>
        Effect.zipRight(
          write(`alter table ${table} ${Sql.changes(drop, add, types).join(", ")}`),
          Effect.mapError(values.look, failure(place, "Open"))
        ),
      begin: (progress) =>
        Effect.gen(function*() {
          // who may write rows need not be one who may make tables, and two runs may make them at once
          const make = (text: string) => Effect.retry(write(text), { times: 1 })
          if (found.length === 0) {
            yield* make(`create table if not exists ${table} (${Sql.definition(columns, types)})`)
          }
          if (!isMarked) yield* make(createMarks(marks))
          yield* write(remember(1), mark(progress))
        }),
      write: ({ only, progress, rows }) => {
        const insertAll = Effect.suspend(() => {
          const types = values.types()
          const params: Array<unknown> = [
            run,
            ...cells.map(({ kind }, index) => rows.map((row) => parameter(kind, types[index], row[index + 1])))
          ]
          if (progress === undefined) return session.run(insert(), params)
          params.push(...mark(progress))
          return only === undefined
            ? session.run(writeAndRemember(), params)
            : session.run(onlyAndRemember(), [...params, only.from, only.to])
        })
        const fitting = Effect.zipRight(values.fit(rows.map((row) => row.slice(1))), insertAll)
        return fitting.pipe(
          // another run has given the column a type, or values of another one
          Effect.retry({
            times: 3,
            while: (error) => isMismatch(error) ? Effect.as(Effect.ignore(values.look), true) : Effect.succeed(false)
          }),
          Effect.mapError(failure(place, "Write")),
          Effect.asVoid
        )
      },
      complete: (progress, end) => write(dropAndRemember, [run, end, ...mark(progress)]),
      warnings: values.warnings
    } satisfies Table.Table
  }).pipe(Effect.mapError(failure(place, "Open")))

/** `datatype_mismatch`, `invalid_text_representation`, `undefined_function`. */
const isMismatch = (error: Session.SqlError) => ["42804", "22P02", "42883"].includes(Failure.code(error) ?? "")

/** Columns that every table has. */
const system = new Set(["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"])

/** `json` keeps an answer as it was received, `jsonb` neither U+0000 nor how a number was written. */
const types: Readonly<Record<Rows.Kind, string>> = {
  integer: "integer",
  place: "bigint",
  real: "double precision",
  boolean: "boolean",
  time: "timestamp with time zone",
  text: "text",
  json: "json",
  value: "text"
}

/** A cell as a parameter; `types` says what its column holds. */
const parameter = (kind: Rows.Kind, type: Columns.Type | undefined, cell: unknown): unknown => {
  if (cell === null) return null
  if (kind === "time") return DateTime.formatIso(DateTime.unsafeMake(cell as number))
  if (kind === "json") return isDeep(cell as string) ? JSON.stringify(cell) : queryable(cell as string)
  if (kind === "value") return Columns.parameter(type!, cell as Exclude<Value.Value, null>)
  return kind === "text" ? Value.textOf(cell as Value.Value) : cell
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

const createMarks = (marks: string) => `
  create table if not exists ${marks} (
    table_name text not null, run text not null, layout text not null, list integer not null, epoch bigint not null,
    position bigint not null, is_complete boolean not null, primary key (table_name, run))`
