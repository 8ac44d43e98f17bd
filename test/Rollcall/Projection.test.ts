import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, TestClock } from "effect"
import { type Answered, Ledger, type Listed, type Row } from "../../src/Ledger.ts"
import * as Memory from "../../src/Ledger/Memory.ts"
import * as Projection from "../../src/Rollcall/Projection.ts"
import type { Writer } from "../../src/Sink.ts"
import { answer, enroll, entries, settle } from "../Ledger/fixture.ts"
import { scale } from "../scale.ts"

/** A writer that holds the entries before `position`, and tells what is done to it. */
const recording = (position = 0) => {
  const written: Array<string> = []
  const events: Array<string> = []
  const writer: Writer = {
    position,
    write: (rows) =>
      Effect.sync(() => {
        written.push(...rows.map(({ input }) => input))
      }),
    keep: (position) => Effect.sync(() => events.push(`keep ${position}`)),
    complete: Effect.sync(() => events.push("complete"))
  }
  return { events, writer, written }
}

/** A list of these codes, and how those of a question are told from its code. */
const listOf = (codes: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const id = yield* enroll(entries(codes))
    const list: Listed = (yield* ledger.lists).find((list) => list.id === id)!
    const all = yield* ledger.rows(id, 0, codes.length)
    const questions = (...asked: ReadonlyArray<string>) =>
      asked.map((code) => all.find(({ input }) => input === code)! as Answered)
    return { list, questions }
  })

const codes = (count: number) => Array.from({ length: count }, (_, index) => `c${index}`)

describe("Projection in input order", () => {
  it.effect("writes what is answered up to the first that is not, and waits for that one", () =>
    Effect.gen(function*() {
      const { list, questions } = yield* listOf(["a", "b", "", "a", "c", "d"])
      const { events, writer, written } = recording()
      yield* settle(["a", "c"])
      const projection = yield* Projection.make(writer, list, "input")
      assert.deepStrictEqual(written, ["a"])
      yield* settle(["d"])
      yield* projection.advance(questions("d"))
      assert.deepStrictEqual(written, ["a"])
      yield* settle(["b"])
      yield* projection.advance(questions("b"))
      assert.deepStrictEqual(written, ["a", "b", "", "a", "c", "d"])
      assert.deepStrictEqual(events, [])
      yield* projection.complete
      assert.deepStrictEqual([written.length, events], [6, ["complete"]])
    }).pipe(Effect.provide(Memory.layer)))

  it.effect("reads nothing back that was recorded a moment ago", () =>
    Effect.gen(function*() {
      const all = ["a", "b", "a", "c", "", "d", "e", "f"]
      const { list } = yield* listOf(all)
      const real = yield* Ledger
      const read: Array<number> = []
      const ledger = Ledger.of({
        ...real,
        rows: (list, ordinal, limit) => {
          read.push(ordinal)
          return real.rows(list, ordinal, limit)
        }
      })
      const rows: Array<Row> = []
      const writer: Writer = { ...recording().writer, write: (some) => Effect.sync(() => void rows.push(...some)) }
      const projection = yield* Effect.provideService(Projection.make(writer, list, "input"), Ledger, ledger)
      // all but the last
      projection.see(yield* real.pending(list.id, 0, 5))
      /** Settles codes and tells of it, as the recorder does. */
      const record = (...codes: ReadonlyArray<string>) =>
        Effect.gen(function*() {
          yield* settle(codes)
          const outcomes = yield* real.answered(0, 100)
          yield* projection.advance(outcomes.filter(({ body }) => codes.includes(JSON.parse(body!))))
        })
      yield* record("d", "c")
      yield* record("b")
      assert.deepStrictEqual([read, rows.length], [[0], 0])
      yield* record("a")
      // the repeat and what is no code are read, with what stands behind them
      assert.deepStrictEqual([read, rows.length], [[0, 2], 6])
      yield* record("e")
      assert.deepStrictEqual([read, rows.length], [[0, 2, 7], 7])
      yield* record("f")
      assert.deepStrictEqual(rows, yield* real.rows(list.id, 0, 100))
    }).pipe(Effect.provide(Memory.layer)))

  it.effect("keeps no more than it may of what cannot be written yet", () =>
    Effect.gen(function*() {
      const all = codes(scale(10_000, 20_000, 20_000))
      const { list } = yield* listOf(all)
      const ledger = yield* Ledger
      const { writer, written } = recording()
      const projection = yield* Projection.make(writer, list, "input")
      const pending = yield* ledger.pending(list.id, 0, all.length)
      projection.see(pending)
      for (const some of [pending.slice(1, 9_000), pending.slice(9_000), pending.slice(0, 1)]) {
        const outcomes = some.map(({ question }) => answer(question))
        yield* ledger.record(list.id, outcomes)
        yield* projection.advance(outcomes)
      }
      assert.deepStrictEqual(written, all)
    }).pipe(Effect.provide(Memory.layer)))

  it.effect("reads its rows again only when the one that it waits for is recorded", () =>
    Effect.gen(function*() {
      const { list, questions } = yield* listOf(codes(40))
      const real = yield* Ledger
      const read: Array<number> = []
      const ledger = Ledger.of({
        ...real,
        rows: (list, ordinal, limit) => {
          read.push(ordinal)
          return real.rows(list, ordinal, limit)
        }
      })
      const { writer } = recording(3)
      yield* settle(["c0", "c1", "c2", "c3"])
      const projection = yield* Effect.provideService(Projection.make(writer, list, "input"), Ledger, ledger)
      // nothing that the writer holds is read
      assert.deepStrictEqual(read, [3])
      yield* settle(["c5", "c6"])
      yield* projection.advance(questions("c5", "c6"))
      assert.deepStrictEqual(read, [3])
      yield* settle(["c4"])
      yield* projection.advance(questions("c7", "c4"))
      assert.deepStrictEqual(read, [3, 4])
    }).pipe(Effect.provide(Memory.layer)))

  it.effect("keeps what is written once a second, and at the end of a run what is left", () =>
    Effect.gen(function*() {
      const { list, questions } = yield* listOf(codes(10))
      const { events, writer } = recording(1)
      const projection = yield* Projection.make(writer, list, "input")
      const answer = (code: string) => Effect.zipRight(settle([code]), projection.advance(questions(code)))
      // nothing is new
      yield* projection.keep
      yield* answer("c0")
      yield* answer("c1")
      yield* TestClock.adjust(Duration.millis(999))
      yield* answer("c2")
      assert.deepStrictEqual(events, [])
      yield* TestClock.adjust(Duration.millis(1))
      yield* answer("c3")
      assert.deepStrictEqual(events, ["keep 4"])
      yield* answer("c4")
      yield* TestClock.adjust(Duration.millis(999))
      yield* answer("c5")
      assert.deepStrictEqual(events, ["keep 4"])
      yield* projection.keep
      yield* projection.keep
      assert.deepStrictEqual(events, ["keep 4", "keep 6"])
    }).pipe(Effect.provide(Memory.layer)))

  it.effect("completes nothing that lacks an entry", () =>
    Effect.gen(function*() {
      const { list } = yield* listOf(codes(3))
      yield* settle(["c0", "c1"])
      const { events, writer } = recording()
      const projection = yield* Projection.make(writer, list, "input")
      assert.deepInclude(yield* Effect.flip(projection.complete), { _tag: "LedgerError", reason: "Read" })
      assert.deepStrictEqual(events, [])
    }).pipe(Effect.provide(Memory.layer)))

  it.effect("has nothing to write where the writer holds everything", () =>
    Effect.gen(function*() {
      const { list } = yield* listOf(codes(3))
      yield* settle(codes(3))
      const { events, writer, written } = recording(3)
      const projection = yield* Projection.make(writer, list, "input")
      yield* projection.complete
      assert.deepStrictEqual([written, events], [[], ["complete"]])
    }).pipe(Effect.provide(Memory.layer)))
})

