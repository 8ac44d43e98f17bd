/**
 * Select: named JMESPath expressions that pick fields out of an answer.
 */
import { compile, TreeInterpreter } from "@jmespath-community/jmespath"
import { Either, Schema } from "effect"

/** An expression that does not parse. */
export class SelectError extends Schema.TaggedError<SelectError>()("SelectError", {
  expression: Schema.String,
  message: Schema.String
}) {}

/** A named field of the output. */
export interface Select {
  readonly name: string
  readonly get: (answer: unknown) => unknown
}

/** Compiles a JMESPath expression. A function that fails on a value (a type error) gives `null`. */
export const expression = (text: string): Either.Either<(value: unknown) => unknown, SelectError> => {
  try {
    const tree = compile(text)
    return Either.right((value) => {
      try {
        return TreeInterpreter.search(tree, value as never)
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

/** Compiles `name=expression`; the expression alone names itself. */
export const parse = (text: string): Either.Either<Select, SelectError> => {
  const named = /^([\p{L}_][\p{L}\p{N}_ .-]*)=(?!=)(.+)$/u.exec(text)
  const [name, path] = named === null ? [text, text] : [named[1]!, named[2]!]
  return Either.map(expression(path), (get) => ({ name, get }))
}

/** Compiles a predicate: what JMESPath calls true, which is all but `null`, `false`, and what is empty. */
export const predicate = (text: string): Either.Either<(value: unknown) => boolean, SelectError> =>
  Either.map(expression(text), (get) => (value) => isTruthy(get(value)))

const isTruthy = (value: unknown): boolean =>
  !(value === null || value === undefined || value === false || value === "" ||
    (typeof value === "object" && Object.keys(value).length === 0))
