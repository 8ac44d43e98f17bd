/**
 * `--rate` over crashes: what a run that was killed has spent counts for the next one, judged by when calls arrived.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import { say, scale, seeded, timeout } from "../scale.ts"
import { most } from "../windows.ts"
import { sinks } from "./sinks.ts"
import * as Trial from "./trial.ts"

const kills = scale(2, 20, 100)
/** Milliseconds by which a call may take longer to arrive than another one, on a machine that is busy. */
const jitter = 200

/** Runs the command again and again, and kills each run after some calls or some time. */
const crash = (rate: string, concurrency: number, count: number) =>
  Effect.gen(function*() {
    const { demo, start } = yield* Trial.make({
      codes: Trial.mixed(count),
      sinks: sinks.slice(0, 1),
      words: ["-q", "-c", String(concurrency), "--rate", rate]
    })
    for (let kill = 0; kill < kills; kill++) {
      const running = yield* start
      const before = (yield* demo.log).calls
      const more = yield* Random.nextIntBetween(0, 40)
      let deadline = Infinity
      while (Date.now() < deadline && running.process.exitCode === null) {
        const { calls } = yield* demo.log
        if (calls >= before + more) break
        // a quota that is spent lets nothing more through
        if (calls > before || kill >= 10) deadline = Math.min(deadline, Date.now() + 1_000)
        yield* Effect.sleep("5 millis")
      }
      running.process.kill("SIGKILL")
      yield* running.ended
    }
    return yield* Effect.promise(() =>
      fetch(`${demo.url}/_demo/arrivals`).then((response) => response.json() as Promise<ReadonlyArray<number>>)
    )
  })

describe.concurrent("rollcall run: a rate and a quota over crashes", () => {
  it.scopedLive(
    `100/s over ${kills} kills: no window holds more`,
    () =>
      Effect.gen(function*() {
        const arrivals = yield* crash("100/s", 16, 10_000)
        const found = most(arrivals.map((at) => [at, 1] as const), 1_000 - jitter)
        say(`${arrivals.length} calls over ${kills} kills, at most ${found} in ${1_000 - jitter} ms at 100/s`)
        assert.isAtLeast(arrivals.length, kills)
        assert.isAtMost(found, 100)
      }).pipe(seeded("rate")),
    timeout
  )

  it.scopedLive(
    `a quota of 200 a day over ${kills} kills: not one call more`,
    () =>
      Effect.gen(function*() {
        const arrivals = yield* crash("200/day burst 200", 4, 1_000)
        say(`${arrivals.length} calls over ${kills} kills with a quota of 200`)
        assert.isAtMost(arrivals.length, 200)
        assert.isAtLeast(arrivals.length, scale(10, 100, 100))
      }).pipe(seeded("quota")),
    timeout
  )
})
