/**
 * Failure: says in one line what is wrong with the file of a ledger, and what to do.
 */
import { busy, LedgerError } from "../../Ledger.ts"
import * as Failure from "../../Sql/Sqlite/Failure.ts"

/** The error of a ledger behind whatever Node or SQLite raised. */
export const make = (ledger: string, reason: "Open" | "Read" | "Write") => (error: unknown): LedgerError => {
  if (error instanceof LedgerError) return error
  const { code, message } = Failure.explain(error, messages)
  if (code === "SQLITE_BUSY") return busy(ledger, undefined, error)
  if (/^no such (table|column)\b/.test(message)) {
    return new LedgerError({ reason, ledger, message: messages["SQLITE_CORRUPT"]!, cause: error })
  }
  return new LedgerError({ reason: code === "binding" ? "Binding" : reason, ledger, message, cause: error })
}

const messages: Readonly<Record<string, string>> = {
  ...Failure.messagesOf("--ledger"),
  SQLITE_CORRUPT: "it is damaged: restore it from a backup, or start anew with --fresh",
  SQLITE_NOTADB: "this file is not a ledger: name another one with --ledger"
}
