import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, linkSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync } from "node:fs"
import { join } from "node:path"
import * as Output from "../../src/Cli/Output.ts"
import { found, records, run, scripted, until } from "../command.ts"

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
    ["postgres://localhost/zips", "postgres"],
    ["postgresql://localhost/zips?table=zips", "postgres"]
  ]
  it.each(cases)("%s is of the kind %s", (output, kind) => {
    const [first] = Object.entries(Output.kinds).find(([, { matches }]) => matches(output))!
    assert.strictEqual(first, kind)
    assert.strictEqual(Output.isFile(output), kind === "file")
  })
})

const codes = Array.from({ length: 260 }, (_, index) => `c${index}`)
const before = (last: number) => (code: string) => Number(code.slice(1)) < last ? found(code) : undefined

/** Which codes a part holds, as far as its records are whole. */
const whole = (text: string) => records(text.slice(0, text.lastIndexOf("\n") + 1)).map(({ code }) => code)

describe.concurrent("an output of rollcall run", { timeout: 60_000 }, () => {
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
      // where nobody looks, and half a record at the end
      write("out.ndjson.part", `${part().replace("line", "LINE")}{"line":251,"co`)

      answer(found)
      const { exit, stderr } = yield* run("--no-timing")
      assert.strictEqual(exit, 0, stderr)
      // what was answered and not recorded is asked again: one call was in flight
      assert.deepStrictEqual(asked, codes.slice(250))
      assert.strictEqual(statSync(join(cwd, "out.ndjson")).ino, statSync(join(cwd, "link")).ino)
      yield* rollcall("export", "out.ndjson", "--no-timing", "-o", "undisturbed.ndjson")
      assert.match(read("out.ndjson"), /^\{"LINE":1,/)
      assert.strictEqual(read("out.ndjson").replace("LINE", "line"), read("undisturbed.ndjson"))
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
        /\nrollcall: out\.ndjson: another program made it meanwhile: the output stands in out\.ndjson\.part\n$/
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

  it.scopedLive("follows no link that lies in place of its part", () =>
    Effect.gen(function*() {
      const { cwd, read, run, write } = yield* scripted(["a"])
      write("theirs", "precious\n")
      symlinkSync("theirs", join(cwd, "out.ndjson.part"))
      assert.strictEqual((yield* run()).exit, 0)
      assert.strictEqual(read("theirs"), "precious\n")
      assert.deepStrictEqual(whole(read("out.ndjson")), ["a"])
    }))
})
