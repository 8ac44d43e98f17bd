import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { connect } from "../../../src/Sql/Sqlite/Connection.ts"

/** A database in a folder of its own, with a table. */
const made = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const sql = yield* connect(`${yield* fs.makeTempDirectoryScoped()}/a.db`)
  yield* sql.run("create table \"a?\" (n integer primary key, text text, any)")
  return sql
}).pipe(Effect.provide(NodeFileSystem.layer))

describe("Connection", () => {
  it.scoped("writes texts whole, whatever is in them", () =>
    Effect.gen(function*() {
      const sql = yield* made
      const texts = ["", "a", "a\0b", "\0", "\0\0é😀", "'?\"\0"]
      for (const [index, text] of texts.entries()) {
        const changes = yield* sql.run("insert into \"a?\" values (?, ?, '?' || ?)", [index, text, `${text}?`])
        assert.strictEqual(changes, 1)
      }
      const rows = yield* sql.select(
        "select typeof(text), typeof(any), cast(text as blob), cast(any as blob) from \"a?\" order by n"
      )
      const found = rows.map(([one, two, ...cells]) => [one, two, ...cells.map((cell) => Buffer.from(cell).toString())])
      assert.deepStrictEqual(found, texts.map((text) => ["text", "text", text, `?${text}?`]))
    }))

  it.scoped("does all of a transaction or nothing, and lets no other statement in between", () =>
    Effect.gen(function*() {
      const sql = yield* made
      const insert = "insert into \"a?\" values (?, null, null)"
      const count = Effect.map(sql.select("select count(*) from \"a?\""), ([row]) => row![0] as number)
      const [begun, go] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const transaction = yield* Effect.fork(
        sql.transaction((on) =>
          Effect.all([on.run(insert, [1]), Deferred.succeed(begun, undefined), Deferred.await(go), on.run(insert, [2])])
        )
      )
      yield* Deferred.await(begun)
      const looking = yield* Effect.fork(count)
      yield* Effect.yieldNow()
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(transaction)
      assert.strictEqual(yield* Fiber.join(looking), 2)
      const failed = yield* Effect.exit(
        sql.transaction((on) => Effect.zipRight(on.run(insert, [3]), on.run(insert, [1])))
      )
      assert.isTrue(Exit.isFailure(failed))
      assert.strictEqual(yield* count, 2)
    }))

  it.scoped("leaves no lock behind", () =>
    Effect.gen(function*() {
      const sql = yield* made
      yield* Effect.scoped(Effect.flatMap(connect(sql.file), (other) => other.run("begin immediate")))
      yield* sql.select("pragma busy_timeout = 0")
      yield* sql.run("insert into \"a?\" values (1, null, null)")
    }))

  it.scoped("tells what SQLite says by its name", () =>
    Effect.gen(function*() {
      const sql = yield* made
      yield* sql.run("insert into \"a?\" values (1, null, null)")
      const twice = yield* Effect.flip(sql.run("insert into \"a?\" values (1, null, null)"))
      assert.deepInclude(twice, { code: "SQLITE_CONSTRAINT", message: "UNIQUE constraint failed: a?.n" })
      assert.strictEqual((yield* Effect.flip(sql.select("selec"))).code, "SQLITE_ERROR")
      assert.strictEqual((yield* Effect.flip(connect(`${sql.file}-none/b`))).code, "ENOENT")
      assert.strictEqual((yield* Effect.flip(connect(`${sql.file}/b`))).code, "ENOTDIR")
      assert.strictEqual((yield* Effect.flip(connect("/"))).code, "EISDIR")
      const reader = yield* connect(sql.file, { isReader: true })
      assert.strictEqual((yield* Effect.flip(reader.run("delete from \"a?\""))).code, "SQLITE_READONLY")
    }))
})
