/**
 * A mark says how far an output is, so that a run can go on where an earlier one stopped.
 */
import { Effect, Option, Schema } from "effect"
import * as Hash from "../Hash.ts"
import type { Ledger, LedgerError, Listed } from "../Ledger.ts"

/** Bytes that we wrote: how many, and the hash of all of them. */
export const Print = Schema.Struct({ size: Schema.Int, hash: Schema.String })
export type Print = typeof Print.Type

/** How far an output is. */
export const Mark = Schema.Struct({
  /** The list that it holds, at which epoch of it. */
  list: Schema.Int,
  epoch: Schema.Number,
  /** How its rows are laid out, by {@link identity}. */
  layout: Schema.String,
  /** The entries, from the first, that it holds for good. */
  position: Schema.Int,
  isComplete: Schema.Boolean,
  /** Of a file: its bytes up to there, and the hash of all of them; a mark of an older release has none. */
  offset: Schema.Int,
  hash: Schema.optional(Schema.String),
  /** Of a file: what the system knows it by. */
  inode: Schema.optional(Schema.String),
  /** A run is writing, or ended without a word: more may stand there than was kept. */
  isOpen: Schema.optional(Schema.Boolean),
  /** What stands under its final name, where that is our work. */
  out: Schema.optional(Print),
  /** A table has rows of ours, or (a mark of an older release) what stands under the final name is our work. */
  isOurs: Schema.optional(Schema.Boolean),
  /** Of a table: the columns that it was made with. */
  columns: Schema.optional(Schema.Array(Schema.String)),
  /** Its cells up to there that a spreadsheet would take for formulas. */
  formulas: Schema.optional(Schema.Int)
})
export type Mark = typeof Mark.Type

/** What a mark knows of the file under the final name, which stays there while another one grows. */
export const finished = ({ isOurs, out }: Mark): Pick<Mark, "isOurs" | "out"> => ({
  ...(isOurs === undefined ? {} : { isOurs }),
  ...(out === undefined ? {} : { out })
})

/** A mark of a file that holds nothing yet. */
export const begun = (mark: Mark): Mark => ({ ...mark, position: 0, offset: 0, isComplete: false, isOpen: true })

/** A mark of a file that has its final name. */
export const owned = ({ isOpen: _, isOurs: _isOurs, ...mark }: Mark): Mark => ({
  ...mark,
  ...(mark.hash === undefined ? {} : { out: { size: mark.offset, hash: mark.hash } })
})

/** The marks of a ledger, by the id of the output. */
export interface Marks {
  readonly read: (output: string) => Effect.Effect<Mark | undefined, LedgerError>
  /** The mark of an output whose rows are still what they were, up to its position, and laid out in the same way. */
  readonly valid: (output: string, list: Listed, layout: string) => Effect.Effect<Mark | undefined, LedgerError>
  /** The first row of the list that was changed after this epoch of it: 0 for an epoch of another ledger, `Infinity` for none. */
  readonly changedSince: (list: Listed, epoch: number) => Effect.Effect<number, LedgerError>
  readonly write: (output: string, mark: Mark) => Effect.Effect<void, LedgerError>
}

/** The note of a ledger that is the mark of an output. */
export const note = (output: string): string => `output ${output}`

/** What stands for the rows of a run in a table. */
export const ofTable = (table: string, run: string): string => `${table} ${run}`

/** The marks that a ledger keeps. */
export const marks = (ledger: typeof Ledger.Service): Marks => {
  const read = (output: string) =>
    Effect.map(ledger.note(note(output)), (mark) => Option.getOrUndefined(Schema.decodeUnknownOption(Mark)(mark)))
  return {
    read,
    valid: (output, list, layout) =>
      Effect.gen(function*() {
        const mark = yield* read(output)
        if (mark === undefined || !isOf(mark, list, layout)) return undefined
        return (yield* ledger.changedSince(list.id, mark.epoch)) >= mark.position ? mark : undefined
      }),
    changedSince: (list, epoch) => ledger.changedSince(list.id, epoch),
    write: (output, mark) => ledger.setNotes({ [note(output)]: mark })
  }
}

/** What of a mark does not depend on where the output is. */
export type Place = Pick<Mark, "list" | "epoch" | "layout" | "position">

/** A mark for a list as it is. */
export const at = (list: Listed, layout: string, position: number): Place => ({
  list: list.id,
  epoch: list.epoch,
  layout,
  position
})

/** Whether a mark is of this list, in this layout. Its rows may have changed since. */
export const isOf = (mark: Place, list: Listed, layout: string): boolean =>
  mark.list === list.id && mark.layout === layout && mark.position <= list.entries

/** A short hash of values that JSON can hold. */
export const identity = (values: unknown): Effect.Effect<string> =>
  hash(new TextEncoder().encode(JSON.stringify(values)))

const hash = (bytes: Uint8Array): Effect.Effect<string> => Effect.map(Hash.hex(bytes), (hash) => hash.slice(0, 24))
