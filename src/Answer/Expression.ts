/**
 * Expressions over answers: JMESPath, checked before it is used.
 */
import { compile, register, TreeInterpreter, TYPE_NULL, TYPE_STRING } from "@jmespath-community/jmespath"
import { Either, identity, Schema } from "effect"
import * as Check from "./Check.ts"
import * as Digits from "./Digits.ts"

/** An expression that does not parse, or cannot work. */
export class SelectError extends Schema.TaggedError<SelectError>()("SelectError", {
  expression: Schema.String,
  message: Schema.String
}) {}

/** A compiled expression. */
export interface Expression {
  readonly text: string
  /** Whether it can fail on a value. */
  readonly canFail: boolean
  /**
   * What it gives for a value; `null`, and `onFault`, where it fails on it (a function gets another type than it takes). `exact` has
   * something else in the place of numbers that lost digits: computed is with numbers, and what comes out by path is as it stands there.
   */
  readonly get: (value: unknown, exact?: unknown, onFault?: (reason: string) => void) => unknown
}

/** JSON in a string, as language models answer it: fenced as a code block, or not. */
register(
  "from_json" as string,
  ([text]) => {
    if (typeof text !== "string") return null
    return JSON.parse(/^\s*```\w*\s*\n(.*?)\n?\s*```\s*$/s.exec(text)?.[1] ?? text)
  },
  [{ types: [TYPE_STRING, TYPE_NULL] }],
  { override: true }
)

/** Compiles a JMESPath expression. */
export const make = (text: string): Either.Either<Expression, SelectError> => {
  const refuse = (message: string) => Either.left(new SelectError({ expression: text, message }))
  let tree: Check.Tree
  try {
    tree = compile(text)
  } catch (cause) {
    return refuse(`not JMESPath: ${text} (${(cause as Error).message}${Check.hint(text)})`)
  }
  const problem = Check.problem(text, tree)
  if (problem !== undefined) return refuse(`${text}: ${problem}`)
  const seen = inherited.test(text) ? withoutPrototype : identity
  return Either.right({
    text,
    canFail: Check.canFail(tree),
    get: (value, exact = value, onFault) => {
      try {
        return exact === value
          ? TreeInterpreter.search(tree, seen(value) as never)
          : Digits.evaluate(tree, seen(value), seen(exact))
      } catch (cause) {
        onFault?.((cause as Error).message)
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
