import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, type Scope } from "effect"
import * as Rules from "../../src/Answer/Rules.ts"
import { type Answered, Ledger, LedgerError } from "../../src/Ledger.ts"
import * as Memory from "../../src/Ledger/Memory.ts"
import * as Lookup from "../../src/Lookup.ts"
import * as Revision from "../../src/Rollcall/Revision.ts"
import { enroll, entries, ledgers, rows, settle } from "../Ledger/fixture.ts"

const lookup = (options: Partial<Lookup.HttpOptions<unknown, unknown>> = {}) =>
  Lookup.http<unknown>({ url: "https://api.example/{code}", ...options })

const json = lookup()
const text = lookup({ expect: "text" })
const noFlorida = lookup({ notFoundWhen: (body) => (body as { state?: string }).state === "FL", reading: "FL" })

/** What became of a reply, in short. */
const short = ({ error, outcome }: { readonly outcome: string | null; readonly error: string | null }) =>
  error === null ? outcome : `${outcome} ${(JSON.parse(error) as { type: string }).type}`

/** A list whose questions came to these, read by `first`; the ledger knows how it was read. */
const given = (outcomes: Readonly<Record<string, Partial<Answered>>>, first = json) =>
  Effect.gen(function*() {
    const codes = Object.keys(outcomes)
    const list = yield* enroll(entries(codes))
    yield* Revision.revise(first)
    yield* settle(codes, (code) => ({ error: null, ...outcomes[code] }), list)
    return list
  })

/** A reply that was read as a lookup reads it. */
const reply = (status: number, body: string, by = json): Partial<Answered> => {
  const verdict = by.read({ status, body, header: () => undefined, at: 0 })
  const told = { http_status: status, body }
  switch (verdict.verdict) {
    case "found":
    case "not_found":
      return { ...told, outcome: verdict.verdict }
    case "invalid":
      return { ...told, outcome: "invalid", error: errorOf(verdict.error) }
    default:
      if (verdict.verdict === "retry" && verdict.isEmpty) return { ...told, outcome: "not_found" }
      return { ...told, outcome: "failed", error: errorOf(verdict.error as { reason: string; message: string }) }
  }
}

const errorOf = ({ message, reason }: { readonly reason: string; readonly message: string }) =>
  JSON.stringify({ type: reason, message })

