import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Format from "../src/Job/Format.ts"
import type { Listed, Row } from "../src/Ledger.ts"
import * as Sink from "../src/Sink.ts"
import * as Mark from "../src/Sink/Mark.ts"
import { layout, list, refused, row, select } from "./Sink/rows.ts"

/** A target in memory, which holds what was written; `fail` says what goes wrong at the nth write. */
const target = (name: string, fail?: { readonly nth: number; readonly error: Sink.SinkError }) => {
  const texts: Array<string> = []
  const events: Array<string> = []
  const heldNow = (): Sink.Held => {
    const text = texts.join("")
    return { offset: text.length, hash: text.slice(-10), inode: "1" }
  }
  const made: Sink.Target = {
    name,
    id: name,
    check: (mark) =>
      Effect.sync(() => {
        events.push(`check ${mark === undefined ? "nothing" : mark.out === undefined ? "a part" : "an output"}`)
      }),
    open: (mark, goesOn) =>
      Effect.acquireRelease(
        Effect.sync((): Sink.Opened => {
          const start = texts.join("").slice(0, mark?.offset ?? 0)
          const isHeld = goesOn && mark !== undefined && start.length === mark.offset && mark.hash === start.slice(-10)
          const isFinal = isHeld && mark.isComplete && mark.isOpen !== true
          texts.splice(0, Infinity, ...(isHeld && start !== "" ? [start] : []))
          events.push(isFinal ? "open for nothing" : isHeld ? `open at ${mark.offset}` : "open")
          return {
            isHeld,
            isFinal,
            held: heldNow(),
            write: (text) => Effect.suspend(() => texts.push(text as string) === fail?.nth ? fail.error : Effect.void),
            keep: Effect.sync(() => {
              events.push("keep")
              return heldNow()
            }),
            intact: Effect.void,
            complete: Effect.sync(() => {
              events.push("complete")
            })
          }
        }),
        () => Effect.sync(() => events.push("close"))
      )
  }
  return { target: made, texts, events, text: () => texts.join("") }
}

/** Marks in memory; the list's rows were changed from this one on. */
const memory = () => {
  const kept = new Map<string, Mark.Mark>()
  let changed = Infinity
  const marks: Mark.Marks = {
    read: (output) => Effect.sync(() => kept.get(output)),
    valid: (output, list, layout) =>
      Effect.sync(() => {
        const mark = kept.get(output)
        return mark !== undefined && Mark.isOf(mark, list, layout) && changed >= mark.position ? mark : undefined
      }),
    changedSince: () => Effect.sync(() => changed),
    write: (output, mark) => Effect.sync(() => kept.set(output, mark))
  }
  return {
    kept,
    marks,
    change: (ordinal: number) => {
      changed = ordinal
    }
  }
}

const listed = (given: Partial<Listed> = {}): Listed => ({ ...list(), id: 1, epoch: 7, ...given })

const runOf = (given: Partial<Sink.Run> = {}): Sink.Run => ({
  list: listed(),
  isOrdered: true,
  marks: memory().marks,
  ...given
})

/** Writes pages of rows to the end of a list. */
const write = (
  sink: typeof Sink.Sink.Service,
  pages: ReadonlyArray<ReadonlyArray<Row>>,
  run: Partial<Sink.Run> = {}
) =>
  Effect.scoped(Effect.gen(function*() {
    const writer = yield* sink.open(runOf(run))
    yield* Effect.forEach(pages, (rows) => writer.write(rows), { discard: true })
    yield* writer.complete
    return writer
  }))

/** Writes rows, keeps them, and some more that are not kept, as a run does that ends in the middle. */
const begin = (
  sink: typeof Sink.Sink.Service,
  rows: ReadonlyArray<Row>,
  run: Partial<Sink.Run>,
  more: ReadonlyArray<Row> = []
) =>
  Effect.scoped(Effect.gen(function*() {
    const writer = yield* sink.open(runOf(run))
    yield* writer.write(rows.slice(writer.position))
    yield* writer.keep(rows.length)
    yield* writer.write(more)
    return writer.position
  }))

const position = (sink: typeof Sink.Sink.Service, run: Partial<Sink.Run>) =>
  Effect.scoped(Effect.map(sink.open(runOf(run)), ({ position }) => position))

const full = new Sink.SinkError({ reason: "Write", sink: "b", detail: "the disk is full" })

