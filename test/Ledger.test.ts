import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { difference, Ledger, noList } from "../src/Ledger.ts"
import { answer, enroll, entries, ledgers, list, pending, rows, settle, short } from "./Ledger/fixture.ts"

describe.each(Object.keys(ledgers))("Ledger/%s", (name) => {
  /** A test with an empty ledger. */
  const test = (what: string, effect: Effect.Effect<void, unknown, Ledger>) =>
    it.effect(what, () => Effect.provide(effect, ledgers[name]!))

  test(
    "is empty at first",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      assert.deepStrictEqual(yield* ledger.list, noList)
      assert.deepStrictEqual(yield* ledger.rows(0, 10), [])
      assert.deepStrictEqual(yield* ledger.pending(0, 10), [])
      assert.deepStrictEqual(yield* ledger.rowsOf([1]), [])
      assert.deepStrictEqual(yield* ledger.counts, {
        entries: 0,
        questions: 0,
        refused: 0,
        outcomes: { found: 0, not_found: 0, invalid: 0, failed: 0, skipped: 0 }
      })
    })
  )

  test(
    "belongs to the request that it has answered, and says what differs in another",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      yield* ledger.begin({ url: "https://wrong/{code}", body: "sha256:1" })
      const request = { url: "https://api.example/{code}" }
      yield* ledger.begin(request)
      yield* enroll(entries(["a"]))
      yield* settle(["a"])
      yield* ledger.begin({ ...request })
      const error = yield* Effect.flip(ledger.begin({ url: "https://b/{code}", body: "sha256:2" }))
      assert.strictEqual(error.reason, "Mismatch")
      assert.strictEqual(
        error.message,
        "this ledger answers another request (url: https://api.example/{code} in the ledger, https://b/{code} now; "
          + "body: another value in the ledger): use --fresh to start anew, or another --ledger"
      )
      yield* ledger.begin(request)
    })
  )

  test(
    "keeps what it is told of the list, the last time",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      const given = list(1, { source: "ü.csv", columns: ["zip", ""], column: "zip", outputs: ["a", "b"] })
      yield* enroll(entries(["a", "b"]))
      yield* enroll(entries(["a"]), given)
      assert.deepStrictEqual(yield* ledger.list, given)
    })
  )

  test(
    "keeps every field as it is",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      const odd = "\"'\\\u0000\u2028\n\r\t{}[]🎉 ü"
      const [first, second] = entries([odd, "b"])
      yield* enroll([
        { ...first!, columns: JSON.stringify({ [odd]: odd }) },
        { ...second!, columns: "" },
        ...entries([""], 2)
      ])
      const [one, two] = yield* ledger.pending(0, 10)
      assert.strictEqual(one!.key, odd)
      const failed = { outcome: "failed", error: odd, ms: null, http_status: null, body: null } as const
      yield* ledger.record([
        answer(one!.question, { body: odd, ms: 0.1, at: 2 ** 52, attempts: 5, calls: 2 ** 31 }),
        answer(two!.question, failed)
      ])
      assert.deepStrictEqual(yield* ledger.rows(0, 10), [
        {
          ...first!,
          columns: JSON.stringify({ [odd]: odd }),
          ...answer(one!.question, { body: odd, ms: 0.1, at: 2 ** 52, attempts: 5, calls: 2 ** 31 }),
          isRepeat: false
        },
        { ...second!, columns: "", ...answer(two!.question, failed), isRepeat: false },
        {
          ...entries([""], 2)[0]!,
          question: 0,
          outcome: "invalid",
          http_status: null,
          attempts: 0,
          calls: 0,
          ms: null,
          at: 0,
          body: null,
          isRepeat: false
        }
      ])
    })
  )

  const first = ["a", "b", "", "a", "c", "d"]
  /** Each after `first`, of which b and d are answered. */
  const edits: ReadonlyArray<
    readonly [edit: string, codes: ReadonlyArray<string>, rows: ReadonlyArray<string>, pending: ReadonlyArray<string>]
  > = [
    ["the same", first, ["1 a: null", "2 b: \"b\"", "3 null: invalid", "4 a again: null", "5 c: null", "6 d: \"d\""], [
      "a",
      "c"
    ]],
    ["edited", ["a", "x", "y", "d", "c", ""], [
      "1 a: null",
      "2 x: null",
      "3 y: null",
      "4 d: \"d\"",
      "5 c: null",
      "6 null: invalid"
    ], ["a", "x", "y", "c"]],
    ["inserted", ["d", "a", "b", "", "a", "x", "c", "d"], [
      "1 d: \"d\"",
      "2 a: null",
      "3 b: \"b\"",
      "4 null: invalid",
      "5 a again: null",
      "6 x: null",
      "7 c: null",
      "8 d again: \"d\""
    ], ["a", "x", "c"]],
    ["deleted", ["b", "c", "d"], ["1 b: \"b\"", "2 c: null", "3 d: \"d\""], ["c"]],
    ["reordered", ["d", "c", "a", "", "b", "a"], [
      "1 d: \"d\"",
      "2 c: null",
      "3 a: null",
      "4 null: invalid",
      "5 b: \"b\"",
      "6 a again: null"
    ], ["c", "a"]],
    ["shorter", ["a", "b"], ["1 a: null", "2 b: \"b\""], ["a"]],
    ["longer", [...first, "e", "d"], [
      "1 a: null",
      "2 b: \"b\"",
      "3 null: invalid",
      "4 a again: null",
      "5 c: null",
      "6 d: \"d\"",
      "7 e: null",
      "8 d again: \"d\""
    ], ["a", "c", "e"]],
    ["another list", ["x", "y"], ["1 x: null", "2 y: null"], ["x", "y"]]
  ]
  for (const [edit, codes, expected, unanswered] of edits) {
    test(
      `goes on with a list that is ${edit}`,
      Effect.gen(function*() {
        const ledger = yield* Ledger
        yield* enroll(entries(first))
        yield* settle(["b", "d"])
        yield* enroll(entries(codes))
        assert.deepStrictEqual((yield* rows()).map(short), expected)
        for (const limit of [1, 2, 100]) assert.deepStrictEqual(yield* pending(limit), unanswered)
        const { outcomes, questions, refused, ...counts } = yield* ledger.counts
        assert.strictEqual(counts.entries, codes.length)
        assert.strictEqual(questions, new Set(codes.filter((code) => code !== "")).size)
        assert.strictEqual(refused, codes.filter((code) => code === "").length)
        assert.strictEqual(outcomes.found, questions - unanswered.length)

        yield* settle(unanswered)
        assert.deepStrictEqual(yield* pending(10), [])
        yield* enroll(entries(first))
        assert.deepStrictEqual(yield* pending(10), ["a", "c"].filter((code) => !unanswered.includes(code)))
      })
    )
  }

  test(
    "takes over other columns, lines and inputs",
    Effect.gen(function*() {
      yield* enroll(entries(["a", "b"]))
      yield* settle(["a"])
      const [a, b] = entries(["a", "b"])
      yield* enroll([
        { ...a!, line: 7, input: " a", columns: "{\"x\":1}" },
        { ...b!, key: null, error: "{\"type\":\"invalid_code\",\"message\":\"no\"}" }
      ])
      const [one, two] = yield* rows()
      assert.deepInclude(one!, { line: 7, input: " a", columns: "{\"x\":1}", outcome: "found", body: "\"a\"" })
      assert.deepInclude(two!, {
        key: null,
        outcome: "invalid",
        error: "{\"type\":\"invalid_code\",\"message\":\"no\"}"
      })
    })
  )

  test(
    "pages through the pending without a gap, each question once",
    Effect.gen(function*() {
      const codes = Array.from({ length: 300 }, (_, index) => index % 7 === 0 ? "" : `c${index % 50}`)
      yield* enroll(entries(codes))
      const answered = ["c1", "c5", "c49"]
      yield* settle(answered)
      const expected = [...new Set(codes)].filter((code) => code !== "" && !answered.includes(code))
      for (const limit of [1, 2, 7, 512]) assert.deepStrictEqual(yield* pending(limit), expected)
      const ledger = yield* Ledger
      const [page] = yield* ledger.pending(100, 1)
      assert.isUndefined(page, "their first entries are all before 100")
    })
  )

  test(
    "pages through the rows without a gap",
    Effect.gen(function*() {
      const codes = Array.from({ length: 100 }, (_, index) => `c${index}`)
      yield* enroll(entries(codes))
      for (const limit of [1, 7, 99, 100, 101]) {
        assert.deepStrictEqual((yield* rows(limit)).map(({ key }) => key), codes)
      }
    })
  )

  test(
    "keeps the first word on a question",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      yield* enroll(entries(["a", "b"]))
      yield* ledger.record([answer(1, { body: "1" })])
      yield* ledger.record([
        answer(1, { body: "2", outcome: "not_found" }),
        answer(2, { body: "3" }),
        answer(2, { body: "4" })
      ])
      assert.deepStrictEqual((yield* rows()).map(short), ["1 a: 1", "2 b: 3"])
    })
  )

  test(
    "gives the entries of questions in the order they are asked for",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      yield* enroll(entries(["a", "b", "a", "c", "", "b"]))
      yield* settle(["a", "b"])
      const ids = new Map((yield* rows()).map(({ key, question }) => [key, question]))
      const found = yield* ledger.rowsOf(["b", "c", "a"].map((key) => ids.get(key)!).concat(999))
      assert.deepStrictEqual(found.map(short), [
        "2 b: \"b\"",
        "6 b again: \"b\"",
        "4 c: null",
        "1 a: \"a\"",
        "3 a again: \"a\""
      ])
      assert.deepStrictEqual(yield* ledger.rowsOf([]), [])
    })
  )

  test(
    "counts the outcomes of the list at hand",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      yield* enroll(entries(["a", "b", "c", "d", "e", "a", "", "f"]))
      const kinds = ["found", "not_found", "invalid", "failed", "skipped"] as const
      yield* settle(["a", "b", "c", "d", "e"], (code) => ({ outcome: kinds["abcde".indexOf(code)]! }))
      const outcomes = { found: 1, not_found: 1, invalid: 1, failed: 1, skipped: 1 }
      assert.deepStrictEqual(yield* ledger.counts, { entries: 8, questions: 6, refused: 1, outcomes })
      yield* enroll(entries(["b", "b", "f"]))
      assert.deepStrictEqual(yield* ledger.counts, {
        entries: 3,
        questions: 2,
        refused: 0,
        outcomes: { found: 0, not_found: 1, invalid: 0, failed: 0, skipped: 0 }
      })
    })
  )

  test(
    "takes batches of any size",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      yield* ledger.enroll([])
      yield* ledger.record([])
      let done = 0
      for (const size of [1, 2, 255, 256, 257, 511, 1_000]) {
        const codes = Array.from({ length: size }, (_, index) => `c${done + index}`)
        yield* ledger.enroll(entries(codes, done))
        done += size
      }
      yield* ledger.enrolled(list(done))
      const ids = (yield* ledger.pending(0, done)).map(({ question }) => question)
      yield* ledger.record(ids.map((id) => answer(id, { body: String(id) })))
      const found = yield* rows()
      assert.deepStrictEqual(
        found.map(({ key, ordinal }) => `${ordinal} ${key}`),
        found.map((_, index) => `${index} c${index}`)
      )
      assert.isTrue(found.every(({ body, question }) => body === String(question)))
      assert.strictEqual(found.length, done)
    })
  )

  test(
    "takes 4,096 wide rows and long answers at once",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      const wide = JSON.stringify({ text: "\"ü".repeat(4_096) })
      const codes = Array.from({ length: 4_096 }, (_, index) => `c${index}`)
      yield* enroll(entries(codes).map((entry) => ({ ...entry, columns: wide })))
      const ids = (yield* ledger.pending(0, 256)).map(({ question }) => question)
      yield* ledger.record(ids.map((id) => answer(id, { body: wide + wide })))
      const found = yield* ledger.rows(255, 2)
      assert.deepStrictEqual(found.map(({ body, columns }) => [columns === wide, body === wide + wide]), [
        [true, true],
        [true, false]
      ])
    })
  )
})

describe("difference", () => {
  it.each<[mine: Record<string, string>, theirs: Record<string, string>, parts: ReadonlyArray<string>]>([
    [{ a: "1" }, { a: "1" }, []],
    [{ a: "1", b: "2" }, { b: "3", c: "4" }, [
      "a: 1 in the ledger, none now",
      "b: 2 in the ledger, 3 now",
      "c: none in the ledger, 4 now"
    ]],
    [{ a: "sha256:12" }, { a: "sha256:34" }, ["a: another value in the ledger"]],
    [{ a: "one\ntwo" }, { a: "one" }, ["a: another value in the ledger"]],
    [{ a: "x".repeat(201) }, {}, ["a: another value in the ledger"]]
  ])("of %j and %j", (mine, theirs, parts) => {
    assert.deepStrictEqual(difference(mine, theirs), parts)
  })
})
