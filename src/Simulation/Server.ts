/**
 * A simulated API: it lets calls through, works on them, fails them, as its specification says, and knows what it saw.
 */
import { HttpClient, HttpClientError, type HttpClientRequest } from "@effect/platform"
import { type Context, DateTime, Effect } from "effect"
import type { Sending } from "../Lookup/Ask.ts"
import { discreet } from "../Lookup/Call.ts"
import { LookupError } from "../Outcome.ts"
import * as Draw from "./Draw.ts"
import type { Machine, Process } from "./Machine.ts"
import { Response } from "./Response.ts"
import type { Rate, Refusal, Spec, Spell } from "./Spec.ts"

/** A call as the server saw it; times are milliseconds since the beginning of the simulation. */
export interface Call {
  /** Which one of all it is, from 1. */
  readonly nth: number
  readonly code: string
  /** The program that it came from. */
  readonly from: number
  /** When it was sent. */
  readonly at: number
  /** When it ended; `Infinity` while it goes on. */
  end: number
  /** The status of the answer; `undefined` where there was none. */
  status: number | undefined
  /** The caller went away before there was an answer. */
  isAborted: boolean
  /** The wait that the answer asked for, in milliseconds. */
  told: number | undefined
  /** It got a web page for an answer. */
  isPage: boolean
}

/** What comes of a call. */
interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A simulated API. */
export interface Server {
  /** The template of a lookup's URL. */
  readonly url: string
  /** What a program reaches the server with; when the program is killed its connections end. */
  readonly client: (process: Process) => HttpClient.HttpClient
  /** Calls that go on. */
  readonly inFlight: () => number
  /** What it has seen, where it keeps that. */
  readonly calls: ReadonlyArray<Call>
}

/** What a server is made of. */
export interface Options {
  /** Decides which calls suffer; the same call of a code has the same fate, whatever else is asked. */
  readonly seed: number
  /** How many milliseconds the next connection takes to come to stand; they stand at once unless told otherwise. */
  readonly connecting?: (() => number) | undefined
  /** Keep every call in `calls`. */
  readonly isKept?: boolean
  /** Are told of every call when it is sent, and when it has ended. */
  readonly onBegin?: (call: Call) => void
  readonly onEnd?: (call: Call) => void
}

/** Milliseconds after which a call is refused, at the least and at the most. */
const refusal = [2, 8] as const

/** A token bucket: how full it is, and when that was so. */
interface Bucket {
  tokens: number
  at: number
}

