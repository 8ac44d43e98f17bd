import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import * as Talk from "../../src/Cli/Talk.ts"
import * as Progress from "../../src/Rollcall/Progress.ts"

describe("Talk", () => {
  it.each([[0, "0"], [999, "999"], [1000, "1,000"], [44175, "44,175"], [1234567.6, "1,234,568"]])(
    "%d is %s",
    (value, text) => assert.strictEqual(Talk.count(value), text)
  )

  it.each([[0.04, "0.0 s"], [9.94, "9.9 s"], [59.5, "60 s"], [150, "3 min"], [7140, "119 min"], [9000, "2 h 30 min"]])(
    "%d seconds are %s",
    (seconds, text) => assert.strictEqual(Talk.time(seconds), text)
  )

  it("warns of a list that a spreadsheet has damaged", () => {
    const damaged = (digits: ReadonlyArray<readonly [number, number]>, entries: number) => ({
      ...Progress.none(),
      entries,
      digits: new Map(digits)
    })
    assert.strictEqual(
      Talk.warning(damaged([[5, 90], [4, 9], [3, 1]], 100)),
      "warning: 10 codes have fewer than 5 digits: did a spreadsheet eat leading zeros? --pad 5 puts them back"
    )
    assert.strictEqual(Talk.warning(damaged([[5, 100]], 100)), undefined)
  })

  const progress = (): Progress.Progress => ({
    ...Progress.none(),
    phase: "asking",
    entries: 50_000,
    questions: 44_175,
    outcomes: { found: 20_000, not_found: 1_500, invalid: 25, failed: 7, skipped: 0 },
    inFlight: 64,
    waiting: 12
  })
  const status = (width?: number) => Talk.status(progress(), 21_532, 1_234, 0, width)

  it("shows all there is to show", () => {
    assert.strictEqual(
      status(),
      "21,532/44,175 (48 %) · 1,234/s · 64 in flight · 12 to retry"
        + " · 20,000 found, 1,500 not found, 25 invalid, 7 failed · 18 s left"
    )
  })

  it("leaves out what matters least where there is no room", () => {
    const shown = status(79)
    assert.strictEqual(shown, "21,532/44,175 (48 %) · 1,234/s · 64 in flight · 12 to retry · 18 s left")
    for (let width = 1; width < 140; width++) assert.isAtMost(status(width).length, width)
    assert.strictEqual(status(20), "21,532/44,175 (48 %)")
  })

  it("tells of a gate that is shut", () => {
    const shut = { ...progress(), gate: { ...Progress.none().gate, until: 4_200 } }
    assert.include(Talk.status(shut, 21_532, 0, 0), " · the server says wait 5 s · ")
  })

  it("tells of a rate that is used up", () => {
    assert.include(
      Talk.status({ ...progress(), paced: 7_200_000 }, 21_532, 0, 0),
      " · the limit says wait 2 h 0 min · "
    )
    assert.include(Talk.status({ ...progress(), paced: 6_000 }, 21_532, 0, 0), " · 0/s · ")
  })

  it("counts entries while it reads", () => {
    assert.strictEqual(Talk.status({ ...Progress.none(), entries: 4_096 }, 0, 0, 0), "reading: 4,096 entries")
  })

  it("says what is about to be done", () => {
    assert.strictEqual(Talk.begin("f", { ...progress(), entries: 1, questions: 1 }, "-c 8"), "f: 1 entry\n-c 8")
    assert.strictEqual(
      Talk.begin("f", { ...progress(), entries: 5, questions: 2, refused: 2, known: 1 }, "-c 8"),
      "f: 5 entries (1 repeat, 2 not codes, 1 answered already)\n-c 8"
    )
    assert.strictEqual(
      Talk.begin("f", { ...progress(), entries: 5, questions: 5, known: 3, redone: 2, revised: 1 }, "-c 8"),
      "f: 5 entries (3 answered already, 1 outcome changed by reading its reply again, 2 asked again)\n-c 8"
    )
    assert.include(
      Talk.begin("f", { ...progress(), revised: 2_000 }, ""),
      "2,000 outcomes changed by reading their replies again"
    )
  })

  const figures = Progress.summary(progress(), 17.4)
  const failures = new Map([["status 503", 5], ["timeout: no answer", 2]])

  it("sums up a run that is complete", () => {
    const complete = { ...figures, questions: 21_532, entries: 21_532, pending: 0, calls: 21_600, retries: 60 }
    assert.deepStrictEqual(Talk.summary(complete, failures, [["output", "out.ndjson"]]).split("\n"), [
      "21,532 codes answered in 17 s, 1,237/s",
      "  20,000  found",
      "   1,500  not found",
      "      25  invalid",
      "       7  failed; --redo failed asks them again",
      "          5 × status 503",
      "          2 × timeout: no answer",
      "calls   21,600, 60 retries, 0 throttled",
      "output  out.ndjson"
    ])
  })

  it("sums up a run that stopped", () => {
    const text = Talk.summary({ ...figures, known: 20_000 }, new Map(), [])
    assert.include(text, "21,532 of 44,175 codes (50,000 entries, 20,000 known before) answered in 17 s, 88/s")
    assert.include(text, "  22,643  pending: run the same command again to go on")
    // what failed is asked again when the rest is answered
    assert.include(text, "       7  failed\n")
  })

  it("sums up a run that had nothing to do", () => {
    const known = { ...figures, questions: 21_532, entries: 21_532, pending: 0, known: 21_532 }
    assert.deepStrictEqual(Talk.summary(known, new Map(), []).split("\n"), [
      "nothing to ask: 21,532 codes answered already",
      "  20,000  found",
      "   1,500  not found",
      "      25  invalid",
      "       7  failed; --redo failed asks them again"
    ])
  })

  it.effect("tells the speed from its first line on, without what earlier runs have done", () =>
    Effect.gen(function*() {
      const lines = new Array<string>()
      const { write } = process.stderr
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          process.stderr.write = (text: string | Uint8Array) => lines.push(String(text)) > 0
        }),
        () =>
          Effect.sync(() => {
            process.stderr.write = write
          })
      )
      const shown = { ...progress(), phase: "reading" as Progress.Progress["phase"] }
      const watching = yield* Effect.fork(Talk.watch(shown))
      for (let second = 1; second <= 20; second++) {
        if (second === 3) {
          shown.phase = "asking"
          shown.outcomes.found += 5000
        }
        if (second > 3) shown.outcomes.found += 50
        yield* TestClock.adjust("1 second")
      }
      yield* Fiber.interrupt(watching)
      assert.match(lines[0]!, / · 50\/s · /)
      assert.match(lines[1]!, / · 50\/s · /)
    }).pipe(Effect.scoped))
})
