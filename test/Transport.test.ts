import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Option, Schema, Stream } from "effect"
import * as Zlib from "node:zlib"
import * as Failure from "../src/Lookup/Failure.ts"
import * as Transport from "../src/Transport.ts"
import * as Serve from "./serve.ts"

const execute = (request: HttpClientRequest.HttpClientRequest) =>
  Effect.flatMap(HttpClient.HttpClient, (client) => client.execute(request))

const json = (request: HttpClientRequest.HttpClientRequest) =>
  Effect.map(Effect.flatMap(execute(request), (response) => response.json), (body) => body as Serve.Received)

/** The typed error of a call whose body is read as text. */
const failure = (url: string) =>
  HttpClient.get(url).pipe(
    Effect.flatMap((response) => response.text),
    Effect.flip,
    Effect.map(Failure.fromHttpClient)
  )

/** A server that answers with these bytes. */
const serve = (headers: Record<string, string | Array<string>>, body: Uint8Array | string, status = 200) =>
  Serve.http((_, response) => response.writeHead(status, headers).end(body))

const over = Effect.provide(Transport.layer)

describe("Transport: requests", () => {
  const requests: ReadonlyArray<
    readonly [
      name: string,
      make: (url: string) => HttpClientRequest.HttpClientRequest,
      expected: Partial<Serve.Received>
    ]
  > = [
    ["GET", (url) => HttpClientRequest.get(`${url}/a/b?c=d`), { method: "GET", url: "/a/b?c=d", body: "" }],
    ["no path", (url) => HttpClientRequest.get(url), { url: "/" }],
    ["a query without a path", (url) => HttpClientRequest.get(`${url}?q=a/b`), { url: "/?q=a/b" }],
    ["urlParams", (url) => HttpClientRequest.get(`${url}/a?b=1`, { urlParams: { c: "d e" } }), { url: "/a?b=1&c=d+e" }],
    ["hash", (url) => HttpClientRequest.get(`${url}/a`, { hash: "b" }), { url: "/a" }],
    ["a fragment", (url) => HttpClientRequest.get(`${url}/a#b`), { url: "/a" }],
    ["what is not ASCII", (url) => HttpClientRequest.get(`${url}/ü?é=ß x`), { url: "/%C3%BC?%C3%A9=%C3%9F%20x" }],
    ["what is encoded", (url) => HttpClientRequest.get(`${url}/%2e%2E/%C3%BC`), { url: "/%2e%2E/%C3%BC" }],
    ["DELETE", (url) => HttpClientRequest.del(`${url}/a`), { method: "DELETE", url: "/a" }],
    [
      "POST JSON",
      (url) => HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(`${url}/a`), { é: 1 }),
      { method: "POST", body: "{\"é\":1}" }
    ],
    [
      "POST a form",
      (url) => HttpClientRequest.bodyUrlParams(HttpClientRequest.post(`${url}/a`), { a: "b c" }),
      { method: "POST", body: "a=b+c" }
    ]
  ]
  for (const [name, make, expected] of requests) {
    it.scoped(name, () =>
      Effect.gen(function*() {
        assert.deepInclude(yield* json(make(yield* Serve.echo)), expected)
      }).pipe(over))
  }

  it.scoped("sends headers, and those that a body needs", () =>
    Effect.gen(function*() {
      const { headers } = yield* json(
        HttpClientRequest.post(`${yield* Serve.echo}/`).pipe(
          HttpClientRequest.setHeaders({ "X-Key": "k", Accept: "a/b" }),
          HttpClientRequest.bodyText("four", "text/plain")
        )
      )
      assert.deepInclude(headers, { "x-key": "k", accept: "a/b", "content-type": "text/plain", "content-length": "4" })
    }).pipe(over))

  const refused: ReadonlyArray<readonly [name: string, request: HttpClientRequest.HttpClientRequest]> = [
    ["no URL", HttpClientRequest.get("")],
    ["half a host", HttpClientRequest.get("http://[/a")],
    ["a path alone", HttpClientRequest.get("/a/b/c/d/e")],
    ["another scheme", HttpClientRequest.get("ftp://127.0.0.1/a")],
    ["a user name", HttpClientRequest.get("http://user@127.0.0.1/a")],
    ["a password", HttpClientRequest.get("http://:password@127.0.0.1/a")],
    ["a header that is none", HttpClientRequest.get("http://127.0.0.1:1/a", { headers: { x: "a\nb" } })],
    [
      "a form with files",
      HttpClientRequest.bodyFormData(HttpClientRequest.post("http://127.0.0.1:1/"), new FormData())
    ],
    ["a stream", HttpClientRequest.bodyStream(HttpClientRequest.post("http://127.0.0.1:1/"), Stream.empty)]
  ]
  for (const [name, request] of refused) {
    it.effect(`refuses ${name}, once and for all`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(execute(request))
        assert.strictEqual(Failure.fromHttpClient(error).reason, "error")
      }).pipe(over))
  }
})

