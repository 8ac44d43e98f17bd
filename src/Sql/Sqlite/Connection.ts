/**
 * Connection: a SQLite database. Its statements keep the whole process waiting, and are prepared once.
 */
import { Effect, type Scope } from "effect"
import { closeSync, constants, fchmodSync, fstatSync, lstatSync, openSync, type Stats, statSync } from "node:fs"
import { dirname } from "node:path"
import * as Driver from "./Driver.ts"
import * as Failure from "./Failure.ts"
import * as Patience from "./Patience.ts"

/** Runs statements. */
export interface Statements {
  /** The rows, each an array of its columns. */
  readonly select: (
    text: string,
    params?: ReadonlyArray<unknown>
  ) => Effect.Effect<ReadonlyArray<ReadonlyArray<any>>, Failure.SqliteError>
  /** Runs a statement that gives no rows; the result is how many it changed. */
  readonly run: (text: string, params?: ReadonlyArray<unknown>) => Effect.Effect<number, Failure.SqliteError>
}

/** A connection that several fibers share: a statement waits for the end of a transaction. */
export interface Connection extends Statements {
  readonly file: string
  /**
   * Does all of it or nothing. After a disk has failed nothing more is written: a second fsync says that all is well, but what the first
   * one could not write is lost.
   */
  readonly transaction: <A, E>(
    body: (on: Statements) => Effect.Effect<A, E>
  ) => Effect.Effect<A, E | Failure.SqliteError>
  /** Makes the database one file, which can be read where nothing can be written; it stays in two where somebody else has it open. */
  readonly leaveOneFile: Effect.Effect<void>
}

/** How a file is opened. */
export interface Options {
  readonly isReader?: boolean
  /** Another program's lock is waited for as long as {@link Patience} says; else for 5 s, in which the whole process waits. */
  readonly isPatient?: boolean
}

/** Opens a file, until the scope closes. */
export const connect = (
  file: string,
  { isPatient = false, isReader = false }: Options = {}
): Effect.Effect<Connection, Failure.SqliteError, Scope.Scope> =>
  Effect.gen(function*() {
    const { DatabaseSync } = yield* Driver.load
    let failure: Effect.Effect<never, unknown> | undefined
    let hasWritten = false
    const database = yield* Effect.acquireRelease(
      Effect.try({
        try: () => {
          const found = statSync(file, { throwIfNoEntry: false })
          if (found !== undefined) refuseOthers(found)
          else if (!file.startsWith("file:")) refuseNowhere(file)
          return new DatabaseSync(file, { readOnly: isReader, timeout: isPatient ? 0 : 5_000 })
        },
        catch: Failure.make
      }),
      (database) =>
        Effect.sync(() => {
          if (failure === undefined) close(database, hasWritten)
          else abandoned.push(database)
        })
    )
    const impatient = statements(database, () => hasWritten = true)
    const patiently = isPatient ? yield* Patience.make(file) : undefined
    const on: Statements = patiently === undefined ? impatient : {
      select: (text, params) => patiently(impatient.select(text, params)),
      run: (text, params) => patiently(impatient.run(text, params))
    }
    const oneByOne = yield* Effect.makeSemaphore(1)
    const alone = oneByOne.withPermits(1)
    return {
      file,
      select: (text, params) => alone(on.select(text, params)),
      run: (text, params) => alone(on.run(text, params)),
      transaction: <A, E>(body: (on: Statements) => Effect.Effect<A, E>) =>
        Effect.suspend(() => failure as Effect.Effect<never, E> | undefined ?? alone(perform(on, body))).pipe(
          Effect.tapError((error) =>
            Effect.sync(() => {
              if (Failure.isDisk(error)) failure ??= Effect.fail(error)
            })
          ),
          Effect.uninterruptible
        ),
      leaveOneFile: Effect.suspend(() =>
        failure === undefined
          ? Effect.zipRight(
            impatient.select("pragma busy_timeout = 0"),
            impatient.select("pragma journal_mode = delete")
          )
          : Effect.void
      ).pipe(Effect.ignore)
    }
  })

