import { assert, describe, it } from "@effect/vitest"
import * as History from "../../src/Policy/History.ts"
import { scale } from "../scale.ts"

/** A call every so many milliseconds, kept whenever so many have passed. */
const grown = (every: number, keep: number, end: number, from = 0) => {
  let history = History.none
  const sent: Array<number> = []
  for (let at = from, kept = from; at < end; at += every) {
    sent.push(at)
    history = History.add(history, at, 1)
    if (at - kept < keep) continue
    kept = at
    history = History.compact(history, at, 0)
  }
  return { sent, history: History.compact(history, end, 0) }
}

describe("History", () => {
  for (
    const [every, keep, end] of [[3, 250, 60_000], [777, 250, 3_600_000], [
      40_000,
      2_000_000,
      scale(10, 40, 40) * 86_400_000
    ]] as const
  ) {
    it(`of a call every ${every} ms forgets none, and is late by an eighth of its age at the most`, () => {
      const { history, sent } = grown(every, keep, end)
      assert.isBelow(history.length, 200)
      assert.strictEqual(history.reduce((sum, [, units]) => sum + units, 0), sent.length)
      let place = 0
      for (const [at, units] of history) {
        for (const time of sent.slice(place, place += units)) {
          assert.isAtMost(time, at)
          assert.isAtMost(at - time, Math.max(8, (end - time) / 8))
        }
      }
    })
  }

  it("is the same for who goes on with it again and again", () => {
    let { history } = grown(100, 250, 60_000)
    const { length } = history
    for (let nth = 0; nth < 50; nth++) history = History.compact(history, 60_000 + nth, 0)
    assert.isAtLeast(history.length, length - 3)
  })

  it("leaves out what no rate looks at", () => {
    const year = 366 * 86_400_000
    assert.deepStrictEqual(History.compact([[0, 5], [year, 3]], year + 1, 0), [[year, 3]])
  })
})
