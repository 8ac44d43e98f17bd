import { assert, describe, it } from "@effect/vitest"
import * as Concurrency from "../../src/Policy/Concurrency.ts"

/** What a server does with a call that comes now, when so many are in flight. */
type Server = (now: number, inFlight: number) => { readonly kind: Concurrency.Reply["kind"]; readonly ms: number }

/** Mulberry32. */
const random = (seed: number) => {
  let state = Math.imul(seed, 0x9e3779b9) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Milliseconds of a call, log-normal. */
const around = (next: () => number, median: number, spread = 0.3) => () =>
  median * Math.exp(spread * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()))

/** Calls for so many milliseconds as `auto`, or a fixed number in flight, lets it. */
const play = (server: Server, end: number, fixed?: number) => {
  const told = { answered: new Array<number>(), throttled: 0, failed: 0, sent: 0, limits: new Set<number>() }
  const flights: Array<{ readonly at: number; readonly sentAt: number; readonly kind: Concurrency.Reply["kind"] }> = []
  let state = Concurrency.begin(Concurrency.standard, 0)
  let [now, paused] = [0, -Infinity]
  const readyAt = () => Math.max(paused, fixed === undefined ? Concurrency.readyAt(state) : -Infinity)
  const limit = () => fixed ?? state.limit
  while (now < end) {
    while (flights.length < limit() && now >= readyAt()) {
      if (fixed === undefined) state = Concurrency.sent(state, now)
      told.sent++
      const { kind, ms } = server(now, flights.length + 1)
      let place = flights.length
      while (place > 0 && flights[place - 1]!.at < now + ms) place--
      flights.splice(place, 0, { at: now + ms, sentAt: now, kind })
    }
    const next = flights.at(-1)
    if (flights.length < limit() && (next === undefined || readyAt() < next.at)) {
      now = readyAt()
      continue
    }
    const { at, kind, sentAt } = flights.pop()!
    now = at
    if (kind === "answered") told.answered.push(at)
    else told[kind]++
    if (fixed !== undefined) continue
    state = Concurrency.replied(state, { now, ms: at - sentAt, inFlight: flights.length + 1, kind })
    told.limits.add(state.limit)
    if (kind === "throttled") paused = Math.max(paused, now + Concurrency.wait(state))
  }
  return told
}

/** A server that answers a bucket of calls that fills at a rate, and refuses the rest. */
const bucket = (rateAt: (now: number) => number, burst: (rate: number) => number, ms: () => number): Server => {
  let [left, at] = [burst(rateAt(0)), 0]
  return (now) => {
    const rate = rateAt(now)
    left = Math.min(burst(rate), left + (now - at) / 1000 * rate)
    at = now
    if (left < 1 - 1e-9) return { kind: "throttled", ms: ms() }
    left--
    return { kind: "answered", ms: ms() }
  }
}

/** A server with so many workers and a queue; beyond them everything may become slower too. */
const workers = (count: number, ms: () => number, isFalling: boolean): Server => {
  const free = Array.from({ length: count }, () => 0)
  return (now, inFlight) => {
    const first = free.indexOf(Math.min(...free))
    const slower = isFalling && inFlight > count ? 1 + (inFlight - count) / (2 * count) : 1
    free[first] = Math.max(now, free[first]!) + ms() * slower
    return { kind: "answered", ms: free[first]! - now }
  }
}

/** Answers per second. */
const rate = (answered: ReadonlyArray<number>, from: number, to: number) =>
  answered.filter((at) => at >= from && at < to).length / (to - from) * 1000

/** The least and the most in any window of ten seconds. */
const windows = (answered: ReadonlyArray<number>, from: number, to: number) => {
  const rates = new Array<number>()
  for (let at = from; at + 10_000 <= to; at += 1000) rates.push(rate(answered, at, at + 10_000))
  return [Math.min(...rates), Math.max(...rates)] as const
}

