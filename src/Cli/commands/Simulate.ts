/**
 * `rollcall simulate`: how long a list would take, and what would happen, without a call.
 */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Options from "@effect/cli/Options"
import { Clock, Effect, Option, Schema } from "effect"
import * as Key from "../../Job/Key.ts"
import * as Forecast from "../../Simulation/Forecast.ts"
import * as Spec from "../../Simulation/Spec.ts"
import * as Argv from "../Argv.ts"
import * as Command from "../Command.ts"
import * as Effort from "../Effort.ts"
import * as Exit from "../Exit.ts"
import * as Flag from "../Flag.ts"
import * as Talk from "../Talk.ts"

const group = "Simulation"

const flags = {
  server: Flag.optional("server", Spec.Text, {
    group,
    value: "SPEC",
    help: "what the API is like: its parts with commas between, see above"
  }),
  codes: Flag.optional("codes", Key.whole(1, 100_000_000), {
    group,
    value: "N",
    help: "how long the list is (10,000)"
  }),
  seed: Flag.optional("seed", Key.whole(0, 2 ** 31 - 1), {
    group,
    value: "N",
    help: "which calls suffer (1); equal seeds, equal runs"
  }),
  compare: Flag.repeated("compare", Schema.String as Schema.Schema<string>, {
    group,
    value: "'FLAGS'",
    help: "the same with some flags more, in one table: --compare '-c 64'",
    holdsFlags: true
  }),
  ...Effort.flags
}

export const command = Command.make({
  name: "simulate",
  summary: "forecast how long a list would take with an API, without a call",
  usage: "rollcall simulate --server SPEC --codes N [OPTIONS]",
  examples: [
    "rollcall simulate --server 'rate=50/s,latency=p50:80ms,p99:2s,outage=60s@5m' --codes 50000 -c 64",
    "rollcall simulate --server 'rate=50/s,errors=1%' --compare '-c 64' --compare '-c auto'"
  ],
  about: "SPEC is made of any of these, with commas between:",
  words: [
    ["rate=50/s burst=N quota=10000/day", "more gets a 429"],
    ["over=503", "or a 503, as nginx has it"],
    ["retry-after=exact|1s|date|none", "the wait that it tells"],
    ["headers=ietf|github|none", "every reply tells what is left of the rate"],
    ["latency=p50:80ms,p99:2s", "or one time"],
    ["concurrency=32", "so many at once, the others wait"],
    ["errors=1% resets=0.5% hangs=0.1%", "calls that fail"],
    ["not-found=5% poison=0.5%", "codes that do, whenever they are asked"],
    ["poison=1%:429 block=100-399:403", "with another status, codes 100 to 399"],
    ["outage=60s@5m outage=60s@5m:503", "from a minute on, for a time; or :page, :hang"],
    ["brownout=50%@2m+60s", "the same, for a share of the calls"],
    ["drop=10/s@60s+60s", "the rate is another one for a time"]
  ],
  argument: undefined,
  flags,
  handle: (values) =>
    Effect.gen(function*() {
      if (Option.isNone(values.server)) {
        return yield* new Argv.UsageError({
          message: "--server says what the API is like, such as 'rate=50/s,latency=p50:80ms,p99:2s'",
          command: "simulate"
        })
      }
      const list = {
        server: values.server.value,
        codes: Option.getOrElse(values.codes, () => 10_000),
        seed: Option.getOrElse(values.seed, () => 1)
      }
      const own = yield* effort(values)
      const others = yield* Effect.forEach(values.compare, (words) => other(words, values))
      const begun = yield* Clock.currentTimeNanos
      const forecast = yield* simulate({ ...list, ...own }, "")
      const compared = yield* Effect.forEach(others, (effort, index) => {
        const name = values.compare[index]!
        return Effect.map(simulate({ ...list, ...effort }, name), (forecast) => ({ name, forecast }))
      })
      const took = Number((yield* Clock.currentTimeNanos) - begun) / 1e9
      const lines = compared.length === 0
        ? report(forecast, list.codes)
        : table([{ name: "as given", forecast }, ...compared])
      yield* Talk.print([
        `server: ${list.server.text === "" ? "answers everything at once" : list.server.text}`,
        `policy: ${Effort.describe(own.policy)}`,
        ...lines,
        `simulated in ${Talk.time(took)}, seed ${list.seed}`
      ])
      return 0
    })
})

/** The policy of the flags, and the weight of a call. */
const effort = (values: Command.Values<typeof Effort.flags>) =>
  Effect.map(Effort.policy(values), (policy) => ({ policy, weight: Option.getOrElse(values.weight, () => 1) }))

/** The effort of the flags that were given, with others in their place. */
const other = (text: string, given: Command.Values<typeof Effort.flags>) =>
  Effect.gen(function*() {
    const typed = [...text.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, one, two, three]) => one ?? two ?? three!)
    const accepts = { name: "simulate", flags: Object.values(Effort.flags), argument: undefined }
    const words = yield* Argv.normalize(typed, accepts, () => undefined)
    const [, , values] = yield* Effect.mapError(Options.processCommandLine(options, words, config), Argv.parsed)
    return yield* effort(merge(given, values as unknown as typeof given))
  })

const options = Options.all(
  Object.fromEntries(
    Object.entries(Effort.flags).map(([key, { options }]) => [key, options as Options.Options<unknown>])
  )
)
const config = CliConfig.make({ isCaseSensitive: true })

