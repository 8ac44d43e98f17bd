/**
 * `rollcall plan`: what `run` would ask, without a call.
 */
import { FetchHttpClient } from "@effect/platform"
import { Clock, Effect, type Layer, Option } from "effect"
import * as Entry from "../../Entry.ts"
import { Ledger, type LedgerError, mismatch, type Redo } from "../../Ledger.ts"
import * as Memory from "../../Ledger/Memory.ts"
import * as Budget from "../../Policy/Budget.ts"
import * as Rollcall from "../../Rollcall.ts"
import * as Enrolment from "../../Rollcall/Enrolment.ts"
import * as Revision from "../../Rollcall/Revision.ts"
import * as Withheld from "../../Rollcall/Withheld.ts"
import { marks } from "../../Sink/Mark.ts"
import * as Sweep from "../../Sweep.ts"
import * as Alike from "../Alike.ts"
import * as Command from "../Command.ts"
import * as Effort from "../Effort.ts"
import type * as Job from "../Job.ts"
import * as List from "../List.ts"
import * as Purse from "../Purse.ts"
import * as Talk from "../Talk.ts"
import * as Run from "./Run.ts"

export const command = Command.make({
  name: "plan",
  summary: "show what run would ask, and the first request, without a call",
  usage: "rollcall plan [FILE | -] --url TEMPLATE [OPTIONS]",
  examples: ["rollcall plan zips.csv --column zip --url 'https://api.example/{zip}'"],
  argument: "FILE",
  // every command line of `run` is one of `plan`
  flags: Run.flags,
  common: Run.common,
  handle: (values, file) =>
    Effect.gen(function*() {
      const planned = yield* Run.prepare(values, file)
      yield* Run.warn(values, planned.job)
      const { lines, listing } = yield* Run.explain(planned.job, planned.ledger)(
        Effect.provide(show(planned, values), Memory.layer)
      )
      if (!values.fresh && Option.isNone(values.ledger)) {
        const alike = yield* Alike.find(planned.ledger, yield* planned.job.lookup.fingerprint)
        yield* Effect.forEach(yield* Alike.hint(alike, listing), Talk.say)
      }
      yield* Talk.print(lines)
      return 0
    })
})

type Planned = Effect.Effect.Success<ReturnType<typeof Run.prepare>>

/** Uses the ledger that is there; gives `undefined` where there is none, and nothing is made. */
const look = <A>(
  reader: Layer.Layer<Ledger, LedgerError>,
  use: (ledger: typeof Ledger.Service) => Effect.Effect<A, Command.Failure>
): Effect.Effect<A | undefined, Command.Failure> =>
  Effect.flatMap(Ledger, use).pipe(
    Effect.provide(reader),
    Effect.catchTag(
      "LedgerError",
      (error) => error.reason === "Missing" ? Effect.succeed(undefined) : Effect.fail(error)
    )
  )

/** What a ledger knows of the list, and those of the keys that it has answered, and that are not to be asked again. */
const answeredIn = (
  ledger: typeof Ledger.Service,
  { job, list: name, redo: { which } }: Planned,
  keys: ReadonlyArray<string>
) =>
  Effect.gen(function*() {
    const found = new Set<string>()
    const [one] = yield* ledger.answered(0, 1)
    const paid = yield* Withheld.paid(ledger, job.lookup)
    if (one === undefined && paid.length === 0) return { found, inVain: 0 }
    const request = (yield* ledger.note("request")) as Readonly<Record<string, string>>
    yield* mismatch(ledger.name, request, yield* job.lookup.fingerprint)
    const known = knownIn(ledger, keys)
    for (const key of yield* known()) found.add(key)
    const list = (yield* ledger.lists).find((list) => list.name === name)
    const standing = list === undefined ? {} : yield* ledger.standing(list.id)
    // one that was stopped goes on, and does not begin anew
    const isRedone = list !== undefined && (yield* ledger.unfinished(list.id)).count > 0
    const redone: Array<number> = []
    for (const one of which) {
      const again = isRedone ? new Set<string>() : yield* known(one)
      redone.push([...again].filter((key) => found.delete(key)).length)
    }
    const { older, reopened } = yield* Revision.preview(ledger, job.lookup)
    let again = 0
    if (reopened.length > 0) {
      for (const list of yield* ledger.lists) {
        for (const { key } of yield* ledger.rowsOf(list.id, reopened)) {
          if (key !== null && found.delete(key)) again++
        }
      }
    }
    let inVain = 0
    const wanted = new Set(keys)
    for (const list of paid.length > 0 ? yield* ledger.lists : []) {
      for (const { key } of yield* ledger.rowsOf(list.id, paid)) {
        if (key === null || found.has(key) || !wanted.has(key)) continue
        found.add(key)
        inVain++
      }
    }
    return { found, ...standing, redone, older, reopened: again, inVain }
  })

