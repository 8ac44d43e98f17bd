import { Error as PlatformError, FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { parse } from "csv-parse/sync"
import { Effect, Either, Option, Schema, type Scope, Stream } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { problems, sources } from "../scripts/directions.ts"
import * as Select from "../src/Answer/Select.ts"
import type { Code } from "../src/Code.ts"
import * as ListFormat from "../src/Job/ListFormat.ts"
import type { Ledger } from "../src/Ledger.ts"
import * as Lookup from "../src/Lookup.ts"
import * as Outcome from "../src/Outcome.ts"
import { LookupError } from "../src/Outcome.ts"
import * as Policy from "../src/Policy.ts"
import * as Rollcall from "../src/Rollcall.ts"
import * as Sink from "../src/Sink.ts"
import * as Csv from "../src/Sink/Csv.ts"
import * as File from "../src/Sink/File.ts"
import * as Ndjson from "../src/Sink/Ndjson.ts"
import * as Source from "../src/Source.ts"
import { ledgers } from "./Ledger/fixture.ts"

/** Answers with the code in upper case, after a few turns that differ from code to code; codes with a ! fail. */
const counting = () => {
  const asked: Array<string> = []
  const lookup = Lookup.make("counting", (code: Code) =>
    Effect.gen(function*() {
      asked.push(code)
      for (let turn = 0; turn < (asked.length * 7) % 5; turn++) yield* Effect.yieldNow()
      if (code.includes("!")) return yield* Effect.fail("broken" as const)
      return { upper: code.toUpperCase(), quoted: "\"a\",\nb" }
    }))
  return { asked, lookup }
}

const policy: Policy.Policy = { ...Policy.local, concurrency: 3, allowNone: true }

const csv = "zip,city\na,x\n b,\"y, z\"\n,none\na,again\nc!,\nd,\"1\n2\"\n"

/** What the sinks should hold after a run over {@link csv}. */
const expected = {
  records: [
    "2 a found A",
    "3 b found B",
    "4  invalid",
    "5 a found A again",
    "6 c! failed",
    "7 d found D"
  ],
  rows: [
    ["zip", "city", "answer", "outcome", "http_status", "error"],
    ["a", "x", "A", "found", "200", ""],
    ["b", "y, z", "B", "found", "200", ""],
    ["", "none", "", "invalid", "", "invalid_code: the code is empty"],
    ["a", "again", "A", "found", "200", ""],
    ["c!", "", "", "failed", "", "error: broken"],
    ["d", "1\n2", "D", "found", "200", ""]
  ]
}

const records = (text: string) =>
  text.split("\n").slice(0, -1).map((line) => {
    const record = Schema.decodeUnknownSync(Outcome.Record)(JSON.parse(line))
    const answer = record.outcome === "found" ? ` ${(record.answer as { upper: string }).upper}` : ""
    return `${record.line} ${record.code} ${record.outcome}${answer}${record.repeat === true ? " again" : ""}`
  })

const rows = (text: string) =>
  parse(text).map((row) =>
    row.map((cell) => cell.startsWith("{") ? (JSON.parse(cell) as { upper: string }).upper : cell)
  )

describe.each(Object.keys(ledgers))("a run with Ledger/%s and files", (name) => {
  const test = (what: string, effect: Effect.Effect<void, unknown, FileSystem.FileSystem | Ledger | Scope.Scope>) =>
    it.scopedLive(what, () => Effect.provide(effect, [NodeFileSystem.layer, ledgers[name]!]))

  /** A list in a folder of its own, and a run of it into `zips.ndjson` and `zips.csv`. */
  const setUp = Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped()
    const path = (name: string) => `${folder}/${name}`
    yield* fs.writeFileString(path("list.csv"), csv)
    const { asked, lookup } = counting()
    const run = (order?: "input" | "done") =>
      Effect.gen(function*() {
        asked.length = 0
        const sink = Sink.all([
          Sink.make(yield* File.make(path("zips.ndjson")), { format: Ndjson.format, noTiming: true }),
          Sink.make(yield* File.make(path("zips.csv")), { format: Csv.format })
        ])
        return yield* Rollcall.run(lookup, {
          source: Source.file(path("list.csv"), { column: "zip" }),
          policy,
          ...(order === undefined ? {} : { order })
        }).pipe(Effect.provideService(Sink.Sink, sink))
      })
    const read = (name: string) => Effect.orElseSucceed(fs.readFileString(path(name)), () => undefined)
    return { asked, fs, path, read, run }
  })

  test(
    "writes each entry once and in order to every sink, and the same again",
    Effect.gen(function*() {
      const { asked, read, run } = yield* setUp
      const summary = yield* run()
      assert.deepStrictEqual(asked.toSorted(), ["a", "b", "c!", "d"])
      assert.deepInclude(summary, { entries: 6, questions: 4, pending: 0, known: 0 })
      const [ndjson, table] = [yield* read("zips.ndjson"), yield* read("zips.csv")]
      assert.deepStrictEqual(records(ndjson!), expected.records)
      assert.deepStrictEqual(rows(table!), expected.rows)

      assert.deepInclude(yield* run(), { entries: 6, pending: 0, known: 4 })
      assert.deepStrictEqual(asked, [])
      assert.deepStrictEqual([yield* read("zips.ndjson"), yield* read("zips.csv")], [ndjson, table])
    })
  )

  test(
    "writes each entry once as answers come",
    Effect.gen(function*() {
      const { read, run } = yield* setUp
      for (const _ of ["fresh", "known"]) {
        yield* run("done")
        assert.deepStrictEqual(records((yield* read("zips.ndjson"))!).toSorted(), expected.records.toSorted())
        assert.deepStrictEqual(rows((yield* read("zips.csv"))!).toSorted(), expected.rows.toSorted())
      }
    })
  )

  test(
    "asks only what is new of an edited list, with other columns",
    Effect.gen(function*() {
      const { asked, fs, path, read, run } = yield* setUp
      yield* run()
      yield* fs.writeFileString(path("list.csv"), "n,zip\n1,d\n2,e\n3,a\n4,e\n")
      yield* run()
      assert.deepStrictEqual(asked, ["e"])
      assert.deepStrictEqual(records((yield* read("zips.ndjson"))!), [
        "2 d found D",
        "3 e found E",
        "4 a found A",
        "5 e found E again"
      ])
      assert.deepStrictEqual(rows((yield* read("zips.csv"))!).map(([n, zip, answer]) => [n, zip, answer]), [
        ["n", "zip", "answer"],
        ["1", "d", "D"],
        ["2", "e", "E"],
        ["3", "a", "A"],
        ["4", "e", "E"]
      ])
    })
  )

  test(
    "asks nothing and leaves the old output where the list cannot be read to its end",
    Effect.gen(function*() {
      const { asked, fs, path, read, run } = yield* setUp
      yield* run()
      const before = [yield* read("zips.ndjson"), yield* read("zips.csv")]
      yield* fs.writeFileString(path("list.csv"), `${csv}e,x,y\n`)
      const error = yield* Effect.flip(run())
      assert.strictEqual(
        error.message,
        `${path("list.csv")}:9: this row has 3 cells, and the header 2: does a cell with a delimiter in it want quotes?`
      )
      assert.deepStrictEqual(asked, [])
      assert.deepStrictEqual([yield* read("zips.ndjson"), yield* read("zips.csv")], before)
    })
  )

  test(
    "asks nothing where one of the outputs is not ours",
    Effect.gen(function*() {
      const { asked, fs, path, read, run } = yield* setUp
      yield* fs.writeFileString(path("zips.csv"), "precious")
      assert.deepInclude(yield* Effect.flip(run()), { _tag: "SinkError", reason: "Exists", sink: path("zips.csv") })
      assert.deepStrictEqual(asked, [])
      assert.deepStrictEqual([yield* read("zips.ndjson"), yield* read("zips.csv")], [undefined, "precious"])
    })
  )

  test(
    "keeps what is answered where an output cannot be written, and asks the rest later",
    Effect.gen(function*() {
      const { asked, path, read, run } = yield* setUp
      const full = new PlatformError.SystemError({
        reason: "Unknown",
        module: "FileSystem",
        method: "writeAll",
        cause: Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" })
      })
      const fs = yield* FileSystem.FileSystem
      const error = yield* run().pipe(
        Effect.provideService(FileSystem.FileSystem, {
          ...fs,
          open: (path, options) =>
            Effect.map(
              fs.open(path, options),
              (file) => path.endsWith(".ndjson.part") ? Object.assign(file, { writeAll: () => full }) : file
            )
        }),
        Effect.flip
      )
      assert.deepInclude(error, { _tag: "SinkError", reason: "Write", sink: path("zips.ndjson") })
      assert.match(error.message, /: it cannot be written: the disk is full: make room/)
      assert.deepStrictEqual([yield* read("zips.ndjson"), yield* read("zips.csv")], [undefined, undefined])
      const before = [...asked]

      yield* run()
      assert.deepStrictEqual([...before, ...asked].toSorted(), ["a", "b", "c!", "d"])
      assert.deepStrictEqual(records((yield* read("zips.ndjson"))!), expected.records)
      assert.deepStrictEqual(rows((yield* read("zips.csv"))!), expected.rows)
    })
  )
})

