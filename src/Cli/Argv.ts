/**
 * From what people type to what @effect/cli parses without surprises: `--url=u`, `-c16`, options on either side of the file, a lone
 * `-`, and `ROLLCALL_…` variables for what was not typed.
 */
import * as HelpDoc from "@effect/cli/HelpDoc"
import type * as ValidationError from "@effect/cli/ValidationError"
import { Either, Schema } from "effect"
import { stripVTControlCharacters } from "node:util"
import type { Settings } from "../Job.ts"
import { meant, nearest } from "../Nearest.ts"
import * as Flag from "./Flag.ts"
import * as Habit from "./Habit.ts"

/** The command was typed in a way that it does not know. */
export class UsageError extends Schema.TaggedError<UsageError>()("UsageError", {
  message: Schema.String,
  /** The command whose help screen may help. */
  command: Schema.optional(Schema.String)
}) {}

/** An error of the parser, each fault in a line of its own. */
export const parsed = ({ error }: ValidationError.ValidationError): UsageError =>
  new UsageError({
    message: stripVTControlCharacters(HelpDoc.toAnsiText(error)).trim().split(/\s*\n\s*/).join("\nrollcall: ")
  })

/** How the lone `-` is handed on, which the parser would take for an option. */
export const stdin = "stdin:"

/** The name under which a job file has the argument. */
export const inFile = "file"

/** What a command accepts. */
export interface Accepts {
  readonly name: string
  readonly flags: ReadonlyArray<Flag.Any>
  /** The name of its argument, where it has one. */
  readonly argument: string | undefined
}

/**
 * Flags in their long form, each followed by its value, and the argument last. What was not typed comes from the environment, and what does
 * not stand there from the job file.
 */
export const normalize = (
  words: ReadonlyArray<string>,
  accepts: Accepts,
  environment: (variable: string) => string | undefined,
  job: Settings = []
): Either.Either<ReadonlyArray<string>, UsageError> => {
  const fail = (message: string) => Either.left(new UsageError({ message, command: accepts.name }))
  const options: Array<string> = []
  const rest: Array<string> = []
  const seen = new Set<string>()
  const quoted = inQuotes(words) ?? inPieces(words)
  if (quoted !== undefined) return fail(quoted)
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    if (word === "--") {
      rest.push(...words.slice(at + 1))
      break
    }
    if (word === "-" || !word.startsWith("-")) {
      rest.push(word)
      continue
    }
    const typed = take(word, accepts.flags)
    if (typed === undefined) return fail(unknown(word, accepts))
    const { flag, value } = typed
    if (seen.has(flag.name) && !flag.isRepeated && !flag.isSwitch) return fail(`--${flag.name} is given twice`)
    seen.add(flag.name)
    if (flag.isSwitch) {
      if (value !== undefined) return fail(`--${flag.name} takes no value: ${word}`)
      options.push(`--${flag.name}`)
      continue
    }
    const given = value ?? words[++at]
    if (given === undefined || given === "--") {
      return fail(`--${flag.name} needs a value: --${flag.name} ${flag.value ?? "VALUE"}`)
    }
    if (value === undefined && flag.holdsFlags !== true && isFlag(given, accepts.flags)) {
      return fail(`--${flag.name} needs a value, and ${given.split("=")[0]} is a flag`)
    }
    if (given === "" && flag.holdsNothing !== true) return fail(empty(`--${flag.name}`))
    options.push(`--${flag.name}`, flag.isPlaced === true ? `${at}:${given}` : given)
  }
  for (const flag of accepts.flags.filter(({ name }) => !seen.has(name))) {
    const variable = Flag.variable(flag.name)
    const set = environment(variable) || undefined
    const lines = flag.isRepeated
      ? set?.split("\n").filter((line) => line !== "")
      : set === undefined
      ? undefined
      : [set]
    // after what was typed, as they stand in the job file
    const values = lines?.map((line) => [line, words.length] as const) ??
      job.flatMap(([name, text], at) => name === flag.name ? [[text, words.length + at + 1] as const] : [])
    for (const [value, place] of values) {
      if (value === "" && flag.holdsNothing !== true) return fail(empty(`${flag.name} in the job file`))
      if (!flag.isSwitch) options.push(`--${flag.name}`, flag.isPlaced === true ? `${place}:${value}` : value)
      else if (/^(1|true|yes|on)$/i.test(value)) options.push(`--${flag.name}`)
      else if (!/^(0|false|no|off)$/i.test(value)) {
        const where = set === undefined ? `${flag.name} in the job file` : variable
        return fail(`${where} is a switch: set it to 1 or 0, not ${JSON.stringify(value)}`)
      }
    }
  }
  if (rest.length === 0 && accepts.argument !== undefined) {
    rest.push(...job.flatMap(([name, text]) => name === inFile ? [text] : []))
  }
  if (rest.length > (accepts.argument === undefined ? 0 : 1)) {
    return fail(
      accepts.argument === undefined
        ? `rollcall ${accepts.name} takes no argument: ${rest[0]}`
        : `one ${accepts.argument} at a time: ${rest.join(" ")} (quote a name that holds spaces)`
    )
  }
  return Either.right([
    ...options,
    ...rest.map((word) => word === "-" ? stdin : word.startsWith("-") || word === stdin ? `./${word}` : word)
  ])
}

