/**
 * Text in a cell. Outputs whose readers stop at a control character, or at half a character, hold such a text as JSON, in quotes and with
 * escapes: one way in all of them.
 */

/** The text as any cell can hold it. */
export const fit = (text: string): string => unfit.test(text) ? JSON.stringify(text) : text

/** Control characters of ASCII but tab and line ends, and halves of characters: what JSON writes as escapes. */
const unfit = /(?![\t\r\n\u007f-\u009f])\p{Cc}|\p{Surrogate}/u

/** JSON on one line, without a tab between its tokens. */
export const onOneLine = (json: string): string => between.test(json) ? json.trim().replace(/[\t\r\n]+/g, " ") : json

/** Raw white space of these kinds stands only between the tokens of valid JSON. */
const between = /[\t\r\n]/
