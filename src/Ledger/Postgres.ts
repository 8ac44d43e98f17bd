/**
 * The ledger in a PostgreSQL database (version 12 or newer): one schema is one ledger, `rollcall` unless the URL names another one with
 * `?schema=`. What is recorded survives a power loss of the server. The URL is that of the database itself, not of a connection pooler.
 *
 * A batch is one statement, a row costs 2–6 µs here; the server is done with it in 10–20 µs.
 */
import { Clock, Data, Effect, Layer, Random, type Redacted, Schema, type Scope } from "effect"
import { hostname } from "node:os"
import {
  type Cause,
  type Counts,
  forgottenEntry,
  type Holder,
  keptOutcomes,
  Ledger,
  type LedgerError,
  List,
  type Listed,
  mismatch,
  type Notes,
  robbed,
  type Standing,
  type Unfinished
} from "../Ledger.ts"
import { type Access, give, giveEach, type Opened } from "./Postgres/Access.ts"
import * as Address from "./Postgres/Address.ts"
import * as Failure from "./Postgres/Failure.ts"
import * as Lock from "./Postgres/Lock.ts"
import * as Parts from "./Postgres/Parts.ts"
import * as Reserve from "./Postgres/Reserve.ts"
import * as Session from "./Postgres/Session.ts"
import * as Statements from "./Postgres/Statements.ts"
import * as Steps from "./Postgres/Steps.ts"
import { drop, identifyForReading, prepare, quoted } from "./Postgres/Tables.ts"
import * as Text from "./Postgres/Text.ts"
import * as Row from "./Row.ts"
import { beside } from "./Steps.ts"

/**
 * Opens the ledger at a URL for a run, which holds it. It is made where it does not exist; the database must be there.
 *
 * @example
 * Postgres.layer(Redacted.make("postgres://user:password@host:5432/database?sslmode=verify-full"))
 */
export const layer = (url: Redacted.Redacted): Layer.Layer<Ledger, LedgerError> =>
  Layer.scoped(
    Ledger,
    open(url, forWriting, (opened) =>
      Effect.gen(function*() {
        const { address, session, statements } = opened
        yield* Lock.hold(session, address, statements)
        yield* prepare(session, address)
        yield* Reserve.take(session, address)
        const holder: Holder = { pid: process.pid, host: hostname(), since: yield* Clock.currentTimeMillis }
        yield* setNotes(opened, { holder })
        yield* session.takeUpWith((session) => Lock.takeUp(session, address, statements, holder))
        return make(opened)
      }))
  )

/** Opens a ledger for looking at it, also while a run holds it. */
export const layerReader = (url: Redacted.Redacted): Layer.Layer<Ledger, LedgerError> =>
  Layer.scoped(
    Ledger,
    open(
      url,
      forReading,
      (opened) => Effect.as(identifyForReading(opened.session, opened.address), make(opened))
    )
  )

/** Where the ledger at a URL is, for messages: without user and password. */
export const name = (url: Redacted.Redacted): Effect.Effect<string, LedgerError> =>
  Effect.map(Address.parse(url), ({ name }) => name)

/** Who holds the ledger at a URL now. */
export const holder = (url: Redacted.Redacted): Effect.Effect<Holder | undefined, LedgerError> =>
  Effect.scoped(
    open(url, forReading, ({ address, session, statements }) => Lock.holder(session, address, statements))
  )

/** Removes the ledger at a URL with all that it holds, unless a run holds it. */
export const remove = (url: Redacted.Redacted): Effect.Effect<void, LedgerError> =>
  Effect.scoped(
    open(url, forWriting, ({ address, session, statements }) =>
      Effect.gen(function*() {
        yield* Lock.hold(session, address, statements)
        yield* identifyForReading(session, address)
        yield* session.patiently(drop(session, address))
      }))
  )

const forWriting = { synchronous_commit: "on" }
const forReading = { default_transaction_read_only: "on" }