describe.each(Object.keys(ledgers))("a run with Ledger/%s that goes on", (name) => {
  const test = (what: string, effect: Effect.Effect<void, unknown, FileSystem.FileSystem | Ledger | Scope.Scope>) =>
    it.scopedLive(what, () => Effect.provide(effect, [NodeFileSystem.layer, ledgers[name]!]))

  const codes = Array.from({ length: 600 }, (_, index) => `c${index}`)

  /** Runs of lists in a folder of their own; one that is told to stop at a code ends there as at a wrong key. */
  const setUp = Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped()
    const path = (name: string) => `${folder}/${name}`
    const { asked, lookup } = counting()
    const run = (codes: ReadonlyArray<string>, output: string, options: Partial<Sink.Options> = {}, stopAt?: string) =>
      Effect.gen(function*() {
        asked.length = 0
        const target = yield* File.make(path(output), output)
        const stopping: typeof lookup = {
          ...lookup,
          prepare: Effect.map(
            lookup.prepare,
            (ask): Lookup.Ask<"broken"> => (questions, call) =>
              questions[0].code === stopAt
                ? new LookupError({ reason: "quota", message: "no" }) as never
                : ask(questions, call)
          )
        }
        return yield* Rollcall.run(stopping, {
          source: Source.codes(codes),
          policy: { ...policy, concurrency: 1 }
        }).pipe(
          Effect.provideService(Sink.Sink, Sink.make(target, { format: Ndjson.format, noTiming: true, ...options }))
        )
      })
    const read = (name: string) => Effect.orElseSucceed(fs.readFileString(path(name)), () => undefined)
    const stat = (name: string) => Effect.map(fs.stat(path(name)), ({ ino, mtime, size }) => ({ ino, mtime, size }))
    return { asked, fs, path, read, run, stat }
  })

  /** A run that stopped at c300. Its part has another name too, so that it is known again. */
  const stopped = Effect.gen(function*() {
    const kit = yield* setUp
    const error = yield* Effect.flip(kit.run(codes, "out.ndjson", {}, "c300"))
    assert.deepInclude(error, { _tag: "StopError", reason: "quota" })
    assert.deepStrictEqual(kit.asked, codes.slice(0, 300))
    const part = (yield* kit.read("out.ndjson.part"))!
    assert.deepStrictEqual(lines(part), codes.slice(0, 300))
    assert.isUndefined(yield* kit.read("out.ndjson"))
    yield* kit.fs.link(kit.path("out.ndjson.part"), kit.path("part"))
    const inode = (name: string) => Effect.map(kit.fs.stat(kit.path(name)), ({ ino }) => String(Option.getOrNull(ino)))
    /** Whether the output is the part that went on. */
    const isHeld = Effect.zipWith(inode("out.ndjson"), inode("part"), (out, part) => out === part)
    return { ...kit, isHeld }
  })

  const lines = (text: string) =>
    text.split("\n").slice(0, -1).map((line) => (JSON.parse(line) as { readonly code: string }).code)

  test(
    "writes nothing again that it holds, and ends as one that was never stopped",
    Effect.gen(function*() {
      const { asked, isHeld, read, run } = yield* stopped
      yield* run(codes, "out.ndjson")
      assert.isTrue(yield* isHeld)
      // what was refused comes behind the others
      assert.deepStrictEqual(asked.toSorted(), codes.slice(300).toSorted())
      yield* run(codes, "whole.ndjson")
      assert.deepStrictEqual(asked, [])
      const [out, whole] = [yield* read("out.ndjson"), yield* read("whole.ndjson")]
      assert.deepStrictEqual(lines(whole!), codes)
      assert.strictEqual(out, whole)
    })
  )

  const changes: ReadonlyArray<
    readonly [
      what: string,
      isHeld: boolean,
      change: { readonly codes?: ReadonlyArray<string>; readonly options?: Partial<Sink.Options> }
    ]
  > = [
    // a ledger may look at some hundred at a time
    ["an entry that it does not hold is changed", true, { codes: codes.with(560, "x") }],
    ["entries are added", true, { codes: [...codes, "x"] }],
    ["entries that it does not hold are gone", true, { codes: codes.slice(0, 450) }],
    ["an entry that it holds is changed", false, { codes: codes.with(299, "x") }],
    ["an entry is put in front", false, { codes: ["x", ...codes] }],
    ["entries that it holds are gone", false, { codes: codes.slice(0, 299) }],
    ["fields are selected", false, { options: { select: [Either.getOrThrow(Select.parse("upper"))] } }],
    ["times are written", false, { options: { noTiming: false } }],
    ["it is CSV now", false, { options: { format: Csv.format } }]
  ]
  for (const [what, isHeld, change] of changes) {
    test(
      `${isHeld ? "writes nothing again" : "begins its output anew"} where ${what}`,
      Effect.gen(function*() {
        const { isHeld: goesOn, read, run } = yield* stopped
        const now = change.codes ?? codes
        yield* run(now, "out.ndjson", change.options)
        yield* run(now, "whole.ndjson", change.options)
        const [out, whole] = [yield* read("out.ndjson"), yield* read("whole.ndjson")]
        assert.strictEqual(yield* goesOn, isHeld)
        assert.strictEqual(out, whole)
        if (change.options?.format === undefined) assert.deepStrictEqual(lines(whole!), now)
      })
    )
  }

  test(
    "leaves a complete output alone, whatever other lists were run meanwhile",
    Effect.gen(function*() {
      const { asked, path, fs, read, run, stat } = yield* setUp
      yield* run(codes, "a.ndjson")
      yield* fs.utimes(path("a.ndjson"), 1_000, 1_000)
      const before = yield* stat("a.ndjson")
      yield* run(["x", ...codes.slice(100)], "b.ndjson")
      assert.deepStrictEqual(asked, ["x"])
      assert.deepInclude(yield* run(codes, "a.ndjson"), { entries: 600, known: 600, calls: 0 })
      assert.deepStrictEqual(yield* stat("a.ndjson"), before)
      assert.deepStrictEqual(lines((yield* read("b.ndjson"))!), ["x", ...codes.slice(100)])
    })
  )

  test(
    "does not take for its own what another list has written under its name",
    Effect.gen(function*() {
      const { path, fs, read, run } = yield* setUp
      yield* run(codes, "a.ndjson")
      yield* run(["x"], "b.ndjson")
      // as if they had changed places
      yield* fs.rename(path("a.ndjson"), path("c"))
      yield* fs.rename(path("b.ndjson"), path("a.ndjson"))
      yield* fs.rename(path("c"), path("b.ndjson"))
      for (const [list, output] of [[codes, "a.ndjson"], [["x"], "b.ndjson"]] as const) {
        const error = yield* Effect.flip(run(list, output))
        assert.match(error.message, /: it was changed since it was written: move it away, or name another output$/)
      }
      assert.deepStrictEqual(lines((yield* read("a.ndjson"))!), ["x"])
      assert.deepStrictEqual(lines((yield* read("b.ndjson"))!), codes)
    })
  )

  test(
    "makes a whole new output of a list that grew, and leaves the old one until then",
    Effect.gen(function*() {
      const { asked, read, run } = yield* setUp
      yield* run(codes.slice(0, 150), "out.ndjson")
      const old = yield* read("out.ndjson")
      yield* Effect.flip(run(codes, "out.ndjson", {}, "c180"))
      assert.deepStrictEqual(asked, codes.slice(150, 180))
      assert.strictEqual(yield* read("out.ndjson"), old)
      yield* run(codes, "out.ndjson")
      assert.deepStrictEqual(asked.toSorted(), codes.slice(180).toSorted())
      assert.deepStrictEqual(lines((yield* read("out.ndjson"))!), codes)
      assert.isUndefined(yield* read("out.ndjson.part"))
    })
  )
})

