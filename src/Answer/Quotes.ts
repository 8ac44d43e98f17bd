/**
 * Double quotes where single ones were meant: in JMESPath `"not found"` is the name of a field, most often of one that no answer has, and what
 * is compared with it is compared with null.
 */
import { tokenize } from "@jmespath-community/jmespath"

type Token = ReturnType<typeof tokenize>[number]

/** What is wrong with the quotes of an expression that parses, if anything. */
export const problem = (text: string): string | undefined => {
  const tokens = tokenize(text)
  const meant = slip(tokens)
  if (meant === undefined) return undefined
  const [written] = /^"(?:[^"\\]|\\.)*"/s.exec(text.slice(meant.start)) ?? [""]
  const single = `'${String(meant.value).replace(/['\\]/g, "\\$&")}'`
  const mended = `${text.slice(0, meant.start)}${single}${text.slice(meant.start + written.length)}`
  return `${written} is the name of a field, text stands in single quotes: write ${mended} (for the field @.${written})`
}

/** The first name in double quotes that stands alone where text is wanted: compared with what is no text, or handed to a function. */
const slip = (tokens: ReadonlyArray<Token>): Token | undefined => {
  /** The calls and brackets around a token: the function, if it is one, and the number of the argument. */
  const around: Array<{ readonly name: unknown; argument: number }> = []
  for (const [at, token] of tokens.entries()) {
    const [before, after] = [tokens[at - 1], tokens[at + 1]]
    if (opens.has(token.type)) {
      around.push({ name: token.type === "Lparen" && isName(before) ? before!.value : undefined, argument: 0 })
    } else if (closes.has(token.type)) around.pop()
    else if (token.type === "Comma" && around.length > 0) around.at(-1)!.argument++
    if (token.type !== "QuotedIdentifier" || !begins(before) || !ends(after)) continue
    if (compares(before) && tokens[at - 2]?.type !== "Literal") return token
    if (
      compares(after) && (isName(tokens[at + 2]) || tokens[at + 2]?.type === "QuotedIdentifier")
      && tokens[at + 3]?.type !== "Lparen"
    ) return token
    const call = around.at(-1)
    if (call !== undefined && isText(call.name, call.argument) && !compares(before) && !compares(after)) return token
  }
  return undefined
}

/** Whether an argument of a function is text that whoever asks brings along. */
const isText = (name: unknown, argument: number): boolean =>
  name === "join" ? argument === 0 : searching.has(name) && argument > 0

const searching: ReadonlySet<unknown> = new Set([
  "contains",
  "starts_with",
  "ends_with",
  "find_first",
  "find_last",
  "split",
  "replace",
  "trim",
  "trim_left",
  "trim_right"
])

const isName = (token: Token | undefined) => token?.type === "UnquotedIdentifier"

const compares = (token: Token | undefined) => token !== undefined && comparing.has(token.type)
const comparing: ReadonlySet<string> = new Set(["EQ", "NE", "GT", "GTE", "LT", "LTE"])

const opens: ReadonlySet<string> = new Set(["Lparen", "Lbracket", "Filter", "Lbrace"])
const closes: ReadonlySet<string> = new Set(["Rparen", "Rbracket", "Rbrace"])

/** Whether a name that follows begins an operand, and whether one that goes before is all of it. */
const begins = (token: Token | undefined) => token === undefined || compares(token) || beginning.has(token.type)
const beginning: ReadonlySet<string> = new Set([
  "Lparen",
  "Lbracket",
  "Filter",
  "Comma",
  "Colon",
  "And",
  "Or",
  "Pipe",
  "Not",
  "Expref",
  "Question"
])
const ends = (token: Token | undefined) => token === undefined || compares(token) || ending.has(token.type)
const ending: ReadonlySet<string> = new Set([
  "EOF",
  "Rparen",
  "Rbracket",
  "Rbrace",
  "Comma",
  "Colon",
  "And",
  "Or",
  "Pipe",
  "Question"
])
