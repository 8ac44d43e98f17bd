import { Error, FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { execFileSync } from "node:child_process"
import type { Held } from "../../src/Sink.ts"
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

const open = (path: string, held?: Held) => Effect.flatMap(File.make(path), (target) => target.open(held))

/** Writes texts to a target from its beginning, or from what it holds, to its end. */
const write = (path: string, texts: ReadonlyArray<string>, held?: Held) =>
  Effect.scoped(Effect.gen(function*() {
    const { complete, isHeld, keep, write } = yield* open(path, held)
    for (const text of texts) yield* write(text)
    const kept = yield* keep
    yield* complete
    return { isHeld, held: kept && { ...kept, isComplete: true } }
  }))

/** Writes texts and leaves the file as a run does that goes on later. */
const begin = (path: string, texts: ReadonlyArray<string>, held?: Held) =>
  Effect.scoped(Effect.gen(function*() {
    const { keep, write } = yield* open(path, held)
    for (const text of texts) yield* write(text)
    return (yield* keep)!
  }))

const check = (path: string, isOurs = false, held?: Held) =>
  Effect.flatMap(File.make(path), (target) => target.check(isOurs, held))

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
      const { complete, isHeld, write } = yield* open(out)
      assert.isFalse(isHeld)
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
      yield* check(out, true)
      yield* begin(out, ["new"])
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
      const message = (name: string, isOurs?: boolean) =>
        Effect.map(Effect.flip(check(path(name), isOurs)), ({ message, reason }) => [reason, message])
      assert.deepStrictEqual(yield* message("theirs"), [
        "Exists",
        `${path("theirs")}: it exists and is not the output of this ledger: move it away or choose another name`
      ])
      assert.deepStrictEqual(yield* message("folder", true), [
        "Exists",
        `${path("folder")}: it is a folder: name a file in it`
      ])
      assert.deepStrictEqual(yield* message("pipe", true), [
        "Exists",
        `${path("pipe")}: it is not a plain file: write to standard output, and redirect that`
      ])
      yield* check(path("none"))
      // only what was about to get this name is known by what it holds
      const held = yield* begin(path("other"), ["precious"])
      yield* check(path("theirs"), false, { ...held, isComplete: true })
      const others = [held, { ...held, offset: 7, isComplete: true }, { ...held, tail: "", isComplete: true }]
      for (const other of others) yield* Effect.flip(check(path("theirs"), false, other))
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
      const failure = (path: string) =>
        Effect.map(Effect.flip(write(path, [])), ({ message, reason }) => `${reason} ${message}`)
      const none = path("none/zips.csv")
      assert.strictEqual(yield* failure(none), `Open ${none}: it cannot be made: there is no such folder`)
      const inFile = path("file/zips.csv")
      assert.strictEqual(
        yield* failure(inFile),
        `Open ${inFile}: it cannot be made: a part of its path is a file, not a folder`
      )
      const denied = FileSystem.layerNoop({
        remove: () => Effect.void,
        open: () => systemError("EACCES", "open")
      })
      assert.strictEqual(
        yield* Effect.provide(failure("zips.csv"), denied),
        "Open zips.csv: it cannot be made: you may not write in its folder"
      )
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  const faults: ReadonlyArray<
    readonly [method: "writeAll" | "sync" | "rename", nth: number, code: string, message: RegExp]
  > = [
    ["writeAll", 1, "ENOSPC", /: it cannot be written: the disk is full: make room and run the same command again, /],
    ["writeAll", 3, "EDQUOT", /: it cannot be written: your share of the disk is used up: make room/],
    ["writeAll", 2, "EIO", /: it cannot be written: the disk failed: look after it/],
    ["writeAll", 2, "EWHAT", /: it cannot be written: EWHAT: said the system, writeAll$/],
    ["sync", 1, "EIO", /: it cannot be written: the disk failed: look after it and run the same command again, /],
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
          const error = yield* write(out, ["a", "b", "c"]).pipe(
            Effect.provide(failing(method, nth, code)),
            Effect.flip
          )
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

  it.scoped("takes away a part that was never kept, and leaves one that was", () =>
    Effect.gen(function*() {
      const { names, path } = yield* folder
      yield* Effect.scoped(Effect.flatMap(open(path("a")), ({ write }) => write("a")))
      assert.deepStrictEqual(yield* names, [])
      const held = yield* begin(path("a"), ["a"])
      yield* Effect.scoped(Effect.flatMap(open(path("a"), held), ({ write }) => write("b")))
      assert.deepStrictEqual(yield* names, ["a.part"])
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("does not take the place of a file that came to be meanwhile", () =>
    Effect.gen(function*() {
      const { fs, path } = yield* folder
      const out = path("zips.ndjson")
      const held = yield* begin(out, ["a"])
      const { complete, write: more } = yield* open(out, held)
      yield* more("b")
      yield* fs.writeFileString(out, "precious")
      const { message, reason } = yield* Effect.flip(complete)
      assert.deepStrictEqual([reason, message], [
        "Write",
        `${out}: another program made it meanwhile: the output stands in ${out}.part`
      ])
      assert.strictEqual(yield* fs.readFileString(out), "precious")
      assert.strictEqual(yield* fs.readFileString(`${out}.part`), "ab")
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("gives its name to no part but its own, and takes no other away", () =>
    Effect.gen(function*() {
      const { fs, names, path } = yield* folder
      const out = path("zips.ndjson")
      yield* Effect.scoped(Effect.gen(function*() {
        const one = yield* open(out)
        yield* one.write("one")
        yield* Effect.scoped(Effect.gen(function*() {
          const other = yield* open(out)
          yield* other.write("other")
          const { message, reason } = yield* Effect.flip(one.complete)
          assert.strictEqual(reason, "Write")
          assert.match(message, /: another program took \S+\.part away: let one run at a time write to it$/)
          yield* other.keep
        }))
      }))
      assert.deepStrictEqual(yield* names, ["zips.ndjson.part"])
      assert.strictEqual(yield* fs.readFileString(`${out}.part`), "other")
    }).pipe(Effect.provide(NodeFileSystem.layer)))
})

describe("File: going on", () => {
  /** What a run wrote that was stopped; longer than what is read again of it. */
  const start = `${"0123456789".repeat(1_000)}\n`
  const flip = (text: string, at: number) => `${text.slice(0, at)}#${text.slice(at + 1)}`

  /** What lies there in place of the part, and whether the next run goes on with it. */
  const parts: ReadonlyArray<readonly [what: string, part: string | undefined, isHeld: boolean]> = [
    ["as it was", start, true],
    ["longer", `${start}half a rec`, true],
    ["changed long before its end", flip(start, start.length - 4_097), true],
    ["changed within its end", flip(start, start.length - 4_096), false],
    ["changed at its end", flip(start, start.length - 1), false],
    ["shorter", start.slice(0, -1), false],
    ["empty", "", false],
    ["gone", undefined, false],
    ["that of another", `${"9876543210".repeat(1_000)}\n`, false]
  ]
  it.scoped.each(parts)("with a part that is %s", ([, part, isHeld]) =>
    Effect.gen(function*() {
      const { fs, path } = yield* folder
      const out = path("zips.ndjson")
      const held = yield* begin(out, [start.slice(0, 7_000), start.slice(7_000)])
      assert.deepStrictEqual([held.offset, held.isComplete], [start.length, false])
      // its number is not given to another file as long as it has a name
      yield* fs.link(`${out}.part`, path("before"))
      const before = yield* fs.stat(path("before"))
      if (part === undefined) yield* fs.remove(`${out}.part`)
      else yield* fs.writeFileString(`${out}.part`, part)
      const written = yield* write(out, isHeld ? ["more"] : [start, "more"], held)
      assert.strictEqual(written.isHeld, isHeld)
      assert.strictEqual(
        yield* fs.readFileString(out),
        `${isHeld ? part!.slice(0, start.length) : start}more`
      )
      // what is held is not written again
      assert.strictEqual(String((yield* fs.stat(out)).ino) === String(before.ino), isHeld)
      assert.strictEqual(yield* mode(out), 0o600)
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("knows its end again, however it was written", () =>
    Effect.gen(function*() {
      const { fs, path } = yield* folder
      const out = path("zips.ndjson")
      const pieces = ["a", "ü".repeat(3_000), "b", start, "ends\n"]
      const tails = new Set<string>()
      let held = yield* begin(out, [])
      for (const piece of pieces) held = yield* begin(out, [piece], held)
      tails.add(held.tail)
      yield* fs.remove(`${out}.part`)
      tails.add((yield* begin(out, pieces)).tail)
      tails.add((yield* begin(out, [pieces.join("")])).tail)
      assert.lengthOf([...tails], 1)
      assert.strictEqual(held.offset, Buffer.byteLength(pieces.join("")))
      assert.strictEqual(yield* fs.readFileString(`${out}.part`), pieces.join(""))
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("follows no link that lies in place of the part, and writes to no pipe", () =>
    Effect.gen(function*() {
      const { fs, path } = yield* folder
      for (const name of ["link", "pipe"]) {
        const held = yield* begin(path(name), [start])
        yield* fs.rename(path(`${name}.part`), path("theirs"))
        if (name === "link") yield* fs.symlink(path("theirs"), path(`${name}.part`))
        else execFileSync("mkfifo", [path(`${name}.part`)])
        assert.isFalse((yield* write(path(name), [start, "more"], held)).isHeld)
        assert.strictEqual(yield* fs.readFileString(path("theirs")), start)
        assert.strictEqual(yield* fs.readFileString(path(name)), `${start}more`)
      }
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("leaves alone what is complete, and makes anew what is not as it was", () =>
    Effect.gen(function*() {
      const { fs, names, path } = yield* folder
      const out = path("zips.ndjson")
      const { held } = yield* write(out, [start])
      yield* fs.utimes(out, 1_000, 1_000)
      // its owner may have made it read-only
      yield* fs.chmod(out, 0o400)
      const before = yield* fs.stat(out)
      assert.deepStrictEqual(yield* write(out, ["not written"], held), { isHeld: true, held: undefined })
      assert.deepStrictEqual(yield* fs.stat(out), { ...before, atime: (yield* fs.stat(out)).atime })
      assert.deepStrictEqual(yield* names, ["zips.ndjson"])
      for (const changed of [`${start}a`, start.slice(1), undefined]) {
        yield* fs.remove(out)
        if (changed !== undefined) yield* fs.writeFileString(out, changed)
        assert.isFalse((yield* write(out, [start], held)).isHeld)
        assert.strictEqual(yield* fs.readFileString(out), start)
      }
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("gives its name to a part that was complete when the process ended", () =>
    Effect.gen(function*() {
      const { fs, names, path } = yield* folder
      const out = path("zips.ndjson")
      for (const old of [undefined, "an older output"]) {
        if (old !== undefined) yield* fs.writeFileString(out, old)
        const held = { ...(yield* begin(out, [start])), isComplete: true }
        assert.isTrue((yield* write(out, [], held)).isHeld)
        assert.strictEqual(yield* fs.readFileString(out), start)
        assert.deepStrictEqual(yield* names, ["zips.ndjson"])
      }
    }).pipe(Effect.provide(NodeFileSystem.layer)))
})
