import { assert, describe, it } from "@effect/vitest"
import * as Uniform from "../../src/Policy/Uniform.ts"

/** So many failures of a kind, the last few of them probes. */
const failure = (kind: string, isProbe = false): Uniform.Failure => ({ kind, at: 100, isProbe, isFinal: true })

const after = (count: number, probes = 0, row = Uniform.none(20), kind = "403") => {
  for (let nth = 0; nth < count; nth++) row = Uniform.failed(row, failure(kind, nth >= count - probes))
  return row
}

describe("Uniform", () => {
  it("doubts after so many failures that are the same, and sooner where no answer is known", () => {
    assert.isFalse(Uniform.isDoubtful(after(19), true))
    assert.isTrue(Uniform.isDoubtful(after(20), true))
    assert.isFalse(Uniform.isDoubtful(after(15), false))
    assert.isTrue(Uniform.isDoubtful(after(16), false))
  })

  it("begins anew with another failure, and with an answer", () => {
    assert.strictEqual(Uniform.failed(after(19), failure("402")).count, 1)
    assert.deepStrictEqual(Uniform.passed(after(19), 101, 20), Uniform.none(20))
    // it was under way when the first of them came
    assert.deepStrictEqual(Uniform.passed(after(19), 99, 20), after(19))
  })

  it("is certain after some from elsewhere, never by those next in line alone", () => {
    assert.isFalse(Uniform.isCertain(after(200)))
    assert.isFalse(Uniform.isCertain(after(20, 3)))
    assert.isTrue(Uniform.isCertain(after(20, 4)))
    assert.isFalse(Uniform.isCertain(after(19, 4)))
  })

  it("looks a few times more at what may be over soon, with as many from elsewhere each time", () => {
    let row = after(20, 4)
    for (let nth = 0; nth < 3; nth++) {
      assert.isTrue(Uniform.isLooked(row))
      row = Uniform.looked(row)
      assert.isFalse(Uniform.isCertain(row))
      row = after(4, 4, row)
      assert.isTrue(Uniform.isCertain(row))
    }
    assert.isFalse(Uniform.isLooked(row))
    assert.isTrue(Uniform.isLooked(after(1, 0, row, "405")))
    assert.isTrue(Uniform.isLooked(Uniform.cleared(row)))
  })

  it("looks again after twice as many, up to a bound", () => {
    let row = after(20)
    const limits: Array<number> = []
    for (let nth = 0; nth < 7; nth++) {
      row = Uniform.cleared(row)
      assert.isFalse(Uniform.isDoubtful(row, true))
      limits.push(row.limit)
    }
    assert.deepStrictEqual(limits, [40, 80, 160, 320, 320, 320, 320])
  })

  const reply = (status: number, words: string, code: string) =>
    Uniform.kindOf({ reason: "status", status }, words, code)
  const alike: ReadonlyArray<readonly [what: string, a: string, b: string, isSame: boolean]> = [
    ["the same words", reply(403, "no", "A1"), reply(403, "no", "B2"), true],
    ["another status", reply(403, "no", "A1"), reply(405, "no", "B2"), false],
    ["other words", reply(403, "not in your plan", "A1"), reply(403, "account suspended", "B2"), false],
    ["the code in it", reply(403, `{"for":"Zürich"}`, "Zürich"), reply(403, `{"for":"Bern"}`, "Bern"), true],
    [
      "an id or a time",
      reply(403, `{"id":"4f3c-99a0","at":17}`, "A"),
      reply(403, `{"id":"a0b1-77","at":18}`, "B"),
      true
    ],
    ["an end that differs", reply(403, "x".repeat(200) + "a", "A"), reply(403, "x".repeat(200) + "b", "B"), true]
  ]
  for (const [what, a, b, isSame] of alike) {
    it(`takes ${what} for ${isSame ? "the same" : "another"}`, () => {
      assert.strictEqual(a === b, isSame, `${a} | ${b}`)
    })
  }
})
