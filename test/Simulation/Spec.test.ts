import { assert, describe, it } from "@effect/vitest"
import { Either, Schema } from "effect"
import * as Spec from "../../src/Simulation/Spec.ts"

const read = (text: string): Spec.Spec => Either.getOrThrowWith(Spec.parse(text), (message) => new Error(message))

describe("Spec", () => {
  it("is read part by part, with commas in values", () => {
    const spec = read(
      "rate=50/s, burst=10,latency=p50:80ms,p99:2s,outage=60s@5m,outage=1m@10m:503,brownout=50%@2m+60s,drop=10/s@60s+60s,"
        + "errors=1%,resets=0.5%,hangs=0.1%,not-found=5%,poison=0.5%,poison=1%:429,block=10-20:page,quota=10000/day,retry-after=date,headers=ietf,concurrency=32"
    )
    assert.deepStrictEqual(spec.rate, { limit: 50, window: 1000 })
    assert.strictEqual(spec.burst, 10)
    assert.closeTo(spec.latency.median, 80, 1e-9)
    assert.closeTo(80 * Math.exp(spec.latency.deviation * 2.3263478740408408), 2000, 1e-6)
    assert.deepStrictEqual(spec.outages, [
      { from: 300_000, for: 60_000, gives: undefined },
      { from: 600_000, for: 60_000, gives: 503 }
    ])
    assert.deepStrictEqual(spec.brownouts, [{ from: 120_000, for: 60_000, share: 0.5 }])
    assert.deepStrictEqual(spec.drops, [{ from: 60_000, for: 60_000, rate: { limit: 10, window: 1000 } }])
    assert.deepStrictEqual(
      [spec.errors, spec.resets, spec.hangs, spec.notFound],
      [0.01, 0.005, 0.001, 0.05]
    )
    assert.deepStrictEqual(spec.poison, [{ share: 0.005, gives: 500 }, { share: 0.01, gives: 429 }])
    assert.deepStrictEqual(spec.blocks, [{ from: 10, to: 20, gives: "page" }])
    assert.deepStrictEqual(spec.quota, { limit: 10_000, window: 86_400_000 })
    assert.deepStrictEqual([spec.retryAfter, spec.headers, spec.concurrency], ["date", "ietf", 32])
  })

  it("is an API that answers at once where it says nothing", () => {
    const spec = read("")
    assert.deepStrictEqual([spec.rate, spec.concurrency, spec.latency.median], [undefined, Infinity, 0])
  })

  it("lets a bucket hold a second's worth", () => {
    for (const [text, burst] of [["50/s", 50], ["600/min", 10], ["10/min", 1], ["600/min burst 3", 3]] as const) {
      assert.strictEqual(read(`rate=${text}`).burst, burst)
    }
  })

  it("takes two times for a wait that is drawn", () => {
    assert.deepStrictEqual(read("retry-after=1s-5s").retryAfter, [1000, 5000])
    assert.deepStrictEqual(read("retry-after=2s").retryAfter, [2000, 2000])
  })

  it("fits more percentiles than two", () => {
    const { deviation, median } = read("latency=p50:100ms,p90:200ms,p99:400ms").latency
    assert.isTrue(median > 90 && median < 110 && deviation > 0.4 && deviation < 0.7, `${median} ${deviation}`)
    assert.deepStrictEqual(read("latency=80ms").latency, { median: 80, deviation: 0 })
  })

  const wrong: ReadonlyArray<readonly [text: string, message: RegExp]> = [
    ["speed=9", /there is no speed: write some of rate, burst/],
    ["rate", /"rate" is not of the form name=value/],
    ["rate=50", /rate=50: write a rate such as 50\/s/],
    ["rate=5/s,rate=6/s", /rate is given twice/],
    ["burst=5", /burst needs a rate/],
    ["poison=1%:200", /poison=1%:200: write a percentage, and what they get if it is no 500/],
    ["block=10", /block=10: write two numbers, and what the codes between them get/],
    ["latency=p50:80ms,p98:2s", /the percentiles are p50, p75/],
    ["latency=p99:80ms,p50:2s", /a higher percentile takes no less time/],
    ["latency=fast", /write a time or percentiles/],
    ["errors=1", /errors=1: write a percentage/],
    ["hangs=101%", /write a percentage/],
    ["outage=5m", /such as 60s@5m/],
    ["outage=60s@5m:200", /such as 60s@5m/],
    ["brownout=50%@2m", /such as 50%@2m\+60s/],
    ["retry-after=soon", /write a time such as 1s, or 1s-5s, exact, date or none/],
    ["headers=x", /they are ietf, github or none/],
    ["concurrency=0", /write a whole number/]
  ]
  it.each(wrong)("%s is refused with what to write", (text, message) => {
    const parsed = Schema.decodeEither(Spec.Text)(text)
    assert.isTrue(Either.isLeft(parsed))
    assert.match(String(Either.isLeft(parsed) && parsed.left.message), message)
  })
})
