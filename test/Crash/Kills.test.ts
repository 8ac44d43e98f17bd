/**
 * `kill -9` at random instants, from the first line of code to the last, judged by the output and by the API's own log.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import type * as Demo from "../../src/Demo.ts"
import * as Faults from "../../src/Demo/Faults.ts"
import { faults } from "../command.ts"
import { say, scale, seeded, timeout } from "../scale.ts"
import * as Trial from "./trial.ts"

const [kills, count] = scale([4, 1200], [20, 10_000], [500, 100_000])
const concurrency = 64
/** What the API answered, or had in flight, when both sides had as much in flight as they may, and a batch was not committed. */
const bound = 2 * concurrency + Trial.batch

/** Answers that codes got beyond their first: a call that the API made suffer had to be repeated anyway. */
const answeredAgain = ({ codes }: Demo.Log): number => {
  const { fault } = Faults.make(faults)
  let count = 0
  for (const [code, calls] of codes) {
    let suffered = 0
    for (let nth = 1; nth <= calls; nth++) if (fault(code, nth, suffered) !== undefined) suffered++
    count += Math.max(0, calls - suffered - 1)
  }
  return count
}

describe("rollcall run: kill -9 at any instant", () => {
  it.scopedLive(
    `${kills} kills in ${count} codes: nothing is lost, nothing is there twice, little is asked again`,
    () =>
      Effect.gen(function*() {
        const codes = Trial.mixed(count)
        const { demo, isFinished, judge, log, run, start } = yield* Trial.make({
          codes,
          api: faults,
          words: ["-q", "-c", String(concurrency)]
        })
        const asked = Effect.map(demo.log, ({ codes }) => codes.size)
        // the log of a hundred thousand codes takes 10 ms to read
        const interval = scale("5 millis", "5 millis", "50 millis")
        const hits = { starting: 0, asking: 0, ending: 0 }
        let before = 0
        let most = 0
        for (let kill = 0; kill < kills; kill++) {
          const running = yield* start
          const left = kills - kill
          const known = yield* asked
          // the last kills hit the end, and one in three of the others the beginning, which grows with the list
          const phase = left <= kills / 7 ? "ending" : (yield* Random.next) < 1 / 3 ? "starting" : "asking"
          if (phase === "starting") yield* Effect.sleep(yield* Random.nextIntBetween(0, 300 + count / 50))
          else {
            const step = Math.ceil(2 * (count - known) / left)
            const target = phase === "ending"
              ? count
              : Math.min(known + (yield* Random.nextIntBetween(1, step + 1)), count - 1)
            while ((yield* asked) < target && running.process.exitCode === null) yield* Effect.sleep(interval)
            if (phase === "ending") yield* Effect.sleep(yield* Random.nextIntBetween(0, 400))
          }
          running.process.kill("SIGKILL")
          const { exit, stderr } = yield* running.ended
          // at the end it may have been faster
          assert.include(phase === "ending" && (yield* isFinished) ? [0, 137] : [137], exit, stderr)
          if (exit === 137) hits[phase]++
          const now = answeredAgain(yield* log)
          most = Math.max(most, now - before)
          before = now
        }
        yield* judge(yield* run)
        const last = answeredAgain(yield* log)
        assert.isAtMost(Math.max(most, last - before), bound)
        say(
          `${kills} kills, while starting, asking and ending: ${Object.values(hits).join(", ")}; `
            + `at most ${Math.max(most, last - before)} answers repeated after one, ${last} of ${
              (yield* log).calls
            } calls in all`
        )
        assert.isAbove(Math.min(hits.starting, hits.asking), kills / 7)
      }).pipe(seeded("kills")),
    timeout
  )
})
