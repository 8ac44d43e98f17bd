import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { copyFileSync, existsSync } from "node:fs"
import { join } from "node:path"
import { Ledger } from "../../src/Ledger.ts"
import * as Sqlite from "../../src/Ledger/Sqlite.ts"
import type { Case, Derived } from "../../src/Ledger/Steps.ts"
import * as Deriver from "../../src/Rollcall/Deriver.ts"
import { folder } from "../command.ts"
import { answer, enroll, entries, ledgers, rows } from "../Ledger/fixture.ts"

const steps = ["place", "weather"].map((name) => ({ name, fingerprint: { url: `https://${name}.example/{code}` } }))

/** The place of a code, then the weather of each part of that place; of a place without parts there is none. */
const graph = (place: number, weather: number, placeOf: (key: string) => string): Deriver.Derive => (key, answerTo) => {
  const first = { step: place, position: 0, key: placeOf(key), reason: null }
  const found = answerTo(place, first.key)
  if (found === undefined) return { links: [first] }
  if (found.outcome !== "found") {
    return {
      links: [first, { step: weather, position: 0, key: null, reason: "its place was not found" }],
      over: found.outcome
    }
  }
  const parts = JSON.parse(found.body!) as ReadonlyArray<string>
  const links = [first, ...parts.map((key, position) => ({ step: weather, position, key, reason: null }))]
  const answers = parts.map((key) => answerTo(weather, key))
  return answers.includes(undefined)
    ? { links }
    : { links, over: answers.find((one) => one!.outcome !== "found")?.outcome ?? "found" }
}

/** A list whose cases are about to be derived, and what was written so far. */
const begun = (codes: ReadonlyArray<string>, placeOf = (key: string) => key) =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const list = yield* enroll(entries(codes))
    const [place = 0, weather = 0] = yield* ledger.steps.enter(steps)
    const written: Array<Derived> = []
    const told = {
      ...ledger,
      steps: {
        ...ledger.steps,
        derive: (id: number, derived: Derived) =>
          Effect.tap(ledger.steps.derive(id, derived), () => written.push(derived))
      }
    }
    const deriver = yield* Effect.provideService(
      Deriver.make(list, graph(place, weather, placeOf)),
      Ledger,
      Ledger.of(told)
    )
    const pending = Effect.map(
      ledger.pending(list, 0, 200_000),
      (all) => all.map(({ key, question }): Case => ({ case: question, key, outcome: null }))
    )
    const asked: Array<string> = []
    /** Answers what is pending of a step. */
    const settle = (step: number, to: (key: string) => string | undefined) =>
      Effect.gen(function*() {
        const found = yield* ledger.steps.pending(list, step, 0, 100_000)
        asked.push(...found.map(({ key }) => `${step === place ? "place" : "weather"} ${key}`))
        yield* ledger.steps.record(found.map(({ key, question }) => {
          const body = to(key)
          return body === undefined
            ? answer(question, { outcome: "not_found", http_status: 404, body: null })
            : answer(question, { body })
        }))
      })
    return {
      ledger,
      list,
      place,
      weather,
      deriver,
      written,
      asked,
      settle,
      begin: Effect.flatMap(pending, deriver.derive)
    }
  })

/** Derives until nothing waits; gives the cases that are over. */
const drain = ({ next }: Deriver.Deriver) =>
  Effect.gen(function*() {
    const over: Array<number> = []
    for (;;) {
      const found = yield* next
      over.push(...found.over.map(({ question }) => question))
      if (found.isDone) return over
    }
  })

/** What stands of each row. */
const shown = Effect.map(
  rows(),
  (all) =>
    all.map(({ key, outcome, steps = [] }) =>
      [key, outcome, ...steps.map((link) => link.answered?.body ?? link.reason ?? `${link.key}?`)].join(" ")
    )
)

const places: Record<string, string> = { a: "[\"north\",\"south\"]", b: "[\"south\"]", c: "[]" }

