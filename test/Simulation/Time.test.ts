import { HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Option, Schema } from "effect"
import { setImmediate } from "node:timers/promises"
import type { Code } from "../../src/Code.ts"
import * as Lookup from "../../src/Lookup.ts"
import * as Policy from "../../src/Policy.ts"
import * as Pace from "../../src/Policy/Pace.ts"
import * as Simulation from "../../src/Simulation.ts"
import * as Forecast from "../../src/Simulation/Forecast.ts"
import * as Server from "../../src/Simulation/Server.ts"
import * as Spec from "../../src/Simulation/Spec.ts"
import * as Sweep from "../../src/Sweep.ts"
import { scale, timeout } from "../scale.ts"
import { most } from "../windows.ts"

interface Sweeping {
  readonly seed: number
  readonly server: string
  readonly policy: Partial<Policy.Policy>
  readonly codes: number
  /** When the clock is set, and by how much, in milliseconds. */
  readonly jumps?: ReadonlyArray<readonly [at: number, by: number]>
}

/** Sweeps codes, and gives what the server saw and what was settled. */
const sweep = ({ codes, jumps = [], policy, seed, server: spec }: Sweeping) => {
  const settled: Array<Sweep.Settled> = []
  const program = Effect.gen(function*() {
    const machine = yield* Simulation.Machine
    const server = Server.make(machine, Schema.decodeSync(Spec.Text)(spec), { seed, isKept: true })
    for (const [at, by] of jumps) machine.after(at, () => machine.setClock(by))
    const lookup = Lookup.http<unknown>({ url: server.url })
    let page = Array.from({ length: codes }, (_, id) => ({ id, question: { code: `c${id}` as Code, values: {} } }))
    const process = machine.start((process) =>
      Sweep.prepare(lookup).pipe(
        Effect.flatMap((ask) =>
          Sweep.sweep({
            lookup,
            ask,
            policy: { ...Policy.standard, allowNone: true, ...policy },
            pull: Effect.sync(() => page.splice(0)),
            settle: (one) => Effect.sync(() => void settled.push(one))
          })
        ),
        Effect.provideService(HttpClient.HttpClient, server.client(process))
      )
    )
    yield* process.ended
    page = []
    return { calls: server.calls, exit: process.exit()! }
  })
  const { exit, millis } = Simulation.run(program, { seed })
  const { calls, exit: ended } = Exit.getOrElse(exit, (cause) => assert.fail(Cause.pretty(cause)))
  return { calls, settled, millis, ended }
}

const rate = (text: string) => Schema.decodeSync(Pace.Rate)(text)

describe("an outage of ten minutes", () => {
  const seeds = scale(5, 100, 1000)
  it(`costs few calls, fails nothing and loses no work, in ${seeds} runs`, { timeout }, async () => {
    const minutes = 10
    for (let seed = 0; seed < seeds; seed++) {
      // vitest is to hear of this process now and then
      if (seed % 50 === 0) await setImmediate()
      const [concurrency, latency] = [[1, 4, 8, 32, 100][seed % 5]!, 20 + seed % 7 * 30]
      const codes = 1000
      // when a part of them is answered
      const from = Math.round(codes * latency / concurrency * (0.2 + seed % 3 * 0.2))
      const status = seed % 2 === 0 ? "" : ":503"
      const server = `latency=p50:${latency}ms,p99:${latency * 4}ms,outage=${minutes}m@${from}ms${status}`
      const { calls, ended, settled } = sweep({ seed, server, codes, policy: { concurrency } })
      const context = `seed ${seed}: ${server}, -c ${concurrency}`
      assert.isTrue(Exit.isSuccess(ended), `${context}: ${Exit.causeOption(ended).pipe(Option.getOrUndefined)}`)
      assert.isAtMost(calls.length, 1.1 * codes + 10 * minutes * 60, context)
      assert.isTrue(settled.every(({ outcome }) => outcome === "found"), context)
      assert.strictEqual(new Set(settled.map(({ id }) => id)).size, codes, context)
      // that is far from what is allowed: a breaker asks now and then
      const down = calls.filter(({ at }) => at >= from && at < from + 60_000 * minutes)
      assert.isAtMost(down.length, 60 + 3 * concurrency, context)
    }
  })

  it("stops a run for which it is too long, with nothing marked by it", () => {
    const { ended, settled } = sweep({
      seed: 1,
      server: "latency=50ms,outage=1h@1s",
      codes: 1000,
      policy: { throttle: { ...Policy.standard.throttle, maxWait: Duration.minutes(5) } }
    })
    const error = Exit.isFailure(ended) ? Cause.squash(ended.cause) : undefined
    assert.instanceOf(error, Sweep.StopError)
    assert.strictEqual(error.reason, "outage")
    assert.isTrue(settled.every(({ outcome }) => outcome === "found"))
  })
})

