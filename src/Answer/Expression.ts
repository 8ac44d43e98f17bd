/**
 * Expressions over answers: JMESPath, checked before it is used.
 */
import { compile } from "@jmespath-community/jmespath"
import { Either, identity, Schema } from "effect"
import * as Check from "./Check.ts"
import * as Digits from "./Digits.ts"
import * as Interpreter from "./Interpreter.ts"
import * as Quotes from "./Quotes.ts"

/** An expression that does not parse, or cannot work. */
export class SelectError extends Schema.TaggedError<SelectError>()("SelectError", {
  expression: Schema.String,
  message: Schema.String
}) {}

/** Why an expression fails on a value, and whether that is for its work alone: what it would have said is not known then. */
export type OnFault = (reason: string, isTooMuch: boolean) => void

/** A compiled expression. */
export interface Expression {
  readonly text: string
  /** The names of the members that it looks for. */
  readonly names: ReadonlyArray<string>
  /** Whether it can fail on a value. */
  readonly canFail: boolean
  /**
   * What it gives for a value; `null`, and `onFault`, where it fails on it (a function gets another type than it takes). `exact` has
   * something else in the place of numbers that lost digits: computed is with numbers, and what comes out by path is as it stands there.
   */
  readonly get: (value: unknown, exact?: unknown, onFault?: OnFault) => unknown
}

/** Compiles a JMESPath expression. */
export const make = (text: string): Either.Either<Expression, SelectError> => {
  const refuse = (message: string) => Either.left(new SelectError({ expression: text, message }))
  let tree: Check.Tree
  try {
    tree = compile(text)
  } catch (cause) {
    return refuse(`not JMESPath: ${text} (${(cause as Error).message}${Check.hint(text)})`)
  }
  const problem = Check.problem(text, tree) ?? Quotes.problem(text)
  if (problem !== undefined) return refuse(`${text}: ${problem}`)
  const seen = inherited.test(text) ? withoutPrototype : identity
  return Either.right({
    text,
    names: Check.names(tree),
    canFail: Check.canFail(tree),
    get: (value, exact = value, onFault) => {
      try {
        Interpreter.begin(value)
        return exact === value
          ? Interpreter.search(tree, seen(value))
          : Digits.evaluate(tree, seen(value), seen(exact))
      } catch (cause) {
        onFault?.((cause as Error).message, cause instanceof Interpreter.TooMuch)
        return null
      }
    }
  })
}

/** What JMESPath calls true: all but `null`, `false`, and what is empty. */
export const isTrue = (value: unknown): boolean =>
  !(value === null || value === undefined || value === false || value === "" ||
    (typeof value === "object" && Object.keys(value).length === 0))

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
