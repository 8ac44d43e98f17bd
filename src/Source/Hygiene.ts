/**
 * What a spreadsheet, a copy from a web page or a shell does to a list, seen in its codes. A pure machine: it is shown every code, and says
 * at the end what it has found, with a count and the first place. Nothing is found in a clean list.
 */
import { unseen } from "../Code.ts"

/** What can be found. */
export type Kind = keyof typeof patterns | "zeros" | "header" | "again" | "table" | "objects" | "program"

/** How often something was found, and where first. */
export interface Finding {
  readonly kind: Kind
  readonly count: number
  readonly line: number
  readonly code: string
  /** The length that most numbers have (`zeros`), or the sign between cells (`table`). */
  readonly usual?: number | string
}

/** What single codes look like. The first that fits is taken. */
const patterns = {
  exponent: /^-?\d(?:[.,]\d+)?E\+\d+$/i,
  decimal: /^\d+\.0+$/,
  formula: /^="[^"]*"$/,
  apostrophe: /^'[\d+-]/,
  quoted: /^"[^"]*"$/,
  date:
    /^(?:\d{1,2}-(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)-\d{2})$/i,
  /** What database clients print around a table: `----+----`, `(2 rows affected)`. */
  frame: /^(?:[-=+|]*[-=]{2}[+|][-=+|]*|-+(?: +-+)+|\(\d+ rows?(?: affected)?\))$/i,
  missing: /^(?:null|nil|none|nan|undefined|n\/a|na|#n\/a|#(?:ref|value|name|num|null|div\/0)[!?]|\(null\)|-+)$/i,
  invisible: new RegExp(`(?! )${unseen.source}`, "u"),
  replaced: /\ufffd/
} as const

/** A code of digits, letters and signs that are in no way odd: nearly all are. */
const plain = /^(?!(?:null|nil|none|nan|na|n\/a|undefined)$)[A-Za-z\d][\w. /:-]*$/i

