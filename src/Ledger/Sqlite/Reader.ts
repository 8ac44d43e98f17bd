/**
 * Reader: what is known of a ledger in SQLite.
 */
import { Effect, Schema } from "effect"
import { type Cause, type Counts, List, type Listed, type Reader } from "../../Ledger.ts"
import * as Row from "../Row.ts"
import * as Steps from "../Steps.ts"
import type { Access } from "./Access.ts"
import * as Statements from "./Statements.ts"
import { place } from "./Tables.ts"

export const make = (
  { countAll, file, has, note, read, select, selectTexts, sql }: Access,
  steps: Reader["steps"]
): Omit<Reader, "parts" | "steps"> => {
  /** Rows as they are read, with what was asked step by step where there are several. */
  const rowsBy = (reading: Statements.Reading, params: ReadonlyArray<unknown>) =>
    Effect.flatMap(
      read(selectTexts(reading, params, Row.toRow)),
      (rows) =>
        Effect.flatMap(read(has("link")), (isThere) => isThere ? Steps.beside(rows, steps.links) : Effect.succeed(rows))
    )
  return {
    name: file,
    lists: Effect.flatMap(
      read(select(Statements.selectLists, [], ([id, epoch, value]) => ({ id, epoch, ...JSON.parse(value) }))),
      (lists) => read(Schema.decodeUnknown(Schema.Array(ListedSchema))(lists))
    ),
    pending: (list, ordinal, limit) =>
      read(Effect.gen(function*() {
        const end = place(list + 1, 0)
        for (let from = place(list, ordinal);; from += stretch) {
          const found = yield* selectTexts(
            Statements.selectPending,
            [from, Math.min(from + stretch, end), place(list, 0), limit],
            Row.toUnanswered
          )
          if (found.length > 0) return found
          const rest = yield* sql.select("select 1 from entry where place >= ? and place < ? limit 1", [
            from + stretch,
            end
          ])
          if (rest.length === 0) return []
          yield* Effect.sleep(0)
        }
      })),
    answered: (question, limit) => read(selectTexts(Statements.selectAnswered, [question, limit], Row.toAnswered)),
    unfinished: (list) =>
      Effect.map(
        read(select(Statements.selectUnfinished, [place(list, 0), place(list + 1, 0)], Statements.toUnfinished)),
        ([unfinished]) => unfinished!
      ),
    standing: (list) =>
      read(Effect.gen(function*() {
        const isThere = (yield* sql.select(Statements.selectHasStanding)).length > 0
        const [kept] = isThere ? yield* select(Statements.selectStanding, [list], Statements.toStanding) : []
        return kept ?? (yield* countAll(list, sql.select)).standing
      })),
    earlier: (questions) => read(selectTexts(Statements.selectEarlier, [JSON.stringify(questions)], Row.toAnswered)),
    causes: (list) => {
      const range = [place(list, 0), place(list + 1, 0)]
      return read(select(
        Statements.selectCauses,
        [...range, ...range],
        ([outcome, type, http_status, rule, count]): Cause => ({
          outcome,
          type,
          http_status,
          ...(rule === null ? {} : { rule }),
          count
        })
      ))
    },
    rows: (list, ordinal, limit) =>
      rowsBy(Statements.selectRows, [
        place(list, 0),
        place(list, ordinal),
        Math.min(place(list, ordinal + limit), place(list + 1, 0))
      ]),
    rowsOf: (list, questions) =>
      rowsBy(Statements.selectRowsOf, [
        place(list, 0),
        JSON.stringify(questions),
        place(list, 0),
        place(list + 1, 0)
      ]),
    counts: (list) =>
      read(Effect.gen(function*() {
        const [kept] = yield* select(Statements.selectCounts, [list], (row) => row as ReadonlyArray<number>)
        const [isCounted, entries = 0, ...counters] = kept ?? []
        const [
          questions = 0,
          refused = 0,
          forgotten = 0,
          found = 0,
          not_found = 0,
          invalid = 0,
          failed = 0,
          skipped = 0
        ] = isCounted === 1 ? counters : (yield* countAll(list, sql.select)).counters
        const outcomes = { found, not_found, invalid, failed, skipped }
        return { entries, questions, refused, outcomes, forgotten } satisfies Counts
      })),
    distinct: Effect.map(
      read(select(Statements.selectDistinct, [], ([questions, answered]) => ({ questions, answered }))),
      ([found]) => found!
    ),
    changedSince: (list, epoch) =>
      Effect.map(
        read(select(Statements.selectChanged, [epoch, epoch, list], (row) => row as [number | null, number])),
        ([[ordinal, isOurs] = [0, 0]]) => isOurs === 0 ? 0 : ordinal ?? Infinity
      ),
    known: (keys, which) => {
      const [where, params] = which === undefined ? ["1", []] : Statements.redoOf(which)
      return Effect.map(
        read(select(Statements.selectKnown(where), [JSON.stringify(keys), ...params], ([index]) => keys[index]!)),
        (known) => new Set(known)
      )
    },
    note: (name) => read(note(name))
  }
}

/** Entries that are searched for pending questions at a time: SQLite keeps the whole process waiting. */
export const stretch = 65_536

const ListedSchema: Schema.Schema<Listed, any> = Schema.extend(
  List,
  Schema.Struct({ id: Schema.Int, epoch: Schema.Int })
)