describe("Transport: responses", () => {
  it.scoped("have all parts of a response", () =>
    Effect.gen(function*() {
      const url = yield* serve(
        { "content-type": "application/json", "set-cookie": ["a=1; Path=/", "b=2"], "x-twice": ["1", "2"] },
        "{\"a\":1}",
        201
      )
      const response = yield* HttpClient.get(`${url}/x`)
      assert.strictEqual(response.status, 201)
      assert.strictEqual(response.headers["content-type"], "application/json")
      assert.strictEqual(response.headers["x-twice"], "1, 2")
      assert.deepStrictEqual(Object.keys(response.cookies.cookies), ["a", "b"])
      assert.isTrue(Option.isNone(response.remoteAddress))
      assert.strictEqual(response.request.url, `${url}/x`)
      assert.strictEqual(yield* response.text, "{\"a\":1}")
      assert.deepStrictEqual(yield* response.json, { a: 1 })
      assert.strictEqual(new TextDecoder().decode(yield* response.arrayBuffer), "{\"a\":1}")
      assert.strictEqual(yield* Stream.mkString(Stream.decodeText(response.stream)), "{\"a\":1}")
      assert.deepInclude(response.toJSON(), { status: 201, body: { a: 1 } })
      assert.include(String(response), "201")
    }).pipe(over))

  it.scoped("have forms", () =>
    Effect.gen(function*() {
      const params = yield* serve({}, "a=b+c&d=%C3%A9")
      const response = yield* HttpClient.get(params)
      assert.deepStrictEqual([...(yield* response.urlParamsBody)], [["a", "b c"], ["d", "é"]])
      const type = "multipart/form-data; boundary=x"
      const parts = yield* serve(
        { "content-type": type },
        "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--\r\n"
      )
      assert.strictEqual((yield* (yield* HttpClient.get(parts)).formData).get("a"), "b")
    }).pipe(over))

  it.scoped("have null for JSON where there is nothing", () =>
    Effect.gen(function*() {
      const response = yield* HttpClient.get(yield* serve({}, "", 204))
      assert.strictEqual(yield* response.text, "")
      assert.strictEqual(yield* response.json, null)
    }).pipe(over))

  it.scoped("come after early hints", () =>
    Effect.gen(function*() {
      const url = yield* Serve.raw(
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
      )
      const response = yield* HttpClient.get(url)
      assert.deepStrictEqual([response.status, yield* response.text, response.headers.link], [200, "{}", undefined])
    }).pipe(over))

  it.scoped("work with the platform's combinators", () =>
    Effect.gen(function*() {
      const url = yield* Serve.http((request, response) => {
        response.writeHead(request.url === "/v1/found" ? 200 : 404).end(JSON.stringify({ at: request.url, n: "1" }))
      })
      const client = (yield* HttpClient.HttpClient).pipe(
        HttpClient.mapRequest(HttpClientRequest.prependUrl(`${url}/v1`)),
        HttpClient.filterStatusOk
      )
      const schema = Schema.Struct({ at: Schema.String, n: Schema.NumberFromString })
      const found = yield* Effect.flatMap(client.get("/found"), HttpClientResponse.schemaBodyJson(schema))
      assert.deepStrictEqual(found, { at: "/v1/found", n: 1 })
      const refused = yield* Effect.flip(client.get("/missing"))
      assert.strictEqual(refused._tag === "ResponseError" && refused.reason, "StatusCode")
    }).pipe(over))

  it.scoped("are not redirected", () =>
    Effect.gen(function*() {
      const response = yield* HttpClient.get(yield* serve({ location: "http://127.0.0.1:1/" }, "moved", 301))
      assert.deepStrictEqual([response.status, yield* response.text], [301, "moved"])
    }).pipe(over))
})

