/**
 * Reserve: room on the server's disk that is given back where it is full, so that what has been answered until then fits in. It is a
 * table that stays: one that comes and goes would be in the way of a backup.
 */
import { Effect } from "effect"
import type { Address } from "./Address.ts"
import * as Failure from "./Failure.ts"
import type { Session } from "./Session.ts"
import { quoted } from "./Tables.ts"

/** Takes the room, or less where there is less; a ledger works without. */
export const take = (session: Session, { schema }: Address): Effect.Effect<void> =>
  Effect.gen(function*() {
    const table = `${quoted(schema)}.reserve`
    yield* session.run(`create unlogged table if not exists ${table} (filler text)`)
    for (let rows = most; rows >= least; rows /= 4) {
      const fill = `insert into ${table} select repeat('x', 1900) from generate_series(1, ${rows})`
      const exit = yield* Effect.either(session.run(`${fill} where not exists (select from ${table})`))
      if (exit._tag === "Right" || !isFull(exit.left)) return
    }
  }).pipe(Effect.ignore)

/** Gives it back at once; whoever reads the table, as a backup does, keeps it. */
export const giveBack = (session: Session, { schema }: Address): Effect.Effect<void> =>
  Effect.ignore(
    session.transaction(({ run }) =>
      Effect.zipRight(run("set local lock_timeout = '500ms'"), run(`drop table if exists ${quoted(schema)}.reserve`))
    )
  )

/** Whether the server's disk is full. */
export const isFull = (error: unknown): boolean => Failure.code(error) === "53100"

/** Rows, of which four fill a page of 8 KiB: some batches of answers, and a few answers. */
const [most, least] = [512, 8]
