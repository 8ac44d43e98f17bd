import { HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Exit, Fiber, Layer, Ref, Stream } from "effect"
import type * as Entry from "../src/Entry.ts"
import { Ledger, LedgerError, type Redo, type Row } from "../src/Ledger.ts"
import * as Memory from "../src/Ledger/Memory.ts"
import * as Lookup from "../src/Lookup.ts"
import * as Classify from "../src/Lookup/Classify.ts"
import { LookupError } from "../src/Outcome.ts"
import * as Policy from "../src/Policy.ts"
import type { Reply } from "../src/Reply.ts"
import * as Rollcall from "../src/Rollcall.ts"
import * as Sink from "../src/Sink.ts"
import * as Source from "../src/Source.ts"
import { settled } from "../src/Summary.ts"
import { scale } from "./scale.ts"
import { simulate } from "./simulate.ts"
import { standing } from "./standing.ts"

/** Counts calls by code, and answers after 10 ms: codes with an x are unknown, codes with a ! fail. */
const counting = () => {
  const calls = new Map<string, number>()
  const lookup = Lookup.make("counting", (code) =>
    Effect.gen(function*() {
      calls.set(code, (calls.get(code) ?? 0) + 1)
      yield* Effect.sleep(Duration.millis(10))
      if (code.includes("!")) return yield* Effect.fail("broken" as const)
      return { upper: code.toUpperCase() }
    }))
  return { calls, lookup }
}

const succeed = <A, E>(exit: Exit.Exit<A, E>): A =>
  Exit.match(exit, {
    onSuccess: (value) => value,
    onFailure: (cause) => assert.fail(String(cause))
  })

const policy: Policy.Policy = { ...Policy.standard, concurrency: 4 }

describe("Rollcall.lookup", () => {
  it("gives an answer of the lookup's own type", () => {
    const outcome = succeed(simulate(Rollcall.lookup(counting().lookup, "abc")))
    assert.isTrue(outcome.outcome === "found" && outcome.answer.upper === "ABC")
    assert.deepInclude(outcome, { code: "abc", attempts: 1, calls: 1, ms: 10, at: "1970-01-01T00:00:00.010Z" })
  })

  it("makes a failure an outcome, with the lookup's own error", () => {
    const outcome = succeed(simulate(Rollcall.lookup(counting().lookup, "a!")))
    assert.isTrue(outcome.outcome === "failed" && outcome.error === "broken")
  })

  it("fails with what would fail every other question too", () => {
    const lookup = Lookup.make("refused", () => new LookupError({ reason: "unauthorized", message: "no" }))
    const exit = simulate(Effect.flip(Rollcall.lookup(lookup, "abc")))
    assert.deepInclude(succeed(exit), { _tag: "StopError", reason: "unauthorized", message: "no" })
  })

  it("names a setting that is missing", () => {
    const lookup = Lookup.http({ url: "http://127.0.0.1/{code}", headers: { Key: "${NO_SUCH_SETTING}" } })
    const exit = simulate(
      Rollcall.lookup(lookup, "abc").pipe(
        Effect.provideService(HttpClient.HttpClient, HttpClient.make(() => Effect.never)),
        Effect.flip
      )
    )
    const error = succeed(exit)
    assert.strictEqual(error.reason, "setting")
    assert.include(error.message, "NO_SUCH_SETTING")
  })
})

