import { assert, describe, it } from "@effect/vitest"
import * as Array from "effect/Array"
import * as Faults from "../../src/Demo/Faults.ts"

const codes = Array.makeBy(20_000, (index) => String(index).padStart(5, "0"))

/** What the first `calls` calls for a code suffer. */
const fates = (faults: Faults.Faults, code: string, calls: number): ReadonlyArray<Faults.Fault | undefined> => {
  let before = 0
  return Array.makeBy(calls, (index) => {
    const fault = faults.fault(code, index + 1, before)
    if (fault !== undefined) before++
    return fault
  })
}

/** What the nth call for each code suffers where every second call does. */
const half = (seed: number, nth: number) => {
  const faults = Faults.make({ seed, unavailable: 0.5 })
  return codes.map((code) => faults.fault(code, nth, 0))
}

const share = (values: ReadonlyArray<unknown>, wanted: unknown) =>
  values.filter((value) => value === wanted).length / values.length

describe("Faults", () => {
  it("has none unless asked for", () => {
    const faults = Faults.make({})
    assert.isTrue(codes.every((code) => faults.fault(code, 1, 0) === undefined && faults.latency(code, 1) === 0))
  })

  it("gives each fault its probability, at the first call as at a later one", () => {
    const wanted = { drop: 0.05, cut: 0.1, hang: 0.02, throttle: 0.2, unavailable: 0.3 }
    const { throttle, ...others } = wanted
    const faults = Faults.make({ ...others, throttle: { probability: throttle } })
    for (const nth of [1, 2, 7]) {
      const drawn = codes.map((code) => faults.fault(code, nth, 0))
      for (const [fault, probability] of Object.entries(wanted)) {
        const deviation = Math.sqrt(probability * (1 - probability) / codes.length)
        assert.approximately(share(drawn, fault), probability, 5 * deviation, `${fault} at call ${nth}`)
      }
    }
  })

  it("draws each call, each seed and each neighbouring code anew", () => {
    const drawn = half(1, 1)
    assert.deepStrictEqual(half(1, 1), drawn)
    for (const [what, other] of [["call", half(1, 2)], ["seed", half(2, 1)], ["code", half(1, 1).slice(1)]] as const) {
      const equal = other.filter((fault, index) => fault === drawn[index]).length / other.length
      assert.approximately(equal, 0.5, 0.02, what)
    }
  })

  it.each([
    { faultsPerCode: undefined, suffered: 2 },
    { faultsPerCode: 0, suffered: 0 },
    { faultsPerCode: 5, suffered: 5 }
  ])("lets a code suffer $suffered times when faultsPerCode is $faultsPerCode", ({ faultsPerCode, suffered }) => {
    const faults = Faults.make({ unavailable: 1, faultsPerCode })
    assert.deepStrictEqual(
      fates(faults, "34102", 8),
      [...Array.makeBy(8, (index) => index < suffered ? "unavailable" as const : undefined)]
    )
  })

  it("takes a fixed latency, or one with the percentiles it was given", () => {
    assert.strictEqual(Faults.make({ latency: "25 millis" }).latency("34102", 3), 25)
    const { latency } = Faults.make({ latency: { p50: "20 millis", p99: "80 millis" } })
    const sorted = codes.map((code) => latency(code, 1)).toSorted((a, b) => a - b)
    assert.approximately(sorted[codes.length * 0.5]!, 20, 0.5)
    assert.approximately(sorted[codes.length * 0.99]!, 80, 5)
    assert.strictEqual(latency("34102", 2), latency("34102", 2))
    assert.notStrictEqual(latency("34102", 2), latency("34102", 3))
  })
})
