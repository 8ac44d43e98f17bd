import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { spawnSync } from "node:child_process"
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { hostname } from "node:os"
import { dirname } from "node:path"
import { gunzipSync } from "node:zlib"
import { Ledger, LedgerError } from "../../src/Ledger.ts"
import * as Sqlite from "../../src/Ledger/Sqlite.ts"
import { connect, type Statements } from "../../src/Sql/Sqlite/Connection.ts"
import { DatabaseSync } from "../sqlite.ts"
import { answer, enroll, entries, list, pending, rows, settle, short } from "./fixture.ts"

/** A path in a folder of its own. */
const file = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  return `${yield* fs.makeTempDirectoryScoped()}/zips.ledger`
})

/** A ledger with its connection, and the statements that it runs from then on. */
const watched = (path: string) =>
  Effect.gen(function*() {
    const sql = yield* connect(path)
    const statements: Array<string> = []
    const watch = (on: Statements): Statements => ({
      select: (text, params) => Effect.suspend(() => (statements.push(text), on.select(text, params))),
      run: (text, params) => Effect.suspend(() => (statements.push(text), on.run(text, params)))
    })
    const ledger = yield* Sqlite.over({
      ...sql,
      ...watch(sql),
      transaction: (body) => sql.transaction((on) => body(watch(on)))
    })
    const pragma = (text: string) => Effect.map(sql.select(`pragma ${text}`), ([row]): unknown => row?.[0])
    return { context: Context.make(Ledger, ledger), sql, pragma, statements }
  })

const test = (what: string, effect: Effect.Effect<void, unknown, FileSystem.FileSystem | Scope.Scope>) =>
  it.scopedLive(what, () => Effect.provide(effect, NodeFileSystem.layer))

