/**
 * A source is a stream of entries. Its formats are in Source/, one file each; all read UTF-8, plain or gzip.
 */
import { FileSystem } from "@effect/platform"
import { Effect, Schema, Stream } from "effect"
import type { Entry } from "./Entry.ts"
import * as Bytes from "./Source/Bytes.ts"
import * as Csv from "./Source/Csv.ts"
import * as Lines from "./Source/Lines.ts"
import * as Ndjson from "./Source/Ndjson.ts"
import { SourceError } from "./Source/SourceError.ts"

export { SourceError }

/** A list of codes: entries in order, in chunks as they are read. */
export interface Source<out R = never> {
  /** Where it comes from, for messages. */
  readonly name: string
  /** The column that holds the code, where there are columns. */
  readonly column: string | undefined
  readonly entries: Stream.Stream<Entry, SourceError, R>
}

/** How a format reads text; the text comes in pieces of any size. */
export interface Format {
  /** Endings of file names, without the dot; `.gz` may follow. */
  readonly endings: ReadonlyArray<string>
  readonly entries: (
    text: Stream.Stream<string, SourceError>,
    options: { readonly name: string; readonly column: string | undefined }
  ) => Stream.Stream<Entry, SourceError>
}

/** The formats by name. */
export const formats = {
  lines: Lines.format,
  csv: Csv.csv,
  tsv: Csv.tsv,
  ndjson: Ndjson.format
} as const satisfies Record<string, Format>

/** The name of a format. */
export const FormatName = Schema.Literal(...(Object.keys(formats) as Array<keyof typeof formats>))
export type FormatName = typeof FormatName.Type

/** What to read and how. */
export interface Options {
  /** Told by the ending of the file name where it is not given; `lines` for any other ending. */
  readonly format?: FormatName
  /** The column that holds the code. */
  readonly column?: string
}

/** The format that a file name tells. */
export const formatOf = (name: string): FormatName => {
  const plain = name.toLowerCase().replace(/\.gz$/, "")
  const found = Object.entries(formats).find(([, { endings }]) =>
    endings.some((ending) => plain.endsWith(`.${ending}`))
  )
  return (found?.[0] ?? "lines") as FormatName
}

/** Reads a file. */
export const file = (path: string, options: Options = {}): Source<FileSystem.FileSystem> =>
  bytes(
    path,
    Stream.unwrap(Effect.map(FileSystem.FileSystem, (fs) => fs.stream(path, { chunkSize: 256 * 1024 }))),
    options
  )

/** Reads a file with one code per line; empty lines are passed over. */
export const lines = (path: string): Source<FileSystem.FileSystem> => file(path, { format: "lines" })

/** Reads bytes from anywhere, standard input for one. */
export const bytes = <E, R>(
  name: string,
  stream: Stream.Stream<Uint8Array, E, R>,
  options: Options = {}
): Source<R> => ({
  name,
  column: options.column,
  entries: Stream.unwrap(
    Effect.map(Effect.context<R>(), (context) =>
      Bytes.text(name, Stream.provideContext(stream, context)).pipe(
        (text) => formats[options.format ?? formatOf(name)].entries(text, { name, column: options.column })
      ))
  )
})

/** Entries from codes at hand; the line is the place in the list, from 1. */
export const codes = (list: Iterable<string>, name = "codes"): Source => ({
  name,
  column: undefined,
  entries: Stream.fromIterable(Array.from(list, (input, index) => ({ line: index + 1, input })))
})
