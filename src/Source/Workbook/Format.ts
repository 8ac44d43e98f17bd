/**
 * Formats of numbers (ECMA-376, 18.8.30 and 18.8.31): what a sheet shows for a number, where that can be told exactly.
 */
import * as Day from "./Day.ts"

/** Why what a cell gives is to be looked at: the number as stored is not what is shown, or a date is shown in part. */
export type Odd = "stored" | "part"

/** What a cell gives. */
export interface Shown {
  readonly text: string
  readonly odd?: Odd
}

/** A format that has been read. */
export interface Format {
  readonly code: string
  readonly number: (value: string, is1904: boolean) => Shown
  readonly text: (text: string) => Shown
}

/** The codes of the formats that need no definition. Days are in ISO 8601 whatever they are shown as, so one code does for many. */
export const builtIn = (id: number): string => {
  const code = codes[id]
  if (code !== undefined) return code
  // East Asian and Thai days
  return (id >= 27 && id <= 36) || (id >= 50 && id <= 58) || (id >= 71 && id <= 81) ? "yyyy-mm-dd" : "General"
}

const codes: Readonly<Record<number, string>> = {
  1: "0",
  2: "0.00",
  3: "#,##0",
  4: "#,##0.00",
  5: "\"$\"#,##0",
  6: "\"$\"#,##0",
  7: "\"$\"#,##0.00",
  8: "\"$\"#,##0.00",
  9: "0%",
  10: "0.00%",
  11: "0.00E+00",
  12: "# ?/?",
  13: "# ??/??",
  14: "yyyy-mm-dd",
  15: "d-mmm-yy",
  16: "d-mmm",
  17: "mmm-yy",
  18: "h:mm AM/PM",
  19: "h:mm:ss AM/PM",
  20: "h:mm",
  21: "h:mm:ss",
  22: "yyyy-mm-dd h:mm",
  37: "#,##0_);(#,##0)",
  38: "#,##0_);(#,##0)",
  39: "#,##0.00_);(#,##0.00)",
  40: "#,##0.00_);(#,##0.00)",
  41: "_(* #,##0_);_(* (#,##0);_(* \"-\"_)",
  42: "_(\"$\"* #,##0_);_(\"$\"* (#,##0);_(\"$\"* \"-\"_)",
  43: "_(* #,##0.00_);_(* (#,##0.00);_(* \"-\"??_)",
  44: "_(\"$\"* #,##0.00_);_(\"$\"* (#,##0.00);_(\"$\"* \"-\"??_)",
  45: "mm:ss",
  46: "[h]:mm:ss",
  47: "mm:ss.0",
  48: "##0.0E+0",
  49: "@"
}

/** Reads a format. */
export const make = (code: string): Format => {
  const sections = split(code === "" ? "General" : code)
  const ofText = isOfText(sections.at(-1)!) || sections.length > 3 ? sections.pop() : undefined
  const numbers = (sections.length === 0 ? ["General"] : sections).map(section)
  return {
    code,
    number: (value, is1904) => number(value, numbers, is1904),
    text: ofText === undefined ? same : text(ofText)
  }
}

const same = (text: string): Shown => ({ text })

