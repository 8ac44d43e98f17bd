import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readdirSync } from "node:fs"
import { folder, run } from "../command.ts"
import { isProof, scale } from "../scale.ts"

/** What the command says, which is to succeed. */
const simulate = (...words: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const cwd = yield* folder
    const { exit, stderr, stdout } = yield* run(["simulate", ...words], { cwd })
    assert.deepStrictEqual([exit, stderr], [0, ""])
    // nothing is left behind
    assert.deepStrictEqual(readdirSync(cwd), [])
    return stdout.replace(/^simulated in .*$/m, "")
  })

/** The line of a report. */
const row = (text: string, name: string) => new RegExp(`^  ${name} +(.*)$`, "m").exec(text)?.[1]

const rough = "rate=50/s,latency=p50:80ms,p99:2s,errors=1%,not-found=2%,outage=60s@1m"

describe.concurrent("rollcall simulate", () => {
  it.scopedLive("tells how long a list would take, and what would happen", () =>
    Effect.gen(function*() {
      const codes = scale("3000", "10000", "10000")
      const text = yield* simulate("--server", rough, "--codes", codes, "-c", "16", "--rate", "49/s")
      assert.match(text, /^server: rate=50\/s,latency=/)
      assert.match(text, /^policy: -c 16 · .*rate 49\/s/m)
      assert.match(
        text,
        isProof ? /^10,000 codes would take 4 min( \d+ s)?:$/m : /^3,000 codes would take 2 min( \d+ s)?:$/m
      )
      assert.match(row(text, "time")!, /^[24] min( \d+ s)?, of it .* waiting for the rate, .* in outage$/)
      assert.match(row(text, "outcomes")!, /^[29],\d{3} found, \d{2,3} not found$/)
      assert.match(row(text, "answered")!, /^\d\d\/s; 5 % of the seconds at most 0.0\/s, 5 % at least \d\d\/s$/)
      assert.match(row(text, "calls")!, /^(?:10|3),\d{3}, 1.0\d per code, 16 in flight at the most$/)
      assert.match(row(text, "trouble")!, /^0 × 429, \d+ retries$/)
      assert.strictEqual(row(text, "exit"), "0: every code has its answer")
    }))

  it.scopedLive("is the same for the same seed, and another one for another", () =>
    Effect.gen(function*() {
      const words = ["--server", rough, "--codes", scale("500", "2000", "2000")]
      const [one, two, other] = [
        yield* simulate(...words, "--seed", "7"),
        yield* simulate(...words, "--seed", "7"),
        yield* simulate(...words, "--seed", "8")
      ]
      assert.strictEqual(one, two)
      assert.notStrictEqual(one, other)
    }))

  it.scopedLive("tells the exit code that the run would have", () =>
    Effect.gen(function*() {
      const failing = yield* simulate("--server", "poison=10%,latency=5ms", "--codes", "200")
      assert.match(row(failing, "exit")!, /^3: \d+ codes without an answer$/)
      const down = yield* simulate("--server", "outage=1h@0s", "--codes", "200")
      assert.match(row(down, "exit")!, /^4: stopped: /)
      assert.strictEqual(row(down, "outcomes"), "200 pending")
      const spent = yield* simulate("--server", "latency=5ms", "--codes", "200", "--max-calls", "100")
      assert.match(row(spent, "exit")!, /^4: stopped: /)
      assert.match(row(spent, "outcomes")!, /^100 found, 100 pending$/)
    }))

  it.scopedLive("compares policies in a table, and says which is best", () =>
    Effect.gen(function*() {
      const words = ["--server", "concurrency=64,latency=100ms", "--codes", "1000", "-c", "4"]
      const text = yield* simulate(...words, "--compare=-c 64", "--compare", "-c 8 --rate '20/s'")
      const lines = text.split("\n").slice(2, 7)
      assert.match(lines[0]!, /^flags +time +answered +calls +429s +retries +failed +pending +in flight +exit$/)
      assert.match(lines[1]!, /^as given +25 s +\d+\/s +1,000 +0 +0 +0 +0 +4 +0$/)
      assert.match(lines[2]!, /^-c 64 +\d\.\d s .* 64 +0$/)
      assert.match(lines[3]!, /^-c 8 --rate '20\/s' +5\d s .* 0$/)
      assert.strictEqual(lines[4], "best: -c 64")
    }))

  it.scopedLive("weighs calls, and tells what auto would find", () =>
    Effect.gen(function*() {
      const words = [
        "--server",
        "rate=50/s,latency=20ms",
        "--codes",
        "600",
        "--compare",
        "-c auto",
        "--compare",
        "--hedge"
      ]
      const text = yield* simulate(...words, "--rate", "40/s", "--weight", "4")
      // ten calls a second
      assert.match(text, /^as given +1 min( [01]?\d s)? +(?:9\.9|10)\/s /m)
      assert.match(text, /^--hedge +1 min( [01]?\d s)? +(?:9\.9|10)\/s /m)
      const tuned = yield* simulate("--server", "rate=50/s,latency=20ms", "--codes", "1200", "-c", "auto")
      assert.match(row(tuned, "tuned")!, /^-c \d+ --rate (4[5-9]|50)\/s suits this API$/)
    }))

  it.scopedLive("says what is wrong with a server or with flags", () =>
    Effect.gen(function*() {
      const cwd = yield* folder
      const cases: ReadonlyArray<readonly [words: ReadonlyArray<string>, said: RegExp]> = [
        [["--codes", "5"], /--server says what the API is like/],
        [["--server", "speed=9"], /--server "speed=9": there is no speed: write some of rate, /],
        [["--server", "rate=5/s", "--compare=-y"], /there is no flag -y/],
        [["--server", "rate=5/s", "--compare=-c many"], /-c|--concurrency "many"/],
        [["--server", "rate=5/s", "--codes", "0"], /--codes "0": write a whole number from 1/]
      ]
      for (const [words, said] of cases) {
        const { exit, stderr, stdout } = yield* run(["simulate", ...words], { cwd })
        assert.deepStrictEqual([exit, stdout], [2, ""], stderr)
        assert.match(stderr, said)
      }
    }))

  it.scopedLive("simulates a long list", () =>
    Effect.gen(function*() {
      const codes = scale(4_000, 100_000, 100_000)
      const text = yield* simulate(
        "--server",
        "rate=1000/s,latency=50ms",
        "--codes",
        String(codes),
        "--rate",
        "990/s",
        "-c",
        "99"
      )
      assert.match(
        text,
        isProof ? /^100,000 codes would take 1 min 4\d s:$/m : /^4,000 codes would take [45](?:\.\d)? s:$/m
      )
    }))
})
