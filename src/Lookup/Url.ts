/**
 * The URL of a request. `{…}` is RFC 6570, so that no value can change origin, path depth, query or fragment; `${NAME}` is a setting
 * from the environment: a base URL where it begins the URL, percent-encoded elsewhere.
 */
import { Effect, Either } from "effect"
import { type Question, toText } from "../Entry.ts"
import {
  type Expand,
  fill,
  halfCharacter,
  hidden,
  isHidden,
  malformed,
  mark,
  parts,
  type Resolve,
  TemplateError,
  valueOf
} from "./Template.ts"

/** Compiles a template; the names in braces are the code and columns. */
export const make = (template: string, resolve: Resolve): Effect.Effect<Expand, TemplateError> =>
  Effect.gen(function*() {
    yield* check(template)
    const text = yield* filled(template, resolve)
    yield* checkFilled(text, template)
    return compile(text)
  })

/** Checks a template without the environment: it must be whole and safe, and lead to a host. */
export const check = (template: string): Effect.Effect<void, TemplateError> =>
  Effect.flatMap(filled(template, hidden), (text) => checkFilled(text, template))

/** The names that a template has in braces, without operators and modifiers. */
export const names = (template: string): ReadonlyArray<string> => [
  ...new Set(parts(template, []).flatMap((part) => "text" in part ? expressions(part.text).flatMap(namesOf) : []))
]

