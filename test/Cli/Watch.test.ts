import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import * as Watch from "../../src/Cli/Watch.ts"
import * as Snapshot from "../../src/Snapshot.ts"
import { simulated } from "../simulate.ts"

/** The lines that go to standard error from now on, in place of it, until the scope closes. */
const written = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => {
      const lines = new Array<string>()
      const { write } = process.stderr
      process.stderr.write = (text: string | Uint8Array) => lines.push(String(text)) > 0
      return { lines, write }
    }),
    ({ write }) =>
      Effect.sync(() => {
        process.stderr.write = write
      })
  ),
  ({ lines }) => lines
)

describe("Watch", () => {
  const snapshot: Snapshot.Snapshot = {
    ...Snapshot.nothing(0),
    version: 1,
    seconds: 0,
    phase: "asking",
    read: 0,
    kept: 0,
    entries: 50_000,
    questions: 44_175,
    refused: 0,
    known: 0,
    outcomes: { found: 20_000, not_found: 1_500, invalid: 25, failed: 7, skipped: 0 },
    pending: 22_643,
    review: 0,
    stale: 0,
    vanished: 0,
    spent: { calls: 0, cost: 0 },
    at: 1_800_000_000_000,
    inFlight: 64,
    waiting: 12
  }
  /** Nobody may call for so many milliseconds. */
  const held = (why: Snapshot.Held["why"], millis = 4_200) => ({ held: { why, until: snapshot.at + millis } })
  const status = (width?: number, more: Partial<Snapshot.Snapshot> = {}) =>
    Watch.status({ ...snapshot, ...more }, { rate: 1_234 }, width)

  it("shows all there is to show, what matters most first", () => {
    assert.strictEqual(
      status(),
      "21,532/44,175 (48 %) · 7 failed · 18 s left · 1,234/s · 64 in flight · 12 to retry"
        + " · 20,000 found, 1,500 not found, 25 invalid"
    )
  })

  it("leaves out its right where there is no room", () => {
    assert.strictEqual(status(79), "21,532/44,175 (48 %) · 7 failed · 18 s left · 1,234/s · 64 in flight")
    assert.strictEqual(status(39), "21,532/44,175 (48 %) · 7 failed")
    for (let width = 1; width < 140; width++) assert.isAtMost(status(width).length, width)
  })

  const few = {
    questions: 2000,
    outcomes: { found: 800, not_found: 8, invalid: 0, failed: 4, skipped: 0 },
    inFlight: 8
  }
  const shown = (more: Partial<Snapshot.Snapshot>, width?: number, isSignalled = false) =>
    Watch.status({ ...snapshot, waiting: 0, ...few, ...more }, { rate: 3, isSignalled }, width)

  it("tells of an outage on any terminal, and no time that is left", () => {
    const down = held("outage")
    assert.strictEqual(
      shown(down, 79),
      "812/2,000 (40 %) · the server is down, next try in 5 s · 4 failed · 8 in flight"
    )
    assert.strictEqual(shown(down, 39), "40 % · down, next try 5 s · 4 failed")
  })

  it("tells who says that nobody is asked, and until when", () => {
    assert.include(shown(held("told")), " · the server says wait 5 s · ")
    assert.include(shown(held("throttled")), " · the server says it is too much, next try in 5 s · ")
    assert.match(
      shown(held("told", 3_600_000)),
      / · the server says wait 60 min, until .*\d\d:\d\d \(UTC.*\) · /
    )
    assert.match(shown(held("budget", 7_200_000)), / · the limit says wait 2 h, until .*\d\d:\d\d \(UTC.*\) · /)
    assert.include(shown(held("pace", 6_000)), " · 3/s · ")
  })

  it("tells what a run that stops waits for, and for how long", () => {
    const stopping = { draining: snapshot.at + 25_500, inFlight: 3 }
    assert.strictEqual(
      shown(stopping),
      "stopping: 3 calls in flight are awaited, 26 s at most"
    )
    assert.strictEqual(
      shown(stopping, undefined, true),
      "stopping: 3 calls in flight are awaited, 26 s at most; a second signal stops at once"
    )
    assert.strictEqual(
      shown({ ...stopping, inFlight: 1 }, undefined, true),
      "stopping: 1 call in flight is awaited, 26 s at most; a second signal stops at once"
    )
    assert.strictEqual(shown(stopping, 39, true), "stopping: 3 calls awaited, 26 s at most")
    assert.notInclude(shown({ draining: snapshot.at + 25_500, inFlight: 0 }), "stopping")
  })

  it("counts entries while it reads", () => {
    assert.strictEqual(
      Watch.status({ ...snapshot, phase: "reading", entries: 4_096 }, { rate: 0 }),
      "reading: 4,096 entries"
    )
  })

  it("tells the speed from its first line on, without what earlier runs have done", () =>
    Effect.gen(function*() {
      const lines = yield* written
      let shown: Snapshot.Snapshot = { ...snapshot, phase: "reading" }
      const find = (found: number) => {
        shown = { ...shown, phase: "asking", outcomes: { ...shown.outcomes, found: shown.outcomes.found + found } }
      }
      const watching = yield* Effect.fork(
        Watch.watch(Effect.map(Clock.currentTimeMillis, (at) => ({ ...shown, at })))
      )
      for (let tenth = 1; tenth <= 201; tenth++) {
        if (tenth === 30) find(5000)
        if (tenth > 30) find(5)
        yield* Effect.sleep("100 millis")
      }
      yield* Fiber.interrupt(watching)
      assert.match(lines[0]!, /^\d{4}-\d\d-\d\d \d\d:\d\d:10 \(UTC\S*\) .* · 50\/s · /)
      assert.match(lines[1]!, /^\d\d:\d\d:20 [\d,]+\//)
      assert.match(lines[1]!, / · 50\/s · /)
    }).pipe(Effect.scoped, simulated))

  it("says seldom what has not changed, as in a long pause", () =>
    Effect.gen(function*() {
      const lines = yield* written
      let calls = 0
      const watching = yield* Effect.fork(
        Watch.watch(
          Effect.map(
            Clock.currentTimeMillis,
            (at) => ({ ...snapshot, calls, at, held: { why: "told", until: 3_600_000 } })
          )
        )
      )
      const told: Array<number> = []
      // after what it says at a full second
      yield* Effect.sleep("50 millis")
      for (let second = 1; second <= 110; second++) {
        const before = lines.length
        if (second === 85) calls++
        yield* Effect.sleep("1 second")
        if (lines.length > before) told.push(second)
      }
      yield* Fiber.interrupt(watching)
      assert.deepStrictEqual(told, [10, 20, 80, 90, 100])
      assert.isTrue(lines.every((line) => line.includes("the server says wait")))
    }).pipe(Effect.scoped, simulated))
})
