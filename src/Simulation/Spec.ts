/**
 * The specification of a simulated API, as people write it: `rate=50/s,latency=p50:80ms,p99:2s,outage=60s@5m`.
 */
import { Duration, Either, ParseResult, Schema } from "effect"
import { DurationText } from "../Policy/DurationText.ts"
import * as Pace from "../Policy/Pace.ts"

/** A time in which something is otherwise; milliseconds. */
export interface Spell {
  readonly from: number
  readonly for: number
}

/** So many calls in so many milliseconds. */
export interface Rate {
  readonly limit: number
  readonly window: number
}

/** What a call comes to that gets no answer: a status, a web page with status 200, or nothing at all. */
export type Refusal = number | "page" | "hang"

/** How an API behaves. Times are milliseconds, shares are from 0 to 1. */
export interface Spec {
  /** As it was written. */
  readonly text: string
  /** What a token bucket lets through; more gets a 429. */
  readonly rate: Rate | undefined
  /** How many tokens the bucket holds. */
  readonly burst: number
  /** Times in which the rate is another one. */
  readonly drops: ReadonlyArray<Spell & { readonly rate: Rate }>
  /** Calls in a period that begins with its first call; more get a 429. */
  readonly quota: Rate | undefined
  /** The status of what is more than the rate or the quota. */
  readonly over: 429 | 503
  /** What such a refusal says: when the next call would pass, in seconds or as a date, or a time between these two, or nothing. */
  readonly retryAfter: readonly [least: number, most: number] | "exact" | "date" | "none"
  /** In which headers every reply tells what is left of the rate. */
  readonly headers: "ietf" | "github" | "none"
  /** Calls that are worked on at once; the others wait in line. */
  readonly concurrency: number
  /** How long the work takes: `median × e^(deviation × normal)`. */
  readonly latency: { readonly median: number; readonly deviation: number }
  /** A 500. */
  readonly errors: number
  /** The connection is reset before the answer. */
  readonly resets: number
  /** No answer comes. */
  readonly hangs: number
  /** Nothing works: every call gets this, or no connection at all. */
  readonly outages: ReadonlyArray<Spell & { readonly gives: Refusal | undefined }>
  /** A part of the calls gets a 503. */
  readonly brownouts: ReadonlyArray<Spell & { readonly share: number }>
  /** Codes that do not exist. */
  readonly notFound: number
  /** Codes that get this whenever they are asked. */
  readonly poison: ReadonlyArray<{ readonly share: number; readonly gives: Refusal }>
  /** Codes that get this whenever they are asked, as the number at their end lies between two others. */
  readonly blocks: ReadonlyArray<{ readonly from: number; readonly to: number; readonly gives: Refusal }>
}

const calm: Spec = {
  text: "",
  rate: undefined,
  burst: 1,
  drops: [],
  quota: undefined,
  over: 429,
  retryAfter: "exact",
  headers: "none",
  concurrency: Infinity,
  latency: { median: 0, deviation: 0 },
  errors: 0,
  resets: 0,
  hangs: 0,
  outages: [],
  brownouts: [],
  notFound: 0,
  poison: [],
  blocks: []
}

/** What one part of a specification says. It throws a string that says how it is written. */
type Part = (spec: Spec, value: string) => Spec

const expected = (how: string): never => {
  throw how
}

const time = (value: string | undefined, how: string): number =>
  Either.match(Schema.decodeEither(DurationText)(value ?? ""), {
    onLeft: () => expected(how),
    onRight: Duration.toMillis
  })

const rate = (value: string | undefined, how: string): Rate & { readonly burst: number } =>
  Either.match(Schema.decodeEither(Pace.Rate)(value ?? ""), {
    onLeft: () => expected(how),
    onRight: ({ burst, limit, window }) => ({ limit, window: Duration.toMillis(window), burst })
  })

const share = (value: string | undefined, how: string): number => {
  const percent = /^(\d{1,3}(?:\.\d+)?)%$/.exec(value ?? "")?.[1]
  return percent !== undefined && Number(percent) <= 100 ? Number(percent) / 100 : expected(how)
}

const whole = (value: string, how: string): number => /^[1-9]\d{0,8}$/.test(value) ? Number(value) : expected(how)

/** `VALUE:REFUSAL`, or `VALUE` alone. */
const refused = (value: string, how: string): { readonly value: string; readonly gives: Refusal | undefined } => {
  const [, what, gives] = /^([^:]+)(?::([45]\d\d|page|hang))?$/.exec(value) ?? expected(how)
  return { value: what!, gives: gives === undefined || gives === "page" || gives === "hang" ? gives : Number(gives) }
}

