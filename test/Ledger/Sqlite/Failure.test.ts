import { SqlError } from "@effect/sql/SqlError"
import { assert, describe, it } from "@effect/vitest"
import { LedgerError } from "../../../src/Ledger.ts"
import * as Failure from "../../../src/Ledger/Sqlite/Failure.ts"

const error = (message: string, code?: string) => Object.assign(new Error(message), code === undefined ? {} : { code })

describe("Failure", () => {
  it.each([
    error("Cannot find module 'better_sqlite3.node'", "MODULE_NOT_FOUND"),
    error("Could not locate the bindings file. Tried:\n → /a/b.node"),
    error(
      "The module was compiled against a different Node.js version using\nNODE_MODULE_VERSION 108.",
      "ERR_DLOPEN_FAILED"
    ),
    error("libstdc++.so.6: cannot open shared object file: No such file or directory", "ERR_DLOPEN_FAILED")
  ])("says how to mend a binding that does not load: %s", (cause) => {
    const refused = Failure.make("zips.ledger", "Open")(cause)
    assert.strictEqual(refused.reason, "Binding")
    assert.strictEqual(
      refused.message,
      "SQLite could not be loaded: run `npm rebuild better-sqlite3` where rollcall is installed"
    )
  })

  it.each<[cause: unknown, message: RegExp]>([
    [error("EACCES: permission denied, open 'a'", "EACCES"), /^you may not read and write it: ask its owner, or name/],
    [error("EROFS: read-only file system", "EROFS"), /^the disk is read-only: /],
    [error("database is locked", "SQLITE_BUSY_SNAPSHOT"), /^another run holds it: /],
    [error("disk I/O error", "SQLITE_IOERR_FSYNC"), /^the disk failed: /],
    [error("database disk image is malformed", "SQLITE_CORRUPT"), /^it is damaged: /],
    [error("database or disk is full", "SQLITE_FULL"), /^the disk is full: make room and run the same command again/],
    [error("attempt to write a readonly database", "SQLITE_READONLY_DBMOVED"), /^you may not read and write it: /],
    [error("something new\nselect 1", "SQLITE_NEW"), /^something new$/],
    [error("no code"), /^no code$/],
    ["a text", /^a text$/]
  ])("says what to do about %s", (cause, message) => {
    const wrapped = new SqlError({ cause, message: "Failed to execute statement" })
    for (const given of [cause, wrapped]) {
      const made = Failure.make("zips.ledger", "Write")(given)
      const reason = made.message.startsWith("another run") ? "Busy" : "Write"
      assert.deepInclude(made, { reason, ledger: "zips.ledger", cause: given })
      if (given === cause || cause instanceof Error) assert.match(made.message, message)
    }
  })

  it("leaves an error of a ledger as it is", () => {
    const made = new LedgerError({ reason: "Mismatch", ledger: "zips.ledger", message: "no" })
    assert.strictEqual(Failure.make("zips.ledger", "Open")(made), made)
  })
})
