/**
 * What outputs in tables have in common: a row for each entry, known by its run and its place there.
 *
 * A row is the record of NDJSON with its parts as columns: `code`, `input` where it differs, the input's other columns, the selected
 * fields or one `answer`, and what the outcome tells. Rows, and how far they go, are committed together in the database itself; so a run
 * goes on where its rows end, and each stands once.
 */
import { Effect, type Scope } from "effect"
import type { Listed, Row } from "../Ledger.ts"
import type { Advice, Remedy } from "../Outcome.ts"
import type { Options, Sink, Writer } from "../Sink.ts"
import * as Mark from "./Mark.ts"
import { clashed, SinkError } from "./SinkError.ts"
import * as Rows from "./Table/Rows.ts"
import type { Progress } from "./Table/Sql.ts"
import * as Sql from "./Table/Sql.ts"

/** Rows that are written at once. */
export interface Piece {
  readonly rows: ReadonlyArray<ReadonlyArray<unknown>>
  /** How far the run is with them; not where they come in any order. */
  readonly progress: Progress | undefined
  /** The places between which these are the only rows; not where there are no others. */
  readonly only: { readonly from: number; readonly to: number } | undefined
}

/** A database that takes rows in a table. */
export interface Database {
  readonly name: string
  /** The same for the same table, however its place is written. */
  readonly id: string
  readonly table: string
  /** How another table of it is named. */
  readonly other: string
  /** The columns that a table of it can have at most, and names that it has taken itself. */
  readonly columnLimit: number
  readonly isTaken: (column: string) => boolean
  /** Fails where it cannot be reached, or is not what it should be. Makes nothing. */
  readonly check: Effect.Effect<void, SinkError>
  readonly open: (run: string, columns: ReadonlyArray<Rows.Column>) => Effect.Effect<Table, SinkError, Scope.Scope>
}

/** A table that is open for the rows of a run. */
export interface Table {
  /** The columns, each with its type, that it would be made with, and those that it has, if it is there. */
  readonly wanted: ReadonlyArray<string>
  readonly found: ReadonlyArray<string> | undefined
  /** How far the run is; only where the table is there. */
  readonly progress: Progress | undefined
  /** How many rows of the run stand before a place. */
  readonly count: (position: number) => Effect.Effect<number, SinkError>
  /** Whether rows of other runs stand there. */
  readonly isShared: Effect.Effect<boolean, SinkError>
  /** Takes columns away, and adds others that are empty. */
  readonly reshape: (drop: ReadonlyArray<string>, add: ReadonlyArray<Rows.Column>) => Effect.Effect<void, SinkError>
  /** Makes the table, if it is not there. */
  readonly begin: (progress: Progress) => Effect.Effect<void, SinkError>
  /** Writes rows, over those that stand there. */
  readonly write: (piece: Piece) => Effect.Effect<void, SinkError>
  /** Drops the run's rows from a place on, and makes everything durable. */
  readonly complete: (progress: Progress, end: number) => Effect.Effect<void, SinkError>
  /** What its reader should know of what it holds, in a line each. */
  readonly warnings?: () => ReadonlyArray<Advice>
}

/** How the rows are laid out. */
export type TableOptions = Pick<Options, "select" | "noTiming" | "entries">

/** Rows, and characters of answers, that are written at once. */
const [pieceSize, pieceLength] = [512, 4 * 1024 * 1024]

