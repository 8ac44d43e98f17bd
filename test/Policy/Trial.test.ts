import { assert, describe, it } from "@effect/vitest"
import * as Trial from "../../src/Policy/Trial.ts"

describe("Trial", () => {
  /** `r` and `a`: somebody was refused, or answered; in capitals it was a witness whose answer is known, after a dot one that is far away. */
  const after = (replies: string) =>
    [...replies.matchAll(/(\.?)(\w)/g)].reduce((trial, [, far, reply]) => {
      const role = far !== "" ? "far" : reply! < "a" ? "known" : "other"
      return reply!.toLowerCase() === "a" ? Trial.answered(trial, role) : Trial.refused(trial, role)
    }, Trial.none)

  const cases: ReadonlyArray<
    readonly [what: string, replies: string, due: boolean, likely: boolean, certain: boolean]
  > = [
    ["nobody was asked after a pause", "", false, false, false],
    ["two were refused", "rr", false, false, false],
    ["three were refused, pause after pause", "rrr", true, false, false],
    ["one of them was answered, as after a pause that was long enough", "rrrar", false, false, false],
    ["a witness was answered", "rrrA", true, false, false],
    ["witnesses were answered, and the others not", "rrrArrA", true, true, false],
    ["that goes on", "rrrArrAArrAArrA", true, true, true],
    ["a witness was refused as well: it is the load", "rrrArrAArrAArrAR", false, false, false],
    ["another one was answered in the end", "rrrArrAArrAArrAa", false, false, false],
    ["the witness is far away", "rrr.arr.a", true, true, false],
    ["who is far away is refused, and may be of their kind", "rrr.rrr.arr.a", true, true, false]
  ]
  for (const [what, replies, due, likely, certain] of cases) {
    it(`asks witnesses or not where ${what}`, () => {
      const trial = after(replies)
      assert.deepStrictEqual(
        [Trial.isDue(trial), Trial.isLikely(trial), Trial.isCertain(trial)],
        [due, likely, certain]
      )
    })
  }

  it("asks a witness every other time, after short pauses and long ones", () => {
    const turns = Array.from({ length: 8 }, (_, turn) => Trial.isWitness(turn) ? "w" : "o").join("")
    assert.strictEqual(turns, "woowwoow")
  })
})
