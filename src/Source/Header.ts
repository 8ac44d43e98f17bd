/**
 * The columns of a table: what they are called, where they stand, and which of them holds the code.
 */
import { Either } from "effect"
import { trim } from "../Code.ts"
import type { Remedy } from "../Outcome.ts"
import { missingColumn } from "./Column.ts"
import * as Delimiter from "./Delimiter.ts"
import type { Row } from "./Rows.ts"
import { SourceError } from "./SourceError.ts"
import type { Told } from "./Told.ts"

/** Columns by name, in order. */
export interface Header {
  readonly names: ReadonlyArray<string>
  /** The cell of each. */
  readonly places: ReadonlyArray<number>
  /** The place in `names` of the column that holds the code. */
  readonly code: number
  /** The cells that the header has, columns without a name included. */
  readonly width: number
  /** The cells without a name. A column is made of one when a row has something in it. */
  readonly nameless: ReadonlyArray<number>
}

/** A name as it is compared: what is not seen, and how its letters are composed, makes no difference. */
export const clean = (name: string): string => trim(name).replace(/\s+/g, " ").normalize("NFC")

/** Names a column takes where it has none: its place, from 1. */
const numbered = (place: number, taken: ReadonlySet<string>): string =>
  taken.has(String(place + 1)) ? `column_${place + 1}` : String(place + 1)

/** Reads a header, and finds the column that holds the code: the one that is named, the only one, or the one called `code`. */
export const read = (
  source: string,
  row: Row,
  column: string | undefined,
  told: Told,
  delimiter: string
): Either.Either<Header, SourceError> => {
  const all = row.cells.map(clean)
  const taken = new Set(all)
  const names: Array<string> = []
  const places: Array<number> = []
  const nameless: Array<number> = []
  const seen = new Set<string>()
  const renamed: Array<string> = []
  for (const [place, name] of all.entries()) {
    if (name === "") {
      nameless.push(place)
      continue
    }
    places.push(place)
    if (!seen.has(name)) {
      seen.add(name)
      names.push(name)
      continue
    }
    told.shared.add(name)
    let number = 2
    while (taken.has(`${name}_${number}`)) number++
    const other = `${name}_${number}`
    taken.add(other)
    names.push(other)
    renamed.push(`another column ${JSON.stringify(name)} is called ${JSON.stringify(other)}`)
  }
  told.assumed.push(...renamed.slice(0, 2))
  if (renamed.length > 2) told.assumed.push(`${renamed.length - 2} more columns have a name that is there already`)
  if (isPage(all[0] ?? "")) return Either.left(problem(source, row.line, pageWords(all[0]!)))
  const wanted = column === undefined ? undefined : clean(column)
  const named = wanted ?? (names.length === 1 ? names[0] : names.includes("code") ? "code" : undefined)
  const code = named === undefined ? -1 : names.indexOf(named)
  if (code < 0) {
    const [only] = names
    const sign = names.length === 1 ? Delimiter.within(only!, delimiter) : undefined
    return Either.left(
      sign === undefined
        ? missingColumn(source, row.line, column, names)
        : problem(source, row.line, otherSign(only!, sign, delimiter), "delimiter")
    )
  }
  if (told.shared.has(named!)) {
    return Either.left(
      problem(source, row.line, `the column ${JSON.stringify(named)} is there twice: give each one a name of its own`)
    )
  }
  const [only] = names
  if (column === undefined && names.length === 1) {
    const sign = Delimiter.within(only!, delimiter)
    if (sign !== undefined) {
      return Either.left(problem(source, row.line, otherSign(only!, sign, delimiter), "delimiter"))
    }
    if (!/\p{L}/u.test(only!)) {
      return Either.left(problem(
        source,
        row.line,
        `the first line names the columns, and ${JSON.stringify(only)} looks like a code: put a header before it, `
          + "or read it without one, or as lines",
        "no_header"
      ))
    }
  }
  if (column === undefined && names.length > 1) told.assumed.push("codes from the column \"code\"")
  told.column = named
  return Either.right({ names, places, code, width: all.length, nameless })
}

/** Columns that are called by their numbers, of a table without a header. */
export const numbers = (
  source: string,
  row: Row,
  column: string | undefined,
  told: Told
): Either.Either<Header, SourceError> => {
  const width = row.cells.length
  const last = row.cells.findLastIndex((cell) => trim(cell) !== "")
  const names = row.cells.slice(0, last + 1).map((_, place) => String(place + 1))
  const named = column === undefined ? names.length === 1 ? "1" : undefined : clean(column)
  const code = named === undefined ? -1 : names.indexOf(named)
  if (code < 0) {
    return Either.left(problem(
      source,
      row.line,
      `${
        column === undefined ? "which column holds the code?" : `there is no column ${JSON.stringify(column)}.`
      } Without a header it goes by its number, 1 to ${names.length}; the first row is ${
        row.cells.slice(0, 10).map((cell) => JSON.stringify(cell)).join(", ")
      }`,
      "column"
    ))
  }
  told.column = named
  const nameless = Array.from({ length: width - names.length }, (_, index) => names.length + index)
  return Either.right({ names, places: names.map((_, place) => place), code, width, nameless })
}

/** A header with one more column: a row has something in a cell without a name. */
export const withColumn = (header: Header, place: number): Header => {
  const names = [...header.names]
  const places = [...header.places]
  const at = places.findIndex((other) => other > place)
  const index = at < 0 ? places.length : at
  names.splice(index, 0, numbered(place, new Set(names)))
  places.splice(index, 0, place)
  return {
    ...header,
    names,
    places,
    code: header.code + (index <= header.code ? 1 : 0),
    nameless: header.nameless.filter((other) => other !== place)
  }
}

/** Whether a list begins like a web page, or other XML. */
export const isPage = (text: string): boolean => /^\s*<(?:!doctype|html|table|\?xml)/i.test(text)

/** What is said of one. */
export const pageWords = (text: string): string => /^\s*<\?xml/i.test(text) ? xml : page

const xml = "this is XML and no list: its records are saved as CSV or JSON first"

const page = "this is a web page and no list: was there an error, or a login, where it was fetched? "
  + "A table of a page is saved as CSV first"

const problem = (source: string, line: number, detail: string, remedy?: Remedy) =>
  new SourceError({ reason: "Column", source, line, detail, remedy })

const otherSign = (only: string, sign: string, delimiter: string) =>
  `the header is one column, ${JSON.stringify(only)}, where cells are parted by ${Delimiter.shown(delimiter)}: `
  + `is it ${Delimiter.shown(sign)}?`
