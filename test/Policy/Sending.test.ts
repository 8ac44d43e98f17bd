import { assert, describe, it } from "@effect/vitest"
import { Duration, Schema } from "effect"
import * as Pace from "../../src/Policy/Pace.ts"
import * as Draw from "../../src/Simulation/Draw.ts"
import { scale, some } from "../scale.ts"
import { most, type Sent } from "../windows.ts"

const rate = Schema.decodeSync(Pace.Rate)

/** How long a call that was paid at a time waits for its connection, in milliseconds; 0: not at all, `undefined`: it is never sent. */
type Waits = (paid: number, draw: () => number) => { readonly millis: number; readonly isSent: boolean }

/** Pays for calls whenever one may be, with so many in flight at the most, and gives when they were sent. */
const drive = (text: string, until: number, waits: Waits, seed: number, concurrency = 64) => {
  const draw = Draw.stream(seed)
  let pace = Pace.resume([rate(text)], {}, 0, 0)
  let [now, paid] = [0, 0]
  const waiting: Array<{ readonly at: number; readonly isSent: boolean }> = []
  const sent: Array<Sent> = []
  while (now < until) {
    waiting.sort((a, b) => a.at - b.at)
    const next = waiting[0]
    // a timer fires at a whole millisecond or later
    const ready = waiting.length < concurrency ? Math.max(now, Math.ceil(Pace.readyAt(pace))) : Infinity
    if (next !== undefined && next.at <= ready) {
      waiting.shift()
      now = next.at
      pace = next.isSent ? Pace.send(pace, now) : Pace.drop(pace, now)
      if (next.isSent) sent.push([now, 1])
      continue
    }
    assert.isBelow(ready, Infinity, "nobody waits for what never comes")
    now = ready
    pace = Pace.take(pace, now)
    paid++
    const { isSent, millis } = waits(now, draw)
    if (millis === 0) sent.push([now, 1])
    else {
      pace = Pace.hold(pace, now, now)
      waiting.push({ at: now + millis, isSent })
    }
  }
  return { sent, paid }
}

const at = (millis: number) => ({ millis, isSent: true })

/** Ways in which connections come to stand; after `calm` all are there. */
const ways: Readonly<Record<string, (calm: number) => Waits>> = {
  "the first ones": () => {
    let count = 0
    return () => at(count++ < 8 ? 150 : 0)
  },
  "any, for long": (calm) => (paid, draw) => {
    if (paid >= calm || draw() < 0.5) return at(0)
    return { millis: 300 * draw(), isSent: draw() < 0.9 }
  },
  "in turns": (calm) => (paid) => at(paid < calm && Math.floor(paid / 700) % 2 === 0 ? 240 : 0),
  "one in a hundred, for ever": () => (_, draw) => ({ millis: draw() < 0.01 ? 20_000 : 0, isSent: draw() < 0.5 })
}

describe("calls that are paid before there is a connection", () => {
  const limits = [5, 50, 63, 64, 100, 500]
  for (const [way, waits] of Object.entries(ways)) {
    for (const burst of [1, 5, 10]) {
      it(`are in every window until they are sent: ${way}, with a burst of ${burst}`, () => {
        for (const limit of limits) {
          const text = `${limit}/s burst ${Math.min(limit, burst)}`
          for (let seed = 1; seed <= scale(1, 10, 100); seed++) {
            const { sent } = drive(text, 8000, waits(3000), seed)
            assert.isAtMost(most(sent, 1000), limit, `${text}, seed ${seed}`)
            // and all is used as before when they are there
            const later = sent.filter(([at]) => at >= 6000)
            const share = way.endsWith("for ever") ? 0.75 : 0.95
            assert.isAtLeast(later.length, Math.floor(2 * limit * share), `${text}, seed ${seed}`)
          }
        }
      })
    }
  }

  it("hold nothing up for long where a window is long", () => {
    for (const text of some(["1000/h", "10000/day", "10000/day burst 100"], 3)) {
      const { limit } = rate(text)
      const window = Duration.toMillis(rate(text).window)
      const { sent } = drive(text, 2 * window, ways["any, for long"]!(Infinity), 1)
      assert.isAtMost(most(sent, window), limit)
      assert.isAtLeast(drive(text, 2 * window, () => at(200), 1).sent.length, 2 * limit * 0.95)
    }
  })

  it("let nobody else go while the limit may be needed for them, and everybody when they end", () => {
    for (const text of ["1/s", "2/s burst 2"]) {
      const { limit } = rate(text)
      let pace = Pace.resume([rate(text)], {}, 0, 0)
      for (let nth = 0; nth < limit; nth++) pace = Pace.hold(Pace.take(pace, nth * 500), nth * 500, nth * 500)
      assert.strictEqual(Pace.readyAt(pace), Infinity, text)
      assert.isAtLeast(Pace.readyAt(Pace.send(pace, 5000)), 6000)
      assert.isBelow(Pace.readyAt(Pace.drop(pace, 5000)), 5000)
    }
  })

  it("count as sent when they are kept for the next run", () => {
    for (const text of ["10/s", "100/s", "100/s burst 10"]) {
      let pace = Pace.resume([rate(text)], {}, 0, 0)
      for (let now = 0; now < 500; now += 100) pace = Pace.hold(Pace.take(pace, now), now, now)
      const settled = Pace.settled(pace, 900)
      assert.isBelow(Pace.readyAt(settled), Infinity)
      const kept = Pace.keep(settled, 0)
      let resumed = Pace.resume([rate(text)], kept, 900, 0)
      const sent: Array<Sent> = Array.from({ length: 5 }, (): Sent => [900, 1])
      for (let now = 900; now < 3000;) {
        now = Math.max(now, Math.ceil(Pace.readyAt(resumed)))
        sent.push([now, 1])
        resumed = Pace.take(resumed, now)
      }
      assert.isAtMost(most(sent, 1000), rate(text).limit, text)
    }
  })

  it("count once more where they are sent twice", () => {
    let pace = Pace.resume([rate("2/s burst 2")], {}, 0, 0)
    pace = Pace.take(pace, 0)
    pace = Pace.send(Pace.hold(pace, undefined, 100), 100)
    assert.isAtLeast(Pace.readyAt(pace), 1000)
  })
})
