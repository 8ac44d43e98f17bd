/**
 * Which column holds the code.
 */
import { SourceError } from "./SourceError.ts"

/** The error for a column that is not there, or was not named, with the columns that are. */
export const missingColumn = (
  source: string,
  line: number,
  column: string | undefined,
  columns: ReadonlyArray<string>
): SourceError => {
  const there = columns.length === 0 ? "there are no columns" : `the columns are ${columns.map(quote).join(", ")}`
  return new SourceError({
    reason: "Column",
    source,
    line,
    detail: column === undefined
      ? `which column holds the code? Name it with --column; ${there}`
      : `there is no column ${quote(column)}; ${there}`
  })
}

const quote = (name: string) => JSON.stringify(name)
