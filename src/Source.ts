/**
 * A source is a stream of entries. Its formats are in Source/, one file each; all read UTF-8, plain or gzip.
 */
import { FileSystem } from "@effect/platform"
import { Chunk, Effect, Schema, Stream } from "effect"
import type { Entry } from "./Entry.ts"
import * as Bytes from "./Source/Bytes.ts"
import * as Csv from "./Source/Csv.ts"
import * as Json from "./Source/Json.ts"
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
  /** It fails with `Empty` where there is none. */
  readonly entries: Stream.Stream<Entry, SourceError, R>
}

/**
 * Reads text that comes in pieces of any size: gives the items that a piece completes, and all that are left at the last one, which is
 * empty. It is called in order, and not again after a failure.
 */
export type Reader<out A> = (piece: string, isLast: boolean) => Effect.Effect<ReadonlyArray<A>, SourceError>

/** How text becomes entries. Adding one is a file in Source/ and a key in {@link formats}. */
export interface Format {
  /** Endings of file names, without the dot; `.gz` may follow. */
  readonly endings: ReadonlyArray<string>
  /** A new reader; it is used for one text. */
  readonly reader: (options: { readonly name: string; readonly column: string | undefined }) => Reader<Entry>
}

/** The formats by name. */
export const formats = {
  lines: Lines.format,
  csv: Csv.csv,
  tsv: Csv.tsv,
  ndjson: Ndjson.format,
  json: Json.format
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

/** Reads a file. A named pipe is read as a whole first. */
export const file = (path: string, options: Options = {}): Source<FileSystem.FileSystem> =>
  bytes(
    path,
    Stream.unwrap(Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { type } = yield* fs.stat(path)
      // `stream` reads at positions, which a pipe does not have
      return type === "FIFO" ? Stream.fromEffect(fs.readFile(path)) : fs.stream(path)
    })),
    options
  )

/** Reads a file with one code per line; blank lines are passed over. */
export const lines = (path: string): Source<FileSystem.FileSystem> => file(path, { format: "lines" })

/** Reads bytes from anywhere, standard input for one. */
export const bytes = <E, R>(
  name: string,
  stream: Stream.Stream<Uint8Array, E, R>,
  { column, format = formatOf(name) }: Options = {}
): Source<R> => ({
  name,
  column,
  entries: Stream.unwrap(Effect.map(Effect.context<R>(), (context) => {
    const text = Bytes.text(name, Stream.provideContext(stream, context))
    return notEmpty(name, read(text, () => formats[format].reader({ name, column })))
  }))
})

/** Entries from codes at hand; the line is the place in the list, from 1. */
export const codes = (list: Iterable<string>, name = "codes"): Source => ({
  name,
  column: undefined,
  entries: notEmpty(
    name,
    Stream.suspend(() => Stream.fromIterable(Array.from(list, (input, index): Entry => ({ line: index + 1, input }))))
  )
})

const read = (
  text: Stream.Stream<string, SourceError>,
  reader: () => Reader<Entry>
): Stream.Stream<Entry, SourceError> =>
  Stream.suspend(() => {
    const next = reader()
    return text.pipe(
      Stream.mapEffect((piece) => next(piece, false)),
      Stream.concat(Stream.suspend(() => Stream.fromEffect(next("", true)))),
      Stream.filter((entries) => entries.length > 0),
      Stream.map(Chunk.unsafeFromArray),
      Stream.flattenChunks
    )
  })

const notEmpty = <R>(name: string, entries: Stream.Stream<Entry, SourceError, R>) =>
  Stream.suspend(() => {
    let isEmpty = true
    return Stream.concat(
      Stream.mapChunks(entries, (chunk) => {
        isEmpty &&= Chunk.isEmpty(chunk)
        return chunk
      }),
      Stream.suspend(() => isEmpty ? Stream.fail(Bytes.empty(name)) : Stream.empty)
    )
  })
