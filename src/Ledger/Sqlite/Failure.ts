/**
 * Failure: says in one line what is wrong with the file of a ledger, and what to do.
 */
import { busy, LedgerError } from "../../Ledger.ts"

/** The error of a ledger behind whatever Node, better-sqlite3 or @effect/sql raised. */
export const make = (ledger: string, reason: "Open" | "Read" | "Write") => (error: unknown): LedgerError => {
  if (error instanceof LedgerError) return error
  const { code, message } = explain(error, messages)
  if (code === "SQLITE_BUSY") return busy(ledger, undefined, error)
  return new LedgerError({ reason: code === "binding" ? "Binding" : reason, ledger, message, cause: error })
}

/** What is wrong, in a line, and the code by which that was found; `binding` where SQLite itself is missing. */
export const explain = (
  error: unknown,
  messages: Readonly<Record<string, string>>
): { readonly code: string | undefined; readonly message: string } => {
  const cause = innermost(error)
  if (isBinding(cause)) return { code: "binding", message: noBinding }
  const code = cause.code ?? ""
  const known = Object.keys(messages).find((known) => code === known || code.startsWith(`${known}_`))
  return { code: known, message: known === undefined ? firstLine(cause.message) : messages[known]! }
}

/** Whether the disk failed: what was to be made durable may be lost, and nothing that is asked of it later would tell. */
export const isDisk = (error: unknown): boolean => innermost(error).code?.startsWith("SQLITE_IOERR") ?? false

/** What is missing where npm did not build or fetch the native part, or did it for another Node. */
const noBinding = "SQLite could not be loaded: run `npm rebuild better-sqlite3` where rollcall is installed"

const isBinding = ({ code, message }: { readonly code?: string; readonly message: string }): boolean =>
  code === "ERR_DLOPEN_FAILED" || code === "MODULE_NOT_FOUND" || code === "ERR_MODULE_NOT_FOUND"
  || /bindings file|NODE_MODULE_VERSION/.test(message)

/** What may be wrong with any database, by code; `flag` is what names another file. */
export const messagesOf = (flag: string): Readonly<Record<string, string>> => {
  const kept = "and run the same command again, what is answered is kept"
  const unwritable = `you may not read and write it: ask its owner, or name another file with ${flag}`
  return {
    EACCES: unwritable,
    EISDIR: `it is a folder: name a file in it with ${flag}`,
    ELOOP: `it is a link: name the file itself with ${flag}`,
    ENOENT: `there is no such folder: make it, or name another file with ${flag}`,
    ENOSPC: `the disk is full: make room ${kept}`,
    ENOTDIR: "a part of its path is a file, not a folder",
    EPERM: unwritable,
    EROFS: `the disk is read-only: name another file with ${flag}`,
    SQLITE_BUSY: `another program is using it: wait for its end, ${kept}`,
    SQLITE_CANTOPEN: unwritable,
    SQLITE_CORRUPT: "it is damaged: restore it from a backup",
    SQLITE_FULL: `the disk is full: make room ${kept}`,
    // the index of the journal cannot be made larger
    SQLITE_IOERR_SHMSIZE: `the disk is full, or the disk failed: make room ${kept}`,
    SQLITE_IOERR: `the disk failed: look after it ${kept}`,
    SQLITE_NOTADB: `this file is not a SQLite database: name another one with ${flag}`,
    SQLITE_READONLY: unwritable
  }
}

const messages: Readonly<Record<string, string>> = {
  ...messagesOf("--ledger"),
  SQLITE_CORRUPT: "it is damaged: restore it from a backup, or start anew with --fresh",
  SQLITE_NOTADB: "this file is not a ledger: name another one with --ledger"
}

const innermost = (error: unknown): Error & { readonly code?: string } => {
  let found = error instanceof Error ? error : new Error(String(error))
  while (found.cause instanceof Error) found = found.cause
  return found
}

const firstLine = (text: string) => text.split("\n", 1)[0]!