describe("Projection as answers come", () => {
  it.effect("writes what is answered, then what is recorded, and each entry once", () =>
    Effect.gen(function*() {
      const { list, questions } = yield* listOf(["a", "b", "", "a", "c", "b"])
      const { events, writer, written } = recording()
      yield* settle(["a"])
      const projection = yield* Projection.make(writer, list, "done")
      assert.deepStrictEqual(written, ["a", "", "a"])
      yield* settle(["b", "c"])
      yield* projection.advance(questions("c", "b"))
      assert.deepStrictEqual(written.slice(3), ["c", "b", "b"])
      yield* projection.keep
      yield* projection.complete
      assert.deepStrictEqual(events, ["complete"])
    }).pipe(Effect.provide(Memory.layer)))

  it.effect("leaves alone a writer that holds everything", () =>
    Effect.gen(function*() {
      const { list } = yield* listOf(codes(3))
      yield* settle(codes(3))
      const { writer, written } = recording(3)
      yield* Effect.flatMap(Projection.make(writer, list, "done"), ({ complete }) => complete)
      assert.deepStrictEqual(written, [])
    }).pipe(Effect.provide(Memory.layer)))
})

describe("Projection.pages", () => {
  const row = (ordinal: number, body: string | null) => ({ ordinal, body }) as Row
  /** A ledger whose rows have answers of so many characters, and the sizes of its pages. */
  const pagesOf = (length: number, count: number) =>
    Effect.gen(function*() {
      const ledger = yield* Ledger
      const body = "x".repeat(length)
      const sizes: Array<number> = []
      const next = Projection.pages({
        ...ledger,
        rows: (_, ordinal, limit) =>
          Effect.sync(() => {
            sizes.push(limit)
            return Array.from({ length: limit }, (_, index) => row(ordinal + index, length === 0 ? null : body))
          })
      }, { id: 0 })
      for (let page = 0; page < count; page++) yield* next(page)
      return sizes
    }).pipe(Effect.provide(Memory.layer))

  it.effect("grow while answers are small, and shrink with large ones", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* pagesOf(0, 5), [16, 64, 256, 512, 512])
      assert.deepStrictEqual(yield* pagesOf(100_000, 4), [16, 64, 83, 83])
      assert.deepStrictEqual(yield* pagesOf(9_000_000, 2), [16, 1])
    }))

  it.effect("fail where a list ends before its end", () =>
    Effect.gen(function*() {
      const { list } = yield* listOf(["a"])
      const next = Projection.pages(yield* Ledger, list)
      assert.lengthOf(yield* next(0), 1)
      const error = yield* Effect.flip(next(1))
      assert.deepInclude(error, { reason: "Read", ledger: "memory", message: "its list was changed under this run" })
    }).pipe(Effect.provide(Memory.layer)))
})
