/**
 * Select: named JMESPath expressions that pick fields out of an answer.
 */
import { compile, TreeInterpreter } from "@jmespath-community/jmespath"
import { Either, identity, Schema } from "effect"

/** An expression that does not parse. */
export class SelectError extends Schema.TaggedError<SelectError>()("SelectError", {
  expression: Schema.String,
  message: Schema.String
}) {}

/** A named field of the output. */
export interface Select {
  readonly name: string
  /** As it was written. */
  readonly text: string
  readonly get: (answer: unknown) => unknown
}

/** Compiles a JMESPath expression. One that fails on a value (a function gets another type than it takes) gives `null`. */
export const expression = (text: string): Either.Either<(value: unknown) => unknown, SelectError> => {
  try {
    const tree = compile(text)
    const seen = inherited.test(text) ? withoutPrototype : identity
    return Either.right((value) => {
      try {
        return TreeInterpreter.search(tree, seen(value) as never)
      } catch {
        return null
      }
    })
  } catch (cause) {
    return Either.left(
      new SelectError({ expression: text, message: `not JMESPath: ${text} (${(cause as Error).message})` })
    )
  }
}

/** What the interpreter would find in any object: `constructor`, `toString`, `__proto__`, … */
const inherited = new RegExp(Object.getOwnPropertyNames(Object.prototype).join("|"))

/** A copy of parsed JSON whose objects inherit nothing. */
const withoutPrototype = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map(withoutPrototype)
  const copy = Object.create(null)
  for (const [name, inner] of Object.entries(value)) copy[name] = withoutPrototype(inner)
  return copy
}

/** Compiles `name=expression`; the expression alone names itself. */
export const parse = (text: string): Either.Either<Select, SelectError> => {
  const named = /^\s*([\p{L}\p{N}_][\p{L}\p{N}_ .-]*?)\s*=(?!=)(.+)$/su.exec(text)
  const [name, path] = named === null ? [unquoted(text), text] : [named[1]!, named[2]!]
  return Either.map(expression(path), (get) => ({ name, text, get }))
}

/** A field with a space in it stands in quotes, `"place name"`, which are not part of its name. */
const unquoted = (text: string) => /^\s*"[^"\\]+"\s*$/.test(text) ? text.trim().slice(1, -1) : text.trim()

/** Compiles a predicate: what JMESPath calls true, which is all but `null`, `false`, and what is empty. */
export const predicate = (text: string): Either.Either<(value: unknown) => boolean, SelectError> =>
  Either.map(expression(text), (get) => (value) => isTruthy(get(value)))

const isTruthy = (value: unknown): boolean =>
  !(value === null || value === undefined || value === false || value === "" ||
    (typeof value === "object" && Object.keys(value).length === 0))
