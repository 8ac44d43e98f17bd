/**
 * What a cell of a workbook shows.
 */
import * as Format from "./Format.ts"
import * as Xml from "./Xml.ts"

/** What cells refer to. */
export interface Cells {
  readonly strings: ReadonlyArray<string>
  /** The format of each style. */
  readonly formats: ReadonlyArray<Format.Format>
  /** Whether days are counted from 1904. */
  readonly is1904: boolean
  /** Whether all formulas are to be calculated when the workbook is opened, as what has written them does not. */
  readonly isStale: boolean
}

/** The texts that cells share. */
export const strings = (part: Uint8Array): ReadonlyArray<string> => {
  const found: Array<string> = []
  let text = ""
  Xml.read(part, {
    open: (name) => {
      if (name === "si") text = ""
    },
    text: (more, path) => {
      // what is read aloud beside a text is no part of it
      if (path.at(-1) === "t" && !path.includes("rPh")) text += more
    },
    close: (name) => {
      if (name === "si") found.push(unescaped(text))
    }
  })
  return found
}

/** The formats by style. */
export const formats = (part: Uint8Array): ReadonlyArray<Format.Format> => {
  const own = new Map<number, string>()
  const read = new Map<number, Format.Format>()
  const found: Array<Format.Format> = []
  let isInCells = false
  Xml.read(part, {
    open: (name, attributes) => {
      if (name === "numFmt") own.set(Number(attributes("numFmtId")), attributes("formatCode") ?? "")
      else if (name === "cellXfs") isInCells = true
      else if (name === "xf" && isInCells) {
        const id = Number(attributes("numFmtId") ?? 0)
        const format = read.get(id) ?? Format.make(own.get(id) ?? Format.builtIn(id))
        read.set(id, format)
        found.push(format)
      }
    },
    close: (name) => {
      if (name === "cellXfs") isInCells = false
    }
  })
  return found
}

/** What a cell with this value, type and style gives. */
export const shown = (value: string, type: string, style: number, cells: Cells): Format.Shown => {
  const format = cells.formats[style] ?? general
  switch (type) {
    case "s": {
      const text = cells.strings[Number(value)]
      if (text === undefined) throw new Error(`a cell refers to the shared text ${value}, which is not there`)
      return format.text(text)
    }
    case "str":
    case "inlineStr":
      return format.text(unescaped(value))
    case "b":
      return { text: /^(?:1|true)$/i.test(value) ? "TRUE" : "FALSE" }
    case "d":
      return { text: value.replace(/T00:00:00(?:\.0+)?Z?$/, "") }
    case "e":
      return { text: value }
    default:
      return format.number(value, cells.is1904)
  }
}

const general = Format.make("General")

/** `_x000D_` stands for a character that XML cannot hold. */
const unescaped = (text: string): string =>
  text.includes("_x")
    ? text.replace(/_x([0-9a-f]{4})_/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text
