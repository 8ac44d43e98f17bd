import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Data, Duration, Effect, Exit, Fiber, Random, Schema } from "effect"
import type { Code } from "../../src/Code.ts"
import type { Ask } from "../../src/Lookup/Ask.ts"
import { LookupError } from "../../src/Outcome.ts"
import * as Policy from "../../src/Policy.ts"
import * as Budget from "../../src/Policy/Budget.ts"
import * as Calendar from "../../src/Policy/Calendar.ts"
import * as Pace from "../../src/Policy/Pace.ts"
import type { Reply } from "../../src/Reply.ts"
import * as Sweep from "../../src/Sweep.ts"
import * as Meter from "../../src/Upstream/Meter.ts"
import * as Spent from "../../src/Upstream/Spent.ts"
import { scale, some } from "../scale.ts"
import { simulate } from "../simulate.ts"
import { lookupOf } from "../sweep.ts"
import { most, type Sent } from "../windows.ts"

class DiskError extends Data.TaggedError("DiskError")<{}> {}

/** A status, a status with Retry-After, a question that cannot be sent, or one that needs one more call. */
type Answer = number | { readonly status: number; readonly retryAfter: string } | "refused" | "redirect"

/** What outlives a process. */
interface World {
  /** The calls that the server saw, in milliseconds since 1970. */
  readonly sent: Array<Sent>
  /** What was kept on disk, the last one last. */
  readonly kept: Array<Sweep.Spent>
}

const newWorld = (): World => ({ sent: [], kept: [] })

const isKept = ({ kept }: World): Sweep.Spent => kept.at(-1) ?? Spent.nothing

/** A process, and what it meets. */
interface Life {
  readonly rates?: ReadonlyArray<string>
  readonly policy?: Partial<Policy.Policy>
  /** Questions to ask. */
  readonly count?: number
  /** What each call counts for. */
  readonly weight?: number
  /** Milliseconds of a call. */
  readonly latency?: Effect.Effect<number>
  /** What comes of which call of this process. */
  readonly answer?: (nth: number) => Answer
  /** What the disk does before it keeps something, and after. */
  readonly disk?: Effect.Effect<void, DiskError>
  readonly settled?: Array<Sweep.Settled>
  /** A dead process sends nothing and writes nothing. */
  readonly isDead?: () => boolean
}

/** Sweeps in a process with a monotonic clock of its own, and goes on from what was kept last. */
const live = (world: World, life: Life): Effect.Effect<void, Sweep.StopError | DiskError> =>
  Effect.clockWith((clock) => {
    const {
      count = 1000,
      disk = Effect.void,
      isDead = () => false,
      latency = Effect.succeed(10),
      rates = [],
      weight = 1
    } = life
    const time = () => clock.unsafeCurrentTimeMillis()
    const begun = time()
    let calls = 0
    const call = (pay: Effect.Effect<void>): Effect.Effect<Reply, LookupError> =>
      Effect.suspend(() => {
        if (isDead()) return Effect.never
        const said = life.answer?.(++calls) ?? 200
        if (said === "refused") return new LookupError({ reason: "invalid_code", message: "not sent" })
        const at = time()
        world.sent.push([at, weight])
        const took = Effect.flatMap(latency, (millis) => Effect.sleep(Duration.millis(millis)))
        if (said === "redirect") return Effect.zipRight(Effect.zipRight(took, pay), call(pay))
        const [status, retryAfter] = typeof said === "number" ? [said, undefined] : [said.status, said.retryAfter]
        const header = (name: string) => name === "retry-after" ? retryAfter : undefined
        return Effect.as(took, { status, body: "1", at, header })
      })
    const ask: Ask<LookupError> = (_, { pay }) => call(pay)
    const lookup = { ...lookupOf(ask), weight }
    let next = 0
    const spent = JSON.parse(JSON.stringify(Schema.encodeSync(Sweep.Spent)(isKept(world))))
    const sweep = Sweep.sweep<unknown, LookupError, never, DiskError>({
      lookup,
      ask,
      policy: {
        ...Policy.standard,
        allowNone: true,
        pace: rates.map((rate) => Schema.decodeSync(Pace.Rate)(rate)),
        ...life.policy
      },
      pull: Effect.sync(() => {
        const from = next
        next = Math.min(count, next + 100)
        return Array.from({ length: next - from }, (_, index) => ({
          id: from + index,
          question: { code: `c${from + index}` as Code, values: {} }
        }))
      }),
      settle: (one) => Effect.sync(() => void life.settled?.push(one)),
      spent: Schema.decodeUnknownSync(Sweep.Spent)(spent),
      reserve: (spent) =>
        Effect.zipRight(
          disk,
          Effect.suspend(() => {
            if (isDead()) return Effect.void
            world.kept.push(spent)
            return disk
          })
        )
    })
    return Effect.withClock(sweep, {
      ...clock,
      // as if the machine had been started an hour before
      unsafeCurrentTimeMillis: () => Math.floor(time()),
      unsafeCurrentTimeNanos: () => BigInt(Math.round((time() - begun + 3_600_000) * 1e6))
    })
  })

