/**
 * The rate limit headers: how many calls remain and when that is reset, in names that servers make of the same few words.
 */
import type { Reply } from "../Reply.ts"
import type { Dialect } from "./Dialect.ts"
import * as Value from "./Value.ts"
import * as Window from "./Window.ts"

/** What a header tells. */
interface Role {
  /** The name without the words that say what is told: those of one window share it. */
  readonly window: string
  readonly kind: keyof typeof kinds
  /** Of a number, in milliseconds. */
  readonly unit: number
  /** What is counted is no calls: it matters only when nothing is left. */
  readonly isOther: boolean
  /** It tells of no window by name. */
  readonly isPlain: boolean
  /** How long the window lasts that is named, in milliseconds. */
  readonly length: number | undefined
}

/** The words for what is told; a reset that tells a length of time is more precise than a moment, and the longest is the whole window. */
const kinds = {
  remaining: /^(?:remaining|left)$/,
  after: /^(?:resetafter|resetin)$/,
  reset: /^(?:resets?|resettime|resetat|resettimestamp)$/,
  next: /^next$/,
  interval: /^interval$/
}
const resets = ["after", "reset", "next", "interval"] as const

const lengths: Readonly<Record<string, number>> = {
  second: 1000,
  secondly: 1000,
  minute: 60_000,
  minutely: 60_000,
  hour: 3_600_000,
  hourly: 3_600_000,
  day: 86_400_000,
  daily: 86_400_000,
  month: 31 * 86_400_000,
  monthly: 31 * 86_400_000
}

const units: Readonly<Record<string, number>> = {
  ms: 1,
  msec: 1,
  millis: 1,
  milliseconds: 1,
  seconds: 1000,
  secs: 1000,
  sec: 1000,
  s: 1000,
  minutes: 60_000
}

/** Words that count calls. */
const calls = /^(?:requests?|reqs?|calls?|api|quer(?:y|ies)|user|app|ip|per)$/

/** How many may go on at once is no matter of time, and what is told of a retry is another's. */
const foreign = /^(?:concurren\w*|parallel|retry|limit|used|policy|max)$/

const roles = new Map<string, Role | undefined>()

/** No such name is longer. */
const longest = 100

/** Names that are kept: a server might make up a new one for each reply. */
const mostRoles = 1000

const roleOf = (name: string): Role | undefined => {
  if (roles.has(name)) return roles.get(name)
  const role = read(name)
  if (roles.size < mostRoles) roles.set(name, role)
  return role
}

/** `x-ratelimit-remaining-requests`, `anthropic-ratelimit-tokens-reset`, `x-hubspot-ratelimit-interval-milliseconds`. */
const read = (name: string): Role | undefined => {
  if (name.length > longest) return undefined
  const [, before, after] = /^((?:[a-z\d]+[_-])*?rate[_-]?limit)[_-]([a-z\d_-]{1,60})$/.exec(name) ?? []
  if (before === undefined || after === undefined) return undefined
  const words = after.replace(/reset[_-](after|in|at|time|timestamp)(?![a-z])/, "reset$1").split(/[_-]/)
  const told = words.find((word) => Object.values(kinds).some((kind) => kind.test(word)))
  if (told === undefined || words.some((word) => foreign.test(word))) return undefined
  const kind = (Object.keys(kinds) as Array<Role["kind"]>).find((kind) => kinds[kind].test(told))!
  const unit = kind === "remaining" ? undefined : words.find((word) => units[word] !== undefined)
  const about = words.filter((word) => word !== told && word !== unit)
  return {
    window: [before.replaceAll("_", "-"), ...about].join("-"),
    kind,
    unit: unit === undefined ? 1000 : units[unit]!,
    isOther: about.some((word) => lengths[word] === undefined && !calls.test(word)),
    isPlain: about.length === 0,
    length: about.map((word) => lengths[word]).find((length) => length !== undefined)
  }
}

