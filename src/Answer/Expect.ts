/**
 * What an answer is, and how its body is read.
 */
import { Schema } from "effect"

/** How a body is read. */
export const Expect = Schema.Literal("json", "text", "html", "bytes")
export type Expect = typeof Expect.Type

/** How deep JSON may be nested: what reads it after us mostly calls itself for each level. */
const deepest = 1000

/** Whether there are more brackets than one may be inside the other: nearly never. */
const opensMore = (body: string): boolean => {
  let count = 0
  for (const bracket of "[{") {
    for (let at = body.indexOf(bracket); at >= 0; at = body.indexOf(bracket, at + 1)) {
      if (++count > deepest) return true
    }
  }
  return false
}

const checkDepth = (body: string): void => {
  let depth = 0
  for (const [token] of body.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]/g)) {
    if (token === "{" || token === "[") depth++
    else if (token === "}" || token === "]") depth--
    if (depth > deepest) throw new SyntaxError(`it is nested deeper than ${deepest} levels`)
  }
}

/** What a body is once read. `bytes` are carried as base64. */
export const parsers: Record<Expect, (body: string) => unknown> = {
  json: (body) => {
    // nothing came, as for a HEAD
    if (body === "") return null
    const value: unknown = JSON.parse(body)
    if (body.length > deepest && opensMore(body)) checkDepth(body)
    return value
  },
  text: (body) => body,
  html: (body) => body,
  bytes: (body) => body
}