describe("Rollcall.forEach", () => {
  it("keeps the order of the codes and asks equal ones once", () => {
    const { calls, lookup } = counting()
    const codes = ["b", "a", "b", " a ", "", "c", "b"]
    const outcomes = succeed(simulate(Rollcall.forEach(lookup, codes, policy)))
    assert.deepStrictEqual(outcomes.map(({ code }) => code), ["b", "a", "b", "a", "", "c", "b"])
    assert.deepStrictEqual(outcomes.map(({ outcome }) => outcome), [
      "found",
      "found",
      "found",
      "found",
      "invalid",
      "found",
      "found"
    ])
    assert.deepStrictEqual([...calls], [["b", 1], ["a", 1], ["c", 1]])
  })

  it("takes any iterable, an empty one too", () => {
    assert.deepStrictEqual(succeed(simulate(Rollcall.forEach(counting().lookup, new Set<string>()))), [])
    assert.lengthOf(succeed(simulate(Rollcall.forEach(counting().lookup, new Set(["a", "b"])))), 2)
  })

  it("uses the services of the lookup", () => {
    class Suffix extends Context.Tag("Suffix")<Suffix, string>() {}
    const lookup = Lookup.make("suffix", (code) => Effect.map(Suffix, (suffix) => code + suffix))
    const outcomes = succeed(simulate(Effect.provideService(Rollcall.forEach(lookup, ["a"]), Suffix, "!")))
    assert.isTrue(outcomes[0]!.outcome === "found" && outcomes[0]!.answer === "a!")
  })
})

/** Runs a list on a ledger that is kept from run to run, and gives the rows that reached the sink. */
const bench = () => {
  const rows: Array<Row> = []
  const { calls, lookup } = counting()
  const ledger = Effect.runSync(Effect.scoped(Layer.build(Memory.layer)))
  const run = (
    codes: ReadonlyArray<string>,
    options: Partial<Rollcall.RunOptions<never>> = {},
    sink: typeof Sink.Sink.Service = Sink.memory(rows)
  ) =>
    Rollcall.run(lookup, { source: Source.codes(codes), policy: { ...policy, allowNone: true }, ...options }).pipe(
      Effect.provide(ledger),
      Effect.provideService(Sink.Sink, sink)
    )
  const records = () => rows.map(({ input, outcome }) => `${input}:${outcome}`)
  return { rows, calls, lookup, ledger, run, records }
}

const codes = (count: number) => Array.from({ length: count }, (_, index) => `c${index}`)

