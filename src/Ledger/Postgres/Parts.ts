/**
 * Parts: replies on the way to an answer, in a ledger in PostgreSQL. Their table is made with the first of them.
 */
import { Effect } from "effect"
import type { Part, Reader, Writer } from "../Parts.ts"
import { type Access, give } from "./Access.ts"
import type { Connection } from "./Session.ts"
import { quoted } from "./Tables.ts"

const tableOf = (schema: string) => `${quoted(schema)}.part`

export const make = ({ address: { schema }, has, read, session, write }: Access): Reader & Writer => {
  const part = tableOf(schema)
  const table = `create table if not exists ${part} (
    question bigint not null, number int not null, status int not null, at bigint not null, ms float8,
    body text not null, primary key (question, number))`
  const insert = `
    insert into ${part} (question, number, status, at, body)
    select question, number, status, at, body from json_to_recordset($1::json) as t(
      question bigint, number int, status int, at bigint, body text)
    on conflict (question, number) do update set status = excluded.status, at = excluded.at, body = excluded.body`
  const selectParts = `
    select question, number, status, at, body from ${part} where question = any ($1::bigint[]) and number > 0
    order by question, number`
  return {
    of: (questions) =>
      read(Effect.gen(function*() {
        const found = new Map<number, Array<Part>>()
        if (!(yield* has("part"))) return found
        const rows = yield* session.select(selectParts, [`{${questions.join()}}`], (row) => row)
        for (const [question, number, status, at, body] of rows) {
          const its = found.get(question)
          if (its === undefined) found.set(question, [{ number, status, at, body }])
          else its.push({ number, status, at, body })
        }
        return found
      })),
    keep: (question, { at, body, number, status }) =>
      Effect.asVoid(write(Effect.gen(function*() {
        if (!(yield* has("part"))) yield* session.run(table)
        yield* number === 0
          ? session.run(`delete from ${part} where question = $1 and number > 0`, [question])
          : give(session, insert, [], [{ question, number, status, at, body }])
      })))
  }
}

/** Those of questions that are asked again stand apart, under the opposite numbers, in place of any that did before. */
export const putAside = ({ address, has }: Access, on: Connection, questions: ReadonlyArray<number>) =>
  Effect.gen(function*() {
    if (!(yield* has("part", on))) return
    const those = [`{${questions.join()}}`]
    const part = tableOf(address.schema)
    yield* on.run(`delete from ${part} where question = any ($1::bigint[]) and number < 0`, those)
    yield* on.run(`update ${part} set number = -number where question = any ($1::bigint[])`, those)
  })
