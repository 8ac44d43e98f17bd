import { Error, FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Layer } from "effect"
import { execFileSync } from "node:child_process"
import type { Held } from "../../src/Sink.ts"
import * as File from "../../src/Sink/File.ts"
import * as Mark from "../../src/Sink/Mark.ts"

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

/** A mark as a run keeps it. */
const markOf = (held: Held, given: Partial<Mark.Mark> = {}): Mark.Mark => ({
  list: 1,
  epoch: 1,
  layout: "",
  position: 1,
  isComplete: false,
  ...held,
  ...given
})

const open = (path: string, mark?: Mark.Mark, goesOn = mark !== undefined) =>
  Effect.flatMap(File.make(path), (target) => target.open(mark, goesOn))

/** Writes texts to a target from its beginning, or from what it holds, to its end; gives the mark of what is complete. */
const write = (path: string, texts: ReadonlyArray<string>, mark?: Mark.Mark, goesOn?: boolean) =>
  Effect.scoped(Effect.gen(function*() {
    const { complete, intact, isFinal, isHeld, keep, write } = yield* open(path, mark, goesOn)
    for (const text of texts) yield* write(text)
    const kept = yield* keep
    yield* intact
    yield* complete
    return { isHeld, isFinal, mark: kept === undefined ? mark : Mark.owned(markOf(kept, { isComplete: true })) }
  }))

/** Writes texts and leaves the file as a run does that goes on later. */
const begin = (path: string, texts: ReadonlyArray<string>, mark?: Mark.Mark) =>
  Effect.scoped(Effect.gen(function*() {
    const { keep, write } = yield* open(path, mark)
    for (const text of texts) yield* write(text)
    return markOf((yield* keep)!, mark === undefined ? {} : Mark.finished(mark))
  }))

const check = (path: string, mark?: Mark.Mark) => Effect.flatMap(File.make(path), (target) => target.check(mark))

/** What is refused, and why; `undefined` where nothing is. */
const refused = (path: string, mark?: Mark.Mark) =>
  Effect.map(
    Effect.either(check(path, mark)),
    Either.match({
      onLeft: ({ message, reason }) => `${reason} ${message.slice(path.length + 2)}`,
      onRight: () => undefined
    })
  )