describe("Rollcall.run", () => {
  it("ends with one record per entry, in input order", () => {
    const { calls, records, run } = bench()
    const summary = succeed(simulate(run(["b", "", "a!", "b", "c"])))
    assert.deepStrictEqual(records(), ["b:found", ":invalid", "a!:failed", "b:found", "c:found"])
    assert.deepStrictEqual(summary.outcomes, { found: 2, not_found: 0, invalid: 1, failed: 1, skipped: 0 })
    assert.deepInclude(summary, { entries: 5, questions: 3, pending: 0, known: 0, calls: 3 })
    assert.strictEqual(calls.get("b"), 1)
  })

  it("writes as answers come when asked to, each entry once", () => {
    const { records, rows, run } = bench()
    succeed(simulate(run([...codes(700), "c3", ""], { order: "done" })))
    assert.lengthOf(rows, 702)
    assert.strictEqual(new Set(rows.map(({ ordinal }) => ordinal)).size, 702)
    assert.include(records(), ":invalid")
  })

  it("asks nothing the second time, and gives the same output", () => {
    const { calls, records, run } = bench()
    succeed(simulate(run(codes(1500))))
    const first = records()
    const summary = succeed(simulate(run(codes(1500))))
    assert.deepStrictEqual(records(), first)
    assert.deepInclude(summary, { known: 1500, calls: 0 })
    assert.isTrue([...calls.values()].every((count) => count === 1))
  })

  it("asks only what is new of an edited list", () => {
    const { calls, records, run } = bench()
    succeed(simulate(run(["a", "b", "c", "d"])))
    const edited = ["d", "x", "a", "a", "y", "c"]
    const summary = succeed(simulate(run(edited)))
    assert.deepStrictEqual(records(), edited.map((code) => `${code}:found`))
    assert.strictEqual(summary.calls, 2)
    assert.deepStrictEqual([...calls], [["a", 1], ["b", 1], ["c", 1], ["d", 1], ["x", 1], ["y", 1]])
  })

  it("goes on after an interruption: what was in flight is kept", () => {
    const { calls, records, run } = bench()
    simulate(Effect.gen(function*() {
      const fiber = yield* Effect.fork(run(codes(1000)))
      yield* Effect.sleep(Duration.millis(1234))
      yield* Fiber.interrupt(fiber)
    }))
    assert.isBelow(calls.size, 1000)
    succeed(simulate(run(codes(1000))))
    assert.deepStrictEqual(records(), codes(1000).map((code) => `${code}:found`))
    assert.isTrue([...calls.values()].every((count) => count === 1))
  })

  it("counts an outcome only when it is durable, at most 50 ms later", () => {
    const { ledger, lookup } = bench()
    const real = Context.get(ledger, Ledger)
    const recorded: Array<readonly [at: number, count: number]> = []
    const seen = standing(Rollcall.make(lookup, { source: Source.codes(codes(1000)), policy }))
    const watched = Ledger.of({
      ...real,
      record: (list, outcomes) =>
        Effect.flatMap(Effect.clock, (clock) => {
          const counted = settled(seen.snapshot().outcomes)
          const before = recorded.reduce((sum, [, count]) => sum + count, 0)
          assert.strictEqual(counted, before)
          recorded.push([clock.unsafeCurrentTimeMillis(), outcomes.length])
          return real.record(list, outcomes)
        })
    })
    const summary = succeed(simulate(
      seen.run.pipe(
        Effect.provideService(Ledger, watched),
        Effect.provideService(Sink.Sink, Sink.memory([]))
      )
    ))
    assert.strictEqual(summary.outcomes.found, 1000)
    assert.strictEqual(recorded.reduce((sum, [, count]) => sum + count, 0), 1000)
    for (const [index, [at]] of recorded.entries()) assert.isAtMost(at - (recorded[index - 1]?.[0] ?? 0), 60)
  })

  it("ends with the error of a ledger that cannot be written, and counts nothing of that batch", () => {
    const { ledger, lookup } = bench()
    const seen = standing(Rollcall.make(lookup, { source: Source.codes(codes(1000)), policy }))
    const broken = new LedgerError({ reason: "Write", ledger: "test", message: "disk full" })
    const rows: Array<Row> = []
    const exit = simulate(
      seen.run.pipe(
        Effect.provideService(Ledger, Ledger.of({ ...Context.get(ledger, Ledger), record: () => broken })),
        Effect.provideService(Sink.Sink, Sink.memory(rows)),
        Effect.flip
      )
    )
    assert.strictEqual(succeed(exit), broken)
    assert.strictEqual(seen.snapshot().outcomes.found, 0)
    assert.lengthOf(rows, 0)
  })

  it("ends with the error of a sink that cannot be written; a later run goes on", () => {
    const { calls, records, run } = bench()
    const error = new Sink.SinkError({ reason: "Write", sink: "test", detail: "disk full" })
    const full: typeof Sink.Sink.Service = {
      ...Sink.memory([]),
      open: () =>
        Effect.map(Ref.make(0), (written): Sink.Writer => ({
          position: 0,
          write: (rows) =>
            Effect.flatMap(Ref.updateAndGet(written, (count) => count + rows.length), (count) =>
              count > 300 ? error : Effect.void),
          keep: () =>
            Effect.void,
          complete: Effect.void
        }))
    }
    assert.strictEqual(succeed(simulate(Effect.flip(run(codes(1000), {}, full)))), error)
    assert.isBelow(calls.size, 1000)
    succeed(simulate(run(codes(1000))))
    assert.lengthOf(records(), 1000)
    assert.isTrue([...calls.values()].every((count) => count <= 2))
  })

  it("reads all of the source before the first call", () => {
    const { calls, run } = bench()
    const source: Source.Source = {
      ...Source.codes([]),
      entries: Source.bytes(
        "list.ndjson",
        Stream.make(new TextEncoder().encode(`${codes(9000).map((code) => JSON.stringify(code)).join("\n")}\n{`))
      )
        .entries
    }
    const exit = simulate(Effect.flip(run([], { source })))
    assert.deepInclude(succeed(exit), { _tag: "SourceError", reason: "Syntax", line: 9001 })
    assert.strictEqual(calls.size, 0)
  })

  it("tells at its end what the readers of its output should know", () => {
    const { ledger, lookup } = bench()
    const sink: typeof Sink.Sink.Service = {
      ...Sink.memory([]),
      open: (given) =>
        Effect.map(
          Sink.memory([]).open(given),
          (writer) => ({ ...writer, warnings: () => [{ message: "mind the gap" }] })
        )
    }
    const warningsTo = (sink: typeof Sink.Sink.Service) => {
      const { details, run } = standing(Rollcall.make(lookup, { source: Source.codes(["a"]), policy }))
      return succeed(simulate(
        Effect.zipRight(run, details).pipe(Effect.provide(ledger), Effect.provideService(Sink.Sink, sink))
      )).warnings
    }
    assert.deepStrictEqual(warningsTo(sink), [{ message: "mind the gap" }])
    assert.deepStrictEqual(warningsTo(Sink.memory([])), [])
  })

  it("refuses a ledger of another request", () => {
    const { ledger, run } = bench()
    succeed(simulate(run(["a"])))
    const other = Lookup.make("counting", () => Effect.succeed(1), { version: "2" })
    const exit = simulate(
      Rollcall.run(other, { source: Source.codes(["a"]) }).pipe(
        Effect.provide(ledger),
        Effect.provideService(Sink.Sink, Sink.memory([])),
        Effect.flip
      )
    )
    const error = succeed(exit)
    assert.deepInclude(error, { _tag: "LedgerError", reason: "Mismatch" })
    assert.include(error.message, "version")
  })

  it("fails rather than hangs when its list is changed by somebody else", () => {
    const { ledger, lookup } = bench()
    const real = Context.get(ledger, Ledger)
    const exit = simulate(
      Rollcall.run(lookup, { source: Source.codes(codes(100)), policy }).pipe(
        Effect.provideService(Ledger, Ledger.of({ ...real, rows: () => Effect.succeed([]) })),
        Effect.provideService(Sink.Sink, Sink.memory([])),
        Effect.flip
      )
    )
    assert.deepInclude(succeed(exit), { _tag: "LedgerError", reason: "Read" })
  })

  it("reads and commits large answers few at a time", () => {
    const { ledger } = bench()
    const real = Context.get(ledger, Ledger)
    let [largest, most] = [0, 0]
    const size = (rows: ReadonlyArray<{ readonly body: string | null }>) =>
      rows.reduce((sum, { body }) => sum + (body?.length ?? 0), 0)
    const watched = Ledger.of({
      ...real,
      rows: (list, ordinal, limit) =>
        Effect.tap(real.rows(list, ordinal, limit), (rows) => {
          largest = Math.max(largest, size(rows))
          return Effect.void
        }),
      record: (list, outcomes) => {
        most = Math.max(most, size(outcomes))
        return real.record(list, outcomes)
      }
    })
    const large = Lookup.make("large", () => Effect.succeed("x".repeat(1024 * 1024)))
    const run = Rollcall.run(large, { source: Source.codes(codes(scale(70, 200, 200))), policy }).pipe(
      Effect.provideService(Ledger, watched),
      Effect.provideService(Sink.Sink, Sink.all([]))
    )
    succeed(simulate(run))
    succeed(simulate(run))
    assert.isAtMost(largest, 32 * 1024 * 1024)
    assert.isAtMost(most, 8 * 1024 * 1024)
  })

  it("takes columns that only later rows have", () => {
    const lookup = Lookup.make("year", (_, question) => Effect.succeed(question.values.year), { inputs: ["year"] })
    const entry = (line: number): Entry.Entry => ({
      line,
      input: `v${line}`,
      columns: line < 5000 ? { vin: `v${line}` } : { vin: `v${line}`, year: "2001" }
    })
    const source: Source.Source = {
      ...Source.codes([]),
      entries: Stream.fromIterable(Array.from({ length: 5001 }, (_, index) => entry(index)))
    }
    const run = Rollcall.run(lookup, { source, policy: { ...policy, allowNone: true } }).pipe(
      Effect.provide(Memory.layer),
      Effect.provideService(Sink.Sink, Sink.memory([]))
    )
    assert.strictEqual(succeed(simulate(run)).outcomes.found, 5001)
  })

  it("asks one question for each set of the values that the request uses", () => {
    const asked: Array<Entry.Question> = []
    const lookup = Lookup.make("year", (_, question) =>
      Effect.sync(() => {
        asked.push(question)
        return question.values.year
      }), { inputs: ["year"] })
    const rows: Array<Row> = []
    const entry = (vin: string, year: string, line: number) => ({
      line,
      input: vin,
      columns: { vin, year, note: `n${line}` }
    })
    const source: Source.Source = {
      ...Source.codes([]),
      column: "vin",
      entries: Stream.fromIterable([
        entry("v1", "2001", 2),
        entry("v1", "2002", 3),
        entry("v1", "2001", 4),
        entry("v2", "2001", 5)
      ])
    }
    succeed(simulate(
      Rollcall.run(lookup, { source, policy }).pipe(
        Effect.provide(Memory.layer),
        Effect.provideService(Sink.Sink, Sink.memory(rows))
      )
    ))
    assert.deepStrictEqual(asked.map(({ code, values }) => `${code}/${values.year}`), ["v1/2001", "v1/2002", "v2/2001"])
    assert.deepStrictEqual(rows.map(({ body }) => body), [`"2001"`, `"2002"`, `"2001"`, `"2001"`])
    assert.deepStrictEqual(rows.map(({ isRepeat }) => isRepeat), [false, false, true, false])
  })

  it("keeps a LookupError of a lookup of one's own, and judges it by its reason", () => {
    let calls = 0
    const lookup = Lookup.make(
      "flaky",
      () =>
        Effect.suspend(() =>
          ++calls === 2 ? new LookupError({ reason: "transport", message: "reset" }) : Effect.succeed(1)
        )
    )
    const outcomes = succeed(simulate(Rollcall.forEach(lookup, ["a", "b"], { ...policy, concurrency: 1 })))
    assert.deepStrictEqual(outcomes.map(({ attempts, outcome }) => [outcome, attempts]), [["found", 1], ["found", 2]])
  })
})

