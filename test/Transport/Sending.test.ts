import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Schema } from "effect"
import * as Net from "node:net"
import * as Tls from "node:tls"
import * as Lookup from "../../src/Lookup.ts"
import * as Pace from "../../src/Policy/Pace.ts"
import * as Rollcall from "../../src/Rollcall.ts"
import * as Transport from "../../src/Transport.ts"
import * as Serve from "../serve.ts"
import { most, type Sent } from "../windows.ts"
import * as Faulty from "./faulty.ts"

/** A stall of this process between the two is nobody's fault: it is tried again then. */
const again = { times: 3 }

/** Milliseconds that pass between a call that is told and its first byte, at the most, while this process is not interrupted. */
const measuring = 2

/** Notes when which request is given to a socket, in this process, until the end of the scope. */
const written = Effect.acquireRelease(
  Effect.sync(() => {
    const times = new Map<string, Array<Sent>>()
    const { write } = Net.Socket.prototype
    Net.Socket.prototype.write = function(this: Net.Socket, ...args: Parameters<Net.Socket["write"]>) {
      const name = typeof args[0] === "string" ? /^GET \/(\w+)-/.exec(args[0])?.[1] : undefined
      if (name !== undefined) times.set(name, [...times.get(name) ?? [], [performance.now(), 1]])
      return write.apply(this, args)
    } as typeof write
    // it is inherited, and is so again
    return { times, restore: () => Reflect.deleteProperty(Net.Socket.prototype, "write") }
  }),
  ({ restore }) => Effect.sync(restore)
)

/** A server far away: each connection takes a while to come to stand. */
const far = (millis: number, latency: number) =>
  Effect.acquireRelease(
    Effect.async<Net.Server>((resume) => {
      const secureContext = Tls.createSecureContext(Faulty.trusted)
      const server = Net.createServer((raw) => {
        raw.on("error", () => {})
        setTimeout(() => {
          const socket = new Tls.TLSSocket(raw, { isServer: true, secureContext })
          socket.on("error", () => {})
          socket.on("data", () => setTimeout(() => socket.write(Faulty.reply("{}")), latency))
        }, millis)
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  ).pipe(Effect.map((server) => `https://127.0.0.1:${(server.address() as Net.AddressInfo).port}`))

describe("a rate", () => {
  it.scopedLive("holds in every window at the sockets, though connections take a while to come to stand", () =>
    Effect.orDie(Effect.retry(
      Effect.sandbox(Effect.scoped(Effect.gen(function*() {
        const { times } = yield* written
        const origin = yield* far(150, 30)
        const ways = [
          ["plain", "50/s", {}],
          ["burst", "50/s burst 10", {}],
          ["fast", "100/s", {}],
          ["few", "20/500ms", { connections: 4 }],
          ["lenient", "50/s", { lenient: true }]
        ] as const
        yield* Effect.forEach(ways, ([name, text, options]) =>
          Effect.gen(function*() {
            const rate = Schema.decodeSync(Pace.Rate)(text)
            const window = Duration.toMillis(rate.window)
            const codes = Array.from({ length: 2.2 * rate.limit * 1000 / window }, (_, index) => String(index))
            const outcomes = yield* Rollcall.forEach(Lookup.http({ url: `${origin}/${name}-{code}` }), codes, {
              ...Serve.policy,
              pace: [rate],
              concurrency: 8
            }).pipe(Effect.provide(Transport.layerWith({ ca: Faulty.ca.cert, environment: {}, ...options })))
            assert.isTrue(outcomes.every(({ outcome }) => outcome === "found"), name)
            const sent = times.get(name)!
            assert.lengthOf(sent, codes.length, name)
            assert.isAtMost(most(sent, window - measuring), rate.limit, `${name}: ${text}`)
          }), { concurrency: "unbounded" })
      }))),
      again
    )))
})
