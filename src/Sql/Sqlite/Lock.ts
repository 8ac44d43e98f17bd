/**
 * Lock: a tiny database that one process holds at a time. The system ends the lock with the process, however that ends; so what a process
 * that was killed leaves is no obstacle.
 */
import { Effect, Option, Schema, type Scope } from "effect"
import { statSync, unlinkSync } from "node:fs"
import { connect, type Connection, touch } from "./Connection.ts"
import { SqliteError } from "./Failure.ts"

/** How a lock is held: so that others can read what stands in its file, or so that they cannot. */
export type Mode = "immediate" | "exclusive"

/** Holds the lock in a file until the scope closes, and its file goes with it. `prepare` comes first, and may fail as a lock that is held does. */
export const hold = (
  path: string,
  mode: Mode,
  prepare: (sql: Connection) => Effect.Effect<unknown, SqliteError> = () => Effect.void
): Effect.Effect<void, SqliteError, Scope.Scope> =>
  Effect.gen(function*() {
    const inode = yield* touch(path)
    const sql = yield* connect(path)
    // the whole process waits for it, just long enough for one who only looks whether it is held
    yield* sql.select("pragma busy_timeout = 100")
    yield* prepare(sql)
    yield* sql.run(`begin ${mode}`)
    // whoever held it may have taken the file away in between
    const found = yield* Effect.option(Effect.try(() => statSync(path).ino))
    if (!Option.contains(found, inode)) {
      return yield* new SqliteError({ code: "SQLITE_BUSY", message: "it was held until now" })
    }
    yield* Effect.addFinalizer(() => remove(path))
  })

/** What stands in a database as JSON where a query finds it; nothing where it cannot be read. */
export const read = <A, I>(path: string, query: string, schema: Schema.Schema<A, I>): Effect.Effect<A | undefined> =>
  Effect.gen(function*() {
    const sql = yield* connect(path, { isReader: true })
    const [[value] = []] = yield* sql.select(query)
    return yield* Schema.decodeUnknown(Schema.parseJson(schema))(value)
  }).pipe(
    Effect.scoped,
    Effect.orElseSucceed(() => undefined)
  )

/** Takes the file of a lock away. */
export const remove = (path: string): Effect.Effect<void> => Effect.ignore(Effect.try(() => unlinkSync(path)))
