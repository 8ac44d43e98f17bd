/**
 * JSON whose numbers keep their digits: JavaScript holds 15 to 17 of them, and writes `1.0` as `1`.
 */

/**
 * `value` as `JSON.parse` made it of `text`, but with text in place of every number that lost digits. Where `exact` names a member of
 * the object, a number there is given as it is written whatever JavaScript makes of it.
 */
export const withDigits = (text: string, value: unknown, exact?: string): unknown =>
  long.test(text) || (exact !== undefined && unusual.test(text)) ? JSON.parse(quoteNumbers(text, exact, "")) : value

/** A value, and how it or what is taken out of it is written so that numbers have all the digits that they came with. */
export interface Exact {
  readonly value: unknown
  readonly write: (value: unknown) => string
}

/** `value` as `JSON.parse` made it of `text`, for taking something out of it and writing that. */
export const exactly = (text: string, value: unknown): Exact => {
  if (!respelled.test(text)) return { value, write: JSON.stringify }
  // what looks like a mark already is no number
  if (/\uf8ff|\\uf8ff/i.test(text)) return { value: withDigits(text, value), write: JSON.stringify }
  return {
    value: JSON.parse(quoteNumbers(text, true, mark)),
    write: (value) => JSON.stringify(value).replace(marked, "$1").replaceAll(mark, "")
  }
}

/** Text of one JSON value as it is written otherwise, with all digits; `undefined` where JavaScript's own says the same. */
export const withAllDigits = (text: string, value: unknown, take: (value: unknown) => unknown): string | undefined => {
  if (!respelled.test(text)) return undefined
  const { value: exact, write } = exactly(text, value)
  return write(take(exact))
}

/** The digits of a number in a value that `exactly` made; `undefined` for text. */
export const numberOf = (text: string): string | undefined => text.startsWith(mark) ? text.slice(1) : undefined

/** A character for private use. */
const mark = "\uf8ff"
const marked = /"\uf8ff(-?\d[\d.eE+-]*)"/g

/** A number of more than 15 significant digits. */
const digits = /[1-9](?:\.?\d){15}/

/** One of those, or one that may be too large. */
const long = /[1-9](?:\.?\d){15}|\d[eE]\+?\d{3}/

/** A number that JavaScript may write with other digits: one of those, or an exponent, a zero at the end, a minus before nothing. */
const respelled = /[1-9](?:\.?\d){15}|\d[eE][+-]?\d|\.\d*0(?!\d)|-0(?![.\d])/

/** A number that JavaScript may write in another way. */
const unusual = /\d[.eE]|-0/

/** The strings, brackets and numbers of valid JSON. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]|-?\d[\d.eE+-]*/g

/** `exact`: the member whose number is given as it is written, or all of them. */
const quoteNumbers = (text: string, exact: string | true | undefined, mark: string): string => {
  let depth = 0
  /** The last string of the outermost object itself: before a number it is the name of its member. */
  let name = "null"
  return text.replace(tokens, (token) => {
    if (token === "{" || token === "[") depth++
    else if (token === "}" || token === "]") depth--
    else if (token.startsWith("\"")) name = depth === 1 ? token : name
    else {
      const number = Number(token)
      const isExact = exact === true || (exact !== undefined && JSON.parse(name) === exact)
      if (String(number) !== token && (isExact || digits.test(token) || !Number.isFinite(number))) {
        return `"${mark}${token}"`
      }
    }
    return token
  })
}
