/**
 * What is wrong with an expression that parses: JMESPath takes functions that do not exist, wrong numbers of arguments, `=` for `==` and
 * a hyphen in a name without a word.
 */
import type { compile } from "@jmespath-community/jmespath"
import { meant, nearest } from "../Nearest.ts"
import { functions } from "./Interpreter.ts"

/** A compiled expression. */
export type Tree = ReturnType<typeof compile>

type Node = { readonly type: string } & Readonly<Record<string, unknown>>

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string"

/** What is wrong with an expression, if anything. */
export const problem = (text: string, tree: Tree): string | undefined =>
  problemIn(tree as unknown as Node, new Set(), hyphens(text))
    ?? (some(tree as unknown as Node, isOfNot) ? `! takes the first name alone${withParentheses(text)}` : undefined)

/** Whether it looks for a member of what `!` gives, which has none. */
const isOfNot = ({ child, left, type }: Node): boolean => {
  const inner = type === "Flatten" ? child : /^Subexpression$|^(Value|Filter)Projection$/.test(type) ? left : undefined
  return isNode(inner) && inner.type === "NotExpression"
}

/** The first `!` with its whole path in parentheses, as advice. */
const withParentheses = (text: string): string => {
  const [all, path] = /!\s*((?:\w+|"[^"]*")(?:\.(?:\w+|"[^"]*"|\*)|\[[^\]]*\])+)/.exec(text) ?? []
  return all === undefined ? ": put the path in parentheses" : `: write ${text.replace(all, () => `!(${path})`)}`
}

/** Whether it calls a function, or computes: what gets another type than it takes fails then. */
export const canFail = (tree: Tree): boolean => some(tree as unknown as Node, ({ type }) => failing.has(type))

const failing = new Set(["Function", "Arithmetic", "Unary"])

/** The names of the members that it looks for; a bare `null` parses as one and is meant as a value. */
export const names = (tree: Tree): ReadonlyArray<string> => {
  const found = new Set<string>()
  some(tree as unknown as Node, ({ name, type }) => {
    if (type === "Field" && name !== "null") found.add(name as string)
    return false
  })
  return [...found]
}

/** Whether any node of a tree is so. */
export const some = (node: Node, is: (node: Node) => boolean): boolean =>
  is(node) || children(node).some((child) => some(child, is))

const children = (node: Node): ReadonlyArray<Node> =>
  // the value of a literal is the user's
  node.type === "Literal" ? [] : Object.values(node).flat().filter(isNode)

const problemIn = (
  node: Node,
  variables: ReadonlySet<string>,
  hyphened: ReadonlyMap<string, string>
): string | undefined => {
  let known = variables
  switch (node.type) {
    case "Function": {
      const wrong = wrongCall(node.name as string, (node.children as ReadonlyArray<unknown>).length)
      if (wrong !== undefined) return wrong
      break
    }
    case "Binding":
      return "one = does not compare: write =="
    case "Variable":
      return known.has(node.name as string) ? undefined : `there is no variable $${node.name}`
    case "Arithmetic": {
      const name = node.operator === "Minus" && isNode(node.right) && node.right.type === "Field"
        ? hyphened.get(node.right.name as string)
        : undefined
      if (name !== undefined) {
        return `${name} is a subtraction: put the name in quotes, "${name}" (or spaces round the minus)`
      }
      break
    }
    case "LetExpression": {
      const bindings = node.bindings as ReadonlyArray<Node>
      known = new Set([...variables, ...bindings.map(({ variable }) => variable as string)])
      for (const { reference } of bindings) {
        const wrong = problemIn(reference as Node, variables, hyphened)
        if (wrong !== undefined) return wrong
      }
      return problemIn(node.expression as Node, known, hyphened)
    }
  }
  for (const child of children(node)) {
    const wrong = problemIn(child, known, hyphened)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

const wrongCall = (name: string, count: number): string | undefined => {
  if (!Object.hasOwn(functions, name)) {
    return `no function ${name}${meant(nearest(name, Object.keys(functions)))}`
  }
  const { _signature: signature } = functions[name]!
  const least = signature.filter(({ optional }) => optional !== true).length
  const most = signature.at(-1)?.variadic === true ? Infinity : signature.length
  if (count >= least && count <= most) return undefined
  const wanted = most === Infinity ? `at least ${least}` : least === most ? `${least}` : `${least} to ${most}`
  return `${name}() takes ${wanted} ${wanted === "1" ? "argument" : "arguments"}, not ${count}`
}

/** What stands in quotes. */
const quoted = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/g

/** Names that are written with a hyphen and without quotes, by what follows the last hyphen. */
const hyphens = (text: string): ReadonlyMap<string, string> =>
  new Map(
    [...text.replace(quoted, "''").matchAll(/[A-Za-z_]\w*(?:-[A-Za-z_]\w*)+/g)].map((
      [name]
    ) => [name.slice(name.lastIndexOf("-") + 1), name])
  )

/** What may be wrong with an expression that does not parse. */
export const hint = (text: string): string => {
  const bare = text.replace(quoted, "''")
  const index = /([\w\]])\.(\d+)(?!\w)/.exec(bare)
  if (index !== null) {
    return `; an item of a list is written [${index[2]}]: ${bare.replace(/([\w\]])\.(\d+)(?!\w)/g, "$1[$2]")}`
  }
  if (/[^=!<>]=[^=]/.test(bare)) return "; to compare, write =="
  return /[A-Za-z_]\w*-\w/.test(bare) ? "; a name that holds a hyphen stands in double quotes" : ""
}
