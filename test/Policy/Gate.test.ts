import { assert, describe, it } from "@effect/vitest"
import { Duration, FastCheck } from "effect"
import * as Gate from "../../src/Policy/Gate.ts"

const throttle: Gate.Throttle = {
  base: Duration.seconds(1),
  cap: Duration.seconds(60),
  maxWait: Duration.minutes(15)
}

const shut = (gate: Gate.Gate, now: number, told?: Duration.DurationInput) =>
  Gate.shut(gate, throttle, now, told === undefined ? {} : { told: Duration.decode(told) })

describe("Gate.shut", () => {
  const waits: ReadonlyArray<readonly [told: Duration.DurationInput | undefined, wait: number]> = [
    [undefined, 1_000],
    ["0 millis", 1_000],
    ["1 millis", 1],
    ["7 seconds", 7_000],
    ["90 seconds", 90_000],
    ["15 minutes", 900_000],
    // in full: whether anybody is willing to wait for so long is not the gate's matter
    ["16 minutes", 960_000],
    ["366 days", 366 * 86_400_000],
    // it does not mean that
    ["367 days", 1_000],
    [Duration.infinity, 1_000]
  ]
  for (const [told, wait] of waits) {
    it(`waits ${wait} ms where the server says ${told}`, () => {
      const gate = shut(Gate.open, 5_000, told)
      assert.strictEqual(gate.until, 5_000 + wait)
      assert.isTrue(Gate.isShut(gate, 5_000 + wait - 1))
      assert.isFalse(Gate.isShut(gate, 5_000 + wait))
    })
  }

  it("doubles its own wait up to the cap while nothing else comes back, and ends with a last try after maxWait", () => {
    let gate = Gate.open
    const waits = []
    let time = 0
    while (!Gate.isExhausted(gate, throttle, time)) {
      gate = shut(gate, time)
      waits.push((gate.until - time) / 1_000)
      time = gate.until
    }
    assert.deepStrictEqual(waits.slice(0, 9), [1, 2, 4, 8, 16, 32, 60, 60, 60])
    assert.strictEqual(time, 900_000)
  })

  const short: Gate.Throttle = { ...throttle, maxWait: Duration.seconds(4) }

  it("never waits longer than maxWait where the server does not say how long, whatever the cap is", () => {
    let gate = Gate.shut(Gate.open, { ...throttle, maxWait: Duration.millis(300) }, 0)
    assert.strictEqual(gate.until, 300)
    gate = Gate.open
    for (const now of [0, 1_000, 3_000]) gate = Gate.shut(gate, short, now)
    assert.strictEqual(gate.until, 4_000)
    assert.isFalse(Gate.isExhausted(gate, short, 3_999))
    assert.isTrue(Gate.isExhausted(gate, short, 4_000))
  })

  it("is hopeless at once where the server says a longer wait, alone or together with those before", () => {
    assert.isFalse(Gate.isExhausted(Gate.shut(Gate.open, short, 0, { told: Duration.seconds(4), jitter: 1 }), short, 0))
    assert.isTrue(Gate.isExhausted(Gate.shut(Gate.open, short, 0, { told: Duration.seconds(5) }), short, 0))
    const once = Gate.shut(Gate.open, short, 0, { told: Duration.seconds(3) })
    assert.isFalse(Gate.isExhausted(once, short, 3_000))
    assert.isTrue(Gate.isExhausted(Gate.shut(once, short, 3_000, { told: Duration.seconds(3) }), short, 3_000))
    // an answer between ends it
    const passed = Gate.passed(once)
    assert.isFalse(Gate.isExhausted(Gate.shut(passed, short, 3_000, { told: Duration.seconds(3) }), short, 3_000))
  })

  it("counts those that come while it is shut as one, and only ever stays shut for longer", () => {
    let gate = shut(Gate.open, 1_000, "10 seconds")
    gate = shut(gate, 2_000, "3 seconds")
    assert.deepStrictEqual([gate.until, gate.streak, gate.since], [11_000, 1, 1_000])
    gate = shut(gate, 3_000, "20 seconds")
    assert.deepStrictEqual([gate.until, gate.streak, gate.since], [23_000, 1, 1_000])
    assert.strictEqual(shut(gate, 23_000).streak, 2)
  })

  it("waits its base again after something else came back", () => {
    let gate = shut(shut(Gate.open, 0), 1_000)
    assert.strictEqual(gate.until, 3_000)
    gate = shut(Gate.passed(gate), 3_000)
    assert.deepStrictEqual([gate.until, gate.streak, gate.streakSince], [4_000, 1, 3_000])
  })

  it("waits no less than its base where something else came back while it was shut", () => {
    const gate = shut(Gate.passed(shut(Gate.open, 0)), 900)
    assert.deepStrictEqual([gate.until, gate.streak], [1_900, 1])
  })
})