describe("Transport: text", () => {
  const bytes = (...values: ReadonlyArray<number>) => Uint8Array.from(values)
  const read: ReadonlyArray<readonly [name: string, type: string, body: Uint8Array, expected: string]> = [
    ["UTF-8", "application/json", Buffer.from("é😀"), "é😀"],
    ["a byte order mark is dropped", "application/json", bytes(0xef, 0xbb, 0xbf, 0x7b, 0x7d), "{}"],
    ["one byte order mark is dropped", "", bytes(0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf), "\ufeff"],
    ["Latin-1 by its name", "text/html; charset=ISO-8859-1", bytes(0xe9, 0x21), "é!"],
    ["a name in quotes", "text/html; charset=\"windows-1252\"", bytes(0x80), "€"],
    ["UTF-8 by another name", "text/html; charset=iso-8859-1", Buffer.from("é"), "é"]
  ]
  for (const [name, type, body, expected] of read) {
    it.scoped(name, () =>
      Effect.gen(function*() {
        const response = yield* HttpClient.get(yield* serve({ "content-type": type }, body))
        assert.strictEqual(yield* response.text, expected)
      }).pipe(over))
  }

  const unreadable: ReadonlyArray<readonly [name: string, type: string, body: Uint8Array, message: string]> = [
    ["Latin-1 without a name", "text/html", bytes(0xe9, 0x21), "the body is not text in UTF-8"],
    ["a cut character", "application/json; charset=utf-8", bytes(0xc3), "the body is not text in UTF-8"],
    ["an unknown name", "text/html; charset=klingon", bytes(0xe9), "the body is not text in KLINGON"]
  ]
  for (const [name, type, body, message] of unreadable) {
    it.scoped(`refuses ${name}`, () =>
      Effect.gen(function*() {
        const url = yield* serve({ "content-type": type }, body)
        assert.deepInclude(yield* failure(url), { reason: "decode", message, status: 200 })
        // bytes are bytes
        const response = yield* HttpClient.get(url)
        assert.deepStrictEqual(new Uint8Array(yield* response.arrayBuffer), new Uint8Array(body))
        assert.strictEqual(Exit.isFailure(yield* Effect.exit(response.json)), true)
      }).pipe(over))
  }
})

const packers = {
  gzip: (body: Uint8Array) => Zlib.gzipSync(body),
  "x-gzip": (body: Uint8Array) => Zlib.gzipSync(body),
  deflate: (body: Uint8Array) => Zlib.deflateSync(body),
  br: (body: Uint8Array) => Zlib.brotliCompressSync(body)
}
const text = JSON.stringify({ text: "é".repeat(500) })
const plain: Uint8Array = Buffer.from(text)

/** A member with a comment, a name and a field of its own. */
const named = Buffer.concat([
  Buffer.from("1f8b081c00000000000302006162", "hex"),
  Buffer.from("name\0comment\0"),
  Zlib.gzipSync(plain).subarray(10)
])

const packedTimes = (times: number): Uint8Array => times === 0 ? plain : Zlib.gzipSync(packedTimes(times - 1))

