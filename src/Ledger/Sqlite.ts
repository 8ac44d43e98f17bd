/**
 * The ledger in a SQLite file. WAL and `synchronous=FULL`: what is recorded survives a power loss.
 *
 * A batch is one transaction of statements with many rows each: 3–4 µs a row.
 */
import { Clock, Effect, Layer, Option, type Scope } from "effect"
import { copyFileSync, existsSync, mkdtempSync, rmSync, statfsSync, statSync } from "node:fs"
import { hostname, tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { type Holder, Ledger, LedgerError } from "../Ledger.ts"
import { connect, type Connection, touch } from "../Sql/Sqlite/Connection.ts"
import { make as explain, SqliteError } from "../Sql/Sqlite/Failure.ts"
import * as Access from "./Sqlite/Access.ts"
import * as Failure from "./Sqlite/Failure.ts"
import * as Files from "./Sqlite/Files.ts"
import * as Lock from "./Sqlite/Lock.ts"
import * as Parts from "./Sqlite/Parts.ts"
import * as Reader from "./Sqlite/Reader.ts"
import * as Statements from "./Sqlite/Statements.ts"
import * as Steps from "./Sqlite/Steps.ts"
import { identifyForReading, prepare } from "./Sqlite/Tables.ts"
import * as Writer from "./Sqlite/Writer.ts"

/** Opens the ledger in `file` for a run, which holds it. It is made, for its owner's eyes only, where it does not exist. */
export const layer = (file: string): Layer.Layer<Ledger, LedgerError> =>
  open(
    file,
    Effect.all([isLocal(file), Lock.hold(file), touch(file), Effect.flatMap(connect(file, { isPatient: true }), over)])
      .pipe(
        Effect.map(([, , , ledger]) => ledger)
      )
  )

/** The ledger of a run on a connection. */
export const over = (sql: Connection) =>
  Effect.gen(function*() {
    yield* prepare(sql)
    const holder: Holder = { pid: process.pid, host: hostname(), since: yield* Clock.currentTimeMillis }
    // it need not survive a power loss
    yield* sql.select("pragma synchronous = normal")
    yield* sql.run(Statements.insertNote, ["holder", JSON.stringify(holder)])
    yield* sql.select("pragma synchronous = full")
    yield* Effect.addFinalizer(() => sql.leaveOneFile)
    const room = yield* Files.reserve(sql.file)
    const files = Files.watch(sql.file)
    return make(sql, {
      renew: files.renew,
      transaction: (body) => {
        const attempt = Effect.zipLeft(Effect.zipRight(files.check, sql.transaction(body)), files.check)
        // what is answered is kept, and the run stops all the same: there is no more room than this
        return Effect.catchIf(attempt, isFull, (error) =>
          room.giveBack.pipe(
            Effect.zipRight(Effect.ignore(sql.select("pragma wal_checkpoint(truncate)"))),
            Effect.zipRight(files.renew),
            Effect.zipRight(attempt),
            Effect.zipRight(Effect.fail(error))
          ))
      }
    })
  })

const isFull = (error: unknown): boolean => error instanceof SqliteError && error.code === "SQLITE_FULL"

/** Opens a ledger for looking at it, also while a run holds it. */
export const layerReader = (file: string): Layer.Layer<Ledger, LedgerError> =>
  open(
    file,
    // it may be made, or put aside, between the naming of it and the reading
    Effect.zipRight(
      Effect.catchIf(Effect.try({ try: () => statSync(file), catch: explain }), isAbsent, () => missing(file)),
      Effect.catchIf(reading(file), isUnwritable, () => readingAside(file))
    ),
    Failure.reading
  )

const isAbsent = ({ code }: SqliteError): boolean => code === "ENOENT" || code === "ENOTDIR"

const reading = (file: string, name = file) =>
  Effect.gen(function*() {
    const sql = { ...(yield* connect(file)), file: name }
    yield* identifyForReading(sql)
    yield* sql.select("pragma query_only = 1")
    return make(sql)
  })

/** SQLite shares the index of a journal in a file, which it cannot make where nothing may be written. */
const isUnwritable = (error: unknown): boolean =>
  error instanceof SqliteError && /^SQLITE_(CANTOPEN|READONLY)/.test(error.code ?? "")

/** Reads a ledger where it cannot be written: as it is where it has no journal, else a copy of it. */
const readingAside = (file: string) =>
  Effect.gen(function*() {
    if (!existsSync(`${file}-wal`)) {
      const url = pathToFileURL(resolve(file))
      url.searchParams.set("immutable", "1")
      return yield* reading(url.href, file)
    }
    const folder = yield* Effect.acquireRelease(
      Effect.try({ try: () => mkdtempSync(join(tmpdir(), "rollcall-")), catch: explain }),
      (folder) => Effect.ignore(Effect.try(() => rmSync(folder, { recursive: true, force: true })))
    )
    const copy = join(folder, "ledger")
    yield* Effect.try({
      try: () => {
        for (const end of ["", "-wal"]) copyFileSync(file + end, copy + end)
      },
      catch: explain
    })
    return yield* reading(copy, file)
  })

/** Holds the ledger in `file` without opening it, until the scope closes. */
export const lock = Lock.hold

/** Who holds the ledger in `file` now. */
export const holder = Lock.holder

const open = (
  file: string,
  ledger: Effect.Effect<typeof Ledger.Service, unknown, Scope.Scope>,
  failure = Failure.make
) => Layer.scoped(Ledger, Effect.mapError(ledger, failure(file, "Open")))

const missing = (ledger: string) => new LedgerError({ reason: "Missing", ledger, message: "there is no such ledger" })

/** SQLite's locks and its shared memory do not work over a network. */
const isLocal = (file: string) =>
  Effect.flatMap(Effect.option(Effect.try(() => statfsSync(dirname(file)).type)), (type) => {
    // what cannot be looked at is refused when it is opened
    const name = Option.isSome(type) ? networks[type.value >>> 0] : undefined
    return name === undefined ? Effect.void : new LedgerError({
      reason: "Open",
      ledger: file,
      message: `it would be on a network file system (${name}), where SQLite's locks do not hold: `
        + "name a file on a local disk",
      remedy: "ledger"
    })
  })

/** File systems by the magic number of Linux' statfs(2). */
export const networks: Readonly<Record<number, string>> = {
  0x6969: "NFS",
  0x517b: "SMB",
  0xff534d42: "CIFS",
  0xfe534d42: "SMB2",
  0x5346414f: "AFS",
  0x01021997: "9P",
  0x00c36400: "Ceph",
  0x0bd00bd0: "Lustre",
  0x47504653: "GPFS"
}

const make = (sql: Connection, writing?: Access.Writing): typeof Ledger.Service => {
  const access = Access.make(sql, writing)
  const steps = Steps.make(access)
  return { ...Reader.make(access, steps), ...Writer.make(access), parts: Parts.make(access), steps }
}
