/**
 * Redact: what of a request may be shown and kept. Names in braces may, and words too plain to be a secret; any other literal may be
 * a key.
 */
import { type Encoding, parts } from "./Template.ts"
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
export const body = (template: string, encoding: Encoding, known: ReadonlyArray<string>): string => {
  switch (encoding) {
    case "json":
      return template.replace(
        /("(?:[^"\\]|\\.)*")(\s*:\s*)("(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*)/g,
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

/** The pairs of a URL template's query, and the expressions between them, in order. */
export const pairs = (template: string): ReadonlyArray<readonly [name: string, value: string]> =>
  [...template.slice(Url.queryAt(template)).matchAll(pair)].map(([, , text]) => split(text!))

/** Whether a value of a query may be shown. */
export const isOpenValue = (name: string, value: string): boolean =>
  isPlain(name, value.replace(/\$?\{[^{}]*\}/g, " ").replace(/%[0-9a-f]{2}/gi, " "))

const pair = /([?&]?)(\{[?&][^{}]*\}|(?:\{(?![?&])[^{}]*\}|[^?&{}])+)/g

const split = (pair: string): [string, string] => {
  const at = pair.indexOf("=")
  return at < 0 ? ["", pair] : [pair.slice(0, at), pair.slice(at + 1)]
}

const isPlain = (name: string, text: string): boolean => {
  const literal = text.trim()
  if (literal === "" || plainHeaders.has(name.toLowerCase())) return true
  if (soundsSecret.test(name)) return /^(?:Bearer|Basic|Token|Key)$/i.test(literal)
  return literal.length <= 60 && literal.split(/[^\p{L}\p{N}]+/u).every((word) => plainWord.test(word))
}

const plainHeaders = new Set(["accept", "accept-language", "content-type", "user-agent"])

const soundsSecret = /key|token|secret|sig|auth|pass|pwd|cookie|cred|session|jwt/i

/** A short number, a word, words run together in camel case, an abbreviation, a version. */
const plainWord = /^(?:\d{0,6}|[A-Z]?[a-z]{0,16}|[A-Z]?[a-z]{2,12}(?:[A-Z][a-z]{2,12}){1,3}|[A-Z]{1,5}|v\d{1,3})$/
