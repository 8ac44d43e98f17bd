import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Event from "../../src/Event.ts"
import type { Kind } from "../../src/Outcome.ts"
import { settled } from "../../src/Summary.ts"
import { type Ended, env, run, setup, some, spawned, start, until } from "../command.ts"
import * as Serve from "../serve.ts"

const decode = Schema.decodeUnknownSync(Schema.parseJson(Event.Event), { onExcessProperty: "error" })

/** The events of a command: each line of its standard error is one, and the last one ends it. */
const eventsOf = ({ exit, stderr }: Ended): ReadonlyArray<Event.Event> => {
  assert.match(stderr, /\n$/)
  const events = stderr.trimEnd().split("\n").map((line) => decode(line))
  const ends = events.filter(({ event }) => event === "ended")
  assert.lengthOf(ends, 1)
  assert.deepInclude(events.at(-1), { event: "ended", exit })
  const begins = events.filter(({ event }) => event !== "message" && event !== "ended").map(({ event }) => event)
  if (begins.length > 0) assert.strictEqual(begins.indexOf("began"), 0)
  assert.strictEqual(begins.lastIndexOf("began"), begins.length > 0 ? 0 : -1)
  return events
}

const of = <Name extends Event.Event["event"]>(events: ReadonlyArray<Event.Event>, name: Name) =>
  events.filter((event): event is Extract<Event.Event, { event: Name }> => event.event === name)

const last = (events: ReadonlyArray<Event.Event>) => of(events, "ended")[0]!

const texts = (events: ReadonlyArray<Event.Event>, level: string) =>
  of(events, "message").filter((message) => message.level === level).map(({ text }) => text)

