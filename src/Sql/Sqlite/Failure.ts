/**
 * Failure: says in one line what is wrong with a SQLite database, and what to do.
 */
import { Schema } from "effect"
import * as Errno from "../../Errno.ts"
import type { Advice, Remedy } from "../../Outcome.ts"

/** A statement failed, a file could not be opened, or SQLite itself is missing. */
export class SqliteError extends Schema.TaggedError<SqliteError>()("SqliteError", {
  /** SQLite's name for it, such as `SQLITE_BUSY`; `binding` where SQLite is missing; else the code of Node's error. */
  code: Schema.optional(Schema.String),
  message: Schema.String
}) {}

/** The error behind whatever a driver threw. */
export const make = (thrown: unknown): SqliteError => {
  const { code, errcode, message } = thrown as { code?: string; errcode?: number; message: string }
  return new SqliteError({ code: code === "ERR_SQLITE_ERROR" ? nameOf(errcode, message) : code, message })
}

/** There is no driver: the package is not whole, or has no binary for this machine. */
export const missing = (): SqliteError =>
  new SqliteError({
    code: "binding",
    message: `SQLite could not be loaded (${process.platform} ${process.arch}): install rollcall again, `
      + "or run it with the newest release of Node.js 22 or later, which has a SQLite of its own"
  })

/**
 * The name of a result of SQLite, of which drivers give the number. That of Node 20 gives the text alone where a statement is prepared or
 * gives rows: a disk that is full and one that failed have the same one there.
 */
const nameOf = (number: number | undefined, message: string): string => {
  const result = results.find((result) => result.number === number)
    ?? results.find((result) => number === undefined ? result.text === message : result.number === (number & 0xff))
  return result?.name ?? "SQLITE_ERROR"
}

const results: ReadonlyArray<{ readonly number: number; readonly name: string; readonly text?: string }> = [
  { number: 5, name: "SQLITE_BUSY", text: "database is locked" },
  { number: 6, name: "SQLITE_LOCKED", text: "database table is locked" },
  { number: 7, name: "SQLITE_NOMEM", text: "out of memory" },
  { number: 8, name: "SQLITE_READONLY", text: "attempt to write a readonly database" },
  { number: 10, name: "SQLITE_IOERR" },
  { number: 11, name: "SQLITE_CORRUPT", text: "database disk image is malformed" },
  { number: 13, name: "SQLITE_FULL", text: "database or disk is full" },
  { number: 14, name: "SQLITE_CANTOPEN", text: "unable to open database file" },
  { number: 19, name: "SQLITE_CONSTRAINT" },
  { number: 26, name: "SQLITE_NOTADB", text: "file is not a database" },
  { number: 1032, name: "SQLITE_READONLY_DBMOVED" },
  { number: 4874, name: "SQLITE_IOERR_SHMSIZE", text: "disk I/O error" }
]

/** What a code means: in words, or with what helps. */
export type Messages = Readonly<Record<string, string | readonly [message: string, remedy: Remedy]>>

/** What is wrong, in a line, what helps, and the code by which that was found. */
export const explain = (error: unknown, messages: Messages): Advice & { readonly code: string | undefined } => {
  const cause = Errno.innermost(error)
  const code = cause.code ?? ""
  if (code === "binding") return { code, message: cause.message }
  const known = Object.keys(messages).find((known) => code === known || code.startsWith(`${known}_`))
  const found = known === undefined ? Errno.line(cause) : messages[known]!
  const [message, remedy] = typeof found === "string" ? [found, undefined] : found
  return { code: known, message, remedy }
}

/** Whether it failed because somebody else holds the database, or has it locked. */
export const isBusy = ({ code }: SqliteError): boolean => code !== undefined && /^SQLITE_BUSY(?:_|$)/.test(code)

/** Whether the disk failed: what was to be made durable may be lost, and nothing that is asked of it later would tell. */
export const isDisk = (error: unknown): boolean => Errno.innermost(error).code?.startsWith("SQLITE_IOERR") ?? false

/** What may be wrong with any database, by code; `other` is what names another file. */
export const messagesOf = (other: Remedy): Messages => {
  const kept = "and run the same command again, what is answered is kept"
  const unwritable = ["you may not read and write it: ask its owner, or name another file", other] as const
  return {
    ...Errno.writing,
    EACCES: unwritable,
    EISDIR: [Errno.writing["EISDIR"]!, other],
    ELOOP: [Errno.writing["ELOOP"]!, other],
    ENAMETOOLONG: [Errno.writing["ENAMETOOLONG"]!, other],
    ENOENT: ["there is no such folder: make it, or name another file", other],
    ENOTFILE: ["it is a pipe or a device: name a file", other],
    EPERM: unwritable,
    EROFS: ["the disk is read-only: name another file", other],
    SQLITE_BUSY: `another program is using it: wait for its end, ${kept}`,
    SQLITE_CANTOPEN: unwritable,
    SQLITE_CORRUPT: "it is damaged: restore it from a backup",
    SQLITE_FULL: `the disk is full: make room ${kept}`,
    // the index of the journal cannot be made larger
    SQLITE_IOERR_SHMSIZE: `the disk is full, or the disk failed: make room ${kept}`,
    SQLITE_IOERR: `the disk failed: look after it ${kept}`,
    SQLITE_NOTADB: ["this file is not a SQLite database: name another one", other],
    SQLITE_READONLY: unwritable
  }
}
