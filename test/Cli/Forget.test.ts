import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { type Ended, records, type Reply, scripted, until } from "../command.ts"

const ended = ({ exit, stderr, stdout }: Ended) => [exit, stdout, stderr]

/** What is looked for in files. */
const marker = "the-name-of-somebody"

const marked = (code: string): Reply =>
  code.includes("x")
    ? [404, `{"message":"${marker}"}`]
    : code.includes("!")
    ? [500, marker]
    : [200, `{"name":"${marker}","code":"${code}"}`]

/** The files in which it stands. */
const holding = (cwd: string) => readdirSync(cwd).filter((name) => readFileSync(join(cwd, name)).includes(marker))

describe.concurrent("rollcall forget", () => {
  it.scopedLive("removes every answer from the ledger, and keeps the outcomes and the output", () =>
    Effect.gen(function*() {
      const { answer, asked, cwd, files, list, read, rollcall, run } = yield* scripted(["a", "x", "b"], marked)
      yield* run()
      // the answers that were put aside are forgotten too
      yield* run("--redo", "found")
      assert.include(holding(cwd), "out.ndjson.ledger")
      const before = [read("out.ndjson"), statSync(join(cwd, "out.ndjson")).mtimeMs]
      assert.deepStrictEqual(ended(yield* rollcall("forget", "out.ndjson", "--answers")), [
        0,
        "",
        "out.ndjson.ledger: 3 replies forgotten; the outcomes are kept, so nothing is asked again\n"
        + "out.ndjson holds what was written there\n"
      ])
      assert.deepStrictEqual(holding(cwd), ["out.ndjson"])
      const status = yield* rollcall("status", "out.ndjson")
      assert.strictEqual(
        status.stdout,
        "out.ndjson: 3 of 3 codes answered (2 found, 1 not found), 2 answers forgotten\n"
      )

      answer(marked)
      const again = yield* run()
      assert.strictEqual(again.exit, 0)
      assert.match(again.stderr, /\nnothing to ask: 3 codes answered already\n {2}2 {2}found\n {2}1 {2}not found\n/)
      assert.deepStrictEqual([read("out.ndjson"), statSync(join(cwd, "out.ndjson")).mtimeMs], before)

      // another output would need them, and so would a longer list
      list(["a", "x", "b", "c"])
      for (const words of [[], ["--select", "code"]]) {
        assert.deepStrictEqual(ended(yield* run(...words)), [
          2,
          "",
          "rollcall: out.ndjson.ledger: the answers of 2 codes were forgotten, and the output needs them: "
          + "--redo forgotten asks again, --fresh starts anew\n"
        ])
      }
      assert.deepStrictEqual([asked, files()], [[], ["list", "out.ndjson", "out.ndjson.ledger"]])
      assert.strictEqual(read("out.ndjson"), before[0])

      assert.strictEqual((yield* run("--redo", "forgotten")).exit, 0)
      assert.deepStrictEqual(asked.toSorted(), ["a", "b", "c"])
      assert.deepStrictEqual(records(read("out.ndjson")).map(({ code, outcome }) => `${code} ${outcome}`), [
        "a found",
        "x not_found",
        "b found",
        "c found"
      ])
    }))

  it.scopedLive("--all removes the ledger, and leaves the output", () =>
    Effect.gen(function*() {
      const { cwd, files, read, rollcall, run } = yield* scripted(["a"], marked)
      yield* run()
      const before = read("out.ndjson")
      assert.deepStrictEqual(ended(yield* rollcall("forget", "--all")), [
        2,
        "",
        "rollcall: --all removes a whole ledger: name it, rollcall forget OUTPUT --all\n"
      ])
      assert.deepStrictEqual(ended(yield* rollcall("forget", "out.ndjson", "--all")), [
        0,
        "",
        "out.ndjson.ledger: removed; out.ndjson stays: move it away before the next run, which asks everything again\n"
      ])
      assert.deepStrictEqual([files(), holding(cwd)], [["list", "out.ndjson"], ["out.ndjson"]])
      assert.strictEqual(read("out.ndjson"), before)
      assert.deepStrictEqual(ended(yield* rollcall("forget", "out.ndjson", "--answers")), [
        2,
        "",
        "rollcall: out.ndjson.ledger: there is no such ledger\n"
      ])
    }))

  it.scopedLive("says what it can forget where it is not told, and forgets nothing", () =>
    Effect.gen(function*() {
      const { read, rollcall, run } = yield* scripted(["a"], marked)
      yield* run()
      const before = read("out.ndjson.ledger")
      const choice = "one of --code CODE, --codes FILE, --older-than 90d, --answers and --all"
      for (
        const [words, message] of [
          [[], `say what: ${choice} (--answers keeps the outcomes, --all removes the ledger)`],
          [["out.ndjson"], `say what: ${choice} (--answers keeps the outcomes, --all removes the ledger)`],
          [["--force"], `say what: ${choice} (--answers keeps the outcomes, --all removes the ledger)`],
          [["--all", "--answers"], `${choice} at a time`],
          [["--code", "a", "--older-than", "1d"], `${choice} at a time`]
        ] as const
      ) assert.deepStrictEqual(ended(yield* rollcall("forget", ...words)), [2, "", `rollcall: ${message}\n`])
      assert.strictEqual(read("out.ndjson.ledger"), before)
      assert.deepStrictEqual(ended(yield* rollcall("forget", "--code", "other")), [
        0,
        "",
        "out.ndjson.ledger: the code other was never asked\n"
      ])
    }))

  it.scopedLive("leaves of a code neither an answer, nor a code that is invalid, nor a record", () =>
    Effect.gen(function*() {
      const { rollcall, run } = yield* scripted(["a", "b", "c"], marked)
      yield* run()
      yield* rollcall("forget", "out.ndjson", "--code", "b")
      assert.strictEqual(
        (yield* rollcall("status", "out.ndjson")).stdout,
        "out.ndjson: 2 of 2 codes answered (2 found), 1 code forgotten\n"
      )
      const { causes, gone, outcomes, refused } = JSON.parse((yield* rollcall("status", "out.ndjson", "--json")).stdout)
      assert.deepStrictEqual([causes, gone, outcomes.invalid, refused], [[], 1, 0, 0])
      const lines = (text: string) => text.split("\n").filter((line) => line !== "")
      assert.deepStrictEqual(
        lines((yield* rollcall("export", "out.ndjson")).stdout).map((line) => JSON.parse(line).code),
        ["a", "c"]
      )
      for (const more of [[], ["--records"]]) {
        assert.strictEqual((yield* rollcall("export", "out.ndjson", "--only", "invalid", ...more)).stdout, "")
      }
    }))

  it.scopedLive("names outputs that are to be written anew, for these would need the answers", () =>
    Effect.gen(function*() {
      const { rollcall, run } = yield* scripted(["a", "b"], marked)
      yield* run()
      yield* rollcall("forget", "out.ndjson", "--code", "b")
      const { stderr } = yield* rollcall("forget", "out.ndjson", "--answers")
      assert.strictEqual(
        stderr,
        "out.ndjson.ledger: 1 reply forgotten; the outcomes are kept, but the next run writes out.ndjson anew and needs "
          + "them: --redo forgotten asks again\nout.ndjson holds what was written there\n"
      )
      assert.strictEqual((yield* run()).exit, 2)
    }))

  it.scopedLive("takes one list of a ledger for no other", () =>
    Effect.gen(function*() {
      const { read, rollcall, run, words, write } = yield* scripted(["a"], marked)
      write("other", "b\n")
      yield* run("--ledger", "all.ledger")
      yield* rollcall("run", "other", ...words, "-o", "other.csv", "--ledger", "all.ledger")
      for (const what of [["--answers"], ["--all"], ["--older-than", "1d"]]) {
        for (const name of [[], ["out.ndjson"], ["other.csv"], ["other.csv", "--ledger", "all.ledger"]]) {
          assert.deepStrictEqual(ended(yield* rollcall("forget", ...name, ...what)), [
            2,
            "",
            name.length === 0 && what[0] === "--all"
              ? "rollcall: --all removes a whole ledger: name it, rollcall forget OUTPUT --all\n"
              : "rollcall: all.ledger holds 2 lists, other.csv, out.ndjson: for all of them name the ledger: "
                + "rollcall forget all.ledger …\n"
          ])
        }
      }
      const { stderr } = yield* rollcall("forget", "out.ndjson", "--code", "a")
      assert.match(stderr, /^all\.ledger: 1 of 1 code forgotten, /)
      assert.notInclude(read("all.ledger"), "\"code\":\"a\"")
      assert.include(read("all.ledger"), "\"code\":\"b\"")
      assert.match((yield* rollcall("forget", "all.ledger", "--answers")).stderr, /^all\.ledger: 1 reply forgotten; /)
      assert.deepStrictEqual(ended(yield* rollcall("forget", "--ledger", "all.ledger", "--all")), [
        0,
        "",
        "all.ledger: removed; other.csv, out.ndjson stay: move them away before the next run, which asks everything again\n"
      ])
    }))

  it.scopedLive("leaves alone a run that is not complete, unless it is told to", () =>
    Effect.gen(function*() {
      const { cwd, rollcall, run } = yield* scripted(["a", "b", "c"], marked)
      assert.strictEqual((yield* run("--max-calls", "1")).exit, 4)
      for (const all of ["--answers", "--all"]) {
        assert.deepStrictEqual(ended(yield* rollcall("forget", "out.ndjson", all)), [
          2,
          "",
          "rollcall: 2 codes are pending: the run is not complete, and its output would need what is forgotten "
          + "(run it to its end first, or --force)\n"
        ])
      }
      assert.include(holding(cwd).join(), "out.ndjson.ledger")
      const forced = yield* rollcall("forget", "out.ndjson", "--answers", "--force")
      assert.match(forced.stderr, /^out\.ndjson\.ledger: 1 reply forgotten; /)
      assert.deepStrictEqual(holding(cwd), ["out.ndjson.part"])
    }))

  it.scopedLive("waits for the end of a run that holds the ledger, exit 5", () =>
    Effect.gen(function*() {
      const { answer, asked, files, read, rollcall, start } = yield* scripted(["a", "b"], (code) =>
        code === "b" ? undefined : marked(code))
      const running = yield* start()
      yield* until(() =>
        asked.includes("b")
      )
      const before = files()
      for (const words of [["--answers"], ["--answers", "--force"], ["--all", "--force"]]) {
        const { exit, stderr } = yield* rollcall("forget", "out.ndjson", ...words)
        assert.strictEqual(exit, 5)
        assert.match(
          stderr,
          new RegExp(
            `^rollcall: out\\.ndjson\\.ledger: another run holds it \\(process ${running.process.pid} on .*\\n$`
          )
        )
      }
      assert.deepStrictEqual(files(), before)
      answer(marked)
      assert.strictEqual((yield* running.ended).exit, 0)
      assert.strictEqual(records(read("out.ndjson")).length, 2)
      assert.match((yield* rollcall("export", "out.ndjson")).stdout, new RegExp(marker))
    }))
})
