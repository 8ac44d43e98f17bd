import { assert, describe, it } from "@effect/vitest"
import { Duration, Exit, Schema } from "effect"
import * as Pace from "../../src/Policy/Pace.ts"
import type * as Sweep from "../../src/Sweep.ts"
import { isProof, scale } from "../scale.ts"
import { of, policy, run, serve, stopReason, told } from "../sweep.ts"
import { most } from "../windows.ts"

const minute = 60_000

/** A server that is down for a while. */
const down = (from: number, until: number, status = 503) =>
  serve((_, __, at) => at >= from && at < until ? status : 200, (code) => 20 + code.length)

const outcomes = (settled: ReadonlyArray<Sweep.Settled>) => [...new Set(settled.map(({ outcome }) => outcome))]

describe("an outage", () => {
  it("of ten minutes costs no question an attempt, and a probe now and then", () => {
    for (let seed = 1; seed <= scale(1, 20, 200); seed++) {
      const server = down(1000, 10 * minute)
      const { exit, settled } = run(server, 5000, { concurrency: 16 }, seed)
      assert.deepStrictEqual(exit, Exit.void)
      assert.deepStrictEqual([settled.length, ...outcomes(settled)], [5000, "found"])
      const inOutage = server.calls.filter(({ at }) => at >= 1000 && at < 10 * minute)
      const tried = new Set(inOutage.map(({ code }) => code)).size
      // 1, 2, 4, 8, 16, 32 s, then one a minute
      assert.isAtMost(inOutage.length, 40 + 16 + 6 + 9)
      assert.isAtMost(inOutage.length, 1.1 * tried + 10 * 600)
      // at most one probe an interval
      const probes = inOutage.map(({ at }) => at).filter((at) => at > 5000)
      for (const [nth, at] of probes.slice(1).entries()) assert.isAtLeast(at - probes[nth]!, 4000)
      // and it ends within an interval
      assert.isBelow(server.calls.find(({ at }) => at >= 10 * minute)!.at, 11 * minute + 2000)
    }
  })

  it("names every call beyond the first of each question, and tells how long it was", () => {
    for (const status of [500, 503]) {
      const server = down(1000, 10 * minute, status)
      const { snapshot, settled } = run(server, 5000, { concurrency: 16 })
      const { calls, probes, retries, throttled } = snapshot
      assert.strictEqual(calls, server.calls.length)
      assert.strictEqual(calls, settled.length + retries + throttled + probes)
      assert.isAtLeast(snapshot.down, 8 * 60)
      assert.isAtMost(snapshot.down, 11 * 60)
    }
  })

  it("leaves what it cannot answer pending, and stops after max-wait", () => {
    const server = down(1000, Infinity)
    const { exit, settled } = run(server, 5000)
    assert.strictEqual(stopReason(exit), "outage")
    assert.isTrue(settled.every(({ outcome }) => outcome === "found"))
    assert.isAtLeast(server.calls.at(-1)!.at, 15 * minute)
    assert.isAtMost(server.calls.at(-1)!.at, 17 * minute)
    assert.isBelow(server.calls.length, settled.length + 60)
  })

  it("is no matter of a few codes that always fail: they are failed, and the rest goes on", () => {
    for (const share of [1, 3]) {
      const isPoison = (code: string) => Number(code.slice(1)) % 4 < share && code !== "c0"
      const server = serve((code) => isPoison(code) ? 500 : 200)
      const { exit, settled } = run(server, scale(240, 400, 400), { concurrency: 8 })
      assert.deepStrictEqual(exit, Exit.void)
      for (const { outcome, question } of settled) {
        assert.strictEqual(outcome, isPoison(question.code) ? "failed" : "found", question.code)
      }
      assert.isBelow(server.calls.at(-1)!.at, 60 * minute)
    }
  })

  it("ends in a slow start", () => {
    const server = down(1000, 3 * minute)
    run(server, 5000, { concurrency: 32 })
    const after = server.calls.filter(({ at }) => at >= 3 * minute)
    assert.strictEqual(after[0]!.inFlight, 1)
    // twice as many each round trip, of 22 to 25 ms
    for (const { at, inFlight } of after) {
      const trips = Math.floor((at - after[0]!.at) / 22)
      assert.isAtMost(inFlight, 2 ** trips, `${at - after[0]!.at} ms after`)
    }
    assert.strictEqual(Math.max(...after.map(({ inFlight }) => inFlight)), 32)
  })

  it("is not looked for where the breaker is off", () => {
    const server = down(1000, Infinity)
    const { exit, settled } = run(server, 300, { breaker: null, retryBudget: null, uniform: null })
    assert.deepStrictEqual(exit, Exit.void)
    assert.isAbove(settled.filter(({ outcome }) => outcome === "failed").length, 10)
  })

  it("is told from throttling by what comes back", () => {
    const server = serve((_, __, at) => at < 1000 ? 200 : at < 2 * minute ? told("10") : 200)
    const { exit, snapshot, settled } = run(server, 2000)
    assert.deepStrictEqual(exit, Exit.void)
    assert.isTrue(settled.every(({ outcome }) => outcome === "found"))
    assert.isFalse(snapshot.held?.why === "outage")
  })
})

