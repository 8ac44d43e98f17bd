/**
 * Crash points: `kill -9` right before every call that changes a file of the run, one by one.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { DemoError } from "../../src/Demo.ts"
import { sample, say, scale, seeded, timeout } from "../scale.ts"
import { type Kind, written } from "./sinks.ts"
import * as Strace from "./strace.ts"
import * as Trial from "./trial.ts"

const codes = Trial.mixed(scale(120, 500, 1_000))
const concurrency = 64
const ledger = ["x.ledger", "x.ledger-wal", "x.ledger-shm", "x.ledger-journal", "x.ledger-lock"]

/** In the long form so slow that the run says more than once how far its output is. */
const api = { latency: scale("0 millis", "0 millis", "90 millis") } as const

const trial = (sink: Kind) => Trial.make({ api, codes, sinks: [sink], words: ["-c", String(concurrency)] })

/** Every point at which the run can be killed, seen in a run that is left alone, and what that one wrote. */
const undisturbed = (sink: Kind) =>
  Effect.scoped(Effect.gen(function*() {
    const { cwd, judge, options, words } = yield* trial(sink)
    const ended = yield* Strace.traced(words, options, {
      files: [...ledger, ...sink.files],
      calls: Strace.changes,
      // as slow as a run that is killed, which decides how many commits there are
      injection: { file: "x.ledger", call: "fsync", nth: 65_535, what: "SIGKILL" }
    })
    yield* judge(ended)
    const groups = Strace.count(ended.calls)
    return {
      bytes: sink.bytes?.(cwd),
      groups: groups.map(({ call, count, file }) =>
        Array.from({ length: count }, (_, index): Strace.Injection => ({ file, call, nth: index + 1, what: "SIGKILL" }))
      )
    }
  }))

/** First and last of each kind of call, and as many others as there is time for. */
const choose = (groups: ReadonlyArray<ReadonlyArray<Strace.Injection>>, count: number) =>
  Effect.gen(function*() {
    const all = groups.flat()
    if (all.length <= count) return all
    const edges = yield* sample(groups.flatMap((group) => group.length < 2 ? group : [group[0]!, group.at(-1)!]), count)
    return [...edges, ...(yield* sample(all.filter((point) => !edges.includes(point)), count - edges.length))]
  })

/** Kills a run, and lets the next one go on. */
const strike = (sink: Kind, point: Strace.Injection, bytes: Buffer | undefined): Effect.Effect<void, DemoError> =>
  Effect.scoped(Effect.gen(function*() {
    const { assertSame, cwd, isFinished, judge, log, options, run, words } = yield* trial(sink)
    const { exit, stderr } = yield* Strace.traced(words, options, {
      files: [point.file],
      calls: [point.call],
      injection: point
    })
    if (exit === 0) return yield* strike(sink, yield* Strace.sooner(point), bytes)
    assert.strictEqual(exit, 137, stderr)
    const before = yield* log
    // what looks complete is
    if (yield* isFinished) yield* assertSame
    yield* judge(yield* run)
    if (bytes !== undefined) assert.isTrue(sink.bytes!(cwd).equals(bytes), "other bytes")
    assert.isAtMost(Trial.askedAgain(before, yield* log), concurrency + Trial.batch)
  }))

describe.skipIf(!Strace.available).concurrent("rollcall run: killed at every change of a file", () => {
  for (const sink of written) {
    it.live(
      `${sink.name}: nothing is lost, nothing is there twice, little is asked again`,
      () =>
        Effect.gen(function*() {
          const { bytes, groups } = yield* undisturbed(sink)
          const points = yield* choose(
            groups,
            scale(2, Math.ceil(40 / written.length), Infinity)
          )
          yield* Trial.each(points, {
            run: (point) => strike(sink, point, bytes),
            name: Strace.describe,
            concurrency: 4
          })
          say(`${sink.name}: killed at ${points.length} of ${groups.flat().length} points`)
        }).pipe(seeded(`points ${sink.name}`)),
      timeout
    )
  }
})
