/**
 * Writer: how a run writes its ledger in SQLite.
 */
import { Effect, Random, Schema } from "effect"
import {
  type Answered,
  forgottenEntry,
  keptOutcomes,
  List,
  mismatch,
  standing as standingOf,
  type Writer
} from "../../Ledger.ts"
import type { Kind } from "../../Outcome.ts"
import type { Access, On } from "./Access.ts"
import * as Failure from "./Failure.ts"
import * as Statements from "./Statements.ts"
import { place } from "./Tables.ts"

export const make = (access: Access): Omit<Writer, "parts" | "steps"> => {
  const { change, changeAll, changed, extents, file, insert, note, read, recount, renew, select, sql, whole, write } =
    access
  return {
    begin: (fingerprint) =>
      Effect.gen(function*() {
        const mine = (yield* read(note("request"))) as typeof fingerprint | undefined
        const isAnswered = (yield* read(sql.select("select 1 from outcome limit 1"))).length > 0
        // what has answered nothing may answer anybody
        if (isAnswered) yield* mismatch(file, mine ?? fingerprint, fingerprint)
        if (mine === undefined || !isAnswered) {
          yield* write((on) => on.run(Statements.insertNote, ["request", JSON.stringify(fingerprint)]))
        }
      }),
    enlist: (name) =>
      Effect.gen(function*() {
        const epoch = yield* Random.nextIntBetween(0, 2 ** 48)
        yield* write((on) => on.run(Statements.insertList, [name, epoch, epoch]))
        const [id = 0] = yield* read(select("select id from list where name = ?", [name], ([id]) => id as number))
        const [last] = yield* read(
          select(Statements.selectLast, [place(id, 0), place(id + 1, 0)], ([last]) => last as number | null)
        )
        extents.set(id, last === null || last === undefined ? 0 : last - place(id, 0) + 1)
        changed.delete(id)
        return id
      }),
    enroll: (list, entries) =>
      Effect.asVoid(write((on) =>
        Effect.gen(function*() {
          const keys = entries.flatMap(({ key }) => key === null ? [] : [[key]])
          yield* insert(on, Statements.insertQuestions, keys)
          const extent = extents.get(list) ?? 0
          const first = entries[0]?.ordinal ?? 0
          const rows = entries.map((entry) => Statements.fromEntry(list, entry))
          const stood = Math.max(0, Math.min(entries.length, extent - first))
          for (let at = 0; at < stood; at += 256) {
            const changes = yield* insert(on, Statements.insertEntries, rows.slice(at, Math.min(stood, at + 256)))
            if (changes > 0 && !changed.has(list)) {
              // later ones are covered by the first
              changed.add(list)
              yield* change(on, list, first + at)
            }
          }
          yield* insert(on, Statements.insertEntries, rows.slice(stood))
        })
      )),
    enrolled: (list, what) =>
      Effect.asVoid(write((on) =>
        Effect.gen(function*() {
          const dropped = yield* on.run("delete from entry where place >= ? and place < ?", [
            place(list, what.entries),
            place(list + 1, 0)
          ])
          if (dropped > 0 && !changed.has(list)) yield* change(on, list, what.entries)
          yield* on.run("update list set is_counted = 0")
          yield* recount(list, on)
          yield* on.run(Statements.updateList, [JSON.stringify(Schema.encodeSync(List)(what)), list])
          whole.add(list)
        })
      )),
    record: (list, outcomes) => Effect.asVoid(write((on) => settle(access, on, list, outcomes))),
    revise: (outcomes) =>
      Effect.asVoid(write((on) =>
        Effect.zipRight(
          Effect.forEach(
            outcomes,
            ({ error, outcome, question }) =>
              outcome === null
                ? Effect.forEach([
                  "update outcome set outcome = 'failed' where question = ?",
                  "insert into superseded select * from outcome where question = ?",
                  "delete from outcome where question = ?"
                ], (text) =>
                  on.run(text, [question]), { discard: true })
                : on.run("update outcome set outcome = ?, error = ? where question = ?", [outcome, error, question]),
            {
              discard: true
            }
          ),
          outcomes.length === 0 ? Effect.void : changeAll(on)
        )
      )),
    redo: (list, which) =>
      write((on) =>
        Effect.gen(function*() {
          const range = [place(list, 0), place(list + 1, 0)]
          const unfinished = (yield* on.select(Statements.selectUnfinished, range)).map(Statements.toUnfinished)
          if (unfinished[0]!.count > 0) return which.map(() => 0)
          yield* on.run(Statements.indexSuperseded)
          const counts = yield* Effect.forEach(which, (one) =>
            Effect.gen(function*() {
              const [where, params] = Statements.redoOf(one)
              const those =
                `from outcome where question in (select question from entry where place >= ? and place < ?) and ${where}`
              yield* on.run(`insert into superseded select * ${those}`, [...range, ...params])
              return yield* on.run(`delete ${those}`, [...range, ...params])
            }))
          if (counts.some((count) => count > 0)) {
            yield* on.run(Statements.pruneSuperseded, [keptOutcomes])
            yield* changeAll(on)
            yield* recount(list, on)
          }
          return counts
        })
      ),
    intact: () => Effect.asVoid(write(() => Effect.void)),
    setNotes: (notes) =>
      Effect.asVoid(write((on) =>
        Effect.forEach(Object.entries(notes), ([name, value]) =>
          value === undefined
            ? on.run("delete from note where name = ?", [name])
            : on.run(Statements.insertNote, [name, JSON.stringify(value)]), { discard: true })
      )),
    forget: ({ before, codes }) =>
      Effect.gen(function*() {
        const count = yield* write((on) =>
          Effect.gen(function*() {
            yield* on.run("update list set is_counted = 0")
            if (codes === undefined) {
              const at = before ?? Number.MAX_SAFE_INTEGER
              yield* on.run("delete from superseded where at < ?", [at])
              return yield* on.run("update outcome set body = null where body is not null and at < ?", [at])
            }
            const those = [JSON.stringify(codes), JSON.stringify(codes)]
            yield* on.run(Statements.forgetOutcomes, those)
            yield* on.run(Statements.forgetSuperseded, those)
            yield* on.run(Statements.forgetEntries, [forgottenEntry, ...those, those[0]])
            yield* changeAll(on)
            return yield* on.run(Statements.forgetQuestions, those)
          })
        )
        // what is deleted would stay in the file's free pages, and in the journal
        yield* Effect.mapError(
          Effect.zipRight(sql.run("vacuum"), sql.select("pragma wal_checkpoint(truncate)")).pipe(
            Effect.zipRight(renew)
          ),
          Failure.make(file, "Write")
        )
        return count
      })
  }
}

/** Enters outcomes of questions of a list, and counts them there. */
export const settle = ({ insert }: Access, on: On, list: number, outcomes: ReadonlyArray<Answered>) =>
  Effect.gen(function*() {
    const changes = yield* insert(on, Statements.insertOutcomes, outcomes.map(Statements.fromOutcome))
    const kinds: Record<Kind, number> = { found: 0, not_found: 0, invalid: 0, failed: 0, skipped: 0 }
    for (const { outcome } of outcomes) kinds[outcome]++
    if (changes === outcomes.length) {
      yield* on.run(Statements.addCounts, [...Object.values(kinds), list])
      const standing = Statements.fromStanding(standingOf(outcomes))
      yield* on.run(Statements.addStanding, [outcomes.length, ...standing, list])
    } else yield* on.run("update list set is_counted = 0 where id = ?", [list])
  })
