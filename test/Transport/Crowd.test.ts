import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import * as Net from "node:net"
import * as Lookup from "../../src/Lookup.ts"
import * as Rollcall from "../../src/Rollcall.ts"
import * as Transport from "../../src/Transport.ts"
import * as Serve from "../serve.ts"
import * as Faulty from "./faulty.ts"

/** Stands before a server, and resets what would be more than two connections at a time. */
const narrow = (origin: string) =>
  Effect.map(
    Faulty.sockets(
      "https",
      (() => {
        let open = 0
        return (socket: Net.Socket) => {
          if (open === 2) return socket.resetAndDestroy()
          open++
          const behind = Net.connect(Number(new URL(origin).port), "127.0.0.1")
          behind.on("error", () => socket.destroy())
          behind.on("close", () => socket.destroy())
          socket.on("error", () => {})
          socket.on("close", () => {
            open--
            behind.destroy()
          })
          socket.pipe(behind).pipe(socket)
        }
      })()
    ),
    (server) => server.origin
  )

const codes = Array.from({ length: 40 }, (_, index) => `c${index}`)

const ask = (url: string, options: Transport.Options, method: "GET" | "POST") =>
  Effect.map(
    Rollcall.forEach(Lookup.http({ url, method }), codes, {
      ...Serve.policy,
      concurrency: 16,
      retry: { retries: 0, base: Duration.millis(1), cap: Duration.millis(1) }
    }),
    (outcomes) => outcomes.map((outcome) => outcome.outcome === "failed" ? outcome.error.message : outcome.calls)
  ).pipe(Effect.provide(Transport.layerWith({ ca: Faulty.ca.cert, environment: {}, ...options })))

describe("Crowd", () => {
  const once = codes.map(() => 1)
  for (const method of ["GET", "POST"] as const) {
    it.scopedLive(`waits for a connection that stands where one more is refused: HTTP/2, ${method}`, () =>
      Effect.gen(function*() {
        const api = yield* Faulty.http2(() => {})
        const asked = yield* ask(`${yield* narrow(api.origin)}/{code}`, { http2: true }, method)
        assert.deepStrictEqual([asked, api.asked.toSorted()], [once, codes.toSorted()])
      }))
  }

  it.scopedLive("the same over HTTP/1.1", () =>
    Effect.gen(function*() {
      const api = yield* Faulty.http1("https", () => {})
      const asked = yield* ask(`${yield* narrow(api.origin)}/{code}`, {}, "GET")
      assert.deepStrictEqual([asked, api.asked.toSorted()], [once, codes.toSorted()])
    }))
})
