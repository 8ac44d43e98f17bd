/**
 * `kill -9` at random moments, judged by the API's own log.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import { existsSync } from "node:fs"
import { join } from "node:path"
import type * as Demo from "../../src/Demo.ts"
import { env, faults, lines, numbered, run, setup, some, start } from "../command.ts"

describe("rollcall run: kill -9", () => {
  it.scopedLive(
    "five kills, spread over 10,000 codes and an API that fails: nothing is lost, little is asked again",
    () =>
      Effect.gen(function*() {
        const [kills, concurrency] = [5, 64]
        const codes = yield* some(10_000)
        const { cwd, demo, log, output, words } = yield* setup(codes, { ...faults, latency: "15 millis" })
        /** Answers that a code got beyond the first, and calls that the dead left behind. */
        const wasted = ({ abandoned, codes, statuses }: Demo.Log) => (statuses[200] ?? 0) + abandoned - codes.size
        let before = 0
        for (let kill = 0; kill < kills; kill++) {
          const running = yield* start([...words, "-c", String(concurrency), "-q"], { cwd, env })
          const step = yield* Random.nextIntBetween(500, 2_000)
          const target = Math.min((yield* log).codes.size + step, codes.length - 200)
          while ((yield* demo.log).codes.size < target) yield* Effect.sleep("20 millis")
          running.process.kill("SIGKILL")
          assert.strictEqual((yield* running.ended).exit, 137)
          assert.isFalse(existsSync(join(cwd, "out.ndjson")))
          // a call that was answered, and one that is in flight, counts twice when it is asked again
          const now = wasted(yield* log)
          assert.isAtMost(now - before, 2 * concurrency + 256)
          before = now
        }
        const { exit, stderr } = yield* run([...words, "-c", String(concurrency)], { cwd, env })
        assert.strictEqual(exit, 0, stderr)
        const all = output()
        assert.deepStrictEqual(lines(all), numbered(codes))
        assert.isTrue(all.every(({ outcome }) => outcome === "found"))
        const last = yield* log
        assert.strictEqual(last.codes.size, codes.length)
        assert.isAtMost(wasted(last), kills * (2 * concurrency + 256))
        assert.match(stderr, /known before/)
      }).pipe(Effect.withRandom(Random.make("kill"))),
    60_000
  )
})
