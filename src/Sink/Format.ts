/**
 * A format of outputs: how rows become text, a value, so that a program can bring its own. Formats stand beside this, one file each.
 */
import type { Expect } from "../Answer/Expect.ts"
import type { Select } from "../Answer/Select.ts"
import type { List, Row } from "../Ledger.ts"
import type { Remedy } from "../Outcome.ts"

/** What a format has to know besides the rows. */
export interface Layout {
  readonly list: List
  /** How the lookup writes keys and answers. */
  readonly lookup: { readonly expect: Expect; readonly inputs: ReadonlyArray<string> }
  /** The fields to pick out of an answer; none for the whole answer. */
  readonly select: ReadonlyArray<Select>
  /** Leave `ms` and `at` out, so that equal runs give equal bytes. */
  readonly noTiming: boolean
  /** The entries as they stood in place of the records: an input to run again. */
  readonly entries: boolean
  /** CSV for a spreadsheet: nothing in it is a formula of somebody else's, and codes keep their digits. */
  readonly excel: boolean
}

/** Why a layout or a row cannot be written in a format. */
export interface Clash {
  readonly clash: string
  /** What helps. */
  readonly remedy?: Remedy | undefined
}

/** A layout as rows of text. */
export interface Encoder {
  /** What stands before the first row, between two rows, and after the last one. */
  readonly header: string
  readonly separator?: string
  readonly footer?: string
  readonly encode: (row: Row) => string | Clash
  /** The cells so far that a spreadsheet would take for formulas, in a format that spreadsheets open. */
  readonly formulas?: () => number
  /** What else a reader should know, in a line each. */
  readonly warnings?: () => ReadonlyArray<string>
}

/** How rows become text. The command knows some by name. */
export interface Format {
  /** What tells its outputs from those of other formats; equal names give equal bytes. */
  readonly name: string
  /** Endings of file names, without the dot. */
  readonly endings: ReadonlyArray<string>
  readonly encoder: (layout: Layout) => Encoder | Clash
}