/** Connects until the scope closes. */
const open = <A>(
  url: Redacted.Redacted,
  settings: Readonly<Record<string, string>>,
  body: (opened: Opened) => Effect.Effect<A, unknown>
): Effect.Effect<A, LedgerError, Scope.Scope> =>
  Effect.flatMap(Address.parse(url), (address) =>
    Session.open(address, settings).pipe(
      Effect.flatMap((session) => body({ address, session, statements: Statements.make(address.schema) })),
      // pg reads the files of a certificate where it connects, and throws
      Effect.catchAllDefect(Effect.fail),
      Effect.mapError(Failure.make(address.name, "Open"))
    ))

const setNotes = ({ session, statements }: Opened, notes: Notes) =>
  give(
    session,
    statements.setNotes,
    [],
    Object.entries(notes).map(([name, value]) => ({ name, value: JSON.stringify(value) }))
  )

const make = (opened: Opened): typeof Ledger.Service => {
  const { address: { name }, session, statements } = opened
  const read = <A, E>(effect: Effect.Effect<A, E>) => Effect.mapError(effect, Failure.make(name, "Read"))
  const write = <A, E>(effect: Effect.Effect<A, E>) =>
    // what is answered is kept, and the run stops all the same: there is no more room than this
    Effect.catchIf(effect, Reserve.isFull, (error) =>
      Reserve.giveBack(session, opened.address).pipe(Effect.zipRight(effect), Effect.zipRight(Effect.fail(error))))
      .pipe(
        Effect.mapError(Failure.make(name, "Write"))
      )
  /** Takes outcomes away, or may do so. */
  const writeAnew: typeof write = (effect) =>
    write(Effect.suspend(() => {
      witness = null
      size = undefined
      return effect
    }))
  const note = (name: string) =>
    Effect.map(
      read(session.select(statements.selectNote, [Text.encode(name)], ([value]) => value as string)),
      ([value]): unknown => value === undefined ? undefined : JSON.parse(value)
    )
  /** A question that was recorded a moment ago. */
  let witness: number | null = null
  /** How many outcomes, entries and questions there are if nobody removes any. */
  let size: Size | undefined
  const measure = (select: Session.Connection["select"]) =>
    Effect.map(select(statements.size, [], (row) => row as unknown as Size), ([size]) => size!)
  /** Rows are gone: what is still there is counted anew, and the outputs are written anew. */
  const reopen = () =>
    Effect.suspend(() => {
      witness = null
      size = undefined
      return Effect.zipRight(session.run(statements.changeAll), robbed(name))
    })
  const toStanding = ([oldest, count, since]: ReadonlyArray<string | number | null>): Standing => ({
    oldest: Number(oldest ?? Infinity),
    stale: { count: Number(count), since: Number(since ?? Infinity) }
  })
  const toUnfinished = ([count, since]: ReadonlyArray<unknown>): Unfinished => ({
    count: Number(count),
    since: since === null ? Infinity : Number(since)
  })

  const there = new Set<string>()
  const has: Access["has"] = (table, on = session) =>
    there.has(table) ? Effect.succeed(true) : Effect.map(
      on.select("select to_regclass($1) is not null", [`${quoted(opened.address.schema)}.${table}`], ([is]) => is),
      ([isThere]) => isThere === true && there.add(table) !== undefined
    )
  const access: Access = { ...opened, read, write, writeAnew, has, note }
  const steps = Steps.make(access)
  /** Rows with what was asked step by step, where there are several. */
  const withSteps = (rows: Effect.Effect<ReadonlyArray<Row.Row>, Session.SqlError>) =>
    Effect.flatMap(
      read(rows),
      (rows) =>
        Effect.flatMap(read(has("link")), (isThere) => isThere ? beside(rows, steps.links) : Effect.succeed(rows))
    )

  const toCounts = ([entries, questions, refused, forgotten, found, not_found, invalid, failed, skipped]: ReadonlyArray<
    number
  >) => ({ entries, questions, refused, forgotten, outcomes: { found, not_found, invalid, failed, skipped } }) as Counts

  return {
    name,
    begin: (fingerprint) =>
      Effect.gen(function*() {
        const mine = (yield* note("request")) as typeof fingerprint | undefined
        const [isAnswered] = yield* read(session.select(statements.selectIsAnswered, [], ([is]) => is as boolean))
        // what has answered nothing may answer anybody
        if (isAnswered) yield* mismatch(name, mine ?? fingerprint, fingerprint)
        if (mine === undefined || !isAnswered) yield* write(setNotes(opened, { request: fingerprint }))
      }),
    lists: read(Effect.flatMap(
      session.select(statements.selectLists, [], ([id, epoch, value]) => ({ id, epoch, ...JSON.parse(value) })),
      Schema.decodeUnknown(Schema.Array(ListedSchema))
    )),
    enlist: (name) =>
      Effect.gen(function*() {
        const epoch = yield* Random.nextIntBetween(0, 2 ** 48)
        const [id] = yield* write(session.select(statements.enlist, [Text.encode(name), epoch], ([id]) => id as number))
        return id!
      }),
    enroll: (list, entries) => Effect.asVoid(write(give(session, statements.enroll, [list], entries))),
    enrolled: (list, what) =>
      write(session.transaction(({ run, select }) =>
        Effect.gen(function*() {
          const dropped = yield* run(statements.deleteBeyond, [list, what.entries])
          if (dropped > 0) yield* run(statements.change, [list, what.entries])
          yield* run(statements.updateList, [
            list,
            Text.encode(JSON.stringify({ ...Schema.encodeSync(List)(what), host: hostname() })),
            what.entries
          ])
          yield* run(statements.recount, [list])
          yield* run(statements.restand, [list])
          size = yield* measure(select)
        })
      )),
    pending: (list, ordinal, limit) =>
      read(session.select(statements.selectPending, [list, ordinal, limit], Row.toUnanswered)),
    record: (list, outcomes) =>
      write(
        Effect.suspend(() => {
          const documents = Text.documents(outcomes)
          const recordAll = ({ select }: Session.Connection) =>
            Effect.reduce(documents, 0, (sum, document) =>
              Effect.flatMap(
                select(statements.record, [list, document, witness], (row) => row as [id: number, count: number]),
                (lists) => {
                  const found = lists.find(([id]) => id === list)
                  return found === undefined ? new RobbedError() : Effect.succeed(sum + found[1])
                }
              ))
          return Effect.map(documents.length > 1 ? session.transaction(recordAll) : recordAll(session), (count) => {
            if (size !== undefined) size = [size[0] + count, size[1], size[2]]
            witness = outcomes.at(-1)?.question ?? witness
          })
        }).pipe(Effect.catchIf((error) => error instanceof RobbedError, reopen))
      ),
    answered: (question, limit) => read(session.select(statements.selectAnswered, [question, limit], Row.toAnswered)),
    revise: (outcomes) =>
      writeAnew(session.transaction((connection) =>
        Effect.flatMap(
          Effect.zipWith(
            giveEach(connection, statements.revise, [], Text.documents(outcomes)),
            giveEach(connection, statements.reopen, [], Text.documents(outcomes)),
            (revised, reopened) => revised + reopened
          ),
          (changes) => changes > 0 ? Effect.asVoid(connection.run(statements.changeAll)) : Effect.void
        )
      )),
    redo: (list, which) =>
      write(session.transaction(({ run, select }) =>
        Effect.gen(function*() {
          const [unfinished] = yield* select(statements.selectUnfinished, [list], toUnfinished)
          if (unfinished!.count > 0) return which.map(() => 0)
          yield* run(statements.indexSuperseded)
          const counts = yield* Effect.forEach(which, (one) => {
            const [where, params] = statements.redoOf(one)
            return run(statements.redo(where), [list, ...params])
          })
          if (counts.some((count) => count > 0)) {
            yield* run(statements.pruneSuperseded, [keptOutcomes])
            yield* run(statements.changeAll)
            yield* run(statements.recount, [list])
            yield* run(statements.restand, [list])
            witness = null
            size = yield* measure(select)
          }
          return counts
        })
      )),
    unfinished: (list) =>
      Effect.map(
        read(session.select(statements.selectUnfinished, [list], toUnfinished)),
        ([unfinished]) => unfinished!
      ),
    standing: (list) =>
      read(Effect.gen(function*() {
        const [isThere] = yield* session.select(statements.selectHasStanding, [], ([is]) => is as boolean)
        const [kept] = isThere === true ? yield* session.select(statements.selectStanding, [list], toStanding) : []
        if (kept !== undefined) return kept
        const [scanned] = yield* session.select(statements.scanStanding, [list], toStanding)
        return scanned!
      })),
    earlier: (questions) => read(session.select(statements.selectEarlier, [`{${questions.join()}}`], Row.toAnswered)),
    causes: (list) =>
      read(session.select(
        statements.selectCauses,
        [list],
        ([outcome, type, http_status, rule, count]): Cause => ({
          outcome,
          type,
          http_status,
          ...(rule === null ? {} : { rule }),
          count: Number(count)
        })
      )),
    rows: (list, ordinal, limit) =>
      withSteps(session.select(statements.selectRows, [list, ordinal, ordinal + limit], Row.toRow)),
    rowsOf: (list, questions) =>
      withSteps(session.select(statements.selectRowsOf, [list, `{${questions.join()}}`], Row.toRow)),
    counts: (list) =>
      read(Effect.gen(function*() {
        const [[isCounted, ...counters] = []] = yield* session.select(statements.selectCounts, [list], (row) => row)
        if (isCounted === true) return toCounts(counters)
        const [counted = []] = yield* session.select(statements.count, [list], (row) => row)
        return toCounts(counted)
      })),
    intact: () =>
      Effect.suspend(() => {
        const least = size
        // what was not written to was counted a moment ago
        if (least === undefined || witness === null) return Effect.void
        return write(Effect.flatMap(measure(session.select), (found) =>
          found.every((count, index) => count >= least[index]!)
            ? Effect.void
            : reopen()))
      }),
    distinct: Effect.map(
      read(session.select(statements.selectDistinct, [], ([questions, answered]) => ({
        questions: Number(questions),
        answered: Number(answered)
      }))),
      ([found]) => found!
    ),
    changedSince: (list, epoch) =>
      Effect.map(
        read(session.select(statements.selectChanged, [list, epoch], (row) => row as [boolean, number | null])),
        ([[isOurs, ordinal] = [false, null]]) => isOurs ? ordinal ?? Infinity : 0
      ),
    known: (keys, which) => {
      const [where, params] = which === undefined ? ["true", []] : statements.redoOf(which)
      return Effect.map(
        read(Effect.forEach(
          Text.documents(keys.map((key) => ({ key }))),
          (document) => session.select(statements.selectKnown(where), [document, ...params], ([key]) => key as string)
        )),
        (known) => new Set(known.flat())
      )
    },
    parts: Parts.make(access),
    steps,
    note,
    setNotes: (notes) => Effect.asVoid(write(setNotes(opened, notes))),
    forget: ({ before, codes }) =>
      writeAnew(session.patiently(Effect.zipLeft(
        session.transaction(({ run }) =>
          Effect.gen(function*() {
            yield* run(statements.uncount)
            if (codes === undefined) {
              const at = before ?? Number.MAX_SAFE_INTEGER
              yield* run(statements.deleteSuperseded, [at])
              return yield* run(statements.forget, [at])
            }
            yield* run(statements.forgetOutcomes, [codes])
            yield* run(statements.forgetSuperseded, [codes])
            yield* run(statements.forgetEntries, [codes, forgottenEntry])
            yield* run(statements.changeAll)
            return yield* run(statements.forgetQuestions, [codes])
          })
        ),
        Effect.forEach(statements.vacuum, (text) => session.run(text), { discard: true })
      )))
  }
}

/** Rows are not there any more. */
class RobbedError extends Data.TaggedError("RobbedError") {}

type Size = readonly [outcomes: number, entries: number, questions: number]

const ListedSchema: Schema.Schema<Listed, any> = Schema.extend(
  List,
  Schema.Struct({ id: Schema.Int, epoch: Schema.Int, host: Schema.optional(Schema.String) })
)
