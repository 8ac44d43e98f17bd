/**
 * Session: a connection for reads and writes, that several fibers share. A database that does not answer is told of after 10 s and given
 * up after a minute; one that is lost is connected to again, where the session can be taken up.
 */
import { Clock, Data, DateTime, Effect, Fiber, Redacted, type Scope } from "effect"
import * as Pg from "pg"
import * as Hurry from "../../Sql/Hurry.ts"
import type { Address } from "./Address.ts"
import * as Failure from "./Failure.ts"
import * as Text from "./Text.ts"

/** A statement failed, or the connection did; `cause` is what Node or pg raised. */
export class SqlError extends Data.TaggedError("SqlError")<{ readonly cause: unknown; readonly message: string }> {}

/** Runs statements. */
export interface Connection {
  /** The rows, each an array of its columns. */
  readonly select: <A>(
    text: string,
    params: ReadonlyArray<unknown>,
    make: (row: ReadonlyArray<any>) => A
  ) => Effect.Effect<ReadonlyArray<A>, SqlError>
  /** How many rows were changed. */
  readonly run: (text: string, params?: ReadonlyArray<unknown>) => Effect.Effect<number, SqlError>
}

/** A connection that several fibers share: a statement waits for those before it, and is not interrupted. */
export interface Session extends Connection {
  /** Does all of it or nothing; others wait until it is done. Where the connection is lost it is done again from its beginning. */
  readonly transaction: <A, E>(body: (connection: Connection) => Effect.Effect<A, E>) => Effect.Effect<A, E | SqlError>
  /**
   * From now on a connection that is lost is made anew, and taken up with this before anything else, which fails where somebody else may
   * have written in between. What was under way is done again: it must not matter that it was done already.
   */
  readonly takeUpWith: (body: (session: Session) => Effect.Effect<void, TakeUpError | SqlError>) => Effect.Effect<void>
  /** Statements on whole tables take their time. */
  readonly patiently: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** The session cannot be taken up: for now, as the server still takes us for connected, or for good. */
export interface TakeUpError {
  readonly isForNow: boolean
  readonly error: Error
}

/** Seconds that statements on whole tables may take. */
const patientLimit = 3_600
/** Seconds for which a lost database is tried again: as long as a server that is down is waited for. */
const outage = 900

/** Connects, until the scope closes; settings of the server are given as pairs, those that it does not know are left out. */
export const open = (
  address: Address,
  settings: Readonly<Record<string, string>>
): Effect.Effect<Session, SqlError, Scope.Scope> =>
  Effect.gen(function*() {
    const hurry = yield* Hurry.listen
    const state: State = { limit: Hurry.giveUpAfter, isHurried: () => hurry.isHurried }
    const line = yield* Effect.acquireRelease(
      Effect.map(admitted(connect(address, settings, state), address, state), (raw) => ({ raw })),
      ({ raw }) => raw.close
    )
    let takeUp: Parameters<Session["takeUpWith"]>[0] | undefined
    let isGivenUp = false

    /** Makes the connection anew. It is given up with the error that it was lost with. */
    const again = (lost: SqlError) =>
      Effect.gen(function*() {
        yield* Effect.logWarning(trying(address.name, lost))
        const begun = yield* Clock.currentTimeMillis
        for (let wait = 1;; wait = Math.min(60, wait * 2)) {
          yield* Effect.sleep(wait * 1_000)
          const attempt = Effect.gen(function*() {
            yield* line.raw.close
            line.raw = yield* connect(address, settings, state)
            yield* takeUp!(direct(line.raw))
          })
          const exit = yield* Effect.either(attempt)
          if (exit._tag === "Right") break
          const isForNow = exit.left instanceof SqlError ? isLost(exit.left) : exit.left.isForNow
          const isOver = (yield* Clock.currentTimeMillis) - begun > outage * 1_000 || state.isHurried()
          // nothing is written without the lock, and nobody kept from it
          yield* line.raw.close
          isGivenUp = !isForNow || isOver
          if (isGivenUp) return yield* exit.left instanceof SqlError ? lost : failed(exit.left.error)
        }
        yield* Effect.logWarning(`${address.name}: it answers again`)
      })

    const oneByOne = yield* Effect.makeSemaphore(1)
    const alone = <A, E>(body: (raw: Raw) => Effect.Effect<A, E>): Effect.Effect<A, E> => {
      const perform: Effect.Effect<A, E> = Effect.suspend(() => body(line.raw)).pipe(
        Effect.catchIf(
          (error) => takeUp !== undefined && !state.isHurried() && !isGivenUp && !line.raw.isGivenUp() && isLost(error),
          (error) => Effect.zipRight(again(error as unknown as SqlError) as Effect.Effect<void, E>, perform)
        )
      )
      return oneByOne.withPermits(1)(Effect.uninterruptible(perform))
    }
    return {
      select: (text, params, make) => alone((raw) => raw.select(text, params, make)),
      run: (text, params) => alone((raw) => raw.run(text, params)),
      transaction: (body) => alone((raw) => transaction(raw, body)),
      takeUpWith: (body) =>
        Effect.sync(() => {
          takeUp = body
        }),
      patiently: (effect) =>
        Effect.acquireUseRelease(
          Effect.sync(() => state.limit = patientLimit),
          () => effect,
          () => Effect.sync(() => state.limit = Hurry.giveUpAfter)
        )
    }
  })

/** Connects, and where the server is starting or full waits as long as for one that was lost. */
const admitted = (
  attempt: Effect.Effect<Raw, SqlError>,
  { name }: Address,
  state: State
): Effect.Effect<Raw, SqlError> =>
  Effect.gen(function*() {
    const begun = yield* Clock.currentTimeMillis
    for (let wait = 1;; wait = Math.min(60, wait * 2)) {
      const exit = yield* Effect.either(attempt)
      if (exit._tag === "Right") return exit.right
      const isOver = (yield* Clock.currentTimeMillis) - begun > outage * 1_000 || state.isHurried()
      if (isOver || !Failure.isForNow(exit.left)) return yield* exit.left
      if (wait === 1) yield* Effect.logWarning(trying(name, exit.left))
      yield* Effect.interruptible(Effect.sleep(wait * 1_000))
    }
  })

const trying = (name: string, error: SqlError) =>
  `${name}: ${Failure.make("", "Write")(error).message} (trying for ${outage / 60} min)`

/** A session over a connection that nobody else uses. */
const direct = (raw: Raw): Session => ({
  ...raw,
  transaction: (body) => transaction(raw, body),
  takeUpWith: () => Effect.void,
  patiently: (effect) => effect
})

const transaction = <A, E>(raw: Connection, body: (connection: Connection) => Effect.Effect<A, E>) =>
  Effect.zipLeft(Effect.zipRight(raw.run("begin"), body(raw)), raw.run("commit")).pipe(
    Effect.onError(() => Effect.ignore(raw.run("rollback")))
  )

interface Raw extends Connection {
  /** It was given up because it did not answer. */
  readonly isGivenUp: () => boolean
  readonly close: Effect.Effect<void>
}

/** One connection, made within 10 s. */
const connect = (
  address: Address,
  settings: Readonly<Record<string, string>>,
  state: State
): Effect.Effect<Raw, SqlError> =>
  Effect.gen(function*() {
    const client = yield* Effect.try({
      try: () =>
        new Pg.Client({
          connectionString: Redacted.value(address.url),
          application_name: "rollcall",
          connectionTimeoutMillis: 10_000,
          keepAlive: true,
          keepAliveInitialDelayMillis: 10_000,
          types: { getTypeParser: (type: number) => parsers[type] ?? Text.decode } as never
        }),
      catch: failed
    })
    // what is lost is told to the next statement
    client.on("error", () => {})
    const destroy = Effect.sync(() => (client as unknown as Streaming).connection.stream.destroy())
    const close = Effect.tryPromise(() => client.end()).pipe(
      Effect.interruptible,
      Effect.timeout("1 second"),
      Effect.catchAll(() => destroy)
    )
    let isGivenUp = false
    /** Destroys the connection where it does not answer in time: then the statement fails. */
    const watched = <A>(effect: Effect.Effect<A, SqlError>): Effect.Effect<A, SqlError> =>
      Effect.acquireUseRelease(
        Effect.forkDaemon(Effect.interruptible(Effect.gen(function*() {
          const since = yield* DateTime.now
          let hurried = 0
          for (let waited = 1; waited < state.limit; waited++) {
            yield* Effect.sleep("1 second")
            if (waited === Hurry.tellAfter) {
              const at = DateTime.formatIso(since).replace(/\.\d+Z$/, "Z")
              yield* Effect.logWarning(`${address.name}: the database does not answer since ${at}`)
            }
            if (state.isHurried() && ++hurried >= Hurry.hurriedLimit) break
          }
          isGivenUp = true
          yield* destroy
        }))),
        () => Effect.mapError(effect, (error) => isGivenUp ? failed(new Error(Failure.unanswered)) : error),
        Fiber.interruptFork
      )
    const query = (config: Pg.QueryConfig | Pg.QueryArrayConfig) =>
      watched(Effect.tryPromise({ try: () => client.query(config as Pg.QueryArrayConfig), catch: failed }))
    yield* Effect.tapError(Effect.tryPromise({ try: () => client.connect(), catch: failed }), () => close)
    const raw: Raw = {
      select: (text, values, make) =>
        Effect.map(query({ text, values: [...values], rowMode: "array" }), ({ rows }) => rows.map((row) => make(row))),
      run: (text, values = []) => Effect.map(query({ text, values: [...values] }), ({ rowCount }) => rowCount ?? 0),
      isGivenUp: () => isGivenUp,
      close
    }
    const begin = Effect.gen(function*() {
      yield* raw.run(setAll, [JSON.stringify({ ...standard, ...settings })])
      const [process] = yield* raw.select("select pg_backend_pid()", [], ([process]) => process as number)
      const announced = (client as unknown as Streaming).processID
      if (typeof announced === "number" && announced !== process) return yield* pooled
    })
    yield* Effect.tapError(begin, () => close)
    return raw
  })

/** What the types of pg leave out. */
interface Streaming {
  readonly connection: { readonly stream: { readonly destroy: () => void } }
  readonly processID: unknown
}

const failed = (cause: unknown) => new SqlError({ cause, message: "Failed to execute statement" })

/** Whether the connection is gone, or is not to be had now, and may come back. */
const isLost = (error: unknown): boolean => error instanceof SqlError && Failure.isLost(error)

interface State {
  /** Seconds. */
  limit: number
  /** A signal has asked the process to end. */
  readonly isHurried: () => boolean
}

/** A pooler may give a lock, or a setting, to a connection that it gives to others for the next statement. */
const pooled = Effect.suspend(() =>
  failed(
    new Error("a connection pooler answers there, through which nothing can be held: name the database's own address")
  )
)
/** Types by their number: the numbers that the statements give, and booleans. All else is text. */
const parsers: Record<number, (text: string) => unknown> = {
  16: (text) => text === "t",
  20: Number,
  21: Number,
  23: Number,
  701: Number
}

const setAll = `
  select set_config(name, value, false) from json_each_text($1::json) as t(name, value) join pg_settings s using (name)`

/** A session that lasts as long as a run, with small statements. */
const standard = {
  // of tables that have just grown the server knows nothing: it would compile statements, and sort lists for their first page
  jit: "off",
  enable_seqscan: "off",
  enable_bitmapscan: "off",
  enable_sort: "off",
  statement_timeout: "0",
  lock_timeout: "0",
  idle_session_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  // a machine that vanished gives up its lock within half a minute
  tcp_keepalives_idle: "10",
  tcp_keepalives_interval: "5",
  tcp_keepalives_count: "4"
}
