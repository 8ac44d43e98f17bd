/**
 * The formats of text by name: the choices of `--format`, and what the ending of a file's name tells. Adding one is a file in Sink/ and a
 * key here.
 */
import type { Format } from "../Sink.ts"
import * as Csv from "../Sink/Csv.ts"
import * as Json from "../Sink/Json.ts"
import * as Lines from "../Sink/Lines.ts"
import * as Ndjson from "../Sink/Ndjson.ts"
import * as Tsv from "../Sink/Tsv.ts"
import * as Xml from "../Sink/Xml.ts"

export const formats = {
  ndjson: Ndjson.format,
  csv: Csv.format,
  tsv: Tsv.format,
  json: Json.format,
  xml: Xml.format,
  lines: Lines.format
} as const satisfies Record<string, Format>

/** The name of a format. */
export type Name = keyof typeof formats
export const names = Object.keys(formats) as ReadonlyArray<Name>

/** The endings of files that hold what was answered. */
export const endings: ReadonlyArray<string> = names.filter((name) => name !== "lines").map((name) =>
  `.${formats[name].endings[0]}`
)

/** The format that the ending of a file name tells, packed or not. */
export const ofName = (name: string): Name | undefined => {
  const plain = unpacked(name).toLowerCase()
  return names.find((format) => formats[format].endings.some((ending) => plain.endsWith(`.${ending}`)))
}

/** Whether a file name says that its file is packed with gzip. */
export const isPacked = (name: string): boolean => /\.gz$/i.test(name)

/** A file name without the ending of gzip. */
export const unpacked = (name: string): string => name.replace(/\.gz$/i, "")

/** The ending of a file name, with its dot; `undefined` where it has none. */
export const endingOf = (name: string): string | undefined => /[^\\/](\.[^.\\/]+)$/.exec(unpacked(name))?.[1]

/** A file of SQLite by its ending, and what follows a question mark. */
export const database = /^(.*\.(?:db|sqlite3?))(?:\?(.*))?$/is

/** The file that an output names, without the table in it. */
export const fileOf = (output: string): string => database.exec(output)?.[1] ?? output
