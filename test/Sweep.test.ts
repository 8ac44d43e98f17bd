import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Logger } from "effect"
import type { Lookup } from "../src/Lookup.ts"
import * as Classify from "../src/Lookup/Classify.ts"
import { LookupError } from "../src/Outcome.ts"
import * as Policy from "../src/Policy.ts"
import * as Retry from "../src/Policy/Retry.ts"
import type { Reply } from "../src/Reply.ts"
import type * as Sweep from "../src/Sweep.ts"
import { scale } from "./scale.ts"
import { simulate } from "./simulate.ts"
import { type Answer, of, run, serve, stopReason, sweep, told, transport } from "./sweep.ts"

describe("Sweep", () => {
  it("settles every question once and keeps all workers busy, and no more", () => {
    const server = serve(() => 200)
    const { exit, snapshot, settled } = run(server, 500)
    assert.deepStrictEqual(exit, Exit.void)
    assert.lengthOf(settled, 500)
    assert.strictEqual(new Set(settled.map(({ id }) => id)).size, 500)
    assert.strictEqual(Math.max(...server.calls.map(({ inFlight }) => inFlight)), 4)
    assert.strictEqual(snapshot.calls, 500)
    // alone, then four at a time, 10 ms each
    assert.strictEqual(server.calls.at(-1)!.at, 10 + Math.ceil(499 / 4) * 10 - 10)
  })

  it("asks the first question alone", () => {
    const server = serve(() => 200, 100)
    run(server, 20)
    assert.deepStrictEqual(server.calls.filter(({ at }) => at < 100).map(({ code }) => code), ["c0"])
  })

  it("says so where nobody calls for 30 s though something is to be asked, and goes on", () => {
    const said: Array<string> = []
    const log = Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => void said.push(String(message))))
    const server = serve(() => 200)
    const { effect, settled } = sweep(server, 40, {}, [], "40 seconds")
    assert.deepStrictEqual(simulate(Effect.provide(effect, log)), Exit.void)
    assert.lengthOf(settled, 40)
    // the page, and that there is no other
    assert.lengthOf(said, 2)
    assert.match(said[0]!, /^nothing was asked for 30 s, and should have been: .*the next ones are being read/)
  })

  it("says nothing of it where outcomes are not taken, which somebody else tells", () => {
    const said: Array<unknown> = []
    const log = Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => void said.push(message)))
    const { effect, settled } = sweep(serve(() => 200), 40, {}, [], "40 seconds", () => true)
    assert.deepStrictEqual(simulate(Effect.provide(effect, log)), Exit.void)
    assert.lengthOf(settled, 40)
    assert.deepStrictEqual(said, [])
  })

  describe("stops on the first question, with nothing marked", () => {
    const cases: ReadonlyArray<readonly [string, Answer, reason: string, calls: number]> = [
      ["DNS", transport("dns"), "unreachable", 1],
      ["TLS", transport("tls"), "unreachable", 1],
      ["refused", transport("refused"), "unreachable", 1],
      // where it may be the question's own fault, a second one is asked
      ["no HTTP", transport("protocol"), "unreachable", 2],
      ["a redirect", transport("redirect"), "redirected", 2],
      ["401", 401, "unauthorized", 2],
      ["403", 403, "forbidden", 2]
    ]
    it.each(cases)("%s", (_, answer, reason, calls) => {
      const server = serve(() => answer)
      const { exit, settled } = run(server, 50)
      assert.strictEqual(stopReason(exit), reason)
      assert.strictEqual(new Set(server.calls.map(({ code }) => code)).size, calls)
      assert.lengthOf(server.calls, calls)
      assert.lengthOf(settled, 0)
      assert.include(String(Exit.isFailure(exit) && JSON.stringify(exit.cause)), "curl c0")
    })
  })

  it("tries other failures of the first question again", () => {
    for (const answer of [500, 503, transport("transport"), transport("timeout")] as const) {
      const { exit, settled } = run(serve((_, nth) => nth === 1 ? answer : 200), 5)
      assert.deepStrictEqual(exit, Exit.void)
      assert.lengthOf(settled, 5)
    }
  })

  it("takes a 401 and a 403 as a failure of that question, wherever it stands, where others are answered", () => {
    for (const status of [401, 403]) {
      for (const code of ["c0", "c9", "c19"]) {
        const server = serve((asked) => asked === code ? status : 200)
        const { exit, settled } = run(server, 20, { allowNone: false })
        assert.deepStrictEqual(exit, Exit.void)
        assert.lengthOf(settled, 20)
        assert.deepInclude(of(settled, code), { outcome: "failed", calls: 1, attempts: 1, status })
        assert.lengthOf(server.calls, 20)
      }
    }
  })

  it("takes a redirect, and what is no HTTP, of the first question alone as its own", () => {
    for (const reason of ["redirect", "protocol"] as const) {
      const { exit, settled } = run(serve((code) => code === "c0" ? transport(reason) : 200), 20)
      assert.deepStrictEqual(exit, Exit.void)
      assert.strictEqual((of(settled, "c0").error as LookupError).reason, reason)
      assert.lengthOf(settled.filter(({ outcome }) => outcome === "found"), 19)
    }
  })

  it("stops where the only question is refused", () => {
    const { exit, settled } = run(serve(() => 401), 1)
    assert.strictEqual(stopReason(exit), "unauthorized")
    assert.lengthOf(settled, 0)
  })

  it("takes not found and invalid as final words", () => {
    const server = serve((code) => code === "c1" ? 404 : code === "c2" ? 422 : 200)
    const { settled } = run(server, 4)
    assert.deepStrictEqual(
      ["c0", "c1", "c2", "c3"].map((code) => of(settled, code).outcome),
      ["found", "not_found", "invalid", "found"]
    )
    assert.lengthOf(server.calls, 4)
  })

  it("does not count a question that was refused before it was sent", () => {
    const server = serve((code) => code === "c1" ? transport("invalid_code") : 200)
    const { snapshot, settled } = run(server, 3)
    const { attempts, calls, outcome } = of(settled, "c1")
    assert.deepStrictEqual({ attempts, calls, outcome }, { attempts: 0, calls: 0, outcome: "invalid" })
    assert.strictEqual(snapshot.calls, 2)
  })

  describe("retry", () => {
    it("tries again until it succeeds, and counts", () => {
      const server = serve((code, nth) => code === "c3" && nth < 4 ? 503 : 200)
      const { snapshot, settled } = run(server, 8)
      const { attempts, calls, outcome } = of(settled, "c3")
      assert.deepStrictEqual({ attempts, calls, outcome }, { attempts: 4, calls: 4, outcome: "found" })
      assert.strictEqual(snapshot.retries, 3)
    })

    it("gives up after the last retry, with the last error", () => {
      const server = serve((code) => code === "c3" ? 503 : 200)
      const { settled } = run(server, 8)
      const { attempts, error, outcome } = of(settled, "c3")
      assert.strictEqual(outcome, "failed")
      assert.strictEqual(attempts, 5)
      assert.strictEqual((error as LookupError).status, 503)
      assert.lengthOf(server.calls.filter(({ code }) => code === "c3"), 5)
    })

    it("waits with full jitter: never longer than the doubled base or the cap", () => {
      const longest: Array<number> = [0, 0, 0, 0]
      for (let seed = 1; seed <= scale(60, 200, 2000); seed++) {
        const server = serve(() => 503)
        run(server, 1, {
          retry: { retries: 4, base: Duration.millis(500), cap: Duration.seconds(3) },
          deadline: Duration.hours(1)
        }, seed)
        server.calls.slice(1).forEach(({ at }, index) => {
          longest[index] = Math.max(longest[index]!, at - server.calls[index]!.at - 10)
        })
      }
      for (const [index, limit] of [500, 1000, 2000, 3000].entries()) {
        assert.isAtMost(longest[index]!, limit)
        assert.isAtLeast(longest[index]!, limit * 0.9)
      }
    })

    it("holds no worker while it waits", () => {
      const server = serve((code, nth) => code === "c1" && nth < 3 ? 503 : 200)
      run(server, 100, { concurrency: 1, retry: { retries: 4, base: Duration.minutes(1), cap: Duration.minutes(1) } })
      const others = server.calls.filter(({ code }) => code !== "c1")
      assert.isBelow(Math.max(...others.map(({ at }) => at)), 2000)
    })

    it("begins no new questions while 1,024 wait", () => {
      const server = serve((code, nth) => code === "c0" || nth > 1 ? 200 : 500, 1)
      const count = scale(1500, 5000, 5000)
      const { snapshot, settled } = run(server, count, {
        concurrency: 50,
        breaker: null,
        retryBudget: null,
        retry: { retries: 1, base: Duration.minutes(2), cap: Duration.minutes(2) }
      })
      assert.lengthOf(settled, count)
      assert.strictEqual(snapshot.waiting, 0)
      let [begun, again, most] = [0, 0, 0]
      const seen = new Set<string>()
      for (const { code } of server.calls) {
        if (seen.has(code)) again++
        else begun++
        seen.add(code)
        most = Math.max(most, begun - 1 - again)
      }
      assert.isAtMost(most, 1024 + 50)
      assert.isAtLeast(most, 1024)
    })
  })

  describe("time limits", () => {
    it("ends a call that hangs, and tries again", () => {
      const server = serve((code, nth) => code === "c2" && nth === 1 ? "hang" : 200)
      const { settled } = run(server, 6, { timeout: Duration.seconds(3) })
      assert.deepInclude(of(settled, "c2"), { outcome: "found", attempts: 2 })
      const [first, second] = server.calls.filter(({ code }) => code === "c2")
      assert.isAtLeast(second!.at - first!.at, 3000)
      assert.isAtMost(second!.at - first!.at, 3000 + 250 + 500)
    })

    it("fails a question that hangs for ever, and nobody else", () => {
      const { exit, settled } = run(serve((code) => code === "c2" ? "hang" : 200), 60, { timeout: Duration.seconds(1) })
      assert.deepStrictEqual(exit, Exit.void)
      assert.lengthOf(settled, 60)
      const { error, outcome } = of(settled, "c2")
      assert.strictEqual(outcome, "failed")
      assert.strictEqual((error as LookupError).reason, "timeout")
    })

    it("ends a question at its deadline, within 250 ms", () => {
      const server = serve((code) => code === "c1" ? "hang" : 200)
      const { settled } = run(server, 2, {
        timeout: Duration.seconds(40),
        deadline: Duration.seconds(60),
        retry: { retries: 9, base: Duration.millis(1), cap: Duration.millis(1) }
      })
      const { at, error, outcome } = of(settled, "c1")
      assert.strictEqual(outcome, "failed")
      assert.strictEqual((error as LookupError).reason, "deadline")
      assert.isAtLeast(at, 60_000)
      assert.isAtMost(at, 60_000 + 10 + 250)
    })
  })

  describe("throttling", () => {
    it("gates everybody for as long as the server says, and costs no attempt", () => {
      const server = serve((code, nth) => code === "c20" && nth === 1 ? told("30") : 200)
      const { snapshot, settled } = run(server, 60)
      assert.deepInclude(of(settled, "c20"), { outcome: "found", attempts: 1, calls: 2 })
      const shut = server.calls.find(({ code }) => code === "c20")!.at + 10
      assert.lengthOf(server.calls.filter(({ at }) => at > shut && at < shut + 30_000), 0)
      assert.strictEqual(snapshot.throttled, 1)
      assert.lengthOf(settled, 60)
    })

    it("opens the gate for one question first", () => {
      const server = serve((_, __, at) => at > 50 && at < 5000 ? told("5") : 200, 10)
      run(server, 60)
      const after = server.calls.filter(({ at }) => at > 1000)
      assert.strictEqual(after[0]!.inFlight, 1)
      assert.isAtLeast(after[1]!.at, after[0]!.at + 10)
    })

    it("stops no deadline: a question may wait longer than it is long", () => {
      const server = serve((_, __, at) => at > 50 && at < 600_000 ? told("300") : 200)
      const { exit, settled } = run(server, 30, { deadline: Duration.seconds(20) })
      assert.deepStrictEqual(exit, Exit.void)
      assert.isTrue(settled.every(({ outcome }) => outcome === "found"))
    })

    it("does not count the time at the gate when a question is tried again", () => {
      const server = serve((code, nth) => {
        if (code === "c5") return nth < 4 ? 503 : 200
        return code === "c9" && nth === 1 ? told("300") : 200
      })
      const { settled } = run(server, 20, { deadline: Duration.seconds(60) })
      assert.isAbove(server.calls.at(-1)!.at, 300_000)
      assert.deepInclude(of(settled, "c5"), { outcome: "found", attempts: 4 })
    })

    it("doubles its own wait where the server names none", () => {
      const server = serve((_, __, at) => at < 20_000 ? 429 : 200)
      run(server, 3)
      const starts = server.calls.map(({ at }) => at)
      for (const [nth, wait] of [1000, 2000, 4000, 8000, 16_000].entries()) {
        const pause = starts[nth + 1]! - starts[nth]! - 10
        assert.isAtLeast(pause, wait)
        // and up to a tenth of it, or a second, so that clients do not come back all at once
        assert.isAtMost(pause, wait + Math.min(wait / 10, 1000) + 1)
      }
    })

    it("takes an absurd wait for none, and stops after max-wait of nothing else", () => {
      const server = serve((_, __, at) => at > 50 ? told("99999999999") : 200)
      const { exit, settled } = run(server, 100)
      assert.strictEqual(stopReason(exit), "throttled")
      const last = server.calls.at(-1)!.at
      assert.isAtLeast(last, 14 * 60_000)
      assert.isAtMost(last, 15 * 60_000 + 500)
      assert.isTrue(settled.every(({ outcome }) => outcome === "found"))
    })

    it("stops at once where the server says a longer wait than max-wait, and tells until when", () => {
      const server = serve((_, __, at) => at > 50 ? told("86400") : 200)
      const { exit } = run(server, 100)
      assert.match(
        String(exit),
        /the server says wait 1d, until 1970-01-0[123] \d\d:\d\d \(UTC[^)]*\); max-wait is 15m/
      )
      assert.isBelow(server.calls.at(-1)!.at, 100)
    })

    it.each([4, 8])("is bounded by a max-wait of %s s, where the server does not say how long", (seconds) => {
      const server = serve(() => 429)
      const throttle = { ...Policy.standard.throttle, maxWait: Duration.seconds(seconds) }
      const { exit } = run(server, 20, { throttle })
      assert.strictEqual(stopReason(exit), "throttled")
      const last = server.calls.at(-1)!.at
      assert.isAtLeast(last, seconds * 1000)
      assert.isAtMost(last, seconds * 1000 + 20)
    })

    it("stops after max-wait of nothing but a 503 with Retry-After", () => {
      const server = serve((_, __, at) => at > 50 ? { status: 503, retryAfter: "900" } : 200)
      const { exit } = run(server, 100)
      assert.strictEqual(stopReason(exit), "throttled")
      assert.isAtMost(server.calls.at(-1)!.at, 16 * 60_000)
    })

    it("obeys the Retry-After of a 503 too, which costs an attempt", () => {
      const server = serve((code, nth) => code === "c5" && nth === 1 ? { status: 503, retryAfter: "60" } : 200)
      const { settled } = run(server, 40)
      assert.deepInclude(of(settled, "c5"), { outcome: "found", attempts: 2, calls: 2 })
      const shut = server.calls.find(({ code }) => code === "c5")!.at + 10
      assert.lengthOf(server.calls.filter(({ at }) => at > shut && at < shut + 60_000), 0)
    })
  })

  describe("none found", () => {
    it("stops after 100 outcomes without a found one, with nothing marked", () => {
      const server = serve(() => 404)
      const { exit, settled } = run(server, 1000, { allowNone: false })
      assert.strictEqual(stopReason(exit), "none_found")
      assert.lengthOf(settled, 0)
      assert.isBelow(server.calls.length, 100 + 4)
    })

    it("settles all of a list that is shorter", () => {
      const { exit, settled } = run(serve(() => 404), 99, { allowNone: false })
      assert.deepStrictEqual(exit, Exit.void)
      assert.lengthOf(settled, 99)
    })

    it("goes on where one is found, or when told", () => {
      assert.lengthOf(run(serve((code) => code === "c50" ? 200 : 404), 300, { allowNone: false }).settled, 300)
      assert.lengthOf(run(serve(() => 404), 300, { allowNone: true }).settled, 300)
    })
  })

  it("turns a defect into a failure of one question", () => {
    const { exit, settled } = run(serve((code) => code === "c2" ? "throw" : 200), 30)
    assert.deepStrictEqual(exit, Exit.void)
    assert.lengthOf(settled, 30)
    assert.deepInclude(of(settled, "c2").error, { reason: "error", message: "a defect" })
  })

  describe("interruption", () => {
    const interruptAt = (server: ReturnType<typeof serve>, millis: number) => {
      const settled: Array<Sweep.Settled> = []
      const took = simulate(Effect.gen(function*() {
        const fiber = yield* Effect.fork(sweep(server, 1000, { timeout: Duration.minutes(1) }, settled).effect)
        yield* Effect.sleep(Duration.millis(millis))
        const [duration] = yield* Effect.timed(Fiber.interrupt(fiber))
        return Duration.toMillis(duration)
      }))
      return { settled, took: Exit.isSuccess(took) ? took.value : Number.NaN }
    }

    it("finishes what is in flight and begins nothing more", () => {
      const server = serve(() => 200, 100)
      const { settled, took } = interruptAt(server, 950)
      assert.lengthOf(settled, server.calls.length)
      assert.isAtMost(Math.max(...server.calls.map(({ at }) => at)), 950)
      assert.isAtMost(took, 100)
    })

    it("says how long it waits for what is in flight, and gives it up then", () => {
      const server = serve((code) => code === "c7" ? "hang" : 200, 100)
      const { effect, snapshot } = sweep(server, 1000, { timeout: Duration.minutes(1), drain: Duration.seconds(7) })
      const seen = simulate(Effect.gen(function*() {
        const fiber = yield* Effect.fork(effect)
        yield* Effect.sleep("950 millis")
        yield* Effect.fork(Fiber.interrupt(fiber))
        yield* Effect.sleep("150 millis")
        const { cut, draining, inFlight } = snapshot()
        yield* Fiber.await(fiber)
        return [draining, inFlight, cut, snapshot().cut]
      }))
      assert.deepStrictEqual(seen, Exit.succeed([7_950, 1, 0, 1]))
      assert.strictEqual(snapshot().calls, server.calls.length)
    })

    it("ends 5 s after its time though calls hang, and says what was waited for", () => {
      const time = { time: Duration.seconds(2) }
      const hanging = serve((code) => code === "c0" ? 200 : "hang")
      const { exit, snapshot, settled } = run(hanging, 20, { budget: time, timeout: Duration.minutes(1) })
      assert.strictEqual(stopReason(exit), "time")
      assert.isAtMost(snapshot.draining!, 7_000)
      assert.deepStrictEqual([settled.length, snapshot.cut, snapshot.calls], [1, 4, 5])
      const pausing = serve((code) => code === "c0" ? 200 : told("600"))
      assert.match(
        String(run(pausing, 20, { budget: time }).exit),
        /time of 2s is over; the server says wait until \d+/
      )
      const shy = serve((code) => code === "c0" ? 200 : 429)
      assert.match(String(run(shy, 20, { budget: time }).exit), /time of 2s is over; the server lets nobody in, and/)
    })

    it("does not wait for more than 25 s for a call that hangs", () => {
      const server = serve((code) => code === "c7" ? "hang" : 200, 100)
      const { settled, took } = interruptAt(server, 950)
      assert.lengthOf(settled, server.calls.length - 1)
      assert.isAtMost(took, 25_100)
    })
  })

  it("replays exactly from a seed", () => {
    const trace = (seed: number) => {
      const server = serve((code, nth, at) => (Number(code.slice(1)) * 7 + nth * 3 + at) % 11 === 0 ? 503 : 200)
      run(server, 200, {}, seed)
      return server.calls.map(({ at, code }) => `${code}@${at}`)
    }
    assert.deepStrictEqual(trace(42), trace(42))
    assert.notDeepEqual(trace(42), trace(43))
  })
})