/** A choice, and nothing else. */
const one = <const A extends string>(value: string, choices: ReadonlyArray<A>, how: string): A =>
  choices.find((choice) => choice === value) ?? expected(how)

/** `80ms`, or `p50:80ms,p99:2s`. */
const latency = (value: string): Spec["latency"] => {
  const how = "write a time or percentiles, such as 80ms or p50:80ms,p99:2s"
  const points = value.split(",").map((point) => {
    const [, name = "p50", written] = /^(?:(p[\d.]+):)?(.+)$/.exec(point) ?? []
    const millis = time(written, how)
    return { z: quantiles[name] ?? expected(`the percentiles are ${Object.keys(quantiles).join(", ")}`), millis }
  })
  if (points.length === 1 && points[0]!.z === 0) return { median: points[0]!.millis, deviation: 0 }
  if (points.length < 2 || points.some(({ millis }) => millis === 0)) return expected(how)
  // a straight line through them, least squares
  const mean = (values: ReadonlyArray<number>) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [z, log] = [points.map(({ z }) => z), points.map(({ millis }) => Math.log(millis))]
  const spread = mean(z.map((value) => (value - mean(z)) ** 2))
  const slope = mean(z.map((value, index) => (value - mean(z)) * (log[index]! - mean(log)))) / spread
  if (!(slope >= 0)) return expected("a higher percentile takes no less time")
  return { median: Math.exp(mean(log) - slope * mean(z)), deviation: slope }
}

/** Where the percentiles of the standard normal distribution are. */
const quantiles: Readonly<Record<string, number>> = {
  p50: 0,
  p75: 0.6744897501960817,
  p90: 1.2815515655446004,
  p95: 1.6448536269514722,
  p99: 2.3263478740408408,
  "p99.9": 3.090232306167813
}

/** `VALUE@FROM+FOR`. */
const spell = (value: string, how: string): Spell & { readonly value: string } => {
  const [, what, from, length] = /^([^@]+)@([^+]+)\+(.+)$/.exec(value) ?? expected(how)
  return { value: what!, from: time(from, how), for: time(length, how) }
}

/** The parts by name. */
const parts: Readonly<Record<string, Part>> = {
  rate: (spec, value) => {
    const { burst, ...limit } = rate(value, "write a rate such as 50/s or 600/min")
    // what a second lets through, unless told otherwise
    const second = Math.max(1, Math.floor(limit.limit / limit.window * 1000))
    return { ...spec, rate: limit, burst: burst > 1 ? burst : spec.burst > 1 ? spec.burst : second }
  },
  burst: (spec, value) => ({ ...spec, burst: whole(value, "write a whole number such as 10") }),
  drop: (spec, value) => {
    const how = "write the lower rate, from when on and for how long, such as 10/s@60s+60s"
    const { value: lower, ...rest } = spell(value, how)
    const { limit, window } = rate(lower, how)
    return { ...spec, drops: [...spec.drops, { ...rest, rate: { limit, window } }] }
  },
  quota: (spec, value) => {
    const { limit, window } = rate(value, "write calls in a period, such as 10000/day")
    return { ...spec, quota: { limit, window } }
  },
  over: (spec, value) => ({ ...spec, over: Number(one(value, ["429", "503"], "it is 429 or 503")) as 429 | 503 }),
  "retry-after": (spec, value) => {
    if (!/^\d/.test(value)) return { ...spec, retryAfter: one(value, ["exact", "date", "none"], tells) }
    const [least, most = least] = value.split("-")
    return { ...spec, retryAfter: [time(least, tells), time(most, tells)] }
  },
  headers: (spec, value) => ({
    ...spec,
    headers: one(value, ["ietf", "github", "none"], "they are ietf, github or none")
  }),
  concurrency: (spec, value) => ({ ...spec, concurrency: whole(value, "write a whole number such as 32") }),
  latency: (spec, value) => ({ ...spec, latency: latency(value) }),
  errors: (spec, value) => ({ ...spec, errors: share(value, percent) }),
  resets: (spec, value) => ({ ...spec, resets: share(value, percent) }),
  hangs: (spec, value) => ({ ...spec, hangs: share(value, percent) }),
  "not-found": (spec, value) => ({ ...spec, notFound: share(value, percent) }),
  poison: (spec, value) => {
    const how = "write a percentage, and what they get if it is no 500, such as 1%, 1%:429 or 1%:hang"
    const { gives = 500, value: part } = refused(value, how)
    return { ...spec, poison: [...spec.poison, { share: share(part, how), gives }] }
  },
  block: (spec, value) => {
    const how = "write two numbers, and what the codes between them get if it is no 500, such as 100-399 or 100-399:403"
    const { gives = 500, value: both } = refused(value, how)
    const [, from, to] = /^(\d{1,15})-(\d{1,15})$/.exec(both) ?? expected(how)
    return { ...spec, blocks: [...spec.blocks, { from: Number(from), to: Number(to), gives }] }
  },
  outage: (spec, value) => {
    const how = "write how long and from when on, and what comes if something does, such as 60s@5m or 60s@5m:503"
    const { gives, value: when } = refused(value, how)
    const [, length, from] = /^([^@]+)@(.+)$/.exec(when) ?? expected(how)
    const outage = { from: time(from, how), for: time(length, how), gives }
    return { ...spec, outages: [...spec.outages, outage] }
  },
  brownout: (spec, value) => {
    const how = "write what part of the calls, from when on and for how long, such as 50%@2m+60s"
    const { value: part, ...rest } = spell(value, how)
    return { ...spec, brownouts: [...spec.brownouts, { ...rest, share: share(part, how) }] }
  }
}

