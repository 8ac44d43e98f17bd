import { assert, describe, it } from "@effect/vitest"
import { Chunk, Deferred, Duration, Effect, Exit, Fiber, Schema, Stream } from "effect"
import { Ledger } from "../src/Ledger.ts"
import * as Memory from "../src/Ledger/Memory.ts"
import * as Lookup from "../src/Lookup.ts"
import { LookupError } from "../src/Outcome.ts"
import * as Policy from "../src/Policy.ts"
import * as Rollcall from "../src/Rollcall.ts"
import * as Events from "../src/Rollcall/Events.ts"
import * as Sink from "../src/Sink.ts"
import * as Snapshot from "../src/Snapshot.ts"
import * as Source from "../src/Source.ts"
import { settled } from "../src/Summary.ts"
import { simulate } from "./simulate.ts"
import { serve, stopReason, sweep, told, transport } from "./sweep.ts"

const succeed = <A, E>(exit: Exit.Exit<A, E>): A =>
  Exit.match(exit, { onSuccess: (value) => value, onFailure: (cause) => assert.fail(String(cause)) })

describe("a sweep", () => {
  /** Looks between the instants at which something happens. */
  const looked = (server: ReturnType<typeof serve>, count: number, policy: Partial<Policy.Policy>) => {
    // what was answered before is not asked again, so that each call is of a question that is new
    const lookup = { ...server.lookup, isRead: false }
    const { effect, settled, snapshot } = sweep({ ...server, lookup }, count, policy)
    const seen: Array<Snapshot.Asking> = []
    const exit = succeed(simulate(Effect.gen(function*() {
      const fiber = yield* Effect.fork(Effect.exit(effect))
      while ((yield* Fiber.poll(fiber))._tag === "None") {
        yield* Effect.sleep("97.3 millis")
        const now = snapshot()
        seen.push(now)
        assert.strictEqual(now.asked, now.answered + now.withheld + now.waiting + now.inFlight)
        assert.strictEqual(now.answered, settled.length)
      }
      return yield* fiber
    })))
    return { exit, last: snapshot(), seen, settled }
  }

  it.each<[what: string, answer: Parameters<typeof serve>[0], policy: Partial<Policy.Policy>]>([
    ["all is well", () => 200, {}],
    ["some fail once", (code, nth) => code.endsWith("3") && nth === 1 ? 503 : 200, {}],
    ["some fail for good", (code) => code.endsWith("3") ? transport("transport") : 404, { allowNone: true }],
    ["the server says to wait", (_, __, at) => at > 200 && at < 400 ? told("1") : 200, {}],
    ["it is asked too much", (_, __, at) => at > 300 && at < 350 ? 429 : 200, {}],
    ["it is down for a while", (_, __, at) => at > 300 && at < 20_000 ? 503 : 200, {}],
    ["a rate is kept", () => 200, { pace: [{ limit: 50, window: Duration.seconds(1), burst: 1 }] }],
    ["the key is refused", () => 401, {}],
    ["all fail alike", () => 409, {}]
  ])("adds up at every moment: %s", (_, answer, policy) => {
    const { exit, last, seen, settled } = looked(serve(answer, 40), 200, policy)
    assert.isAbove(seen.length, 0)
    assert.strictEqual(last.inFlight, 0)
    if (stopReason(exit) !== "none") return assert.isBelow(settled.length, 200)
    assert.deepInclude(last, { asked: 200, answered: 200, withheld: 0, waiting: 0 })
  })

  it("tells why nobody may call, and until when", () => {
    const why = (answer: Parameters<typeof serve>[0], policy: Partial<Policy.Policy> = {}) =>
      new Set(looked(serve(answer, 40), 100, policy).seen.flatMap(({ held }) => held?.why ?? []))
    assert.isTrue(why((_, nth) => nth === 1 ? told("1") : 200).has("told"))
    assert.isTrue(why((_, __, at) => at < 300 ? 429 : 200).has("throttled"))
    assert.isTrue(why((_, __, at) => at > 50 && at < 9_000 ? 503 : 200).has("outage"))
    assert.strictEqual(why(() => 200).size, 0)
  })
})

