import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, type Scope } from "effect"
import { type Answered, Ledger, type List, type Row } from "../../src/Ledger.ts"
import * as Memory from "../../src/Ledger/Memory.ts"
import type { SinkError, Writer } from "../../src/Sink.ts"
import * as Sink from "../../src/Sink.ts"
import * as Lines from "../../src/Sink/Lines.ts"
import { marks } from "../../src/Sink/Mark.ts"
import type { TableOptions } from "../../src/Sink/Table.ts"
import { scale } from "../scale.ts"
import { select } from "./rows.ts"
import { type Place, places } from "./tables.ts"

/** What a code is answered with. */
type Answers = Record<string, Partial<Answered>>

const body = (value: unknown) => ({ body: typeof value === "string" ? value : JSON.stringify(value) })

/** A ledger, and what it would do with a list of codes; one that is empty is refused. */
const ledger = Effect.gen(function*() {
  const held = Context.get(yield* Layer.build(Memory.layer), Ledger)
  yield* held.begin({})
  return {
    held,
    marks: marks(held),
    enter: (codes: ReadonlyArray<string>, given: Partial<List> = {}, columns?: (code: string) => unknown) =>
      Effect.gen(function*() {
        const name = given.name ?? "zips"
        const id = yield* held.enlist(name)
        yield* held.enroll(
          id,
          codes.map((input, ordinal) => ({
            ordinal,
            line: 2 * ordinal + 1,
            key: input.trim() === "" ? null : input.trim(),
            input,
            columns: columns === undefined ? null : JSON.stringify(columns(input)),
            error: input.trim() === "" ? "{\"type\":\"invalid_code\",\"message\":\"the code is empty\"}" : null
          }))
        )
        yield* held.enrolled(id, {
          name,
          source: "zips.txt",
          entries: codes.length,
          columns: [],
          column: null,
          inputs: [],
          expect: "json",
          select: [],
          outputs: [],
          ...given
        })
        return id
      }),
    settle: (list: number, answers: Answers = {}) =>
      Effect.gen(function*() {
        const pending = yield* held.pending(list, 0, 1_000)
        yield* held.record(
          list,
          pending.map(({ key, question }) => ({
            question,
            outcome: "found",
            http_status: 200,
            attempts: 1,
            calls: 1,
            ms: 12.3,
            at: 1_700_000_000_000,
            body: JSON.stringify({ city: key }),
            error: null,
            ...answers[key]
          }))
        )
      }),
    rows: (list: number) => held.rows(list, 0, 1_000)
  }
})

type Known = Effect.Effect.Success<typeof ledger>

/** Opens the table for a list, and gives its rows to whoever writes them. */
const open = <A, E>(
  place: Place,
  { held, marks, rows }: Known,
  list: number,
  body: (writer: Writer, rows: ReadonlyArray<Row>) => Effect.Effect<A, E, Scope.Scope>,
  options: TableOptions & { readonly table?: string; readonly isOrdered?: boolean } = {}
) =>
  Effect.scoped(Effect.gen(function*() {
    const listed = (yield* held.lists).find(({ id }) => id === list)!
    const { isOrdered = true, table, ...layout } = options
    const writer = yield* place.sink(layout, table).open({ list: listed, isOrdered, marks })
    return yield* body(writer, yield* rows(list))
  }))

/** Writes what the table does not hold, in pages, up to a row; the result is where it began. */
const write =
  (size = 1_000, end = Infinity) => (writer: Writer, rows: ReadonlyArray<Row>): Effect.Effect<number, unknown> =>
    Effect.gen(function*() {
      const last = Math.min(end, rows.length)
      for (let at = writer.position; at < last; at += size) {
        const page = rows.slice(at, Math.min(at + size, last))
        yield* writer.write(page)
        yield* writer.keep(at + page.length)
      }
      if (end === Infinity) yield* writer.complete
      return writer.position
    })

