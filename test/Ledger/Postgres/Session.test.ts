import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Logger } from "effect"
import { randomUUID } from "node:crypto"
import * as Session from "../../../src/Ledger/Postgres/Session.ts"
import { isThere, query, url } from "../../schema.ts"

describe.runIf(isThere)("Session", () => {
  it.scopedLive("waits for a server that takes no more connections", () =>
    Effect.gen(function*() {
      const role = `few_${randomUUID().replaceAll("-", "").slice(0, 12)}`
      yield* Effect.acquireRelease(
        query(`create role ${role} login password 'x' connection limit 1`),
        () => query(`drop role ${role}`)
      )
      const address = {
        name: "postgres://here",
        schema: "",
        url: url((url) => {
          url.username = role
          url.password = "x"
        })
      }
      const said: Array<string> = []
      const logger = Logger.make(({ message }) => said.push(String(message)))
      // one connection, until it is let go of
      const other = yield* Effect.fork(
        Effect.scoped(Effect.zipRight(Session.open(address, {}), Effect.sleep("1500 millis")))
      )
      yield* Effect.sleep("500 millis")
      const session = yield* Session.open(address, {}).pipe(
        Effect.provide(Logger.replace(Logger.defaultLogger, logger))
      )
      assert.deepStrictEqual(yield* session.select("select 1", [], ([one]) => one), [1])
      assert.deepStrictEqual(said.map((text) => text.replace(/: end some .*/, "")), [
        "postgres://here: the server takes no more connections"
      ])
      yield* Fiber.join(other)
    }))
})
