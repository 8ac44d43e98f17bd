import { FetchHttpClient, type HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Either, type Layer } from "effect"
import type { Question } from "../../src/Entry.ts"
import * as Call from "../../src/Lookup/Call.ts"
import type * as Request from "../../src/Lookup/Request.ts"
import * as Transport from "../../src/Transport.ts"
import { free } from "../call.ts"
import { some } from "../scale.ts"
import * as Serve from "../serve.ts"

const key = "c4nary/+c4nary=c4nary"
const spellings = [key, encodeURIComponent(key), btoa(key), Buffer.from(key).toString("hex"), "c4nary"]

const question: Question = { code: "34102" as Question["code"], values: {} }

/** One attempt at a question: the reply or the error, and how often more was paid for. */
const attempt = (options: Request.Options, layer: Layer.Layer<HttpClient.HttpClient>) =>
  Effect.gen(function*() {
    let paid = 0
    const pay = Effect.sync(() => void paid++)
    const ask = yield* Call.prepare(options, "text")
    const told = yield* Effect.either(ask([question], { ...free, pay }))
    return { told, paid }
  }).pipe(
    Effect.provide(layer),
    Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["KEY", key]])))
  )

const layers = { Transport: Transport.layer, FetchHttpClient: FetchHttpClient.layer }

/** What of a request holds the key. */
const carriers: Readonly<Record<string, (url: string) => Request.Options>> = {
  Authorization: (url) => ({ url: `${url}/{code}`, headers: { Authorization: "Bearer ${KEY}" } }),
  "a header of one's own": (url) => ({ url: `${url}/{code}`, headers: { "X-Api-Key": "${KEY}" } }),
  "a literal in a header": (url) => ({ url: `${url}/{code}`, headers: { "X-Api-Key": key } }),
  Cookie: (url) => ({ url: `${url}/{code}`, headers: { Cookie: "session=${KEY}" } }),
  "the query": (url) => ({ url: `${url}/{code}?key=\${KEY}` }),
  "the body": (url) => ({ url: `${url}/{code}`, body: "{\"zip\":\"{code}\",\"key\":\"${KEY}\"}" })
}

/** Where a server may send a request on to. */
const moves: Readonly<Record<string, (foreign: { readonly port: string }, path: string) => string>> = {
  "another port": ({ port }, path) => `http://127.0.0.1:${port}${path}`,
  "another host": ({ port }, path) => `http://127.0.0.2:${port}${path}`,
  "another scheme": ({ port }, path) => `https://127.0.0.1:${port}${path}`,
  "no scheme": ({ port }, path) => `//127.0.0.1:${port}${path}`,
  "a name that looks like home": ({ port }, path) => `http://localhost:${port}${path}`
}

