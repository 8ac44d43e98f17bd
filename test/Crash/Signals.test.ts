/**
 * Signals at any instant: a run is drained, ended at once, or stands still; nothing is lost, and nothing is asked in vain.
 */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Random } from "effect"
import type * as Demo from "../../src/Demo.ts"
import { until } from "../command.ts"
import { isProof, median, say, scale, seeded, timeout } from "../scale.ts"
import { type Kind, sinks } from "./sinks.ts"
import * as Trial from "./trial.ts"

const signals = [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const
const concurrency = 8
/** With a limit to what is awaited that nobody comes to, and with one that calls that hang come to. */
const words = ["-c", String(concurrency), "--drain", "10m"]
const hasty = ["-c", String(concurrency), "--drain", "1500ms"]
/** What ends a resumed run soon. */
const faster = ["-c", "64", "--timeout", "1s"]

const repeat = (count: number) => Array.from({ length: count }, (_, index) => index)

describe.concurrent("rollcall run: a signal", () => {
  interface Case {
    readonly signal: (typeof signals)[number]
    /** How many codes have been asked about, and how many milliseconds after that. */
    readonly asked: number
    readonly delay: number
    readonly api: Demo.Options
    readonly sink: Kind
  }

  const drain = ({ api, asked, delay, signal: [signal, code], sink }: Case) =>
    Effect.scoped(Effect.gen(function*() {
      const codes = Trial.mixed(150)
      const { again, demo, isFinished, judge, log, start } = yield* Trial.make({
        codes,
        api,
        sinks: [sink],
        words: api.hang === undefined ? words : hasty
      })
      const running = yield* start
      while ((yield* demo.log).codes.size < asked) yield* Effect.sleep("5 millis")
      yield* Effect.sleep(delay)
      const signalled = yield* Clock.currentTimeMillis
      running.process.kill(signal)
      const { exit, stderr } = yield* running.ended
      const took = (yield* Clock.currentTimeMillis) - signalled
      // the run may have been faster than the signal
      assert.include((yield* isFinished) ? [0, code] : [code], exit, stderr)
      const before = yield* log
      const isSlow = before.hung > 0
      // those that hang would be given up after 30 s, and the others are awaited no longer than they take
      assert.isBelow(took, isSlow ? 25_000 : 60_000)
      assert.strictEqual(before.abandoned, 0)
      yield* judge(yield* again(...faster))
      assert.isAtMost(Trial.askedAgain(before, yield* log), isSlow ? concurrency : 0, stderr)
      return { took, seen: before.codes.size, isSlow }
    }))

  it.live(
    "at any instant drains the run for as long as it is told, and the next one asks only what is left",
    () =>
      Effect.gen(function*() {
        const cases = yield* Effect.forEach(repeat(scale(4, 20, 200)), (index): Effect.Effect<Case> =>
          Effect.gen(function*() {
            const place = { signal: signals[index % 3]!, sink: sinks[(index >> 1) % sinks.length]! }
            const draw = (from: number, to: number) =>
              Random.nextIntBetween(from, to)
            switch (index % 10) {
              // before there is a listener, and while the list is read
              case 0:
              case 1:
                return { ...place, asked: 0, delay: yield* draw(0, 400), api: {} }
              // when all is asked
              case 2:
                return { ...place, asked: 150, delay: yield* draw(0, 150), api: {} }
              // while some calls take for ever
              case 3:
                return { ...place, asked: 60, delay: 0, api: { latency: "20 millis", hang: 0.1, faultsPerCode: 1 } }
              default:
                return {
                  ...place,
                  asked: yield* draw(1, 150),
                  delay: 0,
                  api: { latency: { p50: "30 millis", p99: "300 millis" } }
                }
            }
          }))
        const drained = yield* Trial.each(cases, {
          run: drain,
          name: ({ asked, delay, signal: [signal], sink }) =>
            `${sink.name}: ${signal} after ${asked} codes and ${delay} ms`,
          concurrency: 3
        })
        const took = (isSlow: boolean) =>
          median(drained.filter((one) => one.isSlow === isSlow).map(({ took }) => took))
        const seen = drained.map(({ seen }) => seen)
        say(
          `${cases.length} signals after ${Math.min(...seen)} to ${Math.max(...seen)} of 150 codes: `
            + `drained in ${took(false)} ms (median), in ${took(true)} ms where calls hang`
        )
        assert.isTrue(drained.some(({ isSlow }) => isSlow))
      }).pipe(seeded("signals")),
    timeout
  )

  // one of them: Cli/Run.test.ts
  if (isProof) {
    it.live("and a second one ends it at once, and keeps what is answered", () =>
      Effect.gen(function*() {
        const took = yield* Effect.forEach(repeat(scale(1, 5, 50)), (index) =>
          Effect.scoped(Effect.gen(function*() {
            const [signal, code] = signals[index % 3]!
            const { again, demo, judge, log, start } = yield* Trial.make({
              codes: Trial.mixed(60),
              // a seed with which the first code, which is asked alone, does not hang
              api: { hang: 0.5, faultsPerCode: 1, seed: 2 },
              sinks: [sinks[index % sinks.length]!],
              words
            })
            const running = yield* start
            while ((yield* demo.log).inFlight < concurrency) yield* Effect.sleep("10 millis")
            // the last answers are committed by now
            yield* Effect.sleep("300 millis")
            running.process.kill(signal)
            yield* until(() => running.said().includes("a second signal stops at once"))
            const signalled = yield* Clock.currentTimeMillis
            running.process.kill(signal)
            const { exit } = yield* running.ended
            const took = (yield* Clock.currentTimeMillis) - signalled
            assert.strictEqual(exit, code)
            // sooner than those that hang would be given up, in any case
            assert.isBelow(took, 25_000)
            const before = yield* log
            assert.isAbove(before.codes.size, concurrency)
            yield* judge(yield* again(...faster))
            assert.isAtMost(Trial.askedAgain(before, yield* log), concurrency)
            return took
          })), { concurrency: 2 })
        say(`a second signal ends a run in ${median(took)} ms (median)`)
      }), timeout)
  }

  it.live("SIGSTOP, for longer than a call may take, and SIGCONT: no outcome is wrong", () =>
    Effect.gen(function*() {
      const instants = yield* Effect.forEach(repeat(scale(1, 2, 5)), () => Random.nextIntBetween(10, 140))
      yield* Effect.forEach(instants, (instant) =>
        Effect.scoped(Effect.gen(function*() {
          const { demo, judge, log, start } = yield* Trial.make({
            codes: Trial.mixed(150),
            api: { latency: "40 millis" },
            words: [...words, "--timeout", "5s"]
          })
          const running = yield* start
          while ((yield* demo.log).codes.size < instant) yield* Effect.sleep("5 millis")
          running.process.kill("SIGSTOP")
          yield* Effect.sleep(scale("6 seconds", "6 seconds", "60 seconds"))
          running.process.kill("SIGCONT")
          yield* judge(yield* running.ended)
          const { calls, codes: asked } = yield* log
          assert.isAtMost(calls - asked.size, concurrency)
        })), { concurrency: "unbounded" })
    }).pipe(seeded("stop")), timeout)
})
