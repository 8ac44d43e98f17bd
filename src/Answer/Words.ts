/**
 * What a server says where it gives no answer: its code for the reason, and its own words.
 */

/** The code and the words of a refusal, as far as its body has them. */
export interface Words {
  readonly code: string | undefined
  readonly message: string | undefined
}

/** Where APIs put the reason; the most specific first. */
const codes = ["error_code", "code", "type", "status", "Code", "reason", "ErrorCode"]
/** Where they put the words. */
const messages = [
  "message",
  "error_message",
  "error_description",
  "detail",
  "description",
  "title",
  "Message",
  "ErrorText",
  "errorMessage",
  "userError",
  "info"
]
/** What holds both, inside of the body. */
const places = ["error", "errors", "Error", "Errors", "Fault", "fault", "extensions", "Results"]

/** How deep the words are looked for. */
const deepest = 3

/** The words in a parsed body. Lists speak by their first item. */
export const of = (value: unknown, depth = 0): Words => {
  if (depth > deepest) return nothing
  if (Array.isArray(value)) return of(value[0], depth + 1)
  if (typeof value === "string") return depth === 0 ? nothing : { code: undefined, message: value }
  if (typeof value !== "object" || value === null) return nothing
  const body = value as Readonly<Record<string, unknown>>
  let code: string | undefined
  let message: string | undefined
  for (const place of places) {
    if (!Object.hasOwn(body, place)) continue
    const inner = of(body[place], depth + 1)
    code ??= inner.code
    message ??= inner.message
  }
  return { code: code ?? first(body, codes), message: message ?? first(body, messages) }
}

const nothing: Words = { code: undefined, message: undefined }

const first = (body: Readonly<Record<string, unknown>>, names: ReadonlyArray<string>): string | undefined => {
  for (const name of names) {
    const value = Object.hasOwn(body, name) ? body[name] : undefined
    if (typeof value === "string" && value.trim() !== "") return value
    if (typeof value === "number" && value !== 200) return String(value)
  }
  return undefined
}

/** The longest text that goes into a message. */
const longest = 160

/** Text in one line, cut where it is too long. */
export const inLine = (words: string): string => {
  const text = words.slice(0, 400).replace(/<[^>]*>/g, " ").replace(/[\s\p{Cc}]+/gu, " ").trim()
  return text.length > longest ? `${text.slice(0, longest - 1).replace(/\p{Surrogate}$/u, "")}…` : text
}

/** What a body says, in one line: code and words where it is JSON that has them, else how it begins. */
export const shown = (body: string): string => {
  const { code, message } = of(parsed(body))
  if (message === undefined) return inLine(body)
  return inLine(code === undefined || message.startsWith(code) ? message : `${code}: ${message}`)
}

/** The JSON in a body that is not too long to be a message. */
export const parsed = (body: string): unknown => {
  if (body.length > 64 * 1024 || !/^\s*[[{]/.test(body)) return undefined
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