describe("--events", () => {
  it.live("tells a run from its beginning to its end, in counts that add up", () =>
    Effect.gen(function*() {
      const codes = [...yield* some(60), "99999", "no"]
      const { demo, rollcall } = yield* setup(codes, { latency: "20 millis" })
      const events = eventsOf(yield* rollcall("--events", "--pattern", "\\w{3,}"))
      const { snapshot } = of(events, "began")[0]!
      assert.deepInclude(snapshot, { phase: "asking", entries: 62, questions: 61, refused: 1, pending: 61, calls: 0 })
      const sums = { ...snapshot.outcomes } as Record<Kind, number>
      for (const { outcomes, pending, total } of of(events, "committed")) {
        for (const kind of Object.keys(sums) as ReadonlyArray<Kind>) sums[kind] += outcomes[kind]
        assert.deepStrictEqual(sums, total)
        assert.strictEqual(settled(total) + pending, 62)
      }
      const { exit, next, reason, summary } = last(events)
      assert.deepStrictEqual([reason, exit, next], ["complete", 3, undefined])
      assert.deepStrictEqual(sums, summary!.outcomes)
      assert.deepInclude(summary, { pending: 0, refused: 1, calls: (yield* demo.log).calls })
      for (const { snapshot } of of(events, "progress")) {
        assert.strictEqual(settled(snapshot.outcomes) + snapshot.pending, 62)
      }
    }).pipe(Effect.scoped), 60_000)

  it.live("tells who has everybody wait, and until when", () =>
    Effect.gen(function*() {
      let calls = 0
      const server = yield* Serve.http((_, response) => {
        const isTold = ++calls === 3
        response.writeHead(isTold ? 429 : 200, isTold ? { "retry-after": "1" } : {}).end("{}")
      })
      const { cwd } = yield* setup(["a", "b", "c", "d", "e"])
      const events = eventsOf(yield* run(["run", "list", "--url", `${server}/{code}`, "-c", "1", "--events"], { cwd }))
      const [held] = of(events, "held")
      assert.strictEqual(held!.why, "told")
      assert.isAbove(held!.until, held!.at)
      assert.deepInclude(last(events), { reason: "complete", exit: 0 })
    }).pipe(Effect.scoped), 60_000)

  it.live("ends with the reason, and with the command that goes on", () =>
    Effect.gen(function*() {
      const { cwd, demo, flags } = yield* setup(yield* some(9))
      const ask = (...more: ReadonlyArray<string>) => ["run", "list", ...flags, "-o", "out.ndjson", "--events", ...more]
      const refused = eventsOf(yield* run(ask(), { cwd, env: { DEMO_KEY: "wrong" } }))
      assert.deepInclude(last(refused), { reason: "unauthorized", exit: 4 })
      assert.deepInclude(last(refused).next, { command: ["rollcall", ...ask()] })
      assert.include(texts(refused, "error").join(), "stopped: ")
      assert.strictEqual(last(refused).summary!.calls, (yield* demo.log).calls)

      const capped = eventsOf(yield* run(ask("--max-calls", "4", "--fresh"), { cwd, env }))
      assert.deepInclude(last(capped), { reason: "budget", exit: 4 })
      const command = last(capped).next!.command!
      assert.notInclude(command, "--fresh")
      const [most] = command.slice(command.lastIndexOf("--max-calls") + 1)
      assert.isAtLeast(Number(most), 9)
      const rest = eventsOf(yield* run(command.slice(1), { cwd, env }))
      assert.deepInclude(last(rest), { reason: "complete", exit: 0 })
      assert.deepInclude(of(rest, "began")[0]!.snapshot, { known: 2, spent: { calls: 4, cost: 0 } })

      const sampled = eventsOf(yield* run(ask("--sample", "3", "--fresh", "--quiet"), { cwd, env }))
      assert.deepInclude(last(sampled), { reason: "sample", exit: 4 })
      assert.deepStrictEqual(last(sampled).next!.command, ["rollcall", ...ask("--quiet")])
    }).pipe(Effect.scoped), 60_000)

  it.live("repeats no secret", () =>
    Effect.gen(function*() {
      const { cwd, demo } = yield* setup(["a"], { key: "s3cret-value" })
      const typed = ["run", "list", "--url", demo.lookupUrl, "-H", "Ocp-Apim-Subscription-Key: wr0ng-value", "--events"]
      const ended = yield* run(typed, { cwd })
      assert.deepInclude(last(eventsOf(ended)), { reason: "unauthorized", exit: 4 })
      assert.notInclude(ended.stderr, "wr0ng-value")
      assert.notProperty(last(eventsOf(ended)).next, "command")
    }).pipe(Effect.scoped), 60_000)

  it.live.each<[what: string, words: ReadonlyArray<string>, env: Readonly<Record<string, string>>, exit: number]>([
    ["a flag that is not there", ["run", "list", "--events", "--nosuch"], {}, 2],
    ["no URL", ["run", "list", "--events"], {}, 2],
    ["a list that is not there", ["run", "nosuch", "--url", "http://127.0.0.1:1/{code}", "--events"], {}, 2],
    ["a command that does not have it", ["export", "--events"], {}, 2],
    ["no command", ["--events"], {}, 2],
    ["the environment", ["run", "list", "--nosuch"], { ROLLCALL_EVENTS: "1" }, 2],
    ["a job file", ["run", "--job", "job.yaml"], {}, 2],
    ["a key in the words", ["plan", "list", "--url", "http://127.0.0.1:1/{code}?key=abc", "--events"], {}, 0]
  ])("says all in events: %s", ([, words, env, exit]) =>
    Effect.gen(function*() {
      const { cwd } = yield* setup(["a", "b"])
      writeFileSync(join(cwd, "job.yaml"), "events: true\nfile: list\n")
      const ended = yield* run(words, { cwd, env })
      assert.strictEqual(ended.exit, exit)
      const events = eventsOf(ended)
      assert.lengthOf(texts(events, exit === 0 ? "warning" : "error"), 1)
      // the next command says it as ever
      assert.notInclude((yield* run(["run", "--nosuch"], { cwd })).stderr, "{")
    }).pipe(Effect.scoped), 60_000)

  it.live("is stopped by signals, and says how it stands", () =>
    Effect.gen(function*() {
      const { cwd, flags, log } = yield* setup(yield* some(500), { latency: "50 millis" })
      const words = ["run", "list", ...flags, "-o", "out.ndjson", "-c", "2", "--events"]
      const warns = "data:text/javascript,process.on('SIGUSR2',()=>process.emitWarning('odd'))"
      const process = yield* start(words, {
        cwd,
        env: { ...env, NODE_OPTIONS: `--trace-warnings --import ${warns}` }
      })
      yield* until(() => process.said().includes("committed"))
      const before = process.said().split("\n").length
      process.process.kill("SIGUSR2")
      yield* until(() => process.said().includes("odd"))
      process.process.kill("SIGINT")
      const ended = yield* process.ended
      const events = eventsOf(ended)
      assert.deepInclude(last(events), { reason: "interrupted", exit: 130 })
      assert.deepStrictEqual(last(events).next!.command, ["rollcall", ...words])
      assert.include(texts(events, "warning"), "Warning: odd")
      assert.isAtLeast(of(events.slice(before - 2), "progress").length, 1)
      const { calls, outcomes, pending } = last(events).summary!
      assert.strictEqual(calls, (yield* log).calls)
      assert.strictEqual(settled(outcomes) + pending, 500)
    }).pipe(Effect.scoped), 60_000)

  it.live("ends at once at a second signal, with its last event", () =>
    Effect.gen(function*() {
      const { cwd, flags } = yield* setup(yield* some(20), { latency: "20 seconds" })
      const process = yield* start(["run", "list", ...flags, "-o", "out.ndjson", "--events"], { cwd, env })
      yield* until(() => process.said().includes("\"progress\""))
      process.process.kill("SIGTERM")
      yield* until(() => process.said().includes("draining"))
      process.process.kill("SIGTERM")
      const events = eventsOf(yield* process.ended)
      assert.deepInclude(last(events), { reason: "interrupted", exit: 143 })
      assert.include(texts(events, "info").join(), "stopped at once")
    }).pipe(Effect.scoped), 60_000)

  it.live("has a defect as an event, stack and all", () =>
    Effect.gen(function*() {
      const { cwd } = yield* setup(["a"])
      const breaks = "data:text/javascript,setTimeout(()=>{throw%20new%20Error('planted')},3000)"
      const never = yield* Serve.http(() => {})
      const events = eventsOf(
        yield* spawned(["run", "list", "--url", `${never}/{code}`, "-o", "out.ndjson", "--events"], {
          cwd,
          env: { NODE_OPTIONS: `--import ${breaks}` }
        })
      )
      assert.deepInclude(last(events), { reason: "defect", exit: 1 })
      assert.match(texts(events, "error").join(), /defect.*planted/s)
    }).pipe(Effect.scoped), 60_000)
})
