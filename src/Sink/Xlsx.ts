/**
 * A workbook of Excel (ECMA-376) with one sheet, in the columns of {@link Cells}. Text is text, whatever it looks like: `00501` keeps its
 * zeros and nothing is a formula. It is packed as it comes; a part of it is nothing that a later run could go on with.
 */
import { Effect } from "effect"
import { Zip, ZipDeflate } from "fflate"
import type { Listed } from "../Ledger.ts"
import { layoutOf, type Options, type Sink, track } from "../Sink.ts"
import * as Cells from "./Cells.ts"
import type { Clash, Layout } from "./Format.ts"
import * as Mark from "./Mark.ts"
import { clashed, SinkError } from "./SinkError.ts"
import type { Target } from "./Target.ts"

/** What a sheet holds. */
const [rowLimit, columnLimit, cellLimit] = [1_048_576, 16_384, 32_767]

/** What one file of a ZIP archive holds. */
const sheetLimit = 2 ** 32 - 2 ** 20

/** Writes to a target. */
export const make = (target: Target, options: Omit<Options, "format"> = {}): typeof Sink.Service => {
  const clash = (detail: string) => new SinkError({ reason: "Clash", sink: target.name, detail })
  const cellsOf = (list: Listed) => {
    const layout = layoutOf(options, list)
    const made = encoder(layout)
    if ("clash" in made) return clashed(target.name, made)
    return made.header.length > columnLimit
      ? clash(
        `a sheet holds ${columnLimit.toLocaleString("en")} columns, and these are `
          + `${made.header.length.toLocaleString("en")}: write NDJSON or CSV, or fewer columns`
      )
      : Effect.succeed({ made, layout })
  }
  return {
    outputs: [target.id],
    select: options.select?.map(({ text }) => text) ?? [],
    check: (marks) => Effect.flatMap(marks.read(target.id), target.check),
    fits: (list) => Effect.asVoid(cellsOf(list)),
    open: (run) =>
      Effect.gen(function*() {
        const { layout, made } = yield* cellsOf(run.list)
        const { list, select, ...given } = layout
        const identity = yield* Mark.identity({
          ...given,
          format: "xlsx",
          isOrdered: run.isOrdered,
          column: list.column,
          columns: list.columns,
          select: select.map(({ text }) => text)
        })
        const { complete, position = 0, write } = yield* track(target, run, identity, false)
        const book = workbook()
        book.push(made.header)
        const emit = Effect.suspend(() => {
          const bytes = book.taken()
          if (book.size() > sheetLimit) return clash("it would be larger than a workbook can be: write CSV or Parquet")
          return bytes.length === 0 ? Effect.void : write(bytes)
        })
        return {
          position,
          write: (rows) =>
            Effect.suspend(() => {
              for (const row of rows) {
                if (row.ordinal < position) continue
                const cells = made.cells(row)
                if ("clash" in cells) return clashed(target.name, cells)
                book.push(cells)
              }
              return emit
            }),
          keep: () => Effect.void,
          complete: complete(Effect.suspend(() => {
            book.end()
            return emit
          })),
          warnings: () =>
            book.cut() === 0 ? [] : [{
              message:
                `${target.name}: ${book.cut()} ${book.cut() === 1 ? "cell is" : "cells are"} cut at 32,767 characters, `
                + "which is what a workbook holds: CSV and Parquet have all of them"
            }]
        }
      })
  }
}

const encoder = (layout: Layout): Cells.Cells | Clash =>
  layout.list.entries >= rowLimit
    ? { clash: "a sheet has 1,048,576 rows, and these are more: write CSV or Parquet" }
    : Cells.make({ ...layout, excel: false }, { format: "a workbook", unfit: /\0|\p{Surrogate}/u })

