/**
 * Limits: how servers tell how fast one may ask. Each way to tell it is a dialect, a pure reading of one reply; what all of them say is
 * put together here.
 */
import type { Duration } from "effect"
import type { Dialect, Told } from "./Limits/Dialect.ts"
import * as GraphQl from "./Limits/GraphQl.ts"
import * as Headers from "./Limits/Headers.ts"
import * as IpApi from "./Limits/IpApi.ts"
import * as Json from "./Limits/Json.ts"
import * as Prose from "./Limits/Prose.ts"
import * as PubChem from "./Limits/PubChem.ts"
import * as RateLimit from "./Limits/RateLimit.ts"
import * as Relayed from "./Limits/Relayed.ts"
import * as RetryAfter from "./Limits/RetryAfter.ts"
import * as Shopify from "./Limits/Shopify.ts"
import * as Window from "./Limits/Window.ts"
import type { Reply } from "./Reply.ts"

export type { Dialect, Told }

const inHeaders = {
  "retry-after": RetryAfter.dialect,
  ratelimit: RateLimit.dialect,
  "ratelimit-headers": Headers.dialect,
  shopify: Shopify.dialect,
  "ip-api": IpApi.dialect,
  pubchem: PubChem.dialect
} as const satisfies Readonly<Record<string, Dialect>>

/** Headers that a body tells count as headers do. */
const relayed: Dialect = {
  name: "relayed",
  headers: [],
  read: (reply) =>
    Relayed.replies(reply).map((reply) => readIn(Object.values(inHeaders), reply)).reduce(both, undefined)
}

/** The dialects by name, those whose waits take precedence first. */
export const dialects = {
  ...inHeaders,
  graphql: GraphQl.dialect,
  json: Json.dialect,
  relayed,
  prose: Prose.dialect
} as const satisfies Readonly<Record<string, Dialect>>

/** All of them: what is listened for unless told otherwise. A program puts its own before or behind them. */
export const standard: ReadonlyArray<Dialect> = Object.values(dialects)

/** What a reply says in any dialect: the first one that tells a wait takes precedence for it, and of several windows the tightest. */
export const read = (reply: Reply, known = standard): Told | undefined => readIn(known, reply)

/** The wait that a refusal (429, 503 …) asks for: `wait`, else `reset` where nothing remains; `undefined`: no hint. */
export const wait = (reply: Reply, known = standard): Duration.Duration | undefined => {
  const told = read(reply, known)
  return told?.wait ?? (told?.remaining === 0 ? told.reset : undefined)
}

/** Of the first replies each is looked at for every dialect … */
const first = 32

/** … then one of so many, because a server may begin to speak late. */
const oneOf = 256

/**
 * A reader for the replies of one run. It finds out by itself which dialects the server speaks, and listens for no other: replies of a
 * silent server cost next to nothing. For new dialects it listens in the first 32 replies, in every 256th and in those that are errors.
 */
export const reader = (known = standard): (reply: Reply) => Told | undefined => {
  let spoken: ReadonlyArray<Dialect> = []
  let count = 0
  return (reply) => {
    count++
    if (count <= first || count % oneOf === 0 || reply.status >= 400) {
      const heard = known.filter((dialect) => spoken.includes(dialect) || isSpoken(dialect, reply))
      if (heard.length > spoken.length) spoken = heard
    }
    return spoken.length === 0 ? undefined : readIn(spoken, reply)
  }
}

/** A server that has nothing to tell yet may have later: its headers are there all the same. */
const isSpoken = ({ headers, isHeader, read }: Dialect, reply: Reply): boolean => {
  if (headers.length === 0) return read(reply) !== undefined
  const names = isHeader && reply.names?.()
  return names === undefined ? headers.some((name) => reply.header(name) !== undefined) : names.some(isHeader!)
}

const readIn = (dialects: ReadonlyArray<Dialect>, reply: Reply): Told | undefined => {
  let told: Told | undefined
  for (const { read } of dialects) {
    told = both(told, read(reply))
  }
  return told === undefined || isStored(reply) ? undefined : told
}

const both = (told: Told | undefined, more: Told | undefined): Told | undefined => {
  if (told === undefined || more === undefined) return told ?? more
  const wait = told.wait ?? more.wait
  const isThrottled = told.isThrottled ?? more.isThrottled
  return {
    ...(wait === undefined ? {} : { wait }),
    ...Window.tightest([Window.of(told), Window.of(more)]),
    ...(isThrottled === undefined ? {} : { isThrottled })
  }
}

/**
 * An answer out of a cache tells what was, not what is.
 *
 * Source: draft-ietf-httpapi-ratelimit-headers-11, 7.3.
 */
const isStored = (reply: Reply): boolean => reply.status < 400 && Number(reply.header("age")) > 0
