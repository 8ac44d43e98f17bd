/**
 * Workbooks (.xlsx, ECMA-376) as rows of text: cells as they are shown. Texts stand as they are, numbers with the digits and zeros that their
 * format gives them and without an exponent, dates as ISO 8601, formulas as their value. Loaded when there is one to read.
 */
import { Effect, Either, Stream } from "effect"
import { unzip, type UnzipFileInfo } from "fflate"
import type { Row } from "./Rows.ts"
import { SourceError } from "./SourceError.ts"
import type { Told } from "./Told.ts"
import * as Cell from "./Workbook/Cell.ts"
import * as Xml from "./Workbook/Xml.ts"

/** Bytes that a workbook may have, and those of its parts together when they are unpacked. */
const [packedLimit, unpackedLimit] = [256 * 1024 * 1024, 1024 * 1024 * 1024]

/** Reads the rows of a sheet: the one that is named, else the only one with something in it. */
export const rows = (
  source: string,
  bytes: Stream.Stream<Uint8Array, SourceError>,
  sheet: string | undefined,
  told: Told
): Effect.Effect<ReadonlyArray<Row>, SourceError> =>
  Effect.gen(function*() {
    const refuse = (detail: string) => new SourceError({ reason: "Encoding", source, detail })
    const pieces: Array<Uint8Array> = []
    let size = 0
    yield* Stream.runForEach(bytes, (piece) => {
      pieces.push(piece)
      size += piece.length
      return size > packedLimit
        ? refuse("this workbook is larger than 256 MiB: save the sheet as CSV UTF-8")
        : Effect.void
    })
    const parts = yield* Effect.mapError(unpack(Buffer.concat(pieces)), (why) =>
      refuse(`this is a workbook or a ZIP archive, and does not unpack (${why}): is it whole?`))
    const workbook = parts["xl/workbook.xml"]
    if (workbook === undefined) {
      return yield* refuse(kindOf(parts))
    }
    const read = Either.try({
      try: () =>
        sheets(parts, workbook),
      catch: (cause) => refuse(`the workbook is damaged: ${(cause as Error).message.split("\n")[0]}`)
    })
    const { all, cells } = yield* read
    const names = all.map(({ name }) => JSON.stringify(name)).join(", ")
    if (sheet !== undefined) {
      const found = all.find(({ name }) => name === sheet)
        ?? all.find(({ name }) => name.trim().toLowerCase() === sheet.trim().toLowerCase())
      if (found === undefined) {
        return yield* refuse(`there is no sheet ${JSON.stringify(sheet)}; the sheets are ${names}`)
      }
      return yield* rowsOf(found.part, cells, refuse)
    }
    const filled: Array<{ readonly name: string; readonly rows: ReadonlyArray<Row> }> = []
    for (const { name, part } of all) {
      const rows = yield* rowsOf(part, cells, refuse)
      if (rows.length > 0) filled.push({ name, rows })
    }
    if (filled.length > 1) {
      return yield* refuse(
        `several sheets have cells: name one with --sheet, ${filled.map(({ name }) => JSON.stringify(name)).join(", ")}`
      )
    }
    if (all.length > 1 && filled.length === 1) told.assumed.push(`sheet ${JSON.stringify(filled[0]!.name)}`)
    return filled[0]?.rows ?? []
  })

type Parts = Record<string, Uint8Array>

const unpack = (packed: Uint8Array): Effect.Effect<Parts, string> =>
  Effect.async<Parts, string>((resume) => {
    let size = 0
    const filter = ({ name, originalSize }: UnzipFileInfo) => {
      if (
        !/^(?:xl\/(?:workbook\.xml|sharedStrings\.xml|styles\.xml|_rels\/|worksheets\/[^/]*\.xml)|mimetype$|content\.xml$)/i
          .test(name)
      ) {
        return false
      }
      size += originalSize
      return size <= unpackedLimit
    }
    unzip(packed, { filter }, (error, parts) => {
      if (error !== null) resume(Effect.fail(error.message))
      else if (size > unpackedLimit) resume(Effect.fail("it is larger than 1 GiB when it is unpacked"))
      else resume(Effect.succeed(parts))
    })
  })

const kindOf = (parts: Parts): string =>
  parts.mimetype !== undefined && Xml.text(parts.mimetype).includes("opendocument")
    ? "this is an OpenDocument file (.ods): save the sheet as .xlsx or as CSV UTF-8"
    : "this is a ZIP archive: unpack it first, unzip -p FILE | rollcall run - …"

/** The sheets of a workbook, and how their cells are shown. */
const sheets = (parts: Parts, workbook: Uint8Array) => {
  const targets = new Map<string, string>()
  const relations = parts["xl/_rels/workbook.xml.rels"]
  if (relations !== undefined) {
    Xml.read(relations, {
      open: (name, attributes) => {
        if (name === "Relationship") targets.set(attributes("Id") ?? "", attributes("Target") ?? "")
      }
    })
  }
  const all: Array<{ readonly name: string; readonly part: Uint8Array }> = []
  let is1904 = false
  Xml.read(workbook, {
    open: (name, attributes) => {
      if (name === "workbookPr") is1904 = /^(?:1|true)$/.test(attributes("date1904") ?? "")
      if (name !== "sheet") return
      const target = targets.get(attributes("r:id") ?? attributes("id") ?? "") ?? ""
      const path = target.startsWith("/") ? target.slice(1) : `xl/${target}`
      const part = parts[path] ?? parts[`xl/worksheets/sheet${all.length + 1}.xml`]
      if (part !== undefined) all.push({ name: attributes("name") ?? "", part })
    }
  })
  const strings = parts["xl/sharedStrings.xml"]
  const styles = parts["xl/styles.xml"]
  return {
    all,
    cells: {
      strings: strings === undefined ? [] : Cell.strings(strings),
      formats: styles === undefined ? [] : Cell.formats(styles),
      is1904
    }
  }
}

/** The rows of a sheet with something in them; those of merged cells have it in the first. */
const rowsOf = (
  part: Uint8Array,
  cells: Cell.Cells,
  refuse: (detail: string) => SourceError
): Effect.Effect<ReadonlyArray<Row>, SourceError> =>
  Effect.try({
    try: () => {
      const rows: Array<Row> = []
      let line = 0
      let row: Array<string> = []
      let at = 0
      let type = ""
      let style = 0
      let value: string | undefined
      Xml.read(part, {
        open: (name, attributes) => {
          if (name === "row") {
            line = Number(attributes("r") ?? line + 1)
            row = []
            at = 0
          } else if (name === "c") {
            const reference = attributes("r")
            if (reference !== undefined) at = columnOf(reference)
            type = attributes("t") ?? "n"
            style = Number(attributes("s") ?? 0)
            value = undefined
          }
        },
        text: (text, path) => {
          // what is read aloud beside a text is no part of it
          if (path.at(-1) === "v" || (path.at(-1) === "t" && path.includes("is") && !path.includes("rPh"))) {
            value = (value ?? "") + text
          }
        },
        close: (name) => {
          if (name === "c") {
            if (value !== undefined) {
              while (row.length < at) row.push("")
              row[at] = Cell.shown(value, type, style, cells)
            }
            at++
          } else if (name === "row" && row.some((cell) => cell !== "")) rows.push({ line, cells: row })
        }
      })
      return rows
    },
    catch: (cause) => refuse(`the sheet is damaged: ${(cause as Error).message.split("\n")[0]}`)
  })

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