/** A workbook that grows by rows. */
const workbook = () => {
  let chunks: Array<Uint8Array> = []
  let [row, size, cut] = [0, 0, 0]
  const zip = new Zip((error, chunk) => {
    if (error !== null) throw error
    chunks.push(chunk)
  })
  const encoder = new TextEncoder()
  const file = (name: string) => {
    const made = new ZipDeflate(name, { level: 6 })
    // equal rows give equal bytes
    made.mtime = "1980-01-01T00:00:00"
    zip.add(made)
    return made
  }
  for (const [name, text] of Object.entries(frame)) file(name).push(encoder.encode(text), true)
  const sheet = file("xl/worksheets/sheet1.xml")
  const add = (text: string, isLast = false) => {
    const bytes = encoder.encode(text)
    size += bytes.length
    sheet.push(bytes, isLast)
  }
  const textOf = (text: string): string => {
    if (text.length <= cellLimit) return text
    cut++
    return text.slice(0, cellLimit - 1).toWellFormed() + "…"
  }
  add(`${xml}<worksheet xmlns="${main}"><sheetData>`)
  return {
    push: (cells: ReadonlyArray<Cells.Cell>) => {
      row++
      let text = `<row r="${row}">`
      for (let index = 0; index < cells.length; index++) {
        const cell = cells[index]!
        if (cell === "") continue
        const place = `${letters(index)}${row}`
        const plain = typeof cell === "string" ? undefined : cell.text
        text += plain !== undefined && isNumber(plain)
          ? `<c r="${place}"><v>${plain}</v></c>`
          : plain === "true" || plain === "false"
          ? `<c r="${place}" t="b"><v>${plain === "true" ? 1 : 0}</v></c>`
          : `<c r="${place}" t="inlineStr"><is><t xml:space="preserve">${
            escape(textOf(Cells.textOf(cell)))
          }</t></is></c>`
      }
      add(`${text}</row>`)
    },
    end: () => {
      add("</sheetData></worksheet>", true)
      zip.end()
    },
    /** What has been packed since it was asked last. */
    taken: (): Uint8Array => {
      const taken = Buffer.concat(chunks)
      chunks = []
      return taken
    },
    size: () => size,
    cut: () => cut
  }
}

/** Spreadsheets hold 15 digits. */
const isNumber = (text: string): boolean =>
  /^-?\d[\d.eE+-]*$/.test(text) && text.replace(/[eE].*/, "").replace(/\D/g, "").replace(/^0+/, "").length <= 15
  && Number.isFinite(Number(text)) && (Number(text) !== 0 || /^-?0+(\.0*)?([eE].*)?$/.test(text))

/** `A` to `XFD`. */
const letters = (index: number): string =>
  index < 26
    ? String.fromCharCode(65 + index)
    : letters(Math.floor(index / 26) - 1) + String.fromCharCode(65 + index % 26)

/** Characters that XML does not hold stand as `_x000C_`, and what looks like that as `_x005F_x000C_`. */
const escape = (text: string): string =>
  text.replace(
    /[&<>]|(?![\t\n])\p{Cc}|[\ufffe\uffff]|_(?=x[\da-fA-F]{4}_)/gu,
    (sign) => entities[sign] ?? `_x${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}_`
  )

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" }

const xml = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
const office = "http://schemas.openxmlformats.org"
const main = `${office}/spreadsheetml/2006/main`
const relations = `${office}/officeDocument/2006/relationships`
const type = "application/vnd.openxmlformats-officedocument.spreadsheetml"

/** What stands around a sheet. */
const frame: Readonly<Record<string, string>> = {
  "[Content_Types].xml": `${xml}<Types xmlns="${office}/package/2006/content-types">`
    + "<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
    + "<Default Extension=\"xml\" ContentType=\"application/xml\"/>"
    + `<Override PartName="/xl/workbook.xml" ContentType="${type}.sheet.main+xml"/>`
    + `<Override PartName="/xl/worksheets/sheet1.xml" ContentType="${type}.worksheet+xml"/></Types>`,
  "_rels/.rels": `${xml}<Relationships xmlns="${office}/package/2006/relationships">`
    + `<Relationship Id="rId1" Type="${relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
  "xl/workbook.xml": `${xml}<workbook xmlns="${main}" xmlns:r="${relations}">`
    + "<sheets><sheet name=\"rollcall\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>",
  "xl/_rels/workbook.xml.rels": `${xml}<Relationships xmlns="${office}/package/2006/relationships">`
    + `<Relationship Id="rId1" Type="${relations}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`
}
