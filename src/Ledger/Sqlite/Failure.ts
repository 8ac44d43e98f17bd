/**
 * Failure: says in one line what is wrong with the file of a ledger, and what to do.
 */
import { LedgerError } from "../../Ledger.ts"
import * as Failure from "../../Sql/Sqlite/Failure.ts"

/** What raised an error of a ledger. */
type Reason = "Open" | "Read" | "Write"

/** The error of a ledger that a run uses, behind whatever Node or SQLite raised. */
export const make = (ledger: string, reason: Reason) => because(ledger, reason, ofRun)

/** The same of one that is looked at: nothing is made or begun there. */
export const reading = (ledger: string, reason: Reason) => because(ledger, reason, ofReader)

const because = (ledger: string, reason: Reason, messages: Failure.Messages) => (error: unknown): LedgerError => {
  if (error instanceof LedgerError) return error
  const { code, message, remedy } = Failure.explain(error, messages)
  if (/^no such (table|column)\b/.test(message)) {
    return because(ledger, reason, messages)(new Failure.SqliteError({ code: "SQLITE_CORRUPT", message }))
  }
  return new LedgerError({ reason: code === "binding" ? "Binding" : reason, ledger, message, remedy, cause: error })
}

const ofRun: Failure.Messages = {
  ...Failure.messagesOf("ledger"),
  SQLITE_CORRUPT: ["it is damaged: restore it from a backup, or start anew", "fresh"],
  SQLITE_NOTADB: ["this file is not a ledger: name another one", "ledger"]
}

const unreadable = "you may not read it: ask its owner"

const ofReader: Failure.Messages = {
  ...ofRun,
  EACCES: unreadable,
  EPERM: unreadable,
  SQLITE_CANTOPEN: unreadable,
  SQLITE_CORRUPT: "it is damaged: restore it from a backup",
  SQLITE_IOERR: "it cannot be read: the disk failed",
  SQLITE_READONLY: unreadable
}