/** Which answered questions are asked again: none, but for what is given. */
const redo = (given: Redo): ReadonlyArray<Redo> => [given]

describe("Rollcall.run: several lists", () => {
  it("shares outcomes, and keeps the lists apart", () => {
    const { calls, ledger, records, run } = bench()
    succeed(simulate(run(["a", "b"], { name: "A" })))
    const second = succeed(simulate(run(["b", "c", "a!"], { name: "B" })))
    assert.deepInclude(second, { entries: 3, known: 1, calls: 2 })
    assert.deepStrictEqual(records(), ["b:found", "c:found", "a!:failed"])
    const third = succeed(simulate(run(["a", "b"], { name: "A" })))
    assert.deepInclude(third, { entries: 2, known: 2, calls: 0 })
    assert.deepInclude(third.outcomes, { found: 2, failed: 0 })
    assert.deepStrictEqual(records(), ["a:found", "b:found"])
    assert.deepStrictEqual([...calls], [["a", 1], ["b", 1], ["c", 1], ["a!", 1]])
    const lists = succeed(simulate(Effect.provide(Effect.flatMap(Ledger, ({ lists }) => lists), ledger)))
    // the one used last comes first
    assert.deepStrictEqual(lists.map(({ entries, name }) => [name, entries]), [["A", 2], ["B", 3]])
  })

  it("is called by the first output, else by the source", () => {
    const { ledger, run } = bench()
    const named: typeof Sink.Sink.Service = { ...Sink.memory([]), outputs: ["a.csv", "b.csv"], select: ["x=y"] }
    succeed(simulate(run(["a"])))
    succeed(simulate(run(["a"], {}, named)))
    succeed(simulate(run(["a"], { name: "C" }, named)))
    const lists = succeed(simulate(Effect.provide(Effect.flatMap(Ledger, ({ lists }) => lists), ledger)))
    assert.deepStrictEqual(lists.map(({ name, outputs, select }) => [name, outputs, select]), [
      ["C", ["a.csv", "b.csv"], ["x=y"]],
      ["a.csv", ["a.csv", "b.csv"], ["x=y"]],
      [Source.codes([]).name, [], []]
    ])
  })
})