/** The mode of what any program writes here. */
const usual = 0o666 & ~process.umask()
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
      assert.strictEqual(yield* mode(`${out}.part`), usual)
      yield* complete
      assert.deepStrictEqual(yield* names, ["zips.ndjson"])
      assert.strictEqual(yield* fs.readFileString(out), "a\nü\n")
      assert.strictEqual(yield* mode(out), usual)
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("takes the place of what an earlier run wrote, but only when it is complete", () =>
    Effect.gen(function*() {
      const { fs, path } = yield* folder
      const out = path("zips.ndjson")
      const { mark } = yield* write(out, ["old"])
      yield* check(out, mark)
      const part = yield* Effect.scoped(Effect.gen(function*() {
        const { keep, write } = yield* open(out, mark, false)
        yield* write("new")
        return markOf((yield* keep)!, Mark.finished(mark!))
      }))
      assert.strictEqual(yield* fs.readFileString(out), "old")
      yield* check(out, part)
      yield* write(out, ["er"], part)
      assert.strictEqual(yield* fs.readFileString(out), "newer")
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  const theirs = "Exists it exists and is not the output of this ledger: move it away or choose another name"
  const changed = "Exists it was changed since it was written: move it away, or name another output"

  it.scoped("leaves what is not ours alone", () =>
    Effect.gen(function*() {
      const { fs, path } = yield* folder
      yield* fs.writeFileString(path("theirs"), "precious")
      yield* fs.makeDirectory(path("folder"))
      execFileSync("mkfifo", [path("pipe")])
      const mark = (yield* write(path("ours"), ["precious"])).mark!
      assert.strictEqual(yield* refused(path("theirs")), theirs)
      assert.strictEqual(yield* refused(path("folder"), mark), "Exists it is a folder: name a file in it")
      assert.strictEqual(
        yield* refused(path("pipe"), mark),
        "Exists it is not a plain file: write to standard output, and redirect that"
      )
      assert.isUndefined(yield* refused(path("none")))
      assert.isUndefined(yield* refused(path("ours"), mark))
      // byte for byte the same, however it came there
      assert.isUndefined(yield* refused(path("theirs"), mark))
      for (const text of ["precioux", "precious\n", "recious", ""]) {
        yield* fs.writeFileString(path("ours"), text)
        assert.strictEqual(yield* refused(path("ours"), mark), changed)
        assert.strictEqual((yield* Effect.flip(write(path("ours"), ["new"], mark, false))).reason, "Exists")
        assert.strictEqual(yield* fs.readFileString(path("ours")), text)
      }
      yield* fs.remove(path("ours"))
      yield* fs.symlink(path("theirs"), path("ours"))
      assert.match(
        (yield* refused(path("ours"), mark))!,
        /^Exists it is a symbolic link to .*theirs: an output is no link, /
      )
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("knows what was complete when the process ended, with its final name and without", () =>
    Effect.gen(function*() {
      const { fs, path } = yield* folder
      const out = path("zips.ndjson")
      const old = (yield* write(out, ["old"])).mark!
      const complete = {
        ...(yield* Effect.scoped(Effect.gen(function*() {
          const { keep, write } = yield* open(out, old, false)
          yield* write("new")
          return markOf((yield* keep)!)
        }))),
        ...Mark.finished(old),
        isComplete: true,
        isOpen: true
      }
      assert.isUndefined(yield* refused(out, complete))
      yield* fs.rename(`${out}.part`, out)
      assert.isUndefined(yield* refused(out, complete))
      assert.isTrue((yield* write(out, ["not written"], complete)).isFinal)
      assert.strictEqual(yield* fs.readFileString(out), "new")
      yield* fs.writeFileString(out, "other")
      assert.strictEqual(yield* refused(out, complete), changed)
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("takes for its own what an older release wrote, by its size", () =>
    Effect.gen(function*() {
      const { fs, path } = yield* folder
      const out = path("zips.ndjson")
      yield* fs.writeFileString(out, "old")
      const older = { list: 1, epoch: 1, layout: "", position: 1, isComplete: true, isOurs: true, offset: 3 }
      assert.isUndefined(yield* refused(out, older))
      assert.isTrue((yield* write(out, [], older)).isFinal)
      assert.strictEqual(yield* refused(out, { ...older, offset: 4 }), changed)
      yield* fs.writeFileString(`${out}.part`, "part")
      assert.isUndefined(yield* refused(out, { ...older, isComplete: false }))
      assert.isFalse((yield* write(out, ["new"], { ...older, isComplete: false })).isHeld)
      assert.strictEqual(yield* fs.readFileString(out), "new")
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  const elsewhere =
    /^Exists its records grow in \S+\.part, and what stands there was not left by this ledger, or .*: move that/
  it.scoped("touches nothing that stands in place of the part, and follows no link there", () =>
    Effect.gen(function*() {
      const { fs, path } = yield* folder
      yield* fs.writeFileString(path("theirs"), "precious")
      yield* fs.symlink(path("theirs"), path("a.part"))
      yield* fs.symlink(path("none"), path("b.part"))
      yield* fs.writeFileString(path("c.part"), "a list")
      yield* fs.makeDirectory(path("d.part"))
      for (const name of ["a", "b", "c", "d"]) {
        assert.match((yield* refused(path(name)))!, elsewhere)
        assert.strictEqual((yield* Effect.flip(write(path(name), ["x"]))).reason, "Exists")
      }
      assert.strictEqual(yield* fs.readFileString(path("theirs")), "precious")
      assert.strictEqual(yield* fs.readFileString(path("c.part")), "a list")
      // what a run left that ended before it said so
      yield* fs.writeFileString(path("e.part"), "", { mode: 0o644 })
      yield* write(path("e"), ["e"])
      assert.strictEqual(yield* fs.readFileString(path("e")), "e")
      assert.strictEqual(yield* mode(path("e")), usual)
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("replaces no link that leads to nothing, or to itself", () =>
    Effect.gen(function*() {
      const { fs, path } = yield* folder
      yield* fs.symlink(path("none"), path("a"))
      yield* fs.symlink(path("b"), path("b"))
      yield* fs.writeFileString(path("file"), "precious")
      yield* fs.symlink("file", path("c"))
      const links = [["a", `${path("none")}, where no file is`], ["b", `${path("b")}, where no file is`], ["c", "file"]]
      for (const [name = "", what] of links) {
        assert.strictEqual(
          yield* refused(path(name)),
          `Exists it is a symbolic link to ${what}: an output is no link, name the file that it leads to, or take it away`
        )
        assert.strictEqual((yield* Effect.flip(write(path(name), ["x"]))).reason, "Exists")
        assert.isTrue(yield* Effect.isSuccess(fs.readLink(path(name))))
      }
      assert.isFalse(yield* fs.exists(path("none")))
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
        let mark: Mark.Mark | undefined
        for (const old of [undefined, "old"]) {
          if (old !== undefined) mark = (yield* write(out, [old])).mark
          const error = yield* write(out, ["a", "b", "c"], mark, false).pipe(
            Effect.provide(failing(method, nth, code)),
            Effect.flip
          )
          assert.strictEqual(error._tag, "SinkError")
          assert.strictEqual(error.reason, "Write")
          assert.match(error.message, message)
          assert.isTrue(error.message.startsWith(out))
          assert.strictEqual(yield* Effect.orElseSucceed(fs.readFileString(out), () => undefined), old)
          yield* fs.remove(`${out}.part`, { force: true })
        }
        yield* write(out, ["a", "b"], mark, false)
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

  it.scoped("does not take the place of a file that came to be, or was changed, meanwhile", () =>
    Effect.gen(function*() {
      const { fs, path } = yield* folder
      const out = path("zips.ndjson")
      for (const old of [undefined, "old"]) {
        const mark = old === undefined ? undefined : (yield* write(out, [old])).mark
        yield* Effect.scoped(Effect.gen(function*() {
          const { complete, keep, write: more } = yield* open(out, mark, false)
          yield* more("ab")
          yield* keep
          yield* fs.writeFileString(out, "precious")
          const { message, reason } = yield* Effect.flip(complete)
          assert.deepStrictEqual([reason, message], [
            "Write",
            `${out}: another program changed it meanwhile: the output stands in ${out}.part`
          ])
        }))
        assert.strictEqual(yield* fs.readFileString(out), "precious")
        assert.strictEqual(yield* fs.readFileString(`${out}.part`), "ab")
        yield* fs.remove(out)
        yield* fs.remove(`${out}.part`)
      }
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("gives its name to no part but its own, and takes no other away", () =>
    Effect.gen(function*() {
      const { fs, names, path } = yield* folder
      const out = path("zips.ndjson")
      yield* Effect.scoped(Effect.gen(function*() {
        const one = yield* open(out)
        yield* one.write("one")
        assert.strictEqual((yield* Effect.flip(write(out, ["other"]))).reason, "Exists")
        yield* fs.remove(`${out}.part`)
        yield* fs.writeFileString(`${out}.part`, "other")
        for (const end of [one.intact, one.complete]) {
          const { message, reason } = yield* Effect.flip(end)
          assert.strictEqual(reason, "Write")
          assert.match(
            message,
            /: another program took \S+\.part away: the same command makes it anew, without a call$/
          )
        }
      }))
      assert.deepStrictEqual(yield* names, ["zips.ndjson.part"])
      assert.strictEqual(yield* fs.readFileString(`${out}.part`), "other")
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("is not intact when somebody cut it or wrote to it, and is its own to make anew", () =>
    Effect.gen(function*() {
      const { fs, path } = yield* folder
      const damages: ReadonlyArray<(part: string) => Effect.Effect<void, unknown>> = [
        (part) => fs.truncate(part, 3),
        (part) => fs.writeFileString(part, "x", { flag: "a" })
      ]
      for (const [index, damage] of damages.entries()) {
        const out = path(`${index}.csv`)
        const mark = yield* Effect.scoped(Effect.gen(function*() {
          const { intact, keep, write } = yield* open(out)
          yield* write("0123456789")
          const held = (yield* keep)!
          yield* intact
          yield* Effect.orDie(damage(`${out}.part`))
          // what comes after does not cover it
          yield* write("more")
          const { message, reason } = yield* Effect.flip(intact)
          assert.strictEqual(reason, "Write")
          assert.match(message, /\.part was cut or written to by another program: the same command makes it anew/)
          return Mark.begun(markOf(held))
        }))
        assert.isUndefined(yield* refused(out, mark))
        yield* write(out, ["anew"], mark)
        assert.strictEqual(yield* fs.readFileString(out), "anew")
      }
    }).pipe(Effect.provide(NodeFileSystem.layer)))
})

describe("File: going on", () => {
  /** What a run wrote that was stopped; longer than what is read again of it. */
  const start = `${"0123456789".repeat(1_000)}\n`
  const flip = (text: string, at: number) => `${text.slice(0, at)}#${text.slice(at + 1)}`

  /** What lies there in place of the part, and whether the next run goes on with it when the last one said its last word, or did not. */
  const parts: ReadonlyArray<
    readonly [what: string, part: string | undefined, ended: boolean | "refused", killed: boolean | "refused"]
  > = [
    ["as it was", start, true, true],
    ["longer", `${start}half a rec`, "refused", true],
    ["changed at its beginning", flip(start, 0), "refused", "refused"],
    ["changed at its end", flip(start, start.length - 1), "refused", "refused"],
    ["shorter", start.slice(0, -1), "refused", "refused"],
    ["empty", "", false, false],
    ["gone", undefined, false, false],
    ["that of another", `${"9876543210".repeat(1_000)}\n`, "refused", "refused"]
  ]
  it.scoped.each(parts)("with a part that is %s", ([, part, ended, killed]) =>
    Effect.gen(function*() {
      const { fs, path } = yield* folder
      for (const [name, isOpen, expected] of [["ended", false, ended], ["killed", true, killed]] as const) {
        const out = path(name)
        const mark = { ...(yield* begin(out, [start.slice(0, 7_000), start.slice(7_000)])), isOpen }
        assert.strictEqual(mark.offset, start.length)
        // its number is not given to another file as long as it has a name
        yield* fs.link(`${out}.part`, path("before"))
        const before = yield* fs.stat(path("before"))
        yield* fs.remove(path("before"))
        if (part === undefined) yield* fs.remove(`${out}.part`)
        else yield* fs.writeFileString(`${out}.part`, part)
        if (expected === "refused") {
          assert.match((yield* refused(out, mark))!, /^Exists its records grow in /)
          assert.strictEqual((yield* Effect.flip(write(out, [], mark))).reason, "Exists")
          assert.strictEqual(yield* fs.readFileString(`${out}.part`), part)
          continue
        }
        yield* check(out, mark)
        const written = yield* write(out, expected ? ["more"] : [start, "more"], mark)
        assert.strictEqual(written.isHeld, expected)
        assert.strictEqual(yield* fs.readFileString(out), `${start}more`)
        // what is held is not written again
        if (expected) assert.strictEqual(String((yield* fs.stat(out)).ino), String(before.ino))
        assert.strictEqual(yield* mode(out), usual)
      }
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("knows it again, however it was written", () =>
    Effect.gen(function*() {
      const { fs, path } = yield* folder
      const out = path("zips.ndjson")
      const pieces = ["a", "ü".repeat(3_000), "b", start, "ends\n"]
      const hashes = new Set<string>()
      let mark = yield* begin(out, ["-"])
      for (const piece of pieces) mark = yield* begin(out, [piece], mark)
      hashes.add(mark.hash!)
      yield* fs.remove(`${out}.part`)
      hashes.add((yield* begin(out, ["-", ...pieces])).hash!)
      yield* fs.remove(`${out}.part`)
      hashes.add((yield* begin(out, [`-${pieces.join("")}`])).hash!)
      assert.lengthOf([...hashes], 1)
      assert.strictEqual(mark.offset, 1 + Buffer.byteLength(pieces.join("")))
      assert.strictEqual(yield* fs.readFileString(`${out}.part`), `-${pieces.join("")}`)
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("leaves alone what is complete, and makes anew what is gone", () =>
    Effect.gen(function*() {
      const { fs, names, path } = yield* folder
      const out = path("zips.ndjson")
      const mark = (yield* write(out, [start])).mark!
      yield* fs.utimes(out, 1_000, 1_000)
      // its owner may have made it read-only
      yield* fs.chmod(out, 0o400)
      const before = yield* fs.stat(out)
      assert.deepInclude(yield* write(out, ["not written"], mark), { isHeld: true, isFinal: true })
      assert.deepStrictEqual(yield* fs.stat(out), { ...before, atime: (yield* fs.stat(out)).atime })
      assert.deepStrictEqual(yield* names, ["zips.ndjson"])
      yield* fs.remove(out)
      assert.isFalse((yield* write(out, [start], mark)).isHeld)
      assert.strictEqual(yield* fs.readFileString(out), start)
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("gives its name to a part that was complete when the process ended", () =>
    Effect.gen(function*() {
      const { fs, names, path } = yield* folder
      const out = path("zips.ndjson")
      const mark = { ...(yield* begin(out, [start])), isComplete: true, isOpen: true }
      assert.deepInclude(yield* write(out, [], mark), { isHeld: true, isFinal: false })
      assert.strictEqual(yield* fs.readFileString(out), start)
      assert.deepStrictEqual(yield* names, ["zips.ndjson"])
    }).pipe(Effect.provide(NodeFileSystem.layer)))
})
