/**
 * Rows of cells. A row knows the line on which it begins, whatever its cells hold. Rows end at LF, CRLF or CR.
 */
import { Either } from "effect"
import { isBlank } from "../Code.ts"
import * as Lines from "./Lines.ts"
import { SourceError } from "./SourceError.ts"
import * as Told from "./Told.ts"

/** A row, and the line on which it begins, from 1. */
export interface Row {
  readonly line: number
  readonly cells: ReadonlyArray<string>
}

/** Reads rows out of text that comes in pieces. */
export type Reader = (piece: string, isLast: boolean) => Either.Either<ReadonlyArray<Row>, SourceError>

/** What is odd about the quotes of a text, and does not keep it from being read. */
export interface Quotes {
  /** Cells that do not begin with a quote and hold one: it is a letter there. */
  readonly stray: Told.Places
  /** Is told of each quoted cell over several lines; the row before its own has so many cells. */
  readonly long: (line: number, cell: string, width: number) => void
}

/** The rows of a text whose cells are parted by this sign. */
export const reader = (source: string, delimiter: string, quotes: Quotes): Reader =>
  delimiter === "\t" ? tabs(source) : commas(source, delimiter, quotes)

/**
 * Cells parted by tabs. A quote is a letter: inches, nicknames and the like stand bare in such files. Only a cell that opens and closes,
 * as spreadsheets write it, is taken out of its quotes.
 */
const tabs = (source: string): Reader => {
  const lines = Lines.reader(source, {
    limit: Lines.longLimit,
    // a row of empty cells is a row
    isBlank: (text) => !text.includes("\t") && isBlank(text)
  })
  return (piece, isLast) =>
    Either.map(lines(piece, isLast), (found) =>
      found.map(({ line, text }) => {
        const cells = text.split("\t")
        return { line, cells: text.includes("\"") ? cells.map(unquoted) : cells }
      }))
}

const unquoted = (cell: string): string =>
  /^"(?:[^"]|"")*"$/.test(cell) ? cell.slice(1, -1).replaceAll("\"\"", "\"") : cell

/** RFC 4180, with any delimiter. A quote is special at the beginning of a cell alone, as Python, pandas and spreadsheets have it. */
const commas = (source: string, delimiter: string, quotes: Quotes): Reader => {
  /** What has come of the row that is open, from `start` on, and the line on which that begins. */
  let text = ""
  let line = 1
  /** The cells of it so far, and where the next one begins; nothing ends that cell before `from`. */
  let cells: Array<string> = []
  let at = 0
  let from = 0
  let lineEnds = 0
  let isQuoted = false
  /** The cells of the row before. */
  let width = 0

  const failed = (reason: "Syntax" | "TooLong", line: number, detail: string) =>
    Either.left(new SourceError({ reason, source, line, detail }))

  return (piece, isLast) => {
    text += piece
    const found: Array<Row> = []
    let start = 0
    const tooLong = () =>
      failed("TooLong", line, `this row is longer than ${Lines.shown(Lines.longLimit)}: is a quote left open?`)
    /** Ends the row at the line end that stands at `end`, if one does. */
    const close = (end: number) => {
      // a blank line is no row, nothing in quotes is one
      if (cells.length > 1 || isQuoted || !isBlank(cells[0]!)) found.push({ line, cells })
      line += 1 + lineEnds
      width = cells.length
      start = at = from = end + (text.startsWith("\r\n", end) ? 2 : 1)
      cells = []
      lineEnds = 0
      isQuoted = false
    }
    // a row whose last cell is empty ends with its delimiter
    const goesOn = () => at < text.length || (isLast && cells.length > 0)
    while (goesOn()) {
      if (at === start) {
        // most rows hold no quote
        const end = text.indexOf("\n", start)
        const row = end < 0 ? "\"" : text.slice(start, text[end - 1] === "\r" && end > start ? end - 1 : end)
        if (!row.includes("\"") && !row.includes("\r")) {
          if (row.length > Lines.longLimit) return tooLong()
          cells = row.split(delimiter)
          close(end)
          continue
        }
      }
      let end: number
      let cell: string
      if (text[at] === "\"") {
        isQuoted = true
        end = closing(text, Math.max(from, at + 1))
        const isOpen = end < 0
        // a quote at the end of the piece may be half of a double one, and a CR half of a CRLF
        if (!isLast && (isOpen || end + 1 === text.length || (text[end + 1] === "\r" && end + 2 === text.length))) {
          from = isOpen ? text.length : end
          break
        }
        if (isOpen) {
          return failed("Syntax", line, `cell ${cells.length + 1} begins with a quote that is never closed`)
        }
        cell = text.slice(at + 1, end).replaceAll("\"\"", "\"")
        end++
        const inside = Lines.ends(cell)
        lineEnds += inside
        if (inside > 0) quotes.long(line, cell, width)
        if (end < text.length && text[end] !== delimiter && text[end] !== "\n" && text[end] !== "\r") {
          return failed(
            "Syntax",
            line + lineEnds - inside,
            inside === 0
              ? `cell ${cells.length + 1} goes on after its closing quote: write a quote within it twice`
              : `cell ${cells.length + 1} begins with a quote that is closed on line ${
                line + lineEnds
              } alone, and goes on `
                + "there: is a quote missing, or one too many?"
          )
        }
      } else {
        end = Math.max(from, at)
        while (end < text.length && text[end] !== delimiter && text[end] !== "\n" && text[end] !== "\r") end++
        if (!isLast && (end === text.length || (text[end] === "\r" && end + 1 === text.length))) {
          from = end
          break
        }
        cell = text.slice(at, end)
        // `="00501"` is a spreadsheet's way to keep digits
        if (cell.includes("\"") && !cell.startsWith("=\"")) Told.count(quotes.stray, line + lineEnds)
      }
      cells.push(cell)
      if (text[end] === delimiter) at = from = end + 1
      else if (end - start > Lines.longLimit) return tooLong()
      else close(end)
    }
    text = text.slice(start)
    at -= start
    from -= start
    return text.length > Lines.longLimit ? tooLong() : Either.right(found)
  }
}

/** Where the quote stands that closes a cell; -1 where none does. */
const closing = (text: string, from: number): number => {
  for (let at = text.indexOf("\"", from); at >= 0; at = text.indexOf("\"", at + 2)) {
    if (text[at + 1] !== "\"") return at
  }
  return -1
}
