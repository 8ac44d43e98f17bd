import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Log from "../../src/Demo/Log.ts"

describe("Log", () => {
  it("finds the fullest window, while calls arrive as well as afterwards", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(FastCheck.integer({ min: 0, max: 600 }), { maxLength: 100 }), (gaps) => {
        let now = 1_000_000
        const arrivals = gaps.map((gap) => now += gap)
        const recorder = new Log.Recorder()
        arrivals.forEach((at) => recorder.arrive(at, undefined))
        const fullest = (length: number) =>
          Math.max(0, ...arrivals.map((from) => arrivals.filter((at) => at >= from && at < from + length).length))
        assert.strictEqual(recorder.read().maxPerSecond, fullest(1_000))
        for (const length of [1, 250, 1_000, 5_000]) {
          assert.strictEqual(Log.maxWithin(arrivals, length), fullest(length))
        }
      }),
      { numRuns: 200 }
    )
  })

  it("keeps the last million arrivals, and all of its figures", () => {
    const recorder = new Log.Recorder()
    const [slow, fast] = [2 ** 21, 2 ** 19]
    for (let index = 0; index < slow; index++) recorder.arrive(index / 2, "34102")
    for (let index = 0; index < fast; index++) recorder.arrive((slow + index / 2) / 2, "34102")
    const { calls, codes, firstArrival, lastArrival, maxPerSecond } = recorder.read()
    assert.deepStrictEqual([calls, codes.get("34102"), maxPerSecond], [slow + fast, slow + fast, 4_000])
    const arrivals = recorder.arrivals()
    assert.deepStrictEqual([firstArrival, lastArrival], [0, arrivals.at(-1)])
    assert.deepStrictEqual([arrivals.length, arrivals[0]], [2 ** 20, (slow + fast - 2 ** 20) / 2])
  })
})
