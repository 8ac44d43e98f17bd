/**
 * A source is a stream of entries. Its formats are in Source/, one file each, as values; all read text in any encoding, plain or gzip.
 */
import { FileSystem } from "@effect/platform"
import { Chunk, Effect, Stream } from "effect"
import type { Entry } from "./Entry.ts"
import * as Bytes from "./Source/Bytes.ts"
import * as Csv from "./Source/Csv.ts"
import type { Format, Reader, Reading } from "./Source/Format.ts"
import * as Json from "./Source/Json.ts"
import * as Lines from "./Source/Lines.ts"
import * as Ndjson from "./Source/Ndjson.ts"
import { SourceError } from "./Source/SourceError.ts"
import * as Told from "./Source/Told.ts"

export { type Format, type Reader, type Reading, SourceError }

/** A list of codes: entries in order, in chunks as they are read. */
export interface Source<out R = never> {
  /** Where it comes from, for messages. */
  readonly name: string
  /** The column that holds the code, where there are columns. */
  readonly column: string | undefined
  readonly entries: Stream.Stream<Entry, SourceError, R>
  /** It cannot be read again: standard input, a pipe. What was read of it is kept where the reading is interrupted. */
  readonly isOnce?: boolean
  /** What the last reading of `entries` to its end has told besides them. */
  readonly told?: Effect.Effect<Told.Told>
}

/** The formats that a file name tells by its ending. A program can bring one of its own along, as a value. */
export const formats: ReadonlyArray<Format> = [Lines.format, Csv.csv, Csv.tsv, Csv.psv, Ndjson.format, Json.format]

/** What to read and how. */
export interface Options {
  /** Told by the ending of the file name where it is not given; for any other ending lines, or CSV where there are columns. */
  readonly format?: Format
  /** The column that holds the code. */
  readonly column?: string
  /** What parts the cells of a table. */
  readonly delimiter?: string
  /** How the text is encoded, by a name of the WHATWG's; told by the text where it is not given. */
  readonly encoding?: string
  /** Whether the first row of a table names its columns (it does unless told otherwise). */
  readonly hasHeader?: boolean
  /** The sheet of a workbook; the only one with cells where none is named. */
  readonly sheet?: string
  /** The column was not named as that of the code, but is the only one that the request names. */
  readonly isColumnGuess?: boolean
  /** The request names `{code}`, which must not be another column's name then. */
  readonly isCodeNamed?: boolean
  /** The bytes cannot be read again, see {@link Source}. */
  readonly isOnce?: boolean
}

/** The format that a file name tells; nothing where it tells none. */
export const formatOf = (name: string, known: ReadonlyArray<Format> = formats): Format | undefined => {
  const plain = name.toLowerCase().replace(/\.gz$/, "")
  return known.find(({ endings }) => endings.some((ending) => plain.endsWith(`.${ending}`)))
}

/** How a file of this name is read unless told otherwise: a text is a table where columns are spoken of. */
export const formatFor = (
  name: string,
  { column, delimiter, hasHeader = true }: Options = {},
  known: ReadonlyArray<Format> = formats
): Format => {
  // a workbook is told by its first bytes, and is a table
  const told = /\.xls[xm]$/i.test(name) ? Csv.csv : formatOf(name, known) ?? Lines.format
  return told === Lines.format && (column !== undefined || delimiter !== undefined || !hasHeader) ? Csv.csv : told
}

/** Reads a file, or a named pipe as its bytes come. */
export const file = (path: string, options: Options = {}): Source<FileSystem.FileSystem> =>
  bytes(
    path,
    Stream.unwrap(Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { type } = yield* fs.stat(path)
      // `stream` reads at positions, which a pipe does not have
      return type === "FIFO"
        ? Stream.unwrap(Effect.map(Effect.promise(() => import("./Source/Pipe.ts")), ({ bytes }) => bytes(path)))
        : fs.stream(path)
    })),
    options
  )