/** A template for a message, without what may be a secret: its query, and a password. */
export const shown = (template: string): string =>
  template.replace(/\/\/[^/?#]*@/, "//…@").replace(/(?<!\{)[?#].*$/s, "?…")

/** Where the query of a template begins. */
export const queryAt = (template: string): number => {
  const at = template.search(/\?|\{\?/)
  return at < 0 ? template.length : at
}

/** An expression of RFC 6570. */
interface Expression {
  readonly source: string
  readonly index: number
  readonly operator: string
  readonly variables: ReadonlyArray<{
    readonly name: string
    readonly length: number | undefined
    /** A list or an object is spread, each item by itself. */
    readonly isExploded: boolean
  }>
}

const expressions = (text: string): ReadonlyArray<Expression> =>
  [...text.matchAll(/\{([+#./;?&=,!@|]?)([^{}]*)\}/g)].map((match) => ({
    source: match[0],
    index: match.index,
    operator: match[1]!,
    variables: match[2]!.split(",").map((variable) => {
      const [, name, length] = /^(.*?)(?:\*|:([1-9]\d{0,3}))?$/s.exec(variable)!
      const isExploded = length === undefined && variable.endsWith("*")
      return { name: name!, length: length === undefined ? undefined : Number(length), isExploded }
    })
  }))

const namesOf = ({ variables }: Expression) => variables.map(({ name }) => name)

/** A template with its settings filled in. */
const filled = (template: string, resolve: Resolve): Effect.Effect<string, TemplateError> =>
  Effect.gen(function*() {
    let text = ""
    let isBase = false
    for (const part of yield* fill(template, [], resolve)) {
      if ("text" in part) {
        // no double slash between a base URL and the path after it
        if (isBase && /^\{?\//.test(part.text)) text = text.replace(/(?<!\/)\/$/, "")
        text += encodeLiteral(part.text)
      } else if ("setting" in part) {
        isBase = text === ""
        if (isBase && /[{}]/.test(part.setting)) {
          return yield* malformed(`a base URL from the environment cannot have names in braces: ${shown(template)}`)
        }
        text += isHidden(part.setting) ? part.setting : isBase ? encodeLiteral(part.setting) : encode(part.setting)
      }
    }
    return text
  })

const checkFilled = (text: string, template: string): Effect.Effect<void, TemplateError> => {
  const problem = problemOf(text)
  return problem === undefined
    ? Effect.void
    : new TemplateError({ reason: problem.reason, message: `${problem.message}: ${shown(template)}` })
}

/** Why a URL with its settings filled in cannot be used. */
const problemOf = (text: string): TemplateError | undefined => {
  const bare = text.replace(/\{[^{}]*\}/g, "").replaceAll(mark, "")
  if (text.includes("{{")) return malformed("one pair of braces is enough, as in {code}")
  if (/[{}]/.test(bare)) return malformed("the URL has a brace without its partner")
  if (/[\s\p{Cc}]/u.test(bare)) return malformed("the URL holds white space")
  if (/[\\\p{Surrogate}]/u.test(bare)) return malformed("the URL holds a backslash or half a character")
  const query = queryAt(text)
  for (const expression of expressions(text)) {
    const { index, operator, source } = expression
    const isInQuery = index > query
    const names = namesOf(expression)
    if (names.some((name) => name.trim() === "")) {
      return malformed(`${source} in the URL names nothing: write {code} for the code`)
    }
    if (names.some((name) => /[?*:]/.test(name))) {
      return malformed(`${source} is no template: ? stands first, as in {?x}, and * or :3 last`)
    }
    if (operator === "+" || operator === "#") {
      return unsafe(`${source} would let a value change the URL, write {${names}}`)
    }
    if (operators[operator] === undefined) return malformed(`${source} means nothing in a URL, write {${names}}`)
    if (operator === "?" && isInQuery) return malformed(`the query has begun before ${source}, write {&${names}}`)
    if (operator === "&" && !isInQuery) return malformed(`no query has begun before ${source}, write {?${names}}`)
  }
  const start = authority.exec(text)?.[0]
  if (start === undefined) return malformed("the URL must begin with http:// or https://")
  if (/^https?:\/\/$/i.test(start)) return malformed("the URL names no host")
  if (start.includes("{")) return unsafe("a value must not choose the host")
  if (start.includes("@")) {
    return unsafe("a user name or password in the URL is seen by others, use a header: 'Authorization: Basic ${NAME}'")
  }
  if (bare.includes("#")) return malformed("what follows # in a URL is never sent")
  if (dots.test(text.slice(0, query))) return malformed("the URL has \".\" or \"..\" as a path segment")
  const sample = text.replace(/^\0\w+\0/, "http://host").replace(/\{[^{}]*\}|\0\w+\0/g, "1")
  return URL.canParse(sample) ? undefined : malformed("this is not a URL")
}

const unsafe = (message: string) => new TemplateError({ reason: "Unsafe", message })

/** Scheme and host, up to a slash, a query, or an expression that begins one of them. */
const authority = /^(?:https?:\/\/(?:(?!\{[/?])[^/?#])*|\0\w+\0)/i

/** A segment that a URL parser folds away; it takes `%2e` for a dot. */
const dots = /\/(?:\.|%2e){1,2}(?=\/|$)/i

/** What stands before the first value and between values, and whether names stand there too. */
const operators: Readonly<Record<string, { readonly first: string; readonly separator: string; isNamed: boolean }>> = {
  "": { first: "", separator: ",", isNamed: false },
  ".": { first: ".", separator: ".", isNamed: false },
  "/": { first: "/", separator: "/", isNamed: false },
  ";": { first: ";", separator: ";", isNamed: true },
  "?": { first: "?", separator: "&", isNamed: true },
  "&": { first: "&", separator: "&", isNamed: true }
}

type Piece = string | ((question: Question) => string)

/** Compiles a URL that has been checked. */
const compile = (text: string): Expand => {
  const [start] = authority.exec(text)!
  const query = queryAt(text)
  const path = text.slice(start.length, query)
  const origin = isHidden(start) ? start : new URL(start).origin
  const beforeQuery = pieces(path === "" && !isHidden(start) ? `${origin}/` : origin + path)
  const inQuery = pieces(text.slice(query))
  const needed = expressions(path).flatMap(namesOf)
  return (question) => {
    for (const name of needed) {
      if (valueOf(question, name) === "") return Either.left(`${name} is empty, and the path of the URL needs it`)
    }
    try {
      const path = expand(beforeQuery, question)
      if (dots.test(path)) return Either.left(`"." or ".." as a path segment would change the path`)
      const query = expand(inQuery, question)
      return Either.right(path + (question.absent === undefined ? query : withoutAbsent(query)))
    } catch {
      return Either.left(halfCharacter)
    }
  }
}

/** Stands for a value that is not there. No URL can hold it. */
const nothing = "{}"

/** A query without the parameters that have no other value; their names were typed. */
const withoutAbsent = (query: string): string =>
  query.replace(/[?&][^?&=]*=\{\}(?=&|$)/g, "").replaceAll(nothing, "").replace(/^&/, "?")

const pieces = (text: string): ReadonlyArray<Piece> => {
  const found: Array<Piece> = []
  let from = 0
  for (const expression of expressions(text)) {
    found.push(text.slice(from, expression.index), expander(expression))
    from = expression.index + expression.source.length
  }
  return [...found, text.slice(from)].filter((piece) => piece !== "")
}

const expander = ({ operator, variables }: Expression): Piece => {
  const { first, isNamed, separator } = operators[operator]!
  const written = ({ name, value }: Item) =>
    isNamed ? value === "" && operator === ";" ? name : `${name}=${value}` : value
  const parts = variables.map(({ isExploded, length, name }) => {
    const shown = encodeName(name)
    return (question: Question): string | undefined => {
      // RFC 6570: what has no value is left out, with its name
      if (question.absent?.includes(name)) return undefined
      const value = valueOf(question, name)
      const items = isExploded ? spread(shown, value, isNamed) : undefined
      // an empty list is not there
      if (items !== undefined) return items.length === 0 ? undefined : items.map(written).join(separator)
      return written({
        name: shown,
        value: encode(length === undefined ? value : [...value].slice(0, length).join(""))
      })
    }
  })
  return (question) => {
    let text = ""
    let before = first
    let isThere = false
    for (const part of parts) {
      const added = part(question)
      if (added === undefined) continue
      text += before + added
      before = separator
      isThere = true
    }
    return isThere || operator !== "" ? text : nothing
  }
}

interface Item {
  readonly name: string
  readonly value: string
}

/** The items of a list, or of an object by their names, that stands as JSON; `undefined` where a value is neither. */
const spread = (
  name: string,
  text: string,
  isNamed: boolean
): ReadonlyArray<Item> | undefined => {
  if (!/^\s*[[{]/.test(text)) return undefined
  let value: object
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const there = ([, item]: readonly [string, unknown]) => item !== null
  return Object.entries(value).filter(there).map(([key, item]) => {
    if (Array.isArray(value)) return { name, value: encode(toText(item)) }
    // without names of its own, a list has those of the object beside the values
    return { name: encode(key), value: isNamed ? encode(toText(item)) : `${encode(key)}=${encode(toText(item))}` }
  })
}

/** What is percent-encoded in a name already stays as it is. */
const encodeName = (name: string): string => encode(name).replace(/%25(?=[0-9A-Fa-f]{2})/g, "%")

const expand = (pieces: ReadonlyArray<Piece>, question: Question): string => {
  let text = ""
  for (const piece of pieces) text += typeof piece === "string" ? piece : piece(question)
  return text
}

/** Leaves the unreserved characters of RFC 3986 alone, and percent-encodes the rest. */
const encode = (value: string): string =>
  encodeURIComponent(value).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)

/** Percent-encodes what no URL may hold as it is; what is encoded already, or stands in braces, is left alone. */
const encodeLiteral = (text: string): string =>
  text.replace(
    /\{[^{}]*\}|%(?![0-9a-f]{2})|["<>^`|]|[^\0-\x7f\p{Surrogate}]+/giu,
    (found) => found.startsWith("{") ? found : encodeURI(found)
  )