describe("Rollcall.run: asking again", () => {
  /** Codes that failed once are found when they are asked again. */
  const mending = () => {
    const calls: Array<string> = []
    const broken = new Set<string>()
    const lookup = Lookup.make("mending", (code) =>
      Effect.gen(function*() {
        calls.push(code)
        yield* Effect.sleep(Duration.millis(10))
        if (code.includes("?")) return undefined
        if (code.includes("!") && !broken.has(code)) {
          broken.add(code)
          return yield* Effect.fail("broken" as const)
        }
        return { at: calls.length }
      }))
    const rows: Array<Row> = []
    const ledger = Effect.runSync(Effect.scoped(Layer.build(Memory.layer)))
    const run = (codes: ReadonlyArray<string>, options: Partial<Rollcall.RunOptions<never>> = {}) =>
      Rollcall.run(lookup, { source: Source.codes(codes), policy: { ...policy, allowNone: true }, ...options }).pipe(
        Effect.provide(ledger),
        Effect.provideService(Sink.Sink, Sink.memory(rows))
      )
    return { calls, ledger, rows, run }
  }

  const codes = ["a", "b!", "c?", "d!", "e"]
  const cases: ReadonlyArray<readonly [what: string, which: Redo, asked: ReadonlyArray<string>]> = [
    ["failed", { outcomes: ["failed"] }, ["b!", "d!"]],
    ["failed or not found", { outcomes: ["failed", "not_found"] }, ["b!", "c?", "d!"]],
    ["a status", { statuses: [[200, 200]] }, ["a", "c?", "e"]],
    ["another status", { statuses: [[503, 503]] }, []],
    ["settled before", { outside: [1_000_000, 1e15] }, codes],
    ["settled before it began", { outside: [0, 1e15] }, []],
    ["invalid", { outcomes: ["invalid"] }, []],
    ["forgotten", { forgotten: true }, []]
  ]
  it.each(cases)("asks exactly those that are %s", (_, which, asked) => {
    const { calls, rows, run } = mending()
    succeed(simulate(run(codes)))
    calls.length = 0
    const listings: Array<Rollcall.Listing> = []
    const onBegin = (listing: Rollcall.Listing) => Effect.sync(() => void listings.push(listing))
    const summary = succeed(simulate(run(codes, { redo: redo(which), onBegin })))
    assert.deepStrictEqual(calls.toSorted(), asked)
    assert.deepStrictEqual(listings.map(({ redone }) => redone), [[asked.length]])
    assert.deepInclude(summary, { known: 5 - asked.length, calls: asked.length, pending: 0 })
    assert.deepStrictEqual(
      rows.map(({ input, outcome }) => [input, outcome]),
      codes.map((code) => [
        code,
        code.includes("?") ? "not_found" : code.includes("!") && !asked.includes(code) ? "failed" : "found"
      ])
    )
  })

  it.each(["with --redo", "without"])("goes on %s where it was stopped, and does not start over", (how) => {
    const { calls, run } = mending()
    const many = Array.from({ length: 40 }, (_, index) => `c${index}!`)
    succeed(simulate(run(many)))
    calls.length = 0
    const again = { redo: redo({ outcomes: ["failed", "found"] }) }
    simulate(Effect.gen(function*() {
      const fiber = yield* Effect.fork(run(many, again))
      yield* Effect.sleep(Duration.millis(45))
      yield* Fiber.interrupt(fiber)
    }))
    assert.isAbove(calls.length, 4)
    assert.isBelow(calls.length, 40)
    const summary = succeed(simulate(run(many, how === "without" ? {} : again)))
    assert.deepStrictEqual(calls.toSorted(), many.toSorted())
    assert.strictEqual(summary.outcomes.found, 40)
    // this one is finished, so the next begins
    succeed(simulate(run(many, again)))
    assert.lengthOf(calls, 80)
  })
})