describe("Sweep, where an answer is not there yet", () => {
  const options = { concurrency: 1 }

  it("holds nobody back for a refusal that no wait mends, whatever wait it tells", () => {
    for (const refused of ["c0", "c7"]) {
      const server = serve((code) => code === refused ? 429 : 200)
      const error = new LookupError({ reason: "status", message: "too large" })
      const lookup: Lookup<unknown> = {
        ...server.lookup,
        read: (reply) => reply.status === 429 ? { verdict: "invalid", error } : server.lookup.read(reply),
        limits: () => ({ status }) => status === 429 ? { wait: Duration.minutes(2) } : undefined
      }
      const { exit, settled } = run({ ...server, lookup }, 20)
      assert.deepStrictEqual(exit, Exit.void)
      assert.deepInclude(of(settled, refused), { outcome: "invalid", calls: 1 })
      assert.isBelow(server.calls.at(-1)!.at, 1000)
    }
  })

  it("asks again after a 202 when its Retry-After says so, and holds back nobody else", () => {
    const server = serve((code, nth) => code === "c1" && nth === 1 ? { status: 202, retryAfter: "7" } : 200)
    const { exit, settled } = run(server, 20, options)
    assert.deepStrictEqual(exit, Exit.void)
    assert.deepInclude(of(settled, "c1"), { outcome: "found", calls: 2, attempts: 2 })
    const asked = server.calls.filter(({ code }) => code === "c1").map(({ at }) => at)
    assert.isAtLeast(asked[1]! - asked[0]!, 7_000)
    assert.isBelow(server.calls.find(({ code }) => code === "c19")!.at, 1_000)
  })

  it("fails what stays accepted for ever, and no breaker opens", () => {
    const server = serve((code) => code === "c0" ? 200 : 202)
    const { exit, settled } = run(server, 6, { concurrency: 4 })
    assert.deepStrictEqual(exit, Exit.void)
    assert.deepInclude(of(settled, "c3"), { outcome: "failed", calls: 5, status: 202 })
  })

  const empty = (is: (code: string, nth: number) => boolean) => {
    const server = serve(() => 200)
    const asked = new Map<string, number>()
    return {
      ...server,
      lookup: {
        ...server.lookup,
        read: (reply: Reply) => {
          const code = JSON.parse(reply.body) as string
          asked.set(code, (asked.get(code) ?? 0) + 1)
          return server.lookup.read(is(code, asked.get(code)!) ? { ...reply, body: "" } : reply)
        }
      }
    }
  }

  it("looks a second time at an empty answer", () => {
    const server = empty((code, nth) => code === "c1" && nth === 1)
    const { settled } = run(server, 4, options)
    assert.deepInclude(of(settled, "c1"), { outcome: "found", calls: 2 })
    assert.lengthOf(server.calls, 5)
  })

  it("believes empty answers when three have stayed empty", () => {
    const server = empty((code) => code !== "c0")
    const { settled } = run(server, 40, options)
    const calls = settled.filter(({ outcome }) => outcome === "not_found").map(({ calls }) => calls)
    assert.lengthOf(calls, 39)
    assert.isTrue(calls.every((count) => count <= 2))
    assert.strictEqual(of(settled, "c39").calls, 1)
  })

  it("believes them at once where nothing may be asked again", () => {
    for (const given of [{ retry: Retry.never }, {}] as const) {
      const server = empty((code) => code === "c1")
      const once = given.retry === undefined
        ? { ...server, lookup: { ...server.lookup, idempotent: false } }
        : server
      const { settled } = run(once, 4, { ...options, ...given })
      assert.deepInclude(of(settled, "c1"), { outcome: "not_found", calls: 1 })
    }
  })

  it("tries again what does not decode, and fails what never does", () => {
    const server = serve((code, nth) => (code === "c1" && nth === 1) || code === "c2" ? 299 : 200)
    const { read } = server.lookup
    const lookup = {
      ...server.lookup,
      read: (reply: Reply) => reply.status === 299 ? Classify.undecodable("no JSON") : read(reply)
    }
    const { settled } = run({ ...server, lookup }, 4, options)
    assert.deepInclude(of(settled, "c1"), { outcome: "found", calls: 2 })
    assert.deepInclude(of(settled, "c2"), { outcome: "failed", calls: 5 })
    const { settled: once } = run({ ...serve(() => 200), lookup: { ...lookup, idempotent: false } }, 4, options)
    assert.deepInclude(of(once, "c2"), { outcome: "failed", calls: 1 })
  })

  it("stops at once where the purse is empty, and marks nothing", () => {
    const server = serve((code) => code === "c5" ? 402 : 200)
    const { exit, settled } = run(server, 100)
    assert.strictEqual(stopReason(exit), "quota")
    assert.isFalse(settled.some(({ question }) => question.code === "c5"))
    assert.isBelow(server.calls.length, 12)
  })
})
