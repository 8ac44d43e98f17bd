/**
 * Every kind of sink that has to survive: how it is asked for, and how what it wrote is read back. The tests of this folder loop over
 * this table.
 */
import { SqliteClient } from "@effect/sql-sqlite-node"
import { assert } from "@effect/vitest"
import { parse } from "csv-parse/sync"
import { Effect } from "effect"
import { createHash } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { inject } from "vitest"
import { connect } from "../../src/Ledger/Sqlite/Connection.ts"
import { records } from "../command.ts"
import { query } from "../schema.ts"

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
  /** The words that ask for it, for a run in a folder. */
  readonly words: (cwd: string) => ReadonlyArray<string>
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
    files: [`${name}.part`, name],
    tellsLine,
    isFinished: (cwd) => Effect.sync(() => existsSync(join(cwd, name))),
    read: (cwd) => Effect.sync(() => decode(readFileSync(join(cwd, name), "utf8"))),
    bytes: (cwd) => readFileSync(join(cwd, name))
  }
}

/** Columns that are there. */
const others = (columns: Readonly<Record<string, unknown>> = {}) => Object.keys(columns).length === 0 ? {} : { columns }

export const sinks: ReadonlyArray<Kind> = [
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
  {
    name: "sqlite",
    words: () => ["-o", "out.db"],
    files: ["out.db", "out.db-wal"],
    tellsLine: true,
    isFinished: (cwd) =>
      Effect.map(sqlite(cwd, "select is_complete from rollcall_mark"), ([row]) => row?.is_complete === 1),
    read: (cwd) => Effect.map(sqlite(cwd, "select * from rollcall order by ordinal"), fromTable)
  },
  {
    name: "postgres",
    words: (cwd) => ["-o", `${inject("postgres")}?table=${table(cwd)}`],
    files: [],
    tellsLine: true,
    isFinished: (cwd) =>
      Effect.map(
        postgres(`select is_complete from rollcall_mark where table_name like '%${table(cwd)}%'`),
        ([row]) => row?.is_complete === true
      ),
    read: (cwd) => Effect.map(postgres(`select *, answer::text from ${table(cwd)} order by ordinal`), fromTable)
  }
]

const own = new Set(["run", "ordinal", "input", "http_status", "error_type", "error", "attempts", "calls", "repeat"])

const fromTable = (rows: ReadonlyArray<Readonly<Record<string, any>>>): ReadonlyArray<Seen> =>
  rows.map(({ answer, code, line, outcome, ...more }) => ({
    // PostgreSQL's client gives a bigint as text
    line: Number(line),
    code,
    outcome,
    ...(answer === null ? {} : { answer: JSON.parse(answer) }),
    ...others(Object.fromEntries(Object.entries(more).filter(([name]) => !own.has(name))))
  }))

/** The table of the run in a folder. */
const table = (cwd: string) => `t_${createHash("sha256").update(cwd).digest("hex").slice(0, 12)}`

/** What a query gives; nothing where there is no such database or table yet. */
const sqlite = (cwd: string, text: string): Effect.Effect<ReadonlyArray<any>> =>
  Effect.flatMap(SqliteClient.SqliteClient, (sql) => sql.unsafe(text)).pipe(
    Effect.provide(connect(join(cwd, "out.db"), { isReader: true })),
    Effect.catchAllCause(() => Effect.succeed([]))
  )

const postgres = (text: string): Effect.Effect<ReadonlyArray<any>> =>
  Effect.catchAllCause(query(text), () => Effect.succeed([]))

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
