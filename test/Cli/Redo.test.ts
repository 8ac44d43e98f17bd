import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Option, Schema, TestClock } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Redo from "../../src/Cli/Redo.ts"
import { Words } from "../../src/Job/Redo.ts"
import { folder, found, records, type Reply, scripted, until } from "../command.ts"
import * as Sqlite from "../sqlite.ts"

describe("Redo.parse", () => {
  const day = 86_400_000
  const now = 90 * day
  const skew = 60_000
  const cases: ReadonlyArray<readonly [words: ReadonlyArray<string>, which: ReadonlyArray<object>]> = [
    [[], []],
    [["failed"], [{ outcomes: ["failed"] }]],
    [["not_found,failed"], [{ outcomes: ["not_found"] }, { outcomes: ["failed"] }]],
    [["status=503,status=4xx"], [{ statuses: [[503, 503]] }, { statuses: [[400, 499]] }]],
    [["forgotten"], [{ forgotten: true }]],
    // what a wrong clock put into the future is of no age that is known
    [["older-than=30d"], [{ outside: [60 * day, now + skew] }]],
    [["newer-than=1h"], [{ since: now - 3_600_000 }]],
    [["not_found&older-than=7d", "found"], [
      { outcomes: ["not_found"], outside: [83 * day, now + skew] },
      { outcomes: ["found"] }
    ]],
    [["older-than=1970-02-01"], [{ outside: [new Date("1970-02-01T00:00:00").getTime(), now + skew] }]]
  ]
  const parse = (redo: ReadonlyArray<string>, redoCodes = Option.none<string>()) =>
    Effect.provide(Redo.parse({ redo, redoCodes }), NodeFileSystem.layer)
  it.effect.each(cases)("%j", ([words, which]) =>
    Effect.gen(function*() {
      yield* TestClock.setTime(now)
      const parsed = yield* parse(words)
      assert.deepStrictEqual(parsed.which, which as never)
      assert.strictEqual(parsed.words.length, which.length)
    }))

  it.scoped("takes codes from a file", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "codes")
      writeFileSync(file, "a\r\n\n b \n")
      const { which, words } = yield* parse(["failed"], Option.some(file))
      assert.deepStrictEqual(which, [{ outcomes: ["failed"] }, { codes: ["a", "b"] }])
      assert.deepStrictEqual(words, ["failed", `named in ${file}`])
      const refused = yield* Effect.flip(parse([], Option.some(`${file}-not`)))
      assert.match(refused.message, /^--redo-codes .*-not: there is no such file$/)
    }))

  const words = Schema.decodeEither(Words)
  it.each([
    "failed",
    "found,forgotten,invalid",
    "status=503",
    "status=5xx",
    "older-than=1ms",
    "older-than=30d,failed",
    "newer-than=2026-11-20",
    "found & older-than=2d"
  ])("%s is taken", (text) => assert.isTrue(Either.isRight(words(text))))
  it.each([
    "",
    "faild",
    "failed,",
    "failed&",
    "status=",
    "status=99",
    "status=600",
    "status=6xx",
    "older-than=",
    "older-than=30",
    "older-than=2026-13-45",
    "since=1h"
  ])("%j is refused", (text) => assert.isTrue(Either.isLeft(words(text))))
})

/** Codes with an x are not found, those with a ! fail. */
const mixed = (code: string): Reply => code.includes("x") ? [404, ""] : code.includes("!") ? [503, "oops"] : found(code)

const outcomes = (text: string) => records(text).map(({ code, outcome }) => `${code} ${outcome}`)