const perform = <A, E>(on: Statements, body: (on: Statements) => Effect.Effect<A, E>) =>
  Effect.zipLeft(Effect.zipRight(on.run("begin immediate"), body(on)), on.run("commit")).pipe(
    Effect.onError(() => Effect.ignore(on.run("rollback")))
  )

/**
 * The driver of Node 20 keeps what is closed open, with its locks, until its statements are collected; so its transaction ends and its
 * journal is emptied before.
 */
const close = (database: Driver.Database, hasWritten: boolean) => {
  if (database.isTransaction) database.exec("rollback")
  if (hasWritten) {
    try {
      database.exec("pragma busy_timeout = 0; pragma wal_checkpoint(truncate)")
    } catch {
      // somebody else is using it, or the disk is full: the journal stays
    }
  }
  database.close()
}

/** Those whose disk has failed. One that closes copies the journal into the database, with an fsync of each. */
const abandoned: Array<Driver.Database> = []

const statements = (database: Driver.Database, onWrite: () => void): Statements => {
  const prepared = new Map<string, Driver.Statement>()
  const prepare = (text: string) => {
    let statement = prepared.get(text)
    if (statement === undefined) {
      statement = database.prepare(text)
      statement.setReturnArrays(true)
      prepared.set(text, statement)
    }
    return statement
  }
  return {
    select: (text, params = []) =>
      Effect.try({ try: () => prepare(text).all(...params as ReadonlyArray<any>), catch: Failure.make }),
    run: (text, params = []) =>
      Effect.try({
        try: () => {
          onWrite()
          const { changes } = params.some(isOdd) ? asBytes(database, text, params) : prepare(text).run(...params as any)
          return Number(changes)
        },
        catch: Failure.make
      })
  }
}

/** Some drivers would cut a text at U+0000. */
const isOdd = (param: unknown) => typeof param === "string" && param.includes("\0")

/** Runs a statement with texts that are bound as bytes, and become text in it. */
const asBytes = (database: Driver.Database, text: string, params: ReadonlyArray<any>) => {
  let at = 0
  const cast = text.replace(
    /\?|"[^"]*"|'[^']*'/g,
    (found) => found === "?" && isOdd(params[at++]) ? "cast(? as text)" : found
  )
  return database.prepare(cast).run(...params.map((param) => isOdd(param) ? Buffer.from(param) : param))
}

/** Makes a file before SQLite does, which would follow links; for its owner's eyes only, or as the umask says. The result is its inode. */
export const touch = (
  file: string,
  { isShared = false }: { readonly isShared?: boolean } = {}
): Effect.Effect<number, Failure.SqliteError> =>
  Effect.try({
    try: () => {
      const handle = open(file, isShared ? 0o666 : 0o600)
      const { ino } = fstatSync(handle)
      closeSync(handle)
      return ino
    },
    catch: Failure.make
  })

const open = (file: string, mode: number): number => {
  const flags = constants.O_RDWR | (constants.O_NOFOLLOW ?? 0)
  try {
    const handle = openSync(file, flags | constants.O_CREAT | constants.O_EXCL, mode)
    // a umask may have taken even its owner's share away
    fchmodSync(handle, (fstatSync(handle).mode & mode) | 0o600)
    return handle
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause
    const found = lstatSync(file)
    if (!found.isSymbolicLink()) refuseOthers(found)
    return openSync(file, flags)
  }
}

/** SQLite says only that it cannot be opened where a folder is missing, or is a file. */
const refuseNowhere = (file: string): void => {
  if (!statSync(dirname(file)).isDirectory()) {
    throw Object.assign(new Error("a file, not a folder"), { code: "ENOTDIR" })
  }
}

/** Who opens a pipe waits in the system for its writer, and SQLite says of a folder only that it cannot be opened. */
const refuseOthers = (found: Stats): void => {
  if (found.isFile()) return
  throw Object.assign(new Error("not a file"), { code: found.isDirectory() ? "EISDIR" : "ENOTFILE" })
}

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
