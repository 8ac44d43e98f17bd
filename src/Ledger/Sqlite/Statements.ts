/**
 * What a ledger says to SQLite, and how rows stand for what it holds.
 */
import type { Answered, Enrolled, Redo, Standing, Unfinished } from "../../Ledger.ts"
import { values } from "../../Sql/Sqlite/Connection.ts"
import { place } from "./Tables.ts"

export const insertNote = "insert into note values (?, ?) on conflict do update set value = excluded.value"
export const selectNote = "select value from note where name = ?"

/** Parameters: the name, and twice the epoch that it begins with. */
export const insertList = `
  insert into list (id, name, first, epoch) select coalesce(max(id) + 1, 0), ?, ?, ? from list where true
  on conflict do nothing`
export const updateList = "update list set value = ?, used = (select max(used) + 1 from list) where id = ?"
export const selectLists = "select id, epoch, value from list where value is not null order by used desc"
export const selectLast = "select max(place) from entry where place >= ? and place < ?"

export const insertChange = "insert into change select id, epoch + 1, ? from list where id = ?"
export const insertChanges = "insert into change select id, epoch + 1, 0 from list"
export const nextEpoch = "update list set epoch = epoch + 1 where id = ?"
export const selectChanged = `
  select (select min(ordinal) from change where change.list = list.id and change.epoch > ?), ? between first and epoch
  from list where id = ?`

export const insertQuestions = values(1, (rows) => `insert into question (key) ${rows} on conflict do nothing`)

export const insertEntries = values(6, (rows) => `
  insert into entry
  select column1, column2, question.id, column4, column5, column6
  from (${rows}) left join question on question.key = column3
  where true
  on conflict (place) do update set
    line = excluded.line, question = excluded.question, input = excluded.input, columns = excluded.columns,
    error = excluded.error
  where (line, question, input, columns, error)
    is not (excluded.line, excluded.question, excluded.input, excluded.columns, excluded.error)`)

export const insertOutcomes = values(9, (rows) => `insert into outcome ${rows} on conflict (question) do nothing`)

export const fromEntry = (list: number, entry: Enrolled): ReadonlyArray<unknown> => [
  place(list, entry.ordinal),
  entry.line,
  entry.key,
  entry.input,
  entry.columns,
  entry.error
]

