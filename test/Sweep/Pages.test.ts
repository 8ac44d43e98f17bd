import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber } from "effect"
import { Ledger } from "../../src/Ledger.ts"
import * as Memory from "../../src/Ledger/Memory.ts"
import * as Policy from "../../src/Policy.ts"
import * as Rollcall from "../../src/Rollcall.ts"
import * as Sink from "../../src/Sink.ts"
import * as Source from "../../src/Source.ts"
import * as Pages from "../pages.ts"
import { simulate } from "../simulate.ts"
import { of, run } from "../sweep.ts"

const never = () => Effect.succeed(undefined)
const pages = (code: string, count: number) => Array.from({ length: count }, (_, nth) => `${code} ${nth + 1}`)

describe("a question of several requests", () => {
  it("pays for each of them, and is answered by all", () => {
    const server = Pages.serve(5, never)
    const { exit, settled, snapshot } = run(server, 20)
    assert.deepStrictEqual(exit, Exit.void)
    assert.deepInclude(of(settled, "c3"), { answer: pages("c3", 5), calls: 5, attempts: 1 })
    assert.strictEqual(snapshot.calls, 100)
    assert.lengthOf(server.requests, 100)
  })

  it("tries a page again that failed, and none before it", () => {
    const server = Pages.serve(
      9,
      (code, page, nth) => Effect.succeed(code === "c2" && page === 7 && nth < 4 ? 500 : undefined)
    )
    const { exit, settled } = run(server, 10, { breaker: null })
    assert.deepStrictEqual(exit, Exit.void)
    assert.deepInclude(of(settled, "c2"), { answer: pages("c2", 9), calls: 12, attempts: 4 })
    assert.deepStrictEqual(
      server.requests.filter((one) => one.startsWith("c2/")).map((one) => Number(one.slice(3))),
      [1, 2, 3, 4, 5, 6, 7, 7, 7, 7, 8, 9]
    )
  })

  it("has as many retries and as much time for each page as for one", () => {
    const server = Pages.serve(30, (_, page, nth) => Effect.succeed(page % 3 === 0 && nth < 4 ? 500 : undefined))
    const { exit, settled } = run(server, 3, {
      breaker: null,
      retryBudget: null,
      uniform: null,
      timeout: Duration.seconds(1),
      deadline: Duration.seconds(20)
    })
    assert.deepStrictEqual(exit, Exit.void)
    assert.deepInclude(of(settled, "c1"), { answer: pages("c1", 30), calls: 60 })
  })

  it("goes on in the next run with the page that has not come, which was durable before it was asked for", () => {
    const count = 9
    let kept = 0
    const exit = simulate(
      Effect.gen(function*() {
        const ledger = yield* Ledger
        const go = (server: ReturnType<typeof Pages.serve>) =>
          Rollcall.run(server.lookup, {
            source: Source.codes(["a", "b"]),
            policy: { ...Policy.standard, concurrency: 1, drain: Duration.zero }
          }).pipe(Effect.provide(Sink.layerNone))
        const first = Pages.serve(count, (code, page) =>
          code === "b" && page === 7
            ? Effect.orDie(Effect.map(ledger.parts.of([1, 2]), (parts) => {
              kept = [...parts.values()].at(-1)!.length
              return "never" as const
            }))
            : never())
        const killed = yield* Effect.fork(go(first))
        yield* Effect.sleep("1 second")
        yield* Fiber.interrupt(killed)
        const second = Pages.serve(count, never)
        const summary = yield* go(second)
        return { summary, first: first.requests, second: second.requests }
      }).pipe(Effect.provide(Memory.layer))
    )
    if (Exit.isFailure(exit)) return assert.fail(String(exit.cause))
    const { first, second, summary } = exit.value
    assert.strictEqual(summary.outcomes.found, 2)
    assert.strictEqual(first.at(-1), "b/7")
    assert.strictEqual(kept, 6)
    assert.deepStrictEqual(second, ["b/7", "b/8", "b/9"])
  })
})
