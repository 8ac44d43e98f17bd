/**
 * Steps: the tables, in SQLite, of a ledger for several steps. They are made when a run enters its steps.
 */
import { Effect } from "effect"
import { keptOutcomes } from "../../Ledger.ts"
import { values } from "../../Sql/Sqlite/Connection.ts"
import * as Key from "../Key.ts"
import * as Row from "../Row.ts"
import { type Derived, fromText, type Known, type Reader, textOf, toWaiting, type Writer } from "../Steps.ts"
import type { Access, On } from "./Access.ts"
import * as Parts from "./Parts.ts"
import { stretch } from "./Reader.ts"
import * as Statements from "./Statements.ts"
import { place } from "./Tables.ts"
import { settle } from "./Writer.ts"

const tables = [
  "create table if not exists step (id integer primary key, fingerprint text not null unique, name text not null, value text)",
  `create table if not exists asks (
     step integer not null, question integer not null, primary key (step, question)) without rowid`,
  // ids are never given twice: the outbox goes by them
  `create table if not exists link (
     id integer primary key autoincrement, "case" integer not null, step integer not null, position integer not null,
     question integer, reason text, unique ("case", step, position))`,
  "create index if not exists link_question on link (question, id)",
  "create table if not exists outbox (question integer primary key, after integer not null)"
]

const given = "(select value from json_each(?))"
/** Parameters: the places of the list. */
const ofList = `(select question from entry where place >= ? and place < ?)`

const insertLinks = values(5, (rows) => `
  insert or replace into link ("case", step, position, question, reason)
  select column1, column2, column3, question.id, column5
  from (${rows}) left join question on question.key = column4`)
const insertAsks = values(2, (rows) => `
  insert into asks select column1, question.id from (${rows}) join question on question.key = column2 where true
  on conflict do nothing`)
const insertMarks = values(1, (rows) => `
  insert into outbox select column1, 0 from (${rows}) where true on conflict do update set after = 0`)
/** Parameter: the last link that stood before. */
const markAnswered = `
  insert into outbox select question, min(id) - 1 from link
  where id > ? and exists (select 1 from outcome where outcome.question = link.question) group by question
  on conflict do nothing`

/** Parameters: the step, from behind which question to which, the places of the list, and how many. */
const selectPending = Statements.reading(
  ["asks.question", "question.key"],
  ["question.key"],
  `from asks join question on question.id = asks.question
  where asks.step = ? and asks.question > ? and asks.question <= ?
    and not exists (select 1 from outcome where outcome.question = asks.question)
    and exists (
      select 1 from link join entry on entry.question = link."case"
      where link.question = asks.question and entry.place >= ? and entry.place < ?)
  order by asks.question limit ?`
)

const selectLinks = Statements.reading(
  ["link.id", "link.\"case\"", "link.step", "link.position", "link.question", "link.reason", "question.key"],
  ["question.key"],
  `from json_each(?) asked join link on link."case" = asked.value left join question on question.id = link.question
  order by asked.key, link.step, link.position`
)

const selectWaiting = Statements.reading(
  ["link.id", "link.\"case\"", "question.key", "outcome.outcome"],
  ["question.key"],
  `from link join question on question.id = link."case" left join outcome on outcome.question = link."case"
  where link.question = ? and link.id > ? order by link.id limit ?`
)

const selectOutcomes = Statements.reading(
  Statements.outcomeColumns,
  ["body", "error"],
  `from outcome where question in ${given}`
)