/** A target that keeps what it has got. */
const memory = (texts: Array<string>): Sink.Target => ({
  name: "memory",
  id: "memory",
  check: () => Effect.void,
  open: (mark, goesOn) =>
    Effect.sync(() => {
      texts.length = goesOn ? mark?.offset ?? 0 : 0
      const held = () => ({ offset: texts.length, hash: "", inode: "" })
      return {
        isHeld: goesOn,
        isFinal: false,
        held: held(),
        write: (text) => Effect.sync(() => texts.push(text as string)),
        keep: Effect.sync(held),
        intact: Effect.void,
        complete: Effect.void
      }
    })
})

const all = "select * from rollcall order by run, ordinal"
const progress = "select run, position, is_complete from rollcall_mark order by run"

describe.each(Object.entries(places))("A table of %s", (name, make) => {
  /** A table, a ledger, and a list of which everything is answered. */
  const listed = (codes: ReadonlyArray<string>, answers?: Answers, given?: Partial<List>) =>
    Effect.gen(function*() {
      const place = yield* make
      const known = yield* ledger
      const list = yield* known.enter(codes, given)
      yield* known.settle(list, answers)
      return { place, known, list }
    })

  const isDone = name === "Sqlite" ? 1 : true

  it.scoped("holds a row for each entry", () =>
    Effect.gen(function*() {
      const place = yield* make
      const known = yield* ledger
      const list = yield* known.enter(["00501", " 501", "", "404", "500", "00501", "gone"], {
        columns: ["Zip", "city", "n", "constructor"],
        column: "Zip"
      }, (code) => ({ Zip: code, city: `in ${code}`, ...(code === "404" ? { n: { m: [1, null] } } : {}) }))
      yield* known.settle(list, {
        "501": { body: "{\r\n \"a\": 1.0,\n \"b\": \"\\u0000 \\ud800 ü\"}", ms: 0 },
        "404": { outcome: "not_found", http_status: 404, body: "{}" },
        "500": {
          outcome: "failed",
          http_status: null,
          attempts: 5,
          calls: 7,
          body: null,
          error: "{\"type\":\"timeout\",\"message\":\"no answer, 'said' \\\"they\\\"\"}"
        },
        gone: { body: null }
      })
      yield* open(place, known, list, write())
      const row = (ordinal: number, code: string, given: Record<string, unknown> = {}) => ({
        run: "zips",
        ordinal,
        line: 2 * ordinal + 1,
        code,
        input: null,
        city: `in ${code}`,
        n: null,
        constructor: null,
        answer: null,
        outcome: "found",
        http_status: 200,
        error_type: null,
        error: null,
        attempts: 1,
        calls: 1,
        repeat: false,
        ms: 12.3,
        at: "2023-11-14T22:13:20.000Z",
        ...given
      })
      const none = { http_status: null, attempts: 0, calls: 0, ms: null, at: null }
      assert.deepStrictEqual(yield* place.select(all), [
        row(0, "00501", { answer: "{\"city\":\"00501\"}" }),
        row(1, "501", {
          input: " 501",
          city: "in  501",
          answer: "{  \"a\": 1.0,  \"b\": \"\\\"\\\\u0000 \\\\ud800 ü\\\"\"}",
          ms: 0
        }),
        row(2, "", { ...none, outcome: "invalid", error_type: "invalid_code", error: "the code is empty" }),
        row(3, "404", { outcome: "not_found", http_status: 404, n: "{\"m\":[1,null]}" }),
        row(4, "500", {
          outcome: "failed",
          http_status: null,
          error_type: "timeout",
          error: "no answer, 'said' \"they\"",
          attempts: 5,
          calls: 7
        }),
        row(5, "00501", { ...none, http_status: 200, answer: "{\"city\":\"00501\"}", repeat: true }),
        row(6, "gone")
      ])
      assert.deepStrictEqual(yield* place.select(progress), [{ run: "zips", position: 7, is_complete: isDone }])
    }))

  it.scoped("holds selected fields of every kind, whatever they are called", () =>
    Effect.gen(function*() {
      const text = "'\"\\ ü 🐘 \u0001{},NULL"
      const odd = "join('\"', [none])"
      const { known, list, place } = yield* listed([
        "text",
        "int",
        "real",
        "long",
        "bool",
        "list",
        "null",
        "nul",
        "half"
      ], {
        text: body({ a: { b: text } }),
        int: body("{\"a\":{\"b\":9007199254740991},\"order\":-1}"),
        real: body("{\"a\":{\"b\":0.1},\"order\":1e300}"),
        long: body("{\"a\":{\"b\":12345678901234567890},\"order\":1e400}"),
        bool: body({ a: { b: true }, order: false }),
        list: body({ a: { b: [1, "\u0000", { c: null }] }, order: {} }),
        null: body({ a: { b: null }, order: "" }),
        nul: body({ a: { b: "a\u0000b" }, order: "00501" }),
        half: body({ a: { b: "a\ud83d" } })
      })
      yield* open(place, known, list, write(), { select: select("b=a.b", "order", odd), noTiming: true })
      const found = yield* place.select(all)
      const isSqlite = name === "Sqlite"
      assert.deepStrictEqual(found.map(({ b, code, order, [odd]: none }) => [code, b, order, none]), [
        ["text", text, null, null],
        ["int", isSqlite ? 9007199254740991 : "9007199254740991", isSqlite ? -1 : "-1", null],
        ["real", isSqlite ? 0.1 : "0.1", isSqlite ? 1e300 : "1e300", null],
        ["long", "12345678901234567890", "1e400", null],
        ["bool", isSqlite ? 1 : "true", isSqlite ? 0 : "false", null],
        ["list", "[1,\"\\u0000\",{\"c\":null}]", "{}", null],
        ["null", null, "", null],
        ["nul", "\"a\\u0000b\"", "00501", null],
        ["half", "\"a\\ud83d\"", null, null]
      ])
      assert.notProperty(found[0], "ms")
      assert.notProperty(found[0], "at")
    }))

  it.scoped("holds numbers as such where the database has one with these digits", () =>
    Effect.gen(function*() {
      const numbers = [
        "9007199254740993",
        "7.5000000000000000",
        "40.712800000000001",
        "2.50E3",
        "-0",
        "4e-400",
        "3.3333333333333333",
        "18446744073709551616",
        "true",
        "[9007199254740993,1.50]"
      ]
      const { known, list, place } = yield* listed(
        numbers,
        Object.fromEntries(numbers.map((number) => [number, body(`{"v":${number}}`)]))
      )
      yield* open(place, known, list, write(), { select: select("v") })
      const sqlite = ["integer", "real", "real", "integer", "integer", "text", "text", "text", "integer", "text"]
      if (name === "Sqlite") {
        const found = yield* place.select(
          "select typeof(v) as type, cast(v as text) as v from rollcall order by ordinal"
        )
        assert.deepStrictEqual(found.map(({ type }) => type), sqlite)
        assert.deepStrictEqual([found[0]!.v, found[1]!.v, found[8]!.v], ["9007199254740993", "7.5", "1"])
        assert.deepStrictEqual([5, 6, 7, 9].map((at) => found[at]!.v), [5, 6, 7, 9].map((at) => numbers[at]))
      } else {
        const found = yield* place.select("select v from rollcall order by ordinal")
        assert.deepStrictEqual(found.map(({ v }) => v), numbers)
      }
    }))

  it.scoped.each(["text", "bytes"] as const)(
    "holds answers that are %s as they are",
    (expect) =>
      Effect.gen(function*() {
        const { known, list, place } = yield* listed(["a"], { a: { body: "<p>\r\n'ü'</p>" } }, { expect })
        yield* open(place, known, list, write())
        assert.deepStrictEqual((yield* place.select(all)).map(({ answer }) => answer), ["<p>\r\n'ü'</p>"])
      })
  )

  it.scoped("holds the same rows whatever the pages, and large answers", () =>
    Effect.gen(function*() {
      const count = scale(300, 700, 700)
      const codes = Array.from({ length: count }, (_, index) => `${index % (count - 50)}`)
      const large = { body: JSON.stringify("x".repeat(3_000_000)) }
      const { known, list, place } = yield* listed(codes, { "1": large, "2": large, "3": large })
      yield* open(place, known, list, write(), { table: "one" })
      yield* open(place, known, list, write(7), { table: "many" })
      const one = yield* place.select("select * from one order by ordinal")
      assert.strictEqual(one.length, count)
      assert.strictEqual((one[3]!.answer as string).length, 3_000_002)
      assert.deepStrictEqual(yield* place.select("select * from many order by ordinal"), one)
    }))

  it.scoped("holds many columns", () =>
    Effect.gen(function*() {
      const place = yield* make
      const known = yield* ledger
      const columns = Array.from({ length: 300 }, (_, index) => `c${index}`)
      const list = yield* known.enter(Array.from({ length: 300 }, (_, index) => `${index}`), { columns }, () =>
        Object.fromEntries(columns.map((name) => [name, name])))
      yield* known.settle(list)
      yield* open(place, known, list, write())
      const found = yield* place.select("select count(*) n, min(c0) c0, max(c299) c299 from rollcall")
      assert.deepStrictEqual(found, [{ n: 300, c0: "c0", c299: "c299" }])
    }))

  it.scoped("goes on where its rows end", () =>
    Effect.gen(function*() {
      const { known, list, place } = yield* listed(["a", "b", "c", "d", "e"])
      yield* open(place, known, list, write(1, 3))
      assert.deepStrictEqual(yield* place.select(progress), [
        { run: "zips", position: 3, is_complete: name === "Sqlite" ? 0 : false }
      ])
      // rows that are written are not written again
      yield* place.run("update rollcall set code = 'seen' where ordinal = 1")
      assert.strictEqual(yield* open(place, known, list, write()), 3)
      const codes = Effect.map(place.select(all), (rows) => rows.map(({ code }) => code).join(" "))
      assert.strictEqual(yield* codes, "a seen c d e")
      assert.strictEqual(yield* open(place, known, list, write()), 5)
      assert.strictEqual(yield* codes, "a seen c d e")
    }))

  it.scoped("writes again from the first row that is not what it was", () =>
    Effect.gen(function*() {
      const { known, list, place } = yield* listed(["a", "b", "c", "d", "e"])
      yield* open(place, known, list, write())
      yield* place.run("update rollcall set line = -1")
      yield* known.enter(["a", "b", "x", "d", "e"])
      yield* known.settle(list)
      assert.strictEqual(yield* open(place, known, list, write()), 2)
      assert.deepStrictEqual((yield* place.select(all)).map(({ code, line }) => `${code} ${line}`), [
        "a -1",
        "b -1",
        "x 5",
        "d 7",
        "e 9"
      ])
    }))

  it.scoped("writes everything again where fields are selected in another way", () =>
    Effect.gen(function*() {
      const { known, list, place } = yield* listed(["a", "b"], { b: body({ city: "b", town: "B" }) })
      yield* open(place, known, list, write(), { select: select("place=city") })
      assert.strictEqual(yield* open(place, known, list, write(), { select: select("place=town") }), 0)
      assert.deepStrictEqual((yield* place.select(all)).map(({ place }) => place), [null, "B"])
    }))

  it.scoped("holds each value in its column, where the input has them in another order now", () =>
    Effect.gen(function*() {
      const { known, place } = yield* listed([])
      for (const columns of [["zip", "x", "y"], ["y", "zip", "x"]]) {
        const list = yield* known.enter(["a"], { columns, column: "zip" }, () => ({ zip: "a", x: "X", y: "Y" }))
        yield* known.settle(list)
        yield* open(place, known, list, write())
        assert.deepInclude((yield* place.select(all))[0]!, { code: "a", x: "X", y: "Y" })
      }
    }))

  it.scoped("drops what lies beyond the end of a list, when that is reached", () =>
    Effect.gen(function*() {
      const { known, list, place } = yield* listed(["a", "b", "c", "d", "e"])
      const other = yield* known.enter(["x", "y", "z"], { name: "other" })
      yield* known.settle(other)
      yield* open(place, known, other, write())
      yield* open(place, known, list, write())
      yield* known.enter(["a", "b"])
      const codes = Effect.map(place.select(all), (rows) => rows.map(({ code }) => code).join(" "))
      yield* open(place, known, list, (writer) => Effect.sync(() => assert.strictEqual(writer.position, 2)))
      assert.strictEqual(yield* codes, "x y z a b c d e")
      yield* open(place, known, list, write())
      assert.strictEqual(yield* codes, "x y z a b")
      assert.deepStrictEqual(yield* place.select(progress), [
        { run: "other", position: 3, is_complete: isDone },
        { run: "zips", position: 2, is_complete: isDone }
      ])
    }))

  it.scoped("writes rows again that somebody has deleted, or a table", () =>
    Effect.gen(function*() {
      const { known, list, place } = yield* listed(["a", "b", "c"])
      yield* open(place, known, list, write())
      yield* place.run("delete from rollcall where code = 'b'")
      assert.strictEqual(yield* open(place, known, list, write()), 0)
      yield* place.run("drop table rollcall")
      assert.strictEqual(yield* open(place, known, list, write()), 0)
      yield* place.run("drop table rollcall_mark")
      assert.strictEqual(yield* open(place, known, list, write()), 0)
      assert.strictEqual((yield* place.select(all)).length, 3)
    }))

  it.scoped("is written by one run of a list at a time, whatever its ledger, and says which", () =>
    Effect.gen(function*() {
      const { known, list, place } = yield* listed(["a", "b"])
      const other = yield* ledger
      const same = yield* other.enter(["a"])
      const another = yield* other.enter(["c"], { name: "other" })
      yield* open(place, known, list, (writer, rows) =>
        Effect.gen(function*() {
          yield* writer.write(rows.slice(0, 1))
          const error = yield* Effect.flip(open(place, other, same, write()))
          assert.strictEqual((error as SinkError).reason, "Busy")
          assert.include((error as SinkError).message, `another run holds it (process ${process.pid} on `)
          assert.strictEqual(yield* open(place, other, another, write()), 0)
          yield* writer.write(rows.slice(1))
          yield* writer.complete
        }))
      assert.strictEqual(yield* open(place, known, list, write()), 2)
    }))

  it.scoped("notices rows that somebody deletes under a run, and is whole after the next one", () =>
    Effect.gen(function*() {
      const { known, list, place } = yield* listed(["a", "b", "c"])
      const error = yield* Effect.flip(open(place, known, list, (writer, rows) =>
        Effect.gen(function*() {
          yield* writer.write(rows.slice(0, 2))
          yield* place.run("delete from rollcall")
          yield* writer.write(rows.slice(2))
          yield* writer.complete
        })))
      assert.include((error as SinkError).message, "1 of 3 rows is there, the others were deleted during the run")
      assert.strictEqual(yield* open(place, known, list, write()), 0)
      assert.strictEqual((yield* place.select(all)).length, 3)
    }))

  it.scoped("takes rows in any order, each once", () =>
    Effect.gen(function*() {
      const { known, list, place } = yield* listed(["a", "b", "c", "d"])
      yield* open(place, known, list, (writer, [a, b, c]) =>
        writer.write([c!, a!]).pipe(Effect.zipRight(writer.write([b!]))), {
        isOrdered: false
      })
      const unordered = open(place, known, list, (writer, rows) =>
        Effect.gen(function*() {
          yield* writer.write(rows.slice(0, 3))
          yield* writer.write(rows.slice(3))
          yield* writer.complete
          return writer.position
        }), { isOrdered: false })
      assert.strictEqual(yield* unordered, 0)
      assert.deepStrictEqual(
        (yield* place.select(all)).map(({ code }) =>
          code
        ),
        ["a", "b", "c", "d"]
      )
      assert.strictEqual(yield* unordered, 4)
      assert.strictEqual(yield* open(place, known, list, write()), 4)
    }))

  it.scoped("holds none but the rows that it is given, in the end", () =>
    Effect.gen(function*() {
      const { known, list, place } = yield* listed(["a", "b", "c", "d", "e", "f", "g", "h"])
      yield* open(place, known, list, write())
      yield* place.run("update rollcall_mark set layout = 'another'")
      yield* open(place, known, list, (writer, rows) =>
        Effect.zipRight(
          Effect.forEach([[1, 2], [], [3, 5]], (page) => writer.write(page.map((index) => rows[index]!))),
          writer.complete
        ))
      assert.deepStrictEqual((yield* place.select(all)).map(({ code }) => code), ["b", "c", "d", "f"])
      assert.strictEqual(yield* open(place, known, list, write()), 0)
      assert.strictEqual((yield* place.select(all)).length, 8)
    }))

  it.scoped("goes on beside an output that is ahead of it, or behind", () =>
    Effect.gen(function*() {
      const { known, list, place } = yield* listed(["a", "b", "c", "d", "e"])
      const texts: Array<string> = []
      const sinks = [
        place.sink(),
        place.sink({}, "second"),
        Sink.make(memory(texts), { format: Lines.format })
      ]
      const with_ = (...sinks: ReadonlyArray<typeof Sink.Sink.Service>) => ({ ...place, sink: () => Sink.all(sinks) })
      yield* open(with_(sinks[0]!), known, list, write(1, 1))
      yield* open(with_(...sinks.slice(1)), known, list, write(1, 3))
      yield* place.run("update second set code = 'seen' where ordinal = 2")
      assert.strictEqual(yield* open(with_(...sinks), known, list, write(1, 2)), 1)
      assert.strictEqual(yield* open(with_(...sinks), known, list, write(1)), 2)
      const codes = (table: string) =>
        Effect.map(place.select(`select code from ${table} order by ordinal`), (rows) =>
          rows.map(({ code }) => code).join(""))
      assert.strictEqual(yield* codes("rollcall"), "abcde")
      assert.strictEqual(yield* codes("second"), "abseende")
      assert.strictEqual(texts.join(""), "a\nb\nc\nd\ne\n")
    }))

  it.scoped("says what is wrong where a COMMIT fails, and writes nothing by halves", () =>
    Effect.gen(function*() {
      const { known, list, place } = yield* listed(["a", "b", "c", "d"])
      yield* open(place, known, list, write(1, 2))
      yield* place.refuse("d")
      const error = (yield* Effect.flip(open(place, known, list, write()))) as SinkError
      assert.strictEqual(error._tag, "SinkError")
      assert.strictEqual(error.reason, "Write")
      assert.match(error.detail, name === "Sqlite" ? /^FOREIGN KEY constraint failed$/ : /^not d again$/)
      assert.deepStrictEqual((yield* place.select(all)).map(({ code }) => code), ["a", "b"])
      assert.strictEqual((yield* place.select(progress))[0]!.position, 2)
      yield* place.run(name === "Sqlite" ? "drop trigger refuse" : "drop trigger refuse on rollcall")
      assert.strictEqual(yield* open(place, known, list, write()), 2)
      assert.strictEqual((yield* place.select(all)).length, 4)
    }))

  it.scoped.each<[columns: ReadonlyArray<string>, fields: ReadonlyArray<string>, what: string]>([
    [["zip", "outcome"], [], "two columns would be called \"outcome\": "],
    [["zip", "city"], ["City=a.b"], "two columns would be called \"city\": "],
    [[], ["a=x", "A=y"], "two selected fields are called \"A\": "],
    [[], ["at=x"], "\"at\" is a column that each output has: give the selected field another name"],
    [[], ["Run=x"], "\"Run\" is a column that each output has: "]
  ])("refuses columns %j with fields %j", ([columns, fields, what]) =>
    Effect.gen(function*() {
      const { known, list, place } = yield* listed(["a"], {}, { columns, column: columns[0] ?? null })
      const error = yield* Effect.flip(open(place, known, list, write(), { select: select(...fields) }))
      assert.propertyVal(error, "reason", "Clash")
      assert.include((error as SinkError).message, what)
    }))

  it.scoped("refuses a table that has other columns, and leaves it as it is", () =>
    Effect.gen(function*() {
      const { known, list, place } = yield* listed(["a"])
      yield* open(place, known, list, write())
      // one that somebody added is not ours to take away
      yield* place.run("alter table rollcall add column note text", "update rollcall set note = 'precious'")
      const error = yield* Effect.flip(open(place, known, list, write(), { select: select("city", "a", "b") }))
      assert.propertyVal(error, "reason", "Exists")
      assert.match(
        (error as SinkError).detail,
        /^the table "?\S+rollcall" has other columns \(without city( text)?, without a( text)?, without b( text)?, …\): name another table \([^)]+\), or drop/
      )
      yield* place.run("create table theirs (id integer, note text)", "insert into theirs values (1, 'precious')")
      const theirs = yield* Effect.flip(open(place, known, list, write(), { table: "theirs" }))
      assert.propertyVal(theirs, "reason", "Exists")
      assert.deepStrictEqual(yield* place.select("select * from theirs"), [{ id: 1, note: "precious" }])
      assert.strictEqual((yield* place.select(all)).length, 1)
      const mark = yield* Effect.flip(open(place, known, list, write(), { table: "rollcall_mark" }))
      assert.propertyVal(mark, "reason", "Clash")
    }))

  it.scoped("other fields make other columns where the rows are this run's alone, and all of them are written anew", () =>
    Effect.gen(function*() {
      const { known, list, place } = yield* listed(["a", "b"])
      yield* open(place, known, list, write())
      yield* place.run("create index mine on rollcall (code)")
      const fields = { select: select("city", "n=length(city)") }
      assert.strictEqual(yield* open(place, known, list, write(), fields), 0)
      const rows = yield* place.select(all)
      assert.deepStrictEqual(rows.map(({ city, code, n }) => [code, city, Number(n)]), [["a", "a", 1], ["b", "b", 1]])
      assert.notProperty(rows[0], "answer")
      // and nothing is left to write
      assert.strictEqual(yield* open(place, known, list, write(), fields), 2)
      assert.strictEqual(yield* open(place, known, list, write()), 0)
      const [first] = yield* place.select(all)
      assert.deepStrictEqual([first!.answer, "city" in first!], ["{\"city\":\"a\"}", false])

      const other = yield* known.enter(["x"], { name: "other" })
      yield* known.settle(other)
      yield* open(place, known, other, write())
      const error = yield* Effect.flip(open(place, known, list, write(), fields))
      assert.propertyVal(error, "reason", "Exists")
      assert.lengthOf(yield* place.select(all), 3)
    }))

  it.scoped("leaves the rows of another ledger alone", () =>
    Effect.gen(function*() {
      const { known, list, place } = yield* listed(["a", "b"])
      yield* open(place, known, list, write())
      const other = yield* ledger
      const same = yield* other.enter(["x"])
      yield* other.settle(same)
      const error = yield* Effect.flip(open(place, other, same, write()))
      assert.propertyVal(error, "reason", "Exists")
      assert.match(
        (error as SinkError).detail,
        /has rows of a run 'zips' that are not of this ledger: name another table \([^)]+\), or delete them \(delete from \S+ where run = 'zips'\)$/
      )
      assert.strictEqual((yield* place.select(all)).length, 2)
      const named = yield* other.enter(["x"], { name: "other" })
      assert.strictEqual(yield* open(place, other, named, write()), 0)
      assert.strictEqual((yield* place.select(all)).length, 3)
    }))

  it.scoped("makes nothing when it is checked", () =>
    Effect.gen(function*() {
      const { known, list, place } = yield* listed(["a"])
      yield* place.sink().check(known.marks)
      yield* open(place, known, list, write())
      yield* place.sink().check(known.marks)
      const sink = place.sink({ select: select("city") })
      assert.deepStrictEqual(sink.select, ["city"])
      assert.strictEqual(sink.outputs.length, 1)
      assert.notDeepEqual(sink.outputs, place.sink({}, "other").outputs)
      assert.notInclude(sink.outputs[0]!, "nobody-may-see-this")
    }))
})
