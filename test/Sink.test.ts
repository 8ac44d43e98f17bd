import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Row } from "../src/Ledger.ts"
import * as Sink from "../src/Sink.ts"
import { layout, list, refused, row, select } from "./Sink/rows.ts"

/** A target in memory; `fail` says what goes wrong at the nth write. */
const target = (name: string, fail?: { readonly nth: number; readonly error: Sink.SinkError }) => {
  const texts: Array<string> = []
  const events: Array<string> = []
  const made: Sink.Target = {
    name,
    id: name,
    check: (ours) =>
      Effect.sync(() => {
        events.push(`check ${ours.join()}`)
      }),
    open: Effect.acquireRelease(
      Effect.sync(() => {
        events.push("open")
        return {
          write: (text: string) => Effect.suspend(() => texts.push(text) === fail?.nth ? fail.error : Effect.void),
          complete: Effect.sync(() => {
            events.push("complete")
          })
        }
      }),
      () => Effect.sync(() => events.push("close"))
    )
  }
  return { target: made, texts, events }
}

const write = (sink: typeof Sink.Sink.Service, pages: ReadonlyArray<ReadonlyArray<Row>>) =>
  Effect.scoped(Effect.gen(function*() {
    const writer = yield* sink.open(layout())
    yield* Effect.forEach(pages, (rows) => writer.write(rows), { discard: true })
    yield* writer.complete
  }))

const full = new Sink.SinkError({ reason: "Write", sink: "b", detail: "the disk is full" })

describe.each(Object.keys(Sink.formats) as Array<Sink.FormatName>)("Sink of %s", (format) => {
  it("is told by the endings of its files", () => {
    for (const ending of Sink.formats[format].endings) {
      assert.strictEqual(Sink.formatOf(`zips.${ending}`), format)
      assert.strictEqual(Sink.formatOf(`ZIPS.${ending.toUpperCase()}`), format)
    }
  })

  it.effect("writes a page of large answers in pieces", () =>
    Effect.gen(function*() {
      const { target: made, texts } = target("large")
      const rows = Array.from({ length: 20 }, (_, line) => row({ line, body: JSON.stringify("x".repeat(700_000)) }))
      yield* write(Sink.make(made, { format }), [rows])
      assert.isAtMost(Math.max(...texts.map(({ length }) => length)), 3 * 1024 * 1024)
      assert.isAtLeast(texts.join("").length, 14_000_000)
    }))

  it.effect("writes the same text whatever the pages", () =>
    Effect.gen(function*() {
      const rows = [row(), refused(""), row({ outcome: "not_found", body: "" }), row({ line: 9, isRepeat: true })]
      const one = target("one")
      yield* write(Sink.make(one.target, { format }), [rows])
      const many = target("many")
      yield* write(Sink.make(many.target, { format }), [[], ...rows.map((row) => [row]), []])
      assert.strictEqual(one.texts.join(""), many.texts.join(""))
      assert.strictEqual(one.texts.join("").split("\n").length - 1, format === "csv" ? 5 : 4)
      assert.deepStrictEqual(one.events, ["open", "complete", "close"])
      assert.notInclude(many.texts, "")
    }))

  it("gives the same text for the same row", () => {
    const encoder = Sink.formats[format].encoder(layout({ select: select("city") }))
    if ("clash" in encoder) return assert.fail(encoder.clash)
    assert.strictEqual(encoder.encode(row()), encoder.encode(row()))
  })

  it.effect("opens nothing where the layout is refused", () =>
    Effect.gen(function*() {
      const { events, target: made } = target("out")
      const sink = Sink.make(made, { format, select: select("a=x", "a=y") })
      const error = yield* Effect.scoped(Effect.flip(sink.open(layout({ list: list() }))))
      assert.strictEqual(error.reason, "Clash")
      assert.match(error.message, /^out: two .* called "a": /)
      assert.deepStrictEqual(events, [])
    }))
})

describe("Sink.formatOf", () => {
  it.each(["zips", "csv", "zips.txt", "zips.csv.gz"])("knows no format of %s", (name) => {
    assert.isUndefined(Sink.formatOf(name))
  })
})

describe("Sink.all", () => {
  it.effect("gives all rows to each, and completes each", () =>
    Effect.gen(function*() {
      const [a, b] = [target("a"), target("b")]
      const sink = Sink.all([
        Sink.make(a.target, { format: "ndjson", noTiming: true }),
        Sink.make(b.target, { format: "csv" })
      ])
      assert.deepStrictEqual(sink.outputs, ["a", "b"])
      yield* sink.check(["a"])
      yield* write(sink, [[row()], [row({ line: 2 })]])
      assert.strictEqual(a.texts.join("").split("\n").length, 3)
      assert.strictEqual(b.texts.join("").split("\n").length, 4)
      for (const { events } of [a, b]) assert.deepStrictEqual(events, ["check a", "open", "complete", "close"])
    }))

  it.effect("completes none where one fails", () =>
    Effect.gen(function*() {
      const [a, b] = [target("a"), target("b", { nth: 2, error: full })]
      const sink = Sink.all([a, b].map(({ target }) => Sink.make(target, { format: "ndjson" })))
      assert.strictEqual(yield* Effect.flip(write(sink, [[row()], [row()]])), full)
      for (const { events } of [a, b]) assert.deepStrictEqual(events, ["open", "close"])
    }))

  it.effect("refuses one output twice", () =>
    Effect.gen(function*() {
      const sink = Sink.all(["a", "b", "a"].map((name) => Sink.make(target(name).target, { format: "ndjson" })))
      assert.strictEqual((yield* Effect.flip(sink.check([]))).message, "a: it is given twice")
    }))
})

describe("Sink.memory", () => {
  it.effect("holds the rows of the last run", () =>
    Effect.gen(function*() {
      const rows: Array<Row> = []
      const sink = Sink.memory(rows)
      yield* write(sink, [[row()], [row({ line: 2 })]])
      assert.deepStrictEqual(rows.map(({ line }) => line), [1, 2])
      yield* write(sink, [[row({ line: 3 })]])
      assert.deepStrictEqual(rows.map(({ line }) => line), [3])
    }))
})