/** Which of the keys are known, a batch at a time. */
const knownIn = (ledger: typeof Ledger.Service, keys: ReadonlyArray<string>) => (which?: Redo) =>
  Effect.gen(function*() {
    const found = new Set<string>()
    for (let at = 0; at < keys.length; at += 4096) {
      for (const key of yield* ledger.known(keys.slice(at, at + 4096), which)) found.add(key)
    }
    return found
  })

const show = (planned: Planned, values: Command.Values<typeof Run.flags>) =>
  Effect.gen(function*() {
    const { files, job, ledger: named, list: name, redo, sink } = planned
    const ledger = yield* Ledger
    // settings that are missing are told now, not by the run
    yield* Effect.provide(Sweep.prepare(job.lookup), FetchHttpClient.layer)
    const { list, listing: read } = yield* Rollcall.enlist(job.lookup, { ...job, name, sink })
    const pending = yield* ledger.pending(list.id, 0, read.questions)
    const kept = values.fresh ? undefined : yield* look(named.read, (old) =>
      Effect.gen(function*() {
        yield* sink.check(marks(old))
        const before = Enrolment.earlier(yield* old.lists, name, job.source.name)
        return { before, ...yield* answeredIn(old, planned, pending.map(({ key }) => key)) }
      }))
    if (kept === undefined && !values.fresh) yield* sink.check(marks(ledger))
    yield* sink.fits(list)
    const { found: answered = new Set<string>(), inVain = 0, ...known } = kept ?? {}
    const { budget } = job.policy
    const purse = (values.fresh ? undefined : yield* look(named.read, (old) => Purse.of(old, budget)))
      ?? (yield* Purse.of(ledger, budget))
    const first = pending.find(({ key }) => !answered.has(key))
    const listing: Rollcall.Listing = { ...read, ...known, known: answered.size }
    const { entries, questions, refused } = listing
    const repeats = entries - questions - refused
    const left = questions - listing.known
    const asked = Math.min(left, Option.getOrElse(values.sample, () => left))
    const oldest = Talk.oldest(listing, yield* Clock.currentTimeMillis)
    const lines: Array<string> = [
      List.line(job.source.name, listing),
      ...List.replaced(listing, { ledger: named.name, output: files[0], source: job.source.name }),
      ...(repeats > 0 ? [`  ${Talk.counted(repeats, "repeat")} of a code above, asked once`] : []),
      ...(refused > 0 ? [`  ${Talk.counted(refused, "entry", "entries")} invalid, not asked:`] : []),
      ...listing.refusals.map(({ input, line, message }) =>
        `    ${listing.told.unit} ${line}: ${JSON.stringify(input)} (${message})`
      ),
      ...(refused > listing.refusals.length ? [`    and ${Talk.count(refused - listing.refusals.length)} more`] : []),
      ...(answered.size > 0 ? [`  ${Talk.count(answered.size)} answered already in ${named.name}`] : []),
      ...(inVain > 0 && !job.policy.allowNone
        ? [`    none of ${Talk.count(inVain)} was found: the run stops before a call, --allow-none asks the others`]
        : []),
      ...(oldest === undefined || redo.words.length > 0 ? [] : [`    ${oldest}`]),
      ...redo.words.map((word, index) =>
        `  ${Talk.count(listing.redone[index] ?? 0)} answered, and asked again: ${word}`
      ),
      ...(listing.reopened > 0 ? [`  ${Talk.count(listing.reopened)} answered, and asked again by the rules`] : []),
      ...Talk.olderLines(listing.older),
      ...(values.fresh ? [`--fresh: ${named.name} and the output would be put aside, where they are there`] : []),
      ...(asked < left ? [`--sample ${asked}: ${Talk.count(asked)} of ${Talk.counted(left, "code")}, at random`] : []),
      `would ask: ${Talk.counted(asked, "question")}${bill(job, asked, purse)}`,
      ...(purse.calls > 0 ? Purse.total(purse).map((line) => `  ${line}`) : []),
      ...Purse.lines(purse).map((line) => `  budget: ${line}`),
      `policy: ${Effort.describe(job.policy).replace("\n", "\n        ")}`,
      ...List.warnings(listing)
    ]
    if (first !== undefined) {
      const question = Entry.fromKey(first.key, job.lookup.inputs)
      const curl = yield* job.lookup.curl(question)
      if (Option.isSome(curl)) lines.push("the first request:", `  ${curl.value}`)
    }
    return { lines, listing }
  })

/** What so many questions take and cost at least: one call each, at the limit of the rates. */
const bill = ({ lookup, policy }: Job.Job, questions: number, { standings }: Purse.Purse): string => {
  const seconds = Effort.shortestTime(policy, questions, lookup.weight)
  const cost = Budget.costOf(policy.budget, questions)
  const covered = Budget.left(standings)
  const parts = [
    ...(seconds > 0 ? [`${Talk.time(seconds)} at the limit of the rate`] : []),
    ...(cost === undefined ? [] : [`a cost of ${Budget.amount(cost)}`]),
    ...(covered < questions ? [`the budget covers ${Talk.counted(covered, "call")}`] : [])
  ]
  return parts.map((part) => `, ${part}`).join("")
}
