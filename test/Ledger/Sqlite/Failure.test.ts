import { assert, describe, it } from "@effect/vitest"
import { LedgerError } from "../../../src/Ledger.ts"
import * as Failure from "../../../src/Ledger/Sqlite/Failure.ts"
import { make, missing } from "../../../src/Sql/Sqlite/Failure.ts"

const error = (message: string, code?: string) => Object.assign(new Error(message), code === undefined ? {} : { code })

describe("Failure", () => {
  it("says how to mend a driver that does not load", () => {
    const refused = Failure.make("zips.ledger", "Open")(missing())
    assert.strictEqual(refused.reason, "Binding")
    assert.strictEqual(
      refused.message,
      `SQLite could not be loaded (${process.platform} ${process.arch}): install rollcall again, `
        + "or run it with the newest release of Node.js 22 or later, which has a SQLite of its own"
    )
  })

  it.each<[errcode: number, message: RegExp]>([
    [5, /^another program is using it: wait for its end, /],
    [517, /^another program is using it: wait for its end, /],
    [10 | 4 << 8, /^the disk failed: /],
    [4874, /^the disk is full, or the disk failed: /],
    [11, /^it is damaged: /],
    [13, /^the disk is full: make room and run the same command again/],
    [1032, /^you may not read and write it: /],
    [999, /^so it says$/]
  ])("knows what SQLite says by its number: %i", (errcode, message) => {
    const thrown = Object.assign(error("so it says", "ERR_SQLITE_ERROR"), { errcode })
    assert.match(Failure.make("zips.ledger", "Write")(make(thrown)).message, message)
  })

  it("knows a text without a number, which a full disk and one that failed have in common", () => {
    const thrown = error("disk I/O error", "ERR_SQLITE_ERROR")
    assert.match(Failure.make("zips.ledger", "Write")(make(thrown)).message, /^the disk is full, or the disk failed: /)
  })

  it.each<[cause: unknown, message: RegExp]>([
    [error("EACCES: permission denied, open 'a'", "EACCES"), /^you may not read and write it: ask its owner, or name/],
    [error("EROFS: read-only file system", "EROFS"), /^the disk is read-only: /],
    [error("database is locked", "SQLITE_BUSY_SNAPSHOT"), /^another program is using it: wait for its end, /],
    [error("disk I/O error", "SQLITE_IOERR_FSYNC"), /^the disk failed: /],
    [error("database disk image is malformed", "SQLITE_CORRUPT"), /^it is damaged: /],
    [error("database or disk is full", "SQLITE_FULL"), /^the disk is full: make room and run the same command again/],
    [error("attempt to write a readonly database", "SQLITE_READONLY_DBMOVED"), /^you may not read and write it: /],
    [error("something new\nselect 1", "SQLITE_NEW"), /^something new$/],
    [error("no code"), /^no code$/],
    ["a text", /^a text$/]
  ])("says what to do about %s", (cause, message) => {
    const made = Failure.make("zips.ledger", "Write")(cause)
    assert.deepInclude(made, { reason: "Write", ledger: "zips.ledger", cause })
    assert.match(made.message, message)
  })

  it.each<[code: string, message: string]>([
    ["EACCES", "you may not read it: ask its owner"],
    ["SQLITE_CANTOPEN", "you may not read it: ask its owner"],
    ["SQLITE_READONLY_DIRECTORY", "you may not read it: ask its owner"],
    ["SQLITE_CORRUPT", "it is damaged: restore it from a backup"],
    ["SQLITE_IOERR_READ", "it cannot be read: the disk failed"]
  ])("advises one who looks at it nothing that begins a run: %s", (code, message) => {
    assert.strictEqual(Failure.reading("zips.ledger", "Open")(error("so it says", code)).message, message)
  })

  it("leaves an error of a ledger as it is", () => {
    const made = new LedgerError({ reason: "Mismatch", ledger: "zips.ledger", message: "no" })
    assert.strictEqual(Failure.make("zips.ledger", "Open")(made), made)
  })
})
