/**
 * `rollcall demo`: the main job on 44,175 real postal codes, against an API on this machine that behaves badly on purpose.
 */
import { FileSystem } from "@effect/platform"
import { ConfigProvider, Effect, Layer, Option, Schema } from "effect"
import * as Api from "../../Demo.ts"
import * as Errno from "../../Errno.ts"
import * as Key from "../../Job/Key.ts"
import * as Lookup from "../../Lookup.ts"
import * as Policy from "../../Policy.ts"
import { DurationText } from "../../Policy/DurationText.ts"
import * as Sink from "../../Sink.ts"
import * as File from "../../Sink/File.ts"
import * as Ndjson from "../../Sink/Ndjson.ts"
import * as Source from "../../Source.ts"
import { UsageError } from "../Argv.ts"
import * as Closing from "../Closing.ts"
import * as Command from "../Command.ts"
import * as Flag from "../Flag.ts"
import type * as Job from "../Job.ts"
import * as Ledgers from "../Ledgers.ts"
import * as Talk from "../Talk.ts"
import * as Width from "../Width.ts"
import * as Run from "./Run.ts"

const api = "API"
const demo = "Demo"
const header = "Ocp-Apim-Subscription-Key"
const key = "rollcall-demo"

const Probability = Schema.NumberFromString.pipe(
  Schema.filter((value) => (value >= 0 && value <= 1) || "write a probability from 0 to 1")
)

/** `20ms,80ms`: the median and the 99th percentile. */
const Latency = Schema.String.pipe(Schema.filter((text) =>
  /^\d+(\.\d+)?(ms|s)(,\d+(\.\d+)?(ms|s))?$/.test(text)
  || "write one time, or the median and the 99th percentile: 20ms,80ms"
))

const flags = {
  serve: Flag.toggle("serve", { group: demo, help: "only serve the API, for trying other tools; Ctrl-C ends it" }),
  folder: Flag.optional("folder", Schema.String as Schema.Schema<string>, {
    group: demo,
    value: "FOLDER",
    help: "where the list and the output go (rollcall-demo)"
  }),
  concurrency: Flag.optional("concurrency", Key.whole(1, 10_000), {
    group: demo,
    alias: "c",
    value: "N",
    help: "calls in flight (64)"
  }),
  sample: Flag.optional("sample", Key.whole(1, 44_175), {
    group: demo,
    value: "N",
    help: "only about N codes, spread over the list"
  }),
  port: Flag.optional("port", Key.whole(0, 65_535), { group: api, value: "PORT", help: "a free one unless told" }),
  calm: Flag.toggle("calm", { group: api, help: "no faults and no latency" }),
  seed: Flag.optional("seed", Key.whole(0, 2 ** 31 - 1), {
    group: api,
    value: "N",
    help: "which calls suffer (1); equal seeds, equal faults"
  }),
  latency: Flag.optional("latency", Latency, {
    group: api,
    value: "20ms,80ms",
    help: "median and 99th percentile, or one time"
  }),
  rate: Flag.optional("rate", Key.whole(1, 1_000_000), {
    group: api,
    value: "N",
    help: "calls a second that the API lets through; more get a 429"
  }),
  quota: Flag.optional("quota", Key.whole(1, 1_000_000_000), {
    group: api,
    value: "N",
    help: "calls a minute, then 403 with the wait in prose"
  }),
  unavailable: Flag.optional("unavailable", Probability, { group: api, value: "P", help: "probability of a 503" }),
  drop: Flag.optional("drop", Probability, { group: api, value: "P", help: "probability of a dropped connection" }),
  throttle: Flag.optional("throttle", Probability, {
    group: api,
    value: "P",
    help: "probability of a 429 with Retry-After: 1"
  }),
  hang: Flag.optional("hang", Probability, { group: api, value: "P", help: "probability that no answer comes" })
}

export const command = Command.make({
  name: "demo",
  summary: "answer 44,175 real postal codes from a rough API on this machine",
  usage: "rollcall demo [OPTIONS]",
  examples: ["rollcall demo --serve --port 8080 --rate 50"],
  argument: undefined,
  flags,
  handle: (values) =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* Api.serve(options(values))
      return values.serve ? yield* serve(server) : yield* perform(server, values)
    }))
})

const options = (values: Command.Values<typeof flags>): Api.Options => {
  const base: Api.Options = values.calm || values.serve ? Api.presets.calm : Api.presets.rough
  const [p50, p99] = Option.match(values.latency, {
    onNone: () => [],
    onSome: (text) => text.split(",").map((part) => Schema.decodeSync(DurationText)(part))
  })
  const set = <A, B>(value: Option.Option<A>, make: (value: A) => B) =>
    Option.match(value, { onNone: () => ({}), onSome: make })
  return {
    ...base,
    key,
    ...set(values.port, (port) => ({ port })),
    ...set(values.seed, (seed) => ({ seed })),
    ...(p50 === undefined ? {} : { latency: p99 === undefined ? p50 : { p50, p99 } }),
    ...set(values.rate, (rate) => ({ rate })),
    ...set(values.quota, (calls) => ({ quota: { calls, period: "1 minute" } })),
    ...set(values.unavailable, (unavailable) => ({ unavailable })),
    ...set(values.drop, (drop) => ({ drop })),
    ...set(values.hang, (hang) => ({ hang })),
    ...set(values.throttle, (probability) => ({ throttle: { probability, retryAfter: "1 second" } }))
  }
}

