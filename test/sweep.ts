/**
 * Sweeps in virtual time against a server that says what it is told to.
 */
import { assert } from "@effect/vitest"
import { Duration, Effect, Exit, Option } from "effect"
import type { Code } from "../src/Code.ts"
import type { Question } from "../src/Entry.ts"
import type { Lookup } from "../src/Lookup.ts"
import type { Ask } from "../src/Lookup/Ask.ts"
import * as Classify from "../src/Lookup/Classify.ts"
import { LookupError } from "../src/Outcome.ts"
import * as Policy from "../src/Policy.ts"
import type { Reply } from "../src/Reply.ts"
import * as Snapshot from "../src/Snapshot.ts"
import * as Sweep from "../src/Sweep.ts"
import { simulate } from "./simulate.ts"

/** What the server says to a call: a status, a status with Retry-After, an error, or nothing ever. */
export type Answer =
  | number
  | { readonly status: number; readonly retryAfter: string }
  | LookupError
  | "hang"
  | "throw"

export interface Call {
  readonly code: string
  readonly at: number
  readonly inFlight: number
}

/** A lookup that asks in its own way, and finds whatever a 200 carries. */
export const lookupOf = (
  ask: Ask<LookupError>,
  curl?: (question: Question) => string
): Lookup<unknown, LookupError> => ({
  name: "simulated",
  inputs: [],
  fingerprint: Effect.succeed({}),
  prepare: Effect.succeed(ask),
  read: (reply) => Classify.reply(reply, (body) => ({ verdict: "found", answer: JSON.parse(body) })),
  expect: "json",
  idempotent: true,
  reading: "",
  isRead: true,
  weight: 1,
  curl: (question) => Effect.succeed(Option.fromNullable(curl?.(question)))
})

/** A server in virtual time. `answer` gets the code, which call for it this is (from 1), and the time in milliseconds. */
export const serve = (
  answer: (code: string, nth: number, at: number) => Answer,
  latency: number | ((code: string, nth: number) => number) = 10
) => {
  const calls: Array<Call> = []
  const nth = new Map<string, number>()
  let inFlight = 0
  const ask: Ask<LookupError> = ([{ code }]) =>
    Effect.acquireUseRelease(
      Effect.map(Effect.clock, (clock) => {
        const at = clock.unsafeCurrentTimeMillis()
        nth.set(code, (nth.get(code) ?? 0) + 1)
        calls.push({ code, at, inFlight: ++inFlight })
        return at
      }),
      (at): Effect.Effect<Reply, LookupError> => {
        const said = answer(code, nth.get(code)!, at)
        if (said === "hang") return Effect.never
        return Effect.flatMap(
          Effect.sleep(Duration.millis(typeof latency === "number" ? latency : latency(code, nth.get(code)!))),
          () => {
            if (said === "throw") return Effect.dieMessage("a defect")
            if (said instanceof LookupError) return said
            const [status, retryAfter] = typeof said === "number" ? [said, undefined] : [said.status, said.retryAfter]
            return Effect.succeed<Reply>({
              status,
              body: `"${code}"`,
              at,
              header: (name) => name === "retry-after" ? retryAfter : undefined
            })
          }
        )
      },
      () => Effect.sync(() => inFlight--)
    )
  const lookup = lookupOf(ask, ({ code }) => `curl ${code}`)
  return { lookup, calls }
}

export const policy: Policy.Policy = { ...Policy.standard, concurrency: 4, allowNone: true }

/** Questions of a page. */
const page = 512

/** Sweeps codes c0, c1, … and collects what is settled. */
export const sweep = (
  server: { readonly lookup: Lookup<unknown, LookupError> },
  count: number,
  given: Partial<Policy.Policy> = {},
  settled: Array<Sweep.Settled> = [],
  /** How long it takes to read a page. */
  reading: Duration.DurationInput = 0,
  isHeld?: () => boolean
) => {
  let next = 0
  let snapshot = () => Snapshot.nothing(0)
  const effect = Effect.flatMap(Sweep.prepare(server.lookup), (ask) =>
    Effect.flatMap(
      Sweep.make({
        lookup: server.lookup,
        ask,
        policy: { ...policy, ...given },
        pull: Effect.delay(reading)(Effect.sync(() => {
          const from = next
          next = Math.min(count, next + page)
          return Array.from({ length: next - from }, (_, index) => ({
            id: from + index,
            question: { code: `c${from + index}` as Code, values: {} }
          }))
        })),
        settle: (one) => Effect.sync(() => void settled.push(one)),
        isHeld
      }),
      (sweep) => {
        snapshot = sweep.unsafeSnapshot
        return sweep.run
      }
    ))
  return { effect, settled, snapshot: () => snapshot() }
}

export const run = (
  server: { readonly lookup: Lookup<unknown, LookupError> },
  count: number,
  given: Partial<Policy.Policy> = {},
  seed = 1
) => {
  const { effect, settled, snapshot } = sweep(server, count, given)
  return { exit: simulate(effect, seed), settled, snapshot: snapshot() }
}

export const of = (settled: ReadonlyArray<Sweep.Settled>, code: string) => {
  const found = settled.filter(({ question }) => question.code === code)
  assert.lengthOf(found, 1, `${code} is settled once`)
  return found[0]!
}

export const stopReason = (exit: Exit.Exit<void, Sweep.StopError>) =>
  Exit.match(exit, {
    onSuccess: () => "none",
    onFailure: (cause) => cause._tag === "Fail" ? cause.error.reason : String(cause)
  })

export const transport = (reason: LookupError["reason"]) => new LookupError({ reason, message: reason })

/** A 429 that says how long to wait. */
export const told = (seconds: string): Answer => ({ status: 429, retryAfter: seconds })