export const fromOutcome = (row: Answered): ReadonlyArray<unknown> => [
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

const isReview = "outcome = 'found' and error like '{\"type\":\"review\"%'"

/** Whether an outcome is an answer that was asked again in vain. */
const isStale = "outcome in ('found', 'not_found') and error not like '{\"type\":\"review\"%'"

/** The counters of a list, in the order of {@link selectCounts}. */
export const counters = [
  "questions",
  "refused",
  "forgotten",
  "found",
  "not_found",
  "invalid",
  "failed",
  "skipped"
] as const

const sets = (names: ReadonlyArray<string>, make: (name: string) => string) => names.map(make).join(", ")

export const updateCounts = `update list set is_counted = 1, ${sets(counters, (name) => `${name} = ?`)} where id = ?`
export const addCounts = `update list set ${sets(counters.slice(3), (name) => `${name} = ${name} + ?`)} where id = ?`
export const selectCounts = `
  select is_counted, coalesce(value ->> 'entries', 0), ${counters.join(", ")} from list where id = ?`

/** How the answers of a list stand, after so many outcomes in an epoch; later ones, which an older rollcall did not count here, make it void. */
export const updateStanding = `
  insert or replace into standing
  select id, epoch, ${counters.slice(3).join(" + ")}, ?, ?, ? from list where id = ?`
export const addStanding = `
  update standing set outcomes = outcomes + ?, oldest = min(oldest, ?), stale = stale + ?, since = min(since, ?) where list = ?`
/** Older ledgers have none, and a reader makes none. */
export const selectHasStanding = "select 1 from sqlite_schema where name = 'standing'"
export const selectStanding = `
  select oldest, stale, since from list join standing on standing.list = list.id
  where id = ? and is_counted = 1 and standing.epoch = list.epoch and outcomes = ${counters.slice(3).join(" + ")}`

/** Stands for no moment. */
const never = Number.MAX_SAFE_INTEGER

export const fromStanding = ({ oldest, stale }: Standing): readonly [number, number, number] => [
  Math.min(oldest, never),
  stale.count,
  Math.min(stale.since, never)
]

export const toStanding = ([oldest, count, since]: ReadonlyArray<any>): Standing => ({
  oldest: moment(oldest),
  stale: { count, since: moment(since) }
})

const moment = (at: number) => at === never ? Infinity : at

export const selectTotals = `
  select (
      select count(*) from (select distinct question from entry where place >= ? and place < ? and question is not null)
    ) questions,
    (select count(*) from entry where place >= ? and place < ? and question is null) refused`

/** The questions of all lists, and those that are answered. */
export const selectDistinct = `
  select count(*), count(outcome.question)
  from (select distinct question from entry where question is not null) asked
    left join outcome on outcome.question = asked.question`

export const selectOutcomes = `
  select outcome, count(*) count, sum(outcome = 'found' and body is null) forgotten,
    min(at), sum(ifnull(${isStale}, 0)), ifnull(min(case when ${isStale} then at end), ${never})
  from outcome where question in (select question from entry where place >= ? and place < ?) group by outcome`

/** How many questions are to be asked again and have not been answered since, and when the first of them was settled. */
export const selectUnfinished = `
  select count(*), ifnull(min(at), ${never}) from (
    select question, max(at) at from superseded
    where question in (select question from entry where place >= ? and place < ?)
      and not exists (select 1 from outcome where outcome.question = superseded.question)
    group by question)`

export const toUnfinished = ([count, since]: ReadonlyArray<any>): Unfinished => ({ count, since: moment(since) })

/** Another one once another program has written to the database. */
export const selectVersion = "pragma data_version"

/** Entries that a list has lost, and questions of it that are not there. Parameters: the places of the list, twice, and the list. */
export const selectLost = `
  select (value ->> 'entries') - (select count(*) from entry where place >= ? and place < ?), (
      select count(*) from entry
      where place >= ? and place < ? and question is not null
        and not exists (select 1 from question where question.id = entry.question))
  from list where id = ?`

/** Gives where they stand among those asked. */
export const selectKnown = (where: string) => `
  select asked.key from json_each(?) asked join question on question.key = asked.value
    join outcome on outcome.question = question.id
  where ${where}`

/**
 * A statement that reads texts which may hold U+0000, where some drivers cut them. Its last column is their length in bytes; where they
 * are shorter than that, `whole` reads them as bytes.
 */
export interface Reading {
  readonly text: string
  readonly whole: string
  /** The columns of these texts. */
  readonly columns: ReadonlyArray<number>
}

/** Makes it of the names of the columns and of what follows them. */
export const reading = (names: ReadonlyArray<string>, texts: ReadonlyArray<string>, rest: string): Reading => {
  const length = texts.map((name) => `ifnull(octet_length(${name}), 0)`).join(" + ")
  const bytes = names.map((name) => texts.includes(name) ? `cast(${name} as blob)` : name)
  return {
    text: `select ${names.join(", ")}, ${length} ${rest}`,
    whole: `select ${bytes.join(", ")} ${rest}`,
    columns: texts.map((name) => names.indexOf(name))
  }
}

/** Whether a row that {@link Reading} gave has all of its texts. */
export const isWhole = ({ columns }: Reading, row: ReadonlyArray<any>): boolean => {
  const length = row.at(-1) as number
  let found = 0
  for (const column of columns) found += row[column] === null ? 0 : row[column].length
  if (found === length) return true
  found = 0
  for (const column of columns) found += row[column] === null ? 0 : Buffer.byteLength(row[column])
  return found === length
}

/** A row with its bytes as text. */
export const decoded = (row: ReadonlyArray<any>): ReadonlyArray<any> =>
  row.map((cell) => cell instanceof Uint8Array ? Buffer.from(cell).toString() : cell)

/** Parameter: the first place of the list. */
const isRepeat = `
  exists (select 1 from entry earlier
    where earlier.question = entry.question and earlier.place >= ? and earlier.place < entry.place)`

/** What its place says besides the list. */
const ordinal = "entry.place & 4294967295"

export const selectPending = reading(
  ["entry.question", "question.key", ordinal, "entry.line", "entry.input", "entry.columns"],
  ["question.key", "entry.input"],
  `from entry join question on question.id = entry.question
  where entry.place >= ? and entry.place < ?
    and not exists (select 1 from outcome where outcome.question = entry.question) and not ${isRepeat}
  order by entry.place limit ?`
)

const rowColumns = [
  "case when entry.error is null then outcome.outcome else 'invalid' end",
  ordinal,
  "entry.line",
  "question.key",
  "entry.input",
  "entry.columns",
  "coalesce(entry.error, outcome.error)",
  "entry.question",
  "outcome.http_status",
  "outcome.attempts",
  "outcome.calls",
  "outcome.ms",
  "outcome.at",
  "outcome.body",
  isRepeat
]
const rowTexts = ["question.key", "entry.input", "coalesce(entry.error, outcome.error)", "outcome.body"]

export const selectRows = reading(
  rowColumns,
  rowTexts,
  `from entry left join question on question.id = entry.question left join outcome on outcome.question = entry.question
  where entry.place >= ? and entry.place < ? order by entry.place`
)

export const selectRowsOf = reading(
  rowColumns,
  rowTexts,
  `from json_each(?) asked join entry on entry.question = asked.value join question on question.id = entry.question
    left join outcome on outcome.question = entry.question
  where entry.place >= ? and entry.place < ?
  order by asked.key, entry.place`
)

export const outcomeColumns = ["question", "outcome", "http_status", "attempts", "calls", "ms", "at", "body", "error"]

export const selectAnswered = reading(
  outcomeColumns,
  ["body", "error"],
  "from outcome where question >= ? order by question limit ?"
)

/** What a redo put aside last. Parameter: the questions. */
export const selectEarlier = reading(
  outcomeColumns,
  ["body", "error"],
  `from superseded where question in (select value from json_each(?))
    and rowid = (select max(rowid) from superseded other where other.question = superseded.question)`
)

/** Questions are looked up there by the thousand. */
export const indexSuperseded = "create index if not exists superseded_question on superseded (question)"

/** Parameter: how many of each question stay. */
export const pruneSuperseded = `
  delete from superseded where rowid in (
    select row from (select rowid row, row_number() over (partition by question order by rowid desc) nth from superseded)
    where nth > ?)`

/** Parameters: the places of the list, twice. */
export const selectCauses = `
  select outcome, error ->> 'type', http_status, error ->> 'rule', count(*) from outcome
  where (outcome in ('invalid', 'failed') or (${isReview}))
    and question in (select question from entry where place >= ? and place < ?)
  group by 1, 2, 3, 4
  union all
  select 'invalid', error ->> 'message', null, null, count(*) from entry
  where place >= ? and place < ? and question is null group by 2`

/** Parameter: the codes, twice. */
const ofCodes = (key: string) => `
  (${key} in (select value from json_each(?))
    or (json_valid(${key}) and ${key} like '[%' and ${key} ->> 0 in (select value from json_each(?))))`

export const questionsOf = `(select id from question where ${ofCodes("key")})`
export const forgetOutcomes = `delete from outcome where question in ${questionsOf}`
export const forgetSuperseded = `delete from superseded where question in ${questionsOf}`
export const forgetEntries = `
  update entry set question = null, input = '', columns = null, error = ?
  where question in ${questionsOf} or (question is null and trim(input) in (select value from json_each(?)))`
export const forgetQuestions = `delete from question where ${ofCodes("key")}`

/** The condition of a redo, and its parameters. */
export const redoOf = (
  { codes, forgotten, outcomes, outside, since, statuses }: Redo
): readonly [string, ReadonlyArray<unknown>] => {
  const all: ReadonlyArray<readonly [string, ReadonlyArray<unknown>]> = [
    ...(outcomes === undefined ? [] : [
      [
        `(outcome in (select value from json_each(?))${
          outcomes.includes("failed")
            ? ` or (${isStale})`
            : ""
        })`,
        [JSON.stringify(outcomes)]
      ] as const
    ]),
    ...(statuses === undefined ? [] : [
      [
        "exists (select 1 from json_each(?) where http_status between value ->> 0 and value ->> 1)",
        [JSON.stringify(statuses)]
      ] as const
    ]),
    ...(outside === undefined ? [] : [["(at < ? or at > ?)", outside] as const]),
    ...(since === undefined ? [] : [["at >= ?", [since]] as const]),
    ...(forgotten === true ? [["(outcome = 'found' and body is null)", []] as const] : []),
    ...(codes === undefined ? [] : [
      [
        `question in ${questionsOf}`,
        [JSON.stringify(codes), JSON.stringify(codes)]
      ] as const
    ])
  ]
  return all.length === 0 ? ["0", []] : [all.map(([text]) => text).join(" and "), all.flatMap(([, params]) => params)]
}
