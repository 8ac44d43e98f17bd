/**
 * Headers that are told in a body: who passes on another's refusal writes them there.
 */
import type { Reply } from "../Reply.ts"
import * as Body from "./Body.ts"

/**
 * `{"error":{"code":429,"metadata":{"headers":{"X-RateLimit-Remaining":"0","X-RateLimit-Reset":"1741305600000"}}}}`: the replies whose
 * headers are those, one for each object that may hold some. A moment among them is relative to the `Date` beside it, or to the reply's.
 *
 * Source: openrouter.ai/docs, "Errors" and "Limits".
 */
export const replies = (reply: Reply): ReadonlyArray<Reply> =>
  Body.objects(reply, words, holders).flatMap((held) => {
    const headers = new Map(held.flatMap(([name, value]) => {
      const text = textOf(value)
      return text === undefined ? [] : [[name.toLowerCase(), text] as const]
    }))
    if (headers.size === 0) return []
    const header = (name: string) => headers.get(name) ?? (name === "date" ? reply.header(name) : undefined)
    return [{ status: reply.status, body: "", header, names: () => Array.from(headers.keys()), at: reply.at }]
  })

/** What the names of such headers hold. */
const words = /limit|retry|throttl|x-rl/i

/** What may hold them. */
const holders =
  /^(?:errors?|fault|details?|metadata|meta|extensions|parameters|response|(?:response)?headers?|ratelimits?)$/

const textOf = (value: unknown): string | undefined => {
  if (typeof value === "string" || typeof value === "number") return String(value)
  // several of a name are one list
  return Array.isArray(value) && value.every((item) => typeof item === "string") ? value.join(",") : undefined
}
