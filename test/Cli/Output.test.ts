import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { existsSync, linkSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import type { Named } from "../../src/Cli/Ledgers.ts"
import * as Output from "../../src/Cli/Output.ts"
import type * as Format from "../../src/Job/Format.ts"
import { Ledger } from "../../src/Ledger.ts"
import * as Memory from "../../src/Ledger/Memory.ts"
import { marks } from "../../src/Sink/Mark.ts"
import { found, program, records, run, scripted, until } from "../command.ts"
import { list, row } from "../Sink/rows.ts"

describe("Output.kinds", () => {
  const cases: ReadonlyArray<readonly [output: string, kind: keyof typeof Output.kinds]> = [
    ["-", "stdout"],
    ["zips.ndjson", "file"],
    ["zips", "file"],
    ["./-", "file"],
    ["zips.db.csv", "file"],
    ["zips.db", "sqlite"],
    ["ZIPS.SQLITE3", "sqlite"],
    ["zips.sqlite?table=zips", "sqlite"],
    ["zips.parquet", "parquet"],
    ["zips.xlsx", "xlsx"],
    ["postgres://localhost/zips", "postgres"],
    ["postgresql://localhost/zips?table=zips", "postgres"]
  ]
  it.each(cases)("%s is of the kind %s", (output, kind) => {
    const [first] = Object.entries(Output.kinds).find(([, { matches }]) => matches(output))!
    assert.strictEqual(first, kind)
    assert.strictEqual(Output.isFile(output), ["file", "parquet", "xlsx"].includes(kind))
  })
})

const codes = Array.from({ length: 260 }, (_, index) => `c${index}`)
const before = (last: number) => (code: string) => Number(code.slice(1)) < last ? found(code) : undefined

/** Which codes a part holds, as far as its records are whole. */
const whole = (text: string) => records(text.slice(0, text.lastIndexOf("\n") + 1)).map(({ code }) => code)

describe.concurrent("an output of rollcall run", () => {
  it.scopedLive("grows beside its name, and a run that was killed goes on from there", () =>
    Effect.gen(function*() {
      const { answer, asked, cwd, files, read, rollcall, run, start, write } = yield* scripted(codes, before(200))
      const running = yield* start("--no-timing")
      const part = () => existsSync(join(cwd, "out.ndjson.part")) ? read("out.ndjson.part") : ""
      yield* until(() => whole(part()).length === 200)
      // what is written after a second is kept
      yield* Effect.sleep("1100 millis")
      answer(before(250))
      yield* until(() => whole(part()).length === 250)
      assert.notInclude(files(), "out.ndjson")
      // its number is not given to another file as long as it has a name
      linkSync(join(cwd, "out.ndjson.part"), join(cwd, "link"))
      running.process.kill("SIGKILL")
      assert.strictEqual((yield* running.ended).exit, 137)
      // half a record at the end
      write("out.ndjson.part", `${part()}{"line":251,"co`)

      answer(found)
      const { exit, stderr } = yield* run("--no-timing")
      assert.strictEqual(exit, 0, stderr)
      // what was answered and not recorded is asked again: one call was in flight
      assert.deepStrictEqual(asked, codes.slice(250))
      assert.strictEqual(statSync(join(cwd, "out.ndjson")).ino, statSync(join(cwd, "link")).ino)
      yield* rollcall("export", "out.ndjson", "--no-timing", "-o", "undisturbed.ndjson")
      assert.strictEqual(read("out.ndjson"), read("undisturbed.ndjson"))
    }))

  it.scopedLive("is left alone when nothing has changed, and is replaced when something has", () =>
    Effect.gen(function*() {
      const { cwd, list, read, run } = yield* scripted(["a", "b"])
      yield* run()
      utimesSync(join(cwd, "out.ndjson"), 1_000, 1_000)
      const stat = () => {
        const { ino, mtimeMs, size } = statSync(join(cwd, "out.ndjson"))
        return { ino, mtimeMs, size }
      }
      const first = stat()
      assert.strictEqual((yield* run()).exit, 0)
      assert.deepStrictEqual(stat(), first)
      assert.strictEqual((yield* run("--order", "done")).exit, 0)
      assert.strictEqual((yield* run("--select", "city")).exit, 0)
      assert.deepInclude(records(read("out.ndjson"))[1], { answer: { city: "City of b" } })
      list(["b", "a", "c"])
      assert.strictEqual((yield* run("--select", "city")).exit, 0)
      assert.deepStrictEqual(records(read("out.ndjson")).map(({ code }) => code), ["b", "a", "c"])
      rmSync(join(cwd, "out.ndjson"))
      assert.strictEqual((yield* run("--select", "city")).exit, 0)
      assert.deepStrictEqual(records(read("out.ndjson")).map(({ code }) => code), ["b", "a", "c"])
    }))

  it.scopedLive("does not take the place of a file that another program made meanwhile, now or later", () =>
    Effect.gen(function*() {
      const { answer, asked, cwd, read, run, start, write } = yield* scripted(
        ["a", "b"],
        (code) => code === "b" ? undefined : found(code)
      )
      const running = yield* start()
      yield* until(() => asked.includes("b"))
      write("out.ndjson", "precious\n")
      answer(found)
      const { exit, stderr } = yield* running.ended
      assert.strictEqual(exit, 5)
      assert.match(
        stderr,
        /\nrollcall: out\.ndjson: another program changed it meanwhile: the output stands in out\.ndjson\.part\n$/
      )
      const again = yield* run()
      assert.strictEqual(again.exit, 2)
      assert.match(
        again.stderr,
        /^rollcall: out\.ndjson: it exists and is not the output of this ledger: move it away /
      )
      assert.strictEqual(read("out.ndjson"), "precious\n")
      renameSync(join(cwd, "out.ndjson"), join(cwd, "theirs"))
      answer(found)
      assert.strictEqual((yield* run()).exit, 0)
      assert.deepStrictEqual([asked, whole(read("out.ndjson"))], [[], ["a", "b"]])
    }))

  it.scopedLive("stays ours when it is moved with its ledger", () =>
    Effect.gen(function*() {
      const { asked, answer, cwd, list, read, words } = yield* scripted(["a"])
      mkdirSync(join(cwd, "one"))
      const into = (folder: string) => run(["run", "list", ...words, "-o", `${folder}/out.ndjson`], { cwd })
      assert.strictEqual((yield* into("one")).exit, 0)
      renameSync(join(cwd, "one"), join(cwd, "two"))
      list(["a", "b"])
      answer(found)
      const moved = yield* into("two")
      assert.strictEqual(moved.exit, 0, moved.stderr)
      assert.deepStrictEqual(asked, ["b"])
      assert.deepStrictEqual(whole(read("two/out.ndjson")), ["a", "b"])
      // seen from within
      const { exit, stderr } = yield* run(["run", "../list", ...words, "-o", "out.ndjson"], { cwd: join(cwd, "two") })
      assert.strictEqual(exit, 0, stderr)
      assert.match(stderr, /\nnothing to ask: 2 codes answered already\n/)
    }))

  it.scopedLive("is one run's at a time: another with its own ledger is refused before a call", () =>
    Effect.gen(function*() {
      const { answer, asked, cwd, files, rollcall, run, start, words } = yield* scripted(["a", "b"], () => undefined)
      const running = yield* start()
      yield* until(() => asked.length === 1)
      const other = ["--ledger", "other.ledger"]
      const { exit, stderr } = yield* run(...other)
      assert.strictEqual(exit, 5, stderr)
      assert.include(stderr, `rollcall: out.ndjson: another run holds it (process ${running.process.pid} on `)
      const skipped = yield* run(...other, "--if-running", "skip")
      assert.strictEqual(skipped.exit, 0, skipped.stderr)
      assert.match(skipped.stderr, /^out\.ndjson: another run holds it \(process .*\): skipped$/m)
      assert.strictEqual(asked.length, 1)
      answer(found)
      assert.strictEqual((yield* running.ended).exit, 0)

      yield* rollcall("run", "list", ...words, ...other, "-o", "b.ndjson")
      answer(() => undefined)
      rmSync(join(cwd, "out.ndjson"))
      rmSync(join(cwd, "out.ndjson.ledger"))
      const again = yield* start()
      yield* until(() => asked.length === 1)
      const exported = yield* rollcall("export", "other.ledger", "-o", "out.ndjson", "--force")
      assert.strictEqual(exported.exit, 5, exported.stderr)
      assert.include(exported.stderr, `out.ndjson: another run holds it (process ${again.process.pid} on `)
      answer(found)
      assert.strictEqual((yield* again.ended).exit, 0)
      assert.deepStrictEqual(files().filter((name) => /lock|part/.test(name)), [])
    }))

  it.scopedLive("says that it will hold another list than until now, and how the first is had again", () =>
    Effect.gen(function*() {
      const { asked, cwd, read, rollcall, words, write } = yield* scripted(["a", "b", "c"])
      const out = ["-o", "out.ndjson"]
      const first = yield* rollcall("run", "list", ...words, ...out)
      assert.notInclude(first.stderr, "out.ndjson had")
      const before = read("out.ndjson")
      write("other", "c\nd\n")
      const told =
        "out.ndjson had 3 records of list, and will have 2 of other: the answers are kept, and the same command "
        + "with list, --ledger out.ndjson.ledger and another -o writes them again, without a call\n"
      assert.include((yield* rollcall("plan", "other", ...words, ...out)).stdout, told)
      assert.include((yield* rollcall("run", "other", ...words, ...out)).stderr, told)
      assert.notInclude((yield* rollcall("run", "other", ...words, ...out)).stderr, "had")
      asked.length = 0
      yield* rollcall("run", "list", ...words, "--ledger", "out.ndjson.ledger", "-o", "again.ndjson")
      assert.strictEqual(read("again.ndjson"), before)
      assert.deepStrictEqual(asked, [])
      const closed = ["sh", "-c", "exec \"$@\" >&-", "sh", ...program]
      for (const command of [["run", "list", ...words], ["export", "out.ndjson"]]) {
        const { exit, stderr } = yield* run(command, { cwd, program: closed })
        assert.strictEqual(exit, 2, stderr)
        assert.include(stderr, "standard output is closed, and no other output is named: name one with -o")
      }
      const kept = yield* run(["run", "list", ...words, "-o", "last.ndjson"], { cwd, program: closed })
      assert.strictEqual(kept.exit, 0, kept.stderr)
    }))

  it.scopedLive("is refused before a call where something else stands in its place, or in that of its part", () =>
    Effect.gen(function*() {
      const { asked, cwd, read, run, write } = yield* scripted(["a"])
      write("theirs", "precious\n")
      symlinkSync("theirs", join(cwd, "out.ndjson.part"))
      const { exit, stderr } = yield* run()
      assert.strictEqual(exit, 2, stderr)
      assert.match(
        stderr,
        /^rollcall: out\.ndjson: its records grow in out\.ndjson\.part, and what stands there was not left /
      )
      rmSync(join(cwd, "out.ndjson.part"))
      assert.strictEqual((yield* run()).exit, 0)
      write("out.ndjson", `${read("out.ndjson")}my own line\n`)
      const changed = yield* run()
      assert.strictEqual(changed.exit, 2, changed.stderr)
      assert.match(
        changed.stderr,
        /^rollcall: out\.ndjson: it was changed since it was written: move it away, or name /
      )
      assert.deepStrictEqual(asked, ["a"])
      assert.include(read("out.ndjson"), "my own line\n")
      assert.strictEqual(read("theirs"), "precious\n")
    }))
})

describe("Output.sink", () => {
  const values = (output: string, format?: Format.Name) => ({
    output: [output],
    format: Option.fromNullable(format),
    excel: false,
    noTiming: true
  })
  const ledger = { text: "x.ledger", files: ["x.ledger"] } as unknown as Named

  /** Writes one record to a file, and gives what stands in it. */
  const written = (name: string, format?: Format.Name, entries = false) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = `${yield* fs.makeTempDirectoryScoped()}/${name}`
      const sink = yield* Output.sink(values(path, format), { select: [], entries }, ledger, "ndjson")
      const made = { ...list({ entries: 1 }), id: 1, epoch: 1 }
      yield* Effect.scoped(Effect.gen(function*() {
        const known = yield* Ledger
        const writer = yield* sink.open({ list: made, isOrdered: true, marks: marks(known) })
        yield* writer.write([row()])
        yield* writer.complete
      }))
      return yield* fs.readFile(path)
    }).pipe(Effect.provide([NodeContext.layer, Memory.layer]))

  const record = "{\"line\":1,\"code\":\"34102\",\"outcome\":\"found\",\"answer\":{\"city\":\"Naples\"},"
    + "\"http_status\":200,\"attempts\":1,\"calls\":1}"
  const row1 = "code,answer,outcome,http_status,error\n34102,\"{\"\"city\"\":\"\"Naples\"\"}\",found,200,\n"
  it.scopedLive("a file without an ending is told how it is written", () =>
    Effect.gen(function*() {
      const api = yield* scripted(["a"])
      const run = (...words: ReadonlyArray<string>) => api.rollcall("run", "list", ...api.words, ...words)
      const told = "result: no ending tells how it is written, so it is NDJSON (--format says otherwise)\n"
      assert.include((yield* run("-o", "result")).stderr, told)
      assert.notInclude((yield* run("-o", "result", "-q")).stderr, "ending")
      assert.notInclude((yield* run("-o", "other", "--format", "csv")).stderr, "ending")
      assert.notInclude((yield* run("-o", "/dev/null")).stderr, "ending")
      assert.match(
        (yield* api.rollcall("export", "result", "--only", "found", "-o", "again")).stderr,
        /^again: .* one code a line /
      )
    }))

  const endings: ReadonlyArray<readonly [name: string, text: string, format?: Format.Name]> = [
    ["zips", `${record}\n`],
    ["zips.jsonl", `${record}\n`],
    ["zips.json", `[\n${record}\n]\n`],
    ["zips.CSV", row1],
    ["zips.tsv", row1.replaceAll(",", "\t")],
    ["zips.txt", row1, "csv"],
    ["zips.parquet", "34102\n", "lines"]
  ]
  for (const [name, text, format] of endings) {
    it.scoped(`writes ${name} as it says`, () =>
      Effect.gen(function*() {
        assert.strictEqual(new TextDecoder().decode(yield* written(name, format)), text)
        assert.strictEqual(gunzipSync(yield* written(`${name}.gz`, format)).toString(), text)
      }))
  }

  it.scoped("writes codes alone only as a list to run again", () =>
    Effect.gen(function*() {
      assert.strictEqual(new TextDecoder().decode(yield* written("again.txt", undefined, true)), "34102\n")
    }))

  const refusals: ReadonlyArray<readonly [output: string, message: RegExp]> = [
    ["zips.txt", /^zips\.txt: lines of text hold the codes alone, without what was answered: end it in \.ndjson, /],
    ["zips.txt.gz", /: lines of text hold the codes alone/],
    ["zips.dat", /^zips\.dat: \.dat is no kind of output: end it in /],
    ["zips.xls.gz", /: \.xls is no kind of output/],
    ["zips.db?tabel=a", /: what follows the \? names a table: zips\.db\?table=NAME$/]
  ]
  it.scoped.each(refusals)("refuses %s", ([output, message]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Output.sink(values(output), { select: [], entries: false }, ledger, "ndjson"))
      assert.strictEqual(error._tag, "UsageError")
      assert.match(error.message, message)
    }).pipe(Effect.provide(NodeContext.layer)))
})
