import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Answered, difference, Ledger, type LedgerError, type Redo } from "../src/Ledger.ts"
import * as Postgres from "../src/Ledger/Postgres.ts"
import * as Sqlite from "../src/Ledger/Sqlite.ts"
import { answer, enroll, entries, ledgers, list, pending, rows, settle, short } from "./Ledger/fixture.ts"
import * as Schemas from "./schema.ts"
import * as Sqlites from "./sqlite.ts"

describe.each(Object.keys(ledgers))("Ledger/%s", (name) => {
  /** A test with an empty ledger. */
  const test = (what: string, effect: Effect.Effect<void, unknown, Ledger>) =>
    it.effect(what, () => Effect.provide(effect, ledgers[name]!))

  test(
    "is empty at first",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      assert.deepStrictEqual(yield* ledger.lists, [])
      const id = yield* ledger.enlist("zips")
      assert.deepStrictEqual(yield* ledger.lists, [], "it has not been enrolled to its end")
      assert.deepStrictEqual(yield* ledger.rows(id, 0, 10), [])
      assert.deepStrictEqual(yield* ledger.pending(id, 0, 10), [])
      assert.deepStrictEqual(yield* ledger.rowsOf(id, [1]), [])
      assert.deepStrictEqual(yield* ledger.answered(0, 10), [])
      assert.deepStrictEqual(yield* ledger.counts(id), {
        entries: 0,
        questions: 0,
        refused: 0,
        outcomes: { found: 0, not_found: 0, invalid: 0, failed: 0, skipped: 0 },
        forgotten: 0
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
          + "body: another value in the ledger): use another one"
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
      assert.deepInclude((yield* ledger.lists)[0]!, given)
      assert.lengthOf(yield* ledger.lists, 1)
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
      const [one, two] = yield* ledger.pending(0, 0, 10)
      assert.strictEqual(one!.key, odd)
      const failed = { outcome: "failed", error: odd, ms: null, http_status: null, body: null } as const
      yield* ledger.record(0, [
        answer(one!.question, { body: odd, ms: 0.1, at: 2 ** 52, attempts: 5, calls: 2 ** 31 }),
        answer(two!.question, failed)
      ])
      assert.deepStrictEqual(yield* ledger.rows(0, 0, 10), [
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
        const { outcomes, questions, refused, ...counts } = yield* ledger.counts(0)
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
      const [page] = yield* ledger.pending(0, 100, 1)
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
      yield* ledger.record(0, [answer(1, { body: "1" })])
      yield* ledger.record(0, [
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
      const found = yield* ledger.rowsOf(0, ["b", "c", "a"].map((key) => ids.get(key)!).concat(999))
      assert.deepStrictEqual(found.map(short), [
        "2 b: \"b\"",
        "6 b again: \"b\"",
        "4 c: null",
        "1 a: \"a\"",
        "3 a again: \"a\""
      ])
      assert.deepStrictEqual(yield* ledger.rowsOf(0, []), [])
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
      assert.deepStrictEqual(yield* ledger.counts(0), { entries: 8, questions: 6, refused: 1, outcomes, forgotten: 0 })
      yield* enroll(entries(["b", "b", "f"]))
      assert.deepStrictEqual(yield* ledger.counts(0), {
        entries: 3,
        questions: 2,
        refused: 0,
        outcomes: { found: 0, not_found: 1, invalid: 0, failed: 0, skipped: 0 },
        forgotten: 0
      })
    })
  )

  test(
    "takes batches of any size",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      yield* ledger.enlist("zips")
      yield* ledger.enroll(0, [])
      yield* ledger.record(0, [])
      let done = 0
      for (const size of [1, 2, 255, 256, 257, 511, 1_000]) {
        const codes = Array.from({ length: size }, (_, index) => `c${done + index}`)
        yield* ledger.enroll(0, entries(codes, done))
        done += size
      }
      yield* ledger.enrolled(0, list(done))
      const ids = (yield* ledger.pending(0, 0, done)).map(({ question }) => question)
      yield* ledger.record(0, ids.map((id) => answer(id, { body: String(id) })))
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
      const ids = (yield* ledger.pending(0, 0, 256)).map(({ question }) => question)
      yield* ledger.record(0, ids.map((id) => answer(id, { body: wide + wide })))
      const found = yield* ledger.rows(0, 255, 2)
      assert.deepStrictEqual(found.map(({ body, columns }) => [columns === wide, body === wide + wide]), [
        [true, true],
        [true, false]
      ])
    })
  )

  test(
    "holds several lists, which share what is answered",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      const one = yield* enroll(entries(["a", "b", "c"]), { name: "one" })
      const two = yield* enroll(entries(["c", "x", "a", "a"]), { name: "two", outputs: ["two.csv"] })
      assert.notStrictEqual(one, two)
      assert.deepStrictEqual((yield* ledger.lists).map(({ id, name }) => [id, name]), [[two, "two"], [one, "one"]])
      yield* settle(["a", "c"], undefined, two)
      assert.deepStrictEqual(yield* pending(10, 0, one), ["b"])
      assert.deepStrictEqual(yield* pending(10, 0, two), ["x"])
      assert.deepStrictEqual((yield* rows(10, one)).map(short), ["1 a: \"a\"", "2 b: null", "3 c: \"c\""])
      assert.deepStrictEqual((yield* rows(2, two)).map(short), [
        "1 c: \"c\"",
        "2 x: null",
        "3 a: \"a\"",
        "4 a again: \"a\""
      ])
      const [first] = yield* ledger.rowsOf(one, (yield* rows(10, two)).map(({ question }) => question))
      assert.strictEqual(short(first!), "3 c: \"c\"")
      assert.strictEqual((yield* ledger.counts(one)).outcomes.found, 2)
      assert.strictEqual((yield* ledger.counts(two)).outcomes.found, 2)
      assert.deepStrictEqual(yield* ledger.distinct, { questions: 4, answered: 2 })
      assert.strictEqual(yield* ledger.enlist("one"), one)
      yield* enroll(entries(["a"]), { name: "one" })
      assert.deepStrictEqual((yield* rows(10, one)).map(short), ["1 a: \"a\""])
      assert.lengthOf(yield* rows(10, two), 4)
      assert.strictEqual((yield* ledger.lists)[0]!.name, "one")
      assert.deepStrictEqual(yield* ledger.distinct, { questions: 3, answered: 2 })
    })
  )

  test(
    "counts as it records, and anew where another list was used",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      const one = yield* enroll(entries(["a", "b", "c"]), { name: "one" })
      yield* settle(["a"], undefined, one)
      yield* enroll(entries(["b", "a"]), { name: "two" })
      const two = yield* ledger.enlist("two")
      yield* settle(["b"], () => ({ outcome: "failed", body: null }), two)
      // recorded already: the first word stands, and is not counted twice
      yield* ledger.record(two, [answer((yield* rows(10, two))[0]!.question)])
      for (const list of [one, two]) {
        const { outcomes } = yield* ledger.counts(list)
        assert.deepStrictEqual(outcomes, { found: 1, not_found: 0, invalid: 0, failed: 1, skipped: 0 })
      }
    })
  )

  const changes: ReadonlyArray<readonly [what: string, codes: ReadonlyArray<string>, first: number]> = [
    ["nothing", ["a", "b", "c", "b"], Infinity],
    ["an entry more", ["a", "b", "c", "b", "d"], Infinity],
    ["an entry less", ["a", "b", "c"], 3],
    ["an entry in the middle", ["a", "b", "x", "b"], 2],
    ["the first entry", ["x", "b", "c", "b"], 0]
  ]
  for (const [what, codes, first] of changes) {
    test(
      `says from where on it was changed: ${what}`,
      Effect.gen(function*() {
        const ledger = yield* Ledger
        const id = yield* enroll(entries(["a", "b", "c", "b"]))
        const { epoch } = (yield* ledger.lists)[0]!
        assert.strictEqual(yield* ledger.changedSince(id, epoch), Infinity)
        yield* settle(["a", "b"])
        assert.strictEqual(yield* ledger.changedSince(id, epoch), Infinity, "an outcome more is no change")
        yield* enroll(entries(codes))
        const changed = yield* ledger.changedSince(id, epoch)
        // a ledger may look at entries many at a time
        if (first === Infinity) assert.strictEqual(changed, Infinity)
        else assert.isAtMost(changed, first)
        const now = (yield* ledger.lists)[0]!.epoch
        assert.strictEqual(yield* ledger.changedSince(id, now), Infinity)
        assert.strictEqual(yield* ledger.changedSince(id, now + 1), 0, "of another ledger")
        assert.strictEqual(yield* ledger.changedSince(id, 0), 0, "of another ledger")
      })
    )
  }

  test(
    "remembers the earliest of several changes, and not those of other lists",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      const codes = Array.from({ length: 1_000 }, (_, index) => `c${index}`)
      const id = yield* enroll(entries(codes))
      const other = yield* enroll(entries(["a"]), { name: "other" })
      const epochs = new Map((yield* ledger.lists).map(({ epoch, id }) => [id, epoch]))
      yield* enroll(entries(codes.with(700, "x")))
      const then = (yield* ledger.lists)[0]!.epoch
      yield* enroll(entries(codes.with(900, "y")))
      const first = yield* ledger.changedSince(id, epochs.get(id)!)
      assert.isTrue(first <= 700 && first > 300, String(first))
      // 700 is what it was before, so it was changed again
      assert.isTrue((yield* ledger.changedSince(id, then)) <= 700)
      assert.strictEqual(yield* ledger.changedSince(other, epochs.get(other)!), Infinity)
    })
  )

  test(
    "gives the outcomes of all lists, by question",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      yield* enroll(entries(["a", "b", "c"]))
      yield* settle(["c", "a"])
      yield* enroll(entries(["z"]))
      const all = yield* ledger.answered(0, 10)
      assert.deepStrictEqual(all.map(({ body }) => body), ["\"a\"", "\"c\""])
      assert.deepStrictEqual(all[0], answer(all[0]!.question, { body: "\"a\"" }))
      assert.deepStrictEqual(yield* ledger.answered(all[0]!.question + 1, 1), [all[1]!])
    })
  )

  test(
    "revises outcomes, and says that rows have changed",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      const id = yield* enroll(entries(["a", "b"]))
      yield* settle(["a", "b"])
      const { epoch } = (yield* ledger.lists)[0]!
      yield* ledger.revise([])
      assert.strictEqual(yield* ledger.changedSince(id, epoch), Infinity)
      const [a, b] = yield* ledger.answered(0, 10)
      yield* ledger.revise([{ ...b!, outcome: "failed", error: "{}" }])
      assert.deepStrictEqual(yield* ledger.answered(0, 10), [a!, { ...b!, outcome: "failed", error: "{}" }])
      assert.deepInclude((yield* ledger.counts(id)).outcomes, { found: 1, failed: 1 })
      assert.strictEqual(yield* ledger.changedSince(id, epoch), 0)
    })
  )

  const redos: ReadonlyArray<readonly [what: string, which: ReadonlyArray<Redo>, again: ReadonlyArray<string>]> = [
    ["failed", [{ outcomes: ["failed"] }], ["d", "e"]],
    ["two kinds", [{ outcomes: ["failed", "not_found"] }], ["b", "d", "e"]],
    ["a status", [{ statuses: [[503, 503], [400, 400]] }], ["d"]],
    ["statuses of a kind", [{ statuses: [[500, 599]] }], ["d"]],
    ["old ones", [{ outside: [2_000, 1e15] }], ["c"]],
    ["what is of the future", [{ outside: [0, 1_998] }, { codes: ["x"] }], ["a", "b", "c", "d", "e"]],
    ["new ones", [{ since: 2_000, outcomes: ["failed"] }], ["d", "e"]],
    ["any of them", [{ outside: [2_000, 1e15] }, { statuses: [[503, 503]] }], ["c", "d"]],
    ["what is all of it", [{ outcomes: ["failed"], statuses: [[503, 503]] }], ["d"]],
    ["codes", [{ codes: ["a", "e", "x"] }], ["a", "e"]],
    ["nothing", [{}], []]
  ]
  for (const [what, which, again] of redos) {
    test(
      `asks again: ${what}`,
      Effect.gen(function*() {
        const ledger = yield* Ledger
        const id = yield* enroll(entries(["a", "b", "c", "d", "e", "f", "b"]))
        const given: Record<string, object> = {
          b: { outcome: "not_found", http_status: 404 },
          c: { at: 1_999 },
          d: { outcome: "failed", http_status: 503 },
          e: { outcome: "failed", http_status: null }
        }
        yield* settle(["a", "b", "c", "d", "e"], (code) => given[code] ?? {})
        const { epoch } = (yield* ledger.lists)[0]!
        const known = yield* Effect.forEach(which, (one) => ledger.known(["a", "b", "c", "d", "e", "f", "x"], one))
        assert.deepStrictEqual([...new Set(known.flatMap((keys) => [...keys]))].toSorted(), again, "said beforehand")
        assert.deepStrictEqual(yield* ledger.unfinished(id), { count: 0, since: Infinity })
        const counts = yield* ledger.redo(id, which)
        assert.strictEqual((yield* ledger.unfinished(id)).count, again.length)
        assert.strictEqual(counts.length, which.length)
        assert.strictEqual(counts.reduce((sum, count) => sum + count), again.length)
        const earlier = yield* ledger.earlier([1, 2, 3, 4, 5, 6])
        assert.strictEqual(earlier.length, again.length)
        assert.deepStrictEqual(yield* pending(10), [...again, "f"])
        const { outcomes } = yield* ledger.counts(id)
        assert.strictEqual(Object.values(outcomes).reduce((sum, count) => sum + count), 5 - again.length)
        assert.strictEqual(yield* ledger.changedSince(id, epoch), again.length > 0 ? 0 : Infinity)
        if (again.length === 0) return
        // as long as some are pending, the redo goes on and does not begin anew
        yield* settle(again.slice(1), () => ({ outcome: "failed", http_status: 503, at: 1 }))
        assert.deepStrictEqual(yield* ledger.redo(id, which), which.map(() => 0))
        assert.deepStrictEqual(yield* pending(10), [again[0]!, "f"])
        yield* settle(again.slice(0, 1), () => ({ outcome: "failed", http_status: 503, at: 1 }))
        assert.deepStrictEqual(yield* ledger.unfinished(id), { count: 0, since: Infinity })
        assert.isAbove((yield* ledger.redo(id, [{ outcomes: ["failed"] }]))[0]!, 0)
      })
    )
  }

  test(
    "knows how old the answers of a list are, and which were asked again in vain",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      const id = yield* enroll(entries(["a", "b", "c", "d", "e", "f"]))
      assert.deepStrictEqual(yield* ledger.standing(id), { oldest: Infinity, stale: { count: 0, since: Infinity } })
      const vain = JSON.stringify({ type: "status", message: "503" })
      const given: Record<string, Partial<Answered>> = {
        a: { at: 50 },
        b: { at: 40, error: vain },
        c: { at: 30, error: JSON.stringify({ type: "review", message: "odd" }) },
        d: { at: 20, outcome: "not_found", error: vain },
        e: { at: 10, outcome: "failed", error: vain }
      }
      yield* settle(["a", "b", "c", "d", "e"], (code) => given[code]!)
      assert.deepStrictEqual(yield* ledger.standing(id), { oldest: 10, stale: { count: 2, since: 20 } })
    })
  )

  test(
    "knows that after every change of answers, in lists that share some of them",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      const vain = JSON.stringify({ type: "status", message: "503" })
      const id = yield* enroll(entries(["a", "b", "c"]))
      yield* settle(["a", "b"], (code) => code === "a" ? { at: 50 } : { at: 40, error: vain })
      const other = yield* enroll(entries(["b", "c"]), { name: "other" })
      assert.deepStrictEqual(yield* ledger.standing(other), { oldest: 40, stale: { count: 1, since: 40 } })
      // the other list has an answer more
      const [{ question = 0 } = {}] = yield* ledger.pending(other, 0, 1)
      yield* ledger.record(other, [answer(question, { at: 30, error: vain })])
      yield* ledger.record(other, [answer(question, { at: 5 })])
      for (const list of [id, other]) {
        assert.deepStrictEqual(yield* ledger.standing(list), { oldest: 30, stale: { count: 2, since: 30 } })
      }
      yield* ledger.revise([{ question, outcome: "failed", error: vain }])
      assert.deepStrictEqual(yield* ledger.standing(id), { oldest: 30, stale: { count: 1, since: 40 } })
      yield* enroll(entries(["a", "b"]))
      assert.deepStrictEqual(yield* ledger.standing(id), { oldest: 40, stale: { count: 1, since: 40 } })
      yield* ledger.redo(id, [{ codes: ["b"] }])
      assert.deepStrictEqual(yield* ledger.standing(id), { oldest: 50, stale: { count: 0, since: Infinity } })
      yield* ledger.forget({ codes: ["a"] })
      assert.deepStrictEqual(yield* ledger.standing(id), { oldest: Infinity, stale: { count: 0, since: Infinity } })
      assert.deepStrictEqual(yield* ledger.standing(other), { oldest: 30, stale: { count: 0, since: Infinity } })
    })
  )

  test(
    "redoes what is in the list, and leaves others alone",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      yield* enroll(entries(["a", "b"]))
      yield* settle(["a", "b"], () => ({ outcome: "failed" }))
      const other = yield* enroll(entries(["b", "c"]), { name: "other" })
      assert.deepStrictEqual(yield* ledger.redo(other, [{ outcomes: ["failed"] }]), [1])
      assert.deepStrictEqual(yield* pending(10), ["b"])
      assert.deepStrictEqual(yield* pending(10, 0, other), ["b", "c"])
    })
  )

  test(
    "knows which keys are answered",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      yield* enroll(entries(["a", "b", "ü\""]))
      yield* settle(["a", "ü\""])
      assert.deepStrictEqual(yield* ledger.known(["b", "ü\"", "x", "a"]), new Set(["ü\"", "a"]))
      assert.deepStrictEqual(yield* ledger.known([]), new Set())
    })
  )

  test(
    "keeps notes",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      assert.isUndefined(yield* ledger.note("a"))
      const odd = { "\u2028\"": [1.5, null, "ü"] }
      yield* ledger.setNotes({ a: odd, b: 0, "c d/e": null })
      yield* ledger.setNotes({ b: undefined, "c d/e": false })
      assert.deepStrictEqual(yield* ledger.note("a"), odd)
      assert.isUndefined(yield* ledger.note("b"))
      assert.strictEqual(yield* ledger.note("c d/e"), false)
    })
  )

  test(
    "tells why questions are invalid or failed, and what is to be reviewed",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      const id = yield* enroll(entries(["a", "b", "c", "d", "e", "f", "g", ""]))
      const error = (type: string) => JSON.stringify({ type, message: `about ${type}` })
      const given: Record<string, Partial<Answered>> = {
        a: { outcome: "failed", http_status: 500, error: error("status") },
        b: { outcome: "failed", http_status: 500, error: error("status") },
        c: { outcome: "failed", http_status: null, error: error("timeout") },
        d: { error: error("review") },
        f: { outcome: "failed", error: JSON.stringify({ type: "rule", message: "said so", rule: "failed when x" }) },
        g: { outcome: "failed", error: JSON.stringify({ type: "rule", message: "said so", rule: "failed when y" }) }
      }
      yield* settle(["a", "b", "c", "d", "e", "f", "g"], (code) => given[code] ?? {})
      const causes = yield* ledger.causes(id)
      assert.deepStrictEqual(
        causes.map(({ count, http_status, outcome, rule = "", type }) =>
          `${count} ${outcome} ${type} ${http_status} ${rule}`.trim()
        ).toSorted(),
        [
          "1 failed rule 200 failed when x",
          "1 failed rule 200 failed when y",
          "1 failed timeout null",
          "1 found review 200",
          "1 invalid the code is empty null",
          "2 failed status 500"
        ]
      )
    })
  )

  test(
    "forgets codes with their rows, and what is old",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      const id = yield* enroll(entries(["a", "b", "c", "a"]))
      yield* settle(["a", "b", "c"], (code) => code === "b" ? { at: 5 } : {})
      yield* ledger.redo(id, [{ codes: ["a"] }])
      yield* settle(["a"])
      assert.strictEqual(yield* ledger.forget({ codes: ["a", "nobody"] }), 1)
      assert.deepStrictEqual(
        (yield* rows()).map(({ columns, input, key, outcome }) => [input, key, columns, outcome]),
        [["", null, null, "invalid"], ["b", "b", null, "found"], ["c", "c", null, "found"], ["", null, null, "invalid"]]
      )
      assert.deepStrictEqual(yield* ledger.known(["a", "b"]), new Set(["b"]))
      assert.strictEqual(yield* ledger.forget({ before: 6 }), 1)
      assert.deepStrictEqual((yield* rows()).map(({ body }) => body !== null), [false, false, true, false])
    })
  )

  test(
    "forgets answers and keeps outcomes",
    Effect.gen(function*() {
      const ledger = yield* Ledger
      const id = yield* enroll(entries(["a", "b", "c"]))
      yield* settle(["a", "b"], (code) => code === "b" ? { outcome: "not_found", body: null } : {})
      const { epoch } = (yield* ledger.lists)[0]!
      assert.strictEqual(yield* ledger.forget({}), 1)
      const [a] = yield* rows()
      assert.deepInclude(a!, { outcome: "found", body: null, http_status: 200 })
      assert.deepInclude(yield* ledger.counts(id), { forgotten: 1 })
      assert.deepStrictEqual(yield* pending(10), ["c"])
      assert.strictEqual(yield* ledger.changedSince(id, epoch), Infinity, "an output that has them stays as it is")
      assert.deepStrictEqual(yield* ledger.redo(id, [{ forgotten: true }]), [1])
      assert.deepStrictEqual(yield* pending(10), ["a", "c"])
      assert.deepInclude(yield* ledger.counts(id), { forgotten: 0 })
    })
  )
})