describe.concurrent("rollcall run --redo", () => {
  it.scopedLive("a run with failures says how to ask them again, and that asks exactly them", () =>
    Effect.gen(function*() {
      const { answer, asked, plan, read, run } = yield* scripted(["a", "b!", "x", "c!", "b!"], mixed)
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
      const planned = yield* plan("--redo", "failed,not_found", "--redo", "status=503")
      assert.include(planned.stdout, "\n  1 answered already in out.ndjson.ledger\n")
      assert.match(
        planned.stdout,
        /\n {2}2 answered, and asked again: failed\n {2}1 .*: not_found\n {2}0 .*: status=503\nwould ask: 3 questions\n/
      )
      assert.deepStrictEqual(asked, [])
      answer((code) => code === "b!" ? found(code) : mixed(code))
      const redone = yield* run("--redo", "failed")
      assert.strictEqual(redone.exit, 3)
      assert.deepStrictEqual(asked.toSorted(), ["b!", "c!"])
      assert.match(redone.stderr, /^list: 5 entries \(1 repeat, 2 answered already\)\nasked again: 2 failed$/m)
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
        "b! found",
        "x not_found",
        "c! failed",
        "b! found"
      ])
      // an answer is replaced by an answer alone
      const stale = records(read("out.ndjson"))[1]!
      assert.nestedInclude(stale, { outcome: "found", stale: true, "answer.city": "City of b!" })
    }))

  it.scopedLive("leaves the answers of a good day when the server is wrong about all of them", () =>
    Effect.gen(function*() {
      const codes = ["a", "b", "c", "d"]
      const { answer, asked, read, rollcall, run, start } = yield* scripted(codes)
      yield* run()
      const before = records(read("out.ndjson"))
      answer(() => [500, "down"])
      const { exit, stderr } = yield* run("--redo", "found", "--breaker", "off")
      assert.strictEqual(exit, 3)
      assert.match(stderr, /\n4 asked again in vain: the answers of \d{4}-\d\d-\d\d stay; --redo failed asks them\n/)
      const after = records(read("out.ndjson"))
      for (const [index, record] of after.entries()) {
        assert.nestedInclude(record, { code: codes[index]!, at: before[index]!.at, outcome: "found", stale: true })
        assert.nestedPropertyVal(record, "error.type", "status")
      }
      const saved = (...more: ReadonlyArray<string>) => rollcall("export", "out.ndjson", ...more)
      assert.strictEqual((yield* saved("--only", "stale", "-q")).stdout, "a\nb\nc\nd\n")
      assert.include(
        (yield* saved()).stderr,
        "4 records written, 4 of them asked again in vain and as they were (--only stale has them)\n"
      )
      assert.strictEqual((yield* saved("--only", "failed", "-q")).stdout, "")
      // and the plain command says so as long as it is so
      answer(found)
      const plain = yield* run()
      assert.deepStrictEqual([plain.exit, asked], [3, []])
      assert.match(
        plain.stderr,
        /\n4 asked again in vain: the answers of \d{4}-\d\d-\d\d stay; --redo failed asks them\n/
      )
      assert.strictEqual((yield* rollcall("export", "out.ndjson", "--only", "found")).stdout, "a\nb\nc\nd\n")
      // a redo that is stopped half way hides nothing
      answer((code) => code === "c" ? undefined : found(code))
      const running = yield* start("--redo", "failed")
      yield* until(() => asked.includes("c"))
      running.process.kill("SIGKILL")
      yield* running.ended
      const exported = records((yield* rollcall("export", "out.ndjson")).stdout)
      assert.deepStrictEqual(
        exported.map(({ code, outcome }) => `${code} ${outcome}`),
        codes.map((code) => `${code} found`)
      )
      answer(found)
      assert.strictEqual((yield* run()).exit, 0)
      assert.notInclude(read("out.ndjson"), "stale")
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

  it.scopedLive("stops where nothing is found any more of what was found, and keeps it", () =>
    Effect.gen(function*() {
      const codes = Array.from({ length: 40 }, (_, index) => `c${index}`)
      const { answer, asked, read, rollcall, words } = yield* scripted(codes)
      const run = (...more: ReadonlyArray<string>) =>
        rollcall("run", "list", ...words.filter((word) => word !== "--allow-none"), "-o", "out.ndjson", ...more)
      yield* run()
      const before = read("out.ndjson")
      const isGone = (code: string) => Number(code.slice(1)) >= 5
      answer((code) => isGone(code) ? [404, ""] : found(code))
      const { exit, stderr } = yield* run("--redo", "found", "-q")
      assert.strictEqual(exit, 4, stderr)
      assert.isAtLeast(asked.length, 25)
      assert.match(
        stderr,
        /stopped: 20 codes in a row were found before and are not now: is the request right\?\n35 pending: .*--allow-none goes on\n$/
      )
      assert.strictEqual(read("out.ndjson"), before)
      assert.lengthOf((yield* rollcall("export", "out.ndjson", "--only", "found")).stdout.trim().split("\n"), 40)
      // one that is found in between is a sign that the request is right
      answer((code) => Number(code.slice(1)) % 15 > 0 ? [404, ""] : found(code))
      const mended = yield* run()
      assert.strictEqual(mended.exit, 0, mended.stderr)
      assert.match(mended.stderr, /\n33 codes that were found before are not found now\n/)
    }))

  it.scopedLive("how old the answers are is told from a day on", () =>
    Effect.gen(function*() {
      const { cwd, plan, run } = yield* scripted(["a", "b"])
      yield* run()
      assert.notInclude((yield* run()).stderr, "ago")
      const then = Date.now() - 118.5 * 86_400_000
      yield* Sqlite.query(join(cwd, "out.ndjson.ledger"), `update outcome set at = ${then} where question = 2`)
      assert.match(
        (yield* run()).stderr,
        /\n2 answered already, the oldest 118 days ago: --redo older-than=30d asks again\n/
      )
      assert.match((yield* plan()).stdout, /\n {4}the oldest 118 days ago: --redo older-than=30d asks again\n/)
      assert.notInclude((yield* run("--redo", "older-than=30d")).stderr, "ago")
      assert.notInclude((yield* run()).stderr, "ago")
    }))

  it.scopedLive("a word that means nothing is told, exit 2", () =>
    Effect.gen(function*() {
      const { asked, files, run } = yield* scripted(["a"])
      const { exit, stderr } = yield* run("--redo", "failed,faild")
      assert.strictEqual(exit, 2)
      assert.strictEqual(
        stderr,
        "rollcall: --redo \"failed,faild\": it is one of found, not_found, invalid, failed, forgotten, status=503,"
          + " status=5xx, older-than=30d, newer-than=2026-11-20; with & all of them hold: not_found&older-than=7d\n"
      )
      assert.deepStrictEqual([asked, files()], [[], ["list"]])
    }))
})