describe("Sqlite", () => {
  test(
    "goes on where an earlier program stopped",
    Effect.gen(function*() {
      const path = yield* file
      const layer = Sqlite.layer(path)
      yield* Effect.provide(
        Effect.zipRight(enroll(entries(["a", "b", "a"]), { outputs: ["out"] }), settle(["a"])),
        layer
      )
      yield* Effect.provide(
        Effect.gen(function*() {
          const ledger = yield* Ledger
          assert.strictEqual(ledger.name, path)
          assert.deepInclude((yield* ledger.lists)[0]!, list(3, { outputs: ["out"] }))
          assert.deepStrictEqual(yield* pending(10), ["b"])
          assert.deepStrictEqual((yield* rows()).map(short), ["1 a: \"a\"", "2 b: null", "3 a again: \"a\""])
          assert.strictEqual((yield* Effect.flip(ledger.begin({ url: "another" }))).reason, "Mismatch")
        }),
        Sqlite.layer(path)
      )
    })
  )

  test(
    "is held by one run at a time",
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* file
      const open = Effect.scoped(Effect.asVoid(Layer.build(Sqlite.layer(path))))
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Layer.build(Sqlite.layer(path))
        const error = yield* Effect.flip(open)
        assert.deepInclude(error, { _tag: "LedgerError", reason: "Busy" })
        assert.match(
          error.message,
          /^another run holds it \(process \d+ on \S+, since [\d-]+T[\d:]+Z\): wait for its end$/
        )
        assert.include(error.message, `process ${process.pid} on ${hostname()}`)
        assert.strictEqual((yield* Sqlite.holder(path))?.pid, process.pid)
        // who only looks is no obstacle
        yield* Effect.provide(Effect.flatMap(Ledger, ({ lists }) => lists), Sqlite.layerReader(path))
      }))
      assert.isUndefined(yield* Sqlite.holder(path))
      assert.isFalse(yield* fs.exists(`${path}-lock`))
      yield* open
      // what a run that was killed leaves is no obstacle
      yield* fs.writeFileString(`${path}-lock`, "")
      assert.isUndefined(yield* Sqlite.holder(path))
      yield* open
    })
  )

  test(
    "is for its owner's eyes only",
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      for (const umask of [0, 0o277, 0o777]) {
        const path = yield* file
        const before = process.umask(umask)
        yield* Effect.addFinalizer(() => Effect.sync(() => process.umask(before)))
        yield* Effect.provide(
          Effect.gen(function*() {
            yield* enroll(entries(["a"]))
            for (const end of ["", "-wal", "-shm", "-lock"]) {
              assert.strictEqual((yield* fs.stat(path + end)).mode & 0o777, 0o600, `${umask} ${end}`)
            }
          }),
          Sqlite.layer(path)
        )
        process.umask(before)
      }
    })
  )

  test(
    "makes durable what it records, and keeps a journal that readers do not wait for",
    Effect.gen(function*() {
      const { context, pragma } = yield* watched(yield* file)
      const full = Effect.all([pragma("synchronous"), pragma("journal_mode")])
      yield* Effect.gen(function*() {
        const ledger = yield* Ledger
        assert.deepStrictEqual(yield* full, [2, "wal"])
        for (const _ of [1, 2]) {
          yield* enroll(entries(["a", "b"]))
          assert.deepStrictEqual(yield* full, [2, "wal"])
          yield* ledger.record(0, [answer(1)])
          assert.deepStrictEqual(yield* full, [2, "wal"])
        }
      }).pipe(Effect.provide(context))
    })
  )

  test(
    "records a batch as a whole or not at all",
    Effect.gen(function*() {
      const { context, pragma } = yield* watched(yield* file)
      yield* Effect.gen(function*() {
        const ledger = yield* Ledger
        const codes = Array.from({ length: 600 }, (_, index) => `c${index}`)
        yield* enroll(entries(codes))
        const bad = codes.map((_, index) => answer(index + 1, index === 599 ? { at: null as never } : {}))
        const error = yield* Effect.flip(ledger.record(0, bad))
        assert.deepInclude(error, { _tag: "LedgerError", reason: "Write" })
        assert.strictEqual(error.message, "NOT NULL constraint failed: outcome.at")
        assert.strictEqual((yield* ledger.counts(0)).outcomes.found, 0)

        yield* pragma(`max_page_count = ${Number(yield* pragma("page_count")) + 2}`)
        const full = yield* Effect.flip(ledger.record(0, codes.map((_, index) => answer(index + 1))))
        assert.deepInclude(full, { _tag: "LedgerError", reason: "Write" })
        assert.strictEqual(
          full.message,
          "the disk is full: make room and run the same command again, what is answered is kept"
        )
        assert.strictEqual((yield* ledger.counts(0)).outcomes.found, 0)

        yield* pragma("max_page_count = 100000")
        yield* ledger.record(0, codes.map((_, index) => answer(index + 1)))
        assert.strictEqual((yield* ledger.counts(0)).outcomes.found, 600)
      }).pipe(Effect.provide(context))
    })
  )

  test(
    "says that another program, which is no run, is using it",
    Effect.gen(function*() {
      const path = yield* file
      const { context, pragma } = yield* watched(path)
      yield* Effect.gen(function*() {
        const ledger = yield* Ledger
        yield* enroll(entries(["a"]))
        const other = new DatabaseSync(path)
        yield* Effect.addFinalizer(() => Effect.sync(() => other.close()))
        other.exec("begin immediate")
        yield* pragma("busy_timeout = 1")
        const error = yield* Effect.flip(ledger.record(0, [answer(1)]))
        assert.deepInclude(error, {
          reason: "Write",
          message:
            "another program is using it: wait for its end, and run the same command again, what is answered is kept"
        })
        other.exec("rollback")
        yield* ledger.record(0, [answer(1)])
        assert.strictEqual((yield* ledger.counts(0)).outcomes.found, 1)
      }).pipe(Effect.provide(context))
    })
  )

  test(
    "finds its pages by searching: the last one is as quick as the first",
    Effect.gen(function*() {
      const { context, sql: db, statements } = yield* watched(yield* file)
      yield* Effect.gen(function*() {
        const ledger = yield* Ledger
        yield* enroll(entries(["a", "b", "a", ""]))
        statements.length = 0
        yield* ledger.pending(0, 1, 2)
        yield* ledger.rows(0, 1, 2)
        yield* ledger.rowsOf(0, [2, 1])
        const pages = [...statements]
        assert.isAtLeast(pages.length, 3)
        for (const sql of pages) {
          const params = Array<number>(sql.split("?").length - 1).fill(1)
          const plan = (yield* db.select(`explain query plan ${sql}`, params)).map((row) => String(row[3]))
          assert.deepStrictEqual(plan.filter((step) => /^SCAN (?!asked)/.test(step)), [], plan.join("\n"))
        }
      }).pipe(Effect.provide(context))
    })
  )

  test(
    "looks for pending ones in stretches, so that a long answered list holds nobody up",
    Effect.gen(function*() {
      const { context, sql: db } = yield* watched(yield* file)
      yield* Effect.gen(function*() {
        const ledger = yield* Ledger
        yield* enroll(entries(["a", "b"]))
        yield* settle(["a", "b"])
        yield* Effect.forEach([
          `insert into entry
            with recursive more (n) as (select 2 union all select n + 1 from more where n < 199998)
            select n, n + 1, 1, 'a', null, null from more`,
          "insert into question values (3, 'c')",
          "insert into entry values (199999, 200000, 3, 'c', null, null)"
        ], (text) => db.run(text))
        yield* ledger.enrolled(0, list(200_000))
        let turns = 0
        const turn = () => {
          turns++
          immediate = setImmediate(turn)
        }
        let immediate = setImmediate(turn)
        yield* Effect.addFinalizer(() => Effect.sync(() => clearImmediate(immediate)))
        assert.deepStrictEqual(yield* ledger.pending(0, 0, 10), [
          { question: 3, key: "c", ordinal: 199_999, line: 200_000, input: "c", columns: null, error: null }
        ])
        assert.isAtLeast(turns, 3)
        assert.deepStrictEqual(yield* ledger.pending(0, 200_000, 10), [])
        yield* ledger.record(0, [answer(3)])
        assert.deepStrictEqual(yield* ledger.pending(0, 0, 10), [])
      }).pipe(Effect.provide(context))
    })
  )

  test(
    "can be read while a run writes, and not be written by who reads",
    Effect.gen(function*() {
      const path = yield* file
      const missing = yield* Effect.flip(Effect.scoped(Layer.build(Sqlite.layerReader(path))))
      assert.deepInclude(missing, { reason: "Missing", message: "there is no such ledger" })
      const writer = yield* Layer.build(Sqlite.layer(path))
      const reader = yield* Layer.build(Sqlite.layerReader(path))
      yield* Effect.provide(Effect.zipRight(enroll(entries(["a", "b"])), settle(["a"])), writer)
      assert.deepStrictEqual((yield* Effect.provide(rows(), reader)).map(short), ["1 a: \"a\"", "2 b: null"])
      yield* Effect.provide(settle(["b"]), writer)
      assert.strictEqual(
        (yield* Effect.provide(Effect.flatMap(Ledger, ({ counts }) => counts(0)), reader)).outcomes.found,
        2
      )
      const refused = yield* Effect.flip(Effect.provide(enroll(entries(["x"])), reader))
      assert.strictEqual(refused.reason, "Write")
    })
  )

  test(
    "forgets for good: nothing of an answer is left in its files",
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* file
      const contains = Effect.map(
        Effect.forEach(["", "-wal"], (end) => Effect.orElseSucceed(fs.readFile(path + end), () => new Uint8Array())),
        (files) => files.some((bytes) => Buffer.from(bytes).includes("a secret answer"))
      )
      yield* Effect.gen(function*() {
        yield* enroll(entries(["a", "b"]))
        yield* settle(["a", "b"], () => ({ body: "a secret answer".repeat(1_000) }))
        assert.isTrue(yield* contains)
        yield* Effect.flatMap(Ledger, ({ forget }) => forget({}))
        assert.isFalse(yield* contains)
      }).pipe(Effect.provide(Sqlite.layer(path)))
    })
  )

  test(
    "keeps the answers of a ledger of version 1",
    Effect.gen(function*() {
      const path = yield* file
      const old = new DatabaseSync(path)
      old.exec(`
        pragma application_id = ${0x524f4c4c};
        create table meta (key text primary key, value text not null) without rowid;
        create table question (id integer primary key, key text not null unique);
        create table entry (
          ordinal integer primary key, line integer not null, question integer, input text not null, columns text, error text);
        create index entry_question on entry (question, ordinal);
        create table outcome (
          question integer primary key, outcome text not null, http_status integer, attempts integer not null,
          calls integer not null, ms real, at integer not null, body text, error text);
        insert into meta values ('request', '{"url":"https://api.example/{code}"}'), ('list', '{}');
        insert into question values (1, 'a'), (2, 'b');
        insert into entry values (0, 1, 1, 'a', null, null), (1, 2, 2, 'b', null, null);
        insert into outcome values (2, 'found', 200, 1, 1, 1.5, 1, '"b"', null);
        pragma user_version = 1`)
      old.close()
      yield* Effect.gen(function*() {
        const ledger = yield* Ledger
        assert.strictEqual((yield* Effect.flip(ledger.begin({ url: "another" }))).reason, "Mismatch")
        yield* enroll(entries(["b", "a"]))
        assert.deepStrictEqual((yield* rows()).map(short), ["1 b: \"b\"", "2 a: null"])
      }).pipe(Effect.provide(Sqlite.layer(path)))
    })
  )

  test(
    "knows how the answers stand of a ledger that an earlier rollcall of this version has made, or written to",
    Effect.gen(function*() {
      const path = yield* file
      const standing = Effect.flatMap(Ledger, (ledger) => ledger.standing(0))
      const expected = (oldest: number) => ({ oldest, stale: { count: 0, since: Infinity } })
      yield* Effect.zipRight(enroll(entries(["a", "b"])), settle(["a"], () => ({ at: 7 }))).pipe(
        Effect.provide(Sqlite.layer(path))
      )
      const earlier = (sql: string) =>
        Effect.sync(() => {
          const database = new DatabaseSync(path)
          database.exec(sql)
          database.close()
        })
      const read = (layer: Layer.Layer<Ledger, unknown>) => Effect.provide(standing, layer)
      yield* earlier("drop table standing")
      for (const layer of [Sqlite.layerReader(path), Sqlite.layer(path)]) {
        assert.deepStrictEqual(yield* read(layer), expected(7))
      }
      yield* Effect.provide(enroll(entries(["a", "b"])), Sqlite.layer(path))
      yield* earlier(`
        insert into outcome select id, 'found', 200, 1, 1, 1, 3, '{}', null from question where key = 'b';
        update list set found = found + 1`)
      for (const layer of [Sqlite.layerReader(path), Sqlite.layer(path)]) {
        assert.deepStrictEqual(yield* read(layer), expected(3))
      }
    })
  )

  test(
    "opens a ledger that a program with another SQLite made",
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* file
      const packed = readFileSync(new URL("released/version-2.ledger.gz", import.meta.url))
      yield* fs.writeFile(path, gunzipSync(packed))
      const expected = [
        "1 00501: answer é😀 for 00501",
        "2 gone: not_found",
        "3 nul: before\0after",
        "4 a\0b: answer é😀 for a\0b",
        "5 bad: failed",
        "6 00501 again: answer é😀 for 00501",
        "7 null: invalid",
        "8 Zürich: answer é😀 for Zürich"
      ]
      const known = ["gone", "a\0b", "Zürich"]
      for (const layer of [Sqlite.layerReader(path), Sqlite.layer(path)]) {
        yield* Effect.gen(function*() {
          const ledger = yield* Ledger
          assert.deepInclude((yield* ledger.lists)[0]!, { id: 0, entries: 8, expect: "text" })
          assert.deepStrictEqual((yield* rows()).map(short), expected)
          assert.deepInclude(yield* ledger.counts(0), {
            questions: 6,
            refused: 1,
            outcomes: { found: 4, not_found: 1, invalid: 0, failed: 1, skipped: 0 }
          })
          assert.deepStrictEqual(
            (yield* ledger.answered(1, 10)).flatMap(({ body, outcome }) => outcome === "found" ? [body] : []),
            [0, 2, 3, 7].map((line) => expected[line]!.replace(/^.*?: /s, ""))
          )
          assert.deepStrictEqual([...(yield* ledger.known(["new", ...known]))], known)
        }).pipe(Effect.provide(layer))
      }
      yield* Effect.gen(function*() {
        const ledger = yield* Ledger
        assert.deepStrictEqual(yield* ledger.redo(0, [{ outcomes: ["failed"] }]), [1])
        assert.deepStrictEqual(yield* pending(10), ["bad"])
        yield* ledger.record(0, [answer((yield* ledger.pending(0, 0, 10))[0]!.question, { body: "now\0so" })])
        assert.strictEqual((yield* rows()).map(short)[4], "5 bad: now\0so")
      }).pipe(Effect.provide(Sqlite.layer(path)))
    })
  )

  const damages: ReadonlyArray<readonly [what: string, damage: (path: string) => void]> = [
    ["removed", (path) => ["", "-wal", "-lock"].forEach((end) => rmSync(path + end))],
    ["replaced", (path) => {
      copyFileSync(path, `${path}.copy`)
      renameSync(`${path}.copy`, path)
    }],
    ["cut", (path) => truncateSync(`${path}-wal`, 100)]
  ]
  for (const [what, damage] of damages) {
    test(
      `says that its files were ${what} while it was in use`,
      Effect.gen(function*() {
        const path = yield* file
        yield* Effect.gen(function*() {
          const ledger = yield* Ledger
          yield* enroll(entries(["a", "b", "c"]))
          yield* settle(["a"])
          damage(path)
          const error = yield* Effect.flip(ledger.record(0, [answer(2)]))
          assert.strictEqual(error.reason, "Write")
          assert.match(
            error.message,
            /^its files were removed, replaced or cut while the run was using them: put them /
          )
        }).pipe(Effect.provide(Sqlite.layer(path)))
      })
    )
  }

  test(
    "says what stands in its place where that is a pipe",
    Effect.gen(function*() {
      const path = yield* file
      spawnSync("mkfifo", [path])
      const error = yield* Effect.flip(Effect.scoped(Layer.build(Sqlite.layer(path))))
      assert.strictEqual(error.message, "it is a pipe or a device: name a file")
    })
  )

  test(
    "goes on after its answers were forgotten",
    Effect.gen(function*() {
      yield* Effect.gen(function*() {
        const ledger = yield* Ledger
        yield* enroll(entries(["a", "b"]))
        yield* settle(["a"], () => ({ body: "x".repeat(100_000) }))
        assert.strictEqual(yield* ledger.forget({}), 1)
        yield* settle(["b"])
      }).pipe(Effect.provide(Sqlite.layer(yield* file)))
    })
  )

  test(
    "keeps what is answered where the disk is full, in room that it has kept, and stops then",
    Effect.gen(function*() {
      const path = yield* file
      const { context, pragma } = yield* watched(path)
      yield* Effect.gen(function*() {
        const ledger = yield* Ledger
        const codes = Array.from({ length: 60 }, (_, index) => `c${index}`)
        yield* enroll(entries(codes))
        assert.isAtLeast(statSync(`${path}-reserve`).blocks * 512, 1024 * 1024)
        const all = codes.map((_, index) => answer(index + 1, { body: "x".repeat(4_000) }))
        yield* pragma(`max_page_count = ${Number(yield* pragma("page_count")) + 2}`)
        const room = `${path}-reserve`
        const error = yield* Effect.flip(ledger.record(0, all))
        assert.match(error.message, /^the disk is full: make room/)
        assert.isFalse(existsSync(room))
      }).pipe(Effect.provide(context))
    })
  )

  for (const what of ["one of an earlier version that was closed", "one that a run was killed over"]) {
    test(
      `is read where nothing can be written beside it: ${what}`,
      Effect.gen(function*() {
        const path = yield* file
        const old = gunzipSync(readFileSync(new URL("released/version-2.ledger.gz", import.meta.url)))
        yield* Effect.scoped(Effect.gen(function*() {
          writeFileSync(`${path}.mine`, old)
          const context = yield* Layer.build(Sqlite.layer(`${path}.mine`))
          if (what.startsWith("one of")) writeFileSync(path, old)
          else {
            yield* Effect.provide(Effect.flatMap(Ledger, ({ setNotes }) => setNotes({ left: "here" })), context)
            for (const end of ["", "-wal"]) copyFileSync(`${path}.mine${end}`, path + end)
          }
        }))
        // so that the index of the journal cannot be made
        mkdirSync(`${path}-shm`)
        const found = yield* Effect.provide(
          Effect.flatMap(
            Ledger,
            ({ name, note }) => Effect.zipWith(note("left"), rows(), (left, all) => [name, left, short(all[4]!)])
          ),
          Sqlite.layerReader(path)
        )
        assert.deepStrictEqual(found, [path, what.startsWith("one of") ? undefined : "here", "5 bad: failed"])
      })
    )
  }

  test(
    "counts at once, however long the list is",
    Effect.gen(function*() {
      const { context, statements } = yield* watched(yield* file)
      yield* Effect.gen(function*() {
        const ledger = yield* Ledger
        yield* enroll(entries(["a", "b", "a", ""]))
        yield* settle(["a"])
        statements.length = 0
        const { outcomes } = yield* ledger.counts(0)
        assert.strictEqual(outcomes.found, 1)
        assert.deepStrictEqual(statements.filter((sql) => /from (entry|outcome|question)/.test(sql)), [])
      }).pipe(Effect.provide(context))
    })
  )

  it("knows file systems over a network by their number", () => {
    // statfs(2) gives NFS and SMB2 these magic numbers
    assert.strictEqual(Sqlite.networks[0x6969], "NFS")
    assert.strictEqual(Sqlite.networks[-28_095_166 >>> 0], "SMB2")
    // ext4, tmpfs, overlay, btrfs, xfs
    for (const local of [0xef53, 0x01021994, 0x794c7630, 0x9123683e, 0x58465342]) {
      assert.isUndefined(Sqlite.networks[local])
    }
  })

  describe("refuses", () => {
    /** What stands at the path, and how the ledger is refused for it. */
    const cases: ReadonlyArray<
      readonly [
        what: string,
        make: (path: string, fs: FileSystem.FileSystem) => Effect.Effect<string, unknown>,
        message: string
      ]
    > = [
      [
        "a folder that is not there",
        (path) => Effect.succeed(`${path}/none/a.ledger`),
        "there is no such folder: make it, or name another file"
      ],
      [
        "a name that is too long",
        (path) => Effect.succeed(`${dirname(path)}/${"n".repeat(252)}`),
        "its name is too long for this disk: name a shorter one"
      ],
      [
        "a file as a folder",
        (path, fs) => Effect.as(fs.writeFileString(path, "x"), `${path}/a.ledger`),
        "a part of its path is a file, not a folder"
      ],
      [
        "a folder",
        (path, fs) => Effect.as(fs.makeDirectory(path), path),
        "it is a folder: name a file in it"
      ],
      [
        "a link",
        (path, fs) => Effect.as(fs.symlink("elsewhere", path), path),
        "it is a link: name the file itself"
      ],
      [
        "garbage",
        (path, fs) => Effect.as(fs.writeFileString(path, "garbage ".repeat(1_000)), path),
        "this file is not a ledger: name another one"
      ],
      [
        "a short list of codes",
        (path, fs) => Effect.as(fs.writeFileString(path, "00501\n"), path),
        "this file is not a ledger: name another one"
      ],
      ["another program's database", (path) =>
        Effect.sync(() => {
          const db = new DatabaseSync(path)
          db.exec("create table entry (a)")
          db.close()
          return path
        }), "this is another program's database: name another file"],
      ["a ledger of a newer version", (path) =>
        Effect.gen(function*() {
          yield* Effect.provide(enroll(entries(["a"])), Sqlite.layer(path))
          const db = new DatabaseSync(path)
          db.exec("pragma user_version = 3")
          db.close()
          return path
        }), "it is of version 3, and this rollcall knows 2: use a newer one"]
    ]
    for (const [what, make, message] of cases) {
      test(
        `${what}, in one line and untouched`,
        Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          const path = yield* make(yield* file, fs)
          const content = Effect.orElseSucceed(fs.readFile(path), () => undefined)
          const before = yield* content
          const exit = yield* Effect.exit(Effect.scoped(Layer.build(Sqlite.layer(path))))
          const error = yield* Effect.flip(exit)
          assert.instanceOf(error, LedgerError)
          assert.deepInclude(error, { reason: "Open", ledger: path, message })
          assert.deepStrictEqual(yield* content, before)
        })
      )
    }

    /** As somebody who is not root, who may open everything. */
    const asNobody = Effect.acquireRelease(
      Effect.sync(() => {
        const user = process.geteuid?.()
        if (user === 0) process.seteuid!(65_534)
        return user
      }),
      (user) => Effect.sync(() => user === 0 && process.seteuid!(0))
    )
    it.scoped("a file that it may not open", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const path = yield* file
        yield* fs.writeFileString(path, "", { mode: 0o000 })
        yield* fs.chmod(dirname(path), 0o777)
        const error = yield* Effect.flip(
          Effect.scoped(Effect.zipRight(asNobody, Layer.build(Sqlite.layer(path))))
        )
        assert.match(error.message, /^you may not read and write it: /)
      }).pipe(Effect.provide(NodeFileSystem.layer)))
  })

  test(
    "is closed with its layer, and leaves one file",
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* file
      const scope = yield* Scope.make()
      yield* Effect.provide(enroll(entries(["a"])), yield* Layer.buildWithScope(Sqlite.layer(path), scope))
      assert.isTrue(yield* fs.exists(`${path}-wal`))
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(yield* fs.exists(`${path}-wal`))
    })
  )
})
