import { assert, describe, it } from "@effect/vitest"
import * as Hedge from "../../src/Policy/Hedge.ts"

const after = (times: ReadonlyArray<number>, before = Hedge.none) => times.reduce(Hedge.answered, before)

describe("Hedge", () => {
  it("knows nothing until twenty answers have come", () => {
    assert.strictEqual(after(Array(19).fill(5)).limit, Infinity)
    assert.strictEqual(after(Array(20).fill(5)).limit, 5)
  })

  it("is at the 95th percentile of the last answers", () => {
    const times = Array.from({ length: 240 }, (_, index) => index % 40 === 0 ? 900 : 100 - index % 40)
    const { limit } = after(times)
    assert.isAtLeast(times.filter((time) => time <= limit).length, 240 * 0.95)
    assert.isAtMost(times.filter((time) => time < limit).length, 240 * 0.96)
  })

  it("follows a server that becomes slower or faster", () => {
    const slow = after(Array(300).fill(500), after(Array(300).fill(10)))
    assert.strictEqual(slow.limit, 500)
    assert.strictEqual(after(Array(300).fill(20), slow).limit, 20)
    assert.lengthOf(slow.last, 256)
  })
})
