import { assert, describe, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import * as Net from "node:net"
import { LookupError, type Reason } from "../../src/Outcome.ts"
import type { StopError } from "../../src/Sweep.ts"
import * as Proxy from "../../src/Transport/Proxy.ts"
import { version } from "../../src/version.ts"
import * as Serve from "../serve.ts"
import * as Faulty from "./faulty.ts"
import { ask, assertClosed, hasty, watch } from "./judge.ts"

const { answer } = Faulty
const codes = ["a", "b", "c", "d"]

interface Proxied {
  /** First lines and headers, as they came. */
  readonly heads: Array<string>
  readonly server: Faulty.Server
  readonly port: string
}

/** A proxy that leads every name to a port of this machine; `refuse` may answer for it. */
const proxy = (to: number, refuse: (head: string) => string | undefined = () => undefined) =>
  Effect.suspend(() => {
    const heads: Array<string> = []
    return Effect.map(
      Faulty.sockets("http", (socket) => {
        socket.on("data", function take(bytes) {
          const head = String(bytes)
          heads.push(head)
          const refusal = refuse(head)
          if (refusal !== undefined) {
            socket.off("data", take).resume()
            return void (refusal === "" ? socket.end() : socket.write(refusal))
          }
          const target = /^GET http:\/\/[^/]+(\S+)/.exec(head)
          if (target !== null) return void socket.write(Faulty.reply(answer(target[1]!.slice(1))))
          socket.off("data", take)
          const behind = Net.connect(to, "127.0.0.1", () => {
            socket.write("HTTP/1.1 200 Connection established\r\n\r\n")
            socket.pipe(behind).pipe(socket)
          })
          behind.on("error", () => socket.destroy())
          socket.on("close", () => behind.destroy())
        })
      }),
      (server): Proxied => ({ heads, server, port: new URL(server.origin).port })
    )
  })

const portOf = ({ origin }: { readonly origin: string }) => Number(new URL(origin).port)

const found = (run: Effect.Effect.Success<ReturnType<typeof ask>>) => {
  for (const outcome of Either.getOrThrow(run)) {
    assert.deepInclude(outcome, { outcome: "found", answer: { code: outcome.code }, attempts: 1 })
  }
}

const secret = "pa:ss%w0rd"
const user = `me:${encodeURIComponent(secret)}@`
const credentials = `Basic ${Buffer.from(`me:${secret}`).toString("base64")}`

describe.concurrent("Transport over a proxy", () => {
  watch()

  it.scopedLive("sends plain requests to it, with who asks", () =>
    Effect.gen(function*() {
      const { heads, port, server } = yield* proxy(0)
      const environment = { http_proxy: `http://${user}127.0.0.1:${port}`, HTTP_PROXY: "http://127.0.0.1:1" }
      found(yield* ask({ origin: "http://api.test:81" }, codes, { environment }))
      yield* assertClosed(server)
      assert.strictEqual(heads.length, codes.length)
      assert.include(heads[0], "GET http://api.test:81/a HTTP/1.1\r\n")
      assert.include(heads[0], "\r\nhost: api.test:81\r\n")
      assert.include(heads[0], `\r\nproxy-authorization: ${credentials}\r\n`)
      assert.include(heads[0], `\r\nuser-agent: rollcall/${version}\r\n`)
    }))

  for (const http2 of [false, true]) {
    it.scopedLive(`leads a tunnel through it (HTTP/${http2 ? 2 : 1})`, () =>
      Effect.gen(function*() {
        const api = http2 ? yield* Faulty.http2(() => {}) : yield* Faulty.http1("https", () => {})
        const { heads, port, server } = yield* proxy(portOf(api))
        const environment = { HTTPS_PROXY: `${user}127.0.0.1:${port}` }
        // the name is the certificate's, and no resolver knows the port
        found(yield* ask({ origin: "https://localhost:444" }, codes, { environment, http2 }))
        yield* assertClosed(server)
        yield* assertClosed(api)
        assert.match(heads[0]!, /^CONNECT localhost:444 HTTP\/1\.1\r\n/)
        assert.include(heads[0]!.toLowerCase(), `\r\nproxy-authorization: ${credentials.toLowerCase()}\r\n`)
        assert.strictEqual(api.asked.length, codes.length)
      }))
  }

  const refusals: ReadonlyArray<readonly [name: string, reply: string, reason: Reason | StopError["reason"]]> = [
    ["407", "HTTP/1.1 407 Who are you?\r\nContent-Length: 0\r\n\r\n", "unreachable"],
    ["502", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "transport"],
    ["a hang-up", "", "transport"],
    // a second question has met the same
    ["garbage", "garbage\r\n\r\n", "unreachable"],
    [
      "bytes before they are asked for",
      "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
      "transport"
    ],
    ["a tunnel to nowhere", "HTTP/1.1 200 OK\r\n\r\n", "timeout"],
    ["silence", "HTTP/1.1 ", "timeout"]
  ]
  for (const [name, reply, reason] of refusals) {
    it.scopedLive(`that says ${name}`, () =>
      Effect.gen(function*() {
        const { heads, port, server } = yield* proxy(0, () => reply)
        const environment = { HTTPS_PROXY: `http://${user}127.0.0.1:${port}` }
        const run = yield* ask(
          { origin: "https://localhost:444" },
          codes,
          { environment },
          reason === "timeout" ? hasty() : undefined
        )
        yield* assertClosed(server)
        const told = JSON.stringify(run)
        for (const hidden of [secret, encodeURIComponent(secret), credentials.slice(6)]) assert.notInclude(told, hidden)
        if (Either.isLeft(run)) return assert.strictEqual(run.left.reason, reason)
        for (const outcome of run.right) {
          assert.strictEqual(outcome.outcome === "failed" && String(outcome.error.reason), reason)
          assert.strictEqual(outcome.attempts, 2)
        }
        assert.strictEqual(heads.length, codes.length * 2)
      }))
  }

  it.scopedLive("that relays says 407: the run stops, for want of a name and not of the server's key", () =>
    Effect.gen(function*() {
      const { port } = yield* proxy(0, () => "HTTP/1.1 407 Who?\r\nContent-Length: 0\r\n\r\n")
      const run = yield* ask({ origin: "http://api.test" }, codes, {
        environment: { HTTP_PROXY: `127.0.0.1:${port}` }
      })
      const stopped = yield* Effect.flip(run)
      assert.deepStrictEqual([stopped.reason, stopped.remedy], ["unreachable", "proxy"])
      assert.match(stopped.message, /^the proxy refuses who asks/)
    }))

  it.scopedLive("that forbids a tunnel stops the run at the first question", () =>
    Effect.gen(function*() {
      const { heads, port } = yield* proxy(0, () => "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
      const run = yield* ask({ origin: "https://api.test" }, codes, {
        environment: { HTTPS_PROXY: `127.0.0.1:${port}` }
      })
      const stopped = yield* Effect.flip(run)
      assert.strictEqual(stopped.reason, "unreachable")
      assert.match(stopped.message, /the proxy said 403/)
      assert.lengthOf(heads, 1)
    }))

  it.scopedLive("that is asked too much is heard", () =>
    Effect.gen(function*() {
      const times: Array<number> = []
      const { port } = yield* proxy(0, () => {
        times.push(performance.now())
        return times.length > 1
          ? "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"
          : "HTTP/1.1 429 Later\r\nRetry-After: 250ms\r\nContent-Length: 0\r\n\r\n"
      })
      yield* ask({ origin: "https://api.test" }, codes, { environment: { HTTPS_PROXY: `127.0.0.1:${port}` } })
      assert.isAtLeast(times[1]! - times[0]!, 240)
    }))

  it.scopedLive("is passed by for what NO_PROXY names", () =>
    Effect.gen(function*() {
      const api = yield* Faulty.http1("http", () => {})
      const { heads, port } = yield* proxy(0)
      const environment = { HTTP_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: "other.example, localhost" }
      found(yield* ask(api, codes, { environment }))
      assert.strictEqual(heads.length, 0)
    }))

  it.scopedLive("that cannot be reached stops the run, and shows no password", () =>
    Effect.gen(function*() {
      const port = yield* Serve.closedPort
      for (const origin of ["http://api.test", "https://api.test"]) {
        for (const named of [`http://${user}127.0.0.1:${port}`, `socks5://${user}127.0.0.1`, `http://${user}:bad`]) {
          const run = yield* ask({ origin }, codes, { environment: { HTTP_PROXY: named, HTTPS_PROXY: named } })
          const stopped = yield* Effect.flip(run)
          assert.strictEqual(stopped.reason, "unreachable")
          assert.notInclude(JSON.stringify(stopped), "w0rd")
          if (named.includes(String(port))) {
            assert.include(
              stopped.message,
              `the proxy 127.0.0.1:${port} of ${
                origin.startsWith("https") ? "HTTPS" : "HTTP"
              }_PROXY: nothing listens at `
            )
          }
        }
      }
    }))
})

describe("Proxy.find", () => {
  const all = { HTTP_PROXY: "http://h:1", HTTPS_PROXY: "http://s:2" }
  const cases: ReadonlyArray<readonly [environment: Proxy.Environment, url: string, expected: string | undefined]> = [
    [all, "http://a.example/", "http://h:1"],
    [all, "https://a.example/", "http://s:2"],
    [{ HTTP_PROXY: "http://h:1" }, "https://a.example/", undefined],
    [{ ...all, http_proxy: "http://lower:3" }, "http://a.example/", "http://lower:3"],
    [{ ...all, http_proxy: "" }, "http://a.example/", undefined],
    [{ HTTP_PROXY: " h:1 " }, "http://a.example/", "http://h:1"],
    [{ HTTP_PROXY: "https://h" }, "http://a.example/", "https://h"],
    [{ ...all, NO_PROXY: "*" }, "http://a.example/", undefined],
    [{ ...all, NO_PROXY: "b.example" }, "http://a.example/", "http://h:1"],
    [{ ...all, NO_PROXY: "a.example" }, "http://a.example/", undefined],
    [{ ...all, NO_PROXY: "A.Example" }, "http://a.example/", undefined],
    [{ ...all, NO_PROXY: "example" }, "http://a.example/", undefined],
    [{ ...all, NO_PROXY: ".example" }, "http://a.example/", undefined],
    [{ ...all, NO_PROXY: "*.example" }, "http://a.example/", undefined],
    [{ ...all, NO_PROXY: "xample" }, "http://a.example/", "http://h:1"],
    [{ ...all, NO_PROXY: "a.example:80" }, "http://a.example/", undefined],
    [{ ...all, NO_PROXY: "a.example:443" }, "https://a.example/", undefined],
    [{ ...all, NO_PROXY: "a.example:81" }, "http://a.example/", "http://h:1"],
    [{ ...all, NO_PROXY: "a.example:81" }, "http://a.example:81/", undefined],
    [{ ...all, NO_PROXY: "x, a.example y" }, "http://a.example/", undefined],
    [{ ...all, NO_PROXY: "x", no_proxy: "a.example" }, "http://a.example/", undefined],
    [{ ...all, NO_PROXY: "::1" }, "http://[::1]/", undefined],
    [{ ...all, NO_PROXY: "[::1]:80" }, "http://[::1]/", undefined],
    [{ ...all, NO_PROXY: "127.0.0.1" }, "http://127.0.0.1:8080/", undefined],
    [{ ...all, NO_PROXY: "127.0.0.0/8" }, "http://127.3.2.1/", undefined],
    [{ ...all, NO_PROXY: "127.0.0.0/8" }, "http://128.0.0.1/", "http://h:1"],
    [{ ...all, NO_PROXY: "127.0.0.0/8" }, "http://localhost/", "http://h:1"],
    [{ ...all, NO_PROXY: "fd00::/8" }, "http://[fd12::1]/", undefined],
    [{ ...all, NO_PROXY: "10.0.0.0/99" }, "http://10.0.0.1/", "http://h:1"],
    [{ ALL_PROXY: "http://a:3" }, "http://a.example/", "http://a:3"],
    [{ ALL_PROXY: "http://a:3", HTTP_PROXY: "http://h:1" }, "https://a.example/", "http://a:3"],
    [{ ALL_PROXY: "http://a:3", HTTP_PROXY: "http://h:1" }, "http://a.example/", "http://h:1"],
    [
      { all_proxy: "socks5h://a:3" },
      "http://a.example/",
      "ALL_PROXY names no proxy that can be used, as SOCKS is not spoken here: write it as http://HOST:PORT"
    ]
  ]
  it.each(cases)("%j %s: %s", (environment, url, expected) => {
    const { hostname, port, protocol } = new URL(url)
    const found = Proxy.find(Proxy.fromEnvironment(environment)!, protocol, hostname, port)
    assert.strictEqual(found instanceof LookupError ? found.message : found?.origin, expected)
  })

  it("is nobody where none is named", () => {
    assert.isUndefined(Proxy.fromEnvironment({}))
    assert.isUndefined(Proxy.fromEnvironment({ HTTP_PROXY: "", NO_PROXY: "x" }))
  })
})
