import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { createHash } from "node:crypto"
import * as Ledger from "../../src/Ledger/Memory.ts"
import * as Lookup from "../../src/Lookup.ts"
import * as Idempotency from "../../src/Lookup/Idempotency.ts"
import type * as Policy from "../../src/Policy.ts"
import * as Rollcall from "../../src/Rollcall.ts"
import * as Sink from "../../src/Sink.ts"
import * as Source from "../../src/Source.ts"
import * as Transport from "../../src/Transport.ts"
import * as Serve from "../serve.ts"

const policy: Policy.Policy = {
  ...Serve.policy,
  retry: { retries: 2, base: Duration.millis(1), cap: Duration.millis(5) },
  allowNone: true
}

const codes = ["a", "b", "c"]

/** A server whose first reply to each code is lost after it was carried out, and the keys that it gets. */
const serve = (lose: (socket: { destroy: () => void }) => void) =>
  Effect.gen(function*() {
    const keys: Array<readonly [code: string, key: string | undefined]> = []
    const url = yield* Serve.http((request, response) => {
      request.resume()
      const code = request.url!.slice(1)
      const isFirst = !keys.some(([known]) => known === code)
      keys.push([code, request.headers["idempotency-key"] as string | undefined])
      if (isFirst) return lose(response)
      response.writeHead(200, { "content-type": "application/json" }).end("{}")
    })
    return { keys, url }
  })

describe.concurrent("a request that may have been carried out", () => {
  const losses = {
    "the connection breaks": (socket: { destroy: () => void }) => socket.destroy(),
    "no answer comes": () => {}
  }
  for (const [name, lose] of Object.entries(losses)) {
    const cases: ReadonlyArray<
      readonly [what: string, options: Partial<Lookup.HttpOptions<unknown, unknown>>, calls: number]
    > = [
      ["GET is sent again", {}, 6],
      ["PUT is sent again", { method: "PUT", body: "x" }, 6],
      ["POST is not", { method: "POST", body: "x" }, 3],
      ["PATCH is not", { method: "PATCH", body: "x" }, 3],
      ["POST is where it is said to be idempotent", { body: "x", idempotent: true }, 6],
      ["GET is not where it is said to do something", { idempotent: false }, 3]
    ]
    for (const [what, options, calls] of cases) {
      it.scopedLive(`${name}: ${what}`, () =>
        Effect.gen(function*() {
          const { keys, url } = yield* serve(lose)
          const lookup = Lookup.http({ url: `${url}/{code}`, ...options })
          const timeout = name === "no answer comes" ? { timeout: Duration.seconds(2) } : {}
          const outcomes = yield* Rollcall.forEach(lookup, codes, { ...policy, ...timeout })
          // on a machine that is busy the second answer may come too late as well
          if (calls === 6) assert.isAtLeast(keys.length, calls)
          else assert.lengthOf(keys, calls)
          for (const outcome of outcomes) {
            assert.strictEqual(outcome.outcome, calls === 6 ? "found" : "failed")
            if (outcome.outcome === "failed") {
              assert.include(["transport", "timeout"], outcome.error.reason)
              assert.match(outcome.error.message, /; it may have been carried out, so it is not sent again/)
            }
          }
        }).pipe(Effect.provide(Transport.layer)))
    }
  }

  it.scopedLive("is sent again all the same where it never left", () =>
    Effect.gen(function*() {
      let calls = 0
      const url = yield* Serve.http((request, response) => {
        request.resume()
        response.writeHead(calls++ === 0 ? 503 : 200, { "content-type": "application/json" }).end("{}")
      })
      const [outcome] = yield* Rollcall.forEach(Lookup.http({ url: `${url}/{code}`, body: "x" }), ["a"], policy)
      assert.deepInclude(outcome!, { outcome: "found", calls: 2 })
    }).pipe(Effect.provide(Transport.layer)))
})

describe("the key of a question", () => {
  it.effect("is a hash of the run and the question", () =>
    Effect.gen(function*() {
      const [a, b, c] = createHash("sha256").update("run\n34102").digest("hex").match(/.{8}|.{4}/g)!
      const key = yield* Idempotency.key("run", "34102")
      assert.isTrue(key.startsWith(`${a}-${b!.slice(0, 4)}-${b!.slice(4)}-${c!.slice(0, 4)}-`), key)
      assert.match(key, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    }))

  it.scopedLive("is the same for every call, and goes with no call unless it is asked for", () =>
    Effect.gen(function*() {
      const { keys, url } = yield* serve((socket) => socket.destroy())
      const options = { url: `${url}/{code}`, body: "x", idempotent: true }
      yield* Rollcall.forEach(Lookup.http({ ...options, idempotencyKey: true }), codes, policy)
      assert.lengthOf(new Set(keys.map(([, key]) => key)), 3)
      for (const code of codes) assert.lengthOf(new Set(keys.flatMap(([of, key]) => of === code ? [key] : [])), 1)
      yield* Rollcall.forEach(Lookup.http(options), ["d"], policy)
      assert.deepStrictEqual(keys.slice(-2), [["d", undefined], ["d", undefined]])
    }).pipe(Effect.provide(Transport.layer)))

  it.scopedLive("is another one in another run, but not in one that goes on", () =>
    Effect.gen(function*() {
      const keys: Array<unknown> = []
      const url = yield* Serve.http((request, response) => {
        keys.push(request.headers["idempotency-key"])
        response.writeHead(keys.length < 5 ? 401 : 200).end("{}")
      })
      const lookup = Lookup.http({ url: `${url}/{code}`, idempotencyKey: true })
      const run = Effect.exit(Rollcall.run(lookup, { source: Source.codes(["a"]), policy }))
      const twice = Effect.provide(Effect.zipRight(run, run), [Ledger.layer, Sink.layerNone])
      yield* twice
      yield* twice
      assert.strictEqual(keys[0], keys[1])
      assert.strictEqual(keys[2], keys[3])
      assert.notStrictEqual(keys[1], keys[2])
    }).pipe(Effect.provide(Transport.layer)))
})