/** Kills one process after another, at moments and with pauses in milliseconds, and gives how many calls each death made too many. */
const crash = (
  world: World,
  life: Life,
  times: number,
  lifetime: Effect.Effect<number>,
  pause: Effect.Effect<number>
) =>
  Effect.gen(function*() {
    const unknown: Array<number> = []
    for (let nth = 0; nth < times; nth++) {
      const before = isKept(world).calls - world.sent.length
      let isDead = false
      const fiber = yield* Effect.forkDaemon(live(world, { ...life, isDead: () => isDead }))
      yield* Effect.sleep(Duration.millis(yield* lifetime))
      isDead = true
      yield* Effect.forkDaemon(Fiber.interrupt(fiber))
      unknown.push(isKept(world).calls - world.sent.length - before)
      yield* Effect.sleep(Duration.millis(yield* pause))
    }
    return unknown
  })

/** A meter on a clock that shows what it is told. */
const newMeter = ({ now = () => 0, rates, reserve }: {
  readonly rates: ReadonlyArray<string>
  readonly reserve?: (spent: Sweep.Spent) => Effect.Effect<void>
  readonly now?: () => number
}) =>
  Meter.make({
    rates: rates.map((rate) => Schema.decodeSync(Pace.Rate)(rate)),
    concurrency: 8,
    reserve,
    shutUntil: () => 0,
    clock: { ...Clock.make(), unsafeCurrentTimeMillis: now },
    now
  })!

const between = (least: number, most: number) => Effect.map(Random.next, (part) => least + part * (most - least))

/** A disk that takes some milliseconds. */
const slow = (least: number, most: number) =>
  Effect.flatMap(between(least, most), (millis) => Effect.sleep(Duration.millis(millis)))

const succeed = <A, E>(exit: Exit.Exit<A, E>): A => Exit.getOrElse(exit, (cause) => assert.fail(String(cause)))

const windowOf = (rate: string) => Duration.toMillis(Schema.decodeSync(Pace.Rate)(rate).window)
const limitOf = (rate: string) => Schema.decodeSync(Pace.Rate)(rate).limit

const holds = ({ sent }: World, rates: ReadonlyArray<string>) => {
  for (const rate of rates) assert.isAtMost(most(sent, windowOf(rate)), limitOf(rate), rate)
}

