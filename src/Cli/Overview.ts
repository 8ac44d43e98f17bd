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
    // what is no screen is read by a program, or copied from: it is whole
    const width = process.stdout.isTTY && process.stdout.columns > 0 ? process.stdout.columns : Infinity
    const isNarrow = width < narrow
    const rows = (all: ReadonlyArray<Known>) => all.map((known) => cells(known, now))
    const widths = columns.map((_, index) => Math.max(...rows([...here, ...kept]).map((row) => row[index]!.length)))
    const wide = (all: ReadonlyArray<Known>) =>
      rows(all).map((row) => {
        const before = row.slice(0, -1).map((cell, index) => columns[index]!(cell, widths[index]!)).join("  ")
        return `  ${before}  ${Width.middle(row.at(-1)!, Math.max(shortest, width - before.length - 4))}`
      })
    const table = (all: ReadonlyArray<Known>) => isNarrow ? rows(all).flatMap(below(width)) : wide(all)
    const bytes = kept.reduce((sum, { bytes }) => sum + bytes, 0)
    return [
      here.length === 0 ? "no ledger in this folder" : "in this folder:",
      ...table(here),
      ...place(
        folder,
        `of runs without an output file: ${
          kept.length === 0 ? "none" : `${Talk.counted(kept.length, "ledger")}, ${Talk.size(bytes)}`
        }`,
        width
      ),
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

/** So much of a path is shown, however narrow the terminal is. */
const shortest = 20

/** A ledger, and below it what is told of it. */
const below = (width: number) => (row: ReadonlyArray<string>): ReadonlyArray<string> => [
  `  ${Width.middle(row.at(-1)!, Math.max(shortest, width - 2))}`,
  `    ${row.slice(0, -1).join(", ")}`
]

/** A folder, and what is told of it; below it where both have no room in a line. */
const place = (folder: string, told: string, width: number): ReadonlyArray<string> => {
  const line = `in ${folder}, ${told}`
  if (line.length <= width) return [line]
  return [`in ${Width.middle(folder, Math.max(shortest, width - 4))},`, ...Width.wrap(told, width)]
}

const left = (cell: string, width: number) => cell.padStart(width)
const columns: ReadonlyArray<(cell: string, width: number) => string> = [
  left,
  left,
  (cell, width) => cell.padEnd(width),
  (cell) => cell
]
