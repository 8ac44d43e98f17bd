/**
 * Lock: one run at a time writes to a ledger. It is an exclusive transaction on a tiny file beside it.
 */
import { Effect, type Scope } from "effect"
import { existsSync } from "node:fs"
import { busy, Holder, type LedgerError } from "../../Ledger.ts"
import { connect } from "../../Sql/Sqlite/Connection.ts"
import { isBusy } from "../../Sql/Sqlite/Failure.ts"
import * as Lock from "../../Sql/Sqlite/Lock.ts"
import * as Failure from "./Failure.ts"

/** Holds the ledger until the scope closes; the lock's file goes with it. One that is held fails with who holds it. */
export const hold = (file: string): Effect.Effect<void, LedgerError, Scope.Scope> =>
  // a journal of its own would be a file more
  Lock.hold(`${file}-lock`, "exclusive", (sql) => sql.select("pragma journal_mode = memory")).pipe(
    Effect.catchAll((error) =>
      isBusy(error)
        ? Effect.flatMap(note(file), (holder) => busy(file, holder, error))
        : Failure.make(file, "Open")(error)
    ),
    Effect.tapError(({ reason }) => reason === "Binding" ? Lock.remove(`${file}-lock`) : Effect.void)
  )

/** Who holds the ledger now, as far as can be told; `undefined` for nobody. */
export const holder = (file: string): Effect.Effect<Holder | undefined> =>
  Effect.suspend(() => existsSync(`${file}-lock`) ? peek(`${file}-lock`) : Effect.succeed(false)).pipe(
    Effect.flatMap((isHeld) => isHeld ? note(file) : Effect.succeed(undefined))
  )

/** Whether a file is locked: one who reads it is refused. */
const peek = (path: string) =>
  Effect.gen(function*() {
    const sql = yield* connect(path, { isReader: true })
    yield* sql.select("pragma busy_timeout = 0")
    yield* sql.select("select 1 from sqlite_schema")
    return false
  }).pipe(
    Effect.scoped,
    Effect.catchAll((error) => Effect.succeed(isBusy(error)))
  )

/** Who the ledger says that holds it, or held it. */
const note = (file: string): Effect.Effect<Holder | undefined> =>
  Lock.read(file, "select value from note where name = 'holder'", Holder)