describe("Rollcall.run: what was forgotten", () => {
  const forget = Effect.flatMap(Ledger, ({ forget }) => forget({}))
  /** A sink that holds all of a list of `entries`. */
  const complete = (entries: number, written: Array<Row> = []): typeof Sink.Sink.Service => ({
    ...Sink.memory([]),
    open: ({ list }) =>
      Effect.succeed({
        position: list.entries === entries ? entries : 0,
        write: (rows) => Effect.sync(() => written.push(...rows)),
        keep: () => Effect.void,
        complete: Effect.void
      })
  })

  it("is no obstacle to an output that is complete", () => {
    const { calls, ledger, run } = bench()
    succeed(simulate(run(["a", "b"])))
    assert.strictEqual(succeed(simulate(Effect.provide(forget, ledger))), 2)
    assert.deepInclude(succeed(simulate(run(["a", "b"], {}, complete(2)))), { known: 2, calls: 0 })
    assert.strictEqual(calls.size, 2)
  })

  it("ends a run whose output needs it before anything is asked", () => {
    const { calls, ledger, records, run } = bench()
    succeed(simulate(run(["a", "b!", ""])))
    succeed(simulate(Effect.provide(forget, ledger)))
    const begun: Array<string> = []
    const onBegin = () => Effect.sync(() => void begun.push("begun"))
    const error = succeed(simulate(Effect.flip(run(["a", "b!", "", "c"], { onBegin }, complete(3)))))
    assert.deepInclude(error, { _tag: "LedgerError", reason: "Forgotten" })
    assert.match(
      error.message,
      /^the answer of 1 code was forgotten, and the output needs it$/
    )
    assert.deepStrictEqual([calls.has("c"), begun], [false, []])
    const summary = succeed(simulate(run(["a", "b!", "", "c"], { redo: redo({ forgotten: true }) })))
    assert.deepInclude(summary, { known: 1, calls: 2 })
    assert.deepStrictEqual(records(), ["a:found", "b!:failed", ":invalid", "c:found"])
    assert.deepStrictEqual([...calls], [["a", 2], ["b!", 1], ["c", 1]])
  })

  it("does not matter where there was no answer", () => {
    const { ledger, run } = bench()
    succeed(simulate(run(["a!", "b!"])))
    succeed(simulate(Effect.provide(forget, ledger)))
    assert.deepInclude(succeed(simulate(run(["a!", "b!", "c"]))), { known: 2, calls: 1 })
  })
})

