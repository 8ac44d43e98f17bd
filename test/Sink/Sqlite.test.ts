import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option, TestClock } from "effect"
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import * as Ledger from "../../src/Ledger/Sqlite.ts"
import type { SinkError } from "../../src/Sink.ts"
import * as Sqlite from "../../src/Sink/Sqlite.ts"
import { connect } from "../../src/Sql/Sqlite/Connection.ts"
import { list, row, select } from "./rows.ts"
import { marks, sqlite } from "./tables.ts"

const listed = { ...list({ entries: 3 }), id: 0, epoch: 1 }
const rows = ["a", "b", "c"].map((code, ordinal) => row({ ordinal, line: ordinal + 1, key: code, input: code }))

/** Opens the table of a file for a run. */
const open = (path: string) => Sqlite.make(path).open({ list: listed, isOrdered: true, marks: marks() })

const mode = (path: string) => statSync(path).mode & 0o777

/** Another connection to a file, for as long as the scope lasts. */
const another = (path: string) => Effect.map(connect(path), (sql) => (text: string) => Effect.orDie(sql.select(text)))

describe("Sqlite", () => {
  it.scoped("makes a database as any program does, which others can read meanwhile", () =>
    Effect.gen(function*() {
      const { at, select } = yield* sqlite
      const writer = yield* open(at)
      assert.strictEqual(mode(at), 0o666 & ~process.umask())
      yield* writer.write(rows.slice(0, 2))
      assert.strictEqual((yield* select("select * from rollcall")).length, 2)
      assert.deepStrictEqual(yield* select("pragma journal_mode"), [{ journal_mode: "wal" }])
      yield* writer.write(rows.slice(2))
      yield* writer.complete
    }))

  it.scoped("leaves a database as it is, but for its table", () =>
    Effect.gen(function*() {
      const { at, run, select } = yield* sqlite
      yield* run("create table theirs (a)", "insert into theirs values (1)")
      chmodSync(at, 0o644)
      yield* Effect.scoped(Effect.flatMap(open(at), ({ complete, write }) => Effect.zipRight(write(rows), complete)))
      assert.strictEqual(mode(at), 0o644)
      assert.deepStrictEqual(yield* select("pragma journal_mode"), [{ journal_mode: "delete" }])
      assert.deepStrictEqual(yield* select("select name from sqlite_schema where type = 'table' order by name"), [
        { name: "rollcall" },
        { name: "rollcall_mark" },
        { name: "theirs" }
      ])
    }))

  it.scoped("holds values of each type", () =>
    Effect.gen(function*() {
      const { select: found, sink } = yield* sqlite
      const { write } = yield* sink({ select: select("a") }).open({ list: listed, isOrdered: true, marks: marks() })
      yield* write(["1", "0.5", "\"00501\""].map((a, ordinal) => row({ ordinal, body: `{"a":${a}}` })))
      assert.deepStrictEqual(yield* found("select a, typeof(a) type, typeof(ms) ms from rollcall order by ordinal"), [
        { a: 1, type: "integer", ms: "real" },
        { a: 0.5, type: "real", ms: "real" },
        { a: "00501", type: "text", ms: "real" }
      ])
    }))

  it.scoped("takes nothing but a database of somebody's", () =>
    Effect.gen(function*() {
      const { at, run } = yield* sqlite
      const folder = dirname(at)
      yield* run("create table theirs (a)")
      writeFileSync(`${folder}/text`, "no database, but a text that is long enough to be taken for one".repeat(20))
      symlinkSync(at, `${folder}/link`)
      mkdirSync(`${folder}/folder`)
      yield* Effect.scoped(Layer.build(Ledger.layer(`${folder}/ledger`)))
      const before = readFileSync(`${folder}/ledger`)
      const refused = (name: string) =>
        Effect.map(
          Effect.flip(Effect.scoped(open(`${folder}/${name}`))),
          (error) => `${(error as SinkError).reason} ${(error as SinkError).detail}`
        )
      assert.strictEqual(yield* refused("ledger"), "Exists it is a ledger: name another file")
      assert.deepStrictEqual(readFileSync(`${folder}/ledger`), before)
      assert.match(yield* refused("text"), /^Open this file is not a SQLite database: name another one$/)
      assert.match(yield* refused("link"), /^Open it is a link: name the file itself$/)
      assert.match(yield* refused("folder"), /^Open it is a folder: name a file in it$/)
      assert.match(yield* refused("none/all.db"), /^Open there is no such folder: make it, /)
      for (const name of ["ledger", "text", "link"]) {
        yield* Effect.flip(Sqlite.make(`${folder}/${name}`).check(marks()))
      }
      yield* Sqlite.make(`${folder}/none.db`).check(marks())
      assert.isFalse(existsSync(`${folder}/none.db`))
    }))

  it.scoped("waits for another program that writes, and keeps nobody else waiting", () =>
    Effect.gen(function*() {
      const { at, select } = yield* sqlite
      const { complete, write } = yield* open(at)
      const other = yield* another(at)
      yield* other("begin immediate")
      const begun = performance.now()
      const fiber = yield* Effect.fork(write(rows))
      yield* TestClock.adjust("4 seconds")
      // SQLite would wait for five seconds each of the eighty times
      assert.isBelow(performance.now() - begun, 60_000)
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* other("rollback")
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      yield* complete
      assert.strictEqual((yield* select("select * from rollcall")).length, 3)
    }))

  it.scoped("says so where another program does not stop writing, or reading", () =>
    Effect.gen(function*() {
      const { at, run } = yield* sqlite
      // in this mode a reader holds up a COMMIT
      yield* run("create table theirs (a)", "insert into theirs values (1)")
      const { write } = yield* open(at)
      for (const texts of [["begin immediate"], ["begin", "select * from theirs"]]) {
        const other = yield* another(at)
        yield* Effect.forEach(texts, other)
        const fiber = yield* Effect.fork(Effect.flip(write(rows)))
        yield* TestClock.adjust("60 seconds")
        const error = (yield* Fiber.join(fiber)) as SinkError
        assert.strictEqual(error.reason, "Write")
        assert.match(error.message, /all\.db: another program is using it: wait for its end, and run the same command/)
        yield* other("rollback")
      }
      yield* write(rows)
    }))
})