for (const [name, layer] of Object.entries(ledgers)) {
  describe(`the deriver of a ledger in ${name}`, () => {
    const test = (what: string, body: Effect.Effect<void, unknown, Ledger>) =>
      it.effect(what, () => Effect.provide(body, layer))

    test(
      "makes the questions of a step of the answers of another one, each asked once",
      Effect.gen(function*() {
        const { asked, begin, deriver, ledger, list, place, settle, weather } = yield* begun(["a", "b", "c", "d", "a"])
        assert.deepStrictEqual(yield* begin, [])
        yield* settle(place, (key) => places[key])
        assert.lengthOf(yield* drain(deriver), 2)
        assert.deepStrictEqual((yield* ledger.counts(list)).outcomes, {
          found: 1,
          not_found: 1,
          invalid: 0,
          failed: 0,
          skipped: 0
        })
        yield* settle(weather, (key) => `"rain in the ${key}"`)
        assert.lengthOf(yield* drain(deriver), 2)
        assert.deepStrictEqual(yield* shown, [
          "a found [\"north\",\"south\"] \"rain in the north\" \"rain in the south\"",
          "b found [\"south\"] \"rain in the south\"",
          "c found []",
          "d not_found d? its place was not found",
          "a found [\"north\",\"south\"] \"rain in the north\" \"rain in the south\""
        ])
        assert.deepStrictEqual(asked.toSorted(), [
          "place a",
          "place b",
          "place c",
          "place d",
          "weather north",
          "weather south"
        ])
        assert.strictEqual((yield* ledger.answered(1, 1))[0]?.calls, 3)
        // a case that is over is not derived again, and nothing more is written
        assert.deepStrictEqual(yield* drain(deriver), [])
      })
    )

    test(
      "goes on with what another case has asked already",
      Effect.gen(function*() {
        const { asked, begin, deriver, place, settle, weather } = yield* begun(["a", "A"], (key) => key.toLowerCase())
        yield* begin
        yield* settle(place, (key) => places[key])
        yield* drain(deriver)
        yield* settle(weather, (key) => `"${key}"`)
        assert.lengthOf(yield* drain(deriver), 2)
        yield* enroll(entries(["b", "B"]), { name: "other" })
        const other = yield* begun(["a", "A", "b"], (key) => key.toLowerCase())
        yield* other.begin
        yield* other.settle(place, (key) => places[key])
        // the south is known
        assert.lengthOf(yield* drain(other.deriver), 1)
        assert.deepStrictEqual([...asked, ...other.asked], ["place a", "weather north", "weather south", "place b"])
      })
    )

    test(
      "derives anew after a redo: what is new is asked, what is left over is not, and what is over may be open again",
      Effect.gen(function*() {
        const { asked, begin, deriver, ledger, list, place, settle, weather } = yield* begun(["a", "c"])
        yield* begin
        yield* settle(place, (key) => places[key])
        yield* drain(deriver)
        yield* settle(weather, (key) => `"${key}"`)
        yield* drain(deriver)
        assert.deepStrictEqual((yield* ledger.counts(list)).outcomes.found, 2)
        asked.length = 0
        assert.deepStrictEqual(yield* ledger.steps.redo(list, [{ codes: ["a"], statuses: [[200, 200]] }]), [3])
        assert.deepStrictEqual(yield* shown, [
          "a  a? north? south?",
          "c found []"
        ])
        yield* settle(place, () => "[\"east\"]")
        yield* drain(deriver)
        yield* settle(weather, (key) => `"${key}"`)
        assert.lengthOf(yield* drain(deriver), 1)
        assert.deepStrictEqual(asked, ["place a", "weather east"])
        assert.deepStrictEqual(yield* shown, ["a found [\"east\"] \"east\"", "c found []"])
      })
    )

    test(
      "writes at most so many links at once, however many cases wait for one question, or links one case has",
      Effect.gen(function*() {
        const codes = Array.from({ length: 2_500 }, (_, index) => `c${index}`)
        const { begin, deriver, ledger, list, place, settle, weather, written } = yield* begun(codes, () => "same")
        yield* begin
        yield* settle(place, () => "[\"only\"]")
        yield* drain(deriver)
        yield* settle(weather, () => "\"sun\"")
        assert.lengthOf(yield* drain(deriver), codes.length)
        assert.deepStrictEqual(
          written.map(({ gone, links, over }) => links.length + gone.length + over.length),
          [1_024, 1_024, 452, 1_024, 1_024, 452, 1_024, 1_024, 452]
        )
        assert.strictEqual((yield* ledger.counts(list)).outcomes.found, codes.length)
        written.length = 0
        yield* ledger.steps.redo(list, [{ codes: ["c7"], outcomes: ["found"] }])
        const parts = JSON.stringify(Array.from({ length: 1_500 }, (_, index) => `p${index}`))
        yield* enroll(entries(["x"]), { name: "zips" })
        const one = yield* begun(["x"], () => "large")
        yield* one.begin
        yield* one.settle(place, () => parts)
        yield* drain(one.deriver)
        assert.deepStrictEqual(one.written.map(({ links }) => links.length), [1, 1_024, 476])
        assert.lengthOf(yield* ledger.steps.pending(list, weather, 0, 2_000), 1_500)
      })
    )
  })
}

describe("the deriver of a ledger", () => {
  it.scoped("goes on after a kill between two transactions, and asks nothing twice", () =>
    Effect.gen(function*() {
      const cwd = yield* folder
      const file = join(cwd, "out.ledger")
      const codes = Array.from({ length: 3_000 }, (_, index) => `c${index}`)
      const asked = yield* Effect.gen(function*() {
        const run = yield* begun(codes, () => "same")
        yield* run.begin
        yield* run.settle(run.place, () => "[\"only\"]")
        yield* run.deriver.next
        for (const end of ["", "-wal"]) {
          if (existsSync(file + end)) copyFileSync(file + end, join(cwd, `killed.ledger${end}`))
        }
        return run.asked
      }).pipe(Effect.provide(Layer.fresh(Sqlite.layer(file))))
      yield* Effect.gen(function*() {
        const run = yield* begun(codes, () => "same")
        yield* run.begin
        yield* drain(run.deriver)
        assert.deepStrictEqual(run.written.map(({ links }) => links.length), [1_024, 952, 0, 0])
        yield* run.settle(run.place, () => "[]")
        yield* run.settle(run.weather, () => "\"sun\"")
        assert.lengthOf(yield* drain(run.deriver), codes.length)
        assert.deepStrictEqual([...asked, ...run.asked], ["place same", "weather only"])
      }).pipe(Effect.provide(Layer.fresh(Sqlite.layer(join(cwd, "killed.ledger")))))
    }))
})
