/**
 * `rollcall plan`: what `run` would ask, without a call.
 */
import { FetchHttpClient } from "@effect/platform"
import { Effect, type Layer, Option } from "effect"
import * as Entry from "../Entry.ts"
import { Ledger, type LedgerError, mismatch } from "../Ledger.ts"
import * as Memory from "../Ledger/Memory.ts"
import * as Budget from "../Policy/Budget.ts"
import * as Rollcall from "../Rollcall.ts"
import * as Progress from "../Rollcall/Progress.ts"
import * as Sweep from "../Sweep.ts"
import * as Command from "./Command.ts"
import * as Effort from "./Effort.ts"
import * as Job from "./Job.ts"
import * as Ledgers from "./Ledgers.ts"
import * as Network from "./Network.ts"
import * as Run from "./Run.ts"
import * as Talk from "./Talk.ts"

const {
  format: _1,
  fresh: _2,
  noTiming: _3,
  order: _4,
  quiet: _5,
  excel: _6,
  redo: _7,
  sample: _8,
  tolerate: _9,
  ...flags
} = Run.flags

export const command = Command.make({
  name: "plan",
  summary: "show what run would ask, and the first request, without a call",
  usage: "rollcall plan [FILE | -] --url TEMPLATE [OPTIONS]",
  examples: ["rollcall plan zips.csv --column zip --url 'https://api.example/{code}' -H 'Key: ${API_KEY}'"],
  argument: "FILE",
  flags,
  handle: (values, file) =>
    Effect.gen(function*() {
      const job = yield* Job.make(values, file)
      // said now, not by the run
      yield* Network.options(values)
      const ledger = yield* Ledgers.named(yield* Run.ledgerOf(values, job, file))
      yield* show(job, ledger)
      return 0
    })
})

/** What a ledger that is there knows already; nothing where there is none, and nothing is made. */
const lookUp = (job: Job.Job, reader: Layer.Layer<Ledger, LedgerError>, keys: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const [one] = yield* ledger.answered(0, 1)
    if (one === undefined) return new Set<string>()
    const request = (yield* ledger.note("request")) as Readonly<Record<string, string>>
    yield* mismatch(ledger.name, request, yield* job.lookup.fingerprint)
    const found = new Set<string>()
    for (let at = 0; at < keys.length; at += 4096) {
      for (const key of yield* ledger.known(keys.slice(at, at + 4096))) found.add(key)
    }
    return found
  }).pipe(
    Effect.provide(reader),
    Effect.catchIf(({ reason }) => reason === "Missing", () => Effect.succeed(new Set<string>()))
  )

const show = (job: Job.Job, { name, read }: Ledgers.Named) =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    // settings that are missing are told now, not by the run
    yield* Effect.provide(Sweep.prepare(job.lookup), FetchHttpClient.layer)
    const progress = Progress.none()
    const list = yield* Rollcall.enlist(job.lookup, { ...job, progress })
    const pending = yield* ledger.pending(list.id, 0, progress.questions)
    const answered = yield* lookUp(job, read, pending.map(({ key }) => key))
    const first = pending.find(({ key }) => !answered.has(key))
    progress.known = answered.size
    const { entries, known, questions, refused } = progress
    const repeats = entries - questions - refused
    const lines = [
      `${job.source.name}: ${Talk.counted(entries, "entry", "entries")}`,
      ...(repeats > 0 ? [`  ${Talk.counted(repeats, "repeat")} of a code above, asked once`] : []),
      ...(refused > 0 ? [`  ${Talk.counted(refused, "entry", "entries")} invalid, not asked:`] : []),
      ...progress.refusals.map(({ input, line, message }) => `    line ${line}: ${JSON.stringify(input)} (${message})`),
      ...(known > 0 ? [`  ${Talk.count(known)} answered already in ${name}`] : []),
      `would ask: ${Talk.counted(questions - known, "question")}${bill(job, questions - known)}`,
      `policy: ${Effort.describe(job.policy)}`,
      ...Option.toArray(Option.fromNullable(Talk.warning(progress)))
    ]
    if (first !== undefined) {
      const question = Entry.fromKey(first.key, job.lookup.inputs)
      const curl = yield* job.lookup.curl(question)
      if (Option.isSome(curl)) lines.push("the first request:", `  ${curl.value}`)
    }
    yield* Effect.sync(() => process.stdout.write(`${lines.join("\n")}\n`))
  }).pipe(Effect.provide(Memory.layer))

/** What so many questions take and cost at least: one call each, at the limit of the rates. */
const bill = ({ lookup, policy }: Job.Job, questions: number): string => {
  const seconds = Effort.shortestTime(policy, questions, lookup.weight)
  const cost = Budget.costOf(policy.budget, questions)
  const covered = Budget.calls(policy.budget)
  const parts = [
    ...(seconds > 0 ? [`${Talk.time(seconds)} at the limit of the rate`] : []),
    ...(cost === undefined ? [] : [`a cost of ${Effort.amount(cost)}`]),
    ...(covered < questions ? [`the budget covers ${Talk.counted(covered, "call")}`] : [])
  ]
  return parts.map((part) => `, ${part}`).join("")
}
