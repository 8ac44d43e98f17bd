/**
 * The ledger in a SQLite file. WAL and `synchronous=FULL`: what is recorded survives a power loss.
 *
 * A batch is one transaction of statements with many rows each: 3–4 µs a row.
 */
import { Clock, Data, Effect, Layer, Option, Random, Schema, type Scope } from "effect"
import { copyFileSync, existsSync, mkdtempSync, rmSync, statfsSync, statSync } from "node:fs"
import { hostname, tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import {
  type Cause,
  type Counts,
  forgottenEntry,
  type Holder,
  keptOutcomes,
  Ledger,
  LedgerError,
  List,
  type Listed,
  mismatch,
  noStanding,
  robbed,
  standing as standingOf
} from "../Ledger.ts"
import type { Kind } from "../Outcome.ts"
import { connect, type Connection, pieces, type Statements as On, touch } from "../Sql/Sqlite/Connection.ts"
import { make as explain, SqliteError } from "../Sql/Sqlite/Failure.ts"
import * as Failure from "./Sqlite/Failure.ts"
import * as Files from "./Sqlite/Files.ts"
import * as Lock from "./Sqlite/Lock.ts"
import * as Statements from "./Sqlite/Statements.ts"
import { identifyForReading, place, prepare } from "./Sqlite/Tables.ts"

/** Opens the ledger in `file` for a run, which holds it. It is made, for its owner's eyes only, where it does not exist. */
export const layer = (file: string): Layer.Layer<Ledger, LedgerError> =>
  open(
    file,
    Effect.all([isLocal(file), Lock.hold(file), touch(file), Effect.flatMap(connect(file, { isPatient: true }), over)])
      .pipe(
        Effect.map(([, , , ledger]) => ledger)
      )
  )

/** The ledger of a run on a connection. */
export const over = (sql: Connection) =>
  Effect.gen(function*() {
    yield* prepare(sql)
    const holder: Holder = { pid: process.pid, host: hostname(), since: yield* Clock.currentTimeMillis }
    // it need not survive a power loss
    yield* sql.select("pragma synchronous = normal")
    yield* sql.run(Statements.insertNote, ["holder", JSON.stringify(holder)])
    yield* sql.select("pragma synchronous = full")
    yield* Effect.addFinalizer(() => sql.leaveOneFile)
    const room = yield* Files.reserve(sql.file)
    const files = Files.watch(sql.file)
    return make(sql, {
      renew: files.renew,
      transaction: (body) => {
        const attempt = Effect.zipLeft(Effect.zipRight(files.check, sql.transaction(body)), files.check)
        // what is answered is kept, and the run stops all the same: there is no more room than this
        return Effect.catchIf(attempt, isFull, (error) =>
          room.giveBack.pipe(
            Effect.zipRight(Effect.ignore(sql.select("pragma wal_checkpoint(truncate)"))),
            Effect.zipRight(files.renew),
            Effect.zipRight(attempt),
            Effect.zipRight(Effect.fail(error))
          ))
      }
    })
  })

/** How a ledger is written. */
interface Writing {
  readonly transaction: <A, E>(
    body: (on: On) => Effect.Effect<A, E>
  ) => Effect.Effect<A, E | SqliteError | LedgerError>
  /** Its files have been made anew, by ourselves. */
  readonly renew: Effect.Effect<void>
}

const isFull = (error: unknown): boolean => error instanceof SqliteError && error.code === "SQLITE_FULL"

/** Opens a ledger for looking at it, also while a run holds it. */
export const layerReader = (file: string): Layer.Layer<Ledger, LedgerError> =>
  open(
    file,
    // it may be made, or put aside, between the naming of it and the reading
    Effect.zipRight(
      Effect.catchIf(Effect.try({ try: () => statSync(file), catch: explain }), isAbsent, () => missing(file)),
      Effect.catchIf(reading(file), isUnwritable, () => readingAside(file))
    ),
    Failure.reading
  )

const isAbsent = ({ code }: SqliteError): boolean => code === "ENOENT" || code === "ENOTDIR"

const reading = (file: string, name = file) =>
  Effect.gen(function*() {
    const sql = { ...(yield* connect(file)), file: name }
    yield* identifyForReading(sql)
    yield* sql.select("pragma query_only = 1")
    return make(sql)
  })

/** SQLite shares the index of a journal in a file, which it cannot make where nothing may be written. */
const isUnwritable = (error: unknown): boolean =>
  error instanceof SqliteError && /^SQLITE_(CANTOPEN|READONLY)/.test(error.code ?? "")

/** Reads a ledger where it cannot be written: as it is where it has no journal, else a copy of it. */
const readingAside = (file: string) =>
  Effect.gen(function*() {
    if (!existsSync(`${file}-wal`)) {
      const url = pathToFileURL(resolve(file))
      url.searchParams.set("immutable", "1")
      return yield* reading(url.href, file)
    }
    const folder = yield* Effect.acquireRelease(
      Effect.try({ try: () => mkdtempSync(join(tmpdir(), "rollcall-")), catch: explain }),
      (folder) => Effect.ignore(Effect.try(() => rmSync(folder, { recursive: true, force: true })))
    )
    const copy = join(folder, "ledger")
    yield* Effect.try({
      try: () => {
        for (const end of ["", "-wal"]) copyFileSync(file + end, copy + end)
      },
      catch: explain
    })
    return yield* reading(copy, file)
  })

/** Holds the ledger in `file` without opening it, until the scope closes. */
export const lock = Lock.hold

/** Who holds the ledger in `file` now. */
export const holder = Lock.holder

const open = (
  file: string,
  ledger: Effect.Effect<typeof Ledger.Service, unknown, Scope.Scope>,
  failure = Failure.make
) => Layer.scoped(Ledger, Effect.mapError(ledger, failure(file, "Open")))

const missing = (ledger: string) => new LedgerError({ reason: "Missing", ledger, message: "there is no such ledger" })

/** SQLite's locks and its shared memory do not work over a network. */
const isLocal = (file: string) =>
  Effect.flatMap(Effect.option(Effect.try(() => statfsSync(dirname(file)).type)), (type) => {
    // what cannot be looked at is refused when it is opened
    const name = Option.isSome(type) ? networks[type.value >>> 0] : undefined
    return name === undefined ? Effect.void : new LedgerError({
      reason: "Open",
      ledger: file,
      message: `it would be on a network file system (${name}), where SQLite's locks do not hold: `
        + "name a file on a local disk",
      remedy: "ledger"
    })
  })

/** File systems by the magic number of Linux' statfs(2). */
export const networks: Readonly<Record<number, string>> = {
  0x6969: "NFS",
  0x517b: "SMB",
  0xff534d42: "CIFS",
  0xfe534d42: "SMB2",
  0x5346414f: "AFS",
  0x01021997: "9P",
  0x00c36400: "Ceph",
  0x0bd00bd0: "Lustre",
  0x47504653: "GPFS"
}

const make = (
  sql: Connection,
  writing?: Writing
) => {
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

  return Ledger.of({
    name: file,
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
    lists: Effect.flatMap(
      read(select(Statements.selectLists, [], ([id, epoch, value]) => ({ id, epoch, ...JSON.parse(value) }))),
      (lists) => read(Schema.decodeUnknown(Schema.Array(ListedSchema))(lists))
    ),
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
    pending: (list, ordinal, limit) =>
      read(Effect.gen(function*() {
        const end = place(list + 1, 0)
        for (let from = place(list, ordinal);; from += stretch) {
          const found = yield* selectTexts(
            Statements.selectPending,
            [from, Math.min(from + stretch, end), place(list, 0), limit],
            Statements.toUnanswered
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
    record: (list, outcomes) =>
      Effect.asVoid(write((on) =>
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
      )),
    answered: (question, limit) =>
      read(selectTexts(Statements.selectAnswered, [question, limit], Statements.toAnswered)),
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
    earlier: (questions) =>
      read(selectTexts(Statements.selectEarlier, [JSON.stringify(questions)], Statements.toAnswered)),
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
      read(selectTexts(
        Statements.selectRows,
        [place(list, 0), place(list, ordinal), Math.min(place(list, ordinal + limit), place(list + 1, 0))],
        Statements.toRow
      )),
    rowsOf: (list, questions) =>
      read(selectTexts(
        Statements.selectRowsOf,
        [place(list, 0), JSON.stringify(questions), place(list, 0), place(list + 1, 0)],
        Statements.toRow
      )),
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
    intact: () => Effect.asVoid(write(() => Effect.void)),
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
    note: (name) => read(note(name)),
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
  })
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

/** Entries that are searched for pending questions at a time: SQLite keeps the whole process waiting. */
const stretch = 65_536

const ListedSchema: Schema.Schema<Listed, any> = Schema.extend(
  List,
  Schema.Struct({ id: Schema.Int, epoch: Schema.Int })
)
