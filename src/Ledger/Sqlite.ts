/**
 * The ledger in a SQLite file, by better-sqlite3 through @effect/sql. WAL and `synchronous=FULL`: what is recorded survives a power
 * loss.
 *
 * One autocommit statement over `json_each` writes a whole batch: 3–5 µs a row, and all or none of it.
 */
import { SqliteClient } from "@effect/sql-sqlite-node"
import { Cause, Effect, Layer } from "effect"
import {
  type Answered,
  type Counts,
  type Enrolled,
  Ledger,
  LedgerError,
  mismatch,
  noList,
  type Row
} from "../Ledger.ts"
import type { Kind } from "../Outcome.ts"

/** Opens the ledger in `file`, which is made where it does not exist. */
export const layer = (file: string): Layer.Layer<Ledger, LedgerError> =>
  Layer.scoped(
    Ledger,
    Effect.gen(function*() {
      const sql = yield* SqliteClient.SqliteClient
      const failed = (reason: "Open" | "Read" | "Write") => (cause: unknown) =>
        new LedgerError({ reason, ledger: file, message: explain(cause), cause })
      const read = <A, E>(effect: Effect.Effect<A, E>) => Effect.mapError(effect, failed("Read"))
      const write = <E>(effect: Effect.Effect<unknown, E>) => Effect.asVoid(Effect.mapError(effect, failed("Write")))
      const pragma = (text: string) => sql.unsafe(`pragma ${text}`)
      const get = (key: string) =>
        Effect.map(
          sql<{ value: string }>`select value from meta where key = ${key}`,
          (rows) => rows[0] === undefined ? undefined : JSON.parse(rows[0].value)
        )
      const set = (key: string, value: unknown) =>
        sql`insert into meta values (${key}, ${JSON.stringify(value)})
            on conflict do update set value = excluded.value`

      yield* pragma("synchronous = full").pipe(
        Effect.zipRight(Effect.forEach(tables, (table) => sql.unsafe(table), { discard: true })),
        Effect.zipRight(get("version")),
        Effect.tap((version) => version === undefined ? set("version", 1) : Effect.void),
        Effect.mapError(failed("Open")),
        Effect.filterOrFail(
          (version) => version === undefined || version === 1,
          (version) => failed("Open")(new Error(`it is of version ${version}, this program knows version 1`))
        )
      )

      return Ledger.of({
        name: file,
        begin: (fingerprint) =>
          Effect.gen(function*() {
            const mine = yield* read(get("request"))
            if (mine !== undefined) yield* mismatch(file, mine, fingerprint)
            yield* write(set("request", fingerprint))
            // the list can be read again, so that enrolment need not be durable
            yield* write(pragma("synchronous = normal"))
          }),
        enroll: (entries) => {
          const batch = JSON.stringify(entries.map(fromEntry))
          return write(Effect.zipRight(sql.unsafe(insertQuestions, [batch]), sql.unsafe(insertEntries, [batch])))
        },
        enrolled: (list) =>
          write(
            sql`delete from entry where ordinal >= ${list.entries}`.pipe(
              Effect.zipRight(pragma("synchronous = full")),
              Effect.zipRight(set("list", list))
            )
          ),
        list: Effect.map(read(get("list")), (list) => list ?? noList),
        pending: (ordinal, limit) =>
          Effect.map(
            read(sql.unsafe(selectPending, [ordinal, limit]).values),
            (rows) => rows.map(([question, key, ordinal]) => ({ question, key, ordinal }) as any)
          ),
        record: (outcomes) => write(sql.unsafe(insertOutcomes, [JSON.stringify(outcomes.map(fromOutcome))])),
        rows: (ordinal, limit) =>
          Effect.map(read(sql.unsafe(selectRows, [ordinal, ordinal + limit]).values), (rows) => rows.map(toRow)),
        rowsOf: (questions) =>
          Effect.map(read(sql.unsafe(selectRowsOf, [JSON.stringify(questions)]).values), (rows) => rows.map(toRow)),
        counts: Effect.gen(function*() {
          const [totals] = yield* sql<Omit<Counts, "outcomes">>`
            select count(*) entries, count(distinct question) questions, count(error) refused from entry`
          const rows = yield* sql<{ outcome: Kind; count: number }>`
            select outcome, count(*) count from outcome where question in (select question from entry) group by outcome`
          const outcomes = { found: 0, not_found: 0, invalid: 0, failed: 0, skipped: 0 }
          for (const { count, outcome } of rows) outcomes[outcome] = count
          return { ...totals!, outcomes }
        }).pipe(read)
      })
    })
  ).pipe(
    Layer.provide(SqliteClient.layer({ filename: file })),
    // better-sqlite3 opens the file in a constructor, whose exceptions arrive as defects
    Layer.catchAllCause((cause) => {
      const error = Cause.squash(cause)
      return Layer.fail(
        error instanceof LedgerError
          ? error
          : new LedgerError({ reason: "Open", ledger: file, message: explain(error), cause: error })
      )
    })
  )

