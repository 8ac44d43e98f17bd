/**
 * A pattern over whole codes that gives up in time: one such as `(a+)+` tries a number of ways that doubles with each letter.
 */

/** Whether a code matches; nothing where that takes more time than a code is worth. */
export type Test = (code: string) => boolean | undefined

/** Milliseconds of work that a code is worth. */
const budget = 100
/** Signs looked at that take next to no time. */
const quick = 1_000_000

/**
 * Compiles a pattern that the whole code must match.
 *
 * @throws SyntaxError where it is not a regular expression
 */
export const make = (pattern: string): Test => {
  // by itself first: `a)|(b` would become one by the parentheses around it
  const whole = new RegExp(`^(?:${new RegExp(pattern, "u").source})$`, "u")
  const ways = waysOf(pattern)
  let watched: Test | undefined
  return (code) => ways(code.length) * code.length <= quick ? whole.test(code) : (watched ??= inTime(whole))(code)
}

/**
 * How many ways there are at most to match so many signs, which is what a pattern may try: a repeat without an end stops after any sign,
 * and what is chosen anew within a repeat has no bound worth the name.
 */
export const waysOf = (pattern: string): (length: number) => number => {
  let [choices, endless] = [1, 0]
  // of each open group, and of the whole: its alternatives, and whether anything in it can be matched in two ways
  const groups = [{ alternatives: 1, isOpen: false }]
  let last = { alternatives: 1, isOpen: false }
  for (const [token] of pattern.matchAll(tokens)) {
    const group = groups.at(-1)!
    if (token.startsWith("(")) groups.push({ alternatives: 1, isOpen: false })
    else if (token === "|") group.alternatives++
    else if (token === ")") {
      last = groups.pop()!
      last.isOpen ||= last.alternatives > 1
      choices *= last.alternatives
      groups.at(-1)!.isOpen ||= last.isOpen
    } else if (repeat.test(token)) {
      const [least, most] = rangeOf(token)
      if (last.isOpen && most > 1) return () => Infinity
      if (most === Infinity) endless++
      else choices *= most - least + 1
      if (most > least) group.isOpen = true
    } else last = { alternatives: 1, isOpen: false }
  }
  choices *= groups[0]!.alternatives
  return (length) => choices * (length + 1) ** endless
}

/** An escape, a class, a repeat with its laziness, the beginning of a group, or a sign. */
const tokens =
  /\\(?:[pPu]\{[^}]*\}|k<[^>]*>|.)|\[(?:\\.|[^\]\\])*\]|(?:[*+?]|\{\d+(?:,\d*)?\})\??|\((?:\?(?:<?[=!]|:|<[^>]*>))?|./gsu
const repeat = /^(?:[*+?]|\{\d)/

const rangeOf = (token: string): readonly [least: number, most: number] => {
  if (token.startsWith("*")) return [0, Infinity]
  if (token.startsWith("+")) return [1, Infinity]
  if (token.startsWith("?")) return [0, 1]
  const [, least, comma, most] = /^\{(\d+)(,?)(\d*)/.exec(token)!
  return [Number(least), comma === "" ? Number(least) : most === "" ? Infinity : Number(most)]
}

/**
 * Ends what takes too long, which only Node's `vm` can. Elsewhere the pattern is tried to its end. A clock on the wall would tell of a busy
 * machine that codes are wrong, so time counts as far as this process has worked in it.
 */
const inTime = (whole: RegExp): Test => {
  const vm = globalThis.process?.getBuiltinModule?.("node:vm")
  if (vm === undefined) return (code) => whole.test(code)
  const context = vm.createContext({ whole, code: "" })
  const script = new vm.Script("whole.test(code)")
  return (code) => {
    context["code"] = code
    const begun = process.cpuUsage()
    for (;;) {
      try {
        return script.runInContext(context, { timeout: budget }) as boolean
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw cause
        const { system, user } = process.cpuUsage(begun)
        if (system + user >= (budget / 2) * 1000) return undefined
      }
    }
  }
}
