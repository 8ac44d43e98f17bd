/**
 * Text in a cell. One that holds what readers stop at stands as JSON, in quotes and with escapes: one way in all outputs.
 */

/** The text as any cell can hold it. */
export const fit = (text: string): string => unfit.test(text) ? JSON.stringify(text) : text

/** U+0000, at which many a reader takes a text to end, and halves of characters. */
const unfit = /\0|\p{Surrogate}/u

/** JSON on one line, without a tab between its tokens. */
export const onOneLine = (json: string): string => between.test(json) ? json.trim().replace(/[\t\r\n]+/g, " ") : json

/** Raw white space of these kinds stands only between the tokens of valid JSON. */
const between = /[\t\r\n]/

/** JSON whose strings any reader takes: one with half a character, which not every parser does, stands as the JSON of that string. */
export const wellFormed = (json: string): string => half.test(json) ? held(json, (text) => text.isWellFormed()) : json

/** The same, of strings with U+0000 too, which databases do not take out of JSON. */
export const queryable = (json: string): string =>
  half.test(json) || json.includes("\\u0000")
    ? held(json, (text) => text.isWellFormed() && !text.includes("\0"))
    : json

const held = (json: string, isFit: (text: string) => boolean): string =>
  json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, (token) => {
    if (!token.includes("\\u")) return token
    const text = JSON.parse(token) as string
    return isFit(text) ? token : JSON.stringify(JSON.stringify(text))
  })

/** An escape of what may be half a character. */
const half = /\\u[dD][89a-fA-F]/