/** How the lines of programs, of their settings and of web pages begin or end, and no code does. */
const program = [
  /[{};]$/,
  /^[}\])]+[,;)]*$/,
  /^(?:import|from|export|const|let|var|function|class|def|return|if|else|elif|for|while|try|except|catch|finally|package|using|namespace|public|private|protected|static|async|await|switch|case|with|print|echo|raise|throw|assert|select|insert|create|interface|type)\b.*[({[=:;'"\\]/,
  /^(?:\/\/|\/\*|\*\/|\* |\*$|#!|# |#$|#(?:include|define)\b|<!--|<\/?[a-z][\w-]*(?:\s[^<>]*)?\/?>|@\w+\(|(?:["']){3}|-- )/i,
  /^[\w.$[\]"']+\s+(?:[-+*|&:]?=|=>)\s/,
  /^["']?[\w-]+["']?\s*:\s.*,$/,
  /^[\w.]+\(.*["'=,].*\)$/
]

/** One that looks plain and may be a number, or a date, of a spreadsheet. */
const doubtful = /\.0+$|^\d{1,2}-[a-z]{3}$|^[a-z]{3}-\d\d$/i

/** What a column of codes is called. */
const names =
  /^(?:zips?|zip_?codes?|zip ?codes?|zip[45]|postal ?codes?|post_?codes?|plz|cep|skus?|isbns?|isbn-?1[03]|eans?|ean-?(?:8|13)|gtins?|upcs?|asins?|vins?|dois?|codes?|ids?|keys?|names?|numbers?|barcodes?|(?:product|item|article|part|order)[ _-]?(?:ids?|codes?|numbers?|no)?|iata|icao|iso[23]?|symbols?|tickers?|lei|cusips?|isins?)$/i

interface Place {
  count: number
  readonly line: number
  readonly code: string
}

/** Numbers of one length. */
interface Numbers extends Place {
  greatest: number
}

/** What has been seen so far. It is mutated in place. */
export interface State {
  /** Whether a code stands in a column; else on a line of its own. */
  readonly isTable: boolean
  codes: number
  first: Place | undefined
  readonly found: Map<Kind, Place>
  /** Codes of digits alone, by their length. */
  readonly digits: Map<number, Numbers>
  /** Of those, the ones with a zero in front. */
  zeros: number
  /** Digits that follow on the ones before by one. */
  steps: number
  last: number
  /** Codes after the first that hold no digit. */
  words: number
  /** Codes of two capital letters, as countries have them. */
  pairs: number
  /** Numbers with a fraction that is not zero: those that end in .0 are no damage then. */
  fractions: number
  /** For each sign between cells, the codes that hold it as often as the first does. */
  readonly cells: Map<string, number>
  /** The lengths that numbers of its kind have, where a name tells the kind. */
  readonly lengths: ReadonlyArray<number> | undefined
}

/** Lengths of numbers by the words that name them, as far as zeros in front belong to them. */
const kinds: ReadonlyArray<readonly [name: RegExp, lengths: ReadonlyArray<number>]> = [
  [/^(?:us)?zip(?:s|5|codes?)?$|^postal(?:codes?)?$|^post(?:codes?)?$|^postcodes?$|^plz$|^postleitzahl(?:en)?$/, [5]],
  [/^ceps?$/, [8]],
  [/^eans?(?:13)?$/, [8, 13]],
  [/^gtins?(?:1[234])?$|^barcodes?$/, [8, 12, 13, 14]],
  [/^upcs?(?:a|12)?$/, [12]],
  [/^isbns?(?:1[03])?$/, [10, 13]]
]

/** The lengths of the codes that a name, or a word of it, speaks of. */
const lengthsOf = (name: string): ReadonlyArray<number> | undefined => {
  const words = name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase().split(/[^\p{L}\d]+/u)
  const texts = [words.join(""), ...words]
  return kinds.find(([kind]) => texts.some((text) => kind.test(text)))?.[1]
}

/** What stands before the code in a URL: the folders of its path, or the name in its query. */
const placesIn = (url: string): ReadonlyArray<string> => {
  const at = url.indexOf("{code}")
  if (at < 0) return []
  const before = url.slice(0, at).replace(/^\w+:\/\/[^/]*/, "").replace(/\{[^}]*\}/g, "")
  const named = /[?&]([^=&]*)=[^&]*$/.exec(before)?.[1]
  return named === undefined ? before.split("/") : [named]
}

/** `column` is the name of the one with the codes, and `url` the template that asks about them: either may tell of what kind they are. */
export const make = (isTable: boolean, column?: string, url = ""): State => ({
  isTable,
  lengths: [column ?? "", ...placesIn(url)].map(lengthsOf).find((lengths) => lengths !== undefined),
  codes: 0,
  first: undefined,
  found: new Map(),
  digits: new Map(),
  zeros: 0,
  steps: 0,
  last: Number.NaN,
  words: 0,
  pairs: 0,
  fractions: 0,
  cells: new Map()
})

const signs = [",", ";", "\t", "|"] as const

/** Looks at the next code. `column` is the name of the one that it stands in. */
export const see = (state: State, code: string, line: number, column?: string): void => {
  state.codes++
  if (state.codes === 1) {
    state.first = { count: 1, line, code }
    if (!state.isTable) { for (const sign of signs) if (count(code, sign) > 0) state.cells.set(sign, 0) }
  } else if (!/\d/.test(code)) state.words++
  for (const [sign, same] of state.cells) {
    if (count(code, sign) === count(state.first!.code, sign)) state.cells.set(sign, same + 1)
  }
  if (code.length <= 32 && /^\d+$/.test(code)) return number(state, code, line)
  if (column !== undefined && code === column) return note(state, "again", code, line)
  if (plain.test(code) && !doubtful.test(code)) {
    if (/^[A-Z]{2}$/.test(code)) state.pairs++
    if (/^\d+\.\d+$/.test(code)) state.fractions++
    return
  }
  if (code.startsWith("{\"")) return note(state, "objects", code, line)
  for (const kind in patterns) {
    if (patterns[kind as keyof typeof patterns].test(code)) return note(state, kind as Kind, code, line)
  }
  if (!state.isTable && program.some((pattern) => pattern.test(code))) note(state, "program", code, line)
}

/** The lines that tell that a list is the text of a program, or of a page: no list of codes has so many of them. */
export const programIn = ({ codes, found }: State): { readonly count: number; readonly line: number } | undefined => {
  const place = found.get("program")
  return place !== undefined && place.count > 2 && place.count * 4 > codes ? place : undefined
}

const number = (state: State, code: string, line: number) => {
  const value = Number(code)
  const place = state.digits.get(code.length)
  if (place === undefined) state.digits.set(code.length, { count: 1, line, code, greatest: value })
  else {
    place.count++
    if (value > place.greatest) place.greatest = value
  }
  if (code.startsWith("0")) state.zeros++
  if (value === state.last + 1) state.steps++
  state.last = value
}

const note = ({ found }: State, kind: Kind, code: string, line: number) => {
  const place = found.get(kind)
  if (place === undefined) found.set(kind, { count: 1, line, code })
  else place.count++
}

const count = (text: string, sign: string) => {
  let found = 0
  for (let at = text.indexOf(sign); at >= 0; at = text.indexOf(sign, at + 1)) found++
  return found
}

/** What was found, the first place first. */
export const findings = (state: State): ReadonlyArray<Finding> => {
  const { cells, codes, first, found, fractions, isTable, pairs, words } = state
  const all: Array<Finding> = []
  if (first === undefined) return all
  const whole = [...cells].find(([, same]) => same === codes && codes > 1)
  const objects = found.get("objects")
  if (objects !== undefined && objects.count > codes / 2) return [{ kind: "objects", ...objects }]
  if (whole !== undefined) all.push({ kind: "table", ...first, count: codes, usual: whole[0] })
  for (const [kind, place] of found) {
    // a sign at the end of each line parts cells; and one code may be anything
    if (kind === "program" && (whole !== undefined || place.count < 3 || place.count * 20 < codes)) continue
    if (kind === "decimal" && fractions > 0) continue
    // Namibia
    if (kind === "missing" && /^na$/i.test(place.code) && pairs * 2 > codes) continue
    if (kind === "date" && place.count * 2 > codes) continue
    all.push({ kind, ...place })
  }
  if (!isTable && whole === undefined && codes > 1 && !/\d/.test(first.code) && found.get("objects") === undefined) {
    const isName = names.test(first.code) && words < codes - 1
    // one of words alone among codes that all have digits
    if (isName || (codes > 2 && words === 0 && /^[\p{L} _-]+$/u.test(first.code))) {
      all.push({ kind: "header", ...first })
    }
  }
  const lost = zeros(state)
  if (lost !== undefined) all.push(lost)
  return all.sort((a, b) => a.line - b.line)
}

/** Lengths of numbers that are known: ZIP, CEP, UPC, EAN, GTIN. */
const known: ReadonlySet<number> = new Set([5, 8, 12, 13, 14])

/** Of these, the ones beside which no other numbers of nearly that length stand: an EAN stands beside a UPC. */
const alone: ReadonlySet<number> = new Set([5, 8, 12])

/**
 * Numbers that have lost the zeros in front: most have one length, some of these begin with zero or it is a known one, and at most as many
 * are shorter. Numbers that count up, or that have all lengths, are whole.
 */
const zeros = (state: State): Finding | undefined => {
  const { digits, lengths, steps, zeros } = state
  const [length, { count: most }] = [...digits].sort(([a, one], [b, other]) => other.count - one.count || b - a)[0]
    ?? [0, { count: 0 }]
  const shorter = [...digits].filter(([other]) => other < length)
  const lost = shorter.reduce((sum, [, { count }]) => sum + count, 0)
  const ofKind = zeros > 0 || lengths === undefined ? undefined : shortOf(state, lengths)
  if (ofKind !== undefined) return ofKind
  if (lost === 0 || length < 3) return undefined
  const total = [...digits.values()].reduce((sum, { count }) => sum + count, 0)
  if (steps > 0.8 * (total - 1) && total > 2) return undefined
  const isLikely = zeros > 0
    ? lost * 2 <= most
    // a zero or two are lost, not four
    : known.has(length) && shorter.every(([other]) => other >= length - 2)
      && (lost <= most * (total < 50 ? 0.2 : 0.105) || (alone.has(length) && lost <= most && isOdd(state, length)))
  if (!isLikely) return undefined
  const [, first] = shorter.reduce((a, b) => a[1].line <= b[1].line ? a : b)
  return { kind: "zeros", ...first, count: lost, usual: length }
}

/**
 * The same where a name tells how long the numbers are: however many are a digit or two shorter. Where hardly any has that length they are
 * of another country.
 */
const shortOf = ({ digits, steps }: State, lengths: ReadonlyArray<number>): Finding | undefined => {
  const all = [...digits]
  const sum = (places: typeof all) => places.reduce((sum, [, { count }]) => sum + count, 0)
  const total = sum(all)
  if (steps > 0.8 * (total - 1) && total > 2) return undefined
  const [usual, most] = lengths.map((length) => [length, digits.get(length)?.count ?? 0] as const)
    .reduce((a, b) => b[1] > a[1] ? b : a)
  const short = all.filter(([length]) => length < usual && length >= usual - 2 && !lengths.includes(length))
  const lost = sum(short)
  const others = total - lost - sum(all.filter(([length]) => lengths.includes(length)))
  if (lost === 0 || most * 20 < total || others * 10 > total) return undefined
  const [, first] = short.reduce((a, b) => a[1].line <= b[1].line ? a : b)
  return { kind: "zeros", ...first, count: lost, usual }
}

/**
 * Whether shorter numbers are no mere beginning of longer ones. Numbers that are drawn up to some greatest one are shorter than that in as
 * many cases as there are shorter numbers, nine tenths of them by one digit.
 */
const isOdd = ({ digits }: State, length: number): boolean => {
  const [most, one, two] = [length, length - 1, length - 2].map((length) => digits.get(length)?.count ?? 0)
  const { greatest } = digits.get(length)!
  const times = (one! + two!) / (most! + one! + two!) / (10 ** (length - 1) / greatest)
  if (times > 1.35) return true
  return two! < one! * 0.07 && greatest > 0.6 * 10 ** length
}
