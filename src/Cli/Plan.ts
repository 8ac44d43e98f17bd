/**
 * `rollcall plan`: what `run` would ask, without a call.
 */
import { FetchHttpClient, FileSystem } from "@effect/platform"
import { Effect, type Layer, Option } from "effect"
import * as Entry from "../Entry.ts"
import { Ledger } from "../Ledger.ts"
import * as Memory from "../Ledger/Memory.ts"
import * as Rollcall from "../Rollcall.ts"
import * as Progress from "../Rollcall/Progress.ts"
import * as Sweep from "../Sweep.ts"
import * as Command from "./Command.ts"
import * as Job from "./Job.ts"
import * as Run from "./Run.ts"
import * as Talk from "./Talk.ts"

const { format: _format, fresh: _fresh, noTiming: _noTiming, order: _order, quiet: _quiet, ...flags } = Run.flags

export const command = Command.make({
  name: "plan",
  summary: "show what run would ask, and the first request, without a call",
  usage: "rollcall plan [FILE | -] --url TEMPLATE [OPTIONS]",
  examples: ["rollcall plan zips.csv --column zip --url 'https://api.example/{code}' -H 'Key: ${API_KEY}'"],
  argument: "FILE",
  flags,
  handle: (values, file) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const job = yield* Job.make(values, file)
      const path = yield* Run.ledgerFile(values, job, file)
      const isThere = yield* Effect.orElseSucceed(fs.exists(path), () => false)
      const layer: Layer.Layer<Ledger, unknown> = isThere ? yield* Run.openLedger(path) : Memory.layer
      yield* Effect.provide(show(job, isThere ? path : undefined), layer)
      return 0
    })
})

const show = (job: Job.Job, path: string | undefined) =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    // settings that are missing are told now, not by the run
    yield* Effect.provide(Sweep.prepare(job.lookup), FetchHttpClient.layer)
    const progress = Progress.none()
    yield* Rollcall.enlist(job.lookup, { ...job, progress })
    const { entries, known, questions, refused } = progress
    const [first] = yield* ledger.pending(0, 1)
    const repeats = entries - questions - refused
    const lines = [
      `${job.source.name}: ${Talk.counted(entries, "entry", "entries")}`,
      ...(repeats > 0 ? [`  ${Talk.counted(repeats, "repeat")} of a code above, asked once`] : []),
      ...(refused > 0 ? [`  ${Talk.counted(refused, "entry", "entries")} invalid, not asked:`] : []),
      ...progress.refusals.map(({ input, line, message }) => `    line ${line}: ${JSON.stringify(input)} (${message})`),
      ...(known > 0 ? [`  ${Talk.count(known)} answered already in ${path}`] : []),
      `would ask: ${Talk.counted(questions - known, "question")}`,
      `policy: ${Job.describe(job.policy)}`,
      ...Option.toArray(Option.fromNullable(Talk.warning(progress)))
    ]
    if (first !== undefined) {
      const question = Entry.fromKey(first.key, job.lookup.inputs)
      const curl = yield* job.lookup.curl(question)
      if (Option.isSome(curl)) lines.push("the first request:", `  ${curl.value}`)
    }
    yield* Effect.sync(() => process.stdout.write(`${lines.join("\n")}\n`))
  })