describe.each(Format.names)("Sink of %s", (name) => {
  const format: Sink.Format = Format.formats[name]

  it("is told by the endings of its files", () => {
    for (const ending of format.endings) {
      assert.strictEqual(Format.ofName(`zips.${ending}`), name)
      assert.strictEqual(Format.ofName(`ZIPS.${ending.toUpperCase()}`), name)
      assert.strictEqual(Format.ofName(`zips.${ending}.gz`), name)
    }
  })

  it.effect("writes a page of large rows in pieces", () =>
    Effect.gen(function*() {
      const { target: made, texts } = target("large")
      const large = "x".repeat(700_000)
      const rows = Array.from({ length: 20 }, (_, line) =>
        row({ line, key: large, input: large, body: JSON.stringify(large) }))
      yield* write(Sink.make(made, { format }), [rows])
      for (const { length } of texts) {
        assert.isAtMost(length, 3 * 1024 * 1024)
      }
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
      // a header, or brackets
      const lines = { ndjson: 4, csv: 5, tsv: 5, json: 6, xml: 7, lines: 4 } satisfies Record<Format.Name, number>
      assert.strictEqual(one.texts.join("").split("\n").length - 1, lines[name])
      assert.deepStrictEqual(one.events, ["open", "keep", "complete", "close"])
      assert.notInclude(many.texts, "")
    }))

  it("gives the same text for the same row", () => {
    const encoder = format.encoder(layout({ select: select("city") }))
    if ("clash" in encoder) return assert.fail(encoder.clash)
    assert.strictEqual(encoder.encode(row()), encoder.encode(row()))
  })

  // lines hold nothing that could be selected
  it.effect.skipIf(name === "lines")("opens nothing where the layout is refused", () =>
    Effect.gen(function*() {
      const { events, target: made } = target("out")
      const sink = Sink.make(made, { format, select: select("a=x", "a=y") })
      const error = yield* Effect.scoped(Effect.flip(sink.open(runOf())))
      assert.strictEqual(error.reason, "Clash")
      assert.match(error.message, /^out: two .* called "a": /)
      assert.deepStrictEqual(events, [])
    }))
})

describe("Sink.make", () => {
  it.effect("stops at a row that the format cannot hold", () =>
    Effect.gen(function*() {
      const { events, target: made, texts } = target("out.txt")
      const sink = Sink.make(made, { format: Format.formats.lines })
      const error = yield* Effect.flip(write(sink, [[row()], [row({ line: 2, input: "a\nb" })]]))
      assert.strictEqual(error.reason, "Clash")
      assert.match(error.message, /^out\.txt: the code of line 2 cannot stand on a line of its own /)
      assert.deepStrictEqual(texts, ["34102\n"])
      assert.deepStrictEqual(events, ["open", "close"])
    }))
})

/** Entries of a list, in order; their keys are codes, and with a further input too. */
const some = (count: number) =>
  Array.from(
    { length: count },
    (_, ordinal) => row({ ordinal, line: ordinal + 1, key: JSON.stringify([`c${ordinal}`, "x"]), input: `c${ordinal}` })
  )