describe("enrolment", () => {
  it.scopedLive.each(
    [
      ["lines", "a\n"],
      ["csv", "zip,city\na,x\n"],
      ["ndjson", "{\"zip\":\"a\",\"city\":\"x\"}\n"]
    ] as const
  )("refuses %s without a column that the request names", ([format, text]) =>
    Effect.gen(function*() {
      const lookup = Lookup.make("year", (code) => Effect.succeed(code), { inputs: ["year"] })
      const source = Source.bytes("list", Stream.make(Buffer.from(text)), {
        format: ListFormat.formats[format],
        ...(format === "lines" ? {} : { column: "zip" })
      })
      const error = yield* Effect.flip(Rollcall.run(lookup, { source, policy }))
      assert.deepInclude(error, { _tag: "SourceError", reason: "Column" })
      assert.match(error.message, /^list.*: the request names {year}, but /)
    }).pipe(Effect.provide([Sink.layerNone, ledgers.Memory!])))
})

it("imports go in one direction, and in no circle", () => {
  assert.deepStrictEqual(problems(sources()), [])
})

it("no message of the engine names a flag: an error carries a remedy, and the command says which flag that is", () => {
  const root = join(import.meta.dirname, "..", "src")
  const named = readdirSync(root, { recursive: true, encoding: "utf8" })
    // curl's own flags stand in a command for a shell
    .filter((file) => file.endsWith(".ts") && !/^(bin|Cli|Demo)\b|^Lookup\/Curl\.ts$/.test(file))
    .flatMap((file) => {
      const text = readFileSync(join(root, file), "utf8").replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "")
      const strings = text.match(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g) ?? []
      return strings.filter((string) => /(?<![\w-])--[a-z]/.test(string)).map((string) => `${file}: ${string}`)
    })
  assert.deepStrictEqual(named, [])
})
