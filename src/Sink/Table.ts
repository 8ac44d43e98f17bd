/**
 * What outputs in tables have in common: a row for each entry, known by its run and its place there.
 *
 * A row is the record of NDJSON with its parts as columns: `code`, `input` where it differs, the input's other columns, the selected
 * fields or one `answer`, and what the outcome tells. Rows, and how far they go, are committed together in the database itself; so a run
 * goes on where its rows end, and each stands once.
 */
import { Effect, type Scope } from "effect"
import { fromKey } from "../Entry.ts"
import type { List, Listed, Row } from "../Ledger.ts"
import type { Select } from "../Lookup/Select.ts"
import { type Clash, type Options, type Sink, SinkError, type Writer } from "../Sink.ts"
import * as Answer from "./Answer.ts"
import * as Columns from "./Columns.ts"
import * as Mark from "./Mark.ts"
import * as Value from "./Value.ts"

/**
 * What stands in a column: a whole number (`place` beyond 2³¹), a number, `true` or `false`, milliseconds since 1970, text, JSON as text,
 * or a {@link Value.Value}. `null` stands in any of them.
 */
export type Kind = "integer" | "place" | "real" | "boolean" | "time" | "text" | "json" | "value"

export interface Column {
  readonly name: string
  readonly kind: Kind
}

/** Rows as cells: one for each column. */
export interface Encoder {
  readonly columns: ReadonlyArray<Column>
  readonly encode: (row: Row) => ReadonlyArray<unknown>
}

/** The columns by which a row is known. */
const key = ["run", "ordinal"]

/** What does not depend on the kind of table. */
export interface Layout {
  readonly list: List
  readonly select: ReadonlyArray<Select>
  readonly noTiming: boolean
}

/** How rows of a list become cells. */
export const encoder = (layout: Layout): Encoder | Clash => {
  const { list, noTiming, select } = layout
  const others = list.columns.filter((name) => name !== list.column)
  const before: ReadonlyArray<Column> = [
    { name: "run", kind: "text" },
    { name: "ordinal", kind: "place" },
    { name: "line", kind: "place" },
    { name: "code", kind: "text" },
    { name: "input", kind: "text" }
  ]
  const after: ReadonlyArray<Column> = [
    ...(select.length === 0
      ? [{ name: "answer", kind: list.expect === "json" ? "json" as const : "text" as const }]
      : select.map(({ name }): Column => ({ name, kind: "value" }))),
    { name: "outcome", kind: "text" },
    { name: "http_status", kind: "integer" },
    { name: "error_type", kind: "text" },
    { name: "error", kind: "text" },
    { name: "attempts", kind: "integer" },
    { name: "calls", kind: "integer" },
    { name: "repeat", kind: "boolean" },
    ...(noTiming ? [] : [{ name: "ms", kind: "real" } as const, { name: "at", kind: "time" } as const])
  ]
  const names = Columns.beside(
    others,
    [...before, ...after].map(({ name }) => name),
    select.map(({ name }) => name),
    (name) => name.toLowerCase()
  )
  if ("clash" in names) return names
  const columns = [...before, ...names.map((name): Column => ({ name, kind: "value" })), ...after]
  const clash = clashOf(columns.map(({ name }) => name))
  if (clash !== undefined) return { clash }
  return {
    columns,
    encode: (row) => {
      const code = row.key === null ? row.input.trim() : fromKey(row.key, list.inputs).code
      const given = row.columns === null ? () => null : Value.row(row.columns)
      const error = Answer.told(row)
      return [
        list.name,
        row.ordinal,
        row.line,
        code,
        row.input === code ? null : row.input,
        ...others.map(given),
        ...answered(row, layout),
        row.outcome,
        row.http_status,
        error?.type ?? null,
        error?.message ?? null,
        row.isRepeat ? 0 : row.attempts,
        row.isRepeat ? 0 : row.calls,
        row.isRepeat,
        ...(noTiming ? [] : row.isRepeat || row.ms === null ? [null, null] : [row.ms, row.at])
      ]
    }
  }
}

const answered = (row: Row, { list: { expect }, select }: Layout): ReadonlyArray<unknown> => {
  if (!Answer.isThere(row, expect, select)) return select.length === 0 ? [null] : select.map(() => null)
  if (select.length === 0) return [expect === "json" ? Answer.json(row, expect) : row.body]
  return Answer.selected(row, expect, select)
}

/** Many a database does not tell names apart that differ in case alone. */
const clashOf = (names: ReadonlyArray<string>): string | undefined => {
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name.toLowerCase())) return Columns.twice(name)
    seen.add(name.toLowerCase())
  }
  return names.some((name) => name.trim() === "" || name.includes("\0") || !name.isWellFormed())
    ? "a column of the input has no name that a table can have: give it one"
    : undefined
}