describe("a hidden rate", () => {
  const bursts = {
    "one call": () => 1,
    "a tenth of a second": (limit: number) => Math.max(1, limit / 10)
  }
  for (const limit of [5, 20, 100, 500]) {
    for (const [name, burst] of Object.entries(bursts)) {
      it(`of ${limit}/s with a burst of ${name} is found within 15 s, with few refusals, and used`, () => {
        for (const median of [5, 80]) {
          for (let seed = 1; seed <= 5; seed++) {
            const { answered, sent, throttled } = play(
              bucket(() => limit, burst, around(random(seed), median)),
              120_000
            )
            const [least, most] = windows(answered, 15_000, 120_000)
            assert.isAtLeast(least, 0.85 * limit)
            assert.isAtMost(most, 1.05 * limit)
            assert.isAtLeast(rate(answered, 15_000, 120_000), 0.9 * limit)
            assert.isAtMost(throttled / sent, limit < 20 ? 0.02 : 0.01)
          }
        }
      })
    }
  }

  it("that drops from 200/s to 10/s is found again, with few refusals", () => {
    for (let seed = 1; seed <= 5; seed++) {
      const at = (now: number) => now < 60_000 || now >= 120_000 ? 200 : 10
      const server = bucket(at, () => 1, around(random(seed), 80))
      const { answered, sent, throttled } = play(server, 180_000)
      const [least, most] = windows(answered, 75_000, 120_000)
      assert.isAtLeast(least, 8.5)
      assert.isAtMost(most, 10.5)
      assert.isAtMost(throttled / sent, 0.02)
      // and the recovery
      assert.isAtLeast(rate(answered, 135_000, 180_000), 0.85 * 200)
    }
  })
})

describe("a hidden knee", () => {
  for (const count of [4, 32, 128]) {
    it(`of ${count} in flight is found: nearly as much comes back as with the best fixed number`, () => {
      for (let seed = 1; seed <= 3; seed++) {
        for (const isFalling of [false, true]) {
          const goodput = (fixed?: number) =>
            rate(play(workers(count, around(random(seed), 50, 0.2), isFalling), 60_000, fixed).answered, 20_000, 60_000)
          const best = Math.max(...[1, 1.25, 1.5, 2].map((part) => goodput(Math.round(count * part))))
          // where more at once make everything slower, a little less than nine tenths
          assert.isAtLeast(goodput(), (isFalling ? 0.87 : 0.9) * best)
        }
      }
    })
  }
})

describe("errors", () => {
  it("never raise the limit, however fast they come", () => {
    const { limits } = play(() => ({ kind: "failed", ms: 1 }), 20_000)
    assert.isAtMost(Math.max(...limits), Concurrency.standard.start)
  })

  it("lower it in a brown-out, and it comes back", () => {
    const next = random(1)
    const server: Server = (now) => ({
      kind: now > 20_000 && now < 40_000 && next() < 0.5 ? "failed" : "answered",
      ms: 50
    })
    const limitAt = (end: number) => Math.max(...[...play(server, end).limits].slice(-1))
    assert.isBelow(limitAt(40_000), limitAt(20_000))
    assert.isAbove(limitAt(80_000), limitAt(40_000))
  })
})

describe("any server", () => {
  it("keeps the limit within its bounds and the calls going", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const next = random(seed)
      const [limit, failing] = [1 + next() * 200, next() < 0.3 ? next() : 0]
      const inner = bucket(() => limit, () => 1 + next() * limit, around(next, 1 + next() * 300, next()))
      const server: Server = (now, inFlight) => {
        const served = inner(now, inFlight)
        return next() < failing ? { ...served, kind: "failed" } : served
      }
      const { answered, limits, sent } = play(server, 20_000)
      for (const limit of limits) {
        assert.isTrue(Number.isInteger(limit) && limit >= 1 && limit <= Concurrency.standard.most, `${seed}: ${limit}`)
      }
      assert.isAbove(sent, 10)
      if (failing < 0.9) assert.isAbove(answered.filter((at) => at > 10_000).length, 0, `${seed}`)
    }
  })
})