describe("Gate.isExhausted", () => {
  it("is true after maxWait of nothing but throttling", () => {
    let gate = shut(Gate.open, 10_000, "15 minutes")
    assert.isFalse(Gate.isExhausted(gate, throttle, 10_000))
    assert.isFalse(Gate.isExhausted(gate, throttle, 909_999))
    assert.isTrue(Gate.isExhausted(gate, throttle, 910_000))
    gate = shut(gate, 910_000)
    assert.strictEqual(gate.streakSince, 10_000)
    assert.isFalse(Gate.isExhausted(Gate.passed(gate), throttle, 1e9))
    assert.isFalse(Gate.isExhausted(Gate.open, throttle, 1e9))
  })
})

describe("Gate.activeTime", () => {
  it("stands still while the gate is shut", () => {
    const gate = shut(shut(Gate.open, 1_000, "2 seconds"), 10_000, "1 second")
    const times = [10_000, 10_500, 11_000, 12_000]
    assert.deepStrictEqual(times.map((at) => Gate.activeTime(gate, at)), [8_000, 8_000, 8_000, 9_000])
  })
})

describe("Gate.shutTime", () => {
  it("is the time for which it was shut", () => {
    let gate = Gate.open
    assert.strictEqual(Gate.shutTime(gate, 500), 0)
    gate = shut(gate, 1_000, "2 seconds")
    assert.deepStrictEqual([1_000, 1_500, 3_000, 9_000].map((at) => Gate.shutTime(gate, at)), [0, 500, 2_000, 2_000])
    gate = shut(gate, 10_000, "1 second")
    assert.deepStrictEqual([10_000, 10_500, 11_000, 12_000].map((at) => Gate.shutTime(gate, at)), [
      2_000,
      2_500,
      3_000,
      3_000
    ])
  })

  it("never runs backwards, nor faster than the clock, and runs just while the gate is shut", () => {
    const step = FastCheck.record({
      after: FastCheck.nat(3_000),
      event: FastCheck.constantFrom("shut", "pass", "look"),
      told: FastCheck.option(FastCheck.nat(5_000), { nil: undefined })
    })
    FastCheck.assert(
      FastCheck.property(FastCheck.array(step, { maxLength: 50 }), (steps) => {
        let gate = Gate.open
        let now = 0
        let expected = 0
        for (const { after, event, told } of steps) {
          expected += Math.max(0, Math.min(now + after, gate.until) - now)
          now += after
          assert.strictEqual(Gate.shutTime(gate, now), expected)
          const before = gate
          if (event === "shut") gate = shut(gate, now, told)
          if (event === "pass") gate = Gate.passed(gate)
          // an event takes no time
          assert.strictEqual(Gate.shutTime(gate, now), expected)
          assert.isAtLeast(gate.until, before.until)
          assert.isAtMost(gate.until, Math.max(before.until, now + 900_000))
          if (event === "shut") assert.isTrue(Gate.isShut(gate, now))
        }
      }),
      { numRuns: 500 }
    )
  })
})