/** The job that normalized words describe. */
export const settings = (words: ReadonlyArray<string>, flags: ReadonlyArray<Flag.Any>): Settings => {
  const found: Array<{ readonly name: string; readonly text: string; readonly at: number }> = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    const flag = flags.find(({ name }) => `--${name}` === word)
    if (flag === undefined) found.push({ name: inFile, text: word === stdin ? "-" : word, at: Infinity })
    else if (flag.isSwitch) found.push({ name: flag.name, text: "true", at: Infinity })
    else {
      const text = words[++at]!
      const end = text.indexOf(":")
      found.push(
        flag.isPlaced === true
          ? { name: flag.name, text: text.slice(end + 1), at: Number(text.slice(0, end)) }
          : { name: flag.name, text, at: Infinity }
      )
    }
  }
  return found
    .toSorted((one, other) => one.at === other.at ? 0 : one.at - other.at)
    .flatMap(({ name, text }) => name === "job" ? [] : [[name, text] as const])
}

/** What begins with the name of a flag, with its letter instead where it was typed so. */
export const asTyped = (message: string, words: ReadonlyArray<string>, flags: ReadonlyArray<Flag.Any>): string =>
  message.replace(/^--([\w-]+)/, (long, name: string) => {
    const alias = flags.find((flag) => flag.name === name)?.alias
    const isShort = alias !== undefined
      && words.some((word) => word.startsWith(`-${alias}`))
      && !words.some((word) => word === long || word.startsWith(`${long}=`))
    return isShort ? `-${alias}` : long
  })

/** A budget or a rate that is lost with a variable would leave a run without bounds. */
const empty = (flag: string) => `${flag} is empty: is a variable not set?`

/** A value was forgotten where the next word is a flag; a value that looks like one is written `--flag=value`. */
const isFlag = (word: string, flags: ReadonlyArray<Flag.Any>) =>
  (word.startsWith("--") || /^-[a-z]$/i.test(word)) && take(word, flags) !== undefined

/** cmd.exe of Windows hands single quotes on, and takes what stands between them apart. */
const inQuotes = (words: ReadonlyArray<string>): string | undefined => {
  const first = words.findIndex((word) => /^'[\w-]+:/.test(word))
  if (first < 0) return undefined
  const last = words.findIndex((word, index) => index >= first && word.endsWith("'"))
  const whole = words.slice(first, (last < 0 ? first : last) + 1).join(" ")
  const text = whole.replace(/^'|'$/g, "")
  return `${whole} came with its quotes: in cmd.exe write "${text.replaceAll("\"", "\\\"")}"`
}

/** A header without quotes comes in two words. The second is often a key, and is not repeated. */
const inPieces = (words: ReadonlyArray<string>): string | undefined => {
  const at = words.findIndex((word, index) =>
    /^[\w-]+:$/.test(word) && /^(?:-H|--header)$/.test(words[index - 1] ?? "") && /^[^-]/.test(words[index + 1] ?? "")
  )
  return at < 0
    ? undefined
    : `a blank divides the header ${words[at]} from its value: write it in quotes, -H "${words[at]} …"`
}

/** The flag that a word names, and its value where the word holds one. */
const take = (word: string, flags: ReadonlyArray<Flag.Any>) => {
  const named = (name: string | undefined) => name !== undefined && flags.find((flag) => flag.name === name)
  if (word.startsWith("--")) {
    const [typed = "", ...value] = word.slice(2).split("=")
    const name = flags.some(({ name }) => name === typed) ? typed : Habit.synonyms.get(`--${typed}`)
    const flag = flags.find((flag) => flag.name === name)
    return flag && { flag, value: value.length === 0 ? undefined : value.join("=") }
  }
  // `-output x` is more likely a slip than `-o utput`
  if (flags.some(({ name }) => name.length > 1 && name === word.slice(1).split("=")[0])) return undefined
  const flag = flags.find(({ alias }) => alias === word[1]) ??
    (named(Habit.synonyms.get(word.slice(0, 2))) || undefined)
  return flag && { flag, value: word.length === 2 ? undefined : word.slice(word[2] === "=" ? 3 : 2) }
}

const unknown = (word: string, accepts: Accepts): string => {
  const typed = word.split("=")[0]!
  const advice = Habit.advice.get(typed)
  if (advice !== undefined) return `${typed}: ${advice}`
  const name = typed.replace(/^--?/, "")
  const alias = accepts.flags.find(({ alias }) => alias?.toLowerCase() === name.toLowerCase())?.alias
  // a letter is no beginning of a word
  const long = name.length < 2 ? undefined : nearest(name, accepts.flags.map(({ name }) => name))
  const near = alias === undefined ? long && `--${long}` : `-${alias}`
  return `there is no flag ${typed}${meant(near)}`
}