describe.each(Object.keys(ledgers))("Revision with Ledger/%s", (name) => {
  const test = (what: string, effect: Effect.Effect<void, unknown, Ledger | Scope.Scope>) =>
    it.scopedLive(what, () => Effect.provide(effect, ledgers[name]!))

  const after = (list: number) =>
    Effect.map(rows(1_000, list), (rows) => Object.fromEntries(rows.map((row) => [row.input, short(row)])))

  test(
    "reads every reply again when it is read in another way",
    Effect.gen(function*() {
      const list = yield* given({
        naples: reply(200, `{"state":"FL"}`),
        ohio: reply(200, `{"state":"OH"}`),
        empty: reply(200, ""),
        unknown: reply(404, "no such"),
        wrong: reply(400, "bad"),
        forbidden: reply(403, "no"),
        page: reply(200, "<html>")
      })
      assert.strictEqual((yield* Revision.revise(noFlorida)).changed, 1)
      assert.deepStrictEqual(yield* after(list), {
        naples: "not_found",
        ohio: "found",
        empty: "not_found",
        unknown: "not_found",
        wrong: "invalid status",
        forbidden: "failed status",
        page: "failed decode"
      })
      assert.strictEqual((yield* Revision.revise(json)).changed, 1)
      assert.strictEqual((yield* after(list)).naples, "found")
    })
  )

  test(
    "finds what could not be decoded, when another kind of answer is expected, and the other way round",
    Effect.gen(function*() {
      const list = yield* given({ page: reply(200, "<html>"), object: reply(200, "{}"), wrong: reply(400, "bad") })
      assert.strictEqual((yield* Revision.revise(text)).changed, 1)
      const [page] = yield* rows(1, list)
      assert.deepInclude(page, { outcome: "found", error: null, body: "<html>", http_status: 200, calls: 1 })
      assert.strictEqual((yield* Revision.revise(json)).changed, 1)
      assert.deepStrictEqual(yield* after(list), {
        page: "failed decode",
        object: "found",
        wrong: "invalid status"
      })
    })
  )

  test(
    "leaves alone what was tried until the retries ran out, what had no reply, and what was forgotten",
    Effect.gen(function*() {
      const failed = (type: string) => ({ outcome: "failed" as const, error: errorOf({ reason: type, message: "x" }) })
      const list = yield* given({
        unavailable: { ...failed("status"), http_status: 503, body: "{}" },
        throttled: { ...failed("throttled"), http_status: 429, body: "{}" },
        denied: { ...failed("unauthorized"), http_status: 401, body: "{}" },
        hung: { ...failed("timeout"), http_status: null, body: null },
        forgotten: { outcome: "found", http_status: 200, body: null }
      })
      const before = yield* rows(1_000, list)
      const never = lookup({ notFoundWhen: () => true, reading: "never" })
      assert.strictEqual((yield* Revision.revise(never)).changed, 0)
      assert.deepStrictEqual(yield* rows(1_000, list), before)
    })
  )

  test(
    "reads nothing again when it is read as before, or for the first time",
    Effect.gen(function*() {
      const list = yield* given({ naples: reply(200, `{"state":"FL"}`) })
      // as no lookup reads it
      const ledger = yield* Ledger
      yield* ledger.setNotes({ reading: undefined })
      assert.strictEqual((yield* Revision.revise(noFlorida)).changed, 0)
      assert.strictEqual((yield* Revision.revise(noFlorida)).changed, 0)
      assert.strictEqual((yield* after(list)).naples, "found")
    })
  )

  test(
    "makes pending what a rule has asked again now, once, and stops nothing afterwards",
    Effect.gen(function*() {
      const busy = `{"state":"BUSY"}`
      const byRules = (...rules: ReadonlyArray<readonly [Rules.Verdict, string]>) =>
        lookup({ rules: rules.map(([verdict, text]) => Either.getOrThrow(Rules.when(verdict, text))) })
      const list = yield* given({ a: reply(200, busy), b: reply(200, `{"state":"OK"}`), c: reply(503, busy) })
      assert.deepInclude(yield* Revision.revise(byRules(["stop", "state=BUSY"])), {
        changed: 0,
        found: 0,
        reopened: []
      })
      const throttled = byRules(["throttled", "state=BUSY"])
      const ledger = yield* Ledger
      const planned = yield* Revision.preview(ledger, throttled)
      assert.lengthOf(planned.reopened, 2)
      assert.deepStrictEqual(yield* Revision.revise(throttled), planned)
      assert.deepStrictEqual(yield* after(list), { a: null, b: "found", c: null })
      assert.lengthOf(yield* ledger.pending(list, 0, 10), 2)
      // a refusal is no answer to fall back on
      const earlier = yield* ledger.earlier(planned.reopened)
      assert.deepStrictEqual(earlier.map(({ outcome }) => outcome), ["failed", "failed"])
      assert.deepInclude(yield* Revision.revise(throttled), { changed: 0, found: 0, reopened: [] })
      // what this rule has tried until the end stays
      const rule = "retry when state=BUSY"
      yield* settle(["a"], () => ({
        outcome: "failed",
        http_status: 200,
        body: busy,
        error: JSON.stringify({ type: "rule", message: "x", rule })
      }), list)
      const retried = byRules(["retry", "state=BUSY"], ["review", "state=OK"])
      assert.deepInclude(yield* Revision.revise(retried), { changed: 1, reopened: [] })
      const reviewed = (yield* rows(1_000, list)).find(({ input }) => input === "b")
      assert.deepInclude(JSON.parse(reviewed!.error!), { type: "review", message: "review when state=OK" })
    })
  )

  test(
    "leaves what older defaults have judged as it is, and counts what the newest would judge in another way",
    Effect.gen(function*() {
      const errors = `{"data":null,"errors":[{"message":"no"}]}`
      const list = yield* given({
        accepted: { outcome: "found", http_status: 202, body: "{}" },
        empty: { outcome: "not_found", http_status: 200, body: "" },
        errors: { outcome: "found", http_status: 200, body: errors },
        naples: reply(200, `{"state":"FL"}`)
      })
      const ledger = yield* Ledger
      // as an earlier version has left it
      yield* ledger.setNotes({ editions: undefined, older: undefined })
      const older = { "status=202": 1, not_found: 1, found: 1 }
      assert.deepStrictEqual((yield* Revision.preview(ledger, json)).older, older)
      assert.deepStrictEqual(yield* Revision.revise(json), { changed: 0, found: 0, reopened: [], older })
      assert.deepStrictEqual(yield* Revision.revise(noFlorida), { changed: 1, found: 0, reopened: [], older })
      assert.deepStrictEqual(yield* after(list), {
        accepted: "found",
        empty: "not_found",
        errors: "found",
        naples: "not_found"
      })
    })
  )

  test(
    "tells outputs that rows were changed, and only then",
    Effect.gen(function*() {
      const list = yield* given({ naples: reply(200, `{"state":"FL"}`) })
      const ledger = yield* Ledger
      const epoch = Effect.map(ledger.lists, (lists) => lists.find(({ id }) => id === list)!.epoch)
      const before = yield* epoch
      yield* Revision.revise(text)
      assert.strictEqual(yield* epoch, before)
      assert.strictEqual(yield* ledger.changedSince(list, before), Infinity)
      yield* Revision.revise(noFlorida)
      assert.isAbove(yield* epoch, before)
      assert.strictEqual(yield* ledger.changedSince(list, before), 0)
    })
  )

  test(
    "comes to the same end when it failed in the middle",
    Effect.gen(function*() {
      const codes = Array.from({ length: 1_000 }, (_, index) => `c${index}`)
      const list = yield* given(Object.fromEntries(codes.map((code) => [code, reply(200, `{"state":"FL"}`)])))
      const ledger = yield* Ledger
      let pages = 0
      const broken = new LedgerError({ reason: "Write", ledger: "test", message: "the disk is full" })
      const fail = Effect.provideService(Revision.revise(noFlorida), Ledger, {
        ...ledger,
        revise: (outcomes) => ++pages === 2 ? broken : ledger.revise(outcomes)
      })
      assert.strictEqual(yield* Effect.flip(fail), broken)
      const outcomes = Effect.map(rows(1_000, list), (rows) => rows.filter(({ outcome }) => outcome === "not_found"))
      const changed = (yield* outcomes).length
      assert.isTrue(changed > 0 && changed < 1_000)
      // with the lookup of before, too
      assert.strictEqual((yield* Revision.revise(json)).changed, changed)
      assert.lengthOf(yield* outcomes, 0)
      pages = 0
      yield* Effect.flip(fail)
      assert.strictEqual((yield* Revision.revise(noFlorida)).changed, 1_000 - changed)
      assert.lengthOf(yield* outcomes, 1_000)
      assert.strictEqual((yield* Revision.revise(noFlorida)).changed, 0)
    })
  )
})

describe("Revision", () => {
  it.effect("leaves alone a reply that its lookup cannot read", () =>
    Effect.gen(function*() {
      yield* given({ a: reply(200, "{}") })
      const broken = {
        reading: "broken",
        read: () => {
          throw new TypeError("oops")
        }
      }
      assert.strictEqual((yield* Revision.revise(broken)).changed, 0)
    }).pipe(Effect.provide(Memory.layer)))
})
