/**
 * Calls that are made once only, and connections that end around them. The server's log is the judge.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, type Scope } from "effect"
import type { Socket } from "node:net"
import * as Tls from "node:tls"
import * as Lookup from "../../src/Lookup.ts"
import type * as Policy from "../../src/Policy.ts"
import * as Rollcall from "../../src/Rollcall.ts"
import * as Transport from "../../src/Transport.ts"
import * as Serve from "../serve.ts"
import * as Faulty from "./faulty.ts"

interface Server {
  readonly origin: string
  /** What was carried out. */
  readonly done: ReadonlyArray<string>
  readonly connections: () => number
}

/** A server that answers every request, and then does something to its connection. */
const serve = (then: (socket: Socket) => void): Effect.Effect<Server, never, Scope.Scope> => {
  const done: Array<string> = []
  let connections = 0
  return Effect.map(
    Faulty.sockets("http", (socket) => {
      connections++
      let text = ""
      socket.on("data", (bytes) => {
        text += String(bytes)
        const whole = /^(?:POST|PATCH) \/(\S*) [^]*?\r\n\r\n\{\}/.exec(text)
        if (whole === null) return
        text = text.slice(whole[0].length)
        done.push(whole[1]!)
        socket.write(Faulty.reply(Faulty.answer(whole[1]!)))
        then(socket)
      })
    }),
    ({ origin }) => ({ origin, done, connections: () => connections })
  )
}

const policy: Policy.Policy = {
  ...Serve.policy,
  concurrency: 8,
  retry: { retries: 2, base: Duration.millis(1), cap: Duration.millis(2) }
}

const ask = ({ origin }: Pick<Server, "origin">, codes: ReadonlyArray<string>, method: "POST" | "PATCH" = "POST") =>
  Effect.map(
    Rollcall.forEach(Lookup.http({ url: `${origin}/{code}`, method, body: "{}" }), codes, policy),
    (outcomes) => outcomes.map((outcome) => outcome.outcome === "failed" ? outcome.error.message : outcome.outcome)
  )

const transport = (options: Transport.Options = {}) =>
  Transport.layerWith({ ca: Faulty.ca.cert, environment: {}, ...options })

const codes = Array.from({ length: 120 }, (_, index) => `order-${index}`)

describe("Once", () => {
  const endings: ReadonlyArray<readonly [name: string, then: (socket: Socket) => void]> = [
    ["closes the connection 5 ms after each answer", (socket) => void setTimeout(() => socket.destroy(), 5)],
    ["resets it after 3 ms", (socket) => void setTimeout(() => socket.resetAndDestroy(), 3)],
    ["ends its half of it at once", (socket) => void socket.end()]
  ]
  for (const [name, then] of endings) {
    for (const lenient of name.startsWith("resets") ? [false, true] : [false]) {
      it.scopedLive(`loses nothing where a server ${name}${lenient ? ", leniently" : ""}`, () =>
        Effect.gen(function*() {
          const server = yield* serve(then)
          const outcomes = yield* Effect.provide(ask(server, codes), transport({ lenient }))
          assert.deepStrictEqual(outcomes, codes.map(() => "found"))
          assert.deepStrictEqual(server.done.toSorted(), codes.toSorted())
        }))
    }
  }

  it.scopedLive("uses connections again once the server has kept one that is idle", () =>
    Effect.gen(function*() {
      const server = yield* serve(() => {})
      yield* Effect.gen(function*() {
        yield* ask(server, ["a", "b"], "PATCH")
        assert.strictEqual(server.connections(), 2)
        while ((yield* ask(server, ["c", "d", "e"]), server.connections()) + 4 > server.done.length) {
          yield* Effect.sleep("100 millis")
        }
      }).pipe(Effect.provide(transport()))
    }))

  it.scopedLive("sends again what met the end of its connection before that stood", () =>
    Effect.gen(function*() {
      let connections = 0
      const secureContext = Tls.createSecureContext(Faulty.trusted)
      const server = yield* Faulty.sockets("https", (raw) => {
        connections++
        // at the first question a run would stop
        if (connections === 2 || connections === 3) return raw.destroy()
        const socket = new Tls.TLSSocket(raw, { isServer: true, secureContext })
        socket.on("error", () => {}).on("data", () => socket.end(Faulty.reply("{}", ["Connection: close"])))
      })
      const told = yield* Effect.provide(ask(server, ["a", "b"]), transport())
      assert.deepStrictEqual(told, ["found", "found"])
      assert.strictEqual(connections, 4)
    }))
})
