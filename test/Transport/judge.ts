/**
 * Judges a server that answers badly: what becomes of the poisoned question and of its neighbours, in what time, and what stays open.
 */
import { afterAll, assert, beforeAll } from "@effect/vitest"
import { Duration, Effect, Either, Schedule, type Scope } from "effect"
import { monitorEventLoopDelay } from "node:perf_hooks"
import * as Lookup from "../../src/Lookup.ts"
import type { Kind, Reason } from "../../src/Outcome.ts"
import type * as Policy from "../../src/Policy.ts"
import * as Rollcall from "../../src/Rollcall.ts"
import * as Transport from "../../src/Transport.ts"
import { scale } from "../scale.ts"
import * as Serve from "../serve.ts"
import * as Faulty from "./faulty.ts"

/** How often each class is tried. */
export const tries = scale(1, 2, 20)

export const policy: Policy.Policy = {
  ...Serve.policy,
  concurrency: 4,
  retry: { retries: 1, base: Duration.millis(5), cap: Duration.millis(20) },
  throttle: { base: Duration.millis(20), cap: Duration.millis(40), maxWait: Duration.minutes(1) }
}

/** For calls that are to be given up; so many times as patient with those that are not. */
export const hasty = (patience = 1): Policy.Policy => ({
  ...policy,
  timeout: Duration.millis(500 * patience),
  deadline: Duration.millis(2500 * patience)
})

/** What becomes of the poisoned question. */
export interface Expected {
  readonly outcome: Kind
  readonly type?: Reason
  readonly status?: number
  readonly attempts: number
  /** A call is given up before this comes of it. */
  readonly isSlow?: boolean
}

/** The questions: the first is asked alone. */
export const codes: ReadonlyArray<string> = ["first", "a", "b", Faulty.poison, "c", "d", "e"]

/** Asks a server, and closes what asks. */
export const ask = (
  { origin }: Pick<Faulty.Server, "origin">,
  codes: ReadonlyArray<string>,
  options: Transport.Options = {},
  tuned: Policy.Policy = policy
) =>
  Rollcall.forEach(Lookup.http({ url: `${origin}/{code}` }), codes, tuned).pipe(
    Effect.provide(Transport.layerWith({ ca: Faulty.ca.cert, maxBody: 64 * 1024, environment: {}, ...options })),
    Effect.either
  )

/** Once the layer is closed, the server has no connection left, without closing any. */
export const assertClosed = ({ open }: Faulty.Server) =>
  Effect.sync(() => open.size).pipe(
    Effect.repeat({
      until: (size) => size === 0,
      schedule: Schedule.intersect(Schedule.spaced("20 millis"), Schedule.recurs(50))
    }),
    Effect.map(() => assert.strictEqual(open.size, 0, "connections that stay open"))
  )

/** What became of the poisoned question, and that nothing became of the others. What is not given up in time ends otherwise, or never. */
export const judge = (
  serve: Effect.Effect<Faulty.Server, never, Scope.Scope>,
  codes: ReadonlyArray<string>,
  { isSlow = false, ...expected }: Expected,
  options: Transport.Options = {}
) =>
  isSlow || expected.type === "timeout"
    ? patiently((patience) => judgeWithin(hasty(patience), serve, codes, expected, options))
    : judgeWithin(policy, serve, codes, expected, options)

const judgeWithin = (
  tuned: Policy.Policy,
  serve: Effect.Effect<Faulty.Server, never, Scope.Scope>,
  codes: ReadonlyArray<string>,
  expected: Expected,
  options: Transport.Options
) =>
  Effect.scoped(Effect.gen(function*() {
    const server = yield* serve
    const outcomes = yield* ask(server, codes, options, tuned)
    yield* assertClosed(server)
    if (Either.isLeft(outcomes)) return assert.fail(`the run stopped: ${outcomes.left.message}`)
    for (const outcome of outcomes.right) {
      if (outcome.code !== Faulty.poison) {
        assert.deepInclude(outcome, { outcome: "found", answer: { code: outcome.code }, attempts: 1 })
        continue
      }
      const { attempts, http_status: status, outcome: kind } = outcome
      const type = outcome.outcome === "failed" ? outcome.error.reason : undefined
      assert.deepStrictEqual(
        { outcome: kind, type, status, attempts },
        { type: undefined, status: undefined, ...expected },
        JSON.stringify(outcome)
      )
      if (outcome.outcome === "found") assert.deepStrictEqual(outcome.answer, { code: Faulty.poison })
    }
  }))

/** For how long this process stood still: that is nobody's fault. */
const lag = Effect.acquireRelease(
  Effect.sync(() => {
    const delay = monitorEventLoopDelay({ resolution: 10 })
    delay.enable()
    return delay
  }),
  (delay) => Effect.sync(() => delay.disable())
)

/** Tries again with limits four times as long where the process stood still: they have passed then without a fault of anybody. */
const patiently = (test: (patience: number) => Effect.Effect<void>, patience = 1): Effect.Effect<void> =>
  Effect.scoped(
    Effect.flatMap(lag, (delay) =>
      Effect.catchAllCause(test(patience), (cause) =>
        patience < 64 && delay.max / 1e6 > 50 ? patiently(test, patience * 4) : Effect.failCause(cause)))
  )

/** Sees to it that in all the tests of a file nothing escapes. */
export const watch = () => {
  const escaped: Array<unknown> = []
  const escape = (error: unknown) => void escaped.push(error)
  beforeAll(() => void process.on("unhandledRejection", escape).on("uncaughtException", escape))
  afterAll(() => {
    process.off("unhandledRejection", escape).off("uncaughtException", escape)
    assert.deepStrictEqual(escaped, [])
  })
}
