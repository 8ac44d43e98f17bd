/**
 * Lock: one run at a time writes to a ledger. It is an exclusive transaction on a tiny file beside it, which the system ends with the
 * process, however that ends; so what a run that was killed leaves is no obstacle.
 */
import { SqliteClient } from "@effect/sql-sqlite-node"
import { Cause, Context, Effect, Layer, Schema, type Scope } from "effect"
import { closeSync, constants, existsSync, fchmodSync, fstatSync, openSync, statSync, unlinkSync } from "node:fs"
import { busy, Holder, type LedgerError } from "../../Ledger.ts"
import { connect } from "./Connection.ts"
import * as Failure from "./Failure.ts"

/** Holds the ledger until the scope closes; the lock's file goes with it. One that is held fails with who holds it. */
export const hold = (file: string): Effect.Effect<void, LedgerError, Scope.Scope> =>
  take(file).pipe(
    Effect.zipRight(Effect.addFinalizer(() => Effect.ignore(Effect.try(() => unlinkSync(`${file}-lock`))))),
    Effect.tapError(({ reason }) =>
      reason === "Binding" ? Effect.ignore(Effect.try(() => unlinkSync(`${file}-lock`))) : Effect.void
    ),
    Effect.catchIf(
      ({ reason }) => reason === "Busy",
      () => Effect.flatMap(note(file), (holder) => Effect.fail(busy(file, holder)))
    )
  )

/** Who holds the ledger now, as far as can be told; `undefined` for nobody. */
export const holder = (file: string): Effect.Effect<Holder | undefined> =>
  Effect.suspend(() => existsSync(`${file}-lock`) ? peek(`${file}-lock`) : Effect.succeed(false)).pipe(
    Effect.flatMap((isHeld) => isHeld ? note(file) : Effect.succeed(undefined))
  )

/** Whether a file is locked: one who reads it is refused. */
const peek = (path: string) =>
  Effect.gen(function*() {
    const sql = Context.get(yield* Layer.build(connect(path, { isReader: true })), SqliteClient.SqliteClient)
    yield* sql.unsafe("pragma busy_timeout = 0")
    yield* sql.unsafe("select 1 from sqlite_schema")
    return false
  }).pipe(
    Effect.scoped,
    Effect.catchAllCause((cause) => Effect.succeed(Failure.make(path, "Open")(Cause.squash(cause)).reason === "Busy"))
  )

const take = (file: string): Effect.Effect<void, LedgerError, Scope.Scope> =>
  Effect.gen(function*() {
    const path = `${file}-lock`
    const inode = yield* touch(path)
    const sql = Context.get(yield* Layer.build(connect(path)), SqliteClient.SqliteClient)
    // the whole process waits for it, just long enough for one who only looks whether it is held
    yield* sql.unsafe("pragma busy_timeout = 100")
    yield* sql.unsafe("pragma journal_mode = memory")
    yield* sql.unsafe("begin exclusive")
    // the run that held it may have taken the file away in between
    if ((yield* Effect.try(() => statSync(path).ino)) !== inode) return yield* busy(file, undefined)
  }).pipe(
    Effect.catchAllCause((cause) => Effect.fail(Failure.make(file, "Open")(Cause.squash(cause))))
  )

/** Makes a file before SQLite does, which would leave its mode to the umask and follow links; the result is its inode. */
export const touch = (file: string): Effect.Effect<number, Cause.UnknownException> =>
  Effect.try(() => {
    const handle = open(file)
    const { ino } = fstatSync(handle)
    closeSync(handle)
    return ino
  })

const open = (file: string): number => {
  const flags = constants.O_RDWR | (constants.O_NOFOLLOW ?? 0)
  try {
    const handle = openSync(file, flags | constants.O_CREAT | constants.O_EXCL, 0o600)
    // a umask may have taken even that away
    fchmodSync(handle, 0o600)
    return handle
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause
    return openSync(file, flags)
  }
}

/** Who the ledger says that holds it, or held it. */
const note = (file: string): Effect.Effect<Holder | undefined> =>
  Effect.gen(function*() {
    const sql = Context.get(yield* Layer.build(connect(file, { isReader: true })), SqliteClient.SqliteClient)
    const [row] = yield* sql<{ value: string }>`select value from note where name = 'holder'`
    return yield* Schema.decode(Schema.parseJson(Holder))(row!.value)
  }).pipe(
    Effect.scoped,
    Effect.catchAllCause(() => Effect.succeed(undefined))
  )
