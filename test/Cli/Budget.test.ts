/**
 * What a run may cost, and what it says of that, judged by the API's own log.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { env, faults, found, lines, numbered, run, scripted, setup, some, start, until } from "../command.ts"

describe.concurrent("a budget", () => {
  it.scopedLive("of calls holds over all runs with a ledger, and a larger one goes on", () =>
    Effect.gen(function*() {
      const codes = yield* some(300)
      const { demo, log, output, rollcall } = yield* setup(codes, faults)
      for (const [calls, exit] of [[100, 4], [100, 4], [180, 4], [10_000, 0]] as const) {
        const ended = yield* rollcall("--max-calls", `${calls}`)
        assert.strictEqual(ended.exit, exit, ended.stderr)
        assert.isAtMost((yield* log).calls, calls)
        if (exit === 4) assert.match(ended.stderr, new RegExp(`stopped: the budget of ${calls} calls is spent`))
        // what the API breaks off is a call too
        if (exit === 4 && calls === 100) assert.strictEqual((yield* demo.log).calls, 100)
      }
      assert.deepStrictEqual(lines(output()), numbered(codes))
    }))

  it.scopedLive("of money is told with what it bought", () =>
    Effect.gen(function*() {
      const { demo, rollcall } = yield* setup(yield* some(300))
      const { exit, stderr } = yield* rollcall("--max-cost", "0.05", "--cost-per-1000", "0.5")
      assert.strictEqual(exit, 4)
      assert.match(stderr, /the budget of 0\.05 is spent: 100 calls at 0\.5 per 1,000/)
      assert.match(stderr, /\ncost {4}0\.05\n/)
      assert.strictEqual((yield* demo.log).calls, 100)
      const priceless = yield* rollcall("--max-cost", "0.05")
      assert.deepInclude(priceless, { exit: 2, stdout: "" })
      assert.match(priceless.stderr, /--max-cost needs a price: --cost-per-1000/)
    }))

  it.scopedLive("of a month, a day, and each run: kept over runs, and told by run, status and plan", () =>
    Effect.gen(function*() {
      const codes = Array.from({ length: 30 }, (_, index) => `c${index}`)
      const api = yield* scripted(codes, (code) => found(code))
      const caps = [
        "--max-calls",
        "12/year",
        "--max-calls",
        "7 per run",
        "--max-cost",
        "90/year",
        "--cost-per-1000",
        "2000"
      ]
      const moment = "\\d{4}-01-01 00:00 \\(UTC\\S*\\)"
      const first = yield* api.run(...caps)
      assert.strictEqual(first.exit, 4)
      assert.match(first.stderr, /stopped: the budget of 7 calls for this run is spent\n23 pending: the same command/)
      for (const _ of [1, 2]) {
        const { exit, stderr } = yield* api.run(...caps)
        assert.strictEqual(exit, 4)
        assert.match(stderr, new RegExp(`stopped: 12 of 12 calls of this year are spent, until ${moment}\n`))
        assert.match(stderr, new RegExp(`18 pending: the same command goes on from ${moment}\n`))
      }
      const { stdout } = yield* run(["status"], { cwd: api.cwd, env })
      assert.match(
        stdout,
        new RegExp([
          "^.*12 of 30 codes answered.*; stopped: 12 of 12 calls of this year .*\n",
          "spent in all: 12 calls, 24\\.00\n",
          `budget: 12 of 12 calls of this year spent, 0 left until ${moment}\n`,
          "budget: 0 of 7 calls for each run spent, 7 left\n",
          `budget: 24\\.00 of 90\\.00 of this year spent, 66\\.00 left until ${moment}\n$`
        ].join(""))
      )
    }))

  it.scopedLive("of calls stays spent where the ledger is put aside", () =>
    Effect.gen(function*() {
      const { output, rollcall } = yield* setup(yield* some(9))
      assert.strictEqual((yield* rollcall("--max-calls", "4")).exit, 4)
      const fresh = yield* rollcall("--max-calls", "4", "--fresh")
      assert.strictEqual(fresh.exit, 4)
      assert.match(fresh.stderr, /the budget of 4 calls is spent \(4 by earlier runs\)/)
      const more = yield* rollcall("--max-calls", "13", "--fresh")
      assert.strictEqual(more.exit, 0, more.stderr)
      assert.lengthOf(lines(output()), 9)
    }))

  it.scopedLive("of time stops the run, which goes on later", () =>
    Effect.gen(function*() {
      const codes = yield* some(300)
      const { output, rollcall } = yield* setup(codes)
      const { exit, stderr } = yield* rollcall("--max-time", "1s", "--rate", "50/s")
      assert.strictEqual(exit, 4)
      assert.match(stderr, /stopped: the time of 1s is over/)
      assert.strictEqual((yield* rollcall()).exit, 0)
      assert.deepStrictEqual(lines(output()), numbered(codes))
    }))

  it.scopedLive("is planned: the time at the limit, the cost, and what is covered", () =>
    Effect.gen(function*() {
      const { cwd, flags } = yield* setup(yield* some(300))
      const plan = (...words: ReadonlyArray<string>) => run(["plan", "list", ...flags, ...words], { cwd, env })
      const price = ["--cost-per-1000", "0.4", "--max-cost", "0.05"]
      const { stdout } = yield* plan("--rate", "600/min", "--rate", "50/s", ...price)
      assert.match(
        stdout,
        /would ask: 300 questions, 30 s at the limit of the rate, a cost of 0\.12, the budget covers 125 calls\n/
      )
      const heavy = yield* plan("--rate", "10/s", "--weight", "2")
      assert.match(heavy.stdout, /would ask: 300 questions, 1 min at the limit/)
    }))
})

describe.concurrent("--sample", () => {
  it.scopedLive("asks so many at random, tells what that means, and leaves the rest for the next run", () =>
    Effect.gen(function*() {
      const known = yield* some(700)
      const codes = known.flatMap((code, index) => index % 7 < 3 ? [code, `no${index}`] : [code])
      const { cwd, demo, output, rollcall } = yield* setup(codes)
      const sampled = yield* rollcall("--sample", "200", "--cost-per-1000", "1")
      assert.strictEqual(sampled.exit, 4, sampled.stderr)
      assert.isFalse(existsSync(join(cwd, "out.ndjson")))
      const asked = [...(yield* demo.log).codes.keys()]
      assert.lengthOf(asked, 200)
      // at random: from everywhere in the list
      const places = asked.map((code) => codes.indexOf(code))
      for (let quarter = 0; quarter < 4; quarter++) {
        const there = places.filter((place) => Math.floor(place * 4 / codes.length) === quarter)
        assert.isAtLeast(there.length, 25)
        assert.isAtMost(there.length, 75)
      }
      assert.match(sampled.stderr, /sample: 200 codes of 1,000 that were pending, picked at random/)
      const [, share, low, high] = /found: (\S+) % \((\S+) to (\S+) %\) of all/.exec(sampled.stderr)!.map(Number)
      assert.isBelow(low!, share!)
      assert.isBelow(share!, high!)
      assert.isAtMost(low!, 75)
      assert.isAtLeast(high!, 65)
      assert.match(sampled.stderr, /the other 800: about 800 calls, .+, 0\.80; the same command without --sample/)
      // what was asked is not asked again
      const { exit } = yield* rollcall("--tolerate", "invalid=all")
      assert.strictEqual(exit, 0)
      assert.deepStrictEqual(lines(output()), numbered(codes))
      assert.isTrue([...(yield* demo.log).codes.values()].every((calls) => calls === 1))
    }))

  it.scopedLive("of everything is the whole run", () =>
    Effect.gen(function*() {
      const codes = yield* some(20)
      const { output, rollcall } = yield* setup(codes)
      assert.strictEqual((yield* rollcall("--sample", "100")).exit, 0)
      assert.deepStrictEqual(lines(output()), numbered(codes))
    }))
})

describe.concurrent("--tolerate", () => {
  it.scopedLive("is what the exit code forgives", () =>
    Effect.gen(function*() {
      const codes = Array.from({ length: 50 }, (_, index) => `c${index}`)
      const api = yield* scripted(codes, (code) => code === "c7" ? [501, ""] : code === "c9" ? [400, ""] : found(code))
      const cases: ReadonlyArray<readonly [flags: ReadonlyArray<string>, exit: number]> = [
        [[], 3],
        [["--tolerate", "failed=2%"], 3],
        [["--tolerate", "failed=2%", "--tolerate", "invalid=all"], 0],
        [["--tolerate", "failed=1%", "--tolerate", "invalid=all"], 3]
      ]
      for (const [flags, exit] of cases) assert.strictEqual((yield* api.run(...flags)).exit, exit, flags.join(" "))
      const wrong = yield* api.run("--tolerate", "some")
      assert.strictEqual(wrong.exit, 2)
      assert.match(wrong.stderr, /failed=1%/)
    }))
})

describe.concurrent("SIGUSR2", () => {
  it.scopedLive("says how far the run is, and ends nothing", () =>
    Effect.gen(function*() {
      const { cwd, demo, words } = yield* setup(yield* some(200))
      const process = yield* start([...words, "--rate", "100/s", "--quiet"], { cwd, env })
      for (const calls of [20, 60]) {
        while ((yield* demo.log).calls < calls) yield* Effect.sleep("5 millis")
        const before = process.said().length
        process.process.kill("SIGUSR2")
        yield* until(() => process.said().length > before)
      }
      const { exit, stderr } = yield* process.ended
      assert.strictEqual(exit, 0)
      assert.match(
        stderr,
        /^\d+\/200 \(\d+(\.\d)? %\) · ([\d a-z]+ left · )?\d+(\.\d)?\/s · \d in flight · .*found.*\n\d+\/200 [^\n]*\n$/
      )
    }))
})

describe.concurrent("--throttled-on", () => {
  it.scopedLive("waits where a status means too much, and loses no attempt", () =>
    Effect.gen(function*() {
      const codes = Array.from({ length: 30 }, (_, index) => `c${index}`)
      let refusals = 0
      const api = yield* scripted(codes, (code) => code === "c9" && refusals++ < 2 ? [403, "slow down"] : found(code))
      const { exit, stderr } = yield* api.run("--throttled-on", "403,503")
      assert.strictEqual(exit, 0, stderr)
      assert.match(stderr, /calls {3}32, 0 retries, 2 throttled/)
      refusals = 0
      const other = yield* scripted(codes, (code) => code === "c9" && refusals++ < 2 ? [403, "slow down"] : found(code))
      assert.strictEqual((yield* other.run()).exit, 3)
    }))
})
