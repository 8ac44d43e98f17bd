/**
 * Body: the objects of a refusal's JSON in which a server may tell its limits.
 */
import type { Reply } from "../Reply.ts"
import * as RetryAfter from "./RetryAfter.ts"

/** An object by its names as they are written; what a list holds stands in none. */
export type Held = ReadonlyArray<readonly [name: string, value: unknown]>

/**
 * The object at the top and those that are held by others under these names, which are compared without `-`, `_` and upper case. Nothing
 * where the reply refuses nothing, or where its body has none of the words that are looked for.
 */
export const objects = (reply: Reply, words: RegExp, holders: RegExp): ReadonlyArray<Held> => {
  const { body, status } = reply
  if (!RetryAfter.isRefusal(status) || body.length > longest || !/^\s*[{[]/.test(body) || !words.test(body)) return []
  const found: Array<Held> = []
  look(parse(body), holders, found, 0)
  return found
}

/** A name without what it may be parted by. */
export const plain = (name: string): string => name.replace(/[-_\s]/g, "").toLowerCase()

/** What is longer is no refusal. */
const longest = 64 * 1024

const mostDeep = 6
const mostItems = 100

const look = (value: unknown, holders: RegExp, found: Array<Held>, depth: number): void => {
  if (typeof value !== "object" || value === null || depth > mostDeep) return
  if (Array.isArray(value)) {
    return value.slice(0, mostItems).forEach((item) => look(item, holders, found, depth + 1))
  }
  const held = Object.entries(value).slice(0, mostItems)
  found.push(held)
  for (const [name, value] of held) if (holders.test(plain(name))) look(value, holders, found, depth + 1)
}

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