/** A server on a machine. */
export const make = (
  machine: Context.Tag.Service<Machine>,
  spec: Spec,
  { connecting, isKept = false, onBegin, onEnd, seed }: Options
): Server => {
  const calls: Array<Call> = []
  /** How often each code was asked. */
  const asked = new Map<string, number>()
  const bucket: Bucket = { tokens: spec.burst, at: 0 }
  const quota = { used: 0, until: -Infinity }
  /** Calls that wait for a worker. */
  const line = new Queue()
  let working = 0
  let count = 0
  let inFlight = 0

  /** What the rate is now. */
  const rate = (): Rate | undefined => spell(spec.drops, machine.now())?.rate ?? spec.rate

  /** Fills the bucket, and gives the milliseconds until it holds a token; nothing: it holds one. */
  const lack = (): number => {
    const limit = rate()
    if (limit === undefined) return 0
    const now = machine.now()
    const interval = limit.window / limit.limit
    bucket.tokens = Math.min(spec.burst, bucket.tokens + (now - bucket.at) / interval)
    bucket.at = now
    return bucket.tokens >= 1 ? 0 : (1 - bucket.tokens) * interval
  }

  const refused = (wait: number, draw: number): Answer & { readonly told: number | undefined } => {
    const { over: status, retryAfter } = spec
    const body = errors[429]!
    if (retryAfter === "none") return { status, body, headers: limits(), told: undefined }
    const told = Array.isArray(retryAfter) ? retryAfter[0] + draw * (retryAfter[1] - retryAfter[0]) : wait
    const seconds = Math.ceil(told / 1000)
    if (retryAfter !== "date") {
      return { status, body, headers: { ...limits(), "retry-after": String(seconds) }, told: seconds * 1000 }
    }
    const [now, until] = [machine.date(), machine.date() + seconds * 1000]
    const headers = { ...limits(), date: httpDate(now), "retry-after": httpDate(until) }
    // of both dates only whole seconds are told
    return { status, body, headers, told: (Math.floor(until / 1000) - Math.floor(now / 1000)) * 1000 }
  }

  /** What is left of the rate. */
  const limits = (): Readonly<Record<string, string>> => {
    const limit = rate()
    if (spec.headers === "none" || limit === undefined) return noHeaders
    const left = Math.max(0, Math.floor(bucket.tokens))
    const reset = Math.ceil(Math.max(0, (spec.burst - bucket.tokens) * limit.window / limit.limit) / 1000)
    return spec.headers === "ietf"
      ? {
        "ratelimit-policy": `"default";q=${limit.limit};w=${Math.ceil(limit.window / 1000)}`,
        ratelimit: `"default";r=${left};t=${reset}`
      }
      : {
        // whose clock the reset is told by
        date: httpDate(machine.date()),
        "x-ratelimit-limit": String(limit.limit),
        "x-ratelimit-remaining": String(left),
        "x-ratelimit-reset": String(Math.ceil(machine.date() / 1000) + reset)
      }
  }

  /** Whether it is let through; if not, how many milliseconds it should wait. */
  const wait = (): number => {
    const now = machine.now()
    if (spec.quota !== undefined) {
      if (now >= quota.until) Object.assign(quota, { used: 0, until: now + spec.quota.window })
      if (quota.used >= spec.quota.limit) return quota.until - now
    }
    const short = lack()
    if (short > 0) return short
    bucket.tokens--
    quota.used++
    return 0
  }

  /** What the work on a call comes to: an answer, a broken connection, or nothing at all. */
  const fate = (call: Call, draw: number, ofCall: number, ofCode: number): Answer | "reset" | "hang" => {
    if (draw < spec.hangs) return "hang"
    if (draw < spec.hangs + spec.resets) return "reset"
    const headers = limits()
    const brownout = spell(spec.brownouts, call.at)
    if (brownout !== undefined && Draw.of(ofCall, 5) < brownout.share) {
      return { status: 503, headers, body: `{"error":"unavailable"}` }
    }
    if (draw < spec.hangs + spec.resets + spec.errors) return { status: 500, headers, body: errors[500]! }
    const gives = refusalOf(spec, call.code, ofCode)
    if (gives !== undefined) return gives === "hang" ? gives : { headers, ...saying(gives) }
    if (Draw.of(ofCode, 2) < spec.notFound) return { status: 404, headers, body: "" }
    return { status: 200, headers, body: `{"code":${JSON.stringify(call.code)},"nth":${call.nth}}` }
  }

  /** Takes a call; `reply` gets what comes of it. What it gives is to be run when the caller goes away. */
  const take = (code: string, from: number, reply: (answer: Answer | LookupError) => void): () => void => {
    const call: Call = {
      nth: ++count,
      code,
      from,
      at: machine.now(),
      end: Infinity,
      status: undefined,
      isAborted: false,
      told: undefined,
      isPage: false
    }
    const nth = (asked.get(code) ?? 0) + 1
    asked.set(code, nth)
    if (isKept) calls.push(call)
    inFlight++
    machine.note(from)
    machine.note(Draw.hash(0, code) ^ Math.round(call.at * 1000))
    onBegin?.(call)

    const ofCode = Draw.hash(seed, code)
    const ofCall = Draw.mix(ofCode + Math.imul(nth, 0x9e3779b1))
    let cancel = () => {}
    let isWorking = false

    const end = () => {
      inFlight--
      call.end = machine.now()
      machine.note(call.status ?? (call.isAborted ? 1 : 0))
      onEnd?.(call)
      if (!isWorking) return
      working--
      line.next()?.()
    }
    const answer = (given: Answer | LookupError) => {
      if (!(given instanceof LookupError)) {
        call.status = given.status
        call.isPage = given.body === page
      }
      end()
      reply(given)
    }
    const soon = (given: Answer | LookupError) => {
      const [least, most] = refusal
      cancel = machine.after(least + Draw.of(ofCall, 1) * (most - least), () => answer(given))
    }
    const work = () => {
      isWorking = true
      working++
      const { deviation, median } = spec.latency
      const millis = deviation === 0
        ? median
        : median * Math.exp(deviation * Draw.normal(Draw.of(ofCall, 2), Draw.of(ofCall, 3)))
      const drawn = Draw.of(ofCall, 4)
      cancel = machine.after(millis * (drawn < spec.hangs + spec.resets ? 0.5 : 1), () => {
        const given = fate(call, drawn, ofCall, ofCode)
        if (given === "reset") answer(broken)
        else if (given !== "hang") answer(given)
      })
    }

    const outage = spell(spec.outages, call.at)
    if (outage !== undefined) {
      if (outage.gives === undefined) soon(unreachable)
      else if (outage.gives !== "hang") soon({ headers: noHeaders, ...saying(outage.gives) })
    } else {
      const millis = wait()
      if (millis > 0) {
        const { told, ...given } = refused(millis, Draw.of(ofCall, 6))
        call.told = told
        soon(given)
      } else if (working < spec.concurrency) work()
      else cancel = line.add(work)
    }
    return () => {
      if (call.end < Infinity) return
      cancel()
      call.isAborted = true
      end()
    }
  }

  const client = (process: Process): HttpClient.HttpClient => {
    /** How to end the calls in flight. */
    const open = new Set<() => void>()
    /** Connections that carry no call. */
    let idle = 0
    process.onKill(() => {
      for (const abort of open) abort()
    })
    const send = (request: HttpClientRequest.HttpClientRequest, sending?: Sending) =>
      Effect.async<Response, HttpClientError.RequestError>((resume) => {
        let end = () => {}
        const abort = () => end()
        const write = () => {
          sending?.sent()
          end = take(codeOf(request.url), process.nth, (answer) => {
            open.delete(abort)
            if (answer instanceof LookupError) {
              return resume(new HttpClientError.RequestError({ request, reason: "Transport", cause: answer }))
            }
            idle++
            resume(Effect.succeed(new Response(request, answer.status, answer.headers, answer.body)))
          })
        }
        if (connecting === undefined || idle > 0) {
          idle--
          write()
        } else {
          sending?.waits()
          end = machine.after(connecting(), write)
        }
        open.add(abort)
        return Effect.sync(() => {
          open.delete(abort)
          abort()
        })
      })
    const made = HttpClient.makeWith<never, never, HttpClientError.HttpClientError, never>(
      Effect.flatMap(send),
      Effect.succeed
    )
    discreet.set(made, send)
    return made
  }

  return { url: `${origin}{code}`, client, inFlight: () => inFlight, calls }
}

