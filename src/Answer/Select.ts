/**
 * Select: named JMESPath expressions that pick fields out of an answer.
 */
import { Either } from "effect"
import * as Expression from "./Expression.ts"

export { SelectError } from "./Expression.ts"

/** A named field of the output. */
export interface Select extends Pick<Expression.Expression, "canFail" | "get"> {
  readonly name: string
  /** As it was written. */
  readonly text: string
}

/** Compiles `name=expression`; the expression alone names itself. */
export const parse = (text: string): Either.Either<Select, Expression.SelectError> => {
  const named = /^\s*([\p{L}\p{N}_][\p{L}\p{N}_ .-]*?)\s*=(?!=)(.+)$/su.exec(text)
  const [name, path] = named === null ? [unquoted(text), text] : [named[1]!, named[2]!]
  return Either.map(Expression.make(path), ({ canFail, get }) => ({ name, text, canFail, get }))
}

/** A field with a space in it stands in quotes, `"place name"`, which are not part of its name. */
const unquoted = (text: string) => /^\s*"[^"\\]+"\s*$/.test(text) ? text.trim().slice(1, -1) : text.trim()

/** Compiles a predicate: what JMESPath calls true, which is all but `null`, `false`, and what is empty. */
export const predicate = (text: string): Either.Either<(value: unknown) => boolean, Expression.SelectError> =>
  Either.map(Expression.make(text), ({ get }) => (value) => Expression.isTrue(get(value)))
