/**
 * Parts: replies on the way to an answer, in a ledger in SQLite. Their table is made with the first of them.
 */
import { Effect } from "effect"
import type { Part, Reader, Writer } from "../Parts.ts"
import type { Access, On } from "./Access.ts"
import * as Statements from "./Statements.ts"

const table = `create table if not exists part (
  question integer not null, number integer not null, status integer not null, at integer not null, ms real,
  body text not null, primary key (question, number))`

const selectParts = Statements.reading(
  ["question", "number", "status", "at", "body"],
  ["body"],
  "from part where question in (select value from json_each(?)) and number > 0 order by question, number"
)

const insertPart = `
  insert into part (question, number, status, at, body) values (?, ?, ?, ?, ?)
  on conflict do update set status = excluded.status, at = excluded.at, body = excluded.body`

export const make = ({ has, read, selectTexts, write }: Access): Reader & Writer => ({
  of: (questions) =>
    read(Effect.gen(function*() {
      const found = new Map<number, Array<Part>>()
      if (!(yield* has("part"))) return found
      const rows = yield* selectTexts(selectParts, [JSON.stringify(questions)], (row) => row)
      for (const [question, number, status, at, body] of rows) {
        const part: Part = { number, status, at, body }
        const its = found.get(question)
        if (its === undefined) found.set(question, [part])
        else its.push(part)
      }
      return found
    })),
  keep: (question, { at, body, number, status }) =>
    Effect.asVoid(write((on) =>
      Effect.zipRight(
        on.run(table),
        number === 0
          ? on.run("delete from part where question = ? and number > 0", [question])
          : on.run(insertPart, [question, number, status, at, body])
      )
    ))
})

/** Those of questions that are asked again stand apart, under the opposite numbers, in place of any that did before. */
export const putAside = ({ has }: Access, on: On, questions: ReadonlyArray<number>) =>
  Effect.gen(function*() {
    if (!(yield* has("part", on))) return
    const those = "question in (select value from json_each(?))"
    yield* on.run(`delete from part where ${those} and number < 0`, [JSON.stringify(questions)])
    yield* on.run(`update part set number = -number where ${those}`, [JSON.stringify(questions)])
  })