describe("what the server says of its limits", () => {
  /** A server that allows so many calls a window, tells how many are left, and counts those beyond. */
  const counting = (limit: number, window: number, latency: number | (() => number)) => {
    let refused = 0
    const counts = new Map<number, number>()
    const inner = serve((_, __, at) => {
      const nth = Math.floor(at / window)
      counts.set(nth, (counts.get(nth) ?? 0) + 1)
      if (counts.get(nth)! <= limit) return 200
      refused++
      return told("1")
    }, latency)
    const left = (at: number) => Math.max(0, limit - (counts.get(Math.floor(at / window)) ?? 0))
    const lookup = {
      ...inner.lookup,
      limits: () => ({ at }: { readonly at: number }) => ({
        remaining: left(at),
        reset: Duration.millis(window - at % window)
      })
    }
    return { ...inner, lookup, refused: () => refused }
  }

  it("is kept to before it refuses", () => {
    for (const concurrency of [1, 8, 50]) {
      const server = counting(100, 10_000, 30)
      const { exit, settled } = run(server, 1000, { concurrency })
      assert.deepStrictEqual(exit, Exit.void)
      assert.lengthOf(settled, 1000)
      assert.strictEqual(server.refused(), 0, `${concurrency} in flight`)
      // and used: nearly all of each window
      assert.isAtMost(server.calls.at(-1)!.at, concurrency === 50 ? 180_000 : 112_000)
    }
  })

  it("that nothing is left lets one go first when the time has come, and more with each answer", () => {
    const server = serve((_, __, at) => at >= 0 ? 200 : 500, 100)
    const lookup = {
      ...server.lookup,
      limits: () => ({ at }: { readonly at: number }) =>
        at < 2000 ? { remaining: 0, reset: Duration.millis(2000) } : undefined
    }
    run({ ...server, lookup }, 60, { concurrency: 8 })
    const after = server.calls.slice(1)
    assert.isAtLeast(after[0]!.at, 2000)
    assert.isAtMost(after[0]!.at, 2500)
    assert.deepStrictEqual(after.slice(0, 7).map(({ inFlight }) => inFlight), [1, 1, 2, 2, 3, 3, 4])
  })

  it("is obeyed in full, or ends the run where that is longer than max-wait and somebody is left to ask", () => {
    const left = (reset: Duration.DurationInput, count: number) => {
      const server = serve(() => 200)
      const lookup = { ...server.lookup, limits: () => () => ({ remaining: 0, reset: Duration.decode(reset) }) }
      const { exit } = run({ ...server, lookup }, count, { concurrency: 1 })
      return [stopReason(exit), server.calls.map(({ at }) => at)]
    }
    assert.deepStrictEqual(left("15 minutes", 3), ["none", [0, 15 * minute + 10, 30 * minute + 20]])
    assert.deepStrictEqual(left("3 days", 3), ["throttled", [0]])
    assert.deepStrictEqual(left("3 days", 1), ["none", [0]])
  })
})

