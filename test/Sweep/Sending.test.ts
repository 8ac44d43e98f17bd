import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Schema } from "effect"
import type { Ask } from "../../src/Lookup/Ask.ts"
import { LookupError } from "../../src/Outcome.ts"
import * as Pace from "../../src/Policy/Pace.ts"
import * as Draw from "../../src/Simulation/Draw.ts"
import { scale } from "../scale.ts"
import { lookupOf, type policy, run } from "../sweep.ts"
import { most, type Sent } from "../windows.ts"

const rate = Schema.decodeSync(Pace.Rate)

/** What comes of a call before it is sent: milliseconds that it waits for, a connection that fails after these, or that never comes. */
type Fate = number | { readonly fails: number } | "hang"

/** A server that answers after 20 ms, and notes when calls are sent. */
const serve = (fate: (nth: number) => Fate) => {
  const sent: Array<Sent> = []
  let calls = 0
  const ask: Ask<LookupError> = ([{ code }], { sending }) =>
    Effect.clockWith((clock) => {
      const given = fate(calls++)
      const write = Effect.sync(() => {
        sending?.sent()
        sent.push([Number(clock.unsafeCurrentTimeNanos()) / 1e6, 1])
      })
      const answer = Effect.as(Effect.sleep("20 millis"), {
        status: 200,
        body: `"${code}"`,
        at: 0,
        header: () => undefined
      })
      if (given === 0) return Effect.zipRight(write, answer)
      sending?.waits()
      if (given === "hang") return Effect.never
      if (typeof given === "number") {
        return Effect.zipRight(Effect.zipRight(Effect.sleep(Duration.millis(given)), write), answer)
      }
      const error = new LookupError({ reason: "transport", message: "reset", isUnprocessed: true })
      return Effect.zipRight(Effect.sleep(Duration.millis(given.fails)), error)
    })
  return { lookup: lookupOf(ask), calls: [], sent }
}

const sweep = (text: string, count: number, fate: (nth: number) => Fate, given: Partial<typeof policy> = {}) => {
  const server = serve(fate)
  const pace = rate(text)
  const { exit, settled } = run(server, count, {
    concurrency: 8,
    pace: [pace],
    timeout: Duration.seconds(3),
    retryBudget: null,
    breaker: null,
    ...given
  })
  assert.deepStrictEqual(exit, Exit.void)
  assert.lengthOf(settled, count)
  const window = Duration.toMillis(pace.window)
  assert.isAtMost(most(server.sent, window), pace.limit, text)
  return { ...server, settled }
}

describe("a rate of what is sent", () => {
  for (const text of ["5/s", "50/s", "50/s burst 10", "100/s", "100/s burst 10", "400/2s"]) {
    it(`holds though the first calls wait for their connection: ${text}`, () => {
      const { limit, window } = rate(text)
      const perSecond = limit * 1000 / Duration.toMillis(window)
      const count = Math.ceil(perSecond * 12)
      const [last, before] = [150, 0].map((millis) => {
        const { sent } = sweep(text, count, (nth) => nth < 8 ? millis : 0)
        assert.lengthOf(sent, count)
        // when all of them stand it is as if they always had
        return (sent.at(-1)![0] - sent[Math.floor(count / 2)]![0]) / (count / 2)
      })
      assert.isAtMost(last!, before! * 1.02)
    })

    it(`holds whatever connections do, and lets nobody wait for ever: ${text}`, () => {
      for (let seed = 1; seed <= scale(3, 20, 100); seed++) {
        const draw = Draw.stream(seed)
        const fates: ReadonlyArray<Fate> = [
          0,
          0,
          0,
          0,
          0,
          10,
          150,
          150,
          300,
          1800,
          { fails: 100 },
          { fails: 0 },
          "hang"
        ]
        const { settled } = sweep(text, 150, () => fates[Math.floor(draw() * fates.length)]!)
        assert.isTrue(settled.every(({ outcome }) => outcome === "found" || outcome === "failed"))
      }
    })
  }

  it("waits for a call that may be the last of its window, and goes on when it ends", () => {
    const { sent, settled } = sweep("1/s", 4, (nth) => nth === 0 ? "hang" : nth === 1 ? 700 : 0)
    assert.isTrue(settled.every(({ outcome }) => outcome === "found"))
    assert.isAtLeast(sent[0]![0], 3700)
    assert.isAtMost(sent.at(-1)![0], 8000)
  })
})
