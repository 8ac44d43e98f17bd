/**
 * Expressions over numbers that JavaScript cannot hold: what computes sees true numbers, and what comes out by path keeps its digits.
 */
import { TreeInterpreter } from "@jmespath-community/jmespath"
import { some, type Tree } from "./Check.ts"

/** A number, and what stands for it where its digits count. */
class Digits {
  readonly "\uf8ff" = true
  readonly #number: number
  readonly #exact: unknown
  constructor(number: number, exact: unknown) {
    this.#number = number
    this.#exact = exact
  }
  get number() {
    return this.#number
  }
  get exact() {
    return this.#exact
  }
}

type Visit = (node: { readonly type: string }, value: unknown) => unknown
const { visit } = Object.getPrototypeOf(TreeInterpreter) as { readonly visit: Visit }

/** Nodes that look at numbers; all others hand them on. */
const computing = new Set(["Comparator", "Function", "Arithmetic", "Unary"])
/** Nodes that remember values. */
const remembering = new Set(["LetExpression", "Root"])

/** What an expression gives for a value; `exact` is of the same shape, with something else in place of some numbers. */
export const evaluate = (tree: Tree, value: unknown, exact: unknown): unknown => {
  const plainOf = new Map<unknown, unknown>()
  const exactOf = new Map<unknown, unknown>()
  /** What stands for a number; `undefined` where that differs from place to place. */
  const texts = new Map<number, Digits | undefined>()

  const pair = (value: unknown, exact: unknown): unknown => {
    if (typeof value === "number") {
      if (value === exact) {
        if (texts.has(value)) texts.set(value, undefined)
        return value
      }
      const digits = new Digits(value, exact)
      texts.set(value, !texts.has(value) || texts.get(value)?.exact === exact ? digits : undefined)
      return digits
    }
    if (typeof value !== "object" || value === null) return value
    const paired = Array.isArray(value)
      ? value.map((item, at) => pair(item, (exact as ReadonlyArray<unknown>)[at]))
      : record(Object.keys(value).map((name) => [name, pair(value[name as never], exact![name as never])]))
    plainOf.set(paired, value)
    exactOf.set(value, paired)
    return paired
  }

  const toPlain = (value: unknown): unknown => {
    if (value instanceof Digits) return value.number
    return plainOf.has(value) ? plainOf.get(value) : within(value, toPlain)
  }
  const restore = (value: unknown): unknown => {
    if (typeof value === "number") return texts.get(value) ?? value
    return exactOf.has(value) ? exactOf.get(value) : within(value, restore)
  }

  const paired = pair(value, exact)
  const has = (types: ReadonlySet<string>) => some(tree as never, ({ type }) => types.has(type))
  if (!has(computing)) return shown(TreeInterpreter.search(tree, paired as never))
  // the variables of an interpreter are its own: digits come back where only one number is meant
  if (has(remembering)) return shown(restore(TreeInterpreter.search(tree, value as never)))
  const interpreter: { visit: Visit } = Object.assign(Object.create(Object.getPrototypeOf(TreeInterpreter)), {
    visit: (node: { readonly type: string }, value: unknown) =>
      computing.has(node.type)
        ? restore(TreeInterpreter.search(node as Tree, toPlain(value) as never))
        : visit.call(interpreter, node, value)
  })
  return shown(interpreter.visit(tree, paired))
}

const shown = (value: unknown): unknown => value instanceof Digits ? value.exact : within(value, shown)

const within = (value: unknown, each: (value: unknown) => unknown): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map(each)
  return record(Object.entries(value).map(([name, inner]) => [name, each(inner)]))
}

/** An object that inherits nothing. */
const record = (entries: ReadonlyArray<readonly [string, unknown]>): Record<string, unknown> => {
  const made: Record<string, unknown> = Object.create(null)
  for (const [name, value] of entries) made[name] = value
  return made
}