describe("Transport: compressed bodies", () => {
  const packed: ReadonlyArray<readonly [encoding: string, body: Uint8Array]> = [
    ...Object.entries(packers).map(([encoding, pack]) => [encoding, pack(plain)] as const),
    ["deflate", Zlib.deflateRawSync(plain)],
    ["GZip", Zlib.gzipSync(plain)],
    ["identity", plain],
    ["gzip, ", Zlib.gzipSync(plain)],
    ["gzip, br", Zlib.brotliCompressSync(Zlib.gzipSync(plain))],
    ["gzip, gzip, gzip, gzip", packedTimes(4)],
    ["gzip", Buffer.concat([Zlib.gzipSync(plain.subarray(0, 9)), Zlib.gzipSync(plain.subarray(9))])],
    ...["UTF-8", "none", "binary", "8bit", "chunked", "aws-chunked", "constructor"].map((name) =>
      [name, plain] as const
    ),
    ["gzip, UTF-8", Zlib.gzipSync(plain)],
    // what stands behind the end
    ...Object.entries(packers).flatMap(([encoding, pack]) =>
      ["\n", " \r\n", "<!-- 3 ms -->", "\0\0"].map((more) =>
        [encoding, Buffer.concat([pack(plain), Buffer.from(more)])] as const
      )
    ),
    ["gzip", Buffer.concat([Zlib.gzipSync(plain.subarray(0, 9)), Zlib.gzipSync(plain.subarray(9)), Buffer.from("\n")])],
    ["gzip", Buffer.concat([named, Buffer.from("\n")])]
  ]
  for (const [index, [encoding, body]] of packed.entries()) {
    it.scoped(`${encoding} (${index})`, () =>
      Effect.gen(function*() {
        const response = yield* HttpClient.get(yield* serve({ "content-encoding": encoding }, body))
        assert.strictEqual(yield* response.text, text)
      }).pipe(over))
  }

  const broken: ReadonlyArray<readonly [encoding: string, body: Uint8Array]> = [
    ...Object.entries(packers).flatMap(([encoding, pack]) => [
      [encoding, pack(plain).subarray(0, -1)] as const,
      [encoding, pack(plain).subarray(0, 12)] as const,
      [encoding, Buffer.from("<html>this is not packed at all</html>")] as const
    ]),
    ["deflate", Zlib.deflateRawSync(plain).subarray(0, -1)],
    ["zstd", plain],
    ["compress", plain],
    ["gzip", Buffer.concat([Zlib.gzipSync(plain), Zlib.gzipSync(plain).subarray(0, -1)])],
    ["gzip", Buffer.concat([Zlib.gzipSync(plain).subarray(0, -8), Buffer.alloc(8), Buffer.from("\n")])],
    ["gzip, gzip, gzip, gzip, gzip", packedTimes(5)]
  ]
  for (const [index, [encoding, body]] of broken.entries()) {
    it.scoped(`a broken ${encoding} is an error (${index})`, () =>
      Effect.gen(function*() {
        const error = yield* failure(yield* serve({ "content-encoding": encoding }, body))
        assert.deepInclude(error, { reason: "decode", status: 200 })
      }).pipe(over))
  }

  it.scoped("no byte is nothing where nothing was to come", () =>
    Effect.gen(function*() {
      const nothing = [
        yield* serve({ "content-encoding": "gzip" }, "", 204),
        yield* serve({ "content-encoding": "gzip", "content-length": "0" }, ""),
        yield* serve({ "content-encoding": "gzip", "transfer-encoding": "chunked" }, "")
      ]
      for (const url of nothing) {
        const response = yield* HttpClient.get(url)
        assert.strictEqual(yield* response.text, "")
      }
      const head = yield* HttpClient.head(yield* serve({ "content-encoding": "gzip", "content-length": "9" }, ""))
      assert.strictEqual(yield* head.text, "")
    }).pipe(over))

  it.scoped("no byte is a cut body where the end of the connection ends it", () =>
    Effect.gen(function*() {
      const url = yield* Serve.raw("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n")
      assert.strictEqual((yield* failure(url)).reason, "decode")
    }).pipe(over))
})

describe("Transport: the body's limit", () => {
  const limited = Effect.provide(Transport.layerWith({ maxBody: 1000 }))

  it.scoped("is counted after decompression", () =>
    Effect.gen(function*() {
      for (const [encoding, pack] of Object.entries({ identity: (body: Uint8Array) => body, ...packers })) {
        const fits = yield* HttpClient.get(
          yield* serve({ "content-encoding": encoding }, pack(Buffer.alloc(1000, "a")))
        )
        assert.strictEqual((yield* fits.text).length, 1000, encoding)
        const error = yield* failure(yield* serve({ "content-encoding": encoding }, pack(Buffer.alloc(1001, "a"))))
        assert.deepInclude(error, {
          reason: "too_large",
          message: "the body is larger than 1000 bytes",
          status: 200
        }, encoding)
      }
    }).pipe(limited))

  it.scoped("ends a body that does not", () =>
    Effect.gen(function*() {
      const isClosed = yield* Deferred.make<void>()
      const url = yield* Serve.http((_, response) => {
        const write = (): void => void response.write("x".repeat(64), () => response.destroyed || setImmediate(write))
        response.on("close", () => Deferred.unsafeDone(isClosed, Effect.void))
        response.writeHead(404)
        write()
      })
      const response = yield* HttpClient.get(url)
      assert.strictEqual(response.status, 404)
      assert.strictEqual(Failure.fromHttpClient(yield* Effect.flip(response.text)).reason, "too_large")
      yield* Deferred.await(isClosed)
    }).pipe(limited))

  it.scoped("is 8 MiB unless told otherwise", () =>
    Effect.gen(function*() {
      const limit = 8 * 1024 * 1024
      const fits = yield* HttpClient.get(yield* serve({}, Buffer.alloc(limit)))
      assert.strictEqual((yield* fits.arrayBuffer).byteLength, limit)
      assert.strictEqual((yield* failure(yield* serve({}, Buffer.alloc(limit + 1)))).reason, "too_large")
      const bomb = Zlib.gzipSync(Buffer.alloc(limit + 1))
      assert.strictEqual((yield* failure(yield* serve({ "content-encoding": "gzip" }, bomb))).reason, "too_large")
    }).pipe(over))
})