describe("auto", () => {
  it("finds out how many calls a second a server bears that does not say so", () => {
    let tokens = 1
    let last = 0
    const server = serve((_, __, at) => {
      tokens = Math.min(5, tokens + (at - last) / 1000 * 50)
      last = at
      if (tokens < 1) return 429
      tokens--
      return 200
    }, (code) => 60 + code.length * 5)
    const { exit, snapshot, settled } = run(server, 3000, { concurrency: "auto" })
    assert.deepStrictEqual(exit, Exit.void)
    assert.lengthOf(settled, 3000)
    assert.isAtMost(most(server.calls.map(({ at }) => [at, 1] as const), 10_000), 50 * 10 * 1.06)
    assert.isAtLeast(3000 / (server.calls.at(-1)!.at / 1000), 50 * 0.85)
    assert.isAtMost(snapshot.throttled, snapshot.calls * 0.02)
    const { perSecond } = snapshot.tuned!
    assert.isAtLeast(perSecond!, 40)
    assert.isAtMost(perSecond!, 55)
  })
})

describe("auto, where a server counts in windows and then says for how long nobody is to call", () => {
  /** So many calls in each window of its own clock, and a pause that is told in whole seconds, or to the end of the window. */
  const windowed = (limit: number, seconds: number, isExact = true) => {
    const counts = new Map<number, number>()
    const refused = new Map<number, number>()
    const server = serve((_, __, at) => {
      const nth = Math.floor(at / (seconds * 1000))
      const count = (counts.get(nth) ?? 0) + 1
      if (count <= limit) {
        counts.set(nth, count)
        return 200
      }
      refused.set(nth, (refused.get(nth) ?? 0) + 1)
      const left = seconds - at / 1000 % seconds
      return told(isExact ? left.toFixed(3) : String(Math.ceil(left)))
    }, 30)
    return { server, counts, refused }
  }

  const cases: ReadonlyArray<readonly [limit: number, seconds: number, isExact: boolean, rate: string]> = [
    [60, 10, true, "60/10s"],
    [60, 10, false, "60/10s"],
    [100, 60, false, "100/min"],
    [30, 5, true, "30/5s"],
    // ten hours of it
    ...(isProof ? [[500, 3600, false, "500/h"] as const] : [])
  ]
  it.each(cases)("%i in %i s (told to the moment: %s) is what was let through in whole windows: %s", (
    limit,
    seconds,
    isExact,
    rate
  ) => {
    const wait = { throttle: { ...policy.throttle, maxWait: Duration.hours(2) } }
    const { counts, server } = windowed(limit, seconds, isExact)
    const { exit, snapshot } = run(server, limit * 6, { ...wait, concurrency: "auto" })
    assert.deepStrictEqual(exit, Exit.void)
    assert.strictEqual(snapshot.tuned?.windows?.rate, rate)
    const used = [...counts.values()].slice(0, -1)
    for (const calls of used) assert.isAtLeast(calls, 0.9 * limit)
    // the advice, followed
    const again = windowed(limit, seconds, isExact)
    const pace = [Schema.decodeSync(Pace.Rate)(rate)]
    const followed = run(again.server, limit * 4, { ...wait, concurrency: snapshot.tuned!.concurrency, pace })
    assert.deepStrictEqual(followed.exit, Exit.void)
    for (const calls of again.refused.values()) assert.isAtMost(calls, 1)
    for (const calls of [...again.counts.values()].slice(1, -1)) assert.isAtLeast(calls, 0.9 * limit)
  })

  it("is told to be unknown until three whole windows were seen", () => {
    const { server } = windowed(60, 10)
    const { snapshot } = run(server, 200, { concurrency: "auto" })
    assert.deepStrictEqual(snapshot.tuned?.windows, { seen: 2 })
  })
})

describe("a question", () => {
  it("that waits for a probe loses no time of its deadline", () => {
    const server = down(1000, 14 * minute)
    const { settled } = run(server, 500, { deadline: Duration.seconds(40), timeout: Duration.seconds(5) })
    assert.isTrue(settled.every(({ outcome }) => outcome === "found"))
    assert.isAtMost(of(settled, "c400").attempts, 3)
  })
})
