/**
 * Redact: what of a request may be shown and kept. Names in braces may, and words too plain to be a secret; any other literal may be
 * a key.
 */
import { Either, Encoding } from "effect"
import { type Encoding as Kind, parts } from "./Template.ts"
import * as Url from "./Url.ts"

/** Stands where something was left out. */
export const redacted = "REDACTED"

/** Whether the value under a name may be shown; it is a template in which only `known` names in braces are replaced. */
export const isOpen = (name: string, template: string, known: ReadonlyArray<string>): boolean =>
  isPlain(name, parts(template, known).map((part) => "text" in part ? part.text : " ").join(""))

/** A header's value. */
export const header = (name: string, template: string, known: ReadonlyArray<string>): string =>
  isOpen(name, template, known) ? template : redacted

/** A URL template. */
export const url = (template: string): string => {
  const at = Url.queryAt(template)
  const query = template.slice(at).replace(
    pair,
    (whole, begin: string, text: string) => {
      const [name, value] = split(text)
      return isOpenValue(name, value) ? whole : begin + (name === "" ? redacted : `${name}=${redacted}`)
    }
  )
  return path(template.slice(0, at)) + query
}

/** The path of a URL template, where a long word of letters and digits is a key. */
export const path = (template: string): string =>
  template.replace(
    /\$?\{[^{}]*\}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[a-z0-9]{16,}/gi,
    (word) => word.endsWith("}") || !/\d/.test(word) || !/[a-z]/i.test(word) ? word : redacted
  )

/** The body's template. */
export const body = (template: string, encoding: Kind, known: ReadonlyArray<string>): string => {
  switch (encoding) {
    case "json":
      return template.replace(
        jsonPair,
        (whole, name: string, colon: string, value: string) =>
          !soundsSecret.test(name) || isOpen(name, value.replaceAll("\"", ""), known)
            ? whole
            : `${name}${colon}"${redacted}"`
      )
    case "form":
      return template.split("&").map((text) => {
        const [name, value] = split(text)
        return isOpen(name, value, known) ? text : name === "" ? redacted : `${name}=${redacted}`
      }).join("&")
    case "xml":
    case "text":
      return soundsSecret.test(template) ? redacted : template
  }
}

/** The words of a header's value that may be secrets, where it is not open. Who asks by name and password may be told either. */
export const headerWords = (name: string, template: string, known: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (isOpen(name, template, known)) return []
  const values = /^(?:set-)?cookie$/i.test(name)
    ? template.split(";").map((pair) => split(pair)[1])
    : [template, ...named(template)]
  return values.flatMap((value) => words(name, value))
}

/** The words of a URL template that may be secrets. */
export const urlWords = (template: string): ReadonlyArray<string> => {
  const begin = template.slice(0, Url.queryAt(template))
  return [
    ...pairs(template).flatMap(([name, value]) =>
      isOpenValue(name, value) ? [] : [value, decoded(value)].flatMap((value) => words(name, value))
    ),
    ...begin.split("/").filter((part) => path(part) !== part).flatMap((part) => words("", part))
  ]
}

/** The words of a body's template that may be secrets. */
export const bodyWords = (template: string, encoding: Kind, known: ReadonlyArray<string>): ReadonlyArray<string> => {
  switch (encoding) {
    case "json":
      return [...template.matchAll(jsonPair)].flatMap(([, name = "", , value = ""]) => {
        const text = value.replaceAll("\"", "")
        return soundsSecret.test(name) && !isOpen(name, text, known) ? words(name, text) : []
      })
    case "form":
      return template.split("&").flatMap((text) => {
        const [name, value] = split(text)
        return isOpen(name, value, known) ? [] : [value, decoded(value)].flatMap((value) => words(name, value))
      })
    case "xml":
    case "text":
      return soundsSecret.test(template) ? template.split(/[<>"'=&;,\s]+/).flatMap((word) => words("", word)) : []
  }
}

/** Plain words are no secrets, unless that is what the name says. */
const words = (name: string, value: string): ReadonlyArray<string> =>
  value.split(/\s+|\$?\{[^{}]*\}/).filter((word) =>
    !scheme.test(word) &&
    (soundsSecret.test(name) || word.split(/[^\p{L}\p{N}]+/u).some((part) => !plainWord.test(part)))
  )

/** Name and password of `Basic`. */
const named = (template: string): ReadonlyArray<string> => {
  const [, packed] = /^Basic\s+([\w+/=-]{4,})$/i.exec(template.trim()) ?? []
  if (packed === undefined) return []
  const text = Either.getOrElse(Encoding.decodeBase64String(packed), () => "")
  return [text, text.slice(text.indexOf(":") + 1)]
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll("+", " "))
  } catch {
    return text
  }
}

/** The pairs of a URL template's query, and the expressions between them, in order. */
export const pairs = (template: string): ReadonlyArray<readonly [name: string, value: string]> =>
  [...template.slice(Url.queryAt(template)).matchAll(pair)].map(([, , text]) => split(text!))

/** Whether a value of a query may be shown. */
export const isOpenValue = (name: string, value: string): boolean =>
  isPlain(name, value.replace(/\$?\{[^{}]*\}/g, " ").replace(/%[0-9a-f]{2}/gi, " "))

const jsonPair = /("(?:[^"\\]|\\.)*")(\s*:\s*)("(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*)/g

const pair = /([?&]?)(\{[?&][^{}]*\}|(?:\{(?![?&])[^{}]*\}|[^?&{}])+)/g

const split = (pair: string): [string, string] => {
  const at = pair.indexOf("=")
  return at < 0 ? ["", pair] : [pair.slice(0, at), pair.slice(at + 1)]
}

const isPlain = (name: string, text: string): boolean => {
  const literal = text.trim()
  if (literal === "" || plainHeaders.has(name.toLowerCase())) return true
  if (soundsSecret.test(name)) return scheme.test(literal)
  return literal.length <= 60 && literal.split(/[^\p{L}\p{N}]+/u).every((word) => plainWord.test(word))
}

const plainHeaders = new Set(["accept", "accept-language", "content-type", "user-agent"])

const soundsSecret = /key|token|secret|sig|auth|pass|pwd|cookie|cred|session|jwt/i

const scheme = /^(?:Bearer|Basic|Token|Key)?$/i

/** A short number, a word, words run together in camel case, an abbreviation, a version. */
const plainWord = /^(?:\d{0,6}|[A-Z]?[a-z]{0,16}|[A-Z]?[a-z]{2,12}(?:[A-Z][a-z]{2,12}){1,3}|[A-Z]{1,5}|v\d{1,3})$/