describe("a rate", () => {
  for (const limit of [10, 100, 1000, 5000]) {
    it(`of ${limit}/s is kept at every call, and at least 95 % of it is used`, () => {
      const world = newWorld()
      const rates = [`${limit}/s`]
      const latency = between(5, 50)
      const count = limit * scale(limit > 1000 ? 2 : 5, 5, 5)
      succeed(simulate(live(world, {
        rates,
        latency,
        count,
        policy: { concurrency: 400 },
        disk: slow(1, 10)
      })))
      holds(world, rates)
      assert.lengthOf(world.sent, count)
      // the first one is asked alone
      assert.isAtLeast(count / ((world.sent.at(-1)![0] - world.sent[1]![0]) / 1000), limit * 0.95)
    })
  }

  it("is used well although the disk is slow and calls are long", () => {
    for (const limit of [10, 100]) {
      const world = newWorld()
      const rates = [`${limit}/s`]
      const count = limit * scale(12, 30, 30)
      const policy = { concurrency: limit * 8 }
      succeed(simulate(live(world, { rates, policy, count, disk: slow(30, 40), latency: between(4000, 6000) })))
      holds(world, rates)
      // the first one is asked alone
      const seconds = (world.sent.at(-1)![0] - world.sent[1]![0]) / 1000
      assert.isAtLeast(count / seconds, limit * 0.95)
    }
  })

  it("is kept together with others, by first calls and retries, before and after a 429", () => {
    const rates = ["20/s", "300/min burst 60", "10/250ms"]
    for (let seed = 1; seed <= scale(2, 8, 80); seed++) {
      const world = newWorld()
      const settled: Array<Sweep.Settled> = []
      const answer = (nth: number): Answer =>
        nth * seed % 13 === 5 ? 503 : nth * seed % 17 === 3 ? { status: 429, retryAfter: "2" } : 200
      succeed(simulate(live(world, { rates, answer, settled, count: 400, latency: between(1, 300) }), seed))
      holds(world, rates)
      assert.lengthOf(settled, 400)
      assert.isAbove(world.sent.length, 410)
    }
  })

  it("is paid by every call of a question that is redirected, and well used", () => {
    const cases = [["10/s", 1], ["10/s", 8], ["100/s", 50], ["1000/s", 100]] as const
    for (const [rate, concurrency] of some(cases, 2)) {
      for (let seed = 1; seed <= scale(1, 4, 40); seed++) {
        const world = newWorld()
        const settled: Array<Sweep.Settled> = []
        const count = limitOf(rate) * 4
        const answer = (nth: number): Answer =>
          nth % 3 !== 0 ? "redirect" : nth % 210 === 0 ? { status: 429, retryAfter: "1" } : 200
        const policy = { concurrency, timeout: Duration.seconds(1), deadline: Duration.seconds(2) }
        succeed(simulate(
          live(world, { rates: [rate], answer, settled, count, policy, latency: between(1, 10), disk: slow(0, 5) }),
          seed
        ))
        holds(world, [rate])
        assert.lengthOf(settled.filter(({ outcome }) => outcome === "found"), count)
        assert.strictEqual(settled.reduce((sum, { calls }) => sum + calls, 0), world.sent.length)
        // the waits that the server asked for, and the slow starts after them, are no use of the rate
        const seconds = world.sent.at(-1)![0] / 1000 - 1.2 * (Math.floor(world.sent.length / 210) + 1)
        assert.isAtLeast(world.sent.length / seconds, limitOf(rate) * 0.9, `${rate} ${concurrency} ${seed}`)
      }
    }
  })

  it("saves up no more than the burst while the gate is shut", () => {
    const world = newWorld()
    const answer = (nth: number): Answer => nth === 30 ? { status: 429, retryAfter: "60" } : 200
    succeed(simulate(live(world, { rates: ["10/s"], answer, count: 60 })))
    const shut = world.sent[29]![0] + 10
    const after = world.sent.map(([at]) => at).filter((at) => at > shut)
    assert.isAtLeast(after[0]!, shut + 60_000)
    for (const [index, at] of after.slice(1).entries()) assert.isAtLeast(at - after[index]!, 90)
  })

  it("stops no deadline: a question that is tried again waits for its turn", () => {
    const world = newWorld()
    const settled: Array<Sweep.Settled> = []
    const answer = (nth: number): Answer => nth === 2 || nth === 3 ? 503 : 200
    const policy = { deadline: Duration.seconds(20), concurrency: 2 }
    succeed(simulate(live(world, { rates: ["1/min"], answer, policy, settled, count: 4 })))
    assert.deepStrictEqual(settled.map(({ outcome }) => outcome), ["found", "found", "found", "found"])
    assert.isAtLeast(world.sent.at(-1)![0], 5 * 60_000)
  })

  it("lets workers rest while it lets nobody call", () => {
    const world = newWorld()
    const awake = simulate(Effect.gen(function*() {
      const clock = yield* Effect.clock
      let looks = 0
      const counting: Clock.Clock = {
        ...clock,
        unsafeCurrentTimeNanos: () => {
          looks++
          return clock.unsafeCurrentTimeNanos()
        }
      }
      yield* Effect.withClock(live(world, { rates: ["1/min"], count: 10, policy: { concurrency: 100 } }), counting)
      return looks
    }))
    assert.lengthOf(world.sent, 10)
    // the watch looks at the clock too, five times a second
    assert.isBelow(succeed(awake), 9 * 60 * 5 + 1500)
  })

  it("holds without a disk too", () => {
    const meter = newMeter({ rates: ["5/s"] })
    assert.isTrue(meter.allows(0))
    meter.spend(0)
    assert.isFalse(meter.allows(100))
    assert.isTrue(meter.allows(meter.readyAt()))
    assert.isFalse(meter.isDue(100, true))
  })
})

