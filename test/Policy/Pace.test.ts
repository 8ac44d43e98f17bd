import { assert, describe, it } from "@effect/vitest"
import { Duration, Either, FastCheck, JSONSchema, ParseResult, Schema } from "effect"
import * as Pace from "../../src/Policy/Pace.ts"
import { scale } from "../scale.ts"
import { most, type Sent } from "../windows.ts"

const rate = Schema.decodeSync(Pace.Rate)
const fresh = (...texts: ReadonlyArray<string>) => Pace.resume(texts.map((text) => rate(text)), {}, 0, 0)
const windowOf = (text: string) => Duration.toMillis(rate(text).window)

describe("Pace.Rate", () => {
  const cases: ReadonlyArray<readonly [text: string, limit: number, window: number, burst: number, canonical: string]> =
    [
      ["50/s", 50, 1000, 1, "50/s"],
      ["600/min", 600, 60_000, 1, "600/min"],
      ["600/m", 600, 60_000, 1, "600/min"],
      ["600/minute", 600, 60_000, 1, "600/min"],
      ["5/second", 5, 1000, 1, "5/s"],
      ["100/hour burst 3", 100, 3_600_000, 3, "100/h burst 3"],
      ["600/60s", 600, 60_000, 1, "600/min"],
      ["100/h", 100, 3_600_000, 1, "100/h"],
      ["10000/day", 10_000, 86_400_000, 1, "10000/day"],
      ["10000/24h", 10_000, 86_400_000, 1, "10000/day"],
      ["10/15s", 10, 15_000, 1, "10/15s"],
      ["10/90s", 10, 90_000, 1, "10/90s"],
      ["10/5m", 10, 300_000, 1, "10/5min"],
      ["10/2d", 10, 172_800_000, 1, "10/2day"],
      ["1/100ms", 1, 100, 1, "1/100ms"],
      ["600/min burst 10", 600, 60_000, 10, "600/min burst 10"],
      ["600/min burst 1", 600, 60_000, 1, "600/min"],
      ["200/day burst 200", 200, 86_400_000, 200, "200/day burst 200"]
    ]
  it.each(cases)("%s", (text, limit, window, burst, canonical) => {
    assert.deepStrictEqual(rate(text), { limit, window: Duration.millis(window), burst })
    assert.strictEqual(Pace.format(rate(text)), canonical)
    assert.strictEqual(Schema.encodeSync(Pace.Rate)(rate(canonical)), canonical)
  })

  const forms = "write a rate such as 50/s, 600/min, 100/h, 10000/day, 10/15s or 600/min burst 10"
  const unlike = [
    "",
    "50",
    "50/",
    "/s",
    "50 / s",
    "0/s",
    "-5/s",
    "5.5/s",
    "50/secs",
    "50/S",
    "50/0s",
    "50/1.5s",
    "1e3/s",
    "50/s\n"
  ]
  const burst = ["50/s burst", "50/s burst 0", "50/s,600/min", "50/s  burst 5", "9999999999/s"]
  const refused = [...unlike, ...burst].map((text) => [text, forms] as const)
  const tooMuch: ReadonlyArray<readonly [text: string, message: string]> = [
    ["10/s burst 11", "write a burst of no more than the limit"],
    ["10/367d", "write a window of 366 days at the most"],
    ["1/999999999d", "write a window of 366 days at the most"]
  ]
  it.each([...refused, ...tooMuch])("refuses %j: %s", (text, message) => {
    const error = Either.getOrThrow(Either.flip(Schema.decodeEither(Pace.Rate)(text)))
    assert.deepStrictEqual(ParseResult.ArrayFormatter.formatErrorSync(error).map(({ message }) => message), [message])
  })

  it("has a JSON Schema", () => {
    assert.deepInclude(JSONSchema.make(Pace.Rate).$defs!["Rate"], { type: "string" })
  })
})

const someRate = FastCheck.record({
  limit: FastCheck.integer({ min: 1, max: 40 }),
  window: FastCheck.constantFrom(7, 100, 1000, 15_000, 60_000, 86_400_000),
  burst: FastCheck.oneof(FastCheck.constant(1), FastCheck.integer({ min: 1, max: 40 }))
}).map(({ burst, limit, window }): Pace.Rate => ({
  limit,
  window: Duration.millis(window),
  burst: Math.min(burst, limit)
}))

