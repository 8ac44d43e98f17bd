/**
 * Every kind of sink that has to survive: how it is asked for, and how what it wrote is read back. The tests of this folder loop over
 * this table.
 */
import { assert } from "@effect/vitest"
import { parse } from "csv-parse/sync"
import { Effect, type Scope } from "effect"
import { copyFileSync, existsSync, readdirSync, readFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { inject } from "vitest"
import { folder, records } from "../command.ts"
import { isProof } from "../scale.ts"
import { isThere, query } from "../schema.ts"
import * as Sqlite from "../sqlite.ts"

/** A record as any sink gives it back. */
export interface Seen {
  /** Absent where the sink does not tell it. */
  readonly line?: number
  readonly code: string
  readonly outcome: string
  /** The answer as a value; absent of what is not found. */
  readonly answer?: unknown
  /** The other columns of the input, where there are any. */
  readonly columns?: Readonly<Record<string, unknown>>
}

export interface Kind {
  readonly name: string
  /** The words that ask for it in a run in this folder. */
  readonly words: (cwd: string) => ReadonlyArray<string>
  /** Makes the place that it needs, until the scope closes. */
  readonly prepare: (cwd: string) => Effect.Effect<unknown, never, Scope.Scope>
  /** The files that it writes, in the folder of the run; none where that is no file. */
  readonly files: ReadonlyArray<string>
  /** Whether records tell their line. */
  readonly tellsLine: boolean
  /** Whether there is an output that looks complete. */
  readonly isFinished: (cwd: string) => Effect.Effect<boolean>
  /** All records in their order; dies of what is malformed. */
  readonly read: (cwd: string) => Effect.Effect<ReadonlyArray<Seen>>
  /** The output as bytes, of a kind where equal runs give equal bytes; `--format` with its name gives the same on standard output. */
  readonly bytes?: (cwd: string) => Buffer
}

/** A text file `out.ENDING`, which grows beside it. */
const file = (ending: string, tellsLine: boolean, decode: (text: string) => ReadonlyArray<Seen>): Kind => {
  const name = `out.${ending}`
  return {
    name: ending,
    words: () => ["-o", name],
    prepare: () => Effect.void,
    files: [`${name}.part`, name],
    tellsLine,
    isFinished: (cwd) => Effect.sync(() => existsSync(join(cwd, name))),
    read: (cwd) => Effect.sync(() => decode(readFileSync(join(cwd, name), "utf8"))),
    bytes: (cwd) => readFileSync(join(cwd, name))
  }
}

/** The rows of the runs that are complete; none where there is no such table. */
const rowsOf = (
  query: (text: string) => Effect.Effect<ReadonlyArray<any>>,
  exists: string,
  schema: string
): Effect.Effect<ReadonlyArray<any>> =>
  Effect.flatMap(query(exists), ({ length }) =>
    length === 0 ? Effect.succeed([]) : query(
      `select * from ${schema}rollcall join ${schema}rollcall_mark using (run) where is_complete order by ordinal`
    ))

/** Columns of such a row that are not the input's. */
const own = new Set(
  ("run ordinal line code input answer outcome http_status error_type error attempts calls repeat "
    + "table_name layout list epoch position is_complete").split(" ")
)

/** A table `rollcall`. */
const table = (
  { rows, ...kind }:
    & Pick<Kind, "name" | "words" | "prepare" | "files">
    // none where there is no such table
    & { readonly rows: (cwd: string) => Effect.Effect<ReadonlyArray<any>> }
): Kind => ({
  ...kind,
  tellsLine: true,
  isFinished: (cwd) => Effect.map(rows(cwd), ({ length }) => length > 0),
  read: (cwd) =>
    Effect.map(rows(cwd), (all) =>
      all.map((row) => ({
        line: Number(row.line),
        code: row.code,
        outcome: row.outcome,
        ...(row.answer === null
          ? {}
          : { answer: typeof row.answer === "string" ? JSON.parse(row.answer) : row.answer }),
        ...others(Object.fromEntries(Object.entries(row).filter(([name]) => !own.has(name))))
      })))
})

/** Columns that are there. */
const others = (columns: Readonly<Record<string, unknown>> = {}) => Object.keys(columns).length === 0 ? {} : { columns }

const all: ReadonlyArray<Kind> = [
  file("ndjson", true, (text) =>
    records(text).map((record) => ({
      line: record.line,
      code: record.code,
      outcome: record.outcome,
      ...("answer" in record ? { answer: record.answer } : {}),
      ...others(record.columns)
    }))),
  file("csv", false, (text) =>
    parse<Record<string, string>>(text, { columns: true }).map((row) => {
      const { answer = "", code = "", error: _error, http_status: _status, outcome = "", ...columns } = row
      return { code, outcome, ...(answer === "" ? {} : { answer: JSON.parse(answer) }), ...others(columns) }
    })),
  table({
    name: "sqlite",
    words: () => ["-o", "out.db"],
    prepare: () => Effect.void,
    files: ["out.db", "out.db-wal", "out.db-shm", "out.db-journal"],
    rows: (cwd) =>
      Effect.gen(function*() {
        // a copy, because a look at what a crash left would mend it
        const copy = yield* folder
        for (const name of readdirSync(cwd)) {
          if (/^out\.db(?:-wal|-journal)?$/.test(name)) copyFileSync(join(cwd, name), join(copy, name))
        }
        return yield* rowsOf(
          (text) => Sqlite.query(join(copy, "out.db"), text),
          "select 1 from sqlite_schema where name = 'rollcall_mark'",
          ""
        )
      }).pipe(Effect.scoped)
  }),
  table({
    name: "postgres",
    words: (cwd) => {
      const url = new URL(inject("postgres"))
      url.searchParams.set("table", `${schemaOf(cwd)}.rollcall`)
      return ["-o", url.href]
    },
    prepare: (cwd) =>
      Effect.acquireRelease(
        query(`create schema "${schemaOf(cwd)}"`),
        () => query(`drop schema "${schemaOf(cwd)}" cascade`)
      ),
    files: [],
    rows: (cwd) =>
      rowsOf(
        query,
        `select 1 from pg_tables where schemaname = '${schemaOf(cwd)}' and tablename = 'rollcall_mark'`,
        `"${schemaOf(cwd)}".`
      )
  })
]

export const sinks = all.filter(({ name }) => isThere || name !== "postgres")

/**
 * Those that write files; the others are disturbed at the files of their ledger alone, which are the same. A file of CSV grows as one of
 * NDJSON does, so that the short form leaves it out.
 */
export const written = sinks.filter(({ files, name }) => files.length > 0 && (isProof || name !== "csv"))

/** A schema of its own for each folder. */
const schemaOf = (cwd: string) => basename(dirname(cwd))

/** Fails where what was read is not what must be there: says what is lost, twice or wrong, and shows the first of it. */
export const assertSame = (
  { name, tellsLine }: Kind,
  expected: ReadonlyArray<Seen>,
  seen: ReadonlyArray<Seen>
): void => {
  const text = ({ answer, code, columns, line, outcome }: Seen) =>
    JSON.stringify([tellsLine ? line : undefined, code, outcome, answer, columns])
  const [wanted, got] = [expected.map(text), seen.map(text)]
  const first = Array.from({ length: Math.max(wanted.length, got.length) }, (_, index) => index)
    .find((index) => wanted[index] !== got[index])
  if (first === undefined) return
  const [lost, right] = [new Set(wanted), new Set(wanted)]
  let [twice, wrong] = [0, 0]
  for (const one of got) {
    if (lost.delete(one)) continue
    if (right.has(one)) twice++
    else wrong++
  }
  assert.fail(
    `${name}: ${got.length} records for ${wanted.length} entries, ${lost.size} lost, ${twice} twice, ${wrong} wrong; `
      + `record ${first + 1} is ${got[first]} in place of ${wanted[first]}`
  )
}
