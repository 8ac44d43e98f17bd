/**
 * What an answer is, and how its body is read.
 */
import { Schema } from "effect"

/** How a body is read. */
export const Expect = Schema.Literal("json", "text", "html", "bytes")
export type Expect = typeof Expect.Type

/** What a body is once read. `bytes` are carried as base64. */
export const parsers: Record<Expect, (body: string) => unknown> = {
  json: (body) => JSON.parse(body),
  text: (body) => body,
  html: (body) => body,
  bytes: (body) => body
}
