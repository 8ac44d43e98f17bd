import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { symlinkSync } from "node:fs"
import { join } from "node:path"
import * as File from "../../src/Sink/File.ts"
import * as Lock from "../../src/Sink/Lock.ts"
import { query } from "../sqlite.ts"

const folder = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* fs.makeTempDirectoryScoped()
  return { fs, path: (name: string) => join(path, name), names: fs.readDirectory(path) }
})

const file = (path: string) => File.make(path, path, Lock.ofFile(path))

describe("Lock", () => {
  it.scoped("keeps a second run from an output, and says who holds it", () =>
    Effect.gen(function*() {
      const { names, path } = yield* folder
      const out = path("out.csv")
      symlinkSync(path("."), path("link"))
      yield* Effect.scoped(Effect.gen(function*() {
        const { write } = yield* (yield* file(out)).open(undefined, false)
        yield* write("a\n")
        for (const name of [out, path("link/out.csv")]) {
          const other = yield* file(name)
          for (const attempt of [other.check(undefined), Effect.scoped(other.open(undefined, false))]) {
            const error = yield* Effect.flip(attempt)
            assert.strictEqual(error.reason, "Busy")
            assert.match(
              error.message,
              /another run holds it \(process \d+ on .+, since 1970-01-01T00:00:00Z\): wait for/
            )
            assert.include(error.message, `process ${process.pid} on`)
          }
        }
        // another output beside it is another output
        yield* Effect.scoped((yield* file(path("other.csv"))).open(undefined, false))
        yield* write("b\n")
      }))
      assert.deepStrictEqual(yield* names, ["link"])
      yield* Effect.scoped((yield* file(out)).open(undefined, false))
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("is free again where a run was killed", () =>
    Effect.gen(function*() {
      const { names, path } = yield* folder
      yield* query(path("x.part-lock"), "create table rollcall_holder (value text not null)")
      yield* Effect.scoped(Lock.ofFile(path("x")).hold)
      assert.deepStrictEqual(yield* names, [])
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("leaves a file of somebody else alone", () =>
    Effect.gen(function*() {
      const { fs, names, path } = yield* folder
      yield* fs.writeFileString(path("a.part-lock"), "my thesis")
      yield* query(path("b.part-lock"), "create table thesis (text text)")
      for (const name of ["a", "b"]) {
        const before = yield* fs.readFile(path(`${name}.part-lock`))
        yield* Effect.scoped(Lock.ofFile(path(name)).hold)
        assert.deepStrictEqual(yield* fs.readFile(path(`${name}.part-lock`)), before)
      }
      assert.deepStrictEqual((yield* names).toSorted(), ["a.part-lock", "b.part-lock"])
    }).pipe(Effect.provide(NodeFileSystem.layer)))
})
