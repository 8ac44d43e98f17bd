/**
 * Small workbooks, part by part.
 */
import { zipSync } from "fflate"

const encode = (text: string) => new TextEncoder().encode(`<?xml version="1.0" encoding="UTF-8"?>${text}`)
const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"

/** Rows by their numbers, each of cells as XML. */
export type Sheet = ReadonlyArray<readonly [row: number, ...cells: ReadonlyArray<string>]>

/** A number with the style of a number format, by its place in `formats`, from 1. */
export const n = (value: number | string, style = 0) => `<c s="${style}"><v>${value}</v></c>`
/** A text that stands in its cell. */
export const t = (text: string) => `<c t="inlineStr"><is><t>${text}</t></is></c>`
/** A text out of those that cells share. */
export const s = (index: number) => `<c t="s"><v>${index}</v></c>`
/** An empty cell, as merged ones are. */
export const none = "<c/>"

/** A workbook of sheets by their names. */
export const workbook = (
  sheets: Readonly<Record<string, Sheet>>,
  { formats = [], hidden = { sheets: [], rows: [] }, is1904 = false, isStale = false, shared = [] }: {
    readonly formats?: ReadonlyArray<string>
    readonly shared?: ReadonlyArray<string>
    readonly is1904?: boolean
    /** Its formulas are to be calculated when it is opened. */
    readonly isStale?: boolean
    readonly hidden?: { readonly sheets: ReadonlyArray<string>; readonly rows: ReadonlyArray<number> }
  } = {}
): Uint8Array => {
  const names = Object.keys(sheets)
  return zipSync({
    "[Content_Types].xml": encode("<Types/>"),
    "xl/workbook.xml": encode(
      `<workbook xmlns="${main}" xmlns:r="r"><workbookPr date1904="${is1904 ? 1 : 0}"/><sheets>${
        names.map((name, index) =>
          `<sheet name="${name}" sheetId="${index + 1}"${
            hidden.sheets.includes(name) ? " state=\"veryHidden\"" : ""
          } r:id="rId${index + 1}"/>`
        ).join("")
      }</sheets><calcPr fullCalcOnLoad="${isStale ? 1 : 0}"/></workbook>`
    ),
    "xl/_rels/workbook.xml.rels": encode(
      `<Relationships>${
        names.map((_, index) => `<Relationship Id="rId${index + 1}" Target="worksheets/s${index + 1}.xml"/>`).join("")
      }</Relationships>`
    ),
    "xl/styles.xml": encode(
      `<styleSheet xmlns="${main}"><numFmts>${
        formats.map((code, index) =>
          `<numFmt numFmtId="${164 + index}" formatCode="${code.replaceAll("\"", "&quot;").replaceAll("<", "&lt;")}"/>`
        )
          .join("")
      }</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/>${
        formats.map((_, index) => `<xf numFmtId="${164 + index}"/>`).join("")
      }</cellXfs></styleSheet>`
    ),
    "xl/sharedStrings.xml": encode(`<sst xmlns="${main}">${shared.map((text) => `<si>${text}</si>`).join("")}</sst>`),
    ...Object.fromEntries(names.map((name, index) => [
      `xl/worksheets/s${index + 1}.xml`,
      encode(
        `<worksheet xmlns="${main}"><sheetData>${
          sheets[name]!.map(([row, ...cells]) =>
            `<row r="${row}"${hidden.rows.includes(row) ? " hidden=\"1\"" : ""}>${cells.join("")}</row>`
          ).join("")
        }</sheetData></worksheet>`
      )
    ]))
  })
}
