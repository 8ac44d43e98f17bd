/**
 * A format of lists: how text becomes entries, a value that reads one text at a time.
 */
import type { Effect } from "effect"
import type { Entry } from "../Entry.ts"
import type { SourceError } from "./SourceError.ts"
import type { Told } from "./Told.ts"

/**
 * Reads text that comes in pieces of any size: gives the items that a piece completes, and all that are left at the last one, which is
 * empty. It is called in order, and not again after a failure.
 */
export type Reader<out A> = (piece: string, isLast: boolean) => Effect.Effect<ReadonlyArray<A>, SourceError>

/** What a format has to know to read a text. */
export interface Reading {
  readonly name: string
  /** The column that holds the code. */
  readonly column: string | undefined
  /** What parts cells; the format's own sign, or what the text looks like, where it is not given. */
  readonly delimiter: string | undefined
  /** Whether the first row of a table names its columns; else they go by their numbers, from 1. */
  readonly hasHeader: boolean
  /** Takes what is to be told. */
  readonly told: Told
}

/** How text becomes entries. */
export interface Format {
  /** Endings of file names, without the dot; `.gz` may follow. */
  readonly endings: ReadonlyArray<string>
  /** A new reader; it is used for one text. */
  readonly reader: (reading: Reading) => Reader<Entry>
}
