/**
 * `rollcall status`: how far a run is, also while it goes on.
 */
import { FileSystem, Path } from "@effect/platform"
import { Clock, DateTime, Effect } from "effect"
import {
  type Cause,
  type Counts,
  type Holder,
  isForgottenEntry,
  Ledger,
  type Listed,
  type Standing,
  type Unfinished
} from "../../Ledger.ts"
import type * as Budget from "../../Policy/Budget.ts"
import * as Moment from "../../Policy/Moment.ts"
import * as Rollcall from "../../Rollcall.ts"
import * as Sameness from "../../Rollcall/Sameness.ts"
import { settled } from "../../Summary.ts"
import type { StopError } from "../../Sweep.ts"
import * as Closing from "../Closing.ts"
import * as Command from "../Command.ts"
import * as Flag from "../Flag.ts"
import * as JobNote from "../JobNote.ts"
import * as Ledgers from "../Ledgers.ts"
import * as Overview from "../Overview.ts"
import * as Purse from "../Purse.ts"
import * as Talk from "../Talk.ts"

export const command = Command.make({
  name: "status",
  summary: "show how far a run is, also while it goes on",
  usage: "rollcall status [OUTPUT | LEDGER] [--json]",
  examples: ["rollcall status", "rollcall status zips.ndjson --json", "rollcall status --all"],
  about: Ledgers.about,
  argument: "RUN",
  flags: {
    ...Ledgers.flags,
    all: Flag.toggle("all", { group: "Run", help: "every ledger: of this folder, and of runs without an output" }),
    json: Flag.toggle("json", { group: "Output", help: "one line of JSON for each list" })
  },
  handle: ({ all, json, ledger: file }, argument) =>
    Effect.gen(function*() {
      const path = yield* Path.Path
      if (all) return yield* show(yield* Overview.lines(json))
      const named = yield* Ledgers.find(argument, file)
      const holder = yield* named.holder
      const lines = yield* Effect.gen(function*() {
        const ledger = yield* Ledger
        const lists = yield* ledger.lists
        if (lists.length === 0) {
          return [json ? beginning(named.name, holder) : `${ofOutput(named.name)}: ${begun(holder)}`]
        }
        const stop = yield* Rollcall.stopOf(ledger)
        const same = yield* Sameness.kept(ledger)
        const budget = yield* Rollcall.budgetOf(ledger)
        const purse = yield* Purse.of(ledger, budget)
        yield* Ledgers.refuseOthers(named, lists, argument)
        const asked = yield* Ledgers.listsOf(named, lists, argument)
        const told = yield* Effect.forEach(asked.length > 0 ? asked : lists, (list) =>
          Effect.gen(function*() {
            // one run at a time, and it is that of the list used last
            const running = list.id === lists[0]!.id ? holder : undefined
            const counts = yield* ledger.counts(list.id)
            const told: Omit<Told, "gone"> = {
              list,
              name: Ledgers.nameOf(path, named, list, argument),
              counts,
              purse,
              budget,
              causes: yield* ledger.causes(list.id),
              standing: yield* ledger.standing(list.id),
              unfinished: pendingOf(counts) > 0 ? yield* ledger.unfinished(list.id) : none,
              now: yield* Clock.currentTimeMillis,
              same: same?.list === list.id && same.found === counts.outcomes.found ? same : undefined,
              stop: list.id === lists[0]!.id ? stop : undefined,
              holder: running,
              ledger: named.name,
              resume: (yield* JobNote.read(ledger, list.name)) === undefined
                ? undefined
                : JobNote.commandOf(path, named, Ledgers.nameOf(path, named, list, argument), lists.length === 1)
            }
            return json ? toJson(apart(told)) : toLine(apart(told))
          }))
        // it is that of all lists
        return json ? told : [...told, ...Purse.total(purse), ...Purse.lines(purse).map((line) => `budget: ${line}`)]
      }).pipe(Effect.provide(named.read))
      return yield* show([...lines, ...(json ? [] : yield* place(named))])
    })
})

const show = (lines: ReadonlyArray<string>) => Effect.as(Talk.print(lines), 0)

/** Where a ledger is that nobody has named, and what it takes. */
const place = (named: Ledgers.Named) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const [file] = named.files
    if (file === undefined || path.dirname(path.resolve(file)) !== path.resolve(yield* Ledgers.stateFolder)) return []
    const size = yield* Effect.match(fs.stat(file), { onFailure: () => 0, onSuccess: ({ size }) => Number(size) })
    return [`  ledger ${file} (${Talk.size(size)})`, "  rollcall forget --all removes it"]
  })

/** What was forgotten as a whole is told apart from what is no code. */
const apart = (told: Omit<Told, "gone">): Told => {
  const { causes, counts } = told
  const gone = causes.filter(isForgottenEntry).reduce((sum, { count }) => sum + count, 0)
  return {
    ...told,
    gone,
    causes: causes.filter((cause) => !isForgottenEntry(cause)),
    counts: { ...counts, refused: counts.refused - gone }
  }
}

