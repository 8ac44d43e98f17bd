/**
 * CSV and TSV with a header line (RFC 4180), by csv-parse. The other columns are carried through.
 */
import { type CsvError, parse } from "csv-parse"
import { Chunk, Effect, Stream } from "effect"
import type { Entry } from "../Entry.ts"
import type { Format } from "../Source.ts"
import { missingColumn } from "./Column.ts"
import { SourceError } from "./SourceError.ts"

const format = (delimiter: string, endings: ReadonlyArray<string>): Format => ({
  endings,
  entries: (text, options) => entries(text, options, delimiter)
})

export const csv: Format = format(",", ["csv"])
export const tsv: Format = format("\t", ["tsv", "tab"])

const entries = (
  text: Stream.Stream<string, SourceError>,
  { column, name }: { readonly name: string; readonly column: string | undefined },
  delimiter: string
): Stream.Stream<Entry, SourceError> =>
  Stream.suspend(() => {
    let header: ReadonlyArray<string> | undefined
    let at = -1
    let found: Array<Entry> = []
    let problem: SourceError | undefined

    const onRecord = (record: Array<string>, { lines }: { readonly lines: number }) => {
      const line = lines - embeddedNewlines(record)
      if (header === undefined) {
        problem = headerProblem(name, column, record, line)
        header = record
        at = column === undefined ? 0 : record.indexOf(column)
        return null
      }
      const columns: Record<string, string> = {}
      for (let index = 0; index < header.length; index++) columns[header[index]!] = record[index]!
      found.push({ line, input: record[at]!, columns })
      // nothing is kept in the parser's own queue
      return null
    }
    const parser = parse({ delimiter, skip_empty_lines: true, max_record_size: 1024 * 1024, on_record: onRecord })
    parser.resume()

    /** Gives the parser a piece of text, or the end, and takes the rows that it completes. */
    const step = (run: (done: (error?: Error | null) => void) => void) =>
      Effect.async<Chunk.Chunk<Entry>, SourceError>((resume) => {
        const fail = (error: Error) => resume(problem ?? syntax(name, error as CsvError))
        parser.once("error", fail)
        run((error) => {
          if (error !== undefined && error !== null) return
          parser.off("error", fail)
          const rows = Chunk.unsafeFromArray(found)
          found = []
          resume(problem ?? Effect.succeed(rows))
        })
      })

    return text.pipe(
      Stream.mapEffect((piece) => step((done) => parser.write(piece, done))),
      Stream.concat(Stream.fromEffect(step((done) => parser.end(done)))),
      Stream.flattenChunks
    )
  })

const headerProblem = (name: string, column: string | undefined, header: ReadonlyArray<string>, line: number) => {
  const twice = header.find((column, index) => header.indexOf(column) < index)
  if (twice !== undefined) {
    return new SourceError({ reason: "Column", source: name, line, detail: `the column "${twice}" is there twice` })
  }
  const isThere = column === undefined ? header.length === 1 : header.includes(column)
  return isThere ? undefined : missingColumn(name, line, column, header)
}

/** A row ends on a later line than it begins where quoted cells hold newlines. */
const embeddedNewlines = (record: ReadonlyArray<string>): number => {
  let found = 0
  for (const cell of record) if (cell.includes("\n")) found += cell.split("\n").length - 1
  return found
}

const syntax = (source: string, error: CsvError): SourceError =>
  new SourceError({
    reason: error.code === "CSV_MAX_RECORD_SIZE" ? "TooLong" : "Syntax",
    source,
    line: typeof error.lines === "number" ? error.lines : undefined,
    detail: error.code === "CSV_MAX_RECORD_SIZE"
      ? "this row is longer than 1 MiB: is a quote left open?"
      : error.message.replace(/ (at|on) line \d+/, "").replace(
        /^Invalid Record Length: /,
        "the row has another number of cells than the header: "
      )
  })
