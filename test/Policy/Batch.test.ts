import { assert, describe, it } from "@effect/vitest"
import * as Batch from "../../src/Policy/Batch.ts"

const after = (batch: Batch.Batch, times: number, count: number) => {
  let next = batch
  for (let nth = 0; nth < times; nth++) next = Batch.answered(next, count)
  return next.size
}

describe("Batch", () => {
  it("is halved where that is too much, and grows again slowly", () => {
    const half = Batch.refused(Batch.begin(50), 50)
    assert.strictEqual(half.size, 25)
    // what was sent before tells no more
    assert.strictEqual(Batch.refused(half, 50).size, 25)
    assert.strictEqual(after(half, 31, 25), 25)
    assert.strictEqual(after(half, 32, 25), 50)
    assert.strictEqual(after(half, 100, 24), 25)
    assert.strictEqual(after(Batch.refused(Batch.begin(50), 7), 1000, 50), 50)
  })

  it("is as before where one question was too much by itself", () => {
    assert.deepStrictEqual(Batch.refused(Batch.refused(Batch.begin(50), 50), 1), Batch.begin(50))
  })
})