export const make = (access: Access): Reader & Writer => {
  const { changeAll, has, insert, note, read, select, selectTexts, write } = access

  const links: Reader["links"] = (cases) =>
    read(Effect.gen(function*() {
      if (!(yield* has("link"))) return []
      const found = yield* selectTexts(selectLinks, [JSON.stringify(cases)], Row.toLinked)
      const questions = new Set(found.flatMap(({ question }) => question ?? []))
      const answered = yield* selectTexts(
        selectOutcomes,
        [JSON.stringify([...questions])],
        (row) => Row.toAnswered(row)
      )
      const outcomes = new Map(answered.map((one) => [one.question, one]))
      return found.map((link) => ({ ...link, answered: outcomes.get(link.question ?? 0) }))
    }))

  /** Outcomes that stand no more, put aside. */
  const putAside = (on: On, where: string, params: ReadonlyArray<unknown>) =>
    Effect.zipRight(
      on.run(`insert into superseded select * from outcome where ${where}`, params),
      on.run(`delete from outcome where ${where}`, params)
    )

  const enterLinks = (on: On, links: Derived["links"]) =>
    Effect.gen(function*() {
      const keyed = links.flatMap(({ key, step }) => key === null ? [] : [[step, Key.make(step, key)] as const])
      yield* insert(on, Statements.insertQuestions, keyed.map(([, key]) => [key]))
      yield* insert(on, insertAsks, keyed)
      const [[last] = [0]] = yield* on.select("select ifnull(max(seq), 0) from sqlite_sequence where name = 'link'")
      yield* insert(
        on,
        insertLinks,
        links.map((link) => [
          link.case,
          link.step,
          link.position,
          link.key === null ? null : Key.make(link.step, link.key),
          link.reason
        ])
      )
      yield* on.run(markAnswered, [last])
    })

  /** Outcomes of cases, of the list or of others, in place of what they were. */
  const end = (on: On, list: number, over: Derived["over"]) =>
    Effect.gen(function*() {
      const cases = JSON.stringify(over.map(({ question }) => question))
      const replaced = yield* on.run(`delete from outcome where question in ${given}`, [cases])
      const [[own] = [0]] = yield* on.select(
        `select count(distinct question) from entry where place >= ? and place < ? and question in ${given}`,
        [place(list, 0), place(list + 1, 0), cases]
      )
      yield* settle(access, on, list, over)
      if (replaced > 0) yield* changeAll(on)
      else if (own < over.length) yield* on.run("update list set is_counted = 0")
    })

  return {
    all: Effect.flatMap(read(has("step")), (isThere) =>
      isThere
        ? read(select(
          "select id, name, fingerprint from step order by id",
          [],
          ([id, name, fingerprint]): Known => ({ id, name, fingerprint: fromText(fingerprint) })
        ))
        : Effect.succeed([])),
    links,
    pending: (list, step, after, limit) =>
      read(Effect.gen(function*() {
        const range = [place(list, 0), place(list + 1, 0)]
        for (let from = after;; from += stretch) {
          const found = yield* selectTexts(
            selectPending,
            [step, from, from + stretch, ...range, limit],
            ([question, key]) => ({ question, key: Key.plain(key) })
          )
          if (found.length > 0) return found
          const rest = yield* access.sql.select("select 1 from asks where step = ? and question > ? limit 1", [
            step,
            from + stretch
          ])
          if (rest.length === 0) return []
          yield* Effect.sleep(0)
        }
      })),
    outbox: (limit) =>
      read(select(
        "select question, after from outbox order by question limit ?",
        [limit],
        ([question, after]) => ({ question, after })
      )),
    waiting: (question, after, limit) => read(selectTexts(selectWaiting, [question, after, limit], toWaiting)),
    enter: (steps) =>
      Effect.gen(function*() {
        const request = (yield* read(note("request"))) as Readonly<Record<string, string>> | undefined
        const mine = request === undefined ? "" : textOf(request)
        const texts = steps.map(({ fingerprint }) => textOf(fingerprint))
        yield* write((on) =>
          Effect.gen(function*() {
            for (const table of tables) yield* on.run(table)
            // a ledger without answers may have changed its request
            yield* on.run("delete from step where id = 0 and fingerprint <> ?", [mine])
            for (const [index, { name }] of steps.entries()) {
              yield* on.run(
                "insert into step (id, fingerprint, name) values (?, ?, ?) on conflict (fingerprint) do update set name = excluded.name",
                [texts[index] === mine ? 0 : null, texts[index], name]
              )
            }
          })
        )
        const ids = yield* read(select("select fingerprint, id from step", [], ([text, id]) => [text, id] as const))
        const byText = new Map<string, number>(ids)
        return texts.map((text) => byText.get(text)!)
      }),
    record: (outcomes) =>
      Effect.asVoid(write((on) =>
        Effect.zipRight(
          insert(on, Statements.insertOutcomes, outcomes.map(Statements.fromOutcome)),
          insert(on, insertMarks, outcomes.map(({ question }) => [question]))
        )
      )),
    derive: (list, { gone, links, marks, open, over }) =>
      Effect.asVoid(write((on) =>
        Effect.gen(function*() {
          for (const { after, question } of marks) {
            yield* after === undefined
              ? on.run("delete from outbox where question = ?", [question])
              : on.run("update outbox set after = ? where question = ?", [after, question])
          }
          if (gone.length > 0) yield* on.run(`delete from link where id in ${given}`, [JSON.stringify(gone)])
          if (links.length > 0) yield* enterLinks(on, links)
          if (over.length > 0) yield* end(on, list, over)
          if (open.length > 0) {
            yield* on.run(Statements.indexSuperseded)
            yield* putAside(on, `question in ${given}`, [JSON.stringify(open)])
            yield* changeAll(on)
          }
        })
      )),
    redo: (list, which) =>
      write((on) =>
        Effect.gen(function*() {
          const range = [place(list, 0), place(list + 1, 0)]
          const [[unfinished] = [0]] = yield* on.select(Statements.selectUnfinished, range)
          if (unfinished > 0) return which.map(() => 0)
          yield* on.run(Statements.indexSuperseded)
          const counts = yield* Effect.forEach(which, ({ codes, ...one }) =>
            Effect.gen(function*() {
              const [where, params] = Statements.redoOf(one)
              const isAny = codes !== undefined && params.length === 0 && where === "0"
              const cases = codes === undefined ? ofList : `${ofList} and link."case" in ${Statements.questionsOf}`
              const codeParams = codes === undefined ? [] : [JSON.stringify(codes), JSON.stringify(codes)]
              const those = `
                question in (select link.question from link where link."case" in ${cases}) and ${isAny ? "1" : where}`
              const all = [...range, ...codeParams, ...params]
              const redone = (yield* on.select(`select question from outcome where ${those}`, all)).map(([id]) =>
                id as number
              )
              const questions = JSON.stringify(redone)
              yield* putAside(on, `question in ${given}`, [questions])
              yield* putAside(on, `question in (select "case" from link where question in ${given})`, [questions])
              yield* Parts.putAside(access, on, redone)
              return redone.length
            }))
          if (counts.some((count) => count > 0)) {
            yield* on.run(Statements.pruneSuperseded, [keptOutcomes])
            yield* changeAll(on)
          }
          return counts
        })
      )
  }
}
