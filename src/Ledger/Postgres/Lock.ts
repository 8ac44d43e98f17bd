/**
 * Lock: one run at a time writes to a ledger. It is an advisory lock of the session, which ends with it, however that ends; so what a run
 * that was killed leaves is no obstacle.
 */
import { Data, Effect, Schema } from "effect"
import { busy, Holder, type LedgerError } from "../../Ledger.ts"
import type { Address } from "./Address.ts"
import * as Failure from "./Failure.ts"
import type { Session, SqlError } from "./Session.ts"
import type { Statements } from "./Statements.ts"

/** Holds the ledger as long as the session lasts. One that is held fails with who holds it. */
export const hold = (
  session: Session,
  address: Address,
  statements: Statements
): Effect.Effect<void, LedgerError | SqlError> =>
  session.transaction(({ run }) =>
    Effect.zipRight(
      // the server may be at the last statement of a run that was killed
      run("set local lock_timeout = '500ms'"),
      run("select pg_advisory_lock(hashtextextended($1, 0))", [identity(address)])
    )
  ).pipe(
    Effect.asVoid,
    Effect.catchIf(
      (error) => Failure.code(error) === "55P03",
      () => Effect.flatMap(note(session, statements), (holder) => busy(address.name, holder))
    )
  )

/** Takes the ledger up again after the connection was lost, if nobody else has held it since. */
export const takeUp = (
  session: Session,
  address: Address,
  statements: Statements,
  mine: Holder
): Effect.Effect<void, TakenError | SqlError> =>
  hold(session, address, statements).pipe(
    Effect.catchTag("LedgerError", () => Effect.succeed("busy" as const)),
    Effect.flatMap((held) =>
      Effect.flatMap(note(session, statements), (holder) => {
        const isOurs = holder !== undefined && isEqual(holder, mine)
        // the server has not noticed yet that our connection is gone
        if (held === "busy" && isOurs) return new TakenError({ isForNow: true, error: busy(address.name, holder) })
        return isOurs ? Effect.void : new TakenError({ isForNow: false, error: busy(address.name, holder) })
      })
    )
  )

const isEqual = Schema.equivalence(Holder)

/** Another run holds the ledger, or has held it. */
export class TakenError extends Data.TaggedError("TakenError")<{
  readonly isForNow: boolean
  readonly error: LedgerError
}> {
  override get cause(): LedgerError {
    return this.error
  }
}

/** Who holds the ledger now, as far as can be told; `undefined` for nobody. */
export const holder = (session: Session, address: Address, statements: Statements) =>
  Effect.flatMap(
    session.select(
      "select pg_try_advisory_xact_lock_shared(hashtextextended($1, 0))",
      [identity(address)],
      ([isFree]) => isFree as boolean
    ),
    ([isFree]) => isFree === true ? Effect.succeed(undefined) : note(session, statements)
  )

/** Advisory locks are numbers, each of them one database's. */
const identity = ({ schema }: Address) => `rollcall ${schema}`

/** Who the ledger says that holds it, or held it. */
const note = (session: Session, statements: Statements): Effect.Effect<Holder | undefined> =>
  Effect.flatMap(
    session.select(statements.selectNote, ["holder"], ([value]) => value as string),
    ([value]) => Schema.decodeUnknown(Schema.parseJson(Holder))(value)
  ).pipe(
    // a new ledger has no tables yet
    Effect.orElseSucceed(() => undefined)
  )