describe("what is spent", () => {
  const cases: ReadonlyArray<readonly [rates: ReadonlyArray<string>, concurrency: number, portion: number]> = [
    [[], 8, 264],
    // 2,000/s: what is sent in 250 ms, or in bursts in half a second
    [[], 100, 1000],
    [["10/s"], 8, 2],
    [["1/s"], 4, 1],
    [["100/s"], 50, 25],
    [["5000/s"], 50, 306],
    [["50/s", "300/min burst 100"], 8, 1],
    [["40/2s burst 40"], 20, 5],
    [["1000/min burst 1000", "100/s burst 20"], 30, 4]
  ]
  for (const [nth, [rates, concurrency, portion]] of cases.entries()) {
    const name = rates.length === 0 ? "no rate" : rates.join(" and ")
    it(`is never forgotten by a crash, nor guessed too high by more than ${portion}: ${name}`, () => {
      for (const seed of some([1, 2, 3, 4, 5], 5, nth)) {
        const world = newWorld()
        const isRedirected = (nth: number) => seed === 5 && nth % 3 === 1
        const life: Life = {
          rates,
          count: 5000,
          policy: { concurrency },
          latency: between(1, 100),
          disk: slow(0, 15),
          answer: (nth) =>
            isRedirected(nth)
              ? "redirect"
              : nth * seed % 101 === 50
              ? { status: 429, retryAfter: "1" }
              : nth % 31 === 9
              ? 503
              : 200
        }
        const unknown = succeed(simulate(
          Effect.zipLeft(
            crash(world, life, 20, between(0, seed % 2 === 0 ? 300 : 3000), between(0, seed % 3 === 0 ? 10 : 500)),
            live(world, { ...life, count: 100 })
          ),
          seed
        ))
        holds(world, rates)
        for (const calls of unknown) {
          assert.isAtLeast(calls, 0)
          assert.isAtMost(calls, portion)
        }
        assert.isAbove(world.sent.length, 100)
        // the last one ended well, so that nothing more is unknown
        assert.strictEqual(isKept(world).calls, world.sent.length + unknown.reduce((sum, calls) => sum + calls, 0))
      }
    })
  }

  it("is reserved anew where a call comes later than was thought", () => {
    for (let seed = 1; seed <= scale(2, 5, 50); seed++) {
      const world = newWorld()
      const life: Life = { rates: ["1/100ms"], latency: between(500, 900), policy: { concurrency: 1 } }
      succeed(simulate(crash(world, life, 40, between(0, 3000), between(0, 20)), seed))
      holds(world, ["1/100ms"])
      assert.isAbove(world.sent.length, 60)
    }
  })

  it("stays covered while the next portion is reserved", () => {
    let now = 0
    let disk = 1000
    const kept: Array<Sweep.Spent> = []
    const reserve = (spent: Sweep.Spent) =>
      Effect.sync(() => {
        kept.push(spent)
        now += disk
      })
    const meter = newMeter({ rates: ["100/s"], reserve, now: () => now })
    Effect.runSync(meter.reserve())
    // it took a second, so that the next portion is good for more than two
    disk = 1
    Effect.runSync(meter.reserve())
    for (; !meter.isDue(now, true); now += 11) meter.spend(now)
    const reserving = meter.reserve()
    disk = 2000
    Effect.runSync(reserving)
    // a call just before the answer came
    now -= 1
    assert.isTrue(meter.allows(now))
    meter.spend(now)
    assert.isAtLeast(kept.at(-1)!.pace["100/s"]!.tat, now + 10)
  })

  it("holds a daily quota over twenty crashes, and its burst is there again the next day", () => {
    const rates = ["200/day burst 200"]
    const hour = 3_600_000
    for (let seed = 1; seed <= scale(1, 3, 30); seed++) {
      const world = newWorld()
      const life: Life = { rates, count: 500, latency: between(100, 3000), disk: slow(0, 20) }
      const exit = simulate(
        Effect.gen(function*() {
          const unknown = yield* crash(world, life, 20, between(0, 20_000), between(0, 6 * hour))
          const calls = world.sent.length
          yield* Effect.sleep(Duration.days(1))
          yield* crash(world, life, 1, Effect.succeed(3 * 60_000), Effect.succeed(0))
          return { unknown, burst: world.sent.length - calls }
        }),
        seed
      )
      holds(world, rates)
      const { burst, unknown } = succeed(exit)
      assert.isTrue(unknown.every((calls) => calls === 0 || calls === 1), String(unknown))
      assert.isAtLeast(most(world.sent, 24 * hour), 180)
      assert.strictEqual(burst, 200)
    }
  })

  it("is reserved before it is spent, once for 256 calls where there is no rate", () => {
    const world = newWorld()
    succeed(simulate(live(world, { count: 10_000, policy: { concurrency: 64 }, disk: slow(1, 5) })))
    assert.lengthOf(world.sent, 10_000)
    assert.isAtMost(world.kept.length, 10_000 / 256 + 2)
    const { calls, gate, history, pace } = isKept(world)
    assert.deepStrictEqual({ calls, pace, gate }, { calls: 10_000, pace: {}, gate: 0 })
    assert.strictEqual(history!.reduce((sum, [, units]) => sum + units, 0), 10_000)
  })

  it("keeps nobody waiting while the disk keeps up", () => {
    const world = newWorld()
    succeed(simulate(live(world, { count: 10_000, disk: Effect.sleep("4 millis") })))
    // alone, then eight at a time, 10 ms each; one of them goes to the disk for each portion
    assert.isAtMost(world.sent.at(-1)![0], 10_000 / 8 * 10 * 1.01)
  })

  it("is kept exactly at the end: done, stopped, interrupted", () => {
    const life: Life = { rates: ["100/s burst 10"], count: 300 }
    const ends: ReadonlyArray<readonly [name: string, effect: (world: World) => Effect.Effect<unknown>]> = [
      ["done", (world) => Effect.exit(live(world, life))],
      ["stopped", (world) => Effect.exit(live(world, { ...life, answer: (nth) => nth > 150 ? 401 : 200 }))],
      [
        "interrupted",
        (world) =>
          Effect.flatMap(
            Effect.fork(live(world, { ...life, latency: Effect.succeed(700) })),
            (fiber) => Effect.zipRight(Effect.sleep("1900 millis"), Fiber.interrupt(fiber))
          )
      ],
      [
        "interrupted while calls hang",
        (world) =>
          Effect.flatMap(
            Effect.fork(live(world, { ...life, latency: Effect.succeed(20_000) })),
            (fiber) => Effect.zipRight(Effect.sleep("25 seconds"), Fiber.interrupt(fiber))
          )
      ]
    ]
    for (const [name, effect] of ends) {
      const world = newWorld()
      succeed(simulate(effect(world)))
      assert.strictEqual(isKept(world).calls, world.sent.length, name)
      const { log, tat } = isKept(world).pace["100/s burst 10"]!
      const last = world.sent.at(-1)![0]
      assert.isAtMost(tat - last, 10 * 10 + 10 + 2, name)
      assert.isAtMost(log.at(-1)![0] - last, 2, name)
    }
  })

  it("is not written where nothing was asked", () => {
    const world = newWorld()
    succeed(simulate(live(world, { count: 0, rates: ["5/s"] })))
    assert.lengthOf(world.kept, 0)
  })

  it("does not count what was refused before it was sent", () => {
    const world = newWorld()
    const answer = (nth: number): Answer => nth > 3 && nth < 8 ? "refused" : 200
    succeed(simulate(live(world, { count: 20, answer })))
    assert.lengthOf(world.sent, 16)
    assert.strictEqual(isKept(world).calls, 16)
  })

  const changes: ReadonlyArray<readonly [before: string, weight: number, after: string, weight: number]> = [
    ["20/min burst 20", 1, "20/min burst 20", 2],
    ["20/min burst 20", 1, "20/min burst 19", 1],
    ["20/min burst 20", 1, "20/60s", 3],
    ["100/10s burst 100", 2, "100/10s", 1],
    ["600/min burst 300", 1, "600/min burst 600", 7],
    ["50/s", 1, "3000/min burst 3000", 1]
  ]
  it.each(changes)("counts in every rate and weight of a later run: %s of weight %i, then %s of weight %i", (
    before,
    first,
    after,
    second
  ) => {
    for (let seed = 1; seed <= scale(2, 4, 12); seed++) {
      const world = newWorld()
      const life: Life = { latency: between(1, 30), disk: slow(0, 5), policy: { concurrency: 16 } }
      succeed(simulate(
        Effect.gen(function*() {
          yield* crash(world, { ...life, rates: [before], weight: first }, 3, between(0, 4000), between(0, 100))
          // who asks without a rate uses the quota too
          if (seed % 2 === 0) {
            yield* crash(world, { ...life, weight: first, count: 3 }, 1, between(0, 30), between(0, 9))
          }
          const calls = world.sent.length
          const begun = yield* Clock.currentTimeMillis
          const count = Math.ceil(limitOf(after) / second) + 3
          yield* live(world, { ...life, rates: [after], weight: second, count })
          assert.isAtMost(most(world.sent.slice(calls), windowOf(after)), limitOf(after))
          const since = world.sent[calls]![0] - windowOf(after)
          const window = world.sent.filter(([at]) => at > since)
          // what the runs before have used may be more than this one allows: then this one has waited
          const own = most(window, windowOf(after))
          assert.isAtMost(own, Math.max(limitOf(after), most(world.sent.slice(0, calls), windowOf(after))))
          if (limitOf(before) === limitOf(after) && seed % 2 === 1) holds(world, [after])
          // and it is made use of. What was used or reserved before counts as used when this process began, at the latest: a window later,
          // and the time of a whole call, there is room. Then calls come in whole windows, and the last few an interval apart, which is
          // up to 4 % longer than the rate says
          const interval = windowOf(after) / limitOf(after)
          const inWindow = Math.floor(limitOf(after) / second)
          const [windows, few] = [Math.floor((count - 1) / inWindow), (count - 1) % inWindow]
          const needed = windowOf(after) * windows + interval * second * few
          const room = windowOf(after) + interval * (second - 1)
          // a disk and timers besides
          assert.isAtMost(world.sent.at(-1)![0], begun + room + 1.04 * needed + 250)
        }),
        seed
      ))
    }
  })

  it("of a ledger that knows no units counts as it did", () => {
    // twenty calls of weight 2 in a burst, as a version before this one kept them
    const log = Array.from({ length: 10 }, (_, index) => [1000 + index, 1] as const)
    const older: Sweep.Spent = { calls: 10, pace: { "10/min burst 10": { tat: 61_000, log } }, gate: 0 }
    for (const [rate, weight] of [["20/min burst 20", 2], ["20/min burst 19", 2], ["20/min", 2]] as const) {
      const world = newWorld()
      world.kept.push(older)
      succeed(simulate(Effect.zipRight(Effect.sleep("5 seconds"), live(world, { rates: [rate], weight, count: 3 }))))
      assert.isAtLeast(world.sent[0]![0], 61_000, rate)
      assert.isAtMost(world.sent[0]![0], 62_100, rate)
      assert.strictEqual(isKept(world).calls, 13)
    }
    // one that spread them evenly has no log
    for (const rate of ["100/min", "100/min burst 50"]) {
      const world = newWorld()
      world.kept.push({ calls: 100, pace: { "100/min": { tat: 60_000, log: [] } }, gate: 0 })
      succeed(simulate(Effect.zipRight(Effect.sleep("60 seconds"), live(world, { rates: [rate], count: 150 }))))
      const before = Array.from({ length: 100 }, (_, index): Sent => [index * 600, 1])
      assert.isAtMost(most([...before, ...world.sent], 60_000), 101, rate)
    }
  })

  it("ends the sweep when it cannot be kept, and nothing is sent that was not", () => {
    for (const good of [0, 1, 2, 5]) {
      const world = newWorld()
      let nth = 0
      const disk = Effect.suspend(() => ++nth > 2 * good ? Effect.fail(new DiskError()) : Effect.void)
      const failure = succeed(simulate(Effect.flip(live(world, { rates: ["100/s"], disk }))))
      assert.instanceOf(failure, DiskError)
      assert.lengthOf(world.kept, good)
      assert.isAtMost(world.sent.length, isKept(world).calls)
      // and it is not tried once more
      assert.strictEqual(nth, 2 * good + 1)
    }
  })

  it("stops with the failure of the last reserve", () => {
    const world = newWorld()
    const disk = Effect.suspend(() => world.sent.length === 5 ? Effect.fail(new DiskError()) : Effect.void)
    for (const answer of [() => 200, (nth: number) => nth === 5 ? 401 : 200]) {
      assert.instanceOf(succeed(simulate(Effect.flip(live(world, { count: 5, disk, answer })))), DiskError)
      world.sent.length = 0
    }
  })

  it("is reserved in the end however slow the disk is", () => {
    const world = newWorld()
    succeed(simulate(live(world, { rates: ["20/s"], count: 30, disk: Effect.sleep("2 seconds") })))
    assert.lengthOf(world.sent, 30)
    holds(world, ["20/s"])
  })
})

