/**
 * What a ledger says to PostgreSQL, and how rows stand for what it holds.
 *
 * Batches come as JSON. What is looked up for each row stands in a subquery that cannot become a join, so that a page costs as much in a
 * large ledger as in a small one, whatever the server knows of its tables.
 */
import type { Redo } from "../../Ledger.ts"
import { quoted } from "./Tables.ts"

export type Statements = ReturnType<typeof make>

/** The statements for the tables of a schema. */
export const make = (schema: string) => {
  const [note, list, standing, change, question, entry, outcome, superseded] = [
    "note",
    "list",
    "standing",
    "change",
    "question",
    "entry",
    "outcome",
    "superseded"
  ].map((table) => `${quoted(schema)}.${table}`)

  const givenOutcomes = (at: number) => `
    select * from json_to_recordset($${at}::json) as t(
      question bigint, outcome text, http_status int, attempts bigint, calls bigint, ms float8, at bigint, body text, error text)`
  /** The questions of a list, in the order in which they and their outcomes mostly lie on the disk. */
  const questionsOf = (list: string) => `
    select distinct question from ${entry} where list = ${list} and question is not null order by question offset 0`

  /** The first place in the list where the question of `e` is asked. */
  const first = `
    (select ordinal from ${entry} x where x.question = e.question and x.list = e.list order by ordinal limit 1)`
  /** `e` and what belongs to it. */
  const row = `
    case when e.error is null then o.outcome else 'invalid' end, e.ordinal, e.line,
    (select key from ${question} q where q.id = e.question), e.input, e.columns, coalesce(e.error, o.error), e.question,
    o.http_status, o.attempts, o.calls, o.ms, o.at, o.body, e.ordinal > ${first}`
  const itsOutcome = `left join lateral (select * from ${outcome} where question = e.question offset 0) o on true`

  /** The questions of codes: the code is the key, or the first part of it. */
  const ofCodes = (codes: string) => `
    select id from ${question} where key = any (${codes}::text[])
      or (key like '[%' and case when key like '["%' then key::json ->> 0 end = any (${codes}::text[]))`

  const kinds = ["found", "not_found", "invalid", "failed", "skipped"] as const
  const isForgotten = "outcome = 'found' and body is null"
  const isReview = "outcome = 'found' and error like '{\"type\":\"review\"%'"
  const isStale = "outcome in ('found', 'not_found') and error not like '{\"type\":\"review\"%'"
  const countKinds = kinds.map((kind) => `count(*) filter (where outcome = '${kind}') as ${kind}`).join(", ")
  /** How many questions of a list have which outcome, counted anew. */
  const count = (list: string) => `
    select count(*) as questions,
      (select count(*) from ${entry} where list = ${list} and question is null) as refused,
      count(*) filter (where ${isForgotten}) as forgotten, ${countKinds}
    from (${questionsOf(list)}) asked left join ${outcome} using (question)`
  const counters = ["questions", "refused", "forgotten", ...kinds].join(", ")
  /** The oldest outcome, how many answers were asked again in vain, and the oldest of these. */
  const stands =
    `min(at) as oldest, count(*) filter (where ${isStale}) as stale, min(at) filter (where ${isStale}) as since`
  const scanned = (list: string) => `select ${stands} from ${outcome} where question in (${questionsOf(list)})`
  /** How many outcomes a list has by its counters. */
  const settled = (list: string) => kinds.map((kind) => `${list}.${kind}`).join(" + ")

  return {
    ofCodes,
    givenOutcomes,
    selectNote: `select value from ${note} where name = $1`,
    /** Parameter: `{ name, value }[]`. */
    setNotes: `
      with given as (select * from json_to_recordset($1::json) as t(name text, value text)),
        gone as (delete from ${note} using given where note.name = given.name and given.value is null)
      insert into ${note} select name, value from given where value is not null
      on conflict (name) do update set value = excluded.value`,
    selectIsAnswered: `select exists (select from ${outcome})`,

    selectLists: `select id, epoch, value from ${list} where value is not null order by used desc`,
    /** Parameters: the name, and the epoch that it begins with. */
    enlist: `
      with made as (
        insert into ${list} (name, first, epoch) select $1, $2, $2 where not exists (select from ${list} where name = $1)
        returning id)
      select id from made union all select id from ${list} where name = $1`,
    /** Parameters: the list, and its entries. Those that stood and are changed begin an epoch. */
    enroll: `
      with given as materialized (
          select t.*, (select id from ${question} q where q.key = t.key) as known from json_to_recordset($2::json) as t(
            ordinal bigint, line bigint, key text, input text, columns text, error text)),
        fresh as (
          insert into ${question} (key) select key from given where key is not null and known is null
          group by key order by min(ordinal) returning id, key),
        entered as (
          insert into ${entry}
          select $1::int, ordinal, line, coalesce(known, fresh.id), input, columns, error from given left join fresh using (key)
          on conflict (list, ordinal) do update set
            line = excluded.line, question = excluded.question, input = excluded.input, columns = excluded.columns,
            error = excluded.error
          where (entry.line, entry.question, entry.input, entry.columns, entry.error)
            is distinct from (excluded.line, excluded.question, excluded.input, excluded.columns, excluded.error)
          -- a new row has no earlier version that this statement has locked
          returning ordinal, xmax <> 0 as is_changed),
        changed as (select min(ordinal) as ordinal from entered where is_changed having count(*) > 0),
        next as (update ${list} set epoch = epoch + 1 from changed where id = $1 returning id, epoch)
      insert into ${change} select id, epoch, ordinal from next, changed`,
    /** Parameters: the list, and its length. */
    deleteBeyond: `delete from ${entry} where list = $1 and ordinal >= $2`,
    /** Parameters: the list, and from which entry on it is changed. */
    change: `
      with next as (update ${list} set epoch = epoch + 1 where id = $1 returning id, epoch)
      insert into ${change} select id, epoch, $2::bigint from next`,
    changeAll: `
      with next as (update ${list} set epoch = epoch + 1, is_counted = false returning id, epoch)
      insert into ${change} select id, epoch, 0 from next`,
    /** Parameters: the list, what it is, and its length. */
    updateList: `
      update ${list} set value = $2, entries = $3, used = (select max(used) + 1 from ${list}) where id = $1`,
    recount: `update ${list} set is_counted = true, (${counters}) = (${count("$1")}) where id = $1`,
    /** How the answers of a list stand, after so many outcomes in an epoch; later ones, which an older rollcall did not count here, make it void. */
    restand: `
      insert into ${standing} select id, epoch, ${settled("l")}, s.* from ${list} l, (${scanned("$1")}) s where id = $1
      on conflict (list) do update set
        epoch = excluded.epoch, outcomes = excluded.outcomes, oldest = excluded.oldest, stale = excluded.stale,
        since = excluded.since`,
    selectCounts: `select is_counted, entries, ${counters} from ${list} where id = $1`,
    /** The questions of all lists, and those that are answered. */
    selectDistinct: `
      select count(*), count(o.question)
      from (select distinct question from ${entry} where question is not null) asked
        left join ${outcome} o on o.question = asked.question`,
    count: `select (select entries from ${list} where id = $1), c.* from (${count("$1")}) c`,
    /** Parameters: the list, and an epoch. */
    selectChanged: `
      select $2::bigint between first and epoch,
        (select min(ordinal) from ${change} c where c.list = l.id and c.epoch > $2::bigint)
      from ${list} l where id = $1`,

    /** Parameters: the list, from where on, and how many. */
    selectPending: `
      select e.question, (select key from ${question} q where q.id = e.question), e.ordinal, e.line, e.input, e.columns
      from ${entry} e
      where list = $1 and ordinal >= $2 and question is not null
        and (select question from ${outcome} o where o.question = e.question) is null and ordinal = ${first}
      order by ordinal limit $3`,
    /**
     * Parameters: the list, the outcomes, and a question that has an outcome, or null; where it has none any more nothing is recorded.
     * Gives the list and how many were recorded. Other lists may ask the same questions.
     */
    record: `
      with given as (
          select * from (${givenOutcomes(2)}) all_of
          where $3::bigint is null or (select question from ${outcome} where question = $3::bigint) is not null),
        recorded as (
          insert into ${outcome} select * from given on conflict do nothing returning outcome, body, at, error),
        stands as (select count(*) as outcomes, ${stands} from recorded),
        stood as (
          update ${standing} s set outcomes = s.outcomes + stands.outcomes, oldest = least(s.oldest, stands.oldest),
            stale = s.stale + stands.stale, since = least(s.since, stands.since)
          from stands where list = $1),
        counts as (select count(*) filter (where ${isForgotten}) as forgotten, ${countKinds} from recorded)
      update ${list} l set
        ${["forgotten", ...kinds].map((name) => `${name} = l.${name} + counts.${name}`).join(", ")},
        is_counted = is_counted and id = $1
      from counts where (id = $1 or is_counted)
        and ($3::bigint is null or (select question from ${outcome} where question = $3::bigint) is not null)
      returning id, (select count(*) from recorded)`,
    /** All rows that a run depends on, of all lists: 0.7 s for a million. */
    size:
      `select (select count(*) from ${outcome}), (select count(*) from ${entry}), (select count(*) from ${question})`,
    /** Parameters: from which question on, and how many. */
    selectAnswered: `select * from ${outcome} where question >= $1 order by question limit $2`,
    revise: `
      update ${outcome} o set outcome = given.outcome, error = given.error from (${givenOutcomes(1)}) given
      where o.question = given.question and given.outcome is not null`,
    reopen: `
      with gone as (
        delete from ${outcome} where question in (select question from (${
      givenOutcomes(1)
    }) given where outcome is null)
        returning *)
      insert into ${superseded} (question, outcome, http_status, attempts, calls, ms, at, body, error)
        select question, 'failed', http_status, attempts, calls, ms, at, body, error from gone`,
    /** How many questions of the list are to be asked again and have not been answered since, and when the first of them was settled. */
    selectUnfinished: `
      select count(*), min(at) from (
        select question, max(at) as at from ${superseded} s
        where (select question from ${entry} e where e.question = s.question and e.list = $1 limit 1) is not null
          and (select question from ${outcome} o where o.question = s.question) is null
        group by question) unfinished`,
    /** Parameters: the list, and those of the condition. */
    redo: (where: string) => `
      with gone as (
        delete from ${outcome} where question in (${questionsOf("$1")}) and ${where}
        returning *)
      insert into ${superseded} select * from gone`,
    /** The condition of a redo, and its parameters, which follow the list. */
    redoOf: (
      { codes, forgotten, outcomes, outside, since, statuses }: Redo
    ): readonly [string, ReadonlyArray<unknown>] => {
      const params: Array<unknown> = []
      const param = (value: unknown) => `$${params.push(value) + 1}`
      const all = [
        ...(outcomes === undefined ? [] : [
          `(outcome = any (${param(outcomes)}::text[])${
            outcomes.includes("failed")
              ? ` or (${isStale})`
              : ""
          })`
        ]),
        ...(statuses === undefined ? [] : [
          `(${statuses.map(([from, to]) => `http_status between ${from} and ${to}`).join(" or ")})`
        ]),
        ...(outside === undefined
          ? []
          : [`(at < ${param(outside[0])}::bigint or at > ${param(outside[1])}::bigint)`]),
        ...(since === undefined ? [] : [`at >= ${param(since)}::bigint`]),
        ...(forgotten === true ? [`(${isForgotten})`] : []),
        ...(codes === undefined ? [] : [`question in (${ofCodes(param(codes))})`])
      ]
      return [all.length === 0 ? "false" : all.join(" and "), params]
    },
    indexSuperseded: `create index if not exists superseded_question on ${superseded} (question)`,
    /** Parameter: how many of each question stay. */
    pruneSuperseded: `
      delete from ${superseded} where ctid in (
        select place from (
          select ctid as place, row_number() over (partition by question order by at desc) as nth from ${superseded}) all_of
        where nth > $1)`,
    /** What a redo put aside last. Parameter: the questions. */
    selectEarlier: `
      select distinct on (question) * from ${superseded} where question = any ($1::bigint[])
      order by question, at desc`,
    /** Parameter: the list. */
    selectCauses: `
      select outcome, error::json ->> 'type', http_status, error::json ->> 'rule', count(*) from ${outcome}
      where (outcome in ('invalid', 'failed') or (${isReview})) and question in (${
      questionsOf("$1")
    }) group by 1, 2, 3, 4
      union all
      select 'invalid', error::json ->> 'message', null, null, count(*) from ${entry}
      where list = $1 and question is null group by 2`,

    /** Parameters: the list, and from where to where. */
    selectRows: `
      select ${row} from ${entry} e ${itsOutcome}
      where e.list = $1 and e.ordinal >= $2 and e.ordinal < $3 order by e.ordinal`,
    /** Parameters: the list, and its questions. */
    selectRowsOf: `
      select ${row} from unnest($2::bigint[]) with ordinality asked(question, place)
        join lateral (select * from ${entry} where question = asked.question and list = $1 offset 0) e on true ${itsOutcome}
      order by asked.place, e.ordinal`,
    /** Older ledgers have none, and a reader makes none. */
    selectHasStanding: `select to_regclass('${standing}') is not null`,
    selectStanding: `
      select oldest, stale, since from ${list} l join ${standing} s on s.list = l.id
      where l.id = $1 and is_counted and s.epoch = l.epoch and s.outcomes = ${settled("l")}`,
    scanStanding: scanned("$1"),
    /** Parameters: `{ key }[]`, and those of the condition. */
    selectKnown: (where: string) => `
      select key from json_to_recordset($1::json) as t(key text)
      where exists (
        select from ${outcome} o where o.question = (select id from ${question} q where q.key = t.key) and ${where} offset 0)`,
    /** Parameter: before when. */
    deleteSuperseded: `delete from ${superseded} where at < $1::bigint`,
    forget: `update ${outcome} set body = null where body is not null and at < $1::bigint`,
    /** Parameter: the codes. */
    forgetOutcomes: `delete from ${outcome} where question in (${ofCodes("$1")})`,
    forgetSuperseded: `delete from ${superseded} where question in (${ofCodes("$1")})`,
    forgetEntries: `
      update ${entry} set question = null, input = '', columns = null, error = $2
      where question in (${ofCodes("$1")}) or (question is null and trim(input) = any ($1::text[]))`,
    forgetQuestions: `delete from ${question} where id in (${ofCodes("$1")})`,
    uncount: `update ${list} set is_counted = false`,
    /** What is forgotten would stay in the table's file. */
    vacuum: [outcome, superseded, entry, question].map((table) => `vacuum full ${table}`)
  }
}