/** The usual names, for replies that do not tell theirs. */
const usual = [
  ...["ratelimit", "x-ratelimit", "x-rate-limit"].flatMap((family) =>
    ["remaining", "reset", "reset-after", "resettime", "next", "interval"].flatMap((word) => {
      const name = `${family}-${word}`
      return [name, name.replaceAll("-", "_")]
    })
  ),
  ...["requests", "tokens", "input-tokens", "output-tokens"].flatMap((what) => [
    `x-ratelimit-remaining-${what}`,
    `x-ratelimit-reset-${what}`,
    `x-ratelimit-${what}-remaining`,
    `x-ratelimit-${what}-reset`,
    `anthropic-ratelimit-${what}-remaining`,
    `anthropic-ratelimit-${what}-reset`
  ]),
  ...["second", "minute", "hour", "day", "month"].flatMap((length) => [
    `x-ratelimit-remaining-${length}`,
    `x-ratelimit-reset-${length}`
  ]),
  "x-hubspot-ratelimit-remaining",
  "x-hubspot-ratelimit-interval-milliseconds",
  "x-hubspot-ratelimit-daily-remaining",
  "x-hubspot-ratelimit-secondly-remaining"
]

/**
 * `X-RateLimit-Remaining` and `-Reset`, with or without `X-`, a vendor's name, and words for what is counted and in what window. The reset
 * is a wait or a moment in any form; where there is none beside it, a window that is named ends after its length at the latest. Lists tell
 * of several windows, place by place. A 429 need not say that nothing remains.
 *
 * Source: draft-ietf-httpapi-ratelimit-headers-03; docs.github.com, "Rate limits for the REST API"; docs.gitlab.com, "User and IP rate
 * limits"; docs.discord.com, "Rate Limits"; platform.openai.com, "Rate limits"; docs.anthropic.com, "Rate limits"; docs.x.com and
 * developer.okta.com, "Rate limits"; docs.konghq.com, "Rate Limiting"; brave.com/search/api, "Rate limiting"; developers.hubspot.com, "API
 * usage guidelines"; www.crossref.org, "Access and authentication"; techdocs.akamai.com, "Rate limiting".
 */
export const dialect: Dialect = {
  name: "ratelimit-headers",
  headers: usual,
  isHeader: (name) => roleOf(name) !== undefined,
  read: (reply) => {
    const windows = new Map<string, Fields>()
    let plain: string | undefined
    for (const name of reply.names?.() ?? usual) {
      const role = roleOf(name)
      const value = role && reply.header(name)
      if (role === undefined || value === undefined) continue
      const fields = windows.get(role.window) ?? windows.set(role.window, { role }).get(role.window)!
      fields[role.kind] = { value, unit: role.unit }
      if (role.isPlain && role.kind === "reset") plain = value
    }
    return windows.size === 0
      ? undefined
      : Window.told(reply, [...windows.values()].flatMap((fields) => windowsOf(fields, reply, plain)))
  }
}

interface Field {
  readonly value: string
  readonly unit: number
}

/** The headers of one window. */
type Fields = { readonly role: Role } & { [kind in Role["kind"]]?: Field }

const windowsOf = (
  fields: Fields,
  reply: Reply,
  plain: string | undefined
): ReadonlyArray<Window.Window | undefined> => {
  const { isOther, length } = fields.role
  const written = fields.remaining?.value
  if (written === undefined && (reply.status !== 429 || isOther)) return []
  const remaining = written === undefined ? ["0"] : Value.places(written)
  return remaining.map((text, place) => {
    const left = Value.count(text)
    if (left === undefined || (isOther && left > 0)) return undefined
    for (const kind of resets) {
      const reset = resetAt(fields[kind], place, remaining.length, reply)
      if (reset !== undefined) return { remaining: left, reset }
    }
    return written === undefined || isOther
      ? undefined
      : Window.of({ remaining: left, reset: Value.wait(plain, reply) ?? Value.hint(length) })
  })
}

/** Where as many resets are told as windows, each has its own. */
const resetAt = (field: Field | undefined, place: number, count: number, reply: Reply) => {
  if (field === undefined) return undefined
  const places = count > 1 ? Value.places(field.value) : []
  return Value.wait(places.length === count ? places[place] : field.value, reply, field.unit)
}
