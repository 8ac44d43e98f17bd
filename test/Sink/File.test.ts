import { Error, FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { execFileSync } from "node:child_process"
import * as File from "../../src/Sink/File.ts"

/** A folder, and what stands in it. */
const folder = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* fs.makeTempDirectoryScoped()
  return {
    fs,
    path: (name: string) => `${path}/${name}`,
    names: Effect.map(fs.readDirectory(path), (names) => names.sort())
  }
})

/** Writes texts to a target from its beginning to its end. */
const write = (path: string, texts: ReadonlyArray<string>) =>
  Effect.scoped(Effect.gen(function*() {
    const target = yield* File.make(path)
    const { complete, write } = yield* target.open
    for (const text of texts) yield* write(text)
    yield* complete
  }))

const check = (path: string, ours: ReadonlyArray<string> = []) =>
  Effect.flatMap(File.make(path), (target) => target.check(ours))

const mode = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.map(fs.stat(path), ({ mode }) => mode & 0o777))

const systemError = (code: string, method: string) =>
  new Error.SystemError({
    reason: "Unknown",
    module: "FileSystem",
    method,
    cause: Object.assign(new globalThis.Error(`${code}: said the system, ${method}`), { code })
  })

/** A file system of which one call of a method fails. */
const failing = (method: "writeAll" | "sync" | "rename", nth: number, code: string) =>
  Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs) => {
      let calls = 0
      const fails = <A>(effect: Effect.Effect<A, Error.PlatformError>) =>
        Effect.suspend(() => ++calls === nth ? systemError(code, method) : effect)
      return {
        ...fs,
        rename: (from, to) => method === "rename" ? fails(fs.rename(from, to)) : fs.rename(from, to),
        open: (path, options) =>
          Effect.map(fs.open(path, options), (file) =>
            new Proxy(file, {
              get: (file, name) => {
                if (name === "writeAll" && method === name) return (bytes: Uint8Array) => fails(file.writeAll(bytes))
                if (name === "sync" && method === name) return fails(file.sync)
                const value: unknown = Reflect.get(file, name, file)
                return typeof value === "function" ? value.bind(file) : value
              }
            }))
      } satisfies FileSystem.FileSystem
    })
  ).pipe(Layer.provide(NodeFileSystem.layer))

