import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Layer, Stream } from "effect"
import { Ledger, type Row } from "../../src/Ledger.ts"
import * as Memory from "../../src/Ledger/Memory.ts"
import * as Lookup from "../../src/Lookup.ts"
import { LookupError } from "../../src/Outcome.ts"
import * as Policy from "../../src/Policy.ts"
import * as Rollcall from "../../src/Rollcall.ts"
import * as Sink from "../../src/Sink.ts"
import * as Source from "../../src/Source.ts"
import * as Ndjson from "../../src/Source/Ndjson.ts"
import { scale, some } from "../scale.ts"
import { simulate } from "../simulate.ts"

const number = (code: string) => Number(code.slice(1))
const codes = (count: number) => Array.from({ length: count }, (_, index) => `c${index}`)

/** Runs of one list on one ledger, against a server that refuses what it is told to; each gives what was asked, in order. */
const bench = (count: number, given: Partial<Policy.Policy>, answer: (code: string) => LookupError | undefined) => {
  const ledger = Effect.runSync(Effect.scoped(Layer.build(Memory.layer)))
  return () => {
    const asked: Array<string> = []
    const lookup = Lookup.make("refusing", (code) =>
      Effect.suspend(() => {
        asked.push(code)
        return Effect.zipRight(Effect.sleep(Duration.millis(5)), answer(code) ?? Effect.succeed({ code }))
      }))
    const exit = simulate(
      Rollcall.run(lookup, {
        source: Source.codes(codes(count)),
        policy: { ...Policy.standard, concurrency: 4, ...given }
      }).pipe(
        Effect.provide(ledger),
        Effect.provideService(Sink.Sink, Sink.memory([]))
      )
    )
    const stopped = Exit.match(exit, {
      onSuccess: ({ outcomes }) => `found ${outcomes.found}, failed ${outcomes.failed}`,
      onFailure: (cause) =>
        cause._tag === "Fail" && cause.error._tag === "StopError" ? cause.error.reason : String(cause)
    })
    return { asked, stopped }
  }
}

const soon = { base: Duration.seconds(1), cap: Duration.seconds(60), maxWait: Duration.seconds(8) }
const failure = (reason: LookupError["reason"]) => new LookupError({ reason, message: reason })

describe("a row of JSON", () => {
  it.effect.each<[carry: ReadonlyArray<string> | undefined, kept: string]>([
    [undefined, `{"id":"a","n":18446744073709551616,"l":[1e400,1.50]}`],
    [["n"], `{"id":"a","n":18446744073709551616}`]
  ])("keeps the digits of its numbers, carrying %j", ([carry, kept]) =>
    Effect.gen(function*() {
      const text = `{"id":"a","n":18446744073709551616,"l":[1e400,1.50]}\n`
      const rows: Array<Row> = []
      yield* Rollcall.run(Lookup.make("any", (code) => Effect.succeed({ code })), {
        source: Source.bytes("rows", Stream.make(new TextEncoder().encode(text)), {
          format: Ndjson.format,
          column: "id"
        }),
        carry
      }).pipe(Effect.provideService(Sink.Sink, Sink.memory(rows)))
      assert.deepStrictEqual(rows.map(({ columns }) => columns), [kept])
    }).pipe(Effect.provide(Memory.layer)))
})

describe("a list that comes once", () => {
  const interrupted = (isOnce: boolean) =>
    Effect.gen(function*() {
      const ledger = yield* Ledger
      const text = Array.from({ length: 5000 }, (_, index) => `c${index}\n`).join("")
      const { run, snapshot } = yield* Rollcall.make(Lookup.make("any", (code) => Effect.succeed({ code })), {
        source: Source.bytes(
          "pipe",
          Stream.concat(Stream.make(new TextEncoder().encode(`${text}last\n`)), Stream.never),
          { isOnce }
        )
      })
      const fiber = yield* Effect.fork(Effect.provideService(run, Sink.Sink, Sink.memory([])))
      yield* Effect.repeat(Effect.zipRight(Effect.yieldNow(), snapshot), { until: ({ read }) => read > 5000 })
      yield* Fiber.interrupt(fiber)
      const [list] = yield* ledger.lists
      const { kept } = yield* snapshot
      return { kept, pending: list === undefined ? 0 : (yield* ledger.pending(list.id, 0, 9999)).length }
    }).pipe(Effect.provide(Memory.layer))

  it.effect("is kept as far as it has come where it is interrupted", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* interrupted(true), { kept: 5001, pending: 5001 })
      assert.propertyVal(yield* interrupted(false), "kept", 0)
    }))
})