const tables = [
  `create table if not exists meta (key text primary key, value text not null) without rowid`,
  `create table if not exists question (id integer primary key, key text not null unique)`,
  `create table if not exists entry (
     ordinal integer primary key, line integer not null, question integer, input text not null, columns text, error text)`,
  `create index if not exists entry_question on entry (question, ordinal)`,
  `create table if not exists outcome (
     question integer primary key, outcome text not null, http_status integer, attempts integer not null,
     calls integer not null, ms real, at integer not null, body text, error text)`
]

const fromEntry = (entry: Enrolled) => [entry.ordinal, entry.line, entry.key, entry.input, entry.columns, entry.error]

const insertQuestions = `
  insert into question (key) select value ->> 2 from json_each(?) where value ->> 2 is not null on conflict do nothing`

const insertEntries = `
  insert into entry
  select value ->> 0, value ->> 1, question.id, value ->> 3, value ->> 4, value ->> 5
  from json_each(?) left join question on question.key = value ->> 2
  where true
  on conflict (ordinal) do update set
    line = excluded.line, question = excluded.question, input = excluded.input, columns = excluded.columns, error = excluded.error
  where (line, question, input, columns, error)
    is not (excluded.line, excluded.question, excluded.input, excluded.columns, excluded.error)`

const isRepeat = `
  exists (select 1 from entry earlier where earlier.question = entry.question and earlier.ordinal < entry.ordinal)`

const selectPending = `
  select entry.question, question.key, entry.ordinal
  from entry join question on question.id = entry.question
  where entry.ordinal >= ? and not exists (select 1 from outcome where outcome.question = entry.question) and not ${isRepeat}
  order by entry.ordinal limit ?`

const fromOutcome = (row: Answered) => [
  row.question,
  row.outcome,
  row.http_status,
  row.attempts,
  row.calls,
  row.ms,
  row.at,
  row.body,
  row.error
]

const insertOutcomes = `
  insert into outcome
  select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8
  from json_each(?) where true
  on conflict (question) do nothing`

const rowColumns = `
  case when entry.error is null then outcome.outcome else 'invalid' end, entry.ordinal, entry.line, question.key, entry.input,
  entry.columns, coalesce(entry.error, outcome.error), entry.question, outcome.http_status, outcome.attempts, outcome.calls,
  outcome.ms, outcome.at, outcome.body, ${isRepeat}`

const selectRows = `
  select ${rowColumns}
  from entry left join question on question.id = entry.question left join outcome on outcome.question = entry.question
  where entry.ordinal >= ? and entry.ordinal < ? order by entry.ordinal`

const selectRowsOf = `
  select ${rowColumns}
  from json_each(?) asked join entry on entry.question = asked.value join question on question.id = entry.question
    join outcome on outcome.question = entry.question
  order by asked.key, entry.ordinal`

const toRow = (row: ReadonlyArray<any>): Row => ({
  outcome: row[0],
  ordinal: row[1],
  line: row[2],
  key: row[3],
  input: row[4],
  columns: row[5],
  error: row[6],
  question: row[7] ?? 0,
  http_status: row[8],
  attempts: row[9] ?? 0,
  calls: row[10] ?? 0,
  ms: row[11],
  at: row[12] ?? 0,
  body: row[13],
  isRepeat: row[14] === 1
})

const explain = (cause: unknown): string => {
  const chain = [cause, (cause as any)?.cause].filter((part) => part instanceof Error)
  return chain.map((error) => error.message).pop() ?? String(cause)
}
