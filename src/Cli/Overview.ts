/**
 * The ledgers that are known: those in this folder, and those of runs without an output file, in the state folder.
 */
import { FileSystem } from "@effect/platform"
import { Clock, DateTime, Effect, Option } from "effect"
import { Ledger } from "../Ledger.ts"
import { settled } from "../Summary.ts"
import * as Ledgers from "./Ledgers.ts"
import * as Talk from "./Talk.ts"
import * as Width from "./Width.ts"

/** What is told of a ledger. */
interface Known {
  readonly ledger: string
  readonly answered: number
  readonly questions: number
  /** Of all its files. */
  readonly bytes: number
  /** When it was written to, in milliseconds since 1970. */
  readonly at: number
}

/** What a ledger holds, as far as it can be read. */
const look = (file: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const named = yield* Ledgers.named(file)
    const sizes = yield* Effect.forEach(named.files, (path) =>
      Effect.match(fs.stat(path), {
        onFailure: () => ({ bytes: 0, at: 0 }),
        onSuccess: ({ mtime, size }) => ({
          bytes: Number(size),
          at: Option.match(mtime, { onNone: () => 0, onSome: (time) => time.getTime() })
        })
      }))
    const { answered, questions } = yield* Effect.gen(function*() {
      const ledger = yield* Ledger
      const [list, ...others] = yield* ledger.lists
      if (list === undefined) return nothing
      // a code that stands in several lists is one
      if (others.length > 0) return yield* ledger.distinct
      const { outcomes, questions } = yield* ledger.counts(list.id)
      return { answered: settled(outcomes), questions }
    }).pipe(Effect.provide(named.read), Effect.orElseSucceed(() => nothing))
    return {
      ledger: file,
      answered,
      questions,
      bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
      at: Math.max(...sizes.map(({ at }) => at))
    } satisfies Known
  })

const nothing = { answered: 0, questions: 0 }

const lookInto = (folder: string) =>
  Effect.flatMap(Ledgers.ledgersIn(folder), (files) => Effect.forEach(files.toSorted(), look))

/** A line for each ledger, or JSON. */
export const lines = (json: boolean) =>
  Effect.gen(function*() {
    const folder = yield* Ledgers.stateFolder
    const now = yield* Clock.currentTimeMillis
    const here = yield* lookInto(".")
    const kept = yield* lookInto(folder)
    if (json) {
      return [...here, ...kept].map((known) =>
        JSON.stringify({ ...known, at: DateTime.formatIso(DateTime.unsafeMake(known.at)) })
      )
    }
    const rows = (all: ReadonlyArray<Known>) => all.map((known) => cells(known, now))
    const widths = columns.map((_, index) => Math.max(...rows([...here, ...kept]).map((row) => row[index]!.length)))
    const wide = (all: ReadonlyArray<Known>) =>
      rows(all).map((row) => `  ${row.map((cell, index) => columns[index]!(cell, widths[index]!)).join("  ")}`)
    const isNarrow = Width.widthOf(process.stdout) < narrow
    const table = (all: ReadonlyArray<Known>) => isNarrow ? rows(all).flatMap(below) : wide(all)
    const bytes = kept.reduce((sum, { bytes }) => sum + bytes, 0)
    return [
      here.length === 0 ? "no ledger in this folder" : "in this folder:",
      ...table(here),
      `in ${folder}, of runs without an output file: ${
        kept.length === 0 ? "none" : `${Talk.counted(kept.length, "ledger")}, ${Talk.size(bytes)}`
      }`,
      ...table(kept),
      ...(kept.length === 0 ? [] : ["rollcall forget LEDGER --all removes one"])
    ]
  })

const cells = ({ answered, at, bytes, ledger, questions }: Known, now: number): ReadonlyArray<string> => [
  `${Talk.count(answered)} of ${Talk.count(questions)} answered`,
  Talk.size(bytes),
  Talk.ago(now - at),
  ledger
]

/** Columns of a terminal from which on a ledger has one line. */
const narrow = 60

/** A ledger, and below it what is told of it. */
const below = (row: ReadonlyArray<string>): ReadonlyArray<string> => [
  `  ${row.at(-1)}`,
  `    ${row.slice(0, -1).join(", ")}`
]

const left = (cell: string, width: number) => cell.padStart(width)
const columns: ReadonlyArray<(cell: string, width: number) => string> = [
  left,
  left,
  (cell, width) => cell.padEnd(width),
  (cell) => cell
]
