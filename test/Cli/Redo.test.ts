import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Schema, TestClock } from "effect"
import * as Redo from "../../src/Cli/Redo.ts"
import { found, records, type Reply, scripted, until } from "../command.ts"

const none = { outcomes: [], statuses: [], before: undefined, forgotten: false }

describe("Redo.parse", () => {
  const day = 86_400_000
  const cases: ReadonlyArray<readonly [words: ReadonlyArray<string>, redo: unknown]> = [
    [[], undefined],
    [["failed"], { ...none, outcomes: ["failed"] }],
    [["not_found,failed"], { ...none, outcomes: ["not_found", "failed"] }],
    [["failed", "not_found", "failed"], { ...none, outcomes: ["not_found", "failed"] }],
    [["status=503,status=429"], { ...none, statuses: [503, 429] }],
    [["forgotten"], { ...none, forgotten: true }],
    [["older-than=30d"], { ...none, before: 60 * day }],
    // the youngest of the ages says it all
    [["older-than=30d", "older-than=2h,older-than=60d"], { ...none, before: 90 * day - 7_200_000 }],
    [["failed,status=404", "forgotten"], { outcomes: ["failed"], statuses: [404], before: undefined, forgotten: true }]
  ]
  it.effect.each(cases)("%j", ([words, redo]) =>
    Effect.gen(function*() {
      yield* TestClock.setTime(90 * day)
      assert.deepStrictEqual(yield* Redo.parse(words), redo as never)
    }))

  const words = Schema.decodeEither(Redo.Words)
  it.each(["failed", "found,skipped,invalid", "status=503", "older-than=1ms", "older-than=30d,failed"])(
    "%s is taken",
    (text) => assert.isTrue(Either.isRight(words(text)))
  )
  it.each(["", "faild", "failed,", "status=", "status=99", "status=600", "status=5xx", "older-than=", "older-than=30"])(
    "%j is refused",
    (text) => assert.isTrue(Either.isLeft(words(text)))
  )
})

/** Codes with an x are not found, those with a ! fail. */
const mixed = (code: string): Reply => code.includes("x") ? [404, ""] : code.includes("!") ? [503, "oops"] : found(code)

const outcomes = (text: string) => records(text).map(({ code, outcome }) => `${code} ${outcome}`)

describe.concurrent("rollcall run --redo", { timeout: 60_000 }, () => {
  it.scopedLive("a run with failures says how to ask them again, and that asks exactly them", () =>
    Effect.gen(function*() {
      const { answer, asked, read, run } = yield* scripted(["a", "b!", "x", "c!", "b!"], mixed)
      const first = yield* run()
      assert.strictEqual(first.exit, 3)
      assert.match(first.stderr, /^ {2}2 {2}failed; --redo failed asks them again$/m)
      answer(mixed)
      const again = yield* run()
      assert.strictEqual(again.exit, 3)
      assert.match(
        again.stderr,
        /\nnothing to ask: 4 codes \(5 entries\) answered already\n {2}1 {2}found\n {2}1 {2}not found\n {2}2 {2}failed; --redo failed asks them again\n/
      )
      assert.deepStrictEqual(asked, [])
      answer((code) => code === "b!" ? found(code) : mixed(code))
      const redone = yield* run("--redo", "failed")
      assert.strictEqual(redone.exit, 3)
      assert.deepStrictEqual(asked.toSorted(), ["b!", "c!"])
      assert.match(redone.stderr, /^list: 5 entries \(1 repeat, 2 answered already, 2 asked again\)$/m)
      assert.deepStrictEqual(outcomes(read("out.ndjson")), [
        "a found",
        "b! found",
        "x not_found",
        "c! failed",
        "b! found"
      ])
      const cases: ReadonlyArray<readonly [which: string, asked: ReadonlyArray<string>]> = [
        ["not_found", ["x"]],
        ["status=503", ["c!"]],
        ["status=500,older-than=30d", []],
        ["older-than=1ms", ["a", "b!", "c!", "x"]]
      ]
      for (const [which, expected] of cases) {
        answer(mixed)
        yield* run("--redo", which)
        assert.deepStrictEqual(asked.toSorted(), expected)
      }
      assert.deepStrictEqual(outcomes(read("out.ndjson")), [
        "a found",
        "b! failed",
        "x not_found",
        "c! failed",
        "b! failed"
      ])
    }))

  const codes = ["a!", "b!", "c!", "d!", "e!", "f"]
  it.scopedLive.each([["the plain command", []], ["the same command", ["--redo", "failed"]]] as const)(
    "killed in the middle, %s goes on with the rest",
    ([, words]) =>
      Effect.gen(function*() {
        const { answer, asked, list, read, rollcall, run, start } = yield* scripted(codes, mixed)
        assert.strictEqual((yield* run()).exit, 3)
        const old = read("out.ndjson")
        answer((code) => code === "d!" ? undefined : found(code))
        const running = yield* start("--redo", "failed")
        yield* until(() => asked.includes("d!"))
        yield* Effect.repeat(rollcall("status", "out.ndjson"), {
          until: ({ stdout }) => stdout.startsWith("out.ndjson: 4 of 6 codes answered (4 found), 2 pending; running")
        })
        running.process.kill("SIGKILL")
        yield* running.ended
        assert.deepStrictEqual([asked, read("out.ndjson")], [["a!", "b!", "c!", "d!"], old])
        // what is new of the list is asked with the rest
        list([...codes, "g"])
        answer(found)
        assert.strictEqual((yield* run(...words)).exit, 0)
        assert.deepStrictEqual(asked, ["d!", "e!", "g"])
        assert.deepStrictEqual(outcomes(read("out.ndjson")), [...codes, "g"].map((code) => `${code} found`))
      })
  )

  it.scopedLive("a word that means nothing is told, exit 2", () =>
    Effect.gen(function*() {
      const { asked, files, run } = yield* scripted(["a"])
      const { exit, stderr } = yield* run("--redo", "failed,faild")
      assert.strictEqual(exit, 2)
      assert.strictEqual(
        stderr,
        "rollcall: --redo: it is one of found, not_found, invalid, failed, skipped, forgotten, status=503, older-than=30d\n"
      )
      assert.deepStrictEqual([asked, files()], [[], ["list"]])
    }))
})
