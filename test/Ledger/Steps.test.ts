import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Ledger } from "../../src/Ledger.ts"
import type { Derived } from "../../src/Ledger/Steps.ts"
import { answer, enroll, entries, ledgers, rows } from "./fixture.ts"

const nothing: Derived = { links: [], gone: [], over: [], open: [], marks: [] }

const place = { name: "place", fingerprint: { url: "https://api.example/zip/{code}" } }
const weather = { name: "weather", fingerprint: { url: "https://weather.example/{place}" } }

/** A list of cases, their ids by code, and two steps. */
const begun = (codes: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const list = yield* enroll(entries(codes))
    const [first = 0, second = 0] = yield* ledger.steps.enter([place, weather])
    const all = yield* ledger.pending(list, 0, 1_000)
    return {
      ledger,
      steps: ledger.steps,
      list,
      first,
      second,
      cases: new Map(all.map((one) => [one.key, one.question]))
    }
  })

const link = (one: number | undefined, step: number, key: string | null, position = 0) => ({
  case: one!,
  step,
  position,
  key,
  reason: key === null ? "there is none" : null
})

for (const [name, layer] of Object.entries(ledgers)) {
  describe(`steps in ${name}`, () => {
    const test = (what: string, body: Effect.Effect<void, unknown, Ledger>) =>
      it.effect(what, () => Effect.provide(body, layer))

    test(
      "are known by their fingerprints; the request of the ledger is step 0",
      Effect.gen(function*() {
        const { first, second, steps } = yield* begun(["a"])
        assert.deepStrictEqual([first, second].map((id) => id > 0), [true, true])
        const request = { name: "whole", fingerprint: { url: "https://api.example/{code}" } }
        assert.deepStrictEqual(
          yield* steps.enter([{ ...weather, name: "rain" }, request, place]),
          [second, 0, first]
        )
        assert.deepStrictEqual((yield* steps.all).map(({ id, name }) => [id, name]), [
          [0, "whole"],
          [first, "place"],
          [second, "rain"]
        ])
      })
    )

    test(
      "ask the same question once for several cases, and under its own key, whatever other steps ask",
      Effect.gen(function*() {
        const { cases, first, ledger, list, second, steps } = yield* begun(["a", "b", "c"])
        yield* steps.derive(list, {
          ...nothing,
          links: [
            link(cases.get("a"), first, "x"),
            link(cases.get("b"), first, "x"),
            link(cases.get("c"), first, "a"),
            link(cases.get("c"), second, null)
          ]
        })
        const asked = yield* steps.pending(list, first, 0, 10)
        assert.deepStrictEqual(asked.map(({ key }) => key), ["x", "a"])
        assert.deepStrictEqual(yield* steps.pending(list, second, 0, 10), [])
        assert.deepStrictEqual((yield* steps.pending(list, first, asked[0]!.question, 10)).map(({ key }) => key), ["a"])
        // the cases are pending still, and nothing else is
        assert.deepStrictEqual((yield* ledger.pending(list, 0, 10)).map(({ key }) => key), ["a", "b", "c"])
        assert.deepStrictEqual(yield* ledger.distinct, { questions: 3, answered: 0 })
        const found = yield* steps.links([cases.get("c")!, cases.get("a")!])
        assert.deepStrictEqual(found.map((link) => [link.case, link.step, link.key, link.reason]), [
          [cases.get("c"), first, "a", null],
          [cases.get("c"), second, null, "there is none"],
          [cases.get("a"), first, "x", null]
        ])
      })
    )

    test(
      "mark what is answered until the cases that wait for it are derived, also where a link comes later",
      Effect.gen(function*() {
        const { cases, first, list, second, steps } = yield* begun(["a", "b", "c"])
        yield* steps.derive(list, {
          ...nothing,
          links: ["a", "b"].map((code) => link(cases.get(code), first, "x"))
        })
        const [x] = yield* steps.pending(list, first, 0, 10)
        yield* steps.record([answer(x!.question, { body: "\"first\"" })])
        assert.deepStrictEqual(yield* steps.pending(list, first, 0, 10), [])
        assert.deepStrictEqual(yield* steps.outbox(10), [{ question: x!.question, after: 0 }])
        const waiting = yield* steps.waiting(x!.question, 0, 10)
        assert.deepStrictEqual(waiting.map((one) => one.case), [cases.get("a"), cases.get("b")])

        yield* steps.derive(list, {
          ...nothing,
          links: [link(cases.get("a"), second, "rain")],
          marks: [{ question: x!.question, after: waiting[0]!.id }]
        })
        assert.deepStrictEqual(yield* steps.outbox(10), [{ question: x!.question, after: waiting[0]!.id }])
        yield* steps.derive(list, { ...nothing, marks: [{ question: x!.question }] })
        assert.deepStrictEqual(yield* steps.outbox(10), [])

        // the word that stands is the first one
        yield* steps.record([answer(x!.question, { body: "\"second\"" })])
        const [its] = yield* steps.links([cases.get("a")!])
        assert.strictEqual(its!.answered?.body, "\"first\"")
        yield* steps.derive(list, { ...nothing, marks: [{ question: x!.question }] })

        yield* steps.derive(list, { ...nothing, links: [link(cases.get("c"), first, "x")] })
        const [mark] = yield* steps.outbox(10)
        assert.strictEqual(mark!.question, x!.question)
        assert.deepStrictEqual(
          (yield* steps.waiting(x!.question, mark!.after, 10)).map((one) => one.case),
          [cases.get("c")]
        )
      })
    )

    test(
      "end a case with a row that counts, and open it again",
      Effect.gen(function*() {
        const { cases, first, ledger, list, steps } = yield* begun(["a", "b", "", "a"])
        yield* steps.derive(list, {
          ...nothing,
          links: [link(cases.get("a"), first, "x"), link(cases.get("b"), first, null)],
          over: [answer(cases.get("b")!, { outcome: "skipped", body: null })]
        })
        assert.deepInclude(yield* ledger.counts(list), {
          questions: 2,
          refused: 1,
          outcomes: { found: 0, not_found: 0, invalid: 0, failed: 0, skipped: 1 }
        })
        const [x] = yield* steps.pending(list, first, 0, 10)
        yield* steps.record([answer(x!.question, { body: "\"sun\"" })])
        yield* steps.derive(list, {
          ...nothing,
          over: [answer(cases.get("a")!, { body: null })],
          marks: [{ question: x!.question }]
        })
        const shown = (yield* rows()).map(({ key, outcome, steps = [] }) => [
          key,
          outcome,
          ...steps.map(({ answered, key, reason }) => answered?.body ?? reason ?? key)
        ])
        assert.deepStrictEqual(shown, [
          ["a", "found", "\"sun\""],
          ["b", "skipped", "there is none"],
          [null, "invalid"],
          ["a", "found", "\"sun\""]
        ])
        const [{ epoch } = { epoch: 0 }] = yield* ledger.lists
        assert.strictEqual(yield* ledger.changedSince(list, epoch), Infinity)

        yield* steps.derive(list, { ...nothing, open: [cases.get("a")!] })
        assert.strictEqual(yield* ledger.changedSince(list, epoch), 0)
        assert.deepInclude((yield* ledger.counts(list)).outcomes, { found: 0, skipped: 1 })
        assert.deepStrictEqual((yield* ledger.pending(list, 0, 10)).map(({ key }) => key), ["a"])
        yield* ledger.intact(list)
      })
    )

    test(
      "ask again by the outcomes of the steps, and nothing that no case has any more",
      Effect.gen(function*() {
        const { cases, first, ledger, list, second, steps } = yield* begun(["a", "b"])
        yield* steps.derive(list, {
          ...nothing,
          links: ["a", "b"].map((code) => link(cases.get(code), first, code))
        })
        const [a, b] = yield* steps.pending(list, first, 0, 10)
        yield* steps.record([answer(a!.question), answer(b!.question, { outcome: "failed", http_status: 503 })])
        yield* steps.derive(list, {
          ...nothing,
          links: [link(cases.get("a"), second, "rain")],
          over: [
            answer(cases.get("a")!, { body: null }),
            answer(cases.get("b")!, { outcome: "failed", http_status: 503, body: null })
          ],
          marks: [{ question: a!.question }, { question: b!.question }]
        })
        assert.deepStrictEqual(yield* steps.redo(list, [{ statuses: [[503, 503]] }, { outcomes: ["failed"] }]), [1, 0])
        assert.deepStrictEqual((yield* steps.pending(list, first, 0, 10)).map(({ key }) => key), ["b"])
        assert.deepStrictEqual((yield* ledger.pending(list, 0, 10)).map(({ key }) => key), ["b"])
        assert.strictEqual((yield* ledger.unfinished(list)).count, 1)
        // one that is not finished goes on
        assert.deepStrictEqual(yield* steps.redo(list, [{ outcomes: ["found"] }]), [0])

        const [rain] = yield* steps.links([cases.get("a")!]).pipe(
          Effect.map((all) => all.filter(({ step }) => step === second))
        )
        assert.deepStrictEqual((yield* steps.pending(list, second, 0, 10)).map(({ key }) => key), ["rain"])
        yield* steps.derive(list, { ...nothing, gone: [rain!.id], links: [link(cases.get("a"), second, "snow")] })
        assert.deepStrictEqual((yield* steps.pending(list, second, 0, 10)).map(({ key }) => key), ["snow"])
      })
    )

    test(
      "are asked for the cases of their own list",
      Effect.gen(function*() {
        const { cases, first, ledger, list, steps } = yield* begun(["a"])
        const other = yield* enroll(entries(["b", "a"]), { name: "other" })
        yield* steps.derive(list, { ...nothing, links: [link(cases.get("a"), first, "x")] })
        const [{ question: b } = { question: 0 }] = yield* ledger.pending(other, 0, 1)
        yield* steps.derive(other, { ...nothing, links: [link(b, first, "y")] })
        assert.deepStrictEqual((yield* steps.pending(list, first, 0, 10)).map(({ key }) => key), ["x"])
        assert.deepStrictEqual((yield* steps.pending(other, first, 0, 10)).map(({ key }) => key), ["x", "y"])
        yield* steps.derive(list, { ...nothing, over: [answer(b), answer(cases.get("a")!)] })
        assert.strictEqual((yield* ledger.counts(list)).outcomes.found, 1)
        assert.strictEqual((yield* ledger.counts(other)).outcomes.found, 2)
      })
    )

    test(
      "are there only where a run has several",
      Effect.gen(function*() {
        const ledger = yield* Ledger
        yield* enroll(entries(["a"]))
        assert.deepStrictEqual(yield* ledger.steps.all, [])
        assert.deepStrictEqual(yield* ledger.steps.links([1]), [])
        assert.deepStrictEqual([...yield* ledger.parts.of([1])], [])
        assert.notProperty((yield* rows())[0], "steps")
      })
    )
  })

  describe(`parts in ${name}`, () => {
    it.effect("are kept by question and number, until there are none", () =>
      Effect.provide(
        Effect.gen(function*() {
          const { parts } = yield* Ledger
          const part = (number: number, body: string) => ({ number, status: 200, body, at: 7 })
          yield* parts.keep(1, part(2, "two\0"))
          yield* parts.keep(1, part(1, "one"))
          yield* parts.keep(2, part(1, "other"))
          yield* parts.keep(1, part(2, "second"))
          assert.deepStrictEqual([...yield* parts.of([1, 2, 3])].toSorted(([a], [b]) => a - b), [
            [1, [part(1, "one"), part(2, "second")]],
            [2, [part(1, "other")]]
          ])
          yield* parts.keep(1, part(0, ""))
          assert.deepStrictEqual([...yield* parts.of([1, 2])], [[2, [part(1, "other")]]])
        }),
        layer
      ))
  })
}
