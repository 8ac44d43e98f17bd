/**
 * `rollcall run` as a process, judged by the files it leaves and by the API's own log.
 */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import type * as Demo from "../../src/Demo.ts"
import {
  env,
  faults,
  found,
  lines,
  numbered,
  program,
  records,
  run,
  scripted,
  setup,
  some,
  start,
  until
} from "../command.ts"
import { some as sampled } from "../scale.ts"

/** Each code was asked about once, or as often as told. */
const asked = (log: Demo.Log, times: (code: string) => number = () => 1) =>
  assert.deepStrictEqual([...log.codes].filter(([code, calls]) => calls !== times(code)), [])

describe.concurrent("rollcall run: records", () => {
  it.scopedLive("one per line, in input order, whatever the API does", () =>
    Effect.gen(function*() {
      const known = yield* some(600)
      const codes = [...known, "99999", "nonsense", ...known.slice(0, 50), "99999", ""]
      const { demo, output, rollcall } = yield* setup(codes, faults)
      const { exit, stderr, stdout } = yield* rollcall("-c", "32")
      assert.deepStrictEqual([exit, stdout], [3, ""], stderr)
      const all = output()
      assert.deepStrictEqual(lines(all), numbered(codes.slice(0, -1)))
      const outcomes = [...known.map(() => "found"), "not_found", "invalid", ...Array(50).fill("found"), "not_found"]
      assert.deepStrictEqual(all.map(({ outcome }) => outcome), outcomes)
      assert.deepStrictEqual(
        all.flatMap(({ line, repeat }) => repeat ? [line] : []),
        codes.slice(0, 51).map((_, index) => 603 + index)
      )
      const log = yield* demo.log
      // what the records tell is what the server saw
      assert.deepStrictEqual(
        Object.fromEntries(all.filter(({ repeat }) => !repeat).map(({ calls, code }) => [code, calls])),
        Object.fromEntries(log.codes)
      )
      assert.isAbove(log.calls, 602)
      assert.isAtMost(log.maxInFlight, 32)
      assert.match(stderr, /^list: 653 entries \(51 repeats\)\n-c 32 · .*\n[^]* 600 {2}found/)
    }))

  it.scopedLive("--order done has the same records", () =>
    Effect.gen(function*() {
      const codes = yield* some(300)
      const { output, rollcall } = yield* setup(codes, faults)
      const { exit } = yield* rollcall("-c", "32", "--order", "done")
      assert.strictEqual(exit, 0)
      const all = output()
      assert.notDeepEqual(lines(all), numbered(codes))
      assert.deepStrictEqual(lines(all.toSorted((a, b) => a.line - b.line)), numbered(codes))
    }))

  it.scopedLive("several outputs at once, of a CSV, gzipped, on standard input", () =>
    Effect.gen(function*() {
      const { cwd, demo, flags, read } = yield* setup([])
      const words = [
        "run",
        "-",
        ...flags,
        "--input-format",
        "csv",
        "--column",
        "ZIP Code",
        "--select",
        "town=data.city"
      ]
      const { exit, stderr, stdout } = yield* run(
        [...words, "-o", "a.csv", "-o", "b.ndjson", "-o", "-", "--no-timing"],
        {
          cwd,
          env,
          stdin: gzipSync("ZIP Code,note\n34102,\"a, \"\"b\"\"\"\n99999,\n00501,ü\n")
        }
      )
      assert.strictEqual(exit, 0, stderr)
      assert.strictEqual(
        read("a.csv"),
        "ZIP Code,note,town,outcome,http_status,error\n"
          + "34102,\"a, \"\"b\"\"\",Naples,found,200,\n99999,,,not_found,404,\n00501,ü,Holtsville,found,200,\n"
      )
      const rest = { attempts: 1, calls: 1 }
      assert.deepStrictEqual(records(read("b.ndjson")), [
        {
          line: 2,
          code: "34102",
          columns: { note: "a, \"b\"" },
          outcome: "found",
          answer: { town: "Naples" },
          http_status: 200,
          ...rest
        },
        { line: 3, code: "99999", columns: { note: "" }, outcome: "not_found", http_status: 404, ...rest },
        {
          line: 4,
          code: "00501",
          columns: { note: "ü" },
          outcome: "found",
          answer: { town: "Holtsville" },
          http_status: 200,
          ...rest
        }
      ])
      assert.strictEqual(stdout, read("b.ndjson"))
      assert.strictEqual((yield* demo.log).calls, 3)
    }))

  it.scopedLive("--pad, --pattern and --not-found-when", () =>
    Effect.gen(function*() {
      const { demo, output, rollcall } = yield* setup(["501", " 34102 ", "ABC", "10001"])
      const { exit } = yield* rollcall("--pad", "5", "--pattern", "\\d{5}", "--not-found-when", "data.state == 'FL'")
      assert.strictEqual(exit, 3)
      assert.deepStrictEqual(
        output().map(({ calls, code, input, outcome }) => [code, input, outcome, calls]),
        [
          ["00501", "501", "found", 1],
          ["34102", " 34102 ", "not_found", 1],
          ["ABC", undefined, "invalid", 0],
          ["10001", undefined, "found", 1]
        ]
      )
      assert.deepStrictEqual([...(yield* demo.log).codes.keys()].toSorted(), ["00501", "10001", "34102"])
    }))

  it.scopedLive("an output holds the codes that were asked, and is a list of these", () =>
    Effect.gen(function*() {
      const { answer, asked, cwd, read, words, write } = yield* scripted([])
      write("orte.csv", "plz,ort\n1067,Dresden\n10115,Berlin\n 4109 ,Leipzig\n")
      const outputs = ["out.csv", "out.tsv", "out.xlsx", "out.ndjson", "out.json"]
      const first = yield* run(
        [
          "run",
          "orte.csv",
          "--column",
          "plz",
          "--pad",
          "5",
          ...words,
          "--select",
          "city",
          ...outputs.flatMap((name) => ["-o", name])
        ],
        { cwd }
      )
      assert.strictEqual(first.exit, 0, first.stderr)
      const codes = ["01067", "10115", "04109"]
      assert.deepStrictEqual(asked, codes)
      assert.strictEqual(
        read("out.csv"),
        "plz,ort,city,outcome,http_status,error\n01067,Dresden,City of 01067,found,200,\n"
          + "10115,Berlin,City of 10115,found,200,\n04109,Leipzig,City of 04109,found,200,\n"
      )
      assert.deepStrictEqual(records(read("out.ndjson")).map(({ input }) => input), ["1067", undefined, " 4109 "])
      for (const output of outputs) {
        answer(found)
        const column = /json/.test(output) ? [] : ["--column", "plz"]
        const again = yield* run(["run", output, ...column, ...words, "-o", `again-${output}.ndjson`], { cwd })
        assert.strictEqual(again.exit, 0, again.stderr)
        assert.notInclude(again.stderr, "warning")
        assert.deepStrictEqual(asked, codes, output)
      }
      // an input to run again stands as it stood
      const entries = yield* run(["export", "out.csv", "--only", "found", "--format", "csv"], { cwd })
      assert.strictEqual(entries.stdout, "plz,ort\n1067,Dresden\n10115,Berlin\n\" 4109 \",Leipzig\n")
    }))

  it.scopedLive("--expect text, and --no-timing twice gives the same bytes", () =>
    Effect.gen(function*() {
      const { read, rollcall } = yield* setup(yield* some(20), { latency: { p50: "2 millis", p99: "20 millis" } })
      yield* rollcall("--expect", "text", "--no-timing")
      const before = read("out.ndjson")
      assert.match(before, /^\{"line":1,"code":"00501","outcome":"found","answer":"\{\\"links/)
      const { exit } = yield* rollcall("--expect", "text", "--no-timing", "--fresh")
      assert.strictEqual(exit, 0)
      assert.strictEqual(read("out.ndjson"), before)
    }))
})

describe.concurrent("rollcall run: going on", () => {
  it.scopedLive("the same command twice makes no call, and a list that changed only those for what is new", () =>
    Effect.gen(function*() {
      const codes = yield* some(60)
      const { cwd, list, log, output, read, rollcall } = yield* setup(codes.slice(0, 40))
      assert.strictEqual((yield* rollcall()).exit, 0)
      const before = read("out.ndjson")
      const again = yield* rollcall()
      assert.strictEqual(again.exit, 0)
      assert.match(again.stderr, /nothing to ask: 40 codes answered already/)
      assert.strictEqual(read("out.ndjson"), before)
      assert.strictEqual((yield* log).calls, 40)
      for (const changed of [codes.slice(0, 50), codes.toReversed(), codes.slice(20, 30)]) {
        list(changed)
        const { exit } = yield* rollcall()
        assert.strictEqual(exit, 0)
        assert.deepStrictEqual(lines(output()), numbered(changed))
      }
      asked(yield* log)
      assert.strictEqual((yield* log).calls, 60)
      assert.deepStrictEqual(readdirSync(cwd).toSorted(), ["list", "out.ndjson", "out.ndjson.ledger"])
    }))

  it.scopedLive("replies are read again when the way to read them has changed, without a call", () =>
    Effect.gen(function*() {
      const { answer, asked, read, run } = yield* scripted(
        ["a", "b", "c"],
        (code) => code === "c" ? [200, "plain text"] : found(code)
      )
      const outcomes = () => records(read("out.ndjson")).map(({ code, outcome }) => `${code} ${outcome}`)
      const rerun = (...words: ReadonlyArray<string>) =>
        Effect.map(run(...words), ({ exit, stderr }) => {
          assert.deepStrictEqual(asked, [])
          return [exit, /^list: 3 entries \(3 answered already(?:, (.*))?\)\n/.exec(stderr)?.[1], ...outcomes()]
        })
      assert.strictEqual((yield* run()).exit, 3)
      assert.deepStrictEqual(outcomes(), ["a found", "b found", "c failed"])
      answer(() => [500, ""])
      const one = "1 outcome changed by reading its reply again"
      const noB = ["--not-found-when", "code == 'b'"]
      assert.deepStrictEqual(yield* rerun(...noB), [3, one, "a found", "b not_found", "c failed"])
      assert.deepStrictEqual(yield* rerun(...noB), [3, undefined, "a found", "b not_found", "c failed"])
      assert.deepStrictEqual(yield* rerun(), [3, one, "a found", "b found", "c failed"])
      assert.deepStrictEqual(yield* rerun("--expect", "text"), [0, one, "a found", "b found", "c found"])
      assert.include(read("out.ndjson"), "\"answer\":\"plain text\"")
      assert.deepStrictEqual(yield* rerun(), [3, one, "a found", "b found", "c failed"])
    }))

  it.scopedLive("standard output carries everything, both times", () =>
    Effect.gen(function*() {
      const { cwd, demo, flags } = yield* setup(yield* some(30))
      const once = yield* run(["run", "list", ...flags], { cwd, env })
      const twice = yield* run(["run", "list", ...flags], { cwd, env })
      assert.deepStrictEqual([once.exit, twice.exit], [0, 0])
      assert.strictEqual(twice.stdout, once.stdout)
      assert.strictEqual(records(once.stdout).length, 30)
      assert.strictEqual((yield* demo.log).calls, 30)
      assert.match(twice.stderr, /ledger +\S+\/state\/rollcall\/list-\w+\.ledger\n$/)
    }))

  it.scopedLive("no secret stands in anything that is left or said", () =>
    Effect.gen(function*() {
      const { cwd, demo, flags } = yield* setup(yield* some(20), { key: "hush-hush-hush", latency: "300 millis" })
      const words = ["run", "list", ...flags, "-c", "2", "-o", "out.ndjson", "-H", "X-Other: Bearer ${DEMO_KEY}"]
      const running = yield* start(words, { cwd, env: { DEMO_KEY: "hush-hush-hush" } })
      yield* until(() => existsSync(join(cwd, "out.ndjson.part")) && statSync(join(cwd, "out.ndjson.part")).size > 0)
      running.process.kill("SIGKILL")
      yield* running.ended
      const files = readdirSync(cwd)
      assert.includeMembers(files, ["out.ndjson.part", "out.ndjson.ledger", "out.ndjson.ledger-wal"])
      for (const text of [running.said(), ...files.map((name) => readFileSync(join(cwd, name), "latin1"))]) {
        assert.notInclude(text, "hush-hush")
      }
      assert.isAbove((yield* demo.log).statuses[200] ?? 0, 0)
    }))
})

describe.concurrent("rollcall run: what ends it", () => {
  // the others at any instant: Crash/Signals.test.ts
  for (const [signal, code] of sampled([["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const, 3)) {
    it.scopedLive(`${signal} lets the calls in flight finish, exit ${code}, and the next run asks nothing twice`, () =>
      Effect.gen(function*() {
        const codes = yield* some(80)
        const { cwd, demo, log, output, rollcall, words } = yield* setup(codes, { latency: "150 millis" })
        const running = yield* start([...words, "-c", "8"], { cwd, env })
        while ((yield* demo.log).calls < 20) yield* Effect.sleep("10 millis")
        const signalled = yield* Clock.currentTimeMillis
        running.process.kill(signal)
        const { exit, stderr } = yield* running.ended
        assert.strictEqual(exit, code)
        // well before it would give up what hangs
        assert.isBelow((yield* Clock.currentTimeMillis) - signalled, 20_000)
        const { abandoned, calls } = yield* log
        assert.strictEqual(abandoned, 0)
        assert.include(stderr, `\n${calls} of 80 codes answered in `)
        assert.match(stderr, new RegExp(`\n${80 - calls} pending: the same command goes on\n$`))
        assert.isFalse(existsSync(join(cwd, "out.ndjson")))
        assert.strictEqual((yield* rollcall("-c", "8")).exit, 0)
        assert.deepStrictEqual(lines(output()), numbered(codes))
        asked(yield* log)
      }))
  }

  it.scopedLive("a second signal ends it at once, and what was answered is kept", () =>
    Effect.gen(function*() {
      const codes = yield* some(40)
      let count = 0
      const { answer, asked, cwd, read, words } = yield* scripted(
        codes,
        (code) => count++ < 12 ? found(code) : undefined
      )
      // nothing is given up meanwhile
      const command = ["run", "list", ...words.slice(0, -1), "4", "--timeout", "4m", "-o", "out.ndjson"]
      const running = yield* start(command, { cwd })
      // until all that is in flight hangs, and what was answered is recorded
      yield* until(() => asked.length === 16)
      const known = codes.filter((code) => asked.indexOf(code) >= 0 && asked.indexOf(code) < 12)
      while (!(yield* run(["status", "out.ndjson"], { cwd })).stdout.includes("12 of 40 codes answered")) {
        yield* Effect.sleep("20 millis")
      }
      running.process.kill("SIGINT")
      yield* until(() => running.said().includes("a second signal stops at once"))
      assert.match(running.said(), /stopping: 4 calls in flight are awaited, \d+ s at most; a second/)
      const signalled = yield* Clock.currentTimeMillis
      running.process.kill("SIGINT")
      const ended = yield* running.ended
      assert.strictEqual(ended.exit, 130)
      assert.match(
        ended.stderr,
        /\nstopped at once: 4 calls were cut off and will be asked again; the same command goes on\n$/
      )
      // sooner than what hangs would be given up
      assert.isBelow((yield* Clock.currentTimeMillis) - signalled, 120_000)
      answer(found)
      const { exit } = yield* run(command, { cwd })
      assert.strictEqual(exit, 0)
      assert.deepStrictEqual(lines(records(read("out.ndjson"))), numbered(codes))
      assert.deepStrictEqual(asked.toSorted(), codes.filter((code) => !known.includes(code)))
    }))

  it.scopedLive("a signal while standard input is read ends it, and keeps what has come", () =>
    Effect.gen(function*() {
      const { cwd, demo, flags } = yield* setup([])
      const running = yield* start(["run", "-", ...flags, "-o", "out.ndjson"], { cwd, env, stdin: "open" })
      running.process.stdin!.write("34102\n00501\n")
      yield* until(() => running.said().includes("2 codes so far"))
      running.process.kill("SIGINT")
      assert.strictEqual((yield* running.ended).exit, 130)
      assert.match(
        running.said(),
        /2 codes of it are kept, rollcall export out\.ndjson --only pending writes them as a list\n/
      )
      assert.deepStrictEqual(readdirSync(cwd), ["list", "out.ndjson.ledger"])
      const rest = yield* run(["export", "out.ndjson", "--only", "pending"], { cwd, env })
      assert.strictEqual(rest.stdout, "34102\n00501\n")
      assert.strictEqual((yield* demo.log).calls, 0)
    }))

  it.scopedLive.each(process.platform === "linux" ? sampled([80, 40], 2, 1) : [])(
    "a terminal of %d columns shows one line",
    (columns) =>
      Effect.gen(function*() {
        const codes = yield* some(400)
        const { cwd, words } = yield* setup(codes, { latency: "30 millis" })
        const typed = [...program, ...words, "-c", "16"].map((word) => `'${word}'`).join(" ")
        const ended = yield* run([`stty cols ${columns}; ${typed}`, "/dev/null"], {
          cwd,
          env,
          program: ["script", "-qec"]
        })
        assert.strictEqual(ended.exit, 0)
        const painted = ended.stdout.split("\r\u001b[K")
        const progress = painted.filter((text) => text !== "" && !text.includes("\n"))
        assert.isAbove(progress.length, 3)
        for (const text of progress) {
          assert.match(text, /^(\d+\/400 \([\d.]+ %\)|[\d.]+ %) · |^reading: /)
          assert.isBelow(text.length, columns)
        }
        // what stays: the list, the summary
        const stays = painted.filter((text) => text.includes("\n")).join("")
        for (const line of stays.split("\r\n")) assert.isAtMost(line.length, columns)
        assert.match(
          stays,
          /^list: 400 entries\r\n-c [^\r]*(?:\r\n {2}[^\r]*)*\r\n400 codes answered in [^]*ledger  out.ndjson.ledger\r\n$/
        )
      })
  )
})
