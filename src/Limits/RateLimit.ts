/**
 * RateLimit: the field that the IETF is working on.
 */
import type { Reply } from "../Reply.ts"
import type { Dialect } from "./Dialect.ts"
import * as StructuredField from "./StructuredField.ts"
import * as Value from "./Value.ts"
import * as Window from "./Window.ts"

/**
 * `RateLimit: "default";r=50;t=30`, an item for each policy: `r` remain for `t` seconds. What is malformed is ignored as a whole, and so
 * is an item without `t`. `RateLimit-Policy` tells of what: of bytes it matters only that none are left, and how many calls may go on
 * at once is no matter of time. Drafts up to 07 had a dictionary instead: `RateLimit: limit=100, remaining=50, reset=5`.
 *
 * Source: draft-ietf-httpapi-ratelimit-headers-11, 3 and 4; -07, 3.1.
 */
export const dialect: Dialect = {
  name: "ratelimit",
  headers: ["ratelimit", "ratelimit-policy"],
  read: (reply) => {
    const field = reply.header("ratelimit")
    if (field === undefined) return undefined
    const windows = fromList(field, reply) ?? fromDictionary(field, reply)
    return windows && Window.told(reply, windows)
  }
}

type Windows = ReadonlyArray<Window.Window | undefined>

const fromList = (field: string, reply: Reply): Windows | undefined => {
  const items = StructuredField.list(field)
  if (items === undefined) return undefined
  const units = unitsOf(reply)
  const windows: Array<Window.Window | undefined> = []
  for (const { parameters, value } of items) {
    const remaining = StructuredField.natural(parameters.get("r"))
    const seconds = StructuredField.natural(parameters.get("t"))
    const isMalformed = parameters.has("t") && seconds === undefined
    if (value.type !== "string" || remaining === undefined || isMalformed) return undefined
    const unit = units.get(value.text) ?? requests
    if (unit !== concurrent && (unit === requests || remaining === 0)) windows.push(window(remaining, seconds))
  }
  return windows
}

const fromDictionary = (field: string, reply: Reply): Windows | undefined => {
  const items = StructuredField.dictionary(field)
  const [limit, remaining, reset] = ["limit", "remaining", "reset"].map((key) =>
    StructuredField.natural(items?.get(key)?.value)
  )
  if (items === undefined || limit === undefined || reset === undefined) return undefined
  if (!items.has("remaining")) return [window(reply.status === 429 ? 0 : undefined, reset)]
  return remaining === undefined ? undefined : [window(remaining, reset)]
}

const window = (remaining: number | undefined, seconds: number | undefined) =>
  Window.of({ remaining, reset: Value.hint(seconds === undefined ? undefined : seconds * 1000) })

const requests = "\"requests\""
const concurrent = "\"concurrent-requests\""

/** What each policy counts; requests where it does not say. */
const unitsOf = (reply: Reply): ReadonlyMap<string, string> => {
  const field = reply.header("ratelimit-policy")
  const policies = field?.includes("qu=") === true ? StructuredField.list(field) : undefined
  return new Map(policies?.map(({ parameters, value }) => [value.text, parameters.get("qu")?.text ?? requests]))
}