/** A sink that writes to a table. */
export const make = (database: Database, options: TableOptions = {}): typeof Sink.Service => {
  const failed = (reason: SinkError["reason"], detail: string, remedy?: Remedy) =>
    new SinkError({ reason, sink: database.name, detail, remedy })
  const layoutOf = (list: Listed): Rows.Layout => ({ select: [], noTiming: false, ...options, list })
  const rowsOf = (layout: Rows.Layout): Effect.Effect<Rows.Encoder, SinkError> => {
    if (options.entries === true) return failed("Clash", "an input to run again is text: write CSV or NDJSON")
    if (database.table.endsWith(Sql.named(Sql.marks))) {
      return failed("Clash", `the table ${Sql.marks} is ours: name another one (${database.other})`)
    }
    const rows = Rows.make(layout)
    if ("clash" in rows) return clashed(database.name, rows)
    if (rows.columns.length > database.columnLimit) {
      return failed(
        "Clash",
        `a table holds ${database.columnLimit.toLocaleString("en")} columns, and these are `
          + `${rows.columns.length.toLocaleString("en")}: write NDJSON or CSV, or fewer columns`
      )
    }
    const taken = rows.columns.find(({ name }) => database.isTaken(name.toLowerCase()))
    return taken === undefined ? Effect.succeed(rows) : failed(
      "Clash",
      `the database has columns of its own called ${JSON.stringify(taken.name)}: `
        + "rename the input's column, or give a selected one another name",
      "select"
    )
  }
  return {
    outputs: [database.id],
    select: options.select?.map(({ text }) => text) ?? [],
    check: () => database.check,
    fits: (list) => Effect.asVoid(rowsOf(layoutOf(list))),
    open: ({ isOrdered, list, marks: ledger }) =>
      Effect.gen(function*() {
        const layout = layoutOf(list)
        const rows = yield* rowsOf(layout)
        const identity = yield* Rows.identify(layout, rows)
        const table = yield* database.open(list.name, rows.columns)
        const note = Mark.ofTable(database.id, list.name)
        const mark = yield* ledger.read(note)
        const names = rows.columns.map(({ name }) => name)
        const { added, dropped } = differences(table)
        if (added.length + dropped.length > 0) {
          const drop = ours(dropped, mark)
          // its rows are written anew from the ledger, and those of others could not be
          if (drop === undefined || table.progress === undefined || (yield* table.isShared)) {
            return yield* failed(
              "Exists",
              `the table ${database.table} has other columns (${shown(added, dropped)}): `
                + `name another table (${database.other}), or drop it if its rows are not needed`
            )
          }
          yield* table.reshape(drop, rows.columns.filter((_, index) => added.includes(table.wanted[index]!)))
        }
        if (mark?.isOurs === true) {
          if (String(mark.columns) !== String(names)) yield* ledger.write(note, { ...mark, columns: names })
        } else {
          if (table.found !== undefined && (yield* table.count(2 ** 53)) > 0) {
            return yield* failed(
              "Exists",
              `the table ${database.table} has rows of a run ${Sql.quoted(list.name)} that are not of this ledger: `
                + `name another table (${database.other}), or delete them (delete from ${database.table} where run = ${
                  Sql.quoted(list.name)
                })`
            )
          }
          yield* ledger.write(note, {
            ...Mark.at(list, identity, 0),
            offset: 0,
            isComplete: false,
            isOurs: true,
            columns: names
          })
        }

        const at = (position: number, isComplete = false): Progress => ({
          ...Mark.at(list, identity, position),
          isComplete
        })
        const held = yield* standing(table, list, identity, ledger)
        const isDone = held === list.entries && table.progress?.isComplete === true && table.progress.position === held
        if (!isDone) yield* table.begin(at(held))
        /** The end of what is written. */
        let next = held
        /** The rows that stand there in the end, where each is written once. */
        let rowsInAll = held
        return {
          position: held,
          write: (page) =>
            Effect.forEach(pieces(page.filter(({ ordinal }) => ordinal >= held)), (piece) =>
              Effect.suspend(() => {
                const to = piece.at(-1)!.ordinal + 1
                const from = next
                if (isOrdered) next = to
                rowsInAll += piece.length
                return table.write({
                  rows: piece.map(rows.encode),
                  progress: isOrdered ? at(to) : undefined,
                  only: isOrdered && to - from > piece.length ? { from, to } : undefined
                })
              }), { discard: true }),
          // it is kept with the rows
          keep: () => Effect.void,
          complete: Effect.suspend(() => table.complete(at(list.entries, true), isOrdered ? next : list.entries)).pipe(
            Effect.zipRight(isOrdered && !isDone ? table.count(2 ** 53) : Effect.succeed(Infinity)),
            Effect.filterOrElse(
              (found) => found >= rowsInAll,
              (found) =>
                Effect.zipRight(
                  table.begin(at(0)),
                  failed(
                    "Write",
                    `${found} of ${rowsInAll} rows ${
                      found === 1 ? "is" : "are"
                    } there, the others were deleted during the run: `
                      + "the same command writes them again, without a call"
                  )
                )
            ),
            Effect.asVoid
          ),
          ...(table.warnings === undefined ? {} : { warnings: table.warnings })
        } satisfies Writer
      })
  }
}

/** The rows of the run, from the first, that are what they would be if they were written now. */
const standing = ({ count, progress }: Table, list: Listed, layout: string, ledger: Mark.Marks) =>
  Effect.gen(function*() {
    if (progress === undefined || progress.list !== list.id || progress.layout !== layout) return 0
    const changed = yield* ledger.changedSince(list, progress.epoch)
    const position = Math.min(progress.position, changed, list.entries)
    // somebody may have deleted some
    return (yield* count(position)) === position ? position : 0
  })

/** The columns that the table lacks, and those that it has besides, each with its type. */
const differences = ({ found, wanted }: Table) => ({
  added: found === undefined ? [] : wanted.filter((column) => !found.includes(column)),
  dropped: (found ?? []).filter((column) => !wanted.includes(column))
})

/** Columns by their names where all of them are ours to drop: the table was made with them, and no row is known by them. */
const ours = (columns: ReadonlyArray<string>, mark: Mark.Mark | undefined): ReadonlyArray<string> | undefined => {
  const made = mark?.isOurs === true ? mark.columns ?? [] : []
  const names = columns.map((column) => made.find((name) => column === name || column.startsWith(`${name} `)))
  return names.every((name) => name !== undefined && !Sql.key.includes(name))
    ? names as ReadonlyArray<string>
    : undefined
}

const shown = (added: ReadonlyArray<string>, dropped: ReadonlyArray<string>): string => {
  const parts = [...added.map((column) => `without ${column}`), ...dropped.map((column) => `with ${column}`)]
  return `${parts.slice(0, 3).join(", ")}${parts.length > 3 ? ", …" : ""}`
}

const pieces = (rows: ReadonlyArray<Row>): ReadonlyArray<ReadonlyArray<Row>> => {
  const cut: Array<Array<Row>> = []
  let length = Infinity
  for (const row of rows) {
    if (length > pieceLength || cut.at(-1)!.length === pieceSize) {
      cut.push([])
      length = 0
    }
    cut.at(-1)!.push(row)
    length += row.body?.length ?? 0
  }
  return cut
}
