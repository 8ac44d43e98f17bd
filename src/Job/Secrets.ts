/**
 * Secrets of a job: what is kept of one holds `${NAME}` in their places.
 */
import * as Redact from "../Lookup/Redact.ts"

type Setting = readonly [name: string, text: string]
type Environment = Readonly<Record<string, string | undefined>>

/** Settings with a name in the place of each secret. */
export const sealed = (settings: ReadonlyArray<Setting>, environment: Environment): ReadonlyArray<Setting> => {
  const names = naming(environment)
  return settings.map(([name, text]) => {
    switch (name) {
      case "header": {
        const end = text.indexOf(":")
        const [header, value] = [text.slice(0, end).trim(), text.slice(end + 1)]
        return [name, `${header}:${replaced(value, Redact.headerWords(header, value.trim(), []), () => header, names)}`]
      }
      case "url":
        return [name, ofUrl(text, names)]
      case "data": {
        // the name of a file is none
        if (text.startsWith("@")) return [name, text]
        const kind = kindOf(text)
        return [name, replaced(text, Redact.bodyWords(text, kind, []), (at) => before(text, at), names)]
      }
      case "ledger":
      case "output":
        return [
          name,
          text.replace(password, (_, begin: string, word: string) => `${begin}${names("PGPASSWORD", word)}`)
        ]
      default:
        return [name, text]
    }
  })
}

const password = /^([a-z]+:\/\/[^/?#@:]*:)((?!\$\{)[^/?#@]+)(?=@)/i

const ofUrl = (url: string, names: Naming): string => {
  const open = url.replace(password, (_, begin: string, word: string) => `${begin}${names("PASSWORD", word)}`)
  return replaced(open, Redact.urlWords(open), (at) => before(open, at), names)
}

/** A text with a name for each of the words, longer ones first, and what stands in braces as it is. */
const replaced = (
  text: string,
  words: ReadonlyArray<string>,
  nameAt: (at: number) => string,
  names: Naming
): string =>
  words.toSorted((one, other) => other.length - one.length).reduce((text, word) => {
    const whole = new RegExp(
      `(?<![\\p{L}\\p{N}])${word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")}(?![\\p{L}\\p{N}])`,
      "gu"
    )
    // what is told of a packed or a decoded word stands nowhere in the text
    return word === "" ? text : text.replace(whole, (_, at: number) => names(nameAt(at), word))
  }, text)

/** What a value in a query, or in a body, is called by the name before it. */
const before = (text: string, at: number): string =>
  /([\w-]+)["']?\s*[=:]\s*["']?[^"'&=:]*$/.exec(text.slice(0, at))?.[1] ?? "KEY"

const kindOf = (body: string) =>
  /^\s*[[{"]/.test(body) ? "json" : /^\s*</.test(body) ? "xml" : /^[^\s=&]+=/.test(body) ? "form" : "text"

type Naming = (hint: string, secret: string) => string

/** Names for secrets: that of the variable which holds one, else one made of what it stands under. */
const naming = (environment: Environment): Naming => {
  const given = new Map<string, string>()
  return (hint, secret) => {
    const known = given.get(secret) ??
      Object.keys(environment).find((name) => /^\w+$/.test(name) && secret.length >= 8 && environment[name] === secret)
    const name = known ?? free(hint.replace(/\W+/g, "_").toUpperCase(), [...given.values()])
    given.set(secret, name)
    return `\${${name}}`
  }
}

const free = (name: string, taken: ReadonlyArray<string>): string => {
  const at = Array.from({ length: taken.length + 1 }, (_, index) => index).find((index) =>
    !taken.includes(index === 0 ? name : `${name}_${index + 1}`)
  )!
  return at === 0 ? name : `${name}_${at + 1}`
}