/** Reads a file with one code per line; blank lines are passed over. */
export const lines = (path: string): Source<FileSystem.FileSystem> => file(path, { format: Lines.format })

/** Reads bytes from anywhere, standard input for one. */
export const bytes = <E, R>(
  name: string,
  stream: Stream.Stream<Uint8Array, E, R>,
  options: Options = {}
): Source<R> => {
  let told = Told.none()
  return {
    name,
    column: options.column,
    isOnce: options.isOnce ?? false,
    told: Effect.sync(() => told),
    entries: Stream.unwrapScoped(Effect.gen(function*() {
      const context = yield* Effect.context<R>()
      told = Told.none()
      const { column, delimiter, encoding, format = formatFor(name, options), hasHeader = true } = options
      const reading: Reading = { name, column, delimiter, hasHeader, told }
      const found = yield* Bytes.open(name, Stream.provideContext(stream, context), encoding, told)
      const entries = "archive" in found
        ? sheet(reading, found.archive, options.sheet)
        : read(found.text, format.reader(reading))
      if (options.isColumnGuess === true) told.assumed.push(`codes from the column ${JSON.stringify(column)}`)
      return checked(name, entries, told, options)
    }))
  }
}

/** The entries of a sheet. What reads workbooks is loaded where there is one. */
const sheet = (reading: Reading, archive: Stream.Stream<Uint8Array, SourceError>, name: string | undefined) =>
  Stream.unwrap(Effect.gen(function*() {
    const Workbook = yield* Effect.promise(() => import("./Source/Workbook.ts"))
    reading.told.unit = "row"
    const sheet = yield* Workbook.read(reading.name, archive, name, reading.told)
    const table = Csv.table(reading, "")
    const entries = yield* table.read(sheet.rows)
    table.tell()
    sheet.tell(table.place())
    return Stream.fromIterable(entries)
  }))

/** Refuses what could be meant in two ways. */
const checked = (
  source: string,
  entries: Stream.Stream<Entry, SourceError>,
  told: Told.Told,
  { column, isCodeNamed = false, isColumnGuess = false }: Options
): Stream.Stream<Entry, SourceError> => {
  if (isColumnGuess) {
    return Stream.mapError(entries, (error) =>
      error.reason !== "Column" ? error : new SourceError({
        ...error,
        detail: /^\W*(code)?\W*$/i.test(column ?? "")
          ? `the request names {${column}}, and no column is called so: write {code} for the code`
          : `${error.detail}; in a list without columns {code} stands for the code`,
        remedy: "column"
      }))
  }
  if (!isCodeNamed) return entries
  let isFirst = true
  return Stream.mapChunksEffect(entries, (chunk) => {
    const { columns = {}, names } = isFirst ? Chunk.unsafeHead(chunk) : {}
    isFirst = false
    const isThere = names === undefined ? Object.hasOwn(columns, "code") : names.includes("code")
    return !isThere || told.column === "code" ? Effect.succeed(chunk) : new SourceError({
      reason: "Column",
      source,
      detail: `{code} could be the column "code" or the key: write {${column}} for the key, `
        + "and give the column another name",
      remedy: "alias"
    })
  })
}

/** Entries from codes at hand; the line is the place in the list, from 1. */
export const codes = (list: Iterable<string>, name = "codes"): Source => ({
  name,
  column: undefined,
  entries: Stream.suspend(() =>
    Stream.fromIterable(Array.from(list, (input, index): Entry => ({ line: index + 1, input })))
  )
})

const read = (text: Stream.Stream<string, SourceError>, next: Reader<Entry>): Stream.Stream<Entry, SourceError> =>
  text.pipe(
    Stream.mapEffect((piece) => next(piece, false)),
    Stream.concat(Stream.suspend(() => Stream.fromEffect(next("", true)))),
    Stream.filter((entries) => entries.length > 0),
    Stream.map(Chunk.unsafeFromArray),
    Stream.flattenChunks
  )