type Server = typeof Api.Demo.Service

const serve = (server: Server) =>
  Effect.gen(function*() {
    yield* Effect.sync(() =>
      process.stdout.write([
        `The demo API answers at ${server.lookupUrl}`,
        `It asks for the header ${header}: ${key}`,
        "",
        `  curl -H '${header}: ${key}' ${server.lookupUrl.replace("{code}", "34102")}`,
        `  rollcall run zips.txt --url '${server.lookupUrl}' -H '${header}: ${key}' -o zips.ndjson`,
        "",
        `What it saw: ${server.url}/_demo/log · Ctrl-C ends it`,
        ""
      ].join("\n"))
    )
    return yield* Effect.never
  })

const perform = (server: Server, values: Command.Values<typeof flags>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const folder = Option.getOrElse(values.folder, () => "rollcall-demo")
    const [list, output] = [`${folder}/zips.txt`, `${folder}/zips.ndjson`]
    const ledger = yield* Ledgers.named(`${output}.ledger`)
    const codes = sample(yield* Api.codes, values.sample)
    yield* Effect.mapError(
      fs.makeDirectory(folder, { recursive: true }),
      (error) => new UsageError({ message: `--folder ${folder}: ${Errno.ofWriting(error)}: name another folder` })
    )
    // each demo has an API at another port, and so a ledger of its own
    yield* Effect.forEach(
      [output, `${output}.part`, ...ledger.files],
      (path) => Effect.ignore(fs.remove(path))
    )
    yield* Effect.mapError(
      fs.writeFileString(list, `${codes.join("\n")}\n`),
      (cause) => new Sink.SinkError({ reason: "Open", sink: list, detail: Errno.ofWriting(cause), cause })
    )

    const lookup = Lookup.http<unknown>({ url: server.lookupUrl, headers: { [header]: "${DEMO_KEY}" } })
    const concurrency = Option.getOrElse(values.concurrency, () => 64)
    const job: Job.Job = {
      lookup,
      source: Source.file(list),
      rules: { trim: true },
      policy: { ...Policy.standard, concurrency },
      select: []
    }
    yield* Talk.say([
      ...Width.wrap(
        "An API with real postal codes now answers on this machine, slowly and not always: some calls get a 503 or a 429, "
          + `some connections break. This asks it for ${
            Talk.counted(codes.length, "code")
          }; the same by hand, with this API in another terminal, would be:`,
        Width.widthOf(process.stderr)
      ),
      "",
      `  $ rollcall demo --serve --port ${new URL(server.url).port}`,
      `  $ export DEMO_KEY=${key}`,
      `  $ rollcall run ${list} -c ${concurrency} \\`,
      `      --url '${server.lookupUrl}' \\`,
      `      -H '${header}: \${DEMO_KEY}' \\`,
      `      -o ${output}`,
      ""
    ].join("\n"))
    const places = [
      ["output", `${output}, a record for each line of the list`],
      ["ledger", ledger.name]
    ] as const
    return yield* Run.call(job, {
      sink: Sink.make(yield* File.make(output), { format: Ndjson.format }),
      ledger,
      list: "zips.ndjson",
      outputs: [output],
      order: "input",
      quiet: false,
      summary: (summary, details) =>
        Effect.flatMap(server.log, (log) => Talk.say(`${Closing.figures(summary, details, places)}\n${seen(log)}`))
    }).pipe(Effect.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map([["DEMO_KEY", key]])))))
  })

const sample = (codes: ReadonlyArray<string>, size: Option.Option<number>) => {
  if (Option.isNone(size)) return codes
  const step = Math.max(1, Math.floor(codes.length / size.value))
  return codes.filter((_, index) => index % step === 0).slice(0, size.value)
}

/** What the API says it saw, which is the judge. */
const seen = ({ calls, codes, dropped, maxInFlight, statuses }: Api.Log): string => {
  const told = Object.entries(statuses).map(([status, value]) => `${Talk.count(value)} × ${status}`)
  return [
    "",
    "The API's own log:",
    `  ${Talk.counted(calls, "call")} for ${Talk.counted(codes.size, "code")}, at most ${maxInFlight} in flight`,
    `  ${[...told, ...(dropped > 0 ? [`${Talk.count(dropped)} connections broken`] : [])].join(", ")}`
  ].join("\n")
}
