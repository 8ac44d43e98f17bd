/**
 * Which column holds the code.
 */
import { SourceError } from "./SourceError.ts"

/** The error for a column that is not there, or was not named, with the columns that are. */
export const missingColumn = (
  source: string,
  line: number | undefined,
  column: string | undefined,
  columns: ReadonlyArray<string>
): SourceError => {
  const there = columns.length === 0 ? "there are no columns" : `the columns are ${list(columns)}`
  return new SourceError({
    reason: "Column",
    source,
    ...(line === undefined ? {} : { line }),
    detail: column === undefined
      ? `which column holds the code? Name it; ${there}`
      : `there is no column ${JSON.stringify(column)}${meant(column, columns)}; ${there}`,
    columns,
    ...(column === undefined ? { remedy: "column" } : {})
  })
}

/** The column that may be meant by another name, in words; nothing where none is like it. */
export const meant = (column: string, columns: ReadonlyArray<string>): string => {
  const near = columns.find((name) => isNear(fold(name), fold(column)))
  return near === undefined ? "" : ` (did you mean ${JSON.stringify(near)}?)`
}

const shown = 30

const list = (columns: ReadonlyArray<string>) =>
  columns.slice(0, shown).map((name) => JSON.stringify(name)).join(", ")
  + (columns.length > shown ? `, and ${columns.length - shown} more` : "")

/** Case, spaces and punctuation are where names differ most. */
const fold = (name: string) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "")

/** Part of it, or equal but for one letter that is missing, added, another one, or swapped with its neighbour. */
const isNear = (a: string, b: string): boolean => {
  if (a.length > b.length) return isNear(b, a)
  if (a === b || (a.length > 2 && b.includes(a))) return a !== ""
  if (b.length < 3) return false
  let at = 0
  while (a[at] === b[at]) at++
  return a.length < b.length
    ? a.slice(at) === b.slice(at + 1)
    : a.slice(at + 1) === b.slice(at + 1) || a.slice(at) === b[at + 1]! + b[at] + b.slice(at + 2)
}