describe.each(Format.names)("Sink of %s: going on", (name) => {
  const format: Sink.Format = Format.formats[name]

  const rows = some(10)
  const list = listed({ entries: 10 })
  const whole = Effect.gen(function*() {
    const one = target("whole")
    yield* write(Sink.make(one.target, { format }), [rows], { list })
    return one.text()
  })

  it.effect("writes the rest after what it holds, and the same in the end", () =>
    Effect.gen(function*() {
      const { events, target: made, text } = target("out")
      const { kept, marks } = memory()
      const sink = Sink.make(made, { format })
      yield* begin(sink, rows.slice(0, 4), { list, marks }, rows.slice(4, 6))
      const held = kept.get("out")!
      assert.deepInclude(held, { list: 1, epoch: 7, position: 4, isComplete: false, isOpen: true })
      const after = yield* begin(sink, rows.slice(0, 7), { list, marks })
      assert.strictEqual(after, 4)
      assert.include(events, `open at ${held.offset}`)
      const { position } = yield* write(sink, [rows.slice(7)], { list, marks })
      assert.strictEqual(position, 7)
      assert.strictEqual(text(), yield* whole)
      assert.deepInclude(kept.get("out"), {
        position: 10,
        isComplete: true,
        out: { size: text().length, hash: text().slice(-10) }
      })
      assert.notProperty(kept.get("out"), "isOpen")
    }))

  it.effect("writes no row that it holds, where another sink is behind", () =>
    Effect.gen(function*() {
      const [a, b] = [target("a"), target("b")]
      const { kept, marks } = memory()
      const sinks = [a, b].map(({ target }) => Sink.make(target, { format }))
      yield* begin(sinks[0]!, rows.slice(0, 6), { list, marks })
      yield* begin(sinks[1]!, rows.slice(0, 2), { list, marks })
      const both = Sink.all(sinks)
      yield* Effect.scoped(Effect.gen(function*() {
        const writer = yield* both.open({ list, isOrdered: true, marks })
        assert.strictEqual(writer.position, 2)
        yield* writer.write(rows.slice(2, 4))
        yield* writer.keep(4)
        // the first is further than that
        assert.deepStrictEqual([kept.get("a")?.position, kept.get("b")?.position], [6, 4])
        yield* writer.write(rows.slice(4))
        yield* writer.complete
      }))
      assert.deepStrictEqual([a.text(), b.text()], [yield* whole, yield* whole])
    }))

  it.effect("leaves alone what is complete", () =>
    Effect.gen(function*() {
      const { events, target: made } = target("out")
      const { kept, marks } = memory()
      const sink = Sink.make(made, { format })
      yield* write(sink, [rows], { list, marks })
      const mark = kept.get("out")
      events.length = 0
      const { position } = yield* write(sink, [], { list, marks })
      assert.strictEqual(position, 10)
      assert.deepStrictEqual(events, ["open for nothing", "close"])
      assert.strictEqual(kept.get("out"), mark)
    }))

  const changes: ReadonlyArray<readonly [what: string, list: Partial<Listed>, options: Partial<Sink.Options>]> = [
    ["another list", { id: 2 }, {}],
    ["a shorter list", { entries: 4 }, {}],
    ["other columns", { columns: ["a"] }, {}],
    ["another column of the code", { column: "a" }, {}],
    ["other inputs", { inputs: ["a"] }, {}],
    ["another kind of answers", { expect: "text" }, {}],
    ["selected fields", {}, { select: select("city") }],
    ["no timing", {}, { noTiming: true }],
    ["another format", {}, { format: Format.formats[name === "csv" ? "ndjson" : "csv"] }],
    ["a spreadsheet", {}, { excel: true }]
  ]
  it.effect.each(changes)("begins anew for %s", ([, changed, options]) =>
    Effect.gen(function*() {
      const layout = Sink.layoutOf(options, { ...list, ...changed })
      if ("clash" in (options.format ?? format).encoder(layout)) return
      for (const isComplete of [false, true]) {
        const { target: made, text } = target("out")
        const { marks } = memory()
        if (isComplete) yield* write(Sink.make(made, { format }), [rows], { list, marks })
        else yield* begin(Sink.make(made, { format }), rows.slice(0, 5), { list, marks })
        const other = { list: { ...list, ...changed }, marks }
        const sink = Sink.make(made, { format, ...options })
        assert.strictEqual(yield* position(sink, other), 0)
        const alone = target("alone")
        yield* write(Sink.make(alone.target, { format, ...options }), [rows], { list: other.list })
        yield* write(sink, [rows], other)
        assert.strictEqual(text(), alone.text())
      }
    }))

  it.effect("begins anew where nothing is left of it", () =>
    Effect.gen(function*() {
      for (const isComplete of [false, true]) {
        const { events, target: made, text, texts } = target("out")
        const { kept, marks } = memory()
        const sink = Sink.make(made, { format })
        if (isComplete) yield* write(sink, [rows], { list, marks })
        else yield* begin(sink, rows.slice(0, 5), { list, marks })
        texts.length = 0
        events.length = 0
        assert.strictEqual((yield* write(sink, [rows], { list, marks })).position, 0)
        assert.strictEqual(text(), yield* whole)
        assert.deepStrictEqual(events, ["open", "keep", "complete", "close"])
        assert.deepInclude(kept.get("out"), { offset: text().length, isComplete: true })
      }
    }))

  it.effect("goes on whatever else is told of the list", () =>
    Effect.gen(function*() {
      const { target: made } = target("out")
      const { marks } = memory()
      const sink = Sink.make(made, { format })
      yield* begin(sink, rows.slice(0, 5), { list, marks })
      const other = { ...list, source: "moved.txt", entries: 11, epoch: 8, select: ["city"], outputs: ["out", "more"] }
      assert.strictEqual(yield* position(sink, { list: other, marks }), 5)
    }))

  it.effect("begins anew where a row that it holds was changed, and only there", () =>
    Effect.gen(function*() {
      const { target: made } = target("out")
      const { change, marks } = memory()
      const sink = Sink.make(made, { format })
      yield* begin(sink, rows.slice(0, 5), { list, marks })
      change(5)
      assert.strictEqual(yield* position(sink, { list, marks }), 5)
      change(4)
      assert.strictEqual(yield* position(sink, { list, marks }), 0)
    }))

  it.effect("begins anew where the list grew beyond what is complete", () =>
    Effect.gen(function*() {
      const { target: made } = target("out")
      const { marks } = memory()
      const sink = Sink.make(made, { format })
      yield* write(sink, [rows], { list, marks })
      assert.strictEqual(yield* position(sink, { list: { ...list, entries: 11 }, marks }), 0)
    }))

  it.effect("knows for ever that what has its final name is ours", () =>
    Effect.gen(function*() {
      const { events, target: made } = target("out")
      const { kept, marks } = memory()
      const sink = Sink.make(made, { format })
      yield* begin(sink, rows.slice(0, 5), { list, marks })
      yield* sink.check(marks)
      yield* write(sink, [rows.slice(5)], { list, marks })
      yield* sink.check(marks)
      // a new one grows beside it
      yield* begin(sink, rows.slice(0, 5), { list: { ...list, id: 2 }, marks })
      assert.deepInclude(kept.get("out"), { list: 2, isComplete: false })
      yield* sink.check(marks)
      assert.deepStrictEqual(
        events.filter((event) => event.startsWith("check")),
        ["check a part", "check an output", "check an output"]
      )
    }))

  it.effect("begins anew as answers come, unless it is complete", () =>
    Effect.gen(function*() {
      const { target: made, text } = target("out")
      const { kept, marks } = memory()
      const sink = Sink.make(made, { format })
      const run = { list, marks, isOrdered: false }
      yield* begin(sink, rows.slice(0, 5), run)
      assert.deepInclude(kept.get("out"), { position: 0, isOpen: true })
      assert.strictEqual(yield* position(sink, run), 0)
      yield* write(sink, [rows.toReversed()], run)
      const before = text()
      assert.strictEqual((yield* write(sink, [], run)).position, 10)
      assert.strictEqual(text(), before)
      // the same rows in another order are another output
      assert.strictEqual(yield* position(sink, { list, marks }), 0)
    }))

  it.effect("is ours when it has its name, and is known by what it holds before that", () =>
    Effect.gen(function*() {
      const { events, target: made } = target("out")
      const { kept, marks } = memory()
      const sink = Sink.make({
        ...made,
        open: (mark, goesOn) => Effect.map(made.open(mark, goesOn), (opened) => ({ ...opened, complete: full }))
      }, { format })
      assert.strictEqual(yield* Effect.flip(write(sink, [rows], { list, marks })), full)
      assert.deepInclude(kept.get("out"), { isComplete: true, isOpen: true, position: 10 })
      events.length = 0
      yield* sink.check(marks)
      yield* write(Sink.make(made, { format }), [], { list, marks })
      const { offset } = kept.get("out")!
      assert.deepStrictEqual(events, ["check a part", `open at ${offset}`, "complete", "close"])
      assert.notProperty(kept.get("out"), "isOpen")
    }))

  it.effect("begins anew after what was damaged under it", () =>
    Effect.gen(function*() {
      const { target: made, text } = target("out")
      const { kept, marks } = memory()
      const damaged = Sink.make({
        ...made,
        open: (mark, goesOn) => Effect.map(made.open(mark, goesOn), (opened) => ({ ...opened, intact: full }))
      }, { format })
      yield* begin(damaged, rows.slice(0, 5), { list, marks })
      assert.strictEqual(yield* Effect.flip(write(damaged, [rows.slice(5)], { list, marks })), full)
      assert.deepInclude(kept.get("out"), { isComplete: false, isOpen: true, position: 0, offset: 0 })
      assert.strictEqual((yield* write(Sink.make(made, { format }), [rows], { list, marks })).position, 0)
      assert.strictEqual(text(), yield* whole)
    }))

  it.effect("says of a part that it was left as it was kept, or was not", () =>
    Effect.gen(function*() {
      const { target: made } = target("out")
      const { kept, marks } = memory()
      const sink = Sink.make(made, { format })
      yield* begin(sink, rows.slice(0, 5), { list, marks })
      assert.deepInclude(kept.get("out"), { position: 5, isOpen: false })
      yield* begin(sink, rows.slice(0, 6), { list, marks }, rows.slice(6, 8))
      assert.deepInclude(kept.get("out"), { position: 6, isOpen: true })
    }))

  it.effect("keeps nothing of a target that cannot be gone on with", () =>
    Effect.gen(function*() {
      const { target: made } = target("pipe")
      const { kept, marks } = memory()
      const sink = Sink.make({
        ...made,
        open: (mark, goesOn) =>
          Effect.map(made.open(mark, goesOn), (opened) => ({
            ...opened,
            held: undefined,
            keep: Effect.succeed(undefined)
          }))
      }, { format })
      yield* begin(sink, rows.slice(0, 5), { list, marks })
      yield* write(sink, [rows], { list, marks })
      assert.strictEqual(kept.size, 0)
    }))
})

