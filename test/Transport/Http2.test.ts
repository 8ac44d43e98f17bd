import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, type Scope } from "effect"
import * as Http2 from "node:http2"
import type { AddressInfo, Socket } from "node:net"
import * as Lookup from "../../src/Lookup.ts"
import type * as Policy from "../../src/Policy.ts"
import * as Rollcall from "../../src/Rollcall.ts"
import * as Transport from "../../src/Transport.ts"
import * as Serve from "../serve.ts"
import * as Faulty from "./faulty.ts"

const { NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_HTTP_1_1_REQUIRED, NGHTTP2_REFUSED_STREAM } = Http2.constants

interface Server {
  readonly origin: string
  /** What was carried out, with its version of HTTP. */
  readonly done: ReadonlyArray<string>
}

/** A server that speaks both versions, and refuses a stream where it is told to. */
const serve = (
  refuse: (stream: Http2.ServerHttp2Stream, path: string) => boolean
): Effect.Effect<Server, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<{ readonly server: Http2.Http2SecureServer; readonly done: Array<string> }>((resume) => {
        const done: Array<string> = []
        const sockets = new Set<Socket>()
        const server = Http2.createSecureServer({ ...Faulty.trusted, allowHTTP1: true })
        server.on("connection", (socket: Socket) => void sockets.add(socket))
        server.on("close", () => sockets.forEach((socket) => socket.destroy()))
        server.on("session", (session) => session.on("error", () => {}))
        server.on("stream", (stream, headers) => {
          stream.on("error", () => {})
          if (refuse(stream, String(headers[":path"]))) return
          done.push(`2 ${headers[":method"]} ${headers[":path"]}`)
          stream.respond({ ":status": 200 })
          stream.end("{}")
        })
        server.on("request", ({ httpVersionMajor, method, url }, response) => {
          if (httpVersionMajor === 2) return
          done.push(`1 ${method} ${url}`)
          response.end("{}")
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed({ server, done })))
      }),
      ({ server }) =>
        Effect.sync(() => {
          server.close()
          server.emit("close")
        })
    ),
    ({ done, server }) => ({ origin: `https://localhost:${(server.address() as AddressInfo).port}`, done })
  )

const policy: Policy.Policy = {
  ...Serve.policy,
  concurrency: 1,
  retry: { retries: 2, base: Duration.millis(1), cap: Duration.millis(2) }
}

const ask = ({ origin }: Server, method: "GET" | "POST", codes: ReadonlyArray<string>) =>
  Effect.map(
    Rollcall.forEach(Lookup.http({ url: `${origin}/{code}`, method }), codes, policy),
    (outcomes) => outcomes.map((outcome) => outcome.outcome === "failed" ? outcome.error.message : outcome.outcome)
  ).pipe(Effect.provide(Transport.layerWith({ ca: Faulty.ca.cert, environment: {}, http2: true })))

const reset = (code: number) => (stream: Http2.ServerHttp2Stream) => {
  stream.close(code)
  return true
}

