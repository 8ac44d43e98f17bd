import { HttpClient, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import * as Http2 from "node:http2"
import type { AddressInfo } from "node:net"
import * as Transport from "../../src/Transport.ts"
import { version } from "../../src/version.ts"
import * as Serve from "../serve.ts"
import * as Faulty from "./faulty.ts"
import { ask, watch } from "./judge.ts"

const received = (request: HttpClientRequest.HttpClientRequest) =>
  Effect.map(Effect.flatMap(HttpClient.execute(request), ({ json }) => json), (body) => body as Serve.Received)

/** A server that speaks both and says which was spoken. */
const both = Effect.acquireRelease(
  Effect.async<{ readonly url: string; readonly sessions: () => number; readonly stop: () => void }>((resume) => {
    const { cert, key } = Faulty.trusted
    let sessions = 0
    const server = Http2.createSecureServer({ key, cert, allowHTTP1: true }, (request, response) => {
      const chunks: Array<Buffer> = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        response.writeHead(200, { "content-type": "application/json", "set-cookie": ["a=1", "b=2"] })
        const { headers, httpVersion, method, url } = request
        response.end(JSON.stringify({ httpVersion, method, url, headers, body: String(Buffer.concat(chunks)) }))
      })
    })
    server.on("session", () => sessions++)
    server.listen(0, "127.0.0.1", () => {
      const url = `https://localhost:${(server.address() as AddressInfo).port}`
      resume(Effect.succeed({ url, sessions: () => sessions, stop: () => server.close() }))
    })
  }),
  ({ stop }) => Effect.sync(stop)
)

const trusting = { ca: Faulty.ca.cert, environment: {} }

describe("Transport.layerWith", () => {
  watch()

  it.scopedLive("speaks HTTP/2 where it is asked to and the server can", () =>
    Effect.gen(function*() {
      const { sessions, url } = yield* both
      const spoken = (http2: boolean) =>
        Effect.provide(
          Effect.gen(function*() {
            const seen: Array<Record<string, unknown>> = []
            for (const index of [1, 2, 3]) {
              const request = HttpClientRequest.post(`${url}/a?b=${index}`, { headers: { "x-key": "k" } })
              seen.push({ ...yield* received(HttpClientRequest.bodyText(request, "body", "text/plain")) })
            }
            return seen
          }),
          Transport.layerWith({ ...trusting, http2 })
        )
      for (const [index, seen] of (yield* spoken(true)).entries()) {
        assert.deepInclude(seen, { httpVersion: "2.0", method: "POST", url: `/a?b=${index + 1}`, body: "body" })
        assert.deepInclude(seen.headers as object, {
          ":authority": url.slice(8),
          "x-key": "k",
          "content-type": "text/plain",
          "user-agent": `rollcall/${version}`
        })
      }
      assert.strictEqual(sessions(), 1)
      assert.deepInclude((yield* spoken(false))[0], { httpVersion: "1.1" })
    }))

  it.scopedLive("speaks HTTP/1.1 where the server cannot do better", () =>
    Effect.gen(function*() {
      const server = yield* Faulty.http1("https", () => {})
      const run = yield* ask(server, ["a", "b", "c"], { http2: true })
      assert.deepStrictEqual(
        Either.getOrThrow(run).map(({ attempts, outcome }) => [outcome, attempts]),
        [["found", 1], ["found", 1], ["found", 1]]
      )
    }))

  it.scopedLive("trusts a certificate more, and no less than before", () =>
    Effect.gen(function*() {
      const server = yield* Faulty.http1("https", () => {})
      const isTrusted = (options: Transport.Options) =>
        Effect.map(ask(server, ["a"], options), (run) => Either.isRight(run))
      assert.isTrue(yield* isTrusted({ ca: Faulty.ca.cert }))
      assert.isTrue(yield* isTrusted({ ca: ["", Faulty.ca.cert] }))
      assert.isFalse(yield* isTrusted({ ca: undefined }))
      assert.isTrue(yield* isTrusted({ ca: undefined, insecure: true }))
    }))

  it.scopedLive("says who asks, where the request does not", () =>
    Effect.gen(function*() {
      const url = yield* Serve.echo
      const agent = (headers: Record<string, string>) =>
        Effect.map(received(HttpClientRequest.get(url, { headers })), ({ headers }) => headers["user-agent"])
      const all = Effect.all([agent({}), agent({ "User-Agent": "mine" }), agent({}), agent({ accept: "a/b" })])
      const own = `rollcall/${version}`
      assert.deepStrictEqual(yield* Effect.provide(all, Transport.layer), [own, "mine", own, own])
      const named = yield* Effect.provide(all, Transport.layerWith({ userAgent: "x/1" }))
      assert.deepStrictEqual(named, ["x/1", "mine", "x/1", "x/1"])
    }))

  it.scopedLive("asks for no encoding", () =>
    Effect.gen(function*() {
      const { headers } = yield* Effect.provide(received(HttpClientRequest.get(yield* Serve.echo)), Transport.layer)
      assert.isUndefined(headers["accept-encoding"])
    }))

  it.scopedLive("takes no more headers than it is told to", () =>
    Effect.gen(function*() {
      const fault: Faulty.Fault = (wire) =>
        wire.write(Faulty.reply(Faulty.answer(Faulty.poison), [`x: ${"a".repeat(5000)}`]))
      const server = yield* Faulty.http1("http", fault)
      const reason = (maxHeader: number) =>
        Effect.map(ask(server, [Faulty.poison], { maxHeader }), (run) => {
          const [outcome] = Either.getOrThrow(run)
          return outcome!.outcome === "failed" ? outcome!.error.reason : outcome!.outcome
        })
      assert.deepStrictEqual(yield* Effect.all([reason(4000), reason(6000)]), ["too_large", "found"])
    }))
})
