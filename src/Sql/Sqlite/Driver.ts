/**
 * Driver: what opens SQLite databases. Node's own `node:sqlite` where its SQLite is recent enough, else `@photostructure/sqlite`, which has
 * the same API and brings its binaries along: neither needs to be compiled or fetched when rollcall is installed.
 *
 * One process uses one of them: the locks of two SQLites on one file would not see each other.
 */
import { Effect } from "effect"
import * as Failure from "./Failure.ts"

/** The part of `DatabaseSync` that is used. */
export interface Database {
  readonly isTransaction: boolean
  readonly prepare: (text: string) => Statement
  /** Runs statements without parameters and results. */
  readonly exec: (text: string) => void
  readonly close: () => void
}

export interface Statement {
  readonly all: (...params: ReadonlyArray<Parameter>) => ReadonlyArray<ReadonlyArray<unknown>>
  readonly run: (...params: ReadonlyArray<Parameter>) => { readonly changes: number | bigint }
  readonly setReturnArrays: (isOn: boolean) => void
}

export type Parameter = string | number | bigint | null | Uint8Array

export interface Driver {
  readonly DatabaseSync: new(
    file: string,
    options: { readonly readOnly: boolean; readonly timeout: number }
  ) => Database
}

/** Earlier ones may lose what was committed when a journal begins anew (the WAL-reset fault). */
const oldest = [3, 51, 3]

/** Loads the driver: at once where it was loaded before. */
export const load: Effect.Effect<Driver, Failure.SqliteError> = Effect.suspend(() => {
  const own = isRecent(process.versions.sqlite) ? quietly(() => process.getBuiltinModule("node:sqlite")) : undefined
  return own === undefined ? bundled : Effect.succeed(own as unknown as Driver)
})

const bundled = Effect.tryPromise({
  try: (): Promise<Driver> => import("@photostructure/sqlite") as Promise<any>,
  catch: Failure.missing
})

/** Whether a version of SQLite is the oldest that will do, or a later one. */
export const isRecent = (version: string | undefined): boolean => {
  const parts = (version ?? "0").split(".").map(Number)
  const at = oldest.findIndex((part, index) => part !== (parts[index] ?? 0))
  return at === -1 || (parts[at] ?? 0) > oldest[at]!
}

/** Node says of its own SQLite that it is experimental, at the moment when it is loaded. */
const quietly = <A>(load: () => A): A => {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return load()
  } finally {
    process.emitWarning = emitWarning
  }
}
