/**
 * Spelling: finds a secret in a text however the text spells it. A server that says in an error what it was asked with escapes it for
 * JSON, for HTML or for a URL, or for several of them, and whole or in part; or it packs it into base64 or hexadecimal digits.
 *
 * Text and secret are both read back to what no escape is left in, with a map to where each character stood.
 *
 * Sources: RFC 8259, 7; RFC 3986, 2.1; HTML, 13.5; RFC 4648, 4 and 5.
 */
import { Encoding } from "effect"

/** A place in a text: the first character and the one behind the last. */
type Place = readonly [begin: number, end: number]

/** What is looked for in a text. */
interface Needle {
  /** As it is read. */
  readonly text: string
  /** Its longest run of letters and digits, which nobody escapes: where that is not, it is not. */
  readonly run: string
}

/** Gives a text with something else in the place of each secret. */
export const concealer = (secrets: ReadonlyArray<string>, instead: string): (text: string) => string => {
  const find = finder(secrets)
  return (text) => {
    let shown = ""
    let from = 0
    for (const [begin, end] of find(text)) {
      // what overlaps is one place
      if (begin >= from) shown += text.slice(from, begin) + instead
      from = Math.max(from, end)
    }
    return from === 0 ? text : shown + text.slice(from)
  }
}

/** Whether one of the secrets stands in the text. */
export const holds = (secrets: ReadonlyArray<string>, text: string): boolean => finder(secrets)(text).length > 0

/** Gives where secrets stand in a text, in order. */
const finder = (secrets: ReadonlyArray<string>): (text: string) => ReadonlyArray<Place> => {
  const plain = [...new Set(secrets)]
  const needles = [...new Map(plain.flatMap(forms).map((needle) => [needle.text, needle])).values()]
  return (text) => {
    const places = plain.flatMap((secret) => allOf(text, secret).map((at): Place => [at, at + secret.length]))
    const likely = needles.filter(({ run }) => text.includes(run))
    if (likely.length > 0) {
      const { read, starts } = unescaped(text)
      for (const needle of likely) {
        for (const at of allOf(read, needle.text)) {
          let end = at + needle.text.length
          // padding of base64
          while (read[end] === "=") end++
          places.push([starts[at]!, starts[end] ?? text.length])
        }
      }
    }
    return places.sort((one, other) => one[0] - other[0] || other[1] - one[1])
  }
}

const allOf = (text: string, part: string): ReadonlyArray<number> => {
  const all: Array<number> = []
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) all.push(at)
  return all
}

/** What a secret may be read as. */
const forms = (secret: string): ReadonlyArray<Needle> =>
  [
    secret,
    // the bytes of UTF-8, as a URL spells them
    encodeURIComponent(secret.toWellFormed()),
    secret.replaceAll(" ", "+"),
    secret.replaceAll("+", " "),
    secret.replaceAll("+", "-").replaceAll("/", "_"),
    secret.replaceAll("-", "+").replaceAll("_", "/"),
    Encoding.encodeBase64(secret),
    Encoding.encodeBase64Url(secret),
    Encoding.encodeHex(secret),
    Encoding.encodeHex(secret).toUpperCase()
  ].flatMap((form) => {
    const whole = unescaped(form).read
    const bare = whole.replace(/=+$/, "")
    // what little is left of a short one may stand anywhere
    const text = bare.length >= shortestBare ? bare : whole
    if (text.length < shortest) return []
    const run = (text.match(/[a-z0-9]+/gi) ?? []).reduce((one, other) => other.length > one.length ? other : one, "")
    return [{ text, run }]
  })

const shortest = 4

const shortestBare = 6

/** A text without escapes, and where each character of it began. What is escaped twice is read twice. */
const unescaped = (text: string): { readonly read: string; readonly starts: ReadonlyArray<number> } => {
  const read: Array<string> = []
  const starts: Array<number> = []
  let reach = -1
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!
    read.push(char)
    starts.push(at)
    // no escape goes further than this
    if (char === "\\" || char === "%" || char === "&") reach = at + longestEscape
    if (at > reach) continue
    // a character may be the last of an escape, and what that stands for the last of another
    for (let escape = lastEscape(read); escape !== undefined; escape = lastEscape(read)) {
      const begin = read.length - escape.length
      read.length = begin + 1
      starts.length = begin + 1
      read[begin] = escape.means
      reach = at + longestEscape
    }
  }
  return { read: read.join(""), starts }
}

interface Escape {
  readonly length: number
  readonly means: string
}

/** The escape that ends with the last character. */
const lastEscape = (read: ReadonlyArray<string>): Escape | undefined => {
  const { length } = read
  const last = read[length - 1]!
  if (last === ";") return entity(read)
  if (read[length - 2] === "\\") {
    const means = backslashed[last]
    if (means !== undefined) return { length: 2, means }
  }
  if (!isHex(last) || !isHex(read[length - 2])) return undefined
  if (read[length - 3] === "%") return numbered(read, 3, 2)
  if (read[length - 3] === "x" && read[length - 4] === "\\") return numbered(read, 4, 2)
  return read[length - 5] === "u" && read[length - 6] === "\\" && isHex(read[length - 3]) && isHex(read[length - 4])
    ? numbered(read, 6, 4)
    : undefined
}

const numbered = (read: ReadonlyArray<string>, length: number, digits: number): Escape => ({
  length,
  means: String.fromCharCode(Number.parseInt(read.slice(-digits).join(""), 16))
})

const entity = (read: ReadonlyArray<string>): Escape | undefined => {
  const end = read.slice(-longestEscape)
  const from = end.lastIndexOf("&")
  if (from < 0) return undefined
  const length = end.length - from
  const name = end.slice(from + 1, -1).join("")
  const [, hex, decimal] = /^#(?:x([0-9a-f]{1,6})|([0-9]{1,7}))$/i.exec(name) ?? []
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
  // one character for one: no secret is made of others
  const means = code <= 0xffff ? String.fromCharCode(code) : entities[name]
  return means === undefined ? undefined : { length, means }
}

const longestEscape = 12

const isHex = (char: string | undefined): boolean => char !== undefined && hex.has(char)

const hex: ReadonlySet<string> = new Set("0123456789abcdefABCDEF")

const backslashed: Readonly<Record<string, string>> = {
  "\"": "\"",
  "'": "'",
  "\\": "\\",
  "/": "/",
  "n": "\n",
  "r": "\r",
  "t": "\t"
}

/** The names of what stands on a keyboard. */
const entities: Readonly<Record<string, string>> = {
  amp: "&",
  apos: "'",
  ast: "*",
  bsol: "\\",
  colon: ":",
  comma: ",",
  commat: "@",
  dollar: "$",
  equals: "=",
  excl: "!",
  grave: "`",
  gt: ">",
  Hat: "^",
  lbrace: "{",
  lbrack: "[",
  lcub: "{",
  lowbar: "_",
  lpar: "(",
  lsqb: "[",
  lt: "<",
  num: "#",
  percnt: "%",
  period: ".",
  plus: "+",
  quest: "?",
  quot: "\"",
  rbrace: "}",
  rbrack: "]",
  rcub: "}",
  rpar: ")",
  rsqb: "]",
  semi: ";",
  sol: "/",
  tilde: "~",
  verbar: "|",
  vert: "|"
}
