/**
 * What a cell of a workbook shows.
 */
import * as Xml from "./Xml.ts"

/** What cells refer to. */
export interface Cells {
  readonly strings: ReadonlyArray<string>
  /** The format of numbers of each style. */
  readonly formats: ReadonlyArray<string>
  /** Whether days are counted from 1904. */
  readonly is1904: boolean
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

/** The formats that need no definition and that matter: dates and times, and whole numbers (ECMA-376, 18.8.30). */
const builtIn: Readonly<Record<number, string>> = {
  0: "General",
  1: "0",
  2: "0.00",
  3: "#,##0",
  4: "#,##0.00",
  9: "0%",
  10: "0.00%",
  14: "yyyy-mm-dd",
  15: "yyyy-mm-dd",
  16: "yyyy-mm-dd",
  17: "yyyy-mm-dd",
  18: "hh:mm",
  19: "hh:mm:ss",
  20: "hh:mm",
  21: "hh:mm:ss",
  22: "yyyy-mm-dd hh:mm",
  45: "hh:mm:ss",
  46: "hh:mm:ss",
  47: "hh:mm:ss"
}

/** The formats of numbers by style. */
export const formats = (part: Uint8Array): ReadonlyArray<string> => {
  const own = new Map<number, string>()
  const found: Array<string> = []
  let isInCells = false
  Xml.read(part, {
    open: (name, attributes) => {
      if (name === "numFmt") own.set(Number(attributes("numFmtId")), attributes("formatCode") ?? "")
      else if (name === "cellXfs") isInCells = true
      else if (name === "xf" && isInCells) {
        const id = Number(attributes("numFmtId") ?? 0)
        found.push(own.get(id) ?? builtIn[id] ?? (id >= 27 && id <= 58 ? "yyyy-mm-dd" : "General"))
      }
    },
    close: (name) => {
      if (name === "cellXfs") isInCells = false
    }
  })
  return found
}

/** The text of a cell with this value, type and style. */
export const shown = (value: string, type: string, style: number, { formats, is1904, strings }: Cells): string => {
  switch (type) {
    case "s":
      return strings[Number(value)] ?? ""
    case "str":
    case "inlineStr":
      return unescaped(value)
    case "b":
      return value === "1" ? "TRUE" : "FALSE"
    case "d":
      return value.replace(/T00:00:00(?:\.0+)?Z?$/, "")
    case "e":
      return value
    default:
      return number(value, formats[style] ?? "General", is1904)
  }
}

/** `_x000D_` stands for a character that XML cannot hold. */
const unescaped = (text: string): string =>
  text.includes("_x")
    ? text.replace(/_x([0-9a-f]{4})_/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text

const number = (value: string, format: string, is1904: boolean): string => {
  const amount = Number(value)
  if (value.trim() === "" || !Number.isFinite(amount)) return value
  const sections = split(format)
  const section = sections[amount < 0 && sections.length > 1 ? 1 : amount === 0 && sections.length > 2 ? 2 : 0]!
  if (isDate(section)) return date(amount, section, is1904)
  return digits(amount, section)
}

/** The parts of a format for positive, negative and zero. */
const split = (format: string): ReadonlyArray<string> => {
  const sections = [""]
  for (const [token] of format.matchAll(/"[^"]*"|\\.|;|[^";\\]+|["\\]/gs)) {
    if (token === ";") sections.push("")
    else sections[sections.length - 1] += token
  }
  return sections
}

/** A format without what only decorates: colours, conditions, currencies, padding. */
const bare = (section: string): string => section.replace(/"[^"]*"|\\.|_.|\*.|\[[^\]]*\]/gs, "")

const isDate = (section: string): boolean =>
  /\[[hms]+\]/i.test(section) || (/[ymdhs]/i.test(bare(section)) && !/general/i.test(section))

/**
 * A number with the zeros of its format: one for each `0` before the point, and with the dashes between them (`00000-0000`). What makes it
 * short or pretty for people (exponents, thousands, percent, rounding) is left out, as the value itself is meant.
 */
const digits = (amount: number, section: string): string => {
  const exact = plain(amount)
  const format = bare(
    section.replace(/"([^"]*)"/g, (_, text: string) => /^[-/. ]+$/.test(text) ? text : "").replace(/\\([-/. ])/g, "$1")
  )
  const whole = /^[#?]*(0[0#?]*(?:[-/ .]+[0#?]+)*)$/.exec(format.trim())?.[1] ?? ""
  if (!Number.isInteger(amount)) {
    const before = /^[#?,]*(0+)\./.exec(format.trim())?.[1] ?? ""
    const [integer = "", fraction = ""] = exact.replace("-", "").split(".")
    return `${amount < 0 ? "-" : ""}${integer.padStart(before.length, "0")}.${fraction}`
  }
  const places = whole.replace(/[^0#?]/g, "")
  // a point is no dash where only zeros follow: 0.00
  if (places === "" || /^[#?]*0+\.0+$/.test(format.trim())) return exact
  const text = exact.replace("-", "").padStart(places.length - places.search("0"), "0")
  // the digits go to the places from behind
  let left = text.length
  let found = ""
  for (let at = whole.length - 1; at >= 0; at--) {
    const sign = whole[at]!
    if (!/[0#?]/.test(sign)) found = left > 0 ? sign + found : found
    else if (left > 0) found = text[--left] + found
  }
  return `${amount < 0 ? "-" : ""}${text.slice(0, left)}${found}`
}

/** Without an exponent, and with the 15 digits that a spreadsheet has. */
const plain = (amount: number): string => {
  const rounded = Number(amount.toPrecision(15))
  const text = String(rounded)
  if (!/e/i.test(text)) return text
  return Number.isInteger(rounded) ? BigInt(rounded).toString() : rounded.toFixed(20).replace(/0+$/, "")
}

/** A day, a moment or a time of day, in ISO 8601 (days since 1899-12-30, or since 1904). */
const date = (amount: number, section: string, is1904: boolean): string => {
  const format = section.replace(/"[^"]*"|\\.|_.|\*./gs, "")
  // beside hours and seconds an m stands for minutes
  const hasDay = /[ydm]/i.test(format.replace(/\[[^\]]*\]|h+\W*m+|m+\W*s+/gi, ""))
  const hasTime = /[hs]/i.test(format)
  const seconds = Math.round(amount * 86_400)
  if (!hasDay || (/\[[hms]+\]/i.test(format) && !/[yd]/i.test(format))) {
    const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
    return [hours, minutes, rest].map((part) => String(part).padStart(2, "0")).join(":")
  }
  // a day that never was, 1900-02-29, is the 60th
  const days = Math.floor(seconds / 86_400) + (is1904 ? 1462 : amount < 60 ? 1 : 0)
  const time = seconds - Math.floor(seconds / 86_400) * 86_400
  const [day, clock] = [isoDay(days), new Array<string>()]
  for (const part of [Math.floor(time / 3600), Math.floor(time / 60) % 60, time % 60]) {
    clock.push(String(part).padStart(2, "0"))
  }
  return hasTime && time > 0 ? `${day}T${clock.join(":")}` : day
}

/** The day so many days after 1899-12-30. By H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days. */
const isoDay = (days: number): string => {
  const shifted = days + 719_468 - 25_569
  const era = Math.floor(shifted / 146_097)
  const ofEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365
  )
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const month = Math.floor((5 * ofYear + 2) / 153)
  const day = ofYear - Math.floor((153 * month + 2) / 5) + 1
  const monthOfYear = month < 10 ? month + 3 : month - 9
  const year = yearOfEra + era * 400 + (monthOfYear <= 2 ? 1 : 0)
  return `${String(year).padStart(4, "0")}-${String(monthOfYear).padStart(2, "0")}-${String(day).padStart(2, "0")}`
}