describe("File", () => {
  it.scoped("grows beside its name, for its owner alone, and has its name when it is complete", () =>
    Effect.gen(function*() {
      const { fs, names, path } = yield* folder
      const out = path("zips.ndjson")
      const { complete, write } = yield* Effect.flatMap(File.make(out), ({ open }) => open)
      yield* write("a\n")
      yield* write("ü\n")
      assert.deepStrictEqual(yield* names, ["zips.ndjson.part"])
      assert.strictEqual(yield* mode(`${out}.part`), 0o600)
      yield* complete
      assert.deepStrictEqual(yield* names, ["zips.ndjson"])
      assert.strictEqual(yield* fs.readFileString(out), "a\nü\n")
      assert.strictEqual(yield* mode(out), 0o600)
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("takes the place of what an earlier run wrote, but only when it is complete", () =>
    Effect.gen(function*() {
      const { fs, path } = yield* folder
      const out = path("zips.ndjson")
      yield* write(out, ["old"])
      yield* check(out, ["other", out])
      yield* Effect.scoped(
        Effect.flatMap(Effect.flatMap(File.make(out), ({ open }) => open), ({ write }) => write("new"))
      )
      assert.strictEqual(yield* fs.readFileString(out), "old")
      yield* write(out, ["newer"])
      assert.strictEqual(yield* fs.readFileString(out), "newer")
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("leaves what is not ours alone", () =>
    Effect.gen(function*() {
      const { fs, path } = yield* folder
      yield* fs.writeFileString(path("theirs"), "precious")
      yield* fs.makeDirectory(path("folder"))
      execFileSync("mkfifo", [path("pipe")])
      const message = (name: string, ours?: ReadonlyArray<string>) =>
        Effect.map(Effect.flip(check(path(name), ours)), ({ message, reason }) => [reason, message])
      assert.deepStrictEqual(yield* message("theirs"), [
        "Exists",
        `${path("theirs")}: it exists and is not the output of this ledger: move it away or choose another name`
      ])
      assert.deepStrictEqual(yield* message("folder", [path("folder")]), [
        "Exists",
        `${path("folder")}: it is a folder: name a file in it`
      ])
      assert.deepStrictEqual(yield* message("pipe"), [
        "Exists",
        `${path("pipe")}: it is not a plain file: write to standard output, and redirect that`
      ])
      yield* check(path("none"))
      assert.strictEqual(yield* fs.readFileString(path("theirs")), "precious")
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("follows no link and inherits no mode from a part that lies there", () =>
    Effect.gen(function*() {
      const { fs, path } = yield* folder
      yield* fs.writeFileString(path("theirs"), "precious")
      yield* fs.symlink(path("theirs"), path("a.part"))
      yield* fs.writeFileString(path("b.part"), "left by a kill, and longer", { mode: 0o644 })
      yield* write(path("a"), ["a"])
      yield* write(path("b"), ["b"])
      assert.strictEqual(yield* fs.readFileString(path("theirs")), "precious")
      assert.strictEqual(yield* fs.readFileString(path("b")), "b")
      assert.strictEqual(yield* mode(path("b")), 0o600)
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("says what is wrong with a place where no file can be made", () =>
    Effect.gen(function*() {
      const { fs, path } = yield* folder
      yield* fs.writeFileString(path("file"), "")
      const open = (path: string) =>
        Effect.map(Effect.flip(write(path, [])), ({ message, reason }) => `${reason} ${message}`)
      const none = path("none/zips.csv")
      assert.strictEqual(yield* open(none), `Open ${none}: it cannot be made: there is no such folder`)
      const inFile = path("file/zips.csv")
      assert.strictEqual(
        yield* open(inFile),
        `Open ${inFile}: it cannot be made: a part of its path is a file, not a folder`
      )
      const denied = FileSystem.layerNoop({
        remove: () => Effect.void,
        open: () => systemError("EACCES", "open")
      })
      assert.strictEqual(
        yield* Effect.provide(open("zips.csv"), denied),
        "Open zips.csv: it cannot be made: you may not write in its folder"
      )
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  const faults: ReadonlyArray<
    readonly [method: "writeAll" | "sync" | "rename", nth: number, code: string, message: RegExp]
  > = [
    ["writeAll", 1, "ENOSPC", /: it cannot be written: the disk is full: make room and run the same command again, /],
    ["writeAll", 3, "EDQUOT", /: it cannot be written: your share of the disk is used up: make room/],
    ["writeAll", 2, "EIO", /: it cannot be written: EIO: said the system, writeAll$/],
    ["sync", 1, "EIO", /: it cannot be completed: EIO: said the system, sync$/],
    ["rename", 1, "EROFS", /: it cannot be completed: the disk is read-only$/]
  ]
  it.scoped.each(faults)(
    "leaves the old output as it is where %s number %i fails with %s",
    ([method, nth, code, message]) =>
      Effect.gen(function*() {
        const { fs, path } = yield* folder
        const out = path("zips.ndjson")
        for (const old of [undefined, "old"]) {
          if (old !== undefined) yield* fs.writeFileString(out, old)
          const error = yield* write(out, ["a", "b", "c"]).pipe(Effect.provide(failing(method, nth, code)), Effect.flip)
          assert.strictEqual(error._tag, "SinkError")
          assert.strictEqual(error.reason, "Write")
          assert.match(error.message, message)
          assert.isTrue(error.message.startsWith(out))
          assert.strictEqual(yield* Effect.orElseSucceed(fs.readFileString(out), () => undefined), old)
        }
        yield* write(out, ["a", "b"])
        assert.strictEqual(yield* fs.readFileString(out), "ab")
      }).pipe(Effect.provide(NodeFileSystem.layer))
  )
})