describe("Sink: cells like formulas", () => {
  const rows = some(3).map((row, index) => ({ ...row, key: index === 1 ? "c1" : "=cmd()", input: "c" }))
  const list = listed({ entries: 3 })
  const warnings = (options: Partial<Sink.Options> = {}) => {
    const { target: made } = target("cities.csv")
    const { marks } = memory()
    return Effect.map(
      write(Sink.make(made, { format: Format.formats.csv, ...options }), [rows], { list, marks }),
      ({ warnings }) => warnings?.() ?? []
    )
  }

  it.effect("are told of at the end", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* warnings(), [
        { message: "2 cells of cities.csv begin like a formula: a spreadsheet would run them", remedy: "excel" }
      ])
      assert.deepStrictEqual(yield* warnings({ excel: true }), [])
      assert.deepStrictEqual(yield* warnings({ format: Format.formats.ndjson }), [])
    }))

  it.effect("are counted once, however often a run is stopped", () =>
    Effect.gen(function*() {
      const { target: made, texts } = target("cities.csv")
      const { marks } = memory()
      const sink = Sink.make(made, { format: Format.formats.csv })
      const told = { list, marks }
      yield* begin(sink, rows.slice(0, 1), told, rows.slice(1))
      const one = yield* Effect.scoped(Effect.map(sink.open(runOf(told)), ({ warnings }) => warnings!()))
      assert.deepStrictEqual(one, [
        { message: "1 cell of cities.csv begins like a formula: a spreadsheet would run it", remedy: "excel" }
      ])
      const ended = yield* write(sink, [rows.slice(1)], told)
      const again = yield* write(sink, [], told)
      const anew = yield* write(sink, [rows], { ...told, list: { ...list, id: 2 } })
      texts.length = 0
      const gone = yield* write(sink, [rows], { ...told, list: { ...list, id: 2 } })
      for (const { warnings } of [ended, again, anew, gone]) assert.match(warnings!()[0]!.message, /^2 cells/)
    }))

  it.effect("are told of for each of several sinks", () =>
    Effect.gen(function*() {
      const sinks = ["a", "b", "c"].map((name) =>
        Sink.make(target(name).target, { format: Format.formats[name === "b" ? "ndjson" : "csv"] })
      )
      const { warnings } = yield* write(Sink.all(sinks), [rows], { list })
      assert.deepStrictEqual(warnings!().map(({ message }) => message.slice(0, 12)), ["2 cells of a", "2 cells of c"])
    }))
})

