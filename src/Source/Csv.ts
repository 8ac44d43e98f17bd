/**
 * Tables: CSV, TSV and their like, with a header or without. The other columns are carried through.
 */
import { Either } from "effect"
import { isBlank } from "../Code.ts"
import type { Entry } from "../Entry.ts"
import { fromSpreadsheet } from "../Formula.ts"
import * as Delimiter from "./Delimiter.ts"
import type { Format, Reading } from "./Format.ts"
import * as Header from "./Header.ts"
import { isOwn } from "./Own.ts"
import * as Rows from "./Rows.ts"
import { SourceError } from "./SourceError.ts"
import * as Told from "./Told.ts"

const format = (usual: string, endings: ReadonlyArray<string>): Format => ({
  endings,
  reader: (reading) => {
    const quotes = oddQuotes(reading)
    let rows: Rows.Reader | undefined
    let text = ""
    let entries: ReturnType<typeof table> | undefined
    const open = ({ delimiter, isGuess, skip }: Delimiter.Found) => {
      if (isGuess || (delimiter !== usual && reading.delimiter === undefined)) {
        reading.told.assumed.push(`${Delimiter.shown(delimiter)} between cells`)
      }
      entries = table(reading, delimiter, skip)
      return Rows.reader(reading.name, delimiter, quotes.of(delimiter))
    }
    if (reading.delimiter !== undefined) rows = open({ delimiter: reading.delimiter, skip: 0, isGuess: false })
    return (piece, isLast) => {
      if (rows === undefined) {
        text += piece
        if (!isLast && !Delimiter.isEnough(text, usual)) return Either.right([])
        rows = open(Delimiter.find(text, usual, isLast))
        piece = text
        text = ""
      }
      return Either.flatMap(rows(piece, isLast), (found) => {
        const read = entries!.read(found)
        if (isLast && Either.isRight(read)) {
          quotes.tell()
          entries!.tell()
        }
        return read
      })
    }
  }
})

export const csv: Format = format(",", ["csv"])
export const tsv: Format = format("\t", ["tsv", "tab"])
export const psv: Format = format("|", ["psv"])

/** Rows as entries, with the columns that the first of them names. */
export const table = (reading: Reading, delimiter: string, skip = 0) => {
  const { column, hasHeader, name, told } = reading
  let header: Header.Header | undefined
  /** A run has written it, perhaps for a spreadsheet. */
  let isOurs = false
  const short = Told.nowhere()
  const guarded = Told.nowhere()
  /** Among the first rows, those whose code has the shape of its column's name. */
  const alike = { rows: 0, same: 0, line: 0 }

  const begin = (row: Rows.Row): Either.Either<Header.Header, SourceError> => {
    alike.line = row.line
    return hasHeader
      ? Header.read(name, row, column, told, delimiter)
      : Header.numbers(name, row, column, told)
  }

  const read = (rows: ReadonlyArray<Rows.Row>): Either.Either<ReadonlyArray<Entry>, SourceError> => {
    const entries: Array<Entry> = []
    for (const row of rows) {
      if (skip > 0) {
        skip--
        continue
      }
      const { cells, line } = row
      if (cells.every(isBlank)) {
        // before the header it is no row yet
        if (header !== undefined) told.blank++
        continue
      }
      if (header === undefined) {
        const begun = begin(row)
        if (Either.isLeft(begun)) return Either.left(begun.left)
        header = begun.right
        isOurs = isOwn(header.names)
        if (hasHeader) {
          told.names = header.names
          continue
        }
      }
      if (cells.length > header.width && cells.some((cell, place) => place >= header!.width && !isBlank(cell))) {
        return Either.left(tooLong(name, header, row, told))
      }
      for (const place of header.nameless) {
        if (place < cells.length && !isBlank(cells[place]!)) header = Header.withColumn(header, place)
      }
      const { code, names, places } = header
      // a workbook does not hold the empty cells at a row's end
      if (delimiter !== "" && cells.length <= places.at(-1)!) Told.count(short, line)
      const columns: Record<string, string> = {}
      for (let index = 0; index < names.length; index++) {
        let cell = cells[places[index]!] ?? ""
        if (cell.startsWith("=\"") && asText.test(cell)) {
          cell = cell.slice(2, -1)
          Told.count(guarded, line)
        } else if (isOurs) cell = fromSpreadsheet(cell)
        const name = names[index]!
        // an assignment would set the prototype
        if (name === "__proto__") Object.defineProperty(columns, name, { ...own, value: cell })
        else columns[name] = cell
      }
      const input = columns[names[code]!]!
      entries.push({ line, input, columns, names })
      if (hasHeader && alike.rows < 100 && ++alike.rows > 0 && shape(input) === shape(names[code]!)) alike.same++
    }
    return Either.right(entries)
  }

  const tell = () => {
    if (guarded.count > 0) {
      told.assumed.push(`="…" in ${guarded.count} ${guarded.count === 1 ? "cell" : "cells"} read as text`)
    }
    const name = told.column ?? ""
    if (alike.same * 2 > alike.rows && /\d/.test(name)) told.suspect = { line: alike.line, name }
    if (short.count > 0) {
      told.warnings.push(
        `${short.count} ${short.count === 1 ? "row is" : "rows are"} shorter than the header: `
          + `the cells that are missing count as empty (${told.unit} ${short.line}${short.count === 1 ? "" : " first"})`
      )
    }
  }
  return {
    read,
    tell,
    /** The cell of a row that holds the code, when the header is known. */
    place: () => header?.places[header.code]
  }
}

/** Digits, letters, and all else as it is. */
const shape = (text: string): string => text.replace(/\d/g, "9").replace(/\p{L}/gu, "a")

/** How a spreadsheet is made to keep digits: `="00501"`. */
const asText = /^="[^"]*"$/

const own = { configurable: true, enumerable: true, writable: true }

const tooLong = (source: string, { width }: Header.Header, { cells, line }: Rows.Row, { unit }: Told.Told) =>
  new SourceError({
    reason: "Syntax",
    source,
    line,
    unit,
    detail: `this row has ${
      counted(cells.length)
    }, and the header ${width}: does a cell with a delimiter in it want quotes?`
  })

const counted = (cells: number) => `${cells} ${cells === 1 ? "cell" : "cells"}`

/** Collects what is odd about quotes. */
const oddQuotes = ({ told }: Reading) => {
  const stray = Told.nowhere()
  const swallowed = Told.nowhere()
  let lines = 0
  return {
    of: (delimiter: string): Rows.Quotes => ({
      stray,
      long: (line, cell, width) => {
        const [, ...inner] = cell.split(/\r\n|\r|\n/).filter((text) => !isBlank(text))
        const isRow = (text: string) => text.split(delimiter).length === width
        if (width < 2 || inner.length === 0 || !inner.every(isRow)) return
        if (swallowed.count === 0) lines = inner.length + 1
        Told.count(swallowed, line)
      }
    }),
    tell: () => {
      if (swallowed.count > 0) {
        told.warnings.push(
          `line ${swallowed.line}: a quoted cell spans ${lines} lines that look like rows`
            + (swallowed.count === 1 ? "" : `, and so do ${swallowed.count - 1} more`)
            + ": is a quote missing, or one too many?"
        )
      }
      if (stray.count > 0) {
        told.warnings.push(
          `line ${stray.line}: a cell holds a quote and does not begin with it, so it counts as a letter`
            + (stray.count === 1 ? "" : `; ${stray.count - 1} more are like it`)
        )
      }
    }
  }
}
