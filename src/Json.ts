/**
 * JSON whose numbers keep their digits: JavaScript holds 15 to 17 of them, and writes `1.0` as `1`.
 */

/**
 * `value` as `JSON.parse` made it of `text`, but with text in place of every number that lost digits. Where `exact` names a member of
 * the object, a number there is given as it is written whatever JavaScript makes of it.
 */
export const withDigits = (text: string, value: unknown, exact?: string): unknown =>
  long.test(text) || (exact !== undefined && unusual.test(text)) ? JSON.parse(quoteNumbers(text, exact)) : value

/** A number of more than 15 significant digits. */
const digits = /[1-9](?:\.?\d){15}/

/** One of those, or one that may be too large. */
const long = /[1-9](?:\.?\d){15}|\d[eE]\+?\d{3}/

/** A number that JavaScript may write in another way. */
const unusual = /\d[.eE]|-0/

/** The strings, brackets and numbers of valid JSON. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]|-?\d[\d.eE+-]*/g

const quoteNumbers = (text: string, exact: string | undefined): string => {
  let depth = 0
  /** The last string of the outermost object itself: before a number it is the name of its member. */
  let name = "null"
  return text.replace(tokens, (token) => {
    if (token === "{" || token === "[") depth++
    else if (token === "}" || token === "]") depth--
    else if (token.startsWith("\"")) name = depth === 1 ? token : name
    else {
      const number = Number(token)
      const isExact = exact !== undefined && JSON.parse(name) === exact
      if (String(number) !== token && (isExact || digits.test(token) || !Number.isFinite(number))) return `"${token}"`
    }
    return token
  })
}