interface Told {
  readonly list: Listed
  /** What it is called here: as the user named it. */
  readonly name: string
  readonly counts: Counts
  /** Of all runs on the ledger; those that a crash left unknown count. */
  readonly purse: Purse.Purse
  readonly budget: Budget.Budget
  readonly causes: ReadonlyArray<Cause>
  /** Entries of which nothing is known any more, as they were forgotten. */
  readonly gone: number
  readonly standing: Standing
  readonly unfinished: Unfinished
  readonly now: number
  /** What is the same in all answers. */
  readonly same: Sameness.Same | undefined
  /** Why the last run stopped, where it said so. */
  readonly stop: StopError | undefined
  readonly holder: Holder | undefined
  readonly ledger: string
  /** The command that goes on, where the ledger knows what it was made with. */
  readonly resume: string | undefined
}

/** A run that has read no list to its end. */
const begun = (holder: Holder | undefined) =>
  holder === undefined ? "begun, nothing answered yet" : `it reads its input (process ${holder.pid} on ${holder.host})`

const ofOutput = (ledger: string) => ledger.replace(/\.ledger$/, "")

const beginning = (ledger: string, holder: Holder | undefined) =>
  JSON.stringify({ ledger, state: holder === undefined ? "begun" : "running", holder: holder ?? null })

const pendingOf = ({ outcomes, questions }: Counts) => Math.max(0, questions - settled(outcomes))

const stateOf = ({ counts, holder }: Told) =>
  holder !== undefined ? "running" : pendingOf(counts) > 0 ? "stopped" : "complete"

const toLine = (told: Told): string => {
  const {
    budget,
    causes,
    counts,
    gone,
    holder,
    name,
    now,
    purse,
    same,
    standing: { oldest, stale },
    stop,
    unfinished
  } = told
  const pending = pendingOf(counts)
  // as a run says it
  const kinds = Talk.outcomes(counts.outcomes).map(([word, value]) => `${Talk.count(value)} ${word}`)
  const answered = settled(counts.outcomes)
  return [
    `${name}: ${Talk.count(answered)} of ${Talk.counted(answered + pending, "code")} answered`,
    kinds.length === 0 ? "" : ` (${kinds.join(", ")})`,
    counts.refused > 0 ? `, ${Talk.count(counts.refused)} invalid without a call` : "",
    pending > 0 ? `, ${Talk.count(pending)} pending` : "",
    gone > 0 ? `, ${Talk.counted(gone, "code")} forgotten` : "",
    counts.forgotten > 0 ? `, ${Talk.counted(counts.forgotten, "answer")} forgotten` : "",
    holder === undefined
      ? pending > 0
        ? `; ${stop === undefined ? "" : `stopped: ${stop.message}${stop.message.endsWith("?") ? "" : ":"} `}${
          goesOn(told, { calls: purse.calls, cost: purse.cost, pending, budget, settings: [], wall: now })
        }`
        : ""
      : `; running (process ${holder.pid} on ${holder.host})`,
    ...[
      ...Closing.causes(causes),
      ...(unfinished.count > 0
        ? [
          `${Talk.count(unfinished.count)} of the pending were answered on ${Moment.date(unfinished.since)}`
          + `${unfinished.count > 1 ? " or later" : ""}, and are to be asked again: export has these answers`
        ]
        : []),
      ...(stale.count > 0
        ? [`asked again in vain: ${Talk.count(stale.count)}; --redo failed asks them, export --only stale has them`]
        : []),
      ...(same === undefined ? [] : Closing.allSame(same).split("\n")),
      ...(now - oldest >= day && oldest < Infinity ? [`the oldest answer is of ${Talk.ago(now - oldest)}`] : [])
    ].map((line) => `\n  ${line}`)
  ].join("")
}

/** What is done next, by the name of the run where that will do. */
const goesOn = ({ resume, stop }: Told, rest: Parameters<typeof Closing.wayOn>[1]): string => {
  const way = Closing.wayOn(stop, rest)
  return resume === undefined
    ? way
    : way.startsWith("--")
    ? `${resume} ${way}`
    : way.replace("the same command goes on", `${resume} goes on`)
}

const none: Unfinished = { count: 0, since: Infinity }

const day = 86_400_000

const moment = (at: number) => at < Infinity ? DateTime.formatIso(DateTime.unsafeMake(at)) : null

const toJson = (told: Told): string => {
  const { causes, counts, gone, holder, ledger, list, purse, same, standing: { oldest, stale }, stop, unfinished } =
    told
  return JSON.stringify({
    list: list.name,
    source: list.source,
    outputs: list.outputs,
    // where these names mean something, in a ledger that machines share
    host: list.host ?? null,
    ledger,
    state: stateOf(told),
    entries: counts.entries,
    questions: counts.questions,
    refused: counts.refused,
    // as in a summary, what is no code is invalid
    outcomes: { ...counts.outcomes, invalid: counts.outcomes.invalid + counts.refused },
    pending: pendingOf(counts),
    again: unfinished.count,
    forgotten: counts.forgotten,
    gone,
    stale: stale.count,
    same: same?.words ?? null,
    oldest: moment(oldest),
    calls: purse.calls,
    ...Purse.toJson(purse),
    causes,
    stopped: stop?.message ?? null,
    holder: holder ?? null
  })
}
