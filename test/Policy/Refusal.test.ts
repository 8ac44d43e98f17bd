import { assert, describe, it } from "@effect/vitest"
import * as Refusal from "../../src/Policy/Refusal.ts"
import * as Draw from "../../src/Simulation/Draw.ts"

describe("Refusal.isOwnFault", () => {
  const cases: ReadonlyArray<
    readonly [what: string, times: number, answered: number, refused: number, isOwnFault: boolean]
  > = [
    ["all others are answered", 5, 96, 0, true],
    ["it has attempts left", 4, 96, 0, false],
    ["nobody else is answered", 50, 0, 0, false],
    ["nobody else is answered, and others are refused", 50, 0, 40, false],
    ["few others are there, all of them answered: that is little to go by", 5, 3, 0, false],
    ["few others are there, all of them answered, and it is refused twice as often", 12, 3, 0, true],
    ["a few others are there, all of them answered", 7, 8, 0, true],
    ["one other was answered: that is hardly anything to go by", 15, 1, 0, false],
    ["one other was answered, and it is refused for ever", 40, 1, 0, true],
    ["a few others are always refused as well", 5, 95, 4, true],
    ["two of five are refused for the load", 5, 60, 40, false],
    ["two of five are refused for the load, and it twenty times", 20, 60, 40, true],
    ["nearly all are refused", 40, 5, 95, false]
  ]
  for (const [what, times, answered, refused, isOwnFault] of cases) {
    it(`is ${isOwnFault} where ${what}`, () => {
      const since = { answered: 7, refused: 3 }
      const all = { answered: 7 + answered, refused: 3 + refused + Math.min(times, 5) }
      assert.strictEqual(Refusal.isOwnFault({ times, since }, 5, all), isOwnFault)
    })
  }

  for (const count of [5, 20, 200]) {
    for (const share of [0.1, 0.3, 0.5]) {
      it(`blames chance where ${count} are asked of which ${share * 100} % are refused at random`, () => {
        const runs = 1000
        let wrong = 0
        for (let run = 0; run < runs; run++) {
          const random = Draw.stream(run * 7919 + count)
          const all = { answered: 0, refused: 0 }
          const line = Array.from({ length: count }, (): Refusal.Refused | undefined => undefined)
          while (line.length > 0) {
            const asked = line.shift()
            if (random() >= share) {
              all.answered++
              continue
            }
            const refused = Refusal.again(asked, all)
            if (refused.times <= 5) all.refused++
            if (Refusal.isOwnFault(refused, 5, all)) wrong++
            else line.push(refused)
          }
        }
        // one in a thousand runs may be
        assert.isAtMost(wrong, 5)
      })
    }
  }

  it("remembers how the others fared at the first refusal", () => {
    const all = { answered: 1, refused: 1 }
    const once = Refusal.again(undefined, all)
    all.answered = 9
    assert.deepStrictEqual(Refusal.again(once, all), { times: 2, since: { answered: 1, refused: 1 } })
  })
})