describe("a budget of a window of the calendar", () => {
  const hour = 3_600_000
  /** The calls in each window. */
  const perWindow = (world: World, window: Calendar.Window) => {
    const counts = new Map<number, number>()
    for (const [at] of world.sent) {
      const { from } = Calendar.spanOf(window, at)
      counts.set(from, (counts.get(from) ?? 0) + 1)
    }
    return [...counts.values()]
  }
  const capped = (most: number, per: Budget.Period, policy: Partial<Policy.Policy> = {}) => ({
    ...policy,
    budget: { calls: [Budget.most(most, per)] }
  })
  const toldIn = (exit: Exit.Exit<unknown, unknown>) => {
    const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
    assert.instanceOf(error, Sweep.StopError)
    return error
  }

  it("stops where the next one is further off than anybody waits, says when it goes on, and does so then", () => {
    const world = newWorld()
    const life: Life = { count: 250, policy: capped(100, "day") }
    simulate(Effect.gen(function*() {
      yield* Effect.sleep(Duration.millis(3 * hour))
      const first = toldIn(yield* Effect.exit(live(world, life)))
      assert.strictEqual(first.reason, "budget")
      assert.match(first.message, /^100 of 100 calls of this day are spent, until \S+ \S+ \(UTC\S*\)$/)
      assert.strictEqual(first.until, Calendar.spanOf("day", 3 * hour).until)
      assert.lengthOf(world.sent, 100)
      // the same again: not a call
      assert.strictEqual(toldIn(yield* Effect.exit(live(world, life))).message, first.message)
      assert.lengthOf(world.sent, 100)
      yield* Effect.sleep(Duration.millis(first.until! - 3 * hour))
      yield* Effect.exit(live(world, life))
      assert.deepStrictEqual(perWindow(world, "day"), [100, 100])
    })).pipe(succeed)
  })

  it("waits for the next one where that is near", () => {
    for (const concurrency of [1, 8]) {
      const world = newWorld()
      const maxWait = { ...Policy.standard.throttle, maxWait: Duration.minutes(20) }
      const life: Life = { count: 250, policy: capped(100, "hour", { throttle: maxWait, concurrency }) }
      simulate(Effect.gen(function*() {
        yield* Effect.sleep(Duration.minutes(45))
        assert.strictEqual(toldIn(yield* Effect.exit(live(world, life))).until, 2 * hour)
        assert.deepStrictEqual(perWindow(world, "hour"), [100, 100])
        assert.isAtLeast(world.sent[100]![0], hour)
        assert.isAtMost(world.sent[100]![0], hour + 10)
      })).pipe(succeed)
    }
  })

  it("is never exceeded, however often and whenever processes die, and whatever window is looked at", () => {
    for (let seed = scale(2, 1, 1); seed <= scale(3, 8, 40); seed++) {
      const world = newWorld()
      const rates = seed % 3 === 0 ? ["5/s"] : []
      const life: Life = {
        rates,
        count: 2000,
        latency: between(1, 400),
        disk: slow(0, 40),
        answer: (nth) => nth % 5 === 2 ? "redirect" : nth % 29 === 0 ? 503 : nth % 97 === 0 ? "refused" : 200
      }
      const byHour = capped(150, "hour", { concurrency: 4 })
      const byDay = capped(1000, "day", { concurrency: 4 })
      succeed(simulate(
        Effect.gen(function*() {
          // the last seconds of an hour, and the first ones of the next
          yield* Effect.sleep(Duration.millis(hour - 6000))
          for (let nth = 0; nth < 14; nth++) {
            yield* crash(
              world,
              { ...life, policy: nth % 2 === 0 ? byHour : byDay },
              1,
              between(0, 4000),
              between(0, 90)
            )
            if (nth % 2 === 0 && nth > 8) yield* Effect.sleep(Duration.minutes(55))
          }
          yield* Effect.exit(live(world, { ...life, policy: byDay }))
        }),
        seed
      ))
      for (const calls of perWindow(world, "day")) assert.isAtMost(calls, 1000)
      assert.isAbove(world.sent.length, 500)
    }
  })

  it("counts in the hour what other runs have sent in it", () => {
    for (let seed = 1; seed <= scale(3, 8, 40); seed++) {
      const world = newWorld()
      const life: Life = { count: 2000, latency: between(1, 100), disk: slow(0, 40), policy: capped(150, "hour") }
      succeed(simulate(
        Effect.gen(function*() {
          yield* Effect.sleep(Duration.millis(hour - 3000))
          yield* crash(world, life, 8, between(0, 1500), between(0, 90))
          yield* Effect.exit(live(world, life))
        }),
        seed
      ))
      const counts = perWindow(world, "hour")
      for (const calls of counts) assert.isAtMost(calls, 150)
      assert.isAtLeast(counts.at(-1)!, 150 - 8 * 4)
    }
  })

  it("for each run is one for each run", () => {
    const world = newWorld()
    const life: Life = { count: 250, policy: capped(60, "run") }
    for (const calls of [60, 120]) {
      const error = toldIn(simulate(live(world, life)))
      assert.deepStrictEqual([error.message, error.until], ["the budget of 60 calls for this run is spent", undefined])
      assert.lengthOf(world.sent, calls)
    }
  })

  it("of money knows what calls of other prices have cost", () => {
    const world = newWorld()
    const priced = (costPer1000: number): Life => ({
      count: 500,
      policy: { budget: { cost: [Budget.most(1)], costPer1000 } }
    })
    assert.match(
      toldIn(simulate(live(world, { ...priced(4) }))).message,
      /budget of 1\.00 is spent: 250 calls at 4 per/
    )
    assert.lengthOf(world.sent, 250)
    assert.strictEqual(toldIn(simulate(live(world, priced(1)))).reason, "budget")
    assert.lengthOf(world.sent, 250)
  })
})

