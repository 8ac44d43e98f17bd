import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Exit, Layer, Logger } from "effect"
import { Ledger, LedgerError, type Row } from "../../src/Ledger.ts"
import * as Memory from "../../src/Ledger/Memory.ts"
import * as Lookup from "../../src/Lookup.ts"
import { LookupError } from "../../src/Outcome.ts"
import * as Policy from "../../src/Policy.ts"
import * as Rollcall from "../../src/Rollcall.ts"
import * as Sink from "../../src/Sink.ts"
import type { Snapshot } from "../../src/Snapshot.ts"
import * as Source from "../../src/Source.ts"
import { settled } from "../../src/Summary.ts"
import { simulate } from "../simulate.ts"
import { standing } from "../standing.ts"

const codes = (count: number) => Array.from({ length: count }, (_, index) => `c${index}`)

/** A list of so many codes on a ledger that is kept from run to run; the server counts the calls, and answers after 100 ms. */
const bench = (count: number, answer: (code: string) => Effect.Effect<unknown, LookupError> = Effect.succeed) => {
  const calls = new Map<string, number>()
  const lookup = Lookup.make("counting", (code) =>
    Effect.suspend(() => {
      calls.set(code, (calls.get(code) ?? 0) + 1)
      return Effect.delay(Effect.suspend(() => answer(code)), "100 millis")
    }))
  const memory = Effect.runSync(Effect.scoped(Layer.build(Memory.layer)))
  const kept = Context.get(memory, Ledger)
  const seen: { snapshot: () => Snapshot } = { snapshot: () => assert.fail("nothing has run") }
  const run = (
    { concurrency = 8, ledger = kept, writer }: {
      readonly concurrency?: number
      readonly ledger?: typeof Ledger.Service
      readonly writer?: Partial<Sink.Writer>
    } = {}
  ) => {
    const made = standing(Rollcall.make(lookup, {
      source: Source.codes(codes(count)),
      policy: { ...Policy.standard, concurrency, allowNone: true, breaker: null }
    }))
    seen.snapshot = made.snapshot
    return made.run.pipe(
      Effect.provideService(Ledger, ledger),
      Effect.provideService(Sink.Sink, {
        ...Sink.memory([]),
        ...(writer === undefined ? {} : {
          open: () =>
            Effect.succeed({
              position: 0,
              keep: () => Effect.void,
              complete: Effect.void,
              ...writer,
              // before the first answer there is none to write
              write: (rows) => rows.length === 0 ? Effect.void : writer.write?.(rows) ?? Effect.void
            })
        })
      })
    )
  }
  return { calls, ledger: kept, run, seen }
}

/** Codes with an outcome. */
const recorded = (ledger: typeof Ledger.Service) =>
  Effect.runSync(Effect.map(ledger.counts(0), ({ outcomes }) => settled(outcomes)))

const most = (calls: ReadonlyMap<string, number>) => Math.max(...calls.values())

const gone = new Sink.SinkError({ reason: "Closed", sink: "test", detail: "the reader went away" })

describe("Recorder: an output that fails", () => {
  const lost = (code: string) =>
    code.endsWith("3") ? new LookupError({ reason: "status", status: 409, message: "409" }) : Effect.succeed(code)

  it.each<[what: string, answer: typeof lost | undefined, writer: () => Partial<Sink.Writer>]>([
    ["at the first row", undefined, () => ({ write: () => gone })],
    ["after it has kept everybody waiting", undefined, () => ({ write: () => Effect.delay(gone, "3 seconds") })],
    ["while some codes fail", lost, () => ({ write: () => Effect.delay(gone, "1 second") })],
    ["when what it holds is made durable", undefined, () => ({ keep: () => gone })],
    ["by a defect", undefined, () => ({ write: () => Effect.die(new Error("no such column")) })]
  ])("%s costs no answer: each code is asked once, whatever is in flight then", (_, answer, writer) => {
    const { calls, ledger, run, seen } = bench(400, answer)
    const exit = simulate(run({ writer: writer() }))
    assert.isTrue(Exit.isFailure(exit))
    assert.isAbove(calls.size, 0)
    assert.strictEqual(recorded(ledger), calls.size)
    assert.deepInclude(seen.snapshot(), { calls: calls.size, pending: 400 - calls.size })
    assert.isTrue(Exit.isSuccess(simulate(run())))
    assert.strictEqual(calls.size, 400)
    assert.strictEqual(most(calls), 1)
  })

  it("ends the run with its calls in flight", () => {
    const { calls, run } = bench(400)
    const took = simulate(Effect.timed(Effect.flip(run({ writer: { write: () => gone } }))))
    const [duration, error] = Exit.isSuccess(took) ? took.value : assert.fail(String(took))
    assert.strictEqual(error, gone)
    // the first code is asked alone
    assert.isAtMost(Duration.toMillis(duration), 300)
    assert.isAtMost(calls.size, 1 + 8)
  })
})

