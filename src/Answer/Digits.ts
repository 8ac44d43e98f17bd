/**
 * Expressions over numbers that JavaScript cannot hold: what computes sees true numbers, and what comes out by path keeps its digits.
 */
import { exactly, numberOf } from "../Json.ts"
import { some, type Tree } from "./Check.ts"
import * as Interpreter from "./Interpreter.ts"

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
  if (!has(computing)) return shown(Interpreter.search(tree, paired))
  // the variables of an interpreter are its own: digits come back where only one number is meant
  if (has(remembering)) return shown(restore(Interpreter.search(tree, value)))
  const each: Visit = (node, value) => {
    if (!computing.has(node.type)) return visit(node, value)
    const [name, first] = [node["name"], node["children"]?.[0]]
    if (node.type === "Function" && name === "to_string") return textOf(each(first, value))
    if (node.type === "Function" && name === "from_json") {
      const text = each(first, value)
      if (typeof text !== "string") return null
      const json = Interpreter.jsonIn(text)
      const parsed: unknown = JSON.parse(json)
      return pair(parsed, exactly(json, parsed).value)
    }
    /** What it computes with; an expression that is handed on looks at plain values. */
    const computed = (node: Node) =>
      node.type === "ExpressionReference" ? node : { type: "Literal", value: toPlain(each(node, value)) }
    const plain: Record<string, unknown> = { ...node }
    for (const name of ["left", "right", "operand"]) if (name in node) plain[name] = computed(node[name])
    if (name !== undefined && node["children"] !== undefined) plain["children"] = node["children"].map(computed)
    return restore(Interpreter.search(plain as never, null))
  }
  const visit = Interpreter.visitWith(each)
  return shown(each(tree as never, paired))
}

type Node = Interpreter.Node & Readonly<Record<string, any>>
type Visit = (node: Node, value: unknown) => unknown

/** A value as JSON, text as it is. */
const textOf = (value: unknown): string => {
  const exact = shown(value)
  if (typeof exact === "string") return numberOf(exact) ?? exact
  return JSON.stringify(exact, (_, inner: unknown) => inner).replace(/"\uf8ff(-?\d[\d.eE+-]*)"/g, "$1")
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
