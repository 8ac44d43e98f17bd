/**
 * CSV (RFC 4180), in the columns of {@link Cells}.
 */
import { forSpreadsheet, isFormula } from "../Formula.ts"
import * as Cells from "./Cells.ts"
import type { Format } from "./Format.ts"

export const format: Format = {
  name: "csv",
  endings: ["csv"],
  encoder: (layout) => {
    const { excel } = layout
    const made = Cells.make(layout, { format: "CSV", unfit })
    if ("clash" in made) return made
    let [formulas, long] = [0, 0]
    const end = excel ? "\r\n" : "\n"
    const isAlone = made.header.length === 1
    const line = (cells: ReadonlyArray<Cells.Cell>): string => {
      let text = ""
      for (let index = 0; index < cells.length; index++) {
        const cell = Cells.textOf(cells[index]!)
        if (excel && cell.length > cellLimit) long++
        if (isFormula(cell)) formulas++
        if (index > 0) text += ","
        text += quoted(excel ? forSpreadsheet(cell, typeof cells[index] === "string") : cell, isAlone)
      }
      return text + end
    }
    return {
      // without its mark, Excel does not take it for UTF-8
      header: (excel ? "\ufeff" : "") + line(made.header),
      encode: (row) => {
        const cells = made.cells(row)
        return "clash" in cells ? cells : line(cells)
      },
      formulas: () => formulas,
      warnings: () => [
        ...(long === 0
          ? []
          : [`${long} ${long === 1 ? "cell has" : "cells have"} more than the 32,767 characters of a spreadsheet's`]),
        ...(excel && layout.list.entries >= rowLimit ? ["there are more rows than the 1,048,576 of a sheet"] : [])
      ]
    }
  }
}

/** What a sheet of a spreadsheet holds. */
const [rowLimit, cellLimit] = [1_048_576, 32_767]

/** A line that holds nothing is no row, so a cell that stands alone has its quotes. */
const quoted = (cell: string, isAlone: boolean): string =>
  cell === "" && isAlone ? "\"\"" : fragile.test(cell) ? `"${cell.replaceAll("\"", "\"\"")}"` : cell

/** Beside what holds a delimiter: some readers take any CR or LF for a line end, and cut white space off the ends of a cell. */
const fragile = /[",\r\n]|^\s|\s$/

/** What UTF-8 text does not hold. */
const unfit = /\0|\p{Surrogate}/u
