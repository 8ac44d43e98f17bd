import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Ended, found, records, type Reply, run, scripted, until } from "../command.ts"

/** Codes with an x are not found, those with a ! fail. */
const mixed = (code: string): Reply => code.includes("x") ? [404, ""] : code.includes("!") ? [500, "oops"] : found(code)

const codes = ["a", "b!", "x", "b!", "c!", "d"]

const ended = ({ exit, stderr, stdout }: Ended) => [exit, stdout, stderr]

const usage = (message: string) => [2, "", `rollcall: ${message}\n`]

describe.concurrent("rollcall export", () => {
  it.scopedLive("writes what the run has answered, in any format, without a call", () =>
    Effect.gen(function*() {
      const { answer, asked, files, read, rollcall, run } = yield* scripted(codes, mixed)
      assert.strictEqual((yield* run("--select", "city", "--no-timing")).exit, 3)
      answer(mixed)
      // as the run selected it
      const same = yield* rollcall("export", "out.ndjson", "--no-timing")
      assert.deepStrictEqual(ended(same), [0, read("out.ndjson"), "6 records written\n"])
      const other = yield* rollcall("export", "--select", "was=code", "-o", "other.csv", "-o", "all.ndjson")
      assert.deepStrictEqual(ended(other), [0, "", "6 records written: other.csv, all.ndjson\n"])
      assert.strictEqual(
        read("other.csv"),
        "code,was,outcome,http_status,error\na,a,found,200,\nb!,,failed,500,status: the server said 500: oops\n"
          + "x,,not_found,404,\nb!,,failed,500,status: the server said 500: oops\n"
          + "c!,,failed,500,status: the server said 500: oops\nd,d,found,200,\n"
      )
      const all = records(read("all.ndjson"))
      assert.deepStrictEqual(all.map(({ code, repeat }) => repeat ? `${code} again` : code), [
        ...codes.slice(0, 3),
        "b! again",
        ...codes.slice(4)
      ])
      assert.isNumber(all[0]?.ms)
      assert.deepStrictEqual(ended(yield* rollcall("export", "-q", "--format", "lines", "-o", "codes")), [0, "", ""])
      assert.strictEqual(read("codes"), codes.map((code) => `${code}\n`).join(""))
      assert.deepStrictEqual(asked, [])
      assert.notInclude(files().join(), ".part")
    }))

  it.scopedLive("has the format of the output that the run wrote, however it is named", () =>
    Effect.gen(function*() {
      const { read, rollcall, words } = yield* scripted(["a", "b"])
      yield* rollcall("run", "list", ...words, "-o", "out.tsv")
      for (const named of [["out.tsv"], ["out.tsv.ledger"], []]) {
        assert.strictEqual((yield* rollcall("export", ...named)).stdout, read("out.tsv"))
      }
    }))

  it.scopedLive("--only gives a list that run takes as it is", () =>
    Effect.gen(function*() {
      const { answer, asked, read, rollcall, run, words } = yield* scripted(codes, mixed)
      yield* run()
      const failed = yield* rollcall("export", "out.ndjson", "--only", "failed", "-o", "again.txt")
      assert.deepStrictEqual(ended(failed), [0, "", "3 entries written: again.txt\n"])
      assert.strictEqual(read("again.txt"), "b!\nb!\nc!\n")
      const several = yield* rollcall("export", "--only", "not_found,failed", "--only", "pending")
      assert.deepStrictEqual(ended(several), [0, "b!\nx\nb!\nc!\n", "4 entries written\n"])
      const whole = yield* rollcall("export", "--only", "not_found", "--records", "--no-timing")
      assert.deepStrictEqual(records(whole.stdout), [
        { line: 3, code: "x", outcome: "not_found", http_status: 404, attempts: 1, calls: 1 }
      ])
      answer(found)
      assert.strictEqual((yield* rollcall("run", "again.txt", ...words, "-o", "again.ndjson")).exit, 0)
      assert.deepStrictEqual(asked, ["b!", "c!"])
    }))

  it.scopedLive("--only gives a CSV list its columns, which run takes with the same --column", () =>
    Effect.gen(function*() {
      const { asked, answer, cwd, read, rollcall, words, write } = yield* scripted([], mixed)
      const table = ["zip,note", "a,first", "\"b!\",\"one, \"\"two\"\"\nthree\"", "x,", "b!,again"]
      write("list.csv", `${table.join("\n")}\n`)
      const csv = ["--column", "zip", ...words]
      yield* rollcall("run", "list.csv", ...csv, "-o", "out.ndjson")
      const failed = yield* rollcall("export", "out.ndjson", "--only", "failed")
      const expected = "zip,note\nb!,\"one, \"\"two\"\"\nthree\"\nb!,again\n"
      assert.deepStrictEqual(ended(failed), [0, expected, "2 entries written\n"])
      yield* rollcall("export", "out.ndjson", "--only", "failed", "-o", "again.csv", "-o", "again.ndjson")
      assert.strictEqual(read("again.csv"), failed.stdout)
      answer(found)
      const again = yield* rollcall("run", "again.csv", ...csv, "-o", "redone.ndjson")
      assert.strictEqual(again.exit, 0, again.stderr)
      assert.deepStrictEqual(asked, ["b!"])
      assert.deepStrictEqual(records(read("redone.ndjson")).map(({ columns }) => columns), [
        { note: "one, \"two\"\nthree" },
        { note: "again" }
      ])
      const lines = yield* run(["run", ...csv, "--input-format", "ndjson", "-q"], { cwd, stdin: read("again.ndjson") })
      assert.deepStrictEqual(records(lines.stdout).map(({ code }) => code), ["b!", "b!"])
    }))

  it.scopedLive("leaves out what is pending, and says so; --only pending gives just that", () =>
    Effect.gen(function*() {
      const { read, rollcall, run } = yield* scripted(
        ["a", "x", "b", "c"],
        (code) => code === "b" || code === "c" ? [429, ""] : mixed(code)
      )
      assert.strictEqual((yield* run("--max-time", "1s")).exit, 4)
      const answered = yield* rollcall("export", "out.ndjson", "-o", "some.csv")
      assert.deepStrictEqual(ended(answered), [
        0,
        "",
        "2 records written, 2 entries are pending and not written: some.csv\n"
      ])
      assert.strictEqual(read("some.csv").split("\n").length, 4)
      const pending = yield* rollcall("export", "out.ndjson", "--only", "pending")
      assert.deepStrictEqual(ended(pending), [0, "b\nc\n", "2 entries written\n"])
    }))

  it.scopedLive("writes what there is while the run goes on, and does not disturb it", () =>
    Effect.gen(function*() {
      const { asked, answer, read, rollcall, start } = yield* scripted(["a", "b", "c"], (code) =>
        code === "c" ? undefined : found(code))
      const running = yield* start()
      yield* until(() =>
        asked.includes("c")
      )
      const { stdout } = yield* Effect.repeat(rollcall("export", "out.ndjson", "--format", "lines"), {
        until: ({ stderr }) => stderr.startsWith("2 records written, 1 entry is pending and not written\n")
      })
      assert.strictEqual(stdout, "a\nb\n")
      answer(found)
      assert.strictEqual((yield* running.ended).exit, 0)
      assert.deepStrictEqual(records(read("out.ndjson")).map(({ code }) => code), ["a", "b", "c"])
    }))

  it.scopedLive("replaces nothing that it was not told to replace", () =>
    Effect.gen(function*() {
      const { files, read, rollcall, run, write } = yield* scripted(["a"])
      yield* run()
      write("there.csv", "precious\n")
      const before = [read("out.ndjson"), files()]
      const refused = (...words: ReadonlyArray<string>) => Effect.map(rollcall("export", "out.ndjson", ...words), ended)
      assert.deepStrictEqual(
        yield* refused("-o", "there.csv"),
        usage("there.csv exists: choose another name, or --force to replace it")
      )
      assert.deepStrictEqual(yield* refused("-o", ".", "--force"), usage(".: it is a folder: name a file in it"))
      for (const own of ["./out.ndjson", "out.ndjson.ledger", "out.ndjson.ledger-wal"]) {
        assert.deepStrictEqual(
          yield* refused("-o", own, "--force"),
          usage(`${own} belongs to the run itself: choose another name`)
        )
      }
      assert.deepStrictEqual([read("out.ndjson"), files()], before)
      assert.strictEqual(read("there.csv"), "precious\n")
      assert.deepStrictEqual(yield* refused("-o", "there.csv", "--force"), [0, "", "1 record written: there.csv\n"])
      assert.match(read("there.csv"), /^code,answer,/)
    }))

  it.scopedLive("refuses words that mean nothing, and makes nothing", () =>
    Effect.gen(function*() {
      const { files, rollcall, run } = yield* scripted(["a", "b\tc"])
      yield* run()
      const before = files()
      const refusals: ReadonlyArray<readonly [words: ReadonlyArray<string>, message: string]> = [
        [["--records"], "--records goes with --only"],
        [["--only", "failed", "--select", "city"], "--only writes a list to run again: add --records to select fields"],
        [
          ["--only", "failed,lost"],
          "--only \"failed,lost\": it is one of found, not_found, invalid, failed, review, stale, pending"
        ],
        [["--only", "failed", "--excel", "--format", "csv"], ""],
        [["--select", "a=city", "--select", "a=code", "-o", "x.csv"], ""]
      ]
      for (const [words, message] of refusals) {
        const { exit, stderr, stdout } = yield* rollcall("export", "out.ndjson", ...words)
        assert.deepStrictEqual([exit, stdout], [2, ""])
        if (message !== "") assert.strictEqual(stderr, `rollcall: ${message}\n`)
        assert.match(stderr, /^rollcall: .+\n$/)
      }
      assert.deepStrictEqual(files(), before)
    }))

  it.scopedLive("leaves nothing of an output in which a row cannot stand", () =>
    Effect.gen(function*() {
      const { files, rollcall, words, write } = yield* scripted([], mixed)
      write("list.csv", "zip\na\n\"b\nc\"\n")
      yield* rollcall("run", "list.csv", "--column", "zip", ...words, "-o", "out.ndjson")
      const before = files()
      const { exit, stderr } = yield* rollcall("export", "out.ndjson", "-o", "codes.txt", "--format", "lines")
      assert.strictEqual(exit, 2)
      assert.match(stderr, /^rollcall: codes\.txt: the code of line 3 cannot stand on a line of its own .*: write CSV /)
      assert.deepStrictEqual(files(), before)
    }))

  it.scopedLive("warns of cells that a spreadsheet would run, and --excel guards them", () =>
    Effect.gen(function*() {
      const { read, rollcall, run } = yield* scripted(["=1+1", "a", "@b"])
      const warning = (name: string) =>
        `warning: 2 cells of ${name} begin like a formula: a spreadsheet would run them (--excel guards them)\n`
      const first = yield* run("--select", "city", "-o", "cities.csv")
      assert.strictEqual(first.exit, 0)
      assert.isTrue(first.stderr.endsWith(warning("cities.csv")), first.stderr)
      // of what was written before, too
      const again = yield* run("--select", "city", "-o", "cities.csv")
      assert.isTrue(again.stderr.endsWith(warning("cities.csv")))
      const guarded = yield* run("--select", "city", "-o", "cities.csv", "--excel")
      assert.notInclude(guarded.stderr, "warning")
      assert.include(read("cities.csv"), "'=1+1,City of =1+1,found")
      const exported = yield* rollcall("export", "out.ndjson", "-o", "more.csv")
      assert.deepStrictEqual(ended(exported), [0, "", `3 records written: more.csv\n${warning("more.csv")}`])
      const excel = yield* rollcall("export", "out.ndjson", "-o", "excel.csv", "--excel")
      assert.deepStrictEqual(ended(excel), [0, "", "3 records written: excel.csv\n"])
      assert.strictEqual(
        (yield* rollcall("export", "out.ndjson", "-q", "-o", "quiet.csv")).stderr + (yield* run("-q"))
          .stderr,
        ""
      )
    }))
})
