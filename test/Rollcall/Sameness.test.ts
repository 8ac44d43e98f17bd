import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Reply, run, scripted } from "../command.ts"

const codes = (count: number) => Array.from({ length: count }, (_, index) => `c${index}`)

const setUp = (count: number, reply: (code: string) => Reply) =>
  Effect.map(scripted(codes(count), reply), (api) => ({
    ...api,
    rollcall: (...words: ReadonlyArray<string>) =>
      run(["run", "list", ...api.words, "-o", "out.ndjson", ...words], { cwd: api.cwd, env: { KEY: "k".repeat(12) } }),
    status: run(["status"], { cwd: api.cwd })
  }))

const word = /^all (\d+) answers are the same: (.*)$/m

describe("answers that are all the same", () => {
  const cases: ReadonlyArray<readonly [body: string, rule: string]> = [
    ["[]", "--not-found-when '!@'"],
    ["{\"error\":\"no such plan\"}", "--failed-when error"],
    ["{\"status\":\"ZERO\",\"results\":[]}", "--not-found-when status=ZERO"]
  ]
  for (const [body, rule] of cases) {
    it.scopedLive(`are told, also by --quiet and by status, with the rule against them: ${body}`, () =>
      Effect.gen(function*() {
        const { asked, rollcall, status } = yield* setUp(8, (code) => code === "c2" ? [404, ""] : [200, body])
        const { exit, stderr } = yield* rollcall("--quiet")
        assert.strictEqual(exit, 0)
        assert.deepStrictEqual(word.exec(stderr)?.slice(1), ["7", body])
        assert.include(stderr, rule)
        assert.include((yield* status).stdout, `  all 7 answers are the same: ${body}\n`)
        // it is told as long as it is so, and the rule ends it
        assert.match((yield* rollcall()).stderr, word)
        const [flag, value] = rule.split(" ")
        const ruled = yield* rollcall(flag!, value!.replaceAll("'", ""))
        assert.notMatch(ruled.stderr, word)
        assert.match(ruled.stderr, /[78] {2}(?:not found|failed)/)
        assert.notMatch((yield* status).stdout, /are the same/)
        assert.lengthOf(asked, 8)
      }))
  }

  it.scopedLive("are shown where they were none before a rule was taken away", () =>
    Effect.gen(function*() {
      const body = "{\"data\":null}"
      const { asked, rollcall, status } = yield* setUp(6, () => [200, body])
      assert.strictEqual((yield* rollcall("--not-found-when", "!data")).exit, 0)
      const { stderr } = yield* rollcall()
      assert.deepStrictEqual(word.exec(stderr)?.slice(1), ["6", body])
      assert.include((yield* status).stdout, `  all 6 answers are the same: ${body}\n`)
      assert.lengthOf(asked, 6)
    }))

  const quiet: ReadonlyArray<readonly [what: string, words: ReadonlyArray<string>, reply: (code: string) => Reply]> = [
    ["but for one", [], (code) => [200, code === "c7" ? "{\"a\":1}" : "{}"]],
    ["and have no body", ["-X", "HEAD"], () => [200, ""]],
    ["where each call writes", ["-X", "PUT", "-d", "{\"q\":\"{code}\"}"], () => [200, "{\"ok\":true}"]],
    ["and a rule finds them", ["--found-when", "ok"], () => [200, "{\"ok\":true}"]]
  ]
  for (const [what, words, reply] of quiet) {
    it.scopedLive(`are no news ${what}`, () =>
      Effect.gen(function*() {
        const { rollcall, status } = yield* setUp(8, reply)
        const { exit, stderr } = yield* rollcall(...words)
        assert.strictEqual(exit, 0, stderr)
        assert.notMatch(stderr + (yield* status).stdout, /the same/)
      }))
  }

  it.scopedLive("are counted over all runs, and are no news where they are few, or another one has come", () =>
    Effect.gen(function*() {
      const { list, rollcall, answer, status } = yield* setUp(4, () => [200, "{}"])
      assert.notMatch((yield* rollcall()).stderr, word)
      list(codes(6))
      assert.strictEqual(word.exec((yield* rollcall()).stderr)?.[1], "6")
      list(codes(7))
      answer(() => [200, "{\"a\":1}"])
      assert.notMatch((yield* rollcall()).stderr + (yield* status).stdout, word)
    }))

  it.scopedLive("are told without the key that they repeat, and early on where the list is long", () =>
    Effect.gen(function*() {
      const { rollcall } = yield* setUp(120, () => [200, `{"error":"${"k".repeat(12)} is no key"}`])
      const { stderr } = yield* rollcall("-H", "X-Key: ${KEY}")
      assert.strictEqual(word.exec(stderr)?.[2], "{\"error\":\"REDACTED is no key\"}")
      assert.notInclude(stderr, "kkkk")
      assert.match(stderr, /^warning: the first 100 answers of this run are the same: \{"error":"REDACTED/m)
    }))
})
