import { FetchHttpClient, HttpClient, HttpClientError } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer } from "effect"
import type { Expect } from "../../src/Answer/Expect.ts"
import type { Question } from "../../src/Entry.ts"
import * as Call from "../../src/Lookup/Call.ts"
import type * as Request from "../../src/Lookup/Request.ts"
import * as Transport from "../../src/Transport.ts"
import { free } from "../call.ts"
import * as Serve from "../serve.ts"

const settings = { KEY: "c4nary-c4nary", SHORT: "us" }

const question = { code: "34102" as Question["code"], values: {} }

/** A lookup's one attempt at a server, over a layer. */
const attempt = (
  options: Request.Options,
  layer: Layer.Layer<HttpClient.HttpClient>,
  expect: Expect = "text"
) =>
  Effect.flatMap(Call.prepare(options, expect), (ask) => ask([question], free)).pipe(
    Effect.provide(layer),
    Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(settings))))
  )

for (const [name, layer] of [["Transport", Transport.layer], ["FetchHttpClient", FetchHttpClient.layer]] as const) {
  describe(`Call.prepare over ${name}`, () => {
    it.scoped("sends what it shall", () =>
      Effect.gen(function*() {
        const reply = yield* attempt({
          url: `${yield* Serve.echo}/v1/{code}?a=b%20c{&code}`,
          headers: { "X-Key": "${KEY}", "X-Code": "{code}" },
          body: "{\"zip\":\"é{code}\"}"
        }, layer)
        const received = JSON.parse(reply.body) as Serve.Received
        assert.deepStrictEqual(
          [reply.status, reply.header("content-type"), received.method, received.url, received.body],
          [200, "application/json", "POST", "/v1/34102?a=b%20c&code=34102", "{\"zip\":\"é34102\"}"]
        )
        assert.strictEqual(received.headers["x-key"], settings.KEY)
        assert.strictEqual(received.headers["x-code"], "34102")
        assert.strictEqual(received.headers["content-length"], "17")
      }))

    it.scoped("takes a setting out of what an error says", () =>
      Effect.gen(function*() {
        const api = yield* Serve.http((request, response) => {
          response.writeHead(request.url!.startsWith("/ok") ? 200 : 401)
          response.end(`bad key ${request.headers["x-key"]} for us at ${request.url}`)
        })
        const headers = { "X-Key": "${KEY}", "X-Short": "${SHORT}" }
        const refused = yield* attempt({ url: `${api}/{code}?key=\${KEY}`, headers }, layer)
        assert.strictEqual(refused.discreet!().body, "bad key REDACTED for us at /34102?key=REDACTED")
        const answered = yield* attempt({ url: `${api}/ok/{code}`, headers }, layer)
        assert.include(answered.body, settings.KEY)
      }))

    it.scoped("goes by the status where a body that is of no use cannot be read", () =>
      Effect.gen(function*() {
        const api = yield* Serve.http((request, response) => {
          const status = Number(request.url!.slice(1, 4))
          response.writeHead(status, { "content-encoding": "gzip", "retry-after": "7" }).end("this is no gzip")
        })
        for (const status of [401, 404, 429, 500]) {
          const reply = yield* attempt({ url: `${api}/${status}/{code}` }, layer)
          assert.deepStrictEqual([reply.status, reply.body, reply.header("retry-after")], [status, "", "7"])
        }
        const error = yield* Effect.flip(attempt({ url: `${api}/200/{code}` }, layer))
        assert.deepInclude(error, { reason: "decode", status: 200 })
      }))

    it.scoped("reads bytes as base64", () =>
      Effect.gen(function*() {
        const api = yield* Serve.http((_, response) => response.end(Buffer.from([0, 255, 254, 10])))
        assert.strictEqual((yield* attempt({ url: `${api}/{code}` }, layer, "bytes")).body, "AP/+Cg==")
      }))
  })
}

describe("Call.prepare over a client that was changed", () => {
  it.scoped("has the same replies where it filters by status", () =>
    Effect.gen(function*() {
      const api = yield* Serve.http((_, response) => response.writeHead(404).end("none"))
      for (const layer of [Transport.layer, FetchHttpClient.layer]) {
        const filtered = Layer.effect(
          HttpClient.HttpClient,
          Effect.map(HttpClient.HttpClient, HttpClient.filterStatusOk)
        )
        const reply = yield* attempt({ url: `${api}/{code}` }, Layer.provide(filtered, layer))
        assert.deepStrictEqual([reply.status, reply.body], [404, "none"])
      }
    }))

  it.effect("takes a setting out of its errors", () =>
    Effect.gen(function*() {
      const client = HttpClient.make((request) =>
        new HttpClientError.RequestError({
          request,
          reason: "Transport",
          cause: new Error(`cannot reach ${request.url}`)
        })
      )
      const error = yield* Effect.flip(
        attempt({ url: "https://h/{code}?key=${KEY}" }, Layer.succeed(HttpClient.HttpClient, client))
      )
      assert.strictEqual(error.message, "cannot reach https://h/34102?key=REDACTED")
    }))
})