/** A ledger with what another program does to its tables. */
const shared = {
  Sqlite: Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const file = `${yield* fs.makeTempDirectoryScoped()}/zips.ledger`
    return { layer: Sqlite.layer(file), elsewhere: (text: string) => Sqlites.query(file, text) }
  }).pipe(Effect.provide(NodeFileSystem.layer)),
  ...(Schemas.isThere
    ? {
      Postgres: Effect.map(Schemas.fresh, (url) => ({
        layer: Postgres.layer(url),
        elsewhere: (text: string) =>
          Schemas.query(text.replace(/\b(outcome|entry|question|list|note)\b/, `"${Schemas.nameOf(url)}".$1`))
      }))
    }
    : {})
}

describe.each(Object.entries(shared))("Ledger/%s: rows that another program removes", (name, make) => {
  /** A run that has answered three of five codes when it happens. */
  const during = <A, E>(
    what: string,
    then: (
      around: {
        readonly id: number
        readonly d: Answered
        /** As a run keeps it from its beginning. */
        readonly intact: Effect.Effect<void, LedgerError>
        readonly elsewhere: (text: string) => Effect.Effect<unknown>
      }
    ) => Effect.Effect<A, E, Ledger>
  ) =>
    Effect.gen(function*() {
      const { elsewhere, layer } = yield* make
      return yield* Effect.gen(function*() {
        const ledger = yield* Ledger
        const id = yield* enroll(entries(["a", "b", "c", "d", "e"]))
        const intact = ledger.intact(id)
        yield* settle(["a", "b", "c"])
        const [d] = yield* ledger.pending(id, 3, 1)
        yield* elsewhere(what)
        return yield* then({ id, d: answer(d!.question), intact, elsewhere })
      }).pipe(Effect.provide(layer))
    })

  const removals = [
    ...(name === "Postgres" ? ["truncate outcome"] : []),
    "delete from outcome",
    "delete from outcome where body = '\"a\"'",
    "delete from entry",
    "delete from entry where line = 2",
    "delete from question where key = 'a'",
    "delete from list"
  ]

  it.scopedLive.each(removals)(
    "notices, at the next commit or in the end: %s",
    (what) =>
      during(what, ({ d, id, intact }) =>
        Effect.gen(function*() {
          const ledger = yield* Ledger
          const error = yield* Effect.flip(Effect.zipRight(ledger.record(id, [d]), intact))
          assert.deepInclude(error, { _tag: "LedgerError", reason: "Write" })
          assert.match(error.message, /^another program removed rows of it .*: see who writes there, and run the same /)
        }))
  )

  it.scopedLive("asks again what is missing, takes what came meanwhile, and writes its outputs anew", () =>
    during(removals[0]!, ({ d, id, intact }) =>
      Effect.gen(function*() {
        const ledger = yield* Ledger
        const { epoch } = (yield* ledger.lists)[0]!
        assert.match((yield* Effect.flip(ledger.record(id, [d]))).message, /^another program removed /)
        yield* ledger.record(id, [d])
        assert.strictEqual((yield* ledger.counts(id)).outcomes.found, 1)
        assert.deepStrictEqual(yield* pending(10), ["a", "b", "c", "e"])
        assert.strictEqual(yield* ledger.changedSince(id, epoch), 0)
        // the next run
        yield* enroll(entries(["a", "b", "c", "d", "e"]))
        yield* settle(["a", "b", "c", "e"])
        yield* intact
      })))

  it.scopedLive("minds nobody who changes nothing of the list", () =>
    during("insert into note values ('theirs', '1')", ({ d, elsewhere, id, intact }) =>
      Effect.gen(function*() {
        const ledger = yield* Ledger
        yield* ledger.record(id, [d])
        yield* elsewhere("update note set value = '2' where name = 'theirs'")
        yield* intact
        yield* ledger.redo(id, [{ codes: ["d"] }])
        yield* settle(["d", "e"])
        yield* ledger.forget({ codes: ["e"] })
        yield* enroll(entries(["a", "b", "c", "d"]))
        yield* intact
      })))
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
