/**
 * `rollcall export`: writes what a ledger holds to any output, at any time, without a call.
 */
import { FileSystem, Path } from "@effect/platform"
import { Effect, Option, Schema } from "effect"
import { parsers } from "../../Answer/Expect.ts"
import * as Format from "../../Job/Format.ts"
import * as Key from "../../Job/Key.ts"
import { forgottenEntry, isReview, isStale, Ledger, type Row } from "../../Ledger.ts"
import { Kind } from "../../Outcome.ts"
import * as Fields from "../../Rollcall/Fields.ts"
import * as Projection from "../../Rollcall/Projection.ts"
import type { SinkError } from "../../Sink.ts"
import type { Marks } from "../../Sink/Mark.ts"
import { UsageError } from "../Argv.ts"
import * as Command from "../Command.ts"
import * as Environment from "../Environment.ts"
import * as Flag from "../Flag.ts"
import * as Job from "../Job.ts"
import * as Ledgers from "../Ledgers.ts"
import * as Output from "../Output.ts"
import * as Remedy from "../Remedy.ts"
import * as Talk from "../Talk.ts"

// nothing that is asked today is skipped
const kinds = [...Kind.literals.filter((kind) => kind !== "skipped"), "review", "stale", "pending"] as const
type Only = (typeof kinds)[number]

const Kinds = Schema.String.pipe(
  Schema.filter((text) =>
    text.split(",").every((kind) => (kinds as ReadonlyArray<string>).includes(kind)) ||
    `it is one of ${kinds.join(", ")}`
  )
)

export const command = Command.make({
  name: "export",
  summary: "write what a run has answered to any output, without a call",
  usage: "rollcall export [OUTPUT | LEDGER] [-o FILE] [OPTIONS]",
  examples: [
    "rollcall export zips.ndjson --select city=data.city -o cities.csv",
    "rollcall export zips.ndjson --only failed -o again.txt"
  ],
  about: Ledgers.about,
  argument: "RUN",
  flags: {
    ...Ledgers.flags,
    ...Output.flags,
    select: Flag.repeated("select", Key.text, {
      group: "Answer",
      value: "city=data.city",
      help: "fields to pick out of the answer (JMESPath); else those of the run"
    }),
    only: Flag.repeated("only", Kinds, {
      group: "Answer",
      value: "KIND",
      help: "only failed, not_found, review, stale, …: as a list to run again"
    }),
    records: Flag.toggle("records", {
      group: "Answer",
      help: "with --only: whole records instead of a list to run again"
    }),
    force: Flag.toggle("force", { group: "Output", help: "replace FILE where it exists" }),
    quiet: Flag.toggle("quiet", { group: "Output", alias: "q", help: "no talk on standard error but errors" })
  },
  handle: (values, argument) =>
    Effect.gen(function*() {
      const named = yield* Ledgers.find(argument, values.ledger)
      const only = values.only.flatMap((text) => text.split(",")) as ReadonlyArray<Only>
      if (values.records && only.length === 0) return yield* new UsageError({ message: "--records goes with --only" })
      const entries = only.length > 0 && !values.records
      if (entries && values.select.length > 0) {
        return yield* new UsageError({ message: "--only writes a list to run again: add --records to select fields" })
      }
      return yield* Effect.scoped(Effect.gen(function*() {
        const ledger = yield* Ledger
        const lists = yield* ledger.lists
        const isNamed = Option.isSome(argument) || Option.isSome(values.ledger)
        const list = yield* Ledgers.listOf(named, lists, { argument, isNamed })
        const select = yield* Effect.forEach(values.select.length > 0 ? values.select : list.select, (text) =>
          Job.selected(text))
        const path = yield* Path.Path
        const files = new Set(named.files.map((file) =>
          path.resolve(file)
        ))
        const taken = values.output.find((output) =>
          lists.some(({ outputs }) => outputs.includes(Ledgers.outputId(path, named, output)))
          || files.has(path.resolve(output))
        )
        if (taken !== undefined) {
          return yield* new UsageError({ message: `${taken} belongs to the run itself: choose another name` })
        }
        // as the run wrote it
        const format = [...Option.toArray(argument), ...list.outputs].map(Format.ofName).find((one) =>
          one !== undefined
        )
        const fallback = !entries ? format ?? "ndjson" : list.columns.length === 0 ? "lines" : "csv"
        const sink = yield* Output.sink(values, { select: entries ? [] : select, entries }, named, fallback)
        yield* Effect.forEach(values.quiet ? [] : Output.guessed(values, fallback), (text) => Talk.say(text))
        const marks = noMarks(values.force)
        yield* Effect.catchTag(sink.check(marks), "SinkError", (error) =>
          error.reason !== "Exists"
            ? Effect.fail(error)
            : Effect.flatMap(isPlain(error.sink), (isPlain) => Effect.fail(isPlain ? standing(error) : error)))
        const wanted: ReadonlySet<string> = new Set(only)
        const fields = Fields.make(entries ? [] : select)
        const isChosen = ({ error, isAgain = false, outcome }: Old) =>
          // nothing is left of it that could be written
          error === forgottenEntry
            ? false
            : only.length === 0
            ? outcome !== null
            : wanted.has(outcome ?? "pending")
              || (isAgain && wanted.has("pending"))
              || (isReview(outcome, error) && wanted.has("review"))
              // what is about to be asked again was not asked in vain yet
              || (!isAgain && isStale(outcome, error) && wanted.has("stale"))
        /** Hands over the rows of the list from a place on, page by page. */
        const each = <E>(from: number, use: (rows: ReadonlyArray<Old>) => Effect.Effect<void, E>) =>
          Effect.gen(function*() {
            const nextPage = Projection.pages(ledger, list)
            for (let position = from; position < list.entries;) {
              const rows = yield* withEarlier(ledger, yield* nextPage(position))
              position += rows.length
              yield* use(rows)
            }
          })
        const writer = yield* sink.open({
          list,
          isOrdered: true,
          marks,
          again: (write) => each(0, (rows) => write(rows.filter(isChosen)))
        })
        let [written, pending, stale] = [0, 0, 0]
        yield* each(writer.position, (rows) => {
          const chosen = rows.filter(isChosen)
          pending += rows.filter(({ outcome }) => outcome === null).length
          written += chosen.length
          stale += chosen.filter(({ error, isAgain, outcome }) => isAgain !== true && isStale(outcome, error)).length
          if (Fields.isCurious(fields)) {
            for (const { body, outcome } of chosen) {
              if (outcome !== "found") Fields.seeOther(fields, body, list.expect)
              else if (body !== null) Fields.see(fields, parsers[list.expect](body))
            }
          }
          return writer.write(chosen)
        })
        yield* writer.complete
        if (values.quiet) return 0
        if (!isNamed && lists.length > 1) {
          const name = Ledgers.nameOf(path, named, list)
          yield* Talk.say(`the list of the last run, ${name}, of ${lists.length} in ${named.name}`)
        }
        yield* Talk.say(
          told({ written, pending, stale }, values.output.map(Environment.shown), { entries, only: only.length > 0 })
        )
        yield* Effect.forEach(
          [...(writer.warnings?.() ?? []).map(Remedy.told), ...Fields.warnings(fields, fields.seen)],
          (text) => Talk.say(`warning: ${text}`)
        )
        return 0
      })).pipe(Effect.provide(named.read))
    })
})

