/**
 * Connection: SQLite by better-sqlite3 through @effect/sql.
 */
import { SqliteClient } from "@effect/sql-sqlite-node"
import type { Connection } from "@effect/sql/SqlConnection"
import type { SqlError } from "@effect/sql/SqlError"
import { type ConfigError, Context, Duration, Effect, Layer, Scope } from "effect"
import { isDisk } from "./Failure.ts"

/** A connection whose prepared statements last as long as the process. */
export const connect = (
  file: string,
  { isReader = false }: { readonly isReader?: boolean } = {}
): Layer.Layer<SqliteClient.SqliteClient, ConfigError.ConfigError> =>
  Layer.tap(
    SqliteClient.layer({ filename: file, disableWAL: true, prepareCacheTTL: Duration.infinity, readonly: isReader }),
    (context) => Effect.sync(() => kept.push(context))
  ) as Layer.Layer<SqliteClient.SqliteClient, ConfigError.ConfigError>

/** better-sqlite3 12 ends the process on Node 24 when one of its statements is garbage-collected. */
const kept: Array<unknown> = []

/** A transaction that is open: whoever else wants the connection waits for its end. */
export interface Transaction {
  /** Runs a statement that gives no rows; the result is how many it changed. */
  readonly run: (text: string, params?: ReadonlyArray<unknown>) => Effect.Effect<number, SqlError>
  readonly select: (
    text: string,
    params?: ReadonlyArray<unknown>
  ) => Effect.Effect<ReadonlyArray<ReadonlyArray<any>>, SqlError>
}

/**
 * Does all of it or nothing. The client's own transactions die where a COMMIT fails.
 *
 * After a disk has failed nothing more is written: a second fsync says that all is well, but what the first one could not write is lost.
 */
export const transaction = <A, E>(
  sql: SqliteClient.SqliteClient,
  body: (transaction: Transaction) => Effect.Effect<A, E>
): Effect.Effect<A, E | SqlError> =>
  Effect.suspend(() => failures.get(sql) as Effect.Effect<never, E | SqlError> | undefined ?? perform(sql, body)).pipe(
    Effect.tapError((error) => isDisk(error) && !failures.has(sql) ? abandon(sql, error) : Effect.void)
  )

/** Connections whose disk has failed, and how. */
const failures = new WeakMap<SqliteClient.SqliteClient, Effect.Effect<never, unknown>>()

/** The last connection that closes copies the journal into the database, with an fsync of each: another one stays open until the end. */
const abandon = (sql: SqliteClient.SqliteClient, error: unknown) =>
  Effect.gen(function*() {
    failures.set(sql, Effect.fail(error))
    const scope = yield* Scope.make()
    const other = Context.get(
      yield* Layer.buildWithScope(connect(sql.config.filename, { isReader: true }), scope),
      SqliteClient.SqliteClient
    )
    yield* other.unsafe("select 1 from sqlite_schema")
  }).pipe(Effect.catchAllCause(() => Effect.void))

const perform = <A, E>(
  sql: SqliteClient.SqliteClient,
  body: (transaction: Transaction) => Effect.Effect<A, E>
): Effect.Effect<A, E | SqlError> =>
  Effect.scoped(Effect.flatMap(sql.reserve, (connection) => {
    const on = transactionOn(connection)
    return Effect.zipLeft(Effect.zipRight(on.run("begin immediate"), body(on)), on.run("commit")).pipe(
      Effect.onError(() => Effect.ignore(on.run("rollback")))
    )
  })).pipe(Effect.uninterruptible)

const transactionOn = (connection: Connection): Transaction => ({
  run: (text, params = []) =>
    Effect.map(connection.executeRaw(text, params), (result) => (result as { readonly changes?: number }).changes ?? 0),
  select: (text, params = []) => connection.executeValues(text, params)
})

/** Cuts into powers of two, at most `largest`, so that few statements have to be prepared. */
export const pieces = <A>(rows: ReadonlyArray<A>, largest = 256): ReadonlyArray<ReadonlyArray<A>> => {
  const cut: Array<ReadonlyArray<A>> = []
  for (let at = 0, size = largest; at < rows.length; at += size) {
    while (size > rows.length - at) size /= 2
    cut.push(rows.slice(at, at + size))
  }
  return cut
}

/** `values (?, ?), (?, ?)` for a number of rows; texts are kept by that number. */
export const values = (columns: number, make: (values: string) => string): (count: number) => string => {
  const row = `(${Array<string>(columns).fill("?").join()})`
  const made: Array<string> = []
  return (count) => made[count] ??= make(`values ${Array<string>(count).fill(row).join()}`)
}