describe.concurrent("Http2", () => {
  it.scopedLive("sends again what was certainly not carried out, also where that may be done once only", () =>
    Effect.gen(function*() {
      const refused = new Set<string>()
      const server = yield* serve((stream, path) =>
        refused.size < refused.add(path).size && reset(NGHTTP2_REFUSED_STREAM)(stream)
      )
      assert.deepStrictEqual(yield* ask(server, "POST", ["a", "b", "c"]), ["found", "found", "found"])
      assert.deepStrictEqual(server.done.toSorted(), ["2 POST /a", "2 POST /b", "2 POST /c"])
    }))

  for (const method of ["GET", "POST"] as const) {
    it.scopedLive(`asks by ${method} over HTTP/1.1 where the server wants that`, () =>
      Effect.gen(function*() {
        let refused = 0
        const server = yield* serve((stream) => {
          refused++
          return reset(NGHTTP2_HTTP_1_1_REQUIRED)(stream)
        })
        assert.deepStrictEqual(yield* ask(server, method, ["a", "b", "c"]), ["found", "found", "found"])
        assert.deepStrictEqual(server.done, [`1 ${method} /a`, `1 ${method} /b`, `1 ${method} /c`])
        assert.strictEqual(refused, 1)
      }))
  }

  const many = Array.from({ length: 12 }, (_, index) => `c${index}`)
  const impatient: Policy.Policy = {
    ...policy,
    concurrency: 4,
    throttle: { base: Duration.millis(5), cap: Duration.millis(20), maxWait: Duration.seconds(20) }
  }
  const lookAt = ({ origin }: Server) =>
    Rollcall.forEach(Lookup.http({ url: `${origin}/{code}` }), many, impatient).pipe(
      Effect.provide(Transport.layerWith({ ca: Faulty.ca.cert, environment: {}, http2: true }))
    )

  for (const poison of ["c0", "c11"]) {
    it.scopedLive(`blames ${poison} alone for a stream that the server ends whenever it is asked, to be calm`, () =>
      Effect.gen(function*() {
        let refused = 0
        const server = yield* serve((stream, path) => {
          if (path !== `/${poison}`) return false
          refused++
          return reset(NGHTTP2_ENHANCE_YOUR_CALM)(stream)
        })
        const outcomes = yield* lookAt(server)
        for (const outcome of outcomes) {
          const { attempts, calls, code } = outcome
          if (outcome.outcome !== "failed") assert.deepInclude(outcome, { outcome: "found", attempts: 1, calls: 1 })
          else assert.deepStrictEqual([code, outcome.error.reason, attempts, calls], [poison, "throttled", 0, refused])
        }
        assert.lengthOf(outcomes.filter(({ outcome }) => outcome === "failed"), 1)
        // who was answered may be asked once more, as a witness
        assert.strictEqual(new Set(server.done).size, many.length - 1)
      }))
  }

  it.scopedLive("blames nobody where each one is told once to be calm", () =>
    Effect.gen(function*() {
      const told = new Set<string>()
      const server = yield* serve((stream, path) =>
        told.size < told.add(path).size && reset(NGHTTP2_ENHANCE_YOUR_CALM)(stream)
      )
      const outcomes = yield* lookAt(server)
      for (const outcome of outcomes) assert.deepInclude(outcome, { outcome: "found", attempts: 1, calls: 2 })
      assert.strictEqual(new Set(server.done).size, many.length)
    }))

  it.scopedLive("finds out that a server speaks nothing else, without TLS", () =>
    Effect.gen(function*() {
      const done: Array<string> = []
      const sessions = new Set<Http2.ServerHttp2Session>()
      const port = yield* Effect.acquireRelease(
        Effect.async<{ readonly port: number; readonly server: Http2.Http2Server }>((resume) => {
          const server = Http2.createServer((request, response) => {
            done.push(`${request.method} ${request.url}`)
            response.end("{}")
          })
          server.on("session", (session) => void sessions.add(session))
          server.listen(0, "127.0.0.1", () =>
            resume(Effect.succeed({ port: (server.address() as AddressInfo).port, server })))
        }),
        ({ server }) =>
          Effect.sync(() => {
            sessions.forEach((session) =>
              session.destroy()
            )
            server.close()
          })
      )
      const server = { origin: `http://127.0.0.1:${port.port}`, done }
      assert.deepStrictEqual(yield* ask(server, "POST", ["a", "b"]), ["found", "found"])
      assert.deepStrictEqual(done, ["POST /a", "POST /b"])
    }))

  it.scopedLive("ends where the server says that it goes, and leaves the connection open", () =>
    Effect.gen(function*() {
      const server = yield* Faulty.http2((stream, put) => {
        stream.respond({ ":status": 200 })
        stream.end(
          Faulty.answer(Faulty.poison),
          () => setTimeout(() => put("goaway", 0, Faulty.word(stream.id!, 0), "connection"), 5)
        )
      })
      const [took] = yield* Effect.timed(ask({ ...server, done: [] }, "GET", ["a", Faulty.poison, "b"]))
      // sooner than a call is given up that nobody answers
      assert.isBelow(Duration.toMillis(took), 25_000)
    }))

  it.scopedLive("sends again what the server says that it did not come to when it went", () =>
    Effect.gen(function*() {
      const server = yield* Faulty.http2((stream, put, nth) => {
        if (nth === 1) {
          put("goaway", 0, Faulty.word(0, 0), "connection")
          return void setTimeout(() => stream.session?.destroy(), 20)
        }
        stream.respond({ ":status": 200 })
        stream.end(Faulty.answer(Faulty.poison))
      })
      const asked = yield* ask({ ...server, done: [] }, "POST", ["a", Faulty.poison, "b"])
      assert.deepStrictEqual(asked, ["found", "found", "found"])
    }))
})
