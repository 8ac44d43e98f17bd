import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readdirSync, rmSync } from "node:fs"
import { hostname } from "node:os"
import { join } from "node:path"
import { type Ended, folder, found, type Reply, run, scripted, start, stateOf, until } from "../command.ts"
import * as Sqlite from "../sqlite.ts"

/** Codes with an x are not found, those with a ! fail. */
const mixed = (code: string): Reply => code.includes("x") ? [404, ""] : code.includes("!") ? [500, "oops"] : found(code)

/** A key that is refused from a code on. */
const refusedFrom = (last: string) => (code: string): Reply => code >= last && code !== "x" ? [429, ""] : mixed(code)

const told = ({ exit, stderr, stdout }: Ended) => {
  assert.deepStrictEqual([exit, stderr], [0, ""])
  return stdout
}

const json = (ended: Ended) => told(ended).trimEnd().split("\n").map((line) => JSON.parse(line))

describe.concurrent("rollcall status", () => {
  it.scopedLive("tells of a run by its output, its ledger, or nothing", () =>
    Effect.gen(function*() {
      const { cwd, rollcall, run } = yield* scripted(["a", "b", "a", "x", "c!", "9"], mixed)
      assert.strictEqual((yield* run("--pattern", "\\D+")).exit, 3)
      const line = "out.ndjson: 4 of 4 codes answered (2 found, 1 not found, 1 failed), 1 invalid without a call\n"
        + "  invalid: 1 × no match of --pattern\n  failed: 1 × status 500\n"
      for (const named of [["out.ndjson"], ["out.ndjson.ledger"], [], ["./out.ndjson"], [join(cwd, "out.ndjson")]]) {
        assert.strictEqual(told(yield* rollcall("status", ...named)), line)
      }
      const [{ oldest, ...rest }] = json(yield* rollcall("status", "--json"))
      assert.match(oldest, /^\d{4}-\d\d-\d\dT/)
      assert.deepStrictEqual([rest], [{
        list: "out.ndjson",
        source: "list",
        outputs: ["out.ndjson"],
        ledger: "out.ndjson.ledger",
        state: "complete",
        entries: 6,
        questions: 4,
        refused: 1,
        outcomes: { found: 2, not_found: 1, invalid: 1, failed: 1, skipped: 0 },
        pending: 0,
        again: 0,
        forgotten: 0,
        gone: 0,
        stale: 0,
        same: null,
        calls: 4,
        cost: null,
        budgets: [],
        causes: [
          { outcome: "failed", type: "status", http_status: 500, count: 1 },
          { outcome: "invalid", type: "the code does not match \\D+", http_status: null, count: 1 }
        ],
        stopped: null,
        host: null,
        holder: null
      }])
    }))

  it.scopedLive("tells what is old, what was asked in vain, and what runs without an output have left", () =>
    Effect.gen(function*() {
      const { answer, cwd, rollcall, run, words } = yield* scripted(["a", "b"])
      yield* rollcall("run", "list", ...words)
      const folder = join(stateOf(cwd), "rollcall")
      const ledger = readdirSync(folder).find((name) => name.endsWith(".ledger"))!
      const file = join("..", "state", "rollcall", ledger)
      assert.include(
        told(yield* rollcall("status")),
        `list: 2 of 2 codes answered (2 found)\n  ledger ${join(folder, ledger)} (`
      )
      yield* run()
      answer((code) => code === "b" ? [500, ""] : found(code))
      yield* run("--redo", "found")
      const then = Date.now() - 3.5 * 86_400_000
      yield* Sqlite.query(join(cwd, "out.ndjson.ledger"), `update outcome set at = ${then}`)
      yield* Sqlite.query(join(cwd, "out.ndjson.ledger"), "delete from standing")
      assert.strictEqual(
        told(yield* rollcall("status")),
        "out.ndjson: 2 of 2 codes answered (2 found)\n  asked again in vain: 1; --redo failed asks them, export --only stale has them\n"
          + "  the oldest answer is of 3 days ago\n"
      )
      const all = told(yield* rollcall("status", "--all"))
      assert.match(all, /^in this folder:\n {2}2 of 2 answered {2}\d+ kB {2}today {2}out.ndjson.ledger\nin /)
      assert.include(all, `in ${folder}, of runs without an output file: 1 ledger, `)
      assert.match(
        all,
        new RegExp(`\\n {2}2 of 2 answered .* ${join(folder, ledger)}\\n.*forget LEDGER --all removes one\\n$`)
      )
      assert.deepStrictEqual(json(yield* rollcall("status", "--all", "--json")).map(({ answered }) => answered), [2, 2])
      assert.strictEqual((yield* rollcall("forget", file, "--all")).exit, 0)
      assert.include(told(yield* rollcall("status", "--all")), "without an output file: none\n")
    }))

  it.scopedLive("tells of a run that stopped, what is pending", () =>
    Effect.gen(function*() {
      const { rollcall, run } = yield* scripted(["a", "x", "b", "c", "d"], refusedFrom("c"))
      assert.strictEqual((yield* run("--max-time", "1s")).exit, 4)
      assert.match(
        told(yield* rollcall("status", "out.ndjson")),
        /^out.ndjson: 3 of 5 codes answered \(2 found, 1 not found\), 2 pending; stopped: the time of 1s is over.*: rollcall resume out.ndjson goes on\n/
      )
      assert.deepInclude(json(yield* rollcall("status", "--json"))[0], { state: "stopped", pending: 2, holder: null })
    }))

  it.scopedLive("tells the same way on as the run did", () =>
    Effect.gen(function*() {
      const { rollcall, run } = yield* scripted(["a", "b", "c"])
      assert.strictEqual((yield* run("--max-calls", "1")).exit, 4)
      assert.match(
        told(yield* rollcall("status", "out.ndjson")),
        /, 2 pending; stopped: the budget of 1 call is spent: rollcall resume out.ndjson --max-calls 4 goes on \(1 of 1 call is spent\)\n/
      )
    }))

  it.scopedLive("names no cause where none is known", () =>
    Effect.gen(function*() {
      const { rollcall, run } = yield* scripted(["a", "b", "c"])
      yield* run("--sample", "1")
      assert.match(told(yield* rollcall("status", "out.ndjson")), /, 2 pending; rollcall resume out.ndjson goes on\n/)
    }))

  it.scopedLive("tells of a run that goes on, which process it is, and does not disturb it", () =>
    Effect.gen(function*() {
      const { answer, asked, read, rollcall, start, words, write } = yield* scripted(
        ["a", "b", "c"],
        (code) => code === "c" ? undefined : found(code)
      )
      write("other", "a\n")
      yield* rollcall("run", "other", ...words, "-o", "other.csv", "--ledger", "out.ndjson.ledger")
      const running = yield* start()
      yield* until(() => asked.includes("c"))
      const { pid } = running.process
      const status = yield* Effect.repeat(Effect.map(rollcall("status", "out.ndjson"), told), {
        until: (line) => line.startsWith("out.ndjson: 2 of 3 ")
      })
      assert.strictEqual(
        status,
        `out.ndjson: 2 of 3 codes answered (2 found), 1 pending; running (process ${pid} on ${hostname()})\n`
      )
      const [line, other] = json(yield* rollcall("status", "out.ndjson.ledger", "--json"))
      assert.deepInclude(line, { state: "running", pending: 1 })
      assert.deepInclude(other, { list: "other.csv", state: "complete", holder: null })
      assert.deepInclude(line.holder, { pid, host: hostname() })
      answer(found)
      assert.strictEqual((yield* running.ended).exit, 0)
      assert.strictEqual(read("out.ndjson").split("\n").length, 4)
      assert.strictEqual(
        told(yield* rollcall("status", "out.ndjson")),
        "out.ndjson: 3 of 3 codes answered (3 found)\n"
      )
    }))

  it.scopedLive("tells that what is to be asked again has its answers until then, and export gives both", () =>
    Effect.gen(function*() {
      const { answer, cwd, read, rollcall, run } = yield* scripted(["a", "b", "c"], mixed)
      yield* run("--no-timing")
      const then = new Date(2024, 1, 3, 12).getTime()
      yield* Sqlite.query(join(cwd, "out.ndjson.ledger"), `update outcome set at = ${then}`)
      answer(() => [401, ""])
      assert.strictEqual((yield* run("--redo", "found")).exit, 4)
      const status = told(yield* rollcall("status"))
      assert.match(status, /^out\.ndjson: 0 of 3 codes answered, 3 pending; /)
      assert.match(
        status,
        /\n {2}3 of the pending were answered on 2024-02-03 or later, and are to be asked again: export has these answers\n$/
      )
      assert.deepInclude(json(yield* rollcall("status", "--json"))[0], { pending: 3, again: 3 })
      assert.strictEqual((yield* rollcall("export", "--only", "pending", "-q")).stdout, "a\nb\nc\n")
      assert.strictEqual((yield* rollcall("export", "--only", "found", "-q")).stdout, "a\nb\nc\n")
      assert.match(
        (yield* rollcall("export", "--format", "csv", "-q")).stdout,
        /\na,.*,found,200,stale: it is to be asked again\n/
      )
      answer(mixed)
      assert.strictEqual((yield* run("--no-timing")).exit, 0)
      assert.notInclude(told(yield* rollcall("status")), "to be asked again")
      assert.strictEqual(read("out.ndjson").split("\n").length, 4)
    }))

  it.scopedLive("calls a run by the output that it is asked for", () =>
    Effect.gen(function*() {
      const { rollcall, words } = yield* scripted(["a"])
      yield* rollcall("run", "list", ...words, "-o", "a.db", "-o", "a.tsv", "-o", "a.csv", "--ledger", "some.ledger")
      for (const name of ["a.db", "a.tsv", "a.csv"]) {
        assert.match(told(yield* rollcall("status", name)), new RegExp(`^${name}: 1 of 1 code answered `))
      }
      assert.match(told(yield* rollcall("status")), /^a\.tsv: 1 of 1 /)
    }))

  it.scopedLive("--all counts a code that stands in several lists once", () =>
    Effect.gen(function*() {
      const { rollcall, run, words, write } = yield* scripted(["a", "b", "c"], mixed)
      write("other", "c\nb\n")
      yield* run()
      yield* rollcall("run", "other", ...words, "-o", "other.csv", "--ledger", "out.ndjson.ledger")
      assert.match(told(yield* rollcall("status", "--all")), /^in this folder:\n {2}3 of 3 answered /)
      assert.deepInclude(json(yield* rollcall("status", "--all", "--json"))[0], { answered: 3, questions: 3 })
    }))

  it.scopedLive("tells of every list of a ledger, the last one first, and of one by its output", () =>
    Effect.gen(function*() {
      const { rollcall, run, words, write } = yield* scripted(["a", "b"], mixed)
      write("other", "b\nc!\n")
      yield* run()
      yield* rollcall("run", "other", ...words, "-o", "other.csv", "--ledger", "out.ndjson.ledger")
      const [first, second] = [
        "out.ndjson: 2 of 2 codes answered (2 found)\n",
        "other.csv: 2 of 2 codes answered (1 found, 1 failed)\n  failed: 1 × status 500\n"
      ]
      assert.strictEqual(told(yield* rollcall("status")), second + first)
      assert.strictEqual(told(yield* rollcall("status", "out.ndjson.ledger")), second + first)
      assert.strictEqual(told(yield* rollcall("status", "out.ndjson")), first)
      assert.strictEqual(told(yield* rollcall("status", "other.csv")), second)
      yield* run()
      assert.strictEqual(told(yield* rollcall("status")), first + second)
    }))

  it.scopedLive("calls a list that went to standard output by its source", () =>
    Effect.gen(function*() {
      const { cwd, rollcall, words } = yield* scripted(["a"])
      yield* rollcall("run", "list", ...words)
      assert.match(told(yield* rollcall("status")), /^list: 1 of 1 code answered \(1 found\)\n {2}ledger /)
      const [line] = json(yield* rollcall("status", "--json"))
      assert.deepInclude(line, { source: "list", outputs: ["standard output"] })
      yield* run(["run", ...words], { cwd, stdin: "b\n" })
      assert.match(told(yield* rollcall("status")), /^standard input: 1 of 1 code answered \(1 found\)\n/)
    }))

  it.scopedLive("knows the last run of each folder", () =>
    Effect.gen(function*() {
      const { cwd, run: runList, words } = yield* scripted(["a"])
      const [one, other] = [yield* folder, yield* folder]
      yield* runList()
      const state = { XDG_STATE_HOME: stateOf(cwd) }
      yield* run(["run", ...words, "-o", "one.ndjson"], { cwd: one, env: state, stdin: "b\n" })
      assert.match(told(yield* run(["status"], { cwd: one, env: state })), /^one\.ndjson: /)
      assert.match(told(yield* run(["status"], { cwd })), /^out\.ndjson: /)
      assert.strictEqual((yield* run(["status"], { cwd: other, env: state })).exit, 2)
    }))

  it.scopedLive("says what is missing, exit 2", () =>
    Effect.gen(function*() {
      const { cwd, rollcall, run } = yield* scripted(["a"])
      const refused = (...words: ReadonlyArray<string>) =>
        Effect.map(rollcall("status", ...words), ({ exit, stderr, stdout }) => {
          assert.deepStrictEqual([exit, stdout], [2, ""])
          return stderr
        })
      assert.strictEqual(
        yield* refused(),
        "rollcall: which run? None is known in this folder: name its output or its ledger\n"
      )
      assert.strictEqual(
        yield* refused("none"),
        "rollcall: there is neither none nor none.ledger: name the output of a run, or its ledger\n"
      )
      assert.strictEqual(
        yield* refused("list"),
        "rollcall: there is no list.ledger, and list is the output of no run that is known here: name the ledger itself\n"
      )
      yield* run()
      rmSync(join(cwd, "out.ndjson.ledger"))
      assert.strictEqual(yield* refused(), "rollcall: out.ndjson.ledger: there is no such ledger\n")
    }))

  it.scopedLive("says of a run that reads its list that there is none yet", () =>
    Effect.gen(function*() {
      const { cwd, rollcall, words } = yield* scripted([])
      const running = yield* start(["run", "-", ...words, "-o", "out.ndjson"], { cwd, stdin: "open" })
      running.process.stdin!.write("a\n")
      const { stdout } = yield* Effect.repeat(rollcall("status", "out.ndjson"), {
        until: ({ stdout }) => stdout.includes("reads")
      })
      assert.match(stdout, /^out\.ndjson: it reads its input \(process \d+ on .*\)\n$/)
      running.process.stdin!.end()
      assert.strictEqual((yield* running.ended).exit, 0)
      assert.strictEqual((yield* rollcall("status", "out.ndjson")).exit, 0)
    }))
})
