/**
 * What reading a list tells besides its entries: what was taken for granted, and what is odd about it.
 */

/** What a list is counted in: messages and records name a line of a text, a row of a sheet, an element of an array. */
export type Unit = "line" | "row" | "element"

/** It is filled while the list is read, and whole at its end. */
export interface Told {
  unit: Unit
  /** The column that holds the code, where there are columns. */
  column: string | undefined
  /** The names in a header: they are known where no row follows. */
  names: ReadonlyArray<string>
  /** What was taken for granted, a few words each: `";" between cells`. */
  readonly assumed: Array<string>
  /** Rows with nothing in them, which are no entries. */
  blank: number
  /** What is odd and was read all the same, a line each. */
  readonly warnings: Array<string>
  /** The name of the column of codes, where it looks like the codes below it. */
  suspect: { readonly line: number; readonly name: string } | undefined
  /** A word that no western language has, in a text for which Windows-1252 was guessed. */
  foreign: string | undefined
  /** Names that more than one column has: only the first of them goes by it. */
  readonly shared: Set<string>
}

/** Of a list that has not been read. */
export const none = (): Told => ({
  unit: "line",
  column: undefined,
  names: [],
  assumed: [],
  blank: 0,
  warnings: [],
  suspect: undefined,
  foreign: undefined,
  shared: new Set()
})

/** How often something was seen, and where first. */
export interface Places {
  count: number
  line: number
}

export const nowhere = (): Places => ({ count: 0, line: 0 })

/** Counts one more. */
export const count = (places: Places, line: number): void => {
  if (places.count++ === 0) places.line = line
}

/** What was taken for granted and left out, for showing. */
export const notes = ({ assumed, blank }: Told): ReadonlyArray<string> => [
  ...assumed,
  ...(blank === 0 ? [] : [`${blank} blank ${blank === 1 ? "row" : "rows"} left out`])
]

/** `line 2 and 3 others`. */
export const where = (unit: Unit, { count, line }: Places): string =>
  `${unit} ${line}${count === 1 ? "" : ` and ${count - 1} ${count === 2 ? "other" : "others"}`}`