describe("a run", () => {
  const codes = Array.from({ length: 60 }, (_, index) => `c${index}`)
  const lookup = Lookup.make("slow", (code) => Effect.delay(Effect.succeed(code), "200 millis"))
  const options = { source: Source.codes(codes), policy: { ...Policy.standard, concurrency: 2 } }
  const memory = <A, E>(effect: Effect.Effect<A, E, Ledger | Sink.Sink>) =>
    effect.pipe(Effect.provide(Memory.layer), Effect.provideService(Sink.Sink, Sink.memory([])))

  it("is a value that stands on the wire as it was", () => {
    const snapshot = succeed(simulate(memory(Effect.gen(function*() {
      const { run, snapshot } = yield* Rollcall.make(lookup, options)
      const fiber = yield* Effect.fork(run)
      const reading = yield* snapshot
      assert.deepInclude(reading, { phase: "reading", pending: 0 })
      yield* Effect.sleep("2 seconds")
      const now = yield* snapshot
      const summary = yield* fiber
      assert.deepStrictEqual(Snapshot.summary(yield* snapshot), summary)
      return now
    }))))
    assert.deepInclude(snapshot, { version: 1, phase: "asking", entries: 60, inFlight: 2 })
    assert.strictEqual(snapshot.pending + settled(snapshot.outcomes), 60)
    const written = Schema.encodeSync(Snapshot.Snapshot)(snapshot)
    assert.strictEqual(written.at, "1970-01-01T00:00:02.000Z")
    assert.deepStrictEqual(Schema.decodeSync(Snapshot.Snapshot)(written), snapshot)
  })

  it("is a stream of events as well", () => {
    const events = Chunk.toReadonlyArray(
      succeed(simulate(memory(Stream.runCollect(Rollcall.events(lookup, options)))))
    )
    const [began, ...rest] = events
    assert.deepInclude(began, { event: "began", outputs: [] })
    assert.deepInclude(rest.at(-1), { event: "ended", reason: "complete" })
    const found = events.reduce((sum, event) => event.event === "committed" ? sum + event.outcomes.found : sum, 0)
    assert.strictEqual(found, 60)
    const progress = events.filter(({ event }) => event === "progress")
    // 60 codes, two at a time, 0.2 s each
    assert.isAtLeast(progress.length, 5)
    assert.isAtMost(progress.length, 7)
  })

  it("ends its stream with its error, after the last event", () => {
    const refused = Lookup.make("refused", () => new LookupError({ reason: "status", status: 409, message: "no" }))
    const seen: Array<string> = []
    const exit = simulate(memory(Stream.runForEach(
      Rollcall.events(refused, {
        ...options,
        policy: { ...options.policy, breaker: null, uniform: 3, allowNone: true }
      }),
      (event) => Effect.sync(() => void seen.push(event.event === "ended" ? event.reason : event.event))
    )))
    assert.strictEqual(seen.at(0), "began")
    assert.strictEqual(seen.at(-1), Exit.isSuccess(exit) ? "complete" : "uniform")
  })

  it("is drained where nobody listens any more", () => {
    const recorded = succeed(simulate(memory(Effect.gen(function*() {
      const heard = yield* Deferred.make<void>()
      const listening = Stream.runForEach(
        Rollcall.events(lookup, options),
        ({ event }) => event === "committed" ? Deferred.succeed(heard, undefined) : Effect.void
      )
      const fiber = yield* Effect.fork(listening)
      yield* Deferred.await(heard)
      yield* Fiber.interrupt(fiber)
      const ledger = yield* Ledger
      const [list] = yield* ledger.lists
      return settled((yield* ledger.counts(list!.id)).outcomes)
    }))))
    assert.isAbove(recorded, 0)
    assert.isBelow(recorded, 60)
  })
})

describe("held", () => {
  const snapshot = (held?: Snapshot.Held) =>
    ({ ...Snapshot.nothing(0), ...(held === undefined ? {} : { held }) }) as Snapshot.Snapshot
  it("is told once for each wait, and not where a rate alone is kept", () => {
    const outage = snapshot({ why: "outage", until: 5_000 })
    assert.lengthOf(Events.held(snapshot(), outage), 1)
    assert.lengthOf(Events.held(outage, outage), 0)
    assert.lengthOf(Events.held(outage, snapshot({ why: "outage", until: 9_000 })), 1)
    assert.lengthOf(Events.held(outage, snapshot()), 0)
    assert.lengthOf(Events.held(snapshot(), snapshot({ why: "pace", until: 5_000 })), 0)
    assert.lengthOf(Events.held(snapshot(), snapshot({ why: "budget", until: 60_000 })), 1)
  })
})