describe("Format.ofName", () => {
  it.each(["zips", "csv", "zips.text", "zips.csv.zip", "zips.gz"])("knows no format of %s", (name) => {
    assert.isUndefined(Format.ofName(name))
  })
})

describe("Sink.all", () => {
  it.effect("gives all rows to each, and completes each", () =>
    Effect.gen(function*() {
      const [a, b] = [target("a"), target("b")]
      const sink = Sink.all([
        Sink.make(a.target, { format: Format.formats.ndjson, noTiming: true }),
        Sink.make(b.target, { format: Format.formats.csv })
      ])
      assert.deepStrictEqual(sink.outputs, ["a", "b"])
      yield* sink.check(memory().marks)
      yield* write(sink, [[row()], [row({ line: 2 })]])
      assert.strictEqual(a.texts.join("").split("\n").length, 3)
      assert.strictEqual(b.texts.join("").split("\n").length, 4)
      for (const { events } of [a, b]) {
        assert.deepStrictEqual(events, ["check nothing", "open", "keep", "complete", "close"])
      }
    }))

  it.effect("completes none where one fails", () =>
    Effect.gen(function*() {
      const [a, b] = [target("a"), target("b", { nth: 2, error: full })]
      const sink = Sink.all([a, b].map(({ target }) => Sink.make(target, { format: Format.formats.ndjson })))
      assert.strictEqual(yield* Effect.flip(write(sink, [[row()], [row()]])), full)
      for (const { events } of [a, b]) assert.deepStrictEqual(events, ["open", "close"])
    }))

  it.effect("refuses one output twice", () =>
    Effect.gen(function*() {
      const sink = Sink.all(
        ["a", "b", "a"].map((name) => Sink.make(target(name).target, { format: Format.formats.ndjson }))
      )
      assert.strictEqual((yield* Effect.flip(sink.check(memory().marks))).message, "a: it is given twice")
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
