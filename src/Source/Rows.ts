/**
 * Rows of quoted cells (RFC 4180), read from text in pieces. A row knows the line on which it begins.
 */
import { Either } from "effect"
import { lineEnd, type Reader, tooLong } from "./Lines.ts"
import { SourceError } from "./SourceError.ts"

/** A row and the line on which it begins, from 1. */
export interface Row {
  readonly line: number
  readonly cells: ReadonlyArray<string>
}

const quote = 34
const lf = 10
const cr = 13

/**
 * Rows end at LF, CRLF or CR; blank lines are passed over. A quote opens a cell only where the cell begins, and is a plain character
 * elsewhere.
 */
export const reader = (source: string, delimiter: string): Reader<Row> => {
  const separator = delimiter.charCodeAt(0)
  /** The text from the beginning of the first row that is not complete, and its line. */
  let text = ""
  let line = 1

  const failed = (offset: number, cell: number, detail: string) =>
    Either.left(new SourceError({ reason: "Syntax", source, line: line + offset, detail: `cell ${cell}: ${detail}` }))

  return (piece, isLast) => {
    text += piece
    const rows: Array<Row> = []
    let start = 0
    // without a line end no row can have become complete
    while (start < text.length && (isLast || start > 0 || piece.search(lineEnd) >= 0)) {
      const cells: Array<string> = []
      let at = start
      let inner = 0
      let isBlank = false
      for (;;) {
        const from = at
        if (text.charCodeAt(at) === quote) {
          at = closing(text, at + 1)
          if (at >= text.length - 1 && !isLast) return rest()
          if (at === text.length) return failed(inner, cells.length + 1, "the quote that opens here is never closed")
          const cell = text.slice(from + 1, at)
          cells.push(cell.includes("\"") ? cell.replaceAll("\"\"", "\"") : cell)
          inner += lineEnds(cell)
        }
      }
    }
    return rest()
  }
}