describe("a clock that is set in mid-run", () => {
  const hour = 3_600_000
  const decade = 87_600 * hour
  for (const [name, by] of [["+1 h", hour], ["−1 h", -hour], ["+10 years", decade], ["−10 years", -decade]] as const) {
    const jumps = [[2000, by], [4500, -by], [5000, by]] as const

    it(`by ${name} changes no rate`, () => {
      const policy = { concurrency: 20, pace: [rate("50/s"), rate("300/10s burst 60")] }
      const run = (jumps: Sweeping["jumps"]) =>
        sweep({ seed: 5, server: "latency=p50:50ms,p99:300ms", codes: 600, policy, ...(jumps && { jumps }) })
      const [calm, moved] = [run([]), run(jumps)]
      const sent = moved.calls.map(({ at }) => [at, 1] as const)
      assert.isAtMost(most(sent, 1000), 50)
      assert.isAtMost(most(sent, 10_000), 300)
      assert.closeTo(moved.millis, calm.millis, calm.millis / 100)
    })

    it(`by ${name} changes no pause`, () => {
      for (const told of ["5s", "exact", "date"]) {
        const server = `rate=5/s,burst=5,retry-after=${told},latency=20ms`
        const { calls } = sweep({ seed: 3, server, codes: 60, policy: { concurrency: 4 }, jumps })
        let pauses = 0
        for (const { end, told } of calls) {
          if (told === undefined) continue
          const next = calls.find(({ at }) => at > end)
          if (next === undefined) continue
          assert.isAtLeast(next.at, end + told - 1)
          // others may be told a little later, and clients come back at different times
          const last = calls.findLast((call) => call.told !== undefined && call.end < next.at)!
          assert.isAtMost(next.at, last.end + last.told! * 1.01 + Math.min(last.told! / 10, 1000) + 1)
          pauses++
        }
        assert.isAbove(pauses, 5)
      }
    })

    it(`by ${name} changes no deadline, time limit or back-off`, () => {
      const policy = {
        concurrency: 10,
        timeout: Duration.seconds(3),
        deadline: Duration.seconds(9),
        retry: { retries: 100, base: Duration.millis(100), cap: Duration.millis(500) },
        breaker: null,
        retryBudget: null,
        uniform: null
      }
      const { calls, settled } = sweep({ seed: 2, server: "latency=20ms,poison=100%", codes: 1, policy, jumps })
      assert.lengthOf(settled, 1)
      for (const { error, question } of settled) {
        assert.strictEqual((error as { readonly reason: string }).reason, "deadline")
        const own = calls.filter(({ code }) => code === question.code)
        // the last delay would have been too long
        assert.isAtMost(own.at(-1)!.end - own[0]!.at, 9000 * 1.01)
        assert.isAtLeast(own.at(-1)!.end - own[0]!.at, 8400)
      }
      const hung = sweep({
        seed: 2,
        server: "hangs=100%",
        codes: 10,
        policy: { ...policy, retry: { ...policy.retry, retries: 0 } },
        jumps
      })
      for (const { at, end } of hung.calls) assert.closeTo(end - at, 3000 + 100, 3000 / 100 + 110)
    })
  }
})

describe("Forecast", () => {
  const forecast = (server: string, policy: Partial<Policy.Policy>, codes: number) =>
    Effect.runSync(Forecast.make({
      server: Schema.decodeSync(Spec.Text)(server),
      policy: { ...Policy.standard, ...policy },
      codes,
      seed: 1
    }))

  it("tells the time by rate, latency and concurrency", () => {
    assert.closeTo(forecast("latency=100ms", { concurrency: 10 }, 1000).seconds, 10, 0.5)
    const paced = forecast("latency=100ms", { concurrency: 100, pace: [rate("50/s")] }, 1000)
    // a call every 20.2 ms, as a server may know no burst: with timers of whole milliseconds every 21 ms
    assert.closeTo(paced.seconds, 21, 0.6)
    assert.closeTo(paced.waited.pace, 20, 1)
    assert.closeTo(paced.perSecond.mean, 47.6, 1)
    assert.closeTo(paced.perSecond.p5, 47, 1)
  })

  it("tells what was waited for", () => {
    const { throttled, waited } = forecast("rate=10/s,burst=10,retry-after=5s", { concurrency: 4 }, 100)
    assert.isAbove(throttled, 0)
    assert.isAbove(waited.pause, 20)
    assert.strictEqual(waited.outage, 0)
    const down = forecast("latency=10ms,outage=60s@1s", { concurrency: 4 }, 1000)
    assert.isTrue(down.waited.outage > 50 && down.waited.outage < 130, String(down.waited.outage))
    assert.strictEqual(down.outcomes.found, 1000)
  })

  it("gives the event loop its turn", () => {
    let looks = 0
    Effect.runSync(Forecast.make(
      { server: Schema.decodeSync(Spec.Text)("latency=5ms"), policy: Policy.standard, codes: 5000, seed: 1 },
      () => Effect.sync(() => void looks++)
    ))
    assert.isAbove(looks, 4)
  })
})
