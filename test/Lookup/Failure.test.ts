import { FetchHttpClient, HttpClient, HttpClientError, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import * as Failure from "../../src/Lookup/Failure.ts"
import { LookupError, type Reason } from "../../src/Outcome.ts"
import * as Transport from "../../src/Transport.ts"
import * as Serve from "../serve.ts"

const request = HttpClientRequest.get("https://user:canary@h/canary?key=canary")

const failure = (cause: unknown, reason: "Transport" | "Encode" | "InvalidUrl" = "Transport") =>
  Failure.fromHttpClient(new HttpClientError.RequestError({ request, reason, cause }))

const coded = (code: string, message = code) => Object.assign(new Error(message), { code })

describe("Failure.changed", () => {
  it("is the same error in every field but those that are changed, and its cause", () => {
    const fields = {
      reason: "throttled",
      message: "later",
      status: 407,
      rule: "a rule",
      isUnprocessed: true,
      wait: Duration.seconds(3),
      remedy: "http2"
    } as const
    assert.sameMembers(Object.keys(LookupError.fields), ["_tag", "cause", ...Object.keys(fields)])
    const error = new LookupError({ ...fields, cause: new Error("canary") })
    assert.deepStrictEqual(Failure.changed(error, {}), new LookupError(fields))
    const changed = Failure.changed(error, { message: "now", isUnprocessed: false })
    assert.deepStrictEqual(changed, new LookupError({ ...fields, message: "now", isUnprocessed: false }))
    assert.strictEqual(changed.cause, undefined)
    const few = Failure.changed(new LookupError({ reason: "tls", message: "no" }), {})
    assert.deepStrictEqual(Object.keys(few), Object.keys(new LookupError({ reason: "tls", message: "no" })))
  })
})

describe("Failure.fromHttpClient", () => {
  const codes: ReadonlyArray<readonly [code: string, reason: Reason]> = [
    ["ENOTFOUND", "dns"],
    ["EAI_AGAIN", "dns"],
    ["EAI_FAIL", "dns"],
    ["ECONNREFUSED", "refused"],
    ["EHOSTUNREACH", "refused"],
    ["ENETUNREACH", "refused"],
    ["ETIMEDOUT", "timeout"],
    ["UND_ERR_CONNECT_TIMEOUT", "timeout"],
    ["UND_ERR_HEADERS_TIMEOUT", "timeout"],
    ["UND_ERR_BODY_TIMEOUT", "timeout"],
    ["CERT_HAS_EXPIRED", "tls"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "tls"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "tls"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "tls"],
    ["HOSTNAME_MISMATCH", "tls"],
    ["EPROTO", "tls"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "tls"],
    ["ECONNRESET", "transport"],
    ["EPIPE", "transport"],
    ["UND_ERR_SOCKET", "transport"],
    ["UND_ERR_RES_CONTENT_LENGTH_MISMATCH", "transport"],
    ["ERR_ASSERTION", "protocol"],
    ["HPE_INVALID_CONSTANT", "protocol"],
    ["EMFILE", "local"],
    ["EADDRNOTAVAIL", "local"],
    ["ENOBUFS", "local"],
    ["UND_ERR_HEADERS_OVERFLOW", "too_large"],
    ["HPE_HEADER_OVERFLOW", "too_large"],
    ["UND_ERR_RES_EXCEEDED_MAX_SIZE", "too_large"],
    ["ESERVFAIL", "dns"],
    ["ENETDOWN", "refused"],
    ["ERR_HTTP2_STREAM_ERROR", "transport"],
    ["ERR_INVALID_URL", "error"],
    ["UND_ERR_INVALID_ARG", "error"]
  ]
  for (const [code, reason] of codes) {
    it(`${code}: ${reason}`, () => {
      assert.strictEqual(failure(coded(code)).reason, reason)
      assert.strictEqual(failure(new TypeError("fetch failed", { cause: coded(code) })).reason, reason)
    })
  }

  it("tells what is no HTTP where the parser did not even begin", () => {
    const cause = Object.assign(new Error("Response does not match the HTTP/1.1 protocol"), { name: "HTTPParserError" })
    assert.strictEqual(failure(cause).reason, "protocol")
  })

  it("takes the first of several addresses", () => {
    const all = Object.assign(
      new AggregateError([
        Object.assign(coded("ECONNREFUSED", "connect ECONNREFUSED ::1:1"), { address: "::1", port: 1 }),
        coded("ETIMEDOUT")
      ], ""),
      { code: "ECONNREFUSED" }
    )
    const error = failure(new TypeError("fetch failed", { cause: all }))
    assert.deepStrictEqual([error.reason, error.message], ["refused", "nothing listens at [::1]:1 (ECONNREFUSED)"])
  })

  it.each<[cause: Error, message: string, remedy?: string]>([
    [
      Object.assign(coded("ENOTFOUND"), { hostname: "api.exmaple" }),
      "there is no host api.exmaple: is the name right? (ENOTFOUND)",
      "host"
    ],
    [
      Object.assign(coded("ECONNREFUSED"), { address: "127.0.0.1", port: 9 }),
      "nothing listens at 127.0.0.1:9 (ECONNREFUSED)"
    ],
    [
      coded("DEPTH_ZERO_SELF_SIGNED_CERT"),
      "the server's certificate is self-signed (DEPTH_ZERO_SELF_SIGNED_CERT)",
      "ca"
    ],
    [
      Object.assign(coded("CERT_HAS_EXPIRED"), { validTo: "Nov  1 00:00:00 2025 GMT" }),
      "the server's certificate expired on 2025-11-01: its owner must renew it (CERT_HAS_EXPIRED)"
    ],
    [
      coded("ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL"),
      "this server speaks only HTTP/2 (ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL)",
      "http2"
    ],
    [
      coded("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"),
      "the server wants a client certificate (ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED)",
      "cert"
    ],
    [
      Object.assign(new Error("Expected HTTP/"), { name: "HTTPParserError", data: "\0\0\u0012\u0004\0" }),
      "this server speaks only HTTP/2",
      "http2"
    ],
    [
      Object.assign(coded("HPE_INVALID_CONSTANT", "Expected HTTP/"), { data: "\u0015\u0003\u0003\0" }),
      "this looks like HTTPS (HPE_INVALID_CONSTANT)",
      "https"
    ],
    [
      coded("HPE_CR_EXPECTED", "Missing expected CR after header value"),
      "the answer is not as HTTP has it: Missing expected CR after header value (HPE_CR_EXPECTED)",
      "lenient"
    ],
    [
      Object.assign(coded("UND_ERR_SOCKET", "other side closed"), { socket: { bytesRead: 0 } }),
      "the server closed the connection without a word: does it want a client certificate? (UND_ERR_SOCKET)"
    ],
    [coded("E_UNHEARD_OF", "something else"), "something else"]
  ])("says it in plain words: %s", (cause, message, remedy) => {
    const error = failure(cause)
    assert.deepStrictEqual([error.message, error.remedy], [message, remedy])
  })

  it("survives causes that are none, strange, or go in a circle", () => {
    const circle = new Error("round")
    circle.cause = circle
    for (const cause of [undefined, null, "text", 1, { code: "ECONNREFUSED" }, circle, new AggregateError([])]) {
      assert.strictEqual(failure(cause).reason, "transport")
      assert.notStrictEqual(failure(cause).message, "")
    }
  })

  it("is final where the request cannot be made", () => {
    assert.strictEqual(failure(undefined, "InvalidUrl").reason, "error")
    assert.strictEqual(failure(new Error("no"), "Encode").reason, "error")
  })

  it("does not show the request", () => {
    for (const cause of [undefined, coded("ECONNRESET", "reset")]) {
      assert.notInclude(JSON.stringify(failure(cause)) + String(failure(cause)), "canary")
    }
  })

  it("keeps a typed error that is somewhere below", () => {
    const known = new LookupError({ reason: "too_large", message: "big" })
    const error = failure(new Error("outer", { cause: known }))
    assert.deepStrictEqual([error.reason, error.message], ["too_large", "big"])
  })
})

for (const [name, layer] of [["Transport", Transport.layer], ["FetchHttpClient", FetchHttpClient.layer]] as const) {
  const call = (url: string) =>
    HttpClient.get(url).pipe(
      Effect.flatMap((response) => response.text),
      Effect.flip,
      Effect.map(Failure.fromHttpClient),
      Effect.provide(layer)
    )

  describe(`Failure.fromHttpClient over ${name}`, () => {
    it.effect("a port on which nobody listens", () =>
      Effect.gen(function*() {
        const error = yield* call(`http://127.0.0.1:${yield* Serve.closedPort}/`)
        assert.strictEqual(error.reason, "refused")
        assert.match(error.message, /^nothing listens at 127\.0\.0\.1:\d+ \(ECONNREFUSED\)$/)
      }))

    it.effect("a host that is not known", () =>
      Effect.gen(function*() {
        const error = yield* call("http://no-such-host.invalid/")
        assert.strictEqual(error.reason, "dns")
        assert.match(error.message, /^(there is no host|the name) no-such-host\.invalid.* \(\w+\)$/)
      }))

    it.scoped("https where the server speaks http", () =>
      Effect.gen(function*() {
        const error = yield* call((yield* Serve.echo).replace("http:", "https:"))
        assert.strictEqual(error.reason, "tls")
        assert.match(error.message, /^this port does not speak TLS \(ERR_SSL_\w+\)$/)
      }))

    const faults: ReadonlyArray<readonly [name: string, reply: string, isReset?: boolean]> = [
      ["no answer", ""],
      ["no answer and a reset", "", true],
      ["cut headers", "HTTP/1.1 200 OK\r\nContent-Le"],
      ["garbage", "SSH-2.0-OpenSSH\r\n\r\n"],
      ["a cut body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"],
      ["a cut body and a reset", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", true],
      ["a cut chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}"]
    ]
    for (const [fault, reply, isReset] of faults) {
      it.scoped(fault, () =>
        Effect.gen(function*() {
          const url = yield* Serve.raw(reply, (socket) => isReset ? socket.resetAndDestroy() : socket.end())
          assert.strictEqual((yield* call(url)).reason, fault === "garbage" ? "protocol" : "transport")
        }))
    }
  })
}