/** The parts of a format: for positive numbers, negative ones, zero and texts. */
const split = (code: string): Array<string> => {
  const sections = [""]
  for (const [token] of code.matchAll(/"[^"]*"|\\.|_.|\*.|\[[^\]]*\]|;|[^";\\_*[]+|["\\_*[]/gs)) {
    if (token === ";") sections.push("")
    else sections[sections.length - 1] += token
  }
  return sections
}

const isOfText = (section: string): boolean => section.replace(/"[^"]*"|\\.|_.|\*.|\[[^\]]*\]/gs, "").includes("@")

/** A text with what its format puts around it. */
const text = (section: string) => {
  const { isExact, tokens } = parse(section)
  const isPlain = isExact && tokens.every(({ kind, text }) => kind === "value" || text.trim() === "")
  return (text: string): Shown => {
    if (isPlain && tokens.length > 0) return { text }
    const isShown = isExact && tokens.some(({ kind }) => kind === "value")
    const shown = tokens.map((token) => token.kind === "value" ? text : token.text).join("")
    return isShown && tokens.every(({ kind }) => kind === "value" || kind === "literal")
      ? { text: shown.trim() }
      : { text, odd: "stored" }
  }
}

type Kind = "literal" | "value" | "place" | "point" | "comma" | "exponent"

interface Token {
  readonly kind: Kind
  readonly text: string
}

/** What a part of a format is made of. It is not exact where something in it is shown in a way that is not known here. */
const parse = (section: string) => {
  const tokens: Array<Token> = []
  let isExact = true
  for (
    const [token, quoted, escaped, padding, filling, bracket] of section.matchAll(
      /"([^"]*)"|\\(.)|_(.)|\*(.)|\[([^\]]*)\]|general|standard|e[+-]|./gisu
    )
  ) {
    const literal = quoted ?? escaped
    if (literal !== undefined) tokens.push({ kind: "literal", text: literal })
    else if (padding !== undefined || filling === " ") tokens.push({ kind: "literal", text: " " })
    else if (bracket !== undefined) {
      const currency = /^\$([^-]*)(?:-(?:[0-9a-f]{0,6}|[01][0-9a-f]{6}))?$/i.exec(bracket)?.[1]
      if (currency !== undefined) tokens.push({ kind: "literal", text: currency })
      else isExact &&= /^(?:black|blue|cyan|green|magenta|red|white|yellow|color ?\d+|[<>=].*)$/i.test(bracket)
    } else if (/^(?:general|standard|@)$/i.test(token)) tokens.push({ kind: "value", text: token })
    else if (/^[0#?]$/.test(token)) tokens.push({ kind: "place", text: token })
    else if (token === ".") tokens.push({ kind: "point", text: token })
    else if (token === ",") tokens.push({ kind: "comma", text: token })
    else if (/^e[+-]$/i.test(token)) tokens.push({ kind: "exponent", text: token })
    // percent and fractions are other numbers, and other letters have no meaning of their own
    else if (filling !== undefined || /[%/a-z"\\_*[\]]/i.test(token)) isExact = false
    else tokens.push({ kind: "literal", text: token })
  }
  return { tokens, isExact }
}

/** A part of a format for numbers. */
interface Section {
  readonly day: Day.Day | undefined
  readonly holds: ((amount: number) => boolean) | undefined
  /** How it shows a number without its sign: nothing where that is not known, or is not all of it. */
  readonly show: (digits: string) => string | undefined
  /** It is made for amounts: the number itself is meant, without what makes it pretty. */
  readonly isAmount: boolean
  readonly hasExponent: boolean
}

const section = (code: string): Section => {
  const { isExact, tokens } = parse(code)
  const has = (kind: Kind) => tokens.some((token) => token.kind === kind)
  const zeros = /^[#?]*(0*)/.exec(tokens.filter(({ kind }) => kind !== "literal").map(({ text }) => text).join(""))![1]!
  return {
    day: Day.isDay(code) ? Day.of(code) : undefined,
    holds: condition(code),
    show: isExact ? (digits) => show(digits, tokens) : () => undefined,
    isAmount: !isExact || has("comma") || has("exponent") || (has("point") && zeros.length < 2),
    hasExponent: has("exponent")
  }
}

const condition = (code: string): Section["holds"] => {
  const [, sign, limit] = /\[(<=|>=|<>|<|>|=)\s*(-?[\d.]+)\]/.exec(code.replace(/"[^"]*"|\\./gs, "")) ?? []
  if (sign === undefined) return undefined
  const than = Number(limit)
  return (amount) =>
    sign === "<"
      ? amount < than
      : sign === "<="
      ? amount <= than
      : sign === ">"
      ? amount > than
      : sign === ">="
      ? amount >= than
      : sign === "="
      ? amount === than
      : amount !== than
}

const number = (value: string, sections: ReadonlyArray<Section>, is1904: boolean): Shown => {
  const stored = digits(value)
  if (stored === undefined) return { text: value }
  const amount = Number(value)
  const isNegative = stored.startsWith("-")
  const section = choose(amount, sections)
  if (section === undefined) return { text: stored, odd: "stored" }
  if (section.day !== undefined) {
    const day = Day.shown(amount, section.day, is1904)
    if (day === undefined) return { text: stored, odd: "stored" }
    return section.day.isPart && section.day.digits === undefined ? { text: day, odd: "part" } : { text: day }
  }
  // the part for negative numbers says itself how they are marked
  const unsigned = section.show(isNegative ? stored.slice(1) : stored)
  const shown = unsigned !== undefined && isNegative && section === sections[0] ? `-${unsigned}` : unsigned
  if (!section.isAmount && shown !== undefined) return { text: shown }
  return section.hasExponent || shown === stored ? { text: stored } : { text: stored, odd: "stored" }
}

/** The part of a format that a number is shown by; nothing where none is, or where programs differ. */
const choose = (amount: number, sections: ReadonlyArray<Section>): Section | undefined => {
  const [first, second, third] = sections
  if (sections.every(({ holds }) => holds === undefined)) {
    return amount < 0 && second !== undefined ? second : amount === 0 && third !== undefined ? third : first
  }
  if (amount < 0 || first!.holds === undefined) return undefined
  if (first!.holds(amount)) return first
  if (second?.holds === undefined) return third === undefined ? second : undefined
  return second.holds(amount) ? second : third
}

/** Puts digits to their places; thousands are not parted. */
const show = (digits: string, tokens: ReadonlyArray<Token>): string | undefined => {
  const [whole = "", fraction = ""] = digits.split(".")
  const point = tokens.findIndex(({ kind }) => kind === "point")
  const before = (point < 0 ? tokens : tokens.slice(0, point)).filter(({ kind }) =>
    kind === "place" || kind === "comma"
  )
  // a comma behind all places divides by a thousand
  if (before.at(-1)?.kind === "comma") return undefined
  const places = before.filter(({ kind }) => kind === "place").map(({ text }) => text).join("")
  const isWhole = tokens.some(({ kind }) => kind === "value")
  if (places === "" && !isWhole) {
    const literal = tokens.map(({ text }) => text).join("").trim()
    // how LibreOffice shows truths; else the number is hidden
    return /^(?:TRUE|FALSE)$/.test(literal) ? literal : undefined
  }
  const firstZero = places.indexOf("0")
  const least = firstZero < 0 ? 0 : places.length - firstZero
  const placed = (whole === "0" ? "" : whole).padStart(least, "0")
  const left = placed.length - places.length
  let isBefore = true
  let at = 0
  let shown = ""
  for (const { kind, text } of tokens) {
    if (kind === "literal") shown += text
    else if (kind === "value") shown += digits
    else if (kind === "point") {
      isBefore = false
      at = 0
      shown += "."
    } else if (kind === "place" && isBefore) {
      // the first place takes what is more than there are places
      if (at === 0 && left > 0) shown += placed.slice(0, left)
      const index = left + at++
      if (index >= 0) shown += placed[index]
    } else if (kind === "place") shown += fraction[at++] ?? (text === "0" ? "0" : "")
  }
  const room = point < 0 ? 0 : at
  return (!isWhole && fraction.length > room) || !/[\d]/.test(placed + fraction + (isWhole ? digits : ""))
    ? undefined
    : shown.trim()
}

/** A number without its exponent: a whole one with all the digits that are written, another with the 15 that a spreadsheet has. */
const digits = (value: string): string | undefined => {
  const written = expanded(value)
  if (written === undefined || !written.includes(".")) return written
  return expanded(String(Number(Number(value).toPrecision(15))))
}

const expanded = (value: string): string | undefined => {
  const [, sign, whole = "", fraction = "", exponent = "0"] =
    /^\s*([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?\s*$/i.exec(value) ?? []
  const all = whole + fraction
  if (sign === undefined || all === "" || Math.abs(Number(exponent)) > 400) return undefined
  const point = whole.length + Number(exponent)
  const before = all.slice(0, Math.max(point, 0)).padEnd(point, "0").replace(/^0+(?=\d)/, "") || "0"
  const after = (point < 0 ? "0".repeat(-point) + all : all.slice(point)).replace(/0+$/, "")
  const unsigned = after === "" ? before : `${before}.${after}`
  return sign === "-" && unsigned !== "0" ? `-${unsigned}` : unsigned
}
