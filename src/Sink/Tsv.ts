/**
 * TSV, in the columns of {@link Cells}: a row a line, and a tab between cells. A cell holds neither; text that does stands as JSON, in which
 * they are `\t`, `\n` and `\r`. A cell that holds a quote stands in quotes, as spreadsheets write it.
 */
import * as Cells from "./Cells.ts"
import type { Format } from "./Format.ts"

export const format: Format = {
  name: "tsv",
  endings: ["tsv"],
  encoder: (layout) => {
    if (layout.excel) {
      return { clash: "what is made for a spreadsheet is CSV, or a workbook: name it .csv or .xlsx", remedy: "plain" }
    }
    const made = Cells.make(layout, { format: "TSV", unfit })
    if ("clash" in made) return made
    const isAlone = made.header.length === 1
    const line = (cells: ReadonlyArray<Cells.Cell>): string =>
      `${cells.map((cell) => quoted(Cells.textOf(cell), isAlone)).join("\t")}\n`
    return {
      header: line(made.header),
      encode: (row) => {
        const cells = made.cells(row)
        return "clash" in cells ? cells : line(cells)
      }
    }
  }
}

const quoted = (cell: string, isAlone: boolean): string => {
  const text = /[\t\r\n]/.test(cell) ? JSON.stringify(cell) : cell
  return text.includes("\"") || (isAlone && text.trim() === "") ? `"${text.replaceAll("\"", "\"\"")}"` : text
}

/** What a cell that is read again does not hold. */
const unfit = /[\t\r\n\0]|\p{Surrogate}/u
