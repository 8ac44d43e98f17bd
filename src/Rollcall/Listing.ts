/**
 * A list that has been read, and what is known of its questions before one is asked.
 */
import type { Cause, List } from "../Ledger.ts"
import type { Kind } from "../Outcome.ts"
import type * as Hygiene from "../Source/Hygiene.ts"
import type * as Told from "../Source/Told.ts"

/** What reading a list has told. */
export interface Read {
  readonly entries: number
  /** The keys of the first questions. */
  readonly firstKeys: ReadonlySet<string>
  readonly told: Told.Told
  /** The list that had its name until now, where it came from somewhere else. */
  readonly before: Pick<List, "source" | "entries"> | undefined
  /** The first few entries that are not codes. */
  readonly refusals: ReadonlyArray<{ readonly line: number; readonly input: string; readonly message: string }>
  /** What the codes look like. */
  readonly hygiene: Hygiene.State
}

/** A list, and what is known of it. */
export interface Listing extends Read {
  readonly questions: number
  /** Entries that are not codes. */
  readonly refused: number
  /** Questions that an earlier run had answered. */
  readonly known: number
  /** When the first of these was settled, in milliseconds since 1970; `Infinity` where there is none. */
  readonly oldest: number
  /** Answered questions that are asked again, by each word that says so. */
  readonly redone: ReadonlyArray<number>
  /** Answers that were asked again in vain, so that they stay, and the oldest of them. */
  readonly stale: { readonly count: number; readonly since: number }
  /** Outcomes that are not what they were, because replies are read in another way. */
  readonly revised: number
  /** Those of them that are found now, and were not. */
  readonly refound: number
  /** Answered questions that are asked again, because a rule reads their replies so now. */
  readonly reopened: number
  /** Outcomes that the newest defaults would judge in another way, by what `--redo` calls them. */
  readonly older: Readonly<Record<string, number>>
  /** Found by an earlier run, but the answer was forgotten. */
  readonly forgotten: number
  /** Questions by outcome; an entry that is not a code counts as `invalid`. */
  readonly outcomes: Readonly<Record<Kind, number>>
  readonly causes: ReadonlyArray<Cause>
}