describe("a pattern that tries every way", () => {
  const hopeless = `${"a".repeat(40)}!`
  const run = (lines: ReadonlyArray<string>) =>
    Rollcall.run(Lookup.make("any", (code) => Effect.succeed({ code })), {
      source: Source.codes(lines),
      rules: { trim: true, pattern: "(a+)+" }
    }).pipe(Effect.provideService(Sink.Sink, Sink.memory([])), Effect.provide(Memory.layer))

  it.effect("ends the run where one code after the other is too much work", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(run(["a", ...Array.from({ length: 30 }, () => hopeless)]))
      assert.propertyVal(error, "reason", "Pattern")
      assert.match(
        error.message,
        /:21: it takes too long to tell whether the codes match \(a\+\)\+, 20 times in a row up/
      )
    }))

  it.effect("is too much work for some of them", () =>
    Effect.gen(function*() {
      const count = scale(4, 22, 22)
      const { outcomes } = yield* run(Array.from({ length: count }, (_, index) => index === count / 2 ? "a" : hopeless))
      assert.include(outcomes, { found: 1, invalid: count - 1 })
    }))
})

describe("the next run", () => {
  it("begins with what was not refused, and ends", () => {
    const isRefused = (code: string) => number(code) < 3
    const run = bench(200, { throttle: soon }, (code) => isRefused(code) ? failure("throttled") : undefined)
    // nothing but refusals at first, until the wait is too long
    const runs = [run(), run(), run()]
    assert.strictEqual(runs.at(-1)!.stopped, "found 197, failed 3")
    for (const { asked } of runs) assert.isFalse(asked.length > 1 && asked.every(isRefused), asked.join())
  })

  it("begins elsewhere than where the last one was stopped by failures that are all alike", () => {
    let isSuspended = true
    const run = bench(1000, { allowNone: true }, () => isSuspended ? failure("too_large") : undefined)
    const first = run()
    assert.strictEqual(first.stopped, "uniform")
    assert.isAtMost(first.asked.length, 24)
    // and not all of it from one place
    assert.isAbove(new Set(first.asked.map((code) => Math.floor(number(code) / 250))).size, 2)
    isSuspended = false
    const second = run()
    assert.strictEqual(second.stopped, "found 1000, failed 0")
    assert.notInclude(first.asked, second.asked[0])
    assert.strictEqual(new Set(second.asked).size, 1000)
    assert.lengthOf(second.asked, 1000)
  })

  it("ends where a block of the list always fails, however short the time is that it may wait", () => {
    for (const [from, to] of some([[0, 30], [0, 600], [40, 70]] as const, 2)) {
      const isBad = (code: string) => number(code) >= from && number(code) < to
      const count = to + 70
      const run = bench(count, { throttle: soon }, (code) => isBad(code) ? failure("transport") : undefined)
      let last = run()
      for (let nth = 1; nth < 4 && !last.stopped.startsWith("found"); nth++) last = run()
      assert.strictEqual(last.stopped, `found ${count - (to - from)}, failed ${to - from}`)
    }
  })

  it.each([1, 4, 8, "auto"] as const)(
    "needs at most a second one for a block at the beginning, %s in flight",
    (concurrency) => {
      const run = bench(
        100,
        { concurrency, throttle: soon },
        (code) => number(code) < 30 ? new LookupError({ reason: "status", status: 500, message: "500" }) : undefined
      )
      const first = run()
      const last = first.stopped.startsWith("found") ? first : run()
      assert.strictEqual(last.stopped, "found 70, failed 30")
    }
  )
})
