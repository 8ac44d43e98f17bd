import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import type { Log } from "./Demo/Log.ts"
import { Options } from "./Demo/Options.ts"
import * as Server from "./Demo/Server.ts"
import * as Zips from "./Demo/Zips.ts"

export { Log, maxWithin } from "./Demo/Log.ts"
export { Options } from "./Demo/Options.ts"

/**
 * An embedded HTTP API over 44,175 real codes, in the shape of Metadapi's ZIP service, with limits and faults on
 * demand and an exact log of what it saw.
 *
 * | request | answer |
 * | --- | --- |
 * | `GET /zipc/v1/zipcodes/{code}` | 200, 404 for an unknown code, 400 for what is no code |
 * | `GET /zipc/v1` | 204 where the key is right |
 * | `GET /_demo/log` | what the API saw, as `Demo.Log`; `DELETE` resets it |
 * | `GET /_demo/arrivals` | when calls arrived, in milliseconds of Unix time (the last million at least) |
 *
 * The paths under `/_demo` are the demo's own addition: they need no key, suffer no fault and count nowhere.
 */
export class Demo extends Context.Tag("rollcall/Demo")<Demo, {
  /** Scheme, host and port, such as `http://127.0.0.1:40123`. */
  readonly url: string
  /** The URL of a lookup, with `{code}` for the code. */
  readonly lookupUrl: string
  /** What the header Ocp-Apim-Subscription-Key must hold, if anything. */
  readonly key: string | undefined
  readonly log: Effect.Effect<Log>
  /** When calls arrived, ascending, in milliseconds of Unix time; the last million at least. */
  readonly arrivals: Effect.Effect<ReadonlyArray<number>>
  /** Makes the API as new: log, rate, quota and the history that decides about faults. */
  readonly reset: Effect.Effect<void>
}>() {}

/** The API could not start. */
export class DemoError extends Schema.TaggedError<DemoError>()("DemoError", {
  reason: Schema.Literal("InvalidOptions", "AddressInUse", "AddressNotAvailable", "PermissionDenied", "Unknown"),
  host: Schema.String,
  port: Schema.Number,
  cause: Schema.Defect
}) {
  override get message() {
    const place = `port ${this.port} of ${this.host}`
    switch (this.reason) {
      case "InvalidOptions":
        return `The demo cannot be set up like this: ${this.cause}`
      case "AddressInUse":
        return `The demo cannot listen on ${place}, which is in use: end what listens there, or take port 0 (any free)`
      case "AddressNotAvailable":
        return `The demo cannot listen on ${this.host}, which is no address of this machine: take 127.0.0.1`
      case "PermissionDenied":
        return `The demo may not listen on ${place}: take a port above 1023, or port 0 (any free)`
      case "Unknown":
        return `The demo cannot listen on ${place}: ${this.cause}`
    }
  }
}

/**
 * Starts the API and stops it when the scope closes, which ends all of its connections at once.
 *
 * Its clock is the real one, under `TestClock` too.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Demo from "rollcall/Demo"
 *
 * const program = Effect.gen(function*() {
 *   const demo = yield* Demo.serve({ latency: "5 millis", quota: { calls: 100, period: "2 seconds" } })
 *   yield* Effect.promise(() => fetch(demo.lookupUrl.replace("{code}", "34102")))
 *   return (yield* demo.log).calls // 1
 * }).pipe(Effect.scoped)
 * ```
 */
export const serve: (
  options?: Options
) => Effect.Effect<Demo["Type"], DemoError, Scope.Scope> = Effect.fn("Demo.serve")(function*(options: Options = {}) {
  const { host = "127.0.0.1", key, port = 0 } = options
  yield* Schema.validate(Options)(options).pipe(
    Effect.mapError((cause) => new DemoError({ reason: "InvalidOptions", host, port, cause }))
  )
  const server = Server.make(options, yield* Zips.table)
  const { address, family, port: taken } = yield* listen(server.listener, host, port)
  const url = `http://${family === "IPv6" ? `[${address}]` : address}:${taken}`
  return {
    url,
    lookupUrl: `${url}${Server.lookups}{code}`,
    key,
    log: Effect.sync(server.log),
    arrivals: Effect.sync(server.arrivals),
    reset: Effect.sync(server.reset)
  }
})

/** The API as a layer, for tests that share one. */
export const layer = (options?: Options): Layer.Layer<Demo, DemoError> => Layer.scoped(Demo, serve(options))

/** All codes that the API knows, sorted: 42,555 US ZIPs, then 1,620 Canadian areas. */
export const codes: Effect.Effect<ReadonlyArray<string>> = Effect.map(
  Zips.table,
  (table) => Object.keys(table).toSorted()
)

/** Ways to behave: `calm` has no faults, `rough` is an ordinary bad day, what `rollcall demo` shows. */
export const presets = {
  calm: {},
  rough: {
    latency: { p50: "20 millis", p99: "80 millis" },
    unavailable: 0.01,
    drop: 0.003,
    cut: 0.002,
    throttle: { probability: 0.0003, retryAfter: "1 second" }
  }
} satisfies Record<string, Options>

const listen = (listener: Http.RequestListener, host: string, port: number) =>
  Effect.acquireRelease(
    Effect.async<Http.Server, DemoError>((resume) => {
      // Longer than any pause of a client, so that no connection ends but by a fault that was asked for.
      const server = Http.createServer({ keepAliveTimeout: 600_000 }, listener)
      const fail = (cause: NodeJS.ErrnoException) =>
        resume(new DemoError({ reason: reasons[cause.code ?? ""] ?? "Unknown", host, port, cause }))
      server.once("error", fail).listen(port, host, () => {
        server.off("error", fail)
        resume(Effect.succeed(server))
      })
    }),
    (server) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  ).pipe(Effect.map((server) => server.address() as AddressInfo))

const reasons: Record<string, DemoError["reason"]> = {
  EACCES: "PermissionDenied",
  EADDRINUSE: "AddressInUse",
  EADDRNOTAVAIL: "AddressNotAvailable",
  ENOTFOUND: "AddressNotAvailable"
}
