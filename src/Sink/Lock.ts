/**
 * Lock: one run at a time writes to an output, whichever ledger it has. It is a transaction on a tiny file beside the output, in which
 * stands who holds it. Where nothing can be locked (a file system without locks, a disk that is full) a run goes on without it.
 */
import { Clock, Effect, type Scope } from "effect"
import { existsSync } from "node:fs"
import { hostname } from "node:os"
import { held, Holder } from "../Ledger.ts"
import { connect, type Connection } from "../Sql/Sqlite/Connection.ts"
import { isBusy, SqliteError } from "../Sql/Sqlite/Failure.ts"
import * as Sqlite from "../Sql/Sqlite/Lock.ts"
import { SinkError } from "./SinkError.ts"
import type { Lock } from "./Target.ts"

/** The lock in the file `path` for an output that messages call `sink`. */
export const make = (path: string, sink: string): Lock => {
  const busy = Effect.flatMap(
    holder(path),
    (holder) => Effect.fail(new SinkError({ reason: "Busy", sink, detail: held(holder) }))
  )
  const failBusy = <A>(effect: Effect.Effect<A, SqliteError, Scope.Scope>) =>
    Effect.catchAll(effect, (error) => isBusy(error) ? busy : Effect.void)
  return {
    hold: failBusy(Sqlite.hold(path, "immediate", sign)),
    free: Effect.suspend(() => existsSync(path) ? Effect.asVoid(Effect.scoped(failBusy(look(path)))) : Effect.void)
  }
}

/** The file of the lock of a file, which grows as `OUT.part`. */
export const ofFile = (path: string): Lock => make(`${path}.part-lock`, path)

/** Writes down who holds it, unless the disk has no room for it. */
const sign = (sql: Connection) =>
  Effect.gen(function*() {
    const mine: Holder = { pid: process.pid, host: hostname(), since: yield* Clock.currentTimeMillis }
    const tables = yield* sql.select("select name from sqlite_schema")
    // what is somebody else's is neither written to nor taken away
    if (tables.length > 0 && tables[0]![0] !== "rollcall_holder") return yield* new SqliteError({ message: "not ours" })
    // it need not survive a power loss
    yield* sql.select("pragma synchronous = off")
    yield* sql.transaction(({ run }) =>
      Effect.all([
        run("create table if not exists rollcall_holder (value text not null)"),
        run("delete from rollcall_holder"),
        run("insert into rollcall_holder values (?)", [JSON.stringify(mine)])
      ])
    )
  }).pipe(Effect.catchIf((error) => error.code === "SQLITE_FULL", () => Effect.void))

/** Fails where it is held. */
const look = (path: string) =>
  Effect.flatMap(connect(path), (sql) =>
    Effect.zipRight(
      sql.select("pragma busy_timeout = 0"),
      sql.run("begin immediate")
    ))

/** Who holds it, as far as can be told. */
const holder = (path: string): Effect.Effect<Holder | undefined> =>
  Sqlite.read(path, "select value from rollcall_holder", Holder)
