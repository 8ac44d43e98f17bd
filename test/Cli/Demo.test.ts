import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { env, folder, records, run, serve } from "../command.ts"

describe.concurrent("rollcall demo", () => {
  it.scopedLive("answers a sample to the end, and its figures are the API's", () =>
    Effect.gen(function*() {
      const cwd = yield* folder
      const { exit, stderr, stdout } = yield* run(["demo", "--sample", "300", "--folder", "tried"], { cwd })
      assert.deepStrictEqual([exit, stdout], [0, ""], stderr)
      assert.deepStrictEqual(readdirSync(join(cwd, "tried")).toSorted(), [
        "zips.ndjson",
        "zips.ndjson.ledger",
        "zips.txt"
      ])
      const codes = readFileSync(join(cwd, "tried", "zips.txt"), "utf8").trimEnd().split("\n")
      const all = records(readFileSync(join(cwd, "tried", "zips.ndjson"), "utf8"))
      assert.deepStrictEqual(all.map(({ code }) => code), codes)
      assert.strictEqual(codes.length, 300)
      assert.isTrue(all.every(({ outcome }) => outcome === "found"))
      const calls = all.reduce((sum, { calls }) => sum + calls, 0)
      assert.isAbove(calls, 300)
      assert.match(stderr, /^300 codes answered in /m)
      assert.match(stderr, new RegExp(`^calls +${calls}, ${calls - 300} retr`, "m"))
      const [, told, codesTold, inFlight] =
        /\nThe API's own log:\n {2}(\d+) calls for (\d+) codes, at most (\d+) in flight\n/
          .exec(stderr)!
      assert.deepStrictEqual([told, codesTold], [String(calls), "300"])
      assert.isAtMost(Number(inFlight), 64)
      assert.match(stderr, /\n {2}300 × 200, .*$/m)
    }))

  it.scopedLive("--serve names its URL, which a run by hand can use, and ends on SIGTERM", () =>
    Effect.gen(function*() {
      const api = yield* serve(["--unavailable", "0.5", "--seed", "2"])
      const { exit, stdout } = yield* run(["run", "-q", ...api.flags], {
        cwd: yield* folder,
        env,
        stdin: "34102\n00501\n"
      })
      assert.deepStrictEqual([exit, records(stdout).map(({ outcome }) => outcome)], [0, ["found", "found"]])
      const log = yield* api.log
      assert.deepStrictEqual([...log.codes.keys()], ["34102", "00501"])
      const calls = Object.fromEntries(log.codes)
      assert.deepStrictEqual(Object.fromEntries(records(stdout).map(({ calls, code }) => [code, calls])), calls)
      api.process.process.kill("SIGTERM")
      assert.strictEqual((yield* api.process.ended).exit, 143)
    }))

  it.scopedLive("a port in use is told, exit 2", () =>
    Effect.gen(function*() {
      const { url } = yield* serve()
      const { port } = new URL(url)
      const { exit, stderr, stdout } = yield* run(["demo", "--serve", "--port", port], { cwd: yield* folder })
      assert.deepStrictEqual([exit, stdout], [2, ""])
      assert.match(stderr, new RegExp(`^rollcall: .*port ${port} .*in use`))
    }))
})