/** Pauses, in parts of a window: none, tiny, short, or about as long as a window. */
const somePause = FastCheck.oneof(
  FastCheck.constant(0),
  FastCheck.double({ min: 0, max: 0.001, noNaN: true }),
  FastCheck.double({ min: 0, max: 0.1, noNaN: true }),
  FastCheck.double({ min: 0, max: 1.2, noNaN: true })
)

const someStep = FastCheck.record({
  pause: somePause,
  weight: FastCheck.oneof(FastCheck.constant(1), FastCheck.integer({ min: 1, max: 5 })),
  /** Sends it as soon as it may, rather than after a pause. */
  isPrompt: FastCheck.boolean()
})

/** Sends what may be sent whenever a timer fires, each of them late by up to `late` milliseconds. */
const send = (pace: Pace.Pace, from: number, until: number, late = 0) => {
  const sent: Array<Sent> = []
  let now = from
  for (let nth = 0; now < until; nth++) {
    const ready = Pace.readyAt(pace)
    if (ready > now) {
      now += Math.ceil(ready - now) + late * (nth * 0.618 % 1)
      continue
    }
    sent.push([now, 1])
    pace = Pace.take(pace, now)
  }
  return { sent, pace }
}

describe("Pace", () => {
  it("holds every limit in every window, whatever comes when", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(someRate, { minLength: 1, maxLength: 3 }),
        FastCheck.double({ min: 0, max: 2e10, noNaN: true }),
        FastCheck.array(someStep, { minLength: 1, maxLength: 200 }),
        (rates, start, steps) => {
          const lightest = Math.min(...rates.map(({ limit }) => limit))
          const unit = Duration.toMillis(rates[0]!.window)
          let now = start
          let pace = Pace.resume(rates, {}, now, 0)
          const sent: Array<Sent> = []
          for (const step of steps) {
            const weight = Math.min(step.weight, lightest)
            const ready = Pace.readyAt(pace, weight)
            // no clock tells less than a nanosecond
            now = Math.max(now, ready) + (step.isPrompt ? 0 : Math.round(step.pause * unit * 1e6) / 1e6)
            sent.push([now, weight])
            pace = Pace.take(pace, now, weight)
          }
          for (const { limit, window } of rates) assert.isAtMost(most(sent, Duration.toMillis(window)), limit)
        }
      ),
      { numRuns: scale(500, 2000, 20_000) }
    )
  })

  for (const limit of [10, 100, 1000, 5000]) {
    for (const late of [0, 3, 9]) {
      it(`lets through ${limit}/s by timers of 1 ms that are up to ${late} ms late, and at least 95 % of it`, () => {
        const seconds = scale(limit > 100 ? 4 : 20, 20, 20)
        const { sent } = send(fresh(`${limit}/s`), 0, seconds * 1000, late)
        assert.isAtMost(most(sent, 1000), limit)
        assert.isAtLeast(sent.length, seconds * limit * 0.95)
      })
    }
  }

  /** How many of these a server refuses that leaks so many a second, counts whole milliseconds, and bears so many more at once. */
  const refusals = (sent: ReadonlyArray<Sent>, perSecond: number, burst: number) => {
    let [excess, last, refused] = [0, -Infinity, 0]
    for (const [time] of sent) {
      const at = Math.floor(time)
      const now = last === -Infinity ? 0 : Math.max(0, excess - perSecond * (at - last) + 1000)
      if (now > burst * 1000) {
        refused++
        continue
      }
      excess = now
      last = at
    }
    return refused
  }

  for (const perSecond of [1, 5, 19, 20, 30, 37, 50, 100]) {
    for (const burst of [0, 1, 3]) {
      it(`of ${perSecond}/s is all let through by a server of that rate that bears ${burst} more at once`, () => {
        // timers of a millisecond that fire in the middle of it
        let [now, pace] = [0.37, fresh(`${perSecond}/s`)]
        const sent: Array<Sent> = []
        while (now < 60_000) {
          const ready = Pace.readyAt(pace)
          if (ready > now) {
            now += Math.ceil(ready - now) + (perSecond < 40 ? 0.25 : 0)
            continue
          }
          sent.push([now, 1])
          pace = Pace.take(pace, now)
          // a pause now and then, in which nobody wants to call
          if (sent.length % 40 === 0) now += 700
        }
        assert.strictEqual(refusals(sent, perSecond, burst), 0)
        const seconds = (sent.at(-1)![0] - Math.floor(sent.length / 40) * 700) / 1000
        assert.isAtLeast(sent.length / seconds, 0.95 * perSecond)
      })
    }
  }

  for (const [text, late] of [["5/s", 190], ["20/s", 45], ["20/min", 2500], ["100/s", 9], ["40/2s", 40]] as const) {
    it(`makes up for timers that are up to ${late} ms late: ${text}`, () => {
      const { limit } = rate(text)
      const windows = 60
      const { sent } = send(fresh(text), 0, windows * windowOf(text), late)
      assert.isAtMost(most(sent, windowOf(text)), limit)
      // a call that is late is so for the one that takes its place in the next window too
      assert.isAtLeast(sent.length, windows * limit * 0.96 * windowOf(text) / (windowOf(text) + late / 2))
    })
  }

  it("makes up for nothing where nobody waited, nor after a refusal", () => {
    let pace = fresh("20/s")
    let now = 0
    for (let nth = 0; nth < 200; nth++) {
      pace = Pace.take(pace, now, 1, false)
      now += 60
    }
    assert.isAtLeast(Pace.readyAt(pace), now - 60 + 50)
    let late = fresh("20/s")
    for (now = 0; now < 10_000; now = Pace.readyAt(late) + 30) late = Pace.take(late, now)
    assert.isBelow(Pace.readyAt(late), now)
    const sent = Pace.take(late, now)
    assert.isBelow(Pace.readyAt(sent), now + 50)
    assert.isAtLeast(Pace.readyAt(Pace.refused(sent)), now + 50)
  })

  it("counts the first calls from when they may have been under way", () => {
    const pace = Pace.take(fresh("20/s"), 0)
    assert.isAtLeast(Pace.readyAt(Pace.heard(pace, 0, 30)), 80)
    const second = Pace.take(Pace.heard(pace, 0, 30), 81)
    assert.isAtMost(Pace.readyAt(Pace.heard(second, 81, 5)), 81 + 51)
    assert.isAtLeast(Pace.readyAt(Pace.heard(second, 81, 45)), 81 + 15 + 50)
  })

  const used: ReadonlyArray<readonly [text: string, seconds: number]> = [
    ["1/s", 1000],
    ["3/100ms", 100],
    ["100/h", 360_000],
    ["600/min burst 10", 1200],
    ["600/min burst 599", 1200],
    ["50/s burst 25", 100],
    ["200/day burst 200", 100 * 86_400],
    ["10000/day burst 500", scale(2, 10, 10) * 86_400]
  ]
  it.each(used)("lets through %s, and at least 95 %% of it", (text, seconds) => {
    const { limit } = rate(text)
    const { sent } = send(fresh(text), 0, seconds * 1000)
    assert.isAtMost(most(sent, windowOf(text)), limit)
    assert.isAtLeast(sent.length, seconds * 1000 / windowOf(text) * limit * 0.95)
  })

  it("spreads calls evenly unless a burst is asked for", () => {
    const { sent } = send(fresh("10/s"), 0, 10_000)
    for (const [index, [at]] of sent.slice(1).entries()) assert.isAtLeast(at - sent[index]![0], 90)
  })

  it("lets a burst through at once after a pause, and no more, however long the pause is", () => {
    for (const [text, burst] of [["600/min burst 10", 10], ["200/day burst 200", 200], ["2/s", 1]] as const) {
      let { pace } = send(fresh(text), 0, 2 * windowOf(text))
      const now = 1e9
      for (let nth = 0; nth < burst; nth++) {
        assert.isAtMost(Pace.readyAt(pace), now, text)
        pace = Pace.take(pace, now)
      }
      assert.isAbove(Pace.readyAt(pace), now, text)
    }
  })

  it("holds several rates at once", () => {
    const { sent } = send(fresh("20/s", "100/min burst 100", "300/h burst 300"), 0, 2 * 3_600_000)
    assert.isAtMost(most(sent, 1000), 20)
    assert.isAtMost(most(sent, 60_000), 100)
    assert.isAtMost(most(sent, 3_600_000), 300)
    // the first hundred take five seconds
    assert.isAtMost(sent[99]![0], 5100)
    assert.isAtLeast(sent.length, 600 * 0.95)
  })

  it("never lets through what weighs more than a limit", () => {
    assert.strictEqual(Pace.readyAt(fresh("10/s burst 5", "3/min"), 4), Infinity)
    assert.isAtMost(Pace.readyAt(fresh("10/s burst 5", "3/min"), 3), 0)
  })

  it("limits nothing where there is no rate", () => {
    assert.strictEqual(Pace.readyAt(Pace.take([], 5)), -Infinity)
  })

  it("keeps a log of no more than 66 entries", () => {
    let pace = fresh("5000/s burst 5000")
    for (let now = 0; now < 3000; now += 0.21) {
      if (Pace.readyAt(pace) <= now) pace = Pace.take(pace, now)
      assert.isAtMost(pace[0]!.log.length, 66)
    }
  })
})