describe("Recorder: an output that is slow", () => {
  it("keeps no answer from the ledger, and a run that is killed meanwhile asks nothing twice", () => {
    const { calls, ledger, run } = bench(200)
    const writer: Partial<Sink.Writer> = { write: () => Effect.never }
    // as a kill: what has begun does not come to its end
    const exit = simulate(Effect.zipRight(Effect.forkDaemon(run({ writer })), Effect.sleep("2 seconds")))
    assert.isTrue(Exit.isSuccess(exit))
    assert.isAbove(calls.size, 100)
    assert.isAtLeast(recorded(ledger), calls.size - 8)
  })

  it("is waited for before too much is recorded that it has not got", () => {
    const rows: Array<Row> = []
    const { calls, run } = bench(16_000)
    let largest = 0
    const writer: Partial<Sink.Writer> = {
      write: (page) =>
        Effect.delay(
          Effect.sync(() => {
            rows.push(...page)
            largest = Math.max(largest, calls.size - rows.length)
          }),
          "2 seconds"
        )
    }
    const exit = simulate(run({ concurrency: 200, writer }))
    assert.isTrue(Exit.isSuccess(exit))
    assert.deepStrictEqual(rows.map(({ input }) => input), codes(16_000))
    assert.isBelow(largest, 12_000)
    assert.strictEqual(most(calls), 1)
  })
})

describe("Recorder: a ledger that fails", () => {
  const full = new LedgerError({ reason: "Write", ledger: "test", message: "the disk is full" })

  it("is tried once more in the end, with what was in flight then", () => {
    const { calls, ledger, run, seen } = bench(400)
    let attempts = 0
    const failing = Ledger.of({
      ...ledger,
      record: (list, outcomes) => ++attempts === 3 ? full : ledger.record(list, outcomes)
    })
    assert.deepStrictEqual(simulate(Effect.flip(run({ ledger: failing }))), Exit.succeed(full))
    assert.isBelow(calls.size, 400)
    assert.strictEqual(recorded(ledger), calls.size)
    assert.strictEqual(seen.snapshot().calls, calls.size)
    simulate(run())
    assert.strictEqual(most(calls), 1)
  })

  it("counts nothing that it did not take, and every call", () => {
    const { calls, ledger, run, seen } = bench(400)
    let attempts = 0
    const failing = Ledger.of({
      ...ledger,
      record: (list, outcomes) => ++attempts >= 3 ? full : ledger.record(list, outcomes)
    })
    assert.deepStrictEqual(simulate(Effect.flip(run({ ledger: failing }))), Exit.succeed(full))
    assert.strictEqual(settled(seen.snapshot().outcomes), recorded(ledger))
    assert.strictEqual(seen.snapshot().calls, calls.size)
    assert.isAtMost(calls.size, recorded(ledger) + 2 * 8)
  })

  it("and keeps its last commit waiting for long: nothing more is asked meanwhile", () => {
    const { calls, ledger, run } = bench(20_000)
    const said: Array<unknown> = []
    const log = Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => void said.push(message)))
    let attempts = 0
    let asked = 0
    const failing = Ledger.of({
      ...ledger,
      record: (list, outcomes) =>
        ++attempts === 3
          ? Effect.sleep("3 seconds").pipe(
            Effect.tap(() => Effect.sync(() => asked = calls.size)),
            Effect.zipRight(Effect.sleep("57 seconds")),
            Effect.zipRight(full)
          )
          : ledger.record(list, outcomes)
    })
    const failed = Effect.provide(Effect.flip(run({ ledger: failing })), log)
    assert.deepStrictEqual(simulate(failed), Exit.succeed(full))
    assert.isBelow(asked, 20_000)
    assert.strictEqual(calls.size, asked)
    // the ledger tells of it itself: it is no fault of the run
    assert.deepStrictEqual(said, [])
  })

  it("by a page that cannot be read: what is in flight is recorded", () => {
    const { calls, ledger, run } = bench(2_000)
    let pages = 0
    const unreadable = new LedgerError({ reason: "Read", ledger: "test", message: "the disk failed" })
    const failing = Ledger.of({
      ...ledger,
      pending: (list, from, limit) => ++pages === 2 ? unreadable : ledger.pending(list, from, limit)
    })
    assert.deepStrictEqual(simulate(Effect.flip(run({ ledger: failing }))), Exit.succeed(unreadable))
    assert.isBelow(calls.size, 2_000)
    assert.strictEqual(recorded(ledger), calls.size)
  })
})
