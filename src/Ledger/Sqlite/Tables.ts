/**
 * The tables of a ledger in SQLite.
 *
 * The place of an entry is that of its list (2³² for each) and its ordinal: one number, by which SQLite orders rows.
 */
import { Effect } from "effect"
import { LedgerError } from "../../Ledger.ts"
import type { Remedy } from "../../Outcome.ts"
import type { Connection } from "../../Sql/Sqlite/Connection.ts"

/** The place of an entry, or of the first beyond a list with `ordinal` 2³². */
export const place = (list: number, ordinal: number): number => list * 2 ** 32 + ordinal

/** `ROLL` in the file's header: a ledger, and no other program's database. */
export const applicationId = 0x524f4c4c
/** The version of the tables, which is not that of the program: a table more is no other one. */
const version = 2

/** Makes the tables where the file is new. A file that is not ours is left as it is. */
export const prepare = (sql: Connection) =>
  Effect.gen(function*() {
    const pragma = (text: string) => sql.select(`pragma ${text}`)
    const found = yield* identify(sql)
    yield* pragma("journal_mode = wal")
    // the index of the questions is searched in no order: 16 MB hold that of 200,000
    yield* pragma("cache_size = -16000")
    // what a failed disk left in the journal alone is written anew
    yield* pragma("wal_checkpoint(truncate)")
    if (found === version) yield* sql.run(standing)
    if (found < version) {
      // the first commit that counts makes these durable too
      yield* pragma("synchronous = normal")
      yield* pragma(`application_id = ${applicationId}`)
      if (found === 1) yield* Effect.forEach(fromVersion1, (text) => sql.run(text), { discard: true })
      yield* Effect.forEach(tables, (table) => sql.run(table), { discard: true })
      yield* pragma(`user_version = ${version}`)
    }
  })

/** Whose file it is, and of which version. */
export const identify = (sql: Connection) =>
  Effect.gen(function*() {
    const [[id, known, tables] = []] = yield* sql.select(`
      select application_id, user_version, (select count(*) from sqlite_schema)
      from pragma_application_id, pragma_user_version`)
    if (id !== applicationId && tables > 0) {
      return yield* refused(sql.file, "this is another program's database: name another file", "ledger")
    }
    if (known > version) {
      return yield* refused(
        sql.file,
        `it is of version ${known}, and this rollcall knows ${version}: use a newer one`
      )
    }
    return known as number
  })

/** A reader needs what a run has made. One of an earlier version is read as it stands. */
export const identifyForReading = (sql: Connection) =>
  Effect.gen(function*() {
    const found = yield* identify(sql)
    if (found === 1) return yield* Effect.forEach(asVersion1, (text) => sql.select(text), { discard: true })
    if (found !== version) return yield* refused(sql.file, "it is new: run the command that made it first")
  })

const refused = (ledger: string, message: string, remedy?: Remedy) =>
  new LedgerError({ reason: "Open", ledger, message, remedy })

const outcome = `
  question integer primary key, outcome text not null, http_status integer, attempts integer not null,
  calls integer not null, ms real, at integer not null, body text, error text`

const standing = `create table if not exists standing (
  list integer primary key, epoch integer not null, outcomes integer not null,
  oldest integer not null, stale integer not null, since integer not null)`

const tables = [
  standing,
  `create table if not exists note (name text primary key, value text not null) without rowid`,
  // `first` is the epoch that the list began with, by chance, so that one of another ledger is told apart
  `create table if not exists list (
     id integer primary key, name text not null unique, value text, used integer not null default 0,
     first integer not null, epoch integer not null, is_counted integer not null default 0,
     questions integer not null default 0, refused integer not null default 0, forgotten integer not null default 0,
     found integer not null default 0, not_found integer not null default 0, invalid integer not null default 0,
     failed integer not null default 0, skipped integer not null default 0)`,
  `create table if not exists change (
     list integer not null, epoch integer not null, ordinal integer not null, primary key (list, epoch)) without rowid`,
  `create table if not exists question (id integer primary key, key text not null unique)`,
  `create table if not exists entry (
     place integer primary key, line integer not null, question integer, input text not null, columns text, error text)`,
  `create index if not exists entry_question on entry (question, place)`,
  `create table if not exists outcome (${outcome})`,
  `create table if not exists superseded (${outcome.replace(" primary key", " not null")})`
]

/** What a reader has in place of tables that version 1 did not have, or had in another form. Nothing of it is in the file. */
const asVersion1 = [
  "pragma temp_store = memory",
  "create temp view note as select key name, value from meta where key <> 'list'",
  `create temp view list as
     select 0 id, 0 is_counted, 1 used, 0 first, 1 epoch, 0 questions, 0 refused, 0 forgotten,
       0 found, 0 not_found, 0 invalid, 0 failed, 0 skipped, named name,
       json_patch(json_object('name', named, 'inputs', json('[]'), 'expect', 'json', 'select', json('[]')), value) value
     from (select value, coalesce(value ->> '$.outputs[0]', value ->> 'source') named from meta where key = 'list')`,
  "create temp view entry as select ordinal place, line, question, input, columns, error from main.entry",
  "create temp table change (list, epoch, ordinal)",
  `create temp table superseded (${outcome.replace(" primary key", " not null")})`
]

/** Answers stay; the list is entered again by the next run. */
const fromVersion1 = [
  "drop table entry",
  "alter table meta rename to note",
  "alter table note rename column key to name",
  "delete from note where name <> 'request'"
]
