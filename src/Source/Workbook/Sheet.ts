/**
 * The cells of a sheet, row by row, and what is odd about them.
 */
import type { Row } from "../Rows.ts"
import * as Told from "../Told.ts"
import * as Cell from "./Cell.ts"
import type { Odd } from "./Format.ts"
import * as Xml from "./Xml.ts"

/** What was read of a sheet. */
export interface Sheet {
  /** Those with something in them; merged cells have it in the first. */
  readonly rows: ReadonlyArray<Row>
  /** Rows that a filter or a hand has hidden: they are read as all are. */
  readonly hidden: number
  /** Formulas without a value: what has written them does not calculate. */
  readonly formulas: Told.Places
  /** Cells to be looked at, by their place in a row. */
  readonly odd: ReadonlyMap<number, ReadonlyMap<Reason, Example>>
}

/** Why a cell is to be looked at; `long` numbers have more digits than a spreadsheet keeps. */
export type Reason = Odd | "long"

export interface Example extends Told.Places {
  readonly text: string
  readonly format: string
}

/** The columns that a sheet can have. */
const widest = 16_384

/** Reads a sheet. What is damaged is thrown. */
export const read = (part: Uint8Array, cells: Cell.Cells): Sheet => {
  const rows: Array<Row> = []
  const odd = new Map<number, Map<Reason, Example>>()
  const formulas = Told.nowhere()
  let hidden = 0
  let line = 0
  let row: Array<string> = []
  let isHidden = false
  let at = 0
  let type = ""
  let style = 0
  let value: string | undefined
  let isFormula = false

  const note = (reason: Reason, text: string) => {
    let reasons = odd.get(at)
    if (reasons === undefined) odd.set(at, reasons = new Map())
    let example = reasons.get(reason)
    if (example === undefined) {
      reasons.set(reason, example = { ...Told.nowhere(), text, format: cells.formats[style]?.code ?? "General" })
    }
    Told.count(example, line)
  }

  const close = () => {
    // a text that a formula gives may be empty
    if (isFormula && (value ?? "") === "" && type !== "str") Told.count(formulas, line)
    // what is calculated when it is opened has a 0 where it was never opened
    else if (isFormula && value === "0" && cells.isStale) Told.count(formulas, line)
    if (value === undefined) return
    const { odd, text } = Cell.shown(value, type, style, cells)
    while (row.length < at) row.push("")
    row[at] = text
    if (odd !== undefined) note(odd, text)
    // a spreadsheet puts zeros after the 15th digit, and what has an exponent was rounded
    if (type === "n" && /^\d{16,}$/.test(text) && (/e/i.test(value) || /^0+$/.test(text.slice(15)))) {
      note("long", text)
    }
  }

  Xml.read(part, {
    open: (name, attributes) => {
      if (name === "row") {
        line = Number(attributes("r") ?? line + 1)
        isHidden = /^(?:1|true)$/.test(attributes("hidden") ?? "")
        row = []
        at = 0
      } else if (name === "c") {
        const reference = attributes("r")
        if (reference !== undefined) at = columnOf(reference)
        if (at < 0 || at >= widest) throw new Error(`there is no cell ${reference}`)
        type = attributes("t") ?? "n"
        style = Number(attributes("s") ?? 0)
        value = undefined
        isFormula = false
      } else if (name === "f") isFormula = true
    },
    text: (text, path) => {
      // what is read aloud beside a text is no part of it
      if (path.at(-1) === "v" || (path.at(-1) === "t" && path.includes("is") && !path.includes("rPh"))) {
        value = (value ?? "") + text
      }
    },
    close: (name) => {
      if (name === "c") {
        close()
        at++
      } else if (name === "row" && row.some((cell) => cell !== "")) {
        rows.push({ line, cells: row })
        if (isHidden) hidden++
      }
    }
  })
  return { rows, hidden, formulas, odd }
}

/** `AB12` is the 28th column, counted from 0. */
const columnOf = (reference: string): number => {
  let column = 0
  for (let at = 0; at < reference.length; at++) {
    const letter = reference.charCodeAt(at) & 0xdf
    if (letter < 65 || letter > 90) break
    column = column * 26 + letter - 64
  }
  return column - 1
}

/** Tells what is odd about a sheet whose codes stand in this place of a row. */
export const tell = ({ formulas, hidden, odd }: Sheet, place: number | undefined, told: Told.Told): void => {
  if (hidden > 0) told.assumed.push(`${hidden} hidden ${hidden === 1 ? "row" : "rows"} read too`)
  if (formulas.count > 0) {
    const [cells, hold, were] = formulas.count === 1
      ? ["cell", "holds a formula", "was"]
      : ["cells", "hold formulas", "were"]
    told.warnings.push(
      `${formulas.count} ${cells} ${hold} that ${were} never calculated (${Told.where("row", formulas)}): `
        + "open the workbook in a spreadsheet program and save it"
    )
  }
  for (const [reason, example] of odd.get(place ?? -1) ?? []) told.warnings.push(warnings[reason](example))
}

const warnings: Readonly<Record<Reason, (example: Example) => string>> = {
  stored: (example) =>
    `${numbers(example)} asked as stored, ${example.text}, and the sheet shows something else: `
    + `its format is ${example.format} (${Told.where("row", example)}); write what is meant as text`,
  part: (example) =>
    `${example.count} ${example.count === 1 ? "code is a date" : "codes are dates"} of which the sheet shows a part, `
    + `${example.format}, and asked as ${example.text} (${Told.where("row", example)}): `
    + "did a spreadsheet make dates of codes?",
  long: (example) =>
    `${numbers(example)} longer than 15 digits, ${example.text}, which a spreadsheet does not keep `
    + `(${Told.where("row", example)}): are the last digits right?`
}

const numbers = ({ count }: Example) => count === 1 ? "1 code is a number" : `${count} codes are numbers`