/** A row with an old answer, which is pending all the same. */
interface Old extends Row {
  readonly isAgain?: boolean
}

/** What is about to be asked again has its old answer until then. */
const withEarlier = (ledger: typeof Ledger.Service, rows: ReadonlyArray<Row>) => {
  const pending = rows.filter(({ outcome }) => outcome === null).map(({ question }) => question)
  if (pending.length === 0) return Effect.succeed(rows)
  return Effect.map(ledger.earlier(pending), (earlier): ReadonlyArray<Old> => {
    const before = new Map(earlier.map((answered) => [answered.question, answered]))
    return rows.map((row) => {
      const old = row.outcome === null ? before.get(row.question) : undefined
      return old === undefined ? row : { ...row, ...old, error: old.error ?? notYet, isAgain: true }
    })
  })
}

const notYet = JSON.stringify({ type: "error", message: "it is to be asked again" })

const isPlain = (file: string) =>
  Effect.flatMap(
    FileSystem.FileSystem,
    (fs) => Effect.match(fs.stat(file), { onFailure: () => false, onSuccess: ({ type }) => type === "File" })
  )

const standing = ({ sink }: SinkError) =>
  new UsageError({ message: `${sink} exists: choose another name, or --force to replace it` })

const told = (
  { pending, stale, written }: { readonly written: number; readonly pending: number; readonly stale: number },
  outputs: ReadonlyArray<string>,
  { entries, only }: { readonly entries: boolean; readonly only: boolean }
) =>
  [
    `${entries ? Talk.counted(written, "entry", "entries") : Talk.counted(written, "record")} written`,
    ...(pending > 0 && !only
      ? [`, ${Talk.counted(pending, "entry is", "entries are")} pending and not written`]
      : []),
    ...(stale > 0 && !only
      ? [
        `, ${Talk.count(stale)} of them asked again in vain and as they were (--only stale has ${
          stale === 1 ? "it" : "them"
        })`
      ]
      : []),
    ...(outputs.length > 0 ? [`: ${outputs.join(", ")}`] : [])
  ].join("")

/** An export begins anew each time; what stands under its name is somebody else's. */
const noMarks = (isForced: boolean): Marks => ({
  read: () => Effect.succeed(isForced ? ours : undefined),
  valid: () => Effect.succeed(undefined),
  write: () => Effect.void,
  changedSince: () => Effect.succeed(0)
})

const ours = {
  list: -1,
  epoch: 0,
  layout: "",
  position: 0,
  isComplete: false,
  isOurs: true,
  offset: 0
} as const
