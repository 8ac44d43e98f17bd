import { assert, describe, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import * as Select from "../../src/Answer/Select.ts"
import * as Memory from "../../src/Ledger/Memory.ts"
import * as Fields from "../../src/Rollcall/Fields.ts"
import { enroll, entries, settle } from "../Ledger/fixture.ts"

const make = (...texts: ReadonlyArray<string>) =>
  Fields.make(texts.map((text) => Either.getOrThrow(Select.parse(text))))

describe("Fields", () => {
  const cases: ReadonlyArray<readonly [select: string, answers: ReadonlyArray<unknown>, warning: string | undefined]> =
    [
      [
        "c=contry",
        [{ country: "US", data: { city: "x" } }],
        "c is empty in all 1 found answers: is the path right? (the answer has \"country\")"
      ],
      [
        "data.citty",
        [{ data: { city: "x" } }, { data: { city: "y" } }],
        "data.citty is empty in all 2 found answers: is the path right? (the answer has \"city\")"
      ],
      [
        "zzzzzz",
        [{ a: 1, b: 2 }],
        "zzzzzz is empty in all 1 found answers: is the path right? (the answer has \"a\", \"b\")"
      ],
      ["tags", [{ tags: [] }], "tags is empty in all 1 found answers: is the path right? (the answer has \"tags\")"],
      ["c=country", [{}, { country: "US" }], undefined],
      ["n", [{ n: 0 }], undefined],
      ["n", [{ n: false }], undefined],
      ["n", [], undefined]
    ]
  it.each(cases)("%s of %j", (text, answers, warning) => {
    const fields = make(text)
    for (const answer of answers) Fields.see(fields, answer)
    assert.deepStrictEqual(Fields.warnings(fields, fields.seen), warning === undefined ? [] : [warning])
  })

  it("tells it once after the first twenty", () => {
    const fields = make("c=contry")
    const told = Array.from({ length: 30 }, () => Fields.see(fields, { country: "US" }))
    assert.deepStrictEqual(
      told.map(({ length }) => length).map((length, index) => length > 0 ? index : -1).filter((at) => at >= 0),
      [19]
    )
    assert.match(told[19]!.join(), /^c is empty in all 20 found answers/)
  })

  it("a field that is in what is no answer alone is no slip", () => {
    const fields = make("m=message", "n=nothing")
    for (let count = 0; count < 3; count++) Fields.see(fields, { city: "x" })
    Fields.seeOther(fields, "<h1>none</h1>", "json")
    Fields.seeOther(fields, null, "json")
    Fields.seeOther(fields, "{\"message\":\"no such code\"}", "json")
    assert.deepStrictEqual(Fields.warnings(fields, 3).map((text) => text.slice(0, 24)), ["n is empty in all 3 foun"])
  })

  it("counts the answers on which a field failed, with the reason", () => {
    const fields = make("l=length(n)", "n")
    for (const n of [1, 2, "abc"]) Fields.see(fields, { n })
    assert.match(Fields.warnings(fields, 3).join("\n"), /^a field is null in 2 answers: l=length\(n\): .*number/)
  })

  it.effect("looks at the answers of earlier runs too", () =>
    Effect.gen(function*() {
      const codes = ["a", "b", "c"]
      const list = yield* enroll(entries([...codes, "d"]))
      yield* settle(codes, (code) => ({ outcome: "found", body: code === "b" ? `{"x":1}` : `{"xx":1}` }), list)
      const of = { id: list, entries: 4, expect: "json" } as const
      assert.deepStrictEqual(yield* Fields.judge(make("x"), of, 3), [])
      assert.match((yield* Fields.judge(make("y"), of, 3)).join(), /^y is empty in all 3 found answers/)
      yield* settle(["d"], () => ({ outcome: "not_found", http_status: 404, body: `{"y":"gone"}` }), list)
      assert.deepStrictEqual(yield* Fields.judge(make("y"), of, 3), [])
    }).pipe(Effect.provide(Memory.layer)))
})