for (const [name, layer] of Object.entries(layers)) {
  describe(`a redirect to another origin, over ${name}`, () => {
    for (const [nth, status] of [301, 302, 303, 307, 308].entries()) {
      for (const [place, [carrier, options]] of Object.entries(carriers).entries()) {
        for (const [move, locate] of some(Object.entries(moves), 3, nth + place)) {
          it.scoped(`carries no key: ${status}, ${carrier}, ${move}`, () =>
            Effect.gen(function*() {
              const heard: Array<string> = []
              const foreign = yield* Serve.listening("0.0.0.0", (bytes) => heard.push(bytes))
              const api = yield* Serve.http((request, response) => {
                request.resume()
                response.writeHead(status, { location: locate(foreign, request.url!) }).end()
              })
              const refused = yield* attempt(options(api), layer)
              assert.deepInclude(Either.getOrThrow(Either.flip(refused.told)), { reason: "redirect", status })
              assert.strictEqual(refused.paid, 0)
              assert.deepStrictEqual(heard, [])

              const origin = new URL(locate(foreign, "/"), api).origin
              const { paid, told } = yield* attempt({ ...options(api), allowOrigins: [origin] }, layer)
              for (const spelling of spellings) assert.notInclude(heard.join(""), spelling)
              for (const spelling of spellings) assert.notInclude(JSON.stringify(told), spelling)
              const isSafe = carrier !== "the query" && carrier !== "the body"
              assert.strictEqual(paid, isSafe ? 1 : 0)
              if (move !== "another scheme") assert.strictEqual(heard.length > 0, isSafe)
              if (isSafe && move !== "another scheme") assert.match(heard.join(""), /^GET \/34102 HTTP\/1\.1\r\n/)
            }))
        }
      }
    }
  })

  describe(`a redirect within the origin, over ${name}`, () => {
    /** A server that sends `/from/34102` on, and tells what it gets elsewhere. */
    const serve = (status: number, location: string, seen: Array<string> = []) =>
      Serve.http((request, response) => {
        const { method, url } = request
        seen.push(`${method} ${url}`)
        if (url!.startsWith("/from/")) return response.writeHead(status, { location }).end("moved")
        let body = ""
        request.on("data", (chunk) => body += chunk)
        request.on("end", () => {
          const { authorization, "content-type": type } = request.headers
          response.end(JSON.stringify([method, url, authorization, type, body]))
        })
      })

    const cases: ReadonlyArray<readonly [status: number, method: "GET" | "POST" | "PUT", followed: string]> = [
      [301, "GET", "GET"],
      [301, "POST", "GET"],
      [301, "PUT", "PUT"],
      [302, "POST", "GET"],
      [302, "PUT", "PUT"],
      [303, "GET", "GET"],
      [303, "POST", "GET"],
      [303, "PUT", "GET"],
      [307, "GET", "GET"],
      [307, "POST", "POST"],
      [308, "POST", "POST"],
      [308, "PUT", "PUT"]
    ]
    for (const [status, method, followed] of cases) {
      it.scoped(`is followed with all that belongs there: ${status} ${method}`, () =>
        Effect.gen(function*() {
          const url = yield* serve(status, "../to?a=b#c")
          const { paid, told } = yield* attempt({
            url: `${url}/from/{code}`,
            method,
            headers: { Authorization: "Bearer ${KEY}" },
            ...(method === "GET" ? {} : { body: "{}" })
          }, layer)
          const reply = Either.getOrThrow(told)
          const hasBody = followed !== "GET"
          assert.deepStrictEqual(JSON.parse(reply.body), [
            followed,
            "/to?a=b",
            `Bearer ${key}`,
            hasBody ? "application/json" : null,
            hasBody ? "{}" : ""
          ])
          assert.deepStrictEqual([reply.status, paid], [200, 1])
        }))
    }

    it.scoped.each<[status: number, location: string, told: string]>([
      [301, "/from/?a=c4nary", "refused"],
      [302, "/to", "refused"],
      [303, "/from/", "refused"],
      [303, "/to/17", "GET"],
      [307, "/to", "POST"],
      [308, "/to", "POST"]
    ])(
      "does not lose the code that stands in the body: %s to %s",
      ([status, location, followed]) =>
        Effect.gen(function*() {
          const url = yield* Serve.http((request, response) => {
            request.resume()
            if (request.url === "/from" && request.method === "POST") {
              return response.writeHead(status, { location }).end()
            }
            response.end(request.method)
          })
          const { paid, told } = yield* attempt({ url: `${url}/from`, body: "{\"zip\":\"{code}\"}" }, layer)
          if (followed !== "refused") return assert.strictEqual(Either.getOrThrow(told).body, followed)
          assert.deepInclude(Either.getOrThrow(Either.flip(told)), {
            reason: "redirect",
            message: `the server redirects the POST to ${url}${
              location.replace(/[?].*/, "")
            }, where its body would be lost: ask there, or where the answer lies there, allow it`
          })
          assert.strictEqual(paid, 0)
          const options = { url: `${url}/from`, body: "{\"zip\":\"{code}\"}", allowOrigins: [url] }
          const allowed = yield* attempt(options, layer)
          assert.strictEqual(Either.getOrThrow(allowed.told).body, "GET")
        })
    )

    it.scoped("is not followed in a circle", () =>
      Effect.gen(function*() {
        const seen: Array<string> = []
        const { told } = yield* attempt({ url: `${yield* serve(302, "/from/34102", seen)}/from/{code}` }, layer)
        const { message, reason } = Either.getOrThrow(Either.flip(told))
        assert.deepStrictEqual([reason, message], ["redirect", "the server redirects in a circle"])
        assert.lengthOf(seen, 1)
      }))

    it.scoped("is followed five times and no more", () =>
      Effect.gen(function*() {
        for (const [hops, outcome] of [[5, "Right"], [6, "Left"]] as const) {
          let calls = 0
          const url = yield* Serve.http((_, response) => {
            if (calls === hops) return response.end("there")
            response.writeHead(302, { location: `/${++calls}` }).end()
          })
          const { paid, told } = yield* attempt({ url: `${url}/{code}` }, layer)
          assert.deepStrictEqual([told._tag, paid, calls], [outcome, 5, hops])
        }
      }))

    it.scoped("that leads nowhere is the answer", () =>
      Effect.gen(function*() {
        for (const [status, headers] of [[302, {}], [304, { location: "/x" }], [300, { location: "/x" }]] as const) {
          const url = yield* Serve.http((_, response) => response.writeHead(status, headers).end())
          const { paid, told } = yield* attempt({ url: `${url}/{code}` }, layer)
          assert.deepStrictEqual([Either.getOrThrow(told).status, paid], [status, 0])
        }
      }))

    it.scoped("to what is no URL for HTTP is an error", () =>
      Effect.gen(function*() {
        for (const location of ["ftp://127.0.0.1/x", "http://", "http://a:b@127.0.0.1/", "javascript:alert(1)"]) {
          const { told } = yield* attempt({ url: `${yield* serve(302, location)}/from/{code}` }, layer)
          assert.deepInclude(Either.getOrThrow(Either.flip(told)), {
            reason: "redirect",
            message: "the server redirects to what is not a URL for HTTP"
          })
        }
      }))

    it.scoped("through another origin comes back without what was taken off", () =>
      Effect.gen(function*() {
        let home = ""
        const away = yield* Serve.http((_, response) => response.writeHead(302, { location: `${home}/to` }).end())
        home = yield* serve(302, `${away}/x`)
        const { told } = yield* attempt(
          { url: `${home}/from/{code}`, headers: { Authorization: "Bearer ${KEY}" }, allowOrigins: [away] },
          layer
        )
        assert.deepStrictEqual(JSON.parse(Either.getOrThrow(told).body), ["GET", "/to", null, null, ""])
      }))
  })
}

describe("the origins that are allowed", () => {
  it.effect("are origins", () =>
    Effect.gen(function*() {
      for (const origin of ["other.example", "https://other.example/path", "ftp://other.example", "*"]) {
        const error = yield* Effect.flip(
          Call.prepare({ url: "https://h/{code}", allowOrigins: [origin] }, "json").pipe(
            Effect.provide(Transport.layer)
          )
        )
        assert.include(error.message, "is not an origin: write it as https://other.example")
      }
    }))
})