const tells = "write a time such as 1s, or 1s-5s, exact, date or none"
const percent = "write a percentage such as 1%"
/** What may stand several times. */
const repeated: ReadonlySet<string> = new Set(["outage", "brownout", "drop", "poison", "block"])

/** The names of the parts. */
export const names: ReadonlyArray<string> = Object.keys(parts)

/** What a specification says, or what is wrong with it. */
export const parse = (text: string): Either.Either<Spec, string> => {
  let spec: Spec = { ...calm, text }
  const seen = new Set<string>()
  // a comma may stand in a value: a new part begins with a name
  for (const part of text.trim() === "" ? [] : text.split(/,(?=\s*[a-z-]+=|\s*[a-z-]*$)/)) {
    const [, name, value] = /^\s*([^=]*?)=(.*?)\s*$/.exec(part) ?? []
    if (name === undefined) return Either.left(`${JSON.stringify(part.trim())} is not of the form name=value`)
    if (!Object.hasOwn(parts, name)) return Either.left(`there is no ${name}: write some of ${names.join(", ")}`)
    if (seen.has(name) && !repeated.has(name)) return Either.left(`${name} is given twice`)
    seen.add(name)
    try {
      spec = parts[name]!(spec, value!)
    } catch (how) {
      if (typeof how !== "string") throw how
      return Either.left(`${name}=${value}: ${how}`)
    }
  }
  if (seen.has("burst") && !seen.has("rate")) return Either.left("burst needs a rate")
  if (seen.has("drop") && !seen.has("rate")) return Either.left("drop needs a rate")
  return Either.right(spec)
}

/**
 * A simulated API as text:
 *
 * | part | means |
 * | --- | --- |
 * | `rate=50/s`, `burst=10` | a token bucket; more gets a 429 |
 * | `quota=10000/day` | calls in a period; more get a 429 |
 * | `over=503` | the status of what is too much, as nginx has it; 429 unless it is given |
 * | `retry-after=exact`, `date`, `none`, `1s`, `1s-5s` | what such a refusal tells; two times: any between them |
 * | `headers=ietf`, `github`, `none` | in which headers a reply tells what is left of the rate |
 * | `concurrency=32` | calls that are worked on at once; others wait in line |
 * | `latency=p50:80ms,p99:2s` | how long the work takes: log-normal through these percentiles, or always the same |
 * | `errors=1%`, `resets=0.5%`, `hangs=0.1%` | calls with a 500, a broken connection, no answer at all |
 * | `not-found=5%`, `poison=0.5%`, `0.5%:429` | codes that do not exist, and that always get a 500 or another status |
 * | `block=100-399:403` | codes that end in a number between these always get this status; without one: a 500 |
 * | `outage=60s@5m`, `60s@5m:503` | for 60 s from minute 5 on there is no connection, or nothing but a 503 |
 * | `brownout=50%@2m+60s` | for 60 s from minute 2 on half of the calls get a 503 |
 * | `drop=10/s@60s+60s` | for 60 s from second 60 on the rate is another one |
 *
 * In place of a status stands `page` for a web page with status 200, or `hang` for no answer at all. `poison`, `block`, `outage`, `brownout`
 * and `drop` may stand several times.
 */
export const Text: Schema.Schema<Spec, string> = Schema.transformOrFail(
  Schema.String,
  Schema.declare((input: unknown): input is Spec => typeof input === "object" && input !== null && "text" in input),
  {
    strict: true,
    decode: (text, _, ast) =>
      Either.match(parse(text), {
        onLeft: (message) => ParseResult.fail(new ParseResult.Type(ast, text, message)),
        onRight: ParseResult.succeed
      }),
    encode: ({ text }) => ParseResult.succeed(text)
  }
).annotations({ identifier: "Spec" })
