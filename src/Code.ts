/**
 * A code is the key of one lookup, as it is sent: a ZIP code, a SKU, an ISBN. Always a string, so that leading zeros stay.
 */
import { Either, Schema } from "effect"
import * as Pattern from "./Code/Pattern.ts"

const loneSurrogate = /\p{Surrogate}/u
const half = "the code holds half a character (a lone surrogate)"

/** A code that has passed its rules and may be sent. */
export const Code = Schema.NonEmptyString.pipe(
  Schema.maxLength(4096),
  Schema.filter((text) => !loneSurrogate.test(text) || half),
  Schema.brand("Code")
)
export type Code = typeof Code.Type

/** What an input must look like to be a code. It is applied before any call and is not part of the request. */
export const Rules = Schema.Struct({
  /** Cut off both ends what is not seen: white space, zero-width characters and the like. */
  trim: Schema.Boolean,
  /** Left-pad codes that consist of digits with zeros to this length: the mend for zeros that a spreadsheet ate. */
  pad: Schema.optional(Schema.Int.pipe(Schema.between(1, 64))),
  /** The whole code must match this regular expression (JavaScript, flag u). */
  pattern: Schema.optional(Schema.String)
})
export type Rules = typeof Rules.Type

/**
 * Cuts off both ends what nobody sees: white space, control characters, and what pages and spreadsheets leave at the ends of text (zero
 * width, marks of direction, soft hyphens, byte order marks).
 */
export const trim = (text: string): string => {
  if (isSeen(text.charCodeAt(0)) && isSeen(text.charCodeAt(text.length - 1))) return text
  let [start, end] = [0, text.length]
  while (start < end && unseen.test(text[start]!)) start++
  while (end > start && unseen.test(text[end - 1]!)) end--
  return text.slice(start, end)
}

/** Whether nothing of a text can be seen. */
export const isBlank = (text: string): boolean => !isSeen(text.charCodeAt(0)) && trim(text) === ""

/** Printable ASCII, as nearly all codes begin and end with. */
const isSeen = (unit: number) => unit > 0x20 && unit < 0x7f

/** White space, control characters, and marks without a shape of their own. */
export const unseen = /[\s\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/u

/** White space is cut off; any code that is not empty is allowed. */
export const anyCode: Rules = { trim: true }

/** Says in one sentence why an input is not a code. */
export class InvalidCodeError extends Schema.TaggedError<InvalidCodeError>()("InvalidCodeError", {
  message: Schema.String,
  /** The pattern took too long to tell. */
  isSlow: Schema.optional(Schema.Boolean)
}) {}

/**
 * Compiles rules into a check. The check is pure and cheap: it runs once per entry.
 *
 * @throws SyntaxError where the pattern is not a regular expression
 */
export const parse = (rules: Rules): (input: string) => Either.Either<Code, InvalidCodeError> => {
  const pattern = rules.pattern === undefined ? undefined : Pattern.make(rules.pattern)
  return (input) => {
    let code = rules.trim ? trim(input) : input
    if (rules.pad !== undefined && digits.test(code)) code = code.padStart(rules.pad, "0")
    if (code === "") return invalid("the code is empty")
    if (code.length > 4096) return invalid(`the code is ${code.length} characters long, more than 4,096`)
    if (pattern !== undefined) {
      const isMatch = pattern(code)
      if (isMatch === undefined) {
        const message = `it takes too long to tell whether the code matches ${rules.pattern}`
        return Either.left(new InvalidCodeError({ message, isSlow: true }))
      }
      if (!isMatch) return invalid(`the code does not match ${rules.pattern}`)
    }
    if (loneSurrogate.test(code)) return invalid(half)
    return Either.right(code as Code)
  }
}

const digits = /^[0-9]+$/
const invalid = (message: string) => Either.left(new InvalidCodeError({ message }))
