import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import type { SinkError } from "../../src/Sink.ts"
import * as Postgres from "../../src/Sink/Postgres.ts"
import { isThere } from "../schema.ts"
import { list, row, select } from "./rows.ts"
import { marks, type Place, postgres } from "./tables.ts"

const listed = { ...list({ entries: 3 }), id: 0, epoch: 1 }
const rows = ["a", "b", "c"].map((code, ordinal) => row({ ordinal, line: ordinal + 1, key: code, input: code }))

/** Opens the table at a URL for a run. */
const open = (url: string, known = marks(), list = listed) =>
  Effect.flatMap(Postgres.make(Redacted.make(url)), (sink) => sink.open({ list, isOrdered: true, marks: known }))

const schemaOf = (url: string) => new URL(url).searchParams.get("table")!.split(".")[0]!

const refused = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => error as SinkError)

describe.skipIf(!isThere)("Postgres", () => {
  it.scoped("is named without user and password", () =>
    Effect.gen(function*() {
      const outputs = (url: string) => Effect.map(Postgres.make(Redacted.make(url)), ({ outputs }) => outputs[0])
      assert.strictEqual(yield* outputs("postgres://me:secret@db/all"), "postgres://db:5432/all?table=rollcall")
      assert.strictEqual(
        yield* outputs("postgresql://me:secret@db:6432/all?sslmode=require&table=my.zips"),
        "postgres://db:6432/all?table=my.zips"
      )
    }))

  it.scoped.each<[url: string, message: RegExp]>([
    ["postgres://me:sec/ret@db/all", /^the output's URL: this is not the URL of a database: /],
    ["postgres://me:secret@db/all?tabel=x", /: there is no parameter \?tabel=: did you mean \?table=\?$/],
    ["mysql://me:secret@db/all", /^the output's URL: this is not the URL of a database: /],
    ["postgres://me:secret@db/all?table=a.b.c", /: a table is NAME or SCHEMA\.NAME, each of up to 63 bytes: /],
    [`postgres://me:secret@db/all?table=${"ü".repeat(32)}`, /: a table is NAME or SCHEMA\.NAME, each of up to 63/]
  ])("refuses %s", ([url, message]) =>
    Effect.gen(function*() {
      const error = yield* refused(Postgres.make(Redacted.make(url)))
      assert.strictEqual(error.reason, "Clash")
      assert.match(error.message, message)
      assert.notInclude(JSON.stringify(error), "ret")
    }))

  it.scoped("says what is wrong where it cannot be used, and no secret", () =>
    Effect.gen(function*() {
      const { at } = yield* postgres
      const changed = (change: (url: URL) => void) => {
        const url = new URL(at)
        change(url)
        return url.href
      }
      const cases: ReadonlyArray<readonly [string, RegExp]> = [
        [changed((url) => url.password = "wrong-secret"), /: it refuses this user and password: /],
        [changed((url) => url.pathname = "/none"), /: there is no such database: /],
        [changed((url) => url.port = "1"), /: nothing listens there: /],
        [changed((url) => url.searchParams.set("table", "none.rollcall")), /: there is no such schema: make it, /]
      ]
      for (const [url, message] of cases) {
        const error = yield* refused(Effect.scoped(open(url)))
        assert.match(error.message, message)
        for (const text of [error.message, JSON.stringify(error), String((error.cause as Error).stack)]) {
          assert.notMatch(text, /secret|nobody-may-see-this/)
        }
      }
      const { check } = yield* Postgres.make(Redacted.make(cases[0]![0]))
      assert.match((yield* refused(check(marks()))).message, cases[0]![1])
    }))

  it.scoped("refuses a column's name that would be cut off", () =>
    Effect.gen(function*() {
      const { sink } = yield* postgres
      const made = sink({ select: select(`${"x".repeat(64)}=a`) })
      const error = yield* refused(made.open({ list: listed, isOrdered: true, marks: marks() }))
      assert.strictEqual(error.reason, "Clash")
      assert.match(error.detail, /^a column's name may have 63 bytes here, and "x{64}" has more: /)
    }))

  it.scopedLive("goes on where the connection is lost", () =>
    Effect.gen(function*() {
      const { at, run, select } = yield* postgres
      const { complete, write } = yield* open(at)
      yield* write(rows.slice(0, 1))
      const [session] = yield* select(
        `select pid from pg_stat_activity where application_name like 'rollcall%' and query like '%${schemaOf(at)}%'`
      )
      yield* run(`select pg_terminate_backend(${session!.pid as number}, 5000)`)
      yield* Effect.zipRight(write(rows.slice(1)), complete)
      assert.strictEqual((yield* select("select * from rollcall")).length, 3)
    }))

  it.scoped("writes for a role that may make no tables, once there are some", () =>
    Effect.gen(function*() {
      const { at, run, select } = yield* postgres
      const url = new URL(at)
      const schema = schemaOf(at)
      const role = `${schema}_writer`
      yield* Effect.acquireRelease(
        run(`create role ${role} login password 'secret'`, `grant usage on schema ${schema} to ${role}`),
        () => run(`drop owned by ${role}`, `drop role ${role}`)
      )
      url.username = role
      url.password = "secret"
      const forbidden = yield* refused(Effect.scoped(open(url.href)))
      assert.match(
        forbidden.message,
        /: you may not do that there: ask its owner for the right to, or name a table of yours/
      )
      const known = marks()
      yield* Effect.scoped(open(at, known))
      yield* run(`grant select, insert, update, delete on all tables in schema ${schema} to ${role}`)
      const { complete, write } = yield* open(url.href, known)
      yield* write(rows)
      yield* complete
      assert.strictEqual((yield* select("select * from rollcall")).length, 3)
    }))

  it.scoped("holds an answer that is nested deeper than the server reads, as text", () =>
    Effect.gen(function*() {
      const { at, select } = yield* postgres
      const nested = (depth: number) => `${"[{\"\\\"]}\":".repeat(depth)}0${"}]".repeat(depth)}`
      const bodies = [nested(2_000), nested(100_000), JSON.stringify("[".repeat(20_000))]
      const { write } = yield* open(at)
      yield* write(rows.map((row, index) => ({ ...row, body: bodies[index]! })))
      const answers = (yield* select("select answer from rollcall order by ordinal")).map(({ answer }) => answer)
      assert.deepStrictEqual(answers, [bodies[0], JSON.stringify(bodies[1]), bodies[2]])
    }))

  describe("columns of values", () => {
    const fields = select("v=v")
    const bodyOf = (v: string, ordinal: number) =>
      row({ ordinal, line: ordinal + 1, key: `${ordinal}`, input: `${ordinal}`, body: `{"v":${v}}` })
    const opened = (place: Place, known = marks(), name = "a.txt", entries = 6) =>
      place.sink({ select: fields }).open({ list: { ...listed, name, entries }, isOrdered: true, marks: known })
    const typeOf = (place: Place) =>
      Effect.map(
        place.select(
          "select format_type(atttypid, null) as type from pg_attribute "
            + "where attrelid = 'rollcall'::regclass and attname = 'v'"
        ),
        ([found]) => found!["type"]
      )
    const valuesOf = (place: Place) =>
      Effect.map(
        place.select("select v::text as v from rollcall order by run, ordinal"),
        (rows) => rows.map(({ v }) => v)
      )

    const cases: ReadonlyArray<readonly [pages: ReadonlyArray<string>, type: string, values: string]> = [
      ["true,false", "boolean", "true,false"],
      ["1,9007199254740993,-5", "bigint", "1,9007199254740993,-5"],
      ["null,26.10,1e3", "double precision", ",26.1,1000"],
      [`"00501","5"`, "text", "00501,5"],
      ["null,null", "text", ","],
      ["18446744073709551616,1", "text", "18446744073709551616,1"],
      ["[1],1", "text", "[1],1"],
      ["null|5", "bigint", ",5"],
      ["1|2.5|null", "double precision", "1,2.5,"],
      ["2.5|3", "double precision", "2.5,3"],
      ["9007199254740993|2.5", "text", "9007199254740993,2.5"],
      ["2.5|9007199254740993", "text", "2.5,9007199254740993"],
      [`1|"00501"|2`, "text", "1,00501,2"],
      [`true|"x"`, "text", "true,x"],
      ["true|1|0.5", "text", "true,1,0.5"],
      [`"5"|6`, "text", "5,6"]
    ].map(([pages, type, values]) => [pages!.split("|"), type!, values!])

    it.scoped.each(cases)("%j are %s: %s", ([pages, type, values]) =>
      Effect.gen(function*() {
        const place = yield* postgres
        const known = marks()
        let ordinal = 0
        // each page by a session of its own, as a run that is stopped after each
        for (const page of pages) {
          const rows = JSON.parse(`[${page.replace(/[^,"[\]]+|"[^"]*"|\[[^\]]*\]/g, (text) => JSON.stringify(text))}]`)
          yield* Effect.scoped(
            Effect.flatMap(opened(place, known), ({ write }) =>
              write(rows.map((text: string) => bodyOf(text, ordinal++))))
          )
        }
        assert.strictEqual(yield* typeOf(place), type)
        assert.strictEqual((yield* valuesOf(place)).join(), values)
      }))

    it.scoped("says which became text, once", () =>
      Effect.gen(function*() {
        const { warnings, write } = yield* opened(yield* postgres)
        yield* write([bodyOf("1", 0)])
        assert.deepStrictEqual(warnings!(), [])
        for (const [index, text] of [`"x"`, "2", `"y"`].entries()) yield* write([bodyOf(text, index + 1)])
        assert.lengthOf(warnings!(), 1)
        assert.match(warnings!()[0]!.message, /^the column v of .* is text now: its values are of more than one type$/)
      }))

    it.scoped("are those of all runs that write there at the same time", () =>
      Effect.gen(function*() {
        const place = yield* postgres
        const [a, b, c] = [
          yield* opened(place, marks(), "a"),
          yield* opened(place, marks(), "b"),
          yield* opened(place, marks(), "c")
        ]
        yield* a.write([bodyOf("1", 0)])
        // both believe that nothing stands there
        yield* b.write([bodyOf("null", 0)])
        yield* c.write([bodyOf("2.5", 0)])
        yield* a.write([bodyOf("3", 1)])
        yield* b.write([bodyOf(`"7"`, 1)])
        // whoever counts on numbers adds some, and text stays text
        yield* a.write([bodyOf("4", 2), bodyOf("0.5", 3)])
        assert.strictEqual(yield* typeOf(place), "text")
        assert.deepStrictEqual(yield* valuesOf(place), ["1", "3", "4", "0.5", null, "7", "2.5"])
      }))
  })

  it.scoped("makes its tables once where two runs begin at the same time", () =>
    Effect.gen(function*() {
      const { at, select } = yield* postgres
      yield* Effect.forEach(
        Array.from({ length: 8 }, (_, index) => `run ${index}`),
        (name) =>
          Effect.flatMap(open(at, marks(), { ...listed, name }), ({ complete, write }) =>
            Effect.zipRight(write(rows), complete)),
        { concurrency: "unbounded", discard: true }
      )
      assert.strictEqual((yield* select("select * from rollcall")).length, 24)
      assert.strictEqual((yield* select("select * from rollcall_mark where is_complete")).length, 8)
    }))
})
