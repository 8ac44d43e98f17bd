/**
 * Session: the one connection of a ledger, for reads and writes. When it is lost it stays lost, and with it the lock that it held: nothing
 * is written without the lock.
 */
import { PgClient } from "@effect/sql-pg"
import { SqlError } from "@effect/sql/SqlError"
import { Context, Effect, Layer, type Scope } from "effect"
import type { Address } from "./Address.ts"
import * as Text from "./Text.ts"

/** Runs statements. */
export interface Connection {
  /** The rows, each an array of its columns. */
  readonly select: <A>(
    text: string,
    params: ReadonlyArray<unknown>,
    make: (row: ReadonlyArray<any>) => A
  ) => Effect.Effect<ReadonlyArray<A>, SqlError>
  /** How many rows were changed. */
  readonly run: (text: string, params?: ReadonlyArray<unknown>) => Effect.Effect<number, SqlError>
}

/** A connection that several fibers share: a statement waits for those before it, and is not interrupted. */
export interface Session extends Connection {
  /** Does all of it or nothing; others wait until it is done. */
  readonly transaction: <A, E>(body: (connection: Connection) => Effect.Effect<A, E>) => Effect.Effect<A, E | SqlError>
}

/** Connects, until the scope closes; settings of the server are given as pairs, those that it does not know are left out. */
export const open = (
  address: Address,
  settings: Readonly<Record<string, string>>
): Effect.Effect<Session, SqlError, Scope.Scope> =>
  Effect.gen(function*() {
    const context = yield* Layer.build(PgClient.layer({
      url: address.url,
      applicationName: "rollcall",
      maxConnections: 1,
      connectTimeout: "10 seconds",
      types: { getTypeParser: (type: number) => parsers[type] ?? Text.decode }
    }))
    const connection = yield* Context.get(context, PgClient.PgClient).reserve
    const raw: Connection = {
      select: (text, params, make) =>
        Effect.map(connection.executeValues(text, params), (rows) => rows.map((row) => make(row))),
      run: (text, params = []) =>
        Effect.map(
          connection.executeRaw(text, params),
          (result) => (result as { readonly rowCount?: number | null }).rowCount ?? 0
        )
    }
    const announced = (connection as { readonly pg?: { readonly processID?: number } }).pg?.processID
    const [process] = yield* raw.select("select pg_backend_pid()", [], ([process]) => process as number)
    if (announced !== undefined && announced !== process) return yield* pooled
    const oneByOne = yield* Effect.makeSemaphore(1)
    const alone = <A, E>(effect: Effect.Effect<A, E>) => oneByOne.withPermits(1)(Effect.uninterruptible(effect))
    yield* raw.run(setAll, [JSON.stringify({ ...standard, ...settings })])
    return {
      select: (text, params, make) => alone(raw.select(text, params, make)),
      run: (text, params) => alone(raw.run(text, params)),
      transaction: (body) =>
        alone(
          Effect.zipLeft(Effect.zipRight(raw.run("begin"), body(raw)), raw.run("commit")).pipe(
            Effect.onError(() => Effect.ignore(raw.run("rollback")))
          )
        )
    }
  })

/** A pooler may give a lock, or a setting, to a connection that it gives to others for the next statement. */
const pooled = Effect.suspend(() =>
  new SqlError({
    cause: new Error(
      "a connection pooler answers there, through which nothing can be held: name the database's own address"
    )
  })
)

/** Types by their number: the numbers that the statements give, and booleans. All else is text. */
const parsers: Record<number, (text: string) => unknown> = {
  16: (text) => text === "t",
  20: Number,
  21: Number,
  23: Number,
  701: Number
}

const setAll = `
  select set_config(name, value, false) from json_each_text($1::json) as t(name, value) join pg_settings s using (name)`

/** A session that lasts as long as a run, with small statements. */
const standard = {
  // of tables that have just grown the server knows nothing: it would compile statements, and sort lists for their first page
  jit: "off",
  enable_seqscan: "off",
  enable_bitmapscan: "off",
  enable_sort: "off",
  statement_timeout: "0",
  lock_timeout: "0",
  idle_session_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  // a machine that vanished gives up its lock within half a minute
  tcp_keepalives_idle: "10",
  tcp_keepalives_interval: "5",
  tcp_keepalives_count: "4"
}
