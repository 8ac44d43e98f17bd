/**
 * Access: how statements reach the database of a ledger, and what its parts have in common.
 */
import { Effect } from "effect"
import type { LedgerError } from "../../Ledger.ts"
import type * as Address from "./Address.ts"
import type * as Session from "./Session.ts"
import type * as Statements from "./Statements.ts"
import * as Text from "./Text.ts"

/** What an open ledger is made of. */
export interface Opened {
  readonly address: Address.Address
  readonly session: Session.Session
  readonly statements: Statements.Statements
}

export interface Access extends Opened {
  readonly read: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, LedgerError>
  readonly write: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, LedgerError>
  /** Takes outcomes away, or may do so. */
  readonly writeAnew: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, LedgerError>
  /** Whether a table is there that is made only when it is needed. */
  readonly has: (table: string, on?: Session.Connection) => Effect.Effect<boolean, Session.SqlError>
  readonly note: (name: string) => Effect.Effect<unknown, LedgerError>
}

/** Gives a statement its rows, all or none; the result is how many it changed. */
export const give = (
  session: Session.Session,
  statement: string,
  params: ReadonlyArray<unknown>,
  rows: ReadonlyArray<object>
) => {
  const documents = Text.documents(rows)
  return documents.length > 1
    ? session.transaction((connection) => giveEach(connection, statement, params, documents))
    : giveEach(session, statement, params, documents)
}

/** Gives a statement its rows in each document; the result is how many it changed. */
export const giveEach = (
  { run }: Session.Connection,
  statement: string,
  params: ReadonlyArray<unknown>,
  documents: ReadonlyArray<string>
) =>
  Effect.reduce(
    documents,
    0,
    (sum, document) => Effect.map(run(statement, [...params, document]), (changes) => sum + changes)
  )
