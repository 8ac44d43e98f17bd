import { assert, describe, it } from "@effect/vitest"
import * as Concurrency from "../../src/Policy/Concurrency.ts"
import { scale, some } from "../scale.ts"

/** What a server does with a call that comes now, when so many are in flight. */
type Server = (now: number, inFlight: number) => Served
/** `told`: for how many milliseconds nobody is to call. */
interface Served {
  readonly kind: Concurrency.Reply["kind"]
  readonly ms: number
  readonly told?: number
}

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
  const told = {
    answered: new Array<number>(),
    throttled: 0,
    failed: 0,
    sent: 0,
    changes: new Array<{ at: number; limit: number }>()
  }
  const flights: Array<Served & { readonly at: number; readonly sentAt: number }> = []
  let state = Concurrency.begin(Concurrency.standard, 0)
  let [now, paused] = [0, -Infinity]
  const readyAt = () => Math.max(paused, fixed === undefined ? Concurrency.readyAt(state) : -Infinity)
  const limit = () => fixed ?? Concurrency.limit(state)
  while (now < end) {
    while (flights.length < limit() && now >= readyAt()) {
      if (fixed === undefined) state = Concurrency.sent(state, now)
      told.sent++
      const served = server(now, flights.length + 1)
      const { ms } = served
      flights.splice(after(flights, now + ms), 0, { ...served, at: now + ms, sentAt: now })
    }
    const next = flights.at(-1)
    if (flights.length < limit() && (next === undefined || readyAt() < next.at)) {
      now = readyAt()
      continue
    }
    const { at, kind, sentAt, told: wait = 0 } = flights.pop()!
    now = at
    if (kind === "answered") told.answered.push(at)
    else told[kind]++
    if (fixed !== undefined) continue
    state = Concurrency.replied(state, { now, ms: at - sentAt, inFlight: flights.length + 1, kind, told: wait })
    const lately = told.changes.at(-1)?.limit
    if (lately !== limit()) told.changes.push({ at, limit: limit() })
    if (kind === "throttled") paused = Math.max(paused, now + Concurrency.wait(state, now))
  }
  return told
}

/** How many of these, the latest first, end after a moment or at it. */
const after = (flights: ReadonlyArray<{ readonly at: number }>, at: number) => {
  let [low, high] = [0, flights.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (flights[middle]!.at < at) high = middle
    else low = middle + 1
  }
  return low
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

/** A server that answers so many calls in each second of its own clock. */
const windowed = (rateAt: (now: number) => number, offset: number, ms: () => number): Server => {
  let [second, left] = [NaN, 0]
  return (now) => {
    const current = Math.floor((now + offset) / 1000)
    if (current !== second) [second, left] = [current, rateAt(now)]
    return { kind: left-- > 0 ? "answered" : "throttled", ms: ms() }
  }
}

type Make = (rateAt: (now: number) => number, ms: () => number, random: () => number) => Server
const strict: Readonly<Record<string, Make>> = {
  "a burst of one call": (rateAt, ms) => bucket(rateAt, () => 1, ms),
  "a burst of a tenth of a second": (rateAt, ms) => bucket(rateAt, (rate) => Math.max(1, rate / 10), ms)
}
const lenient: Readonly<Record<string, Make>> = {
  "a burst of a whole second": (rateAt, ms) => bucket(rateAt, (rate) => rate, ms),
  "windows of a second": (rateAt, ms, random) => windowed(rateAt, 1000 * random(), ms)
}
const seeds = scale([1], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5])
/** Milliseconds of a trial: the first 15 s are for finding the rate. */
const endAt = (limit: number) => limit > 100 ? scale(60_000, 120_000, 120_000) : 120_000

describe("a hidden rate", () => {
  /** What each seed comes to: parts of the limit after 15 s, and the part of the calls that was refused. */
  const found = (make: Make, limit: number, median: number) =>
    seeds.map((seed) => {
      const [next, end] = [random(seed), endAt(limit)]
      const { answered, sent, throttled } = play(make(() => limit, around(next, median), next), end)
      const [least, most] = windows(answered, 15_000, end)
      return {
        least: least / limit,
        most: most / limit,
        mean: rate(answered, 15_000, end) / limit,
        refused: throttled / sent
      }
    })

  for (const [nth, limit] of [5, 20, 100, 500].entries()) {
    for (const [name, make] of Object.entries(strict)) {
      it(`of ${limit}/s with ${name} is found within 15 s, with few refusals, and used`, () => {
        for (const result of some([5, 80], 2, nth).flatMap((median) => found(make, limit, median))) {
          assert.isAtLeast(result.least, 0.85)
          assert.isAtMost(result.most, 1.05)
          assert.isAtLeast(result.mean, 0.9)
          assert.isAtMost(result.refused, limit < 20 ? 0.02 : 0.01)
        }
      })
    }

    for (const [name, make] of Object.entries(lenient)) {
      // it is told of its excess late, which costs a few refusals more; what was saved up may be answered too
      it(`of ${limit}/s with ${name} is found within 15 s and used`, () => {
        for (const result of some([5, 80], 2, nth).flatMap((median) => found(make, limit, median))) {
          assert.isAtLeast(result.least, 0.8)
          assert.isAtMost(result.most, 1.1)
          assert.isAtLeast(result.mean, 0.9)
          assert.isAtMost(result.mean, 1.05)
          assert.isAtMost(result.refused, limit < 20 ? 0.03 : 0.02)
        }
      })
    }

    it(`of ${limit}/s is used by and by where answers take half a second`, () => {
      for (
        const result of some(Object.values({ ...strict, ...lenient }), 2, nth).flatMap((make) =>
          found(make, limit, 500)
        )
      ) {
        assert.isAtLeast(result.mean, 0.8)
        assert.isAtMost(result.mean, 1.05)
        assert.isAtMost(result.refused, limit < 20 ? 0.04 : 0.03)
      }
    })

    it(`of ${limit}/s is used where each refusal costs a second`, () => {
      for (const seed of seeds) {
        const [inner, end] = [bucket(() => limit, () => 1, around(random(seed), 80)), endAt(limit)]
        const { answered, sent, throttled } = play(
          (now, inFlight) => ({ ...inner(now, inFlight), told: 1000 }),
          end
        )
        assert.isAtLeast(rate(answered, 15_000, end), 0.85 * limit)
        assert.isAtMost(throttled / sent, limit < 20 ? 0.02 : 0.01)
      }
    })
  }

  for (const [name, make] of Object.entries({ ...strict, ...lenient })) {
    it(`that drops from 200/s to 10/s, with ${name}, is found again, and so is the recovery`, () => {
      for (const seed of seeds) {
        const next = random(seed)
        const at = (now: number) => now < 60_000 || now >= 120_000 ? 200 : 10
        const { answered, sent, throttled } = play(make(at, around(next, 80), next), 180_000)
        const [least, most] = windows(answered, 75_000, 120_000)
        assert.isAtLeast(least, 8.5)
        assert.isAtMost(most, name in strict ? 10.5 : 11)
        const [again, beyond] = windows(answered, 135_000, 180_000)
        assert.isAtLeast(again, (name in strict ? 0.85 : 0.8) * 200)
        assert.isAtMost(beyond, (name in strict ? 1.05 : 1.1) * 200)
        assert.isAtMost(throttled / sent, name in strict ? 0.02 : 0.03)
      }
    })
  }
})