/** How far the rows of a run go. */
export interface Progress extends Mark.Place {
  readonly isComplete: boolean
}

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
  readonly open: (run: string, columns: ReadonlyArray<Column>) => Effect.Effect<Table, SinkError, Scope.Scope>
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
  /** Makes the table, if it is not there. */
  readonly begin: (progress: Progress) => Effect.Effect<void, SinkError>
  /** Writes rows, over those that stand there. */
  readonly write: (piece: Piece) => Effect.Effect<void, SinkError>
  /** Drops the run's rows from a place on, and makes everything durable. */
  readonly complete: (progress: Progress, end: number) => Effect.Effect<void, SinkError>
  /** What its reader should know of what it holds, in a line each. */
  readonly warnings?: () => ReadonlyArray<string>
}

/** How the rows are laid out. */
export type TableOptions = Pick<Options, "select" | "noTiming" | "entries">

/** Rows, and characters of answers, that are written at once. */
const [pieceSize, pieceLength] = [512, 4 * 1024 * 1024]

/** A sink that writes to a table. */
export const make = (database: Database, options: TableOptions = {}): typeof Sink.Service => {
  const failed = (reason: SinkError["reason"], detail: string) => new SinkError({ reason, sink: database.name, detail })
  const layoutOf = (list: Listed): Layout => ({ select: [], noTiming: false, ...options, list })
  const rowsOf = (layout: Layout): Effect.Effect<Encoder, SinkError> => {
    if (options.entries === true) return failed("Clash", "an input to run again is text: write CSV or NDJSON")
    if (database.table.endsWith(named(marks))) {
      return failed("Clash", `the table ${marks} is ours: name another one (${database.other})`)
    }
    const rows = encoder(layout)
    if ("clash" in rows) return failed("Clash", rows.clash)
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
        + "rename the input's column, or give a selected one another name (--select name=expression)"
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
        const identity = yield* identify(layout, rows)
        const table = yield* database.open(list.name, rows.columns)
        const problem = differences(table)
        if (problem !== undefined) {
          return yield* failed(
            "Exists",
            `the table ${database.table} has other columns (${problem}): name another table (${database.other}), `
              + "or drop it if its rows are not needed"
          )
        }
        const note = Mark.ofTable(database.id, list.name)
        if ((yield* ledger.read(note))?.isOurs !== true) {
          if (table.found !== undefined && (yield* table.count(2 ** 53)) > 0) {
            return yield* failed(
              "Exists",
              `the table ${database.table} has rows of a run ${quoted(list.name)} that are not of this ledger: `
                + `name another table (${database.other}), or delete them (delete from ${database.table} where run = ${
                  quoted(list.name)
                })`
            )
          }
          yield* ledger.write(note, {
            ...Mark.at(list, identity, 0),
            offset: 0,
            isComplete: false,
            isOurs: true
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

const differences = ({ found, wanted }: Table): string | undefined => {
  if (found === undefined) return undefined
  const parts = [
    ...wanted.filter((column) => !found.includes(column)).map((column) => `without ${column}`),
    ...found.filter((column) => !wanted.includes(column)).map((column) => `with ${column}`)
  ]
  return parts.length === 0 ? undefined : `${parts.slice(0, 3).join(", ")}${parts.length > 3 ? ", …" : ""}`
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

/** Stands for how rows are laid out: equal ones give equal cells. */
export const identify = (
  { list: { column, expect, inputs }, select }: Layout,
  { columns }: Encoder
): Effect.Effect<string> => Mark.identity({ columns, column, expect, inputs, select: select.map(({ text }) => text) })

/** A name, and a text, in SQL. */
export const named = (name: string): string => `"${name.replaceAll("\"", "\"\"")}"`
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** The columns in SQL, each with the type of its kind. */
export const definition = (columns: ReadonlyArray<Column>, types: Readonly<Record<Kind, string>>): string =>
  [
    ...columns.map(({ kind, name }) => `${named(name)} ${types[kind]}${key.includes(name) ? " not null" : ""}`),
    `primary key (${key.join(", ")})`
  ].join(", ")

/** Their names; a table may have them in another order. */
export const names = (columns: ReadonlyArray<Column>): string => columns.map(({ name }) => named(name)).join(", ")

/** What makes an `insert` write rows anew that stand already. */
export const onConflict = (columns: ReadonlyArray<Column>): string => overwrite(key, columns.map(({ name }) => name))

const overwrite = (key: ReadonlyArray<string>, columns: ReadonlyArray<string>) =>
  `on conflict (${key.join(", ")}) do update set ${
    columns.filter((name) => !key.includes(name)).map((name) => `${named(name)} = excluded.${named(name)}`).join(", ")
  }`

/** The table that says how far runs are. */
export const marks = "rollcall_mark"
export const onMarkConflict = overwrite(["table_name", "run"], ["layout", "list", "epoch", "position", "is_complete"])

/** A row of it: the columns of {@link onMarkConflict}. */
export const progressOf = ([layout, list, epoch, position, isComplete]: ReadonlyArray<any>): Progress => ({
  layout,
  list,
  epoch,
  position,
  isComplete: Boolean(isComplete)
})
