/**
 * Judges a server that answers badly: what becomes of the poisoned question and of its neighbours, in what time, and what stays open.
 */
import { afterAll, assert, beforeAll } from "@effect/vitest"
import { Duration, Effect, Either, Schedule, type Scope } from "effect"
import { monitorEventLoopDelay } from "node:perf_hooks"
import * as Lookup from "../../src/Lookup.ts"
import type { Kind, Reason } from "../../src/Outcome.ts"
import * as Policy from "../../src/Policy.ts"
import * as Rollcall from "../../src/Rollcall.ts"
import * as Transport from "../../src/Transport.ts"
import { scale } from "../scale.ts"
import * as Faulty from "./faulty.ts"

/** How often each class is tried. */
export const tries = scale(1, 2, 20)

export const policy: Policy.Policy = {
  ...Policy.local,
  concurrency: 4,
  timeout: Duration.millis(700),
  deadline: Duration.millis(2500),
  retry: { retries: 1, base: Duration.millis(5), cap: Duration.millis(20) },
  throttle: { base: Duration.millis(20), cap: Duration.millis(40), maxWait: Duration.millis(300) }
}

/** By how many milliseconds a question may outlive its deadline. */
const grace = 250

/** What becomes of the poisoned question. */
export interface Expected {
  readonly outcome: Kind
  readonly type?: Reason
  readonly status?: number
  readonly attempts: number
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
    Effect.either,
    Effect.timed
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

/** What became of the poisoned question, and that nothing became of the others. */
export const judge = (
  serve: Effect.Effect<Faulty.Server, never, Scope.Scope>,
  codes: ReadonlyArray<string>,
  expected: Expected,
  options: Transport.Options = {}
) =>
  Effect.scoped(Effect.gen(function*() {
    const delay = yield* lag
    const server = yield* serve
    const [took, outcomes] = yield* ask(server, codes, options)
    yield* assertClosed(server)
    if (Either.isLeft(outcomes)) return assert.fail(`the run stopped: ${outcomes.left.message}`)
    const late = Duration.toMillis(took) - Duration.toMillis(policy.deadline) - delay.max / 1e6
    assert.isBelow(late, grace, "milliseconds beyond the deadline")
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

/** Tries again where the process stood still: the limits have passed then without a fault of anybody. */
export const patiently = (test: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.scoped(Effect.flatMap(lag, (delay) =>
    Effect.orDie(Effect.retry(
      Effect.sandbox(Effect.suspend(() => {
        delay.reset()
        return test
      })),
      { times: 3, while: () => delay.max / 1e6 > 100 }
    ))))

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