describe("Transport: a cut body is never taken for an answer", () => {
  const cuts: ReadonlyArray<readonly [name: string, reply: string]> = [
    ["short of its length", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"],
    ["short of its length, closing", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\n{}"],
    ["nothing of its length, closing", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\n"],
    ["HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\n{}"],
    ["in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}"],
    ["in a chunk, closing", "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}"],
    ["before the last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"],
    [
      "before the last chunk, closing",
      "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"
    ],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\n{}"]
  ]
  for (const [name, reply] of cuts) {
    for (const [how, end] of [["end", "end"], ["reset", "resetAndDestroy"]] as const) {
      it.scoped(`${name}, ${how}`, () =>
        Effect.gen(function*() {
          const url = yield* Serve.raw(reply, (socket) => socket[end]())
          const error = yield* Effect.flip(HttpClient.get(url))
          assert.strictEqual(Failure.fromHttpClient(error).reason, name === "two lengths" ? "protocol" : "transport")
        }).pipe(over))
    }
  }
})

describe("Transport: interruption", () => {
  it.scoped("aborts the request on the server's side", () =>
    Effect.gen(function*() {
      for (const isBegun of [false, true]) {
        const isAsked = yield* Deferred.make<void>()
        const isAborted = yield* Deferred.make<void>()
        const url = yield* Serve.http((_, response) => {
          response.on("close", () => Deferred.unsafeDone(isAborted, Effect.void))
          if (isBegun) response.write("{", () => Deferred.unsafeDone(isAsked, Effect.void))
          else Deferred.unsafeDone(isAsked, Effect.void)
        })
        const fiber = yield* Effect.fork(HttpClient.get(url))
        yield* Deferred.await(isAsked)
        const exit = yield* Fiber.interrupt(fiber)
        assert.isTrue(Exit.isInterrupted(exit))
        yield* Deferred.await(isAborted)
      }
    }).pipe(over))

  it.scoped("before the connection stands sends nothing", () =>
    Effect.gen(function*() {
      let asked = 0
      const url = yield* Serve.http((_, response) => {
        asked++
        response.end("{}")
      })
      yield* Effect.gen(function*() {
        const fiber = yield* Effect.fork(HttpClient.get(`${url}/never`))
        yield* Effect.yieldNow()
        yield* Fiber.interrupt(fiber)
        yield* HttpClient.get(`${url}/then`)
      }).pipe(over)
      assert.strictEqual(asked, 1)
    }))

  it.scoped("the end of the layer ends what is open", () =>
    Effect.gen(function*() {
      const isAsked = yield* Deferred.make<void>()
      const url = yield* Serve.http(() => Deferred.unsafeDone(isAsked, Effect.void))
      const fiber = yield* Effect.scoped(Effect.gen(function*() {
        const context = yield* Layer.build(Transport.layer)
        const fiber = yield* Effect.forkDaemon(Effect.provide(HttpClient.get(url), context))
        yield* Deferred.await(isAsked)
        return fiber
      }))
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.strictEqual(error._tag, "RequestError")
    }))
})

describe("Transport: connections", () => {
  it.scoped("are used again, and opened anew where the server closes them", () =>
    Effect.gen(function*() {
      const ports = new Set<number>()
      const url = yield* Serve.http((request, response) => {
        ports.add(request.socket.remotePort!)
        response.writeHead(200, request.url === "/close" ? { connection: "close" } : {}).end("{}")
      })
      for (let call = 0; call < 10; call++) yield* HttpClient.get(`${url}/keep`)
      const kept = ports.size
      assert.isAtMost(kept, 2)
      for (let call = 0; call < 10; call++) yield* HttpClient.get(`${url}/close`)
      assert.isAtLeast(ports.size, kept + 8)
    }).pipe(over))
})