describe("Pace.resume", () => {
  const offset = 1_700_000_000_000

  it("goes on where it was left, on another clock", () => {
    const texts = ["100/h", "50/min burst 20", "7/s"]
    const before = send(fresh(...texts), 0, 70_000)
    const kept = Pace.keep(before.pace, offset)
    assert.deepStrictEqual(
      Schema.decodeUnknownSync(Pace.Used)(JSON.parse(JSON.stringify(kept["100/h"]))),
      kept["100/h"]
    )
    // this clock began 65 seconds later
    const pace = Pace.resume(texts.map((text) => rate(text)), kept, 5_000, offset + 65_000)
    const after = send(pace, 5_000, 7_200_000).sent.map(([at, weight]): Sent => [at + 65_000, weight])
    const sent = [...before.sent, ...after]
    for (const text of texts) assert.isAtMost(most(sent, windowOf(text)), rate(text).limit, text)
    assert.isAtLeast(sent.length, 190)
  })

  it("goes by the history where the rate is another one, so that no window holds more than the limit", () => {
    const cases: ReadonlyArray<readonly [before: string, weight: number, after: string, weight: number]> = [
      ["20/min burst 20", 1, "20/min burst 20", 2],
      ["20/min burst 20", 1, "20/min burst 19", 1],
      ["20/min burst 20", 1, "20/60s", 1],
      ["20/min", 2, "20/min burst 20", 1],
      ["300/min burst 300", 1, "300/min", 1],
      ["300/min burst 300", 3, "300/min", 2],
      ["300/min", 1, "100/20s burst 100", 1],
      ["1000/h burst 500", 1, "1000/h", 1],
      ["1000/h", 1, "1000/h burst 1000", 7]
    ]
    for (const [before, first, after, second] of cases) {
      const limit = rate(after).limit
      const window = windowOf(after)
      for (const part of [0.01, 0.4, 0.9, 1.7]) {
        const sent: Array<Sent> = []
        const go = (pace: Pace.Pace, from: number, until: number, weight: number) => {
          for (let now = from; now < until;) {
            const ready = Math.ceil(Pace.readyAt(pace, weight))
            now = Math.max(now, ready)
            if (now >= until) return
            sent.push([now, weight])
            pace = Pace.take(pace, now, weight)
          }
        }
        const end = part * windowOf(before)
        go(Pace.resume([rate(before)], {}, 0, 0, first), 0, end, first)
        const history = sent.map(([at, units]) => [at + offset, units] as const)
        go(Pace.resume([rate(after)], {}, end, offset, second, history), end, end + 3 * window, second)
        assert.isAtMost(most(sent, window), limit, `${before} weight ${first}, then ${after} weight ${second}`)
        // and it is made use of
        const later = sent.filter(([at]) => at >= end + window)
        const used = later.reduce((sum, [, units]) => sum + units, 0)
        assert.isAtLeast(used, 2 * (Math.floor(limit / second) * second) * 0.9, `${before}, then ${after} w ${second}`)
      }
    }
  })

  it("begins a rate afresh that was not used, or is another, where there is no history", () => {
    const { pace } = send(fresh("1/h"), 0, 10)
    const kept = Pace.keep(pace, offset)
    assert.deepStrictEqual(Object.keys(kept), ["1/h"])
    assert.isAbove(Pace.readyAt(Pace.resume([rate("1/h")], kept, 10, offset)), 3_500_000)
    assert.strictEqual(Pace.readyAt(Pace.resume([rate("2/h")], kept, 10, offset)), -Infinity)
    assert.deepStrictEqual(Pace.keep(fresh("2/h"), offset), {})
  })

  it("waits for one window at the most, even where the clock was years ahead", () => {
    for (const text of ["10/s", "600/min burst 10", "200/day burst 200", "1/h"]) {
      const tat = offset + 1e12
      const kept = { [text]: { tat, log: [[tat, 1e6] as const] } }
      const ready = Pace.readyAt(Pace.resume([rate(text)], kept, 1000, offset))
      assert.isAtMost(ready, 1000 + windowOf(text) + 1, text)
      assert.isAtLeast(ready, 1000 + windowOf(text) - 1, text)
    }
  })
})