/** What a code gets whenever it is asked. */
const refusalOf = (spec: Spec, code: string, ofCode: number): Refusal | undefined => {
  let poison = Draw.of(ofCode, 1)
  for (const { gives, share } of spec.poison) {
    if (poison < share) return gives
    poison -= share
  }
  if (spec.blocks.length === 0) return undefined
  const number = Number(/\d+$/.exec(code)?.[0] ?? NaN)
  return spec.blocks.find(({ from, to }) => number >= from && number <= to)?.gives
}

/** What the server of a seed gives for a code whenever it is asked, if it has no answer for it. */
export const refusalFor = (spec: Spec, seed: number, code: string): Refusal | undefined =>
  refusalOf(spec, code, Draw.hash(seed, code))

const origin = "http://api.simulated/"

const codeOf = (url: string) => decodeURIComponent(url.slice(url.lastIndexOf("/") + 1))

const noHeaders: Readonly<Record<string, string>> = {}

const unreachable = new LookupError({ reason: "refused", message: "connect ECONNREFUSED" })
const broken = new LookupError({ reason: "transport", message: "the connection was reset" })

/** What servers say with a status. */
const errors: Readonly<Record<number, string>> = {
  401: `{"error":"unauthorized"}`,
  402: `{"error":"insufficient credits"}`,
  403: `{"error":"forbidden"}`,
  429: `{"error":"too many requests"}`,
  500: `{"error":"internal"}`
}

const page = "<!doctype html><title>Maintenance</title>We are back soon."

const saying = (refusal: Exclude<Refusal, "hang">): Pick<Answer, "status" | "body"> =>
  refusal === "page"
    ? { status: 200, body: page }
    : { status: refusal, body: errors[refusal] ?? `{"error":"down"}` }

/** What there is at a time. */
const spell = <A extends Spell>(spells: ReadonlyArray<A>, now: number): A | undefined =>
  spells.length === 0 ? undefined : spells.find(({ for: length, from }) => now >= from && now < from + length)

/** IMF-fixdate, RFC 9110, 5.6.7. */
const httpDate = (millis: number) => DateTime.toDateUtc(DateTime.unsafeMake(millis)).toUTCString()

/** A line: first come, first served, and one may leave it. */
class Queue {
  private readonly waiting = new Set<() => void>()

  add(work: () => void): () => void {
    this.waiting.add(work)
    return () => {
      this.waiting.delete(work)
    }
  }

  next(): (() => void) | undefined {
    for (const work of this.waiting) {
      this.waiting.delete(work)
      return work
    }
    return undefined
  }
}
