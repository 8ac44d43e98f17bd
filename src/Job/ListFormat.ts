/**
 * The formats of lists by name: the choices of `--input-format`, and what the ending of a list's name tells. Adding one is a file in
 * Source/ and a key here.
 */
import * as Source from "../Source.ts"
import * as Csv from "../Source/Csv.ts"
import * as Json from "../Source/Json.ts"
import * as Lines from "../Source/Lines.ts"
import * as Ndjson from "../Source/Ndjson.ts"

export const formats = {
  lines: Lines.format,
  csv: Csv.csv,
  tsv: Csv.tsv,
  psv: Csv.psv,
  ndjson: Ndjson.format,
  json: Json.format
} as const satisfies Record<string, Source.Format>

/** The name of a format. */
export type Name = keyof typeof formats
export const names = Object.keys(formats) as ReadonlyArray<Name>

/** How a list of this name is read where no flag says so. */
export const formatFor = (name: string, options: Source.Options): Source.Format =>
  Source.formatFor(name, options, Object.values(formats))

/** Whether a list in this format has columns. */
export const hasColumns = (format: Source.Format): boolean => format !== formats.lines