/** What was given first, but for what was given then. */
const merge = <A extends object>(first: A, then: A): A =>
  Object.fromEntries(
    Object.entries(first).map(([name, value]) => {
      const other: unknown = then[name as keyof A]
      const isGiven = Option.isOption(other) ? Option.isSome(other) : Array.isArray(other) ? other.length > 0 : other
      return [name, isGiven ? other : value]
    })
  ) as A

/** Milliseconds between two looks at the terminal. */
const paintInterval = 100

/** Simulates, with a line of progress on a terminal; the event loop gets its turn, so that a signal ends it. */
const simulate = (options: Forecast.Options, name: string) =>
  Effect.suspend(() => {
    let paintedAt = 0
    return Forecast.make(options, (seconds, done) =>
      Effect.flatMap(Clock.currentTimeNanos, (nanos) => {
        const now = Number(nanos) / 1e6
        if (now - paintedAt < paintInterval) return Effect.void
        paintedAt = now
        return Effect.zipRight(paint(`${status(options, seconds, done)}${name === "" ? "" : ` · ${name}`}`), breathe)
      })).pipe(Effect.ensuring(paint("")))
  })

const breathe = Effect.sleep("1 millis")

const status = ({ codes }: Forecast.Options, seconds: number, done: number) =>
  `simulating: ${Talk.count(done)}/${Talk.count(codes)} (${Math.floor(done * 100 / codes)} %) after ${
    Talk.time(seconds)
  }`

const paint = (text: string) =>
  Effect.sync(() => {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
  })

/** The exit code of the run, and why. */
const ending = ({ outcomes: { failed, invalid }, stopped }: Forecast.Forecast): Exit.Exit => {
  if (stopped !== undefined) {
    const { code, message } = Exit.of(stopped)
    return { code, message: message.split("\n")[0]! }
  }
  return failed + invalid > 0
    ? { code: 3, message: `${Talk.counted(failed + invalid, "code")} without an answer` }
    : { code: 0, message: "every code has its answer" }
}

/** One forecast, line by line. */
const report = (forecast: Forecast.Forecast, codes: number): ReadonlyArray<string> => {
  const { calls, outcomes, peak, pending, perSecond, retries, seconds, throttled, tuned, waited } = forecast
  const { code, message } = ending(forecast)
  const waits = [
    [waited.pace, "waiting for the rate"],
    [waited.pause, "in pauses after a 429 or as told"],
    [waited.outage, "in outage"]
  ] as const
  const told = waits.filter(([part]) => part > 0).map(([part, why]) => `${Talk.time(part)} ${why}`)
  const kinds = Talk.outcomes(outcomes).map(([word, count]) => `${Talk.count(count)} ${word}`)
  const rows = [
    ["time", `${Talk.time(seconds)}${told.length === 0 ? "" : `, of it ${told.join(", ")}`}`],
    ["outcomes", [...kinds, ...(pending > 0 ? [`${Talk.count(pending)} pending`] : [])].join(", ")],
    [
      "answered",
      `${speed(perSecond.mean)}; 5 % of the seconds at most ${speed(perSecond.p5)}, 5 % at least ${
        speed(perSecond.p95)
      }`
    ],
    ["calls", `${Talk.count(calls)}, ${perCode(forecast, codes)} per code, ${Talk.count(peak)} in flight at the most`],
    ...(tuned === undefined ? [] : [["tuned", Effort.suits(tuned)] as const]),
    ["trouble", `${Talk.count(throttled)} × 429, ${Talk.counted(retries, "retry", "retries")}`],
    ["exit", `${code}: ${message}`]
  ] as const
  return [
    `${Talk.counted(codes, "code")} would take ${Talk.time(seconds)}:`,
    ...rows.map(([name, text]) => `  ${name.padEnd(10)}${text}`)
  ]
}

const speed = (perSecond: number) => `${perSecond < 10 ? perSecond.toFixed(1) : Talk.count(perSecond)}/s`

const perCode = ({ calls }: Forecast.Forecast, codes: number) => (calls / codes).toFixed(2)

/** Several forecasts, a line each, and the best of them. */
const table = (
  compared: ReadonlyArray<{ readonly name: string; readonly forecast: Forecast.Forecast }>
): ReadonlyArray<string> => {
  const head = ["flags", "time", "answered", "calls", "429s", "retries", "failed", "pending", "in flight", "exit"]
  const rows = compared.map(({ forecast, name }) => [
    name,
    Talk.time(forecast.seconds),
    speed(forecast.perSecond.mean),
    Talk.count(forecast.calls),
    Talk.count(forecast.throttled),
    Talk.count(forecast.retries),
    Talk.count(forecast.outcomes.failed),
    Talk.count(forecast.pending),
    Talk.count(forecast.peak),
    String(ending(forecast).code)
  ])
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)))
  const line = (row: ReadonlyArray<string>) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)).join("  ")
  const [best] = [...compared].sort((a, b) => rank(a.forecast, b.forecast))
  return [line(head), ...rows.map(line), `best: ${best!.name}`]
}

/** Fewer codes without an answer first, then less time, then fewer calls. */
const rank = (a: Forecast.Forecast, b: Forecast.Forecast): number =>
  a.pending - b.pending || a.outcomes.failed - b.outcomes.failed || a.seconds - b.seconds || a.calls - b.calls
