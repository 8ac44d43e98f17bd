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

const because =
  (ledger: string, reason: Reason, messages: Readonly<Record<string, string>>) => (error: unknown): LedgerError => {
    if (error instanceof LedgerError) return error
    const { code, message } = Failure.explain(error, messages)
    if (/^no such (table|column)\b/.test(message)) {
      return new LedgerError({ reason, ledger, message: messages["SQLITE_CORRUPT"]!, cause: error })
    }
    return new LedgerError({ reason: code === "binding" ? "Binding" : reason, ledger, message, cause: error })
  }

const ofRun: Readonly<Record<string, string>> = {
  ...Failure.messagesOf("--ledger"),
  SQLITE_CORRUPT: "it is damaged: restore it from a backup, or start anew with --fresh",
  SQLITE_NOTADB: "this file is not a ledger: name another one with --ledger"
}

const unreadable = "you may not read it: ask its owner"

const ofReader: Readonly<Record<string, string>> = {
  ...ofRun,
  EACCES: unreadable,
  EPERM: unreadable,
  SQLITE_CANTOPEN: unreadable,
  SQLITE_CORRUPT: "it is damaged: restore it from a backup",
  SQLITE_IOERR: "it cannot be read: the disk failed",
  SQLITE_READONLY: unreadable
}
