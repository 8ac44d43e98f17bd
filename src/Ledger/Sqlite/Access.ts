/**
 * Access: how statements reach the database of a ledger, and what its readers and its writer have in common.
 */
import { Data, Effect } from "effect"
import { type LedgerError, noStanding, robbed } from "../../Ledger.ts"
import { type Connection, pieces, type Statements as On } from "../../Sql/Sqlite/Connection.ts"
import type { SqliteError } from "../../Sql/Sqlite/Failure.ts"
import * as Failure from "./Failure.ts"
import * as Statements from "./Statements.ts"
import { place } from "./Tables.ts"

export type { On }

/** How a ledger is written. */
export interface Writing {
  readonly transaction: <A, E>(
    body: (on: On) => Effect.Effect<A, E>
  ) => Effect.Effect<A, E | SqliteError | LedgerError>
  /** Its files have been made anew, by ourselves. */
  readonly renew: Effect.Effect<void>
}

export type Access = ReturnType<typeof make>

export const make = (sql: Connection, writing?: Writing) => {
  const { file } = sql
  const { renew, transaction } = writing ?? { transaction: sql.transaction, renew: Effect.void }
  const failure = writing === undefined ? Failure.reading : Failure.make
  /** The end of each list as the ledger had it, and those of which an entry was found changed. */
  const extents = new Map<number, number>()
  const changed = new Set<number>()
  /** The lists that have been enrolled to their end, and the version of the database when nobody had removed rows of them. */
  const whole = new Set<number>()
  let version: number | undefined

  const read = <A, E>(effect: Effect.Effect<A, E>) => Effect.mapError(effect, failure(file, "Read"))
  const write = <A, E>(body: (on: On) => Effect.Effect<A, E>) =>
    transaction((on) => Effect.zipRight(look(on), body(on))).pipe(
      // rows are gone: what is still there is counted anew, and the outputs are written anew
      Effect.catchIf(
        (error) => error instanceof RobbedError,
        () => Effect.zipRight(transaction(changeAll), robbed(file))
      ),
      Effect.mapError(Failure.make(file, "Write"))
    )
  const select = <A>(text: string, params: ReadonlyArray<unknown>, make: (row: ReadonlyArray<any>) => A) =>
    Effect.map(sql.select(text, params), (rows) => rows.map(make))
  const selectTexts = <A>(
    reading: Statements.Reading,
    params: ReadonlyArray<unknown>,
    make: (row: ReadonlyArray<any>) => A
  ) =>
    Effect.flatMap(sql.select(reading.text, params), (rows) =>
      rows.every((row) => Statements.isWhole(reading, row))
        ? Effect.succeed(rows.map(make))
        : select(reading.whole, params, (row) => make(Statements.decoded(row))))
  const note = (name: string) =>
    Effect.map(
      select(Statements.selectNote, [name], ([value]) => value as string),
      ([value]): unknown => value === undefined ? undefined : JSON.parse(value)
    )
  /** Inserts rows, and gives how many it changed. */
  const insert = (
    on: On,
    statement: (count: number) => string,
    rows: ReadonlyArray<ReadonlyArray<unknown>>
  ) =>
    Effect.reduce(
      pieces(rows),
      0,
      (sum, piece) => Effect.map(on.run(statement(piece.length), flat(piece)), (changes) => sum + changes)
    )
  /** Rows from `ordinal` on are not what they were. */
  const change = (on: On, list: number, ordinal: number) =>
    Effect.zipRight(on.run(Statements.insertChange, [ordinal, list]), on.run(Statements.nextEpoch, [list]))
  const changeAll = (on: On) =>
    Effect.zipRight(on.run(Statements.insertChanges), on.run("update list set epoch = epoch + 1, is_counted = 0"))
  const countAll = (list: number, select: On["select"]) =>
    Effect.gen(function*() {
      const range = [place(list, 0), place(list + 1, 0)]
      const [[questions, refused] = []] = yield* select(Statements.selectTotals, [...range, ...range])
      const counts: Record<string, number> = { questions, refused, forgotten: 0 }
      let standing = noStanding
      for (const [outcome, count, forgotten, ...stands] of yield* select(Statements.selectOutcomes, range)) {
        counts[outcome] = count
        counts.forgotten! += forgotten
        const { oldest, stale } = Statements.toStanding(stands)
        standing = {
          oldest: Math.min(oldest, standing.oldest),
          stale: { count: stale.count + standing.stale.count, since: Math.min(stale.since, standing.stale.since) }
        }
      }
      return { counters: Statements.counters.map((name) => counts[name] ?? 0), standing }
    })
  const recount = (list: number, on: On) =>
    Effect.flatMap(countAll(list, on.select), ({ counters, standing }) =>
      Effect.zipRight(
        on.run(Statements.updateCounts, [...counters, list]),
        on.run(Statements.updateStanding, [...Statements.fromStanding(standing), list])
      ))

  /** Looks whether rows were removed, where another program has written to the database: 2 µs where none has. */
  const look = (on: On) =>
    Effect.flatMap(on.select(Statements.selectVersion), ([row]) => {
      const found = row![0] as number
      if (version === found) return Effect.void
      const isFirst = version === undefined
      version = found
      return isFirst ? Effect.void : Effect.forEach(whole, (list) => lookAt(list, on), { discard: true })
    })
  const lookAt = (list: number, on: On) =>
    Effect.gen(function*() {
      const range = [place(list, 0), place(list + 1, 0)]
      const [lost] = yield* on.select(Statements.selectLost, [...range, ...range, list])
      const [[isCounted, , ...kept] = []] = yield* on.select(Statements.selectCounts, [list])
      const { counters } = yield* countAll(list, on.select)
      const isLess = isCounted === 1 && counters.some((count, index) => index !== isForgotten && count !== kept[index])
      if (lost === undefined || lost.some((count) => count !== 0) || isLess) return yield* new RobbedError()
    })

  const there = new Set<string>()
  /** Whether a table is there that is made only when it is needed. */
  const has = (table: string, on: Pick<On, "select"> = sql) =>
    there.has(table) ? Effect.succeed(true) : Effect.map(
      on.select(`pragma table_info(${table})`),
      (found) => found.length > 0 && there.add(table) !== undefined
    )

  return {
    file,
    sql,
    has,
    note,
    extents,
    changed,
    whole,
    renew,
    read,
    write,
    select,
    selectTexts,
    insert,
    change,
    changeAll,
    countAll,
    recount
  }
}

/** Rows of a list are not there any more. */
class RobbedError extends Data.TaggedError("RobbedError") {}

const isForgotten = Statements.counters.indexOf("forgotten")

/** As `Array.flat`, which takes fifteen times as long: 0.7 µs a row. */
const flat = (rows: ReadonlyArray<ReadonlyArray<unknown>>): ReadonlyArray<unknown> => {
  const all: Array<unknown> = []
  for (const row of rows) all.push(...row)
  return all
}