describe("a pause that the server asked for", () => {
  const told = (seconds: string): Answer => ({ status: 429, retryAfter: seconds })

  it("is kept at once, and holds after a crash", () => {
    for (const rates of [[], ["50/s"]]) {
      const world = newWorld()
      const life: Life = { rates, answer: (nth) => nth === 20 ? told("300") : 200, latency: Effect.succeed(50) }
      succeed(simulate(Effect.gen(function*() {
        yield* crash(world, life, 1, Effect.succeed(2000), Effect.succeed(10_000))
        const shut = world.sent[19]![0] + 50
        assert.isAtLeast(isKept(world).gate, shut + 300_000)
        assert.isAtMost(isKept(world).gate, shut + 301_100)
        const before = world.sent.length
        // a second crash changes nothing
        yield* crash(world, { ...life, answer: () => 200 }, 1, Effect.succeed(2000), Effect.succeed(10_000))
        yield* live(world, { ...life, answer: () => 200, count: 100 })
        const after = world.sent.slice(before).map(([at]) => at)
        assert.lengthOf(after, 100)
        assert.isAtLeast(after[0]!, shut + 300_000)
        assert.isAtMost(after[0]!, shut + 302_100)
        // the first is asked alone
        assert.isAtLeast(after[1]!, after[0]! + 50)
        assert.strictEqual(isKept(world).gate, 0)
      })))
    }
  })

  it("is reserved before the next call, also when a portion was being reserved just then", () => {
    for (let seed = 1; seed <= scale(4, 12, 120); seed++) {
      const world = newWorld()
      const life: Life = {
        rates: ["200/s"],
        policy: { concurrency: 50 },
        answer: (nth) => nth === 100 + seed ? told("5") : 200,
        latency: between(1, 20),
        disk: slow(1, 30)
      }
      succeed(simulate(
        Effect.gen(function*() {
          yield* crash(world, life, 1, Effect.succeed(10_000), Effect.succeed(0))
          const [last, next] = [...pauses(world.sent)][0]!
          const kept = world.kept.filter(({ gate }) => gate > 0)
          assert.isAtLeast(kept.length, 1)
          assert.isAtLeast(next, kept[0]!.gate - 2)
          assert.isAtMost(last, next - 4900)
        }),
        seed
      ))
    }
  })

  it("is kept at once where it stops the run, though a call in flight keeps that from its end", () => {
    for (const rates of [[], ["50/s"]]) {
      const world = newWorld()
      const life: Life = {
        rates,
        policy: { concurrency: 4 },
        answer: (nth) => nth === 20 ? told("3600") : 200,
        latency: Effect.suspend(() => Effect.succeed(world.sent.length === 19 ? 25_000 : 50))
      }
      succeed(simulate(Effect.gen(function*() {
        yield* crash(world, life, 1, Effect.succeed(5000), Effect.succeed(0))
        assert.isAtLeast(isKept(world).gate, world.sent[19]![0] + 3_600_000)
      })))
    }
  })

  it("stops the next run at once where more than max-wait is left of it", () => {
    const world = newWorld()
    world.kept.push({ calls: 0, pace: {}, gate: 86_400_000 })
    const exit = simulate(live(world, { count: 3 }))
    const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
    assert.instanceOf(error, Sweep.StopError)
    assert.strictEqual(error.reason, "throttled")
    assert.lengthOf(world.sent, 0)
  })

  it("is a short one where nobody can have meant what was kept", () => {
    const world = newWorld()
    world.kept.push({ calls: 0, pace: {}, gate: 1e13 })
    succeed(simulate(live(world, { count: 3 })))
    assert.isAtLeast(world.sent[0]![0], 1000)
    assert.isAtMost(world.sent[0]![0], 1110)
  })
})

describe("what is left of a pause", () => {
  const kept = { calls: 1, pace: {}, gate: 1_002_000, kept: 1_000_000 }
  it.each([
    ["goes by with the clock", 1_001_500, 500],
    ["is over", 1_003_000, -1000],
    ["is no longer than it was where the clock was set back by a day", 1_000_000 - 86_400_000, 2000]
  ])("%s", (_, now, left) => assert.strictEqual(Spent.pauseLeft(kept, now), left))

  it("is what an older ledger says", () => {
    assert.strictEqual(Spent.pauseLeft({ calls: 1, pace: {}, gate: 9000 }, 1000), 8000)
  })
})

/** The times before and after each pause of more than a second. */
const pauses = (sent: ReadonlyArray<Sent>) =>
  sent.slice(1).map(([at], index) => [sent[index]![0], at] as const).filter(([before, after]) => after - before > 1000)
