/**
 * Evaluates JMESPath, as far as an answer is worth it: six lists of a dozen items within one another are three million.
 */
import { type compile, TreeInterpreter, TYPE_NULL, TYPE_STRING } from "@jmespath-community/jmespath"

/** An expression has looked at more than an answer is worth. */
export class TooMuch extends Error {
  override readonly message = `it takes more than ${least.toLocaleString("en")} steps on this answer`
}

/** A node of a tree. */
export type Node = { readonly type: string }

/** What functions take. */
export type Functions = Readonly<
  Record<string, {
    readonly _signature: ReadonlyArray<{ readonly optional?: boolean; readonly variadic?: boolean }>
  }>
>

interface Runtime {
  readonly _functionTable: Functions
  callFunction(name: string, args: ReadonlyArray<unknown>): unknown
  register(name: string, call: (args: ReadonlyArray<unknown>) => unknown, signature: unknown, options: object): unknown
}

interface Interpreter {
  runtime: Runtime
  _rootValue: unknown
  _scope: { withScope(scope: unknown): unknown }
  search(node: Node, value: unknown): unknown
  visit(node: Node, value: unknown): unknown
  withScope(scope: unknown): Interpreter
}

const Standard = TreeInterpreter.constructor as new() => Interpreter

/** Steps that every answer is worth, those for each value in it, and how many items and characters of a value are a step. */
const [least, perValue, items, characters] = [500_000, 20, 8, 1024]

let left = 0
let measured: unknown

/** Begins to count anew. */
export const begin = (answer: unknown): void => {
  left = least
  measured = answer
}

const spend = (steps: number) => {
  left -= steps
  if (left >= 0) return
  // a large answer is worth more, and is counted only where that matters
  left += perValue * sizeOf(measured)
  measured = undefined
  if (left < 0) throw new TooMuch()
}

const sizeOf = (value: unknown): number => {
  if (typeof value === "string") return 1 + Math.floor(value.length / characters)
  if (typeof value !== "object" || value === null) return value === undefined ? 0 : 1
  let size = 1
  for (const inner of Object.values(value)) size += sizeOf(inner)
  return size
}

class Counting extends Standard {
  override visit(node: Node, value: unknown): unknown {
    spend(1)
    const found = super.visit(node, value)
    if (Array.isArray(found)) spend(Math.floor(found.length / items))
    else if (typeof found === "string") spend(Math.floor(found.length / characters))
    return found
  }
  override withScope(scope: unknown): Interpreter {
    const inner: Interpreter = Object.create(this)
    inner._scope = this._scope.withScope(scope) as Interpreter["_scope"]
    return inner
  }
}

const interpreter: Interpreter = new Counting()
const { runtime } = interpreter

/** JSON in a string, as language models answer it: fenced as a code block, or not. */
export const jsonIn = (text: string): string => /^\s*```\w*\s*\n(.*?)\n?\s*```\s*$/s.exec(text)?.[1] ?? text

runtime.register(
  "from_json",
  ([text]) => typeof text === "string" ? JSON.parse(jsonIn(text)) : null,
  [{ types: [TYPE_STRING, TYPE_NULL] }],
  { override: true }
)

const { callFunction } = runtime
runtime.callFunction = (name, args) => {
  if (name.startsWith("pad_") && Number(args[1]) > least) throw new TooMuch()
  return callFunction.call(runtime, name, args)
}

/** The functions that there are. */
export const functions: Functions = runtime._functionTable

/** What a whole expression gives for a value. */
export const search = (tree: ReturnType<typeof compile>, value: unknown): unknown => interpreter.search(tree, value)

/** What a node gives for a value; `each` visits what it is made of. */
export const visitWith = (each: (node: Node, value: unknown) => unknown) => {
  const walker: Interpreter = Object.assign(Object.create(interpreter), { visit: each })
  return (node: Node, value: unknown): unknown => Counting.prototype.visit.call(walker, node, value)
}
