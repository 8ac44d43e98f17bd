/**
 * One JSON value per line: an object with the code in a column, or the code itself as a string or a number.
 */
import { Either } from "effect"
import { parsers } from "../Answer/Expect.ts"
import { isBlank } from "../Code.ts"
import { type Entry, toText } from "../Entry.ts"
import { withAllDigits, withDigits } from "../Json.ts"
import type { Remedy } from "../Outcome.ts"
import { meant, missingColumn } from "./Column.ts"
import type { Format, Reading } from "./Format.ts"
import { clean } from "./Header.ts"
import * as Lines from "./Lines.ts"
import { SourceError } from "./SourceError.ts"
import * as Told from "./Told.ts"

export const format: Format = {
  endings: ["ndjson", "jsonl"],
  reader: ({ column, name, told }) => {
    const lines = Lines.reader(name, { limit: Lines.longLimit })
    const read = entries({ column, name, told })
    return (piece, isLast) => Either.flatMap(lines(piece, isLast), (texts) => read(texts, isLast))
  }
}

type Options = Pick<Reading, "name" | "column" | "told">

/** The entries of texts that are one JSON value each. An object without the code is one whose code is empty, as a row of a table is. */
export const entries = (options: Options) => {
  const { name: source, told } = options
  const without = Told.nowhere()
  /** The names in the first object without the code. */
  let names: ReadonlyArray<string> = []
  const miss = (line: number, there: ReadonlyArray<string>) => {
    if (without.count === 0) names = there
    Told.count(without, line)
  }
  return (texts: ReadonlyArray<Lines.Line>, isLast: boolean): Either.Either<ReadonlyArray<Entry>, SourceError> => {
    const found: Array<Entry> = []
    for (const text of texts) {
      const read = entry(options, text, miss)
      if (Either.isLeft(read)) return Either.left(read.left)
      if (read.right === undefined) told.blank++
      else found.push(read.right)
    }
    if (!isLast || without.count === 0) return Either.right(found)
    // what is in none of them is a slip in its name
    if (told.column === undefined) return Either.left(noColumn(options, without.line, names))
    const { count, line } = without
    told.warnings.push(
      `${count} ${count === 1 ? "object has" : "objects have"} no ${JSON.stringify(told.column)}${
        meant(told.column, names)
      }: `
        + `the code counts as empty (${told.unit} ${line}${count === 1 ? "" : " first"})`
    )
    return Either.right(found)
  }

  function noColumn({ column }: Options, line: number, columns: ReadonlyArray<string>) {
    const { detail, remedy } = missingColumn(source, line, column, columns)
    return new SourceError({ reason: "Column", source, line, unit: told.unit, detail, remedy, columns })
  }
}

/** None for an object with nothing in it; `miss` is told of one without the code. */
const entry = (
  { column, name: source, told }: Options,
  { line, text }: Lines.Line,
  miss: (line: number, names: ReadonlyArray<string>) => void
): Either.Either<Entry | undefined, SourceError> => {
  const failed = (detail: string, remedy?: Remedy) =>
    Either.left(new SourceError({ reason: "Syntax", source, line, unit: told.unit, detail, remedy }))
  let value: unknown
  try {
    value = parsers.json(text)
  } catch (cause) {
    return /^\s*[[{]\s*$/.test(text)
      ? failed(oneDocument, "json")
      : failed(`this is not JSON: ${explain(cause as Error)}`)
  }
  if (typeof value === "string") return Either.right({ line, input: value })
  if (typeof value === "number") return Either.right({ line, input: text.trim() })
  if (Array.isArray(value)) return failed(oneDocument, "json")
  if (typeof value !== "object" || value === null) return failed("this is neither an object nor a code")

  const isRecord = isOwn(value)
  const json = withAllDigits(text, value, (row) => isRecord ? flattened(row as OwnRecord) : row)
  if (isRecord) {
    value = flattened(withDigits(text, value) as OwnRecord)
    if (!told.assumed.includes(ofEarlierRun)) told.assumed.push(ofEarlierRun)
  }
  const names = Object.keys(value as object)
  if (names.length > 0 && names.every((name) => isNothing((value as Record<string, unknown>)[name]))) {
    return Either.right(undefined)
  }
  const code = find(value as object, names, column ?? told.column)
  if (code === undefined) {
    // where nobody says which one it is
    if (column === undefined && told.column === undefined) {
      const { detail, remedy } = missingColumn(source, line, column, names)
      return Either.left(
        new SourceError({ reason: "Column", source, line, unit: told.unit, detail, remedy, columns: names })
      )
    }
    miss(line, names)
    const columns = (isRecord ? value : withDigits(text, value)) as Record<string, unknown>
    return Either.right({ line, input: "", columns, ...(json === undefined ? {} : { json }) })
  }
  told.column ??= code
  const columns = (isRecord ? value : withDigits(text, value, code)) as Record<string, unknown>
  const input = columns[code]
  return typeof input === "boolean" || (typeof input === "object" && input !== null)
    ? failed(`the column ${JSON.stringify(code)} holds ${JSON.stringify(input).slice(0, 40)}, which is not a code`)
    : Either.right({ line, input: toText(input), columns, ...(json === undefined ? {} : { json }) })
}

/** What a record of an earlier run has that a list may go on with. */
interface OwnRecord {
  readonly code: string
  readonly columns?: Readonly<Record<string, unknown>>
  readonly answer?: unknown
}

const isOwn = (value: object): boolean => {
  const { attempts, calls, code, line, outcome } = value as Record<string, unknown>
  return typeof line === "number" && typeof code === "string" && typeof outcome === "string"
    && typeof attempts === "number" && typeof calls === "number"
}

/** Its code, columns and answer side by side; what else it tells is of that run. */
const flattened = ({ answer, code, columns }: OwnRecord): Record<string, unknown> => ({
  code,
  ...columns,
  ...(answer === undefined ? {} : { answer })
})

const ofEarlierRun = "codes, columns and answers of an earlier run"

/** The member that holds the code: the one that is named, the only one, or the one called `code`. */
const find = (value: object, names: ReadonlyArray<string>, column: string | undefined): string | undefined => {
  if (column === undefined) return names.length === 1 ? names[0] : Object.hasOwn(value, "code") ? "code" : undefined
  return Object.hasOwn(value, column) ? column : names.find((name) => clean(name) === clean(column))
}

const isNothing = (value: unknown) => value === null || (typeof value === "string" && isBlank(value))

/** On one line, and without a count of lines from the value's own beginning. */
const explain = ({ message }: Error) => message.replace(/ \(line \d+ column \d+\)$/, "").replace(/\s+/g, " ")

const oneDocument = "NDJSON has a whole object on each line; an array of them is JSON"