describe("Rollcall.run: replies read in another way", () => {
  it("are read again without a call, and the output follows", () => {
    const { calls, ledger, lookup, records, run } = bench()
    succeed(simulate(run(["a", "b", "c!"])))
    const other = {
      ...lookup,
      reading: "no b",
      read: (reply: Reply) => reply.body.includes("B") ? Classify.notFound : lookup.read(reply)
    }
    const rows: Array<Row> = []
    let revised = 0
    const onBegin = (listing: Rollcall.Listing) =>
      Effect.sync(() => {
        revised = listing.revised
      })
    const reread = Rollcall.run(other, { source: Source.codes(["a", "b", "c!"]), policy, onBegin }).pipe(
      Effect.provide(ledger),
      Effect.provideService(Sink.Sink, Sink.memory(rows))
    )
    const summary = succeed(simulate(reread))
    assert.deepInclude(summary.outcomes, { found: 1, not_found: 1, failed: 1 })
    assert.deepInclude(summary, { known: 3, calls: 0 })
    assert.strictEqual(revised, 1)
    assert.deepStrictEqual(rows.map(({ input, outcome }) => `${input}:${outcome}`), [
      "a:found",
      "b:not_found",
      "c!:failed"
    ])
    succeed(simulate(run(["a", "b", "c!"])))
    assert.deepStrictEqual(records(), ["a:found", "b:found", "c!:failed"])
    assert.isTrue([...calls.values()].every((count) => count === 1))
  })
})
