/**
 * Secrets in the words of a command. The list of processes shows them to everybody on the machine.
 */
import * as Environment from "./Environment.ts"

/** What is said of a secret that stands there; one warning is enough. */
export const warning = (
  words: ReadonlyArray<string>,
  environment: Readonly<Record<string, string | undefined>>
): string | undefined => {
  const [known] = Object.entries(environment).filter(([name, value]) =>
    /KEY|TOKEN|SECRET/.test(name) && value !== undefined && value.length >= 8 &&
    words.some((word) => word.includes(value))
  )
  const url = words.find(Environment.hasPassword)
  const where = "where every user of this machine can read it"
  if (known !== undefined) {
    return `warning: the value of ${known[0]} stands in the arguments, ${where}: write '\${${known[0]}}'`
  }
  if (url !== undefined) {
    const name = url.startsWith("postgres") ? "PGPASSWORD" : "NAME"
    return `warning: a password stands in the arguments, ${where}: write '\${${name}}'`
  }
  return words.some(isKeyed)
    ? "warning: a key stands in the command line, where other users can read it: write ${NAME}"
    : undefined
}

/** Whether the words may hold a secret, so that they are not repeated: any header but a few may be one. */
export const mayHold = (
  words: ReadonlyArray<string>,
  environment: Readonly<Record<string, string | undefined>>
): boolean => warning(words, environment) !== undefined || words.some((word, at) => isHeader(word, words[at - 1]))

const isHeader = (word: string, before: string | undefined): boolean => {
  const [, typed = ""] = /^(?:-H|--header=)(.+)$/s.exec(word) ?? []
  const header = before === "-H" || before === "--header" ? word : typed
  return header !== "" && !header.includes("${") && !/^\s*(accept[\w-]*|content-type|user-agent)\s*:/i.test(header)
}

/** A header, or a URL, that holds a key as such. */
const isKeyed = (word: string): boolean =>
  // {NAME} alone is no key, but a variable without its $
  (/^(-H|--header=)?(authorization|cookie|[\w-]*(key|token|secret|auth))\s*:\s*(?!(\w+\s+)?\{\w+\}\s*$)[^\s$]/i.test(
    word
  ) ||
    /^(--url=)?https?:[^?#]*\?([^#]*&)?[\w-]*(key|token|secret)=[^\s${&#]/i.test(word)) &&
  !word.includes("${")