describe("a pace that begins at a refusal", () => {
  it("is told only once a later call was refused as well: until then it is a guess, and below what is borne", () => {
    let state = Concurrency.fixed(8, 3, 0)
    const reply = (kind: "answered" | "throttled", now: number) => {
      state = Concurrency.replied(Concurrency.sent(state, now - 20), { now, ms: 20, inFlight: 1, kind })
    }
    for (let at = 300; at <= 3000; at += 100) reply("answered", at)
    assert.isUndefined(Concurrency.found(state))
    reply("throttled", 3100)
    const { concurrency, perSecond } = Concurrency.found(state)!
    assert.strictEqual(concurrency, 8)
    assert.isAbove(perSecond!, 10)
  })
})

describe("a hidden knee", () => {
  for (const [nth, count] of [4, 32, 128].entries()) {
    it(`of ${count} in flight is found: nearly as much comes back as with the best fixed number`, () => {
      const end = scale(count > 100 ? 26_000 : 40_000, count > 100 ? 40_000 : 60_000, count > 100 ? 40_000 : 60_000)
      for (const seed of count > 100 ? [1] : seeds) {
        for (const isFalling of some([false, true], 2, nth)) {
          const goodput = (fixed?: number) =>
            rate(play(workers(count, around(random(seed), 50, 0.2), isFalling), end, fixed).answered, 20_000, end)
          const best = Math.max(...some([1, 1.25, 1.5, 2], 2).map((part) => goodput(Math.round(count * part))))
          assert.isAtLeast(goodput(), 0.9 * best)
        }
      }
    })
  }
})

describe("errors", () => {
  it("never raise the limit, however fast they come", () => {
    const { changes } = play(() => ({ kind: "failed", ms: 1 }), 20_000)
    assert.isAtMost(Math.max(...changes.map(({ limit }) => limit)), Concurrency.standard.start)
  })

  it("that are no matter of load leave as many calls in flight as there were at the beginning", () => {
    const next = random(1)
    const { changes } = play(() => ({ kind: next() < 0.3 ? "failed" : "answered", ms: 50 }), 60_000)
    assert.strictEqual(Math.min(...changes.map(({ limit }) => limit)), Concurrency.standard.start)
  })

  it("lower it in a brown-out, and it comes back", () => {
    const next = random(1)
    const server: Server = (now) => ({
      kind: now > 20_000 && now < 40_000 && next() < 0.5 ? "failed" : "answered",
      ms: 500
    })
    const end = scale(55_000, 80_000, 80_000)
    const { changes } = play(server, end)
    const limitAt = (moment: number) => changes.findLast(({ at }) => at <= moment)!.limit
    assert.isBelow(limitAt(40_000), limitAt(20_000))
    assert.isAbove(limitAt(end), limitAt(40_000))
  })
})

describe("any server", () => {
  it("keeps the limit within its bounds and the calls going", () => {
    for (let seed = 1; seed <= scale(25, 300, 3000); seed++) {
      const next = random(seed)
      const [limit, failing] = [1 + next() * 200, next() < 0.3 ? next() : 0]
      const inner = bucket(() => limit, () => 1 + next() * limit, around(next, 1 + next() * 300, next()))
      const server: Server = (now, inFlight) => {
        const served = inner(now, inFlight)
        return next() < failing ? { ...served, kind: "failed" } : served
      }
      const { answered, changes, sent } = play(server, 20_000)
      for (const { limit } of changes) {
        assert.isTrue(Number.isInteger(limit) && limit >= 1 && limit <= Concurrency.standard.most, `${seed}: ${limit}`)
      }
      assert.isAbove(sent, 10)
      if (failing < 0.9) assert.isAbove(answered.filter((at) => at > 10_000).length, 0, `${seed}`)
    }
  })
})
