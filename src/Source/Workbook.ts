/**
 * Workbooks (.xlsx, ECMA-376) as rows of text: cells as they are shown where that can be told exactly, else numbers as they are stored;
 * without thousands and exponents, dates as ISO 8601, formulas as their value. Loaded when there is one to read.
 */
import { Effect, Either, Stream } from "effect"
import type { Remedy } from "../Outcome.ts"
import type { Row } from "./Rows.ts"
import { SourceError } from "./SourceError.ts"
import type { Told } from "./Told.ts"
import * as Cell from "./Workbook/Cell.ts"
import * as Parts from "./Workbook/Parts.ts"
import * as Sheet from "./Workbook/Sheet.ts"
import * as Xml from "./Workbook/Xml.ts"

/** Bytes that a workbook may have. */
const packedLimit = 256 * 1024 * 1024

/** The rows of a sheet that was read. */
export interface Rows {
  readonly rows: ReadonlyArray<Row>
  /** Tells what is odd about it, when it is known in which place of a row the code stands. */
  readonly tell: (place: number | undefined) => void
}

/** Reads the rows of a sheet: the one that is named, else the only one with something in it. */
export const read = (
  source: string,
  bytes: Stream.Stream<Uint8Array, SourceError>,
  sheet: string | undefined,
  told: Told
): Effect.Effect<Rows, SourceError> =>
  Effect.gen(function*() {
    const refuse = (detail: string, remedy?: Remedy) => new SourceError({ reason: "Encoding", source, detail, remedy })
    const pieces: Array<Uint8Array> = []
    let size = 0
    yield* Stream.runForEach(bytes, (piece) => {
      pieces.push(piece)
      size += piece.length
      return size > packedLimit
        ? refuse("this workbook is larger than 256 MiB: save the sheet as CSV UTF-8")
        : Effect.void
    })
    const parts = yield* Effect.mapError(Parts.unpack(Buffer.concat(pieces)), (why) =>
      refuse(`this is a workbook or a ZIP archive, and does not unpack (${why}): is it whole?`))
    const workbook = parts.read.get("xl/workbook.xml")
    if (workbook === undefined) {
      return yield* refuse(Parts.kindOf(parts))
    }
    const opened = Either.try({
      try: () =>
        sheets(parts, workbook),
      catch: (cause) => refuse(`the workbook is damaged: ${(cause as Error).message.split("\n")[0]}`)
    })
    const { all, cells } = yield* opened
    const open = (part: Uint8Array) =>
      Effect.try({
        try: () => Sheet.read(part, cells),
        catch: (cause) => refuse(`the sheet is damaged: ${(cause as Error).message.split("\n")[0]}`)
      })
    const found = (sheet: Sheet.Sheet): Rows => ({
      rows: sheet.rows,
      tell: (place) => Sheet.tell(sheet, place, told)
    })
    const names = all.map(({ name }) => JSON.stringify(name)).join(", ")
    if (sheet !== undefined) {
      const named = all.find(({ name }) => name === sheet)
        ?? all.find(({ name }) => name.trim().toLowerCase() === sheet.trim().toLowerCase())
      if (named === undefined) {
        return yield* refuse(`there is no sheet ${JSON.stringify(sheet)}; the sheets are ${names}`)
      }
      return found(yield* open(named.part))
    }
    const filled: Array<{ readonly name: string; readonly sheet: Sheet.Sheet }> = []
    // what nobody sees is read where it is named, or where there is nothing else
    for (const isHidden of [false, true]) {
      for (const { name, part } of all.filter((sheet) => sheet.isHidden === isHidden)) {
        const sheet = yield* open(part)
        if (sheet.rows.length > 0 || sheet.formulas.count > 0) filled.push({ name, sheet })
      }
      if (filled.length > 0) break
    }
    if (filled.length > 1) {
      return yield* refuse(
        `several sheets have cells: name one, ${filled.map(({ name }) => JSON.stringify(name)).join(", ")}`,
        "sheet"
      )
    }
    if (all.length > 1 && filled.length === 1) told.assumed.push(`sheet ${JSON.stringify(filled[0]!.name)}`)
    return filled[0] === undefined ? { rows: [], tell: () => {} } : found(filled[0].sheet)
  })

/** The sheets of a workbook, and how their cells are shown. */
const sheets = ({ read }: Parts.Parts, workbook: Uint8Array) => {
  const targets = new Map<string, string>()
  const relations = read.get("xl/_rels/workbook.xml.rels")
  if (relations !== undefined) {
    Xml.read(relations, {
      open: (name, attributes) => {
        if (name === "Relationship") targets.set(attributes("Id") ?? "", attributes("Target") ?? "")
      }
    })
  }
  const all: Array<{ readonly name: string; readonly part: Uint8Array; readonly isHidden: boolean }> = []
  let is1904 = false
  let isStale = false
  let place = 0
  Xml.read(workbook, {
    open: (name, attributes) => {
      if (name === "workbookPr") is1904 = /^(?:1|true)$/.test(attributes("date1904") ?? "")
      if (name === "calcPr") isStale = /^(?:1|true)$/.test(attributes("fullCalcOnLoad") ?? "")
      if (name !== "sheet") return
      place++
      const target = targets.get(attributes(":id") ?? attributes("id") ?? "")
      // a chart has a target and no cells
      const path = target === undefined ? `xl/worksheets/sheet${place}.xml` : resolved(target)
      const part = read.get(path)
      if (part === undefined && (target === undefined || path.includes("/worksheets/"))) {
        throw new Error(`its part ${path} is not there`)
      }
      const isHidden = /hidden$/i.test(attributes("state") ?? "")
      if (part !== undefined) all.push({ name: attributes("name") ?? "", part, isHidden })
    }
  })
  const strings = read.get("xl/sharedstrings.xml")
  const styles = read.get("xl/styles.xml")
  return {
    all,
    cells: {
      strings: strings === undefined ? [] : Cell.strings(strings),
      formats: styles === undefined ? [] : Cell.formats(styles),
      is1904,
      isStale
    }
  }
}

/** Where a part stands: beside the workbook, or from the root. */
const resolved = (target: string): string =>
  /^(?:[\\/]|\.\.)/.test(target) ? Parts.path(target.replace(/^\.\./, "")) : `xl/${Parts.path(target)}`
