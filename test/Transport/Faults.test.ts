/**
 * What servers do wrong, class by class: one question is answered badly and its neighbours well. Each class has its typed outcome, in
 * time, without hurt to a neighbour and without a connection that stays open.
 */
import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { constants } from "node:http2"
import { brotliCompressSync, constants as zlib, deflateSync, gzipSync } from "node:zlib"
import type { Reason } from "../../src/Outcome.ts"
import type * as Transport from "../../src/Transport.ts"
import { some } from "../scale.ts"
import * as Faulty from "./faulty.ts"
import { codes, type Expected, judge, tries, watch } from "./judge.ts"

const { answer, poison, reply } = Faulty

const found: Expected = { outcome: "found", status: 200, attempts: 1 }
const notFound = (status: number): Expected => ({ outcome: "not_found", status, attempts: 1 })
/** Nothing at all gets a second look. */
const emptyTwice: Expected = { ...notFound(200), attempts: 2 }
const foundLater: Expected = { outcome: "found", status: 200, attempts: 2 }
/** Tried again, and then given up. */
const retried = (type: Reason, status?: number): Expected => ({
  outcome: "failed",
  type,
  attempts: 2,
  ...(status === undefined ? {} : { status })
})
/** Never tried again. */
const final = (type: Reason, status?: number): Expected => ({ ...retried(type, status), attempts: 1 })

const good = answer(poison)
const smuggled = reply(answer("smuggled"))
const chunked = "Transfer-Encoding: chunked"
const close = "Connection: close"
const packed = (encoding: string, body: Uint8Array) => reply(body, [`Content-Encoding: ${encoding}`])
const zipped = gzipSync(good)
const zippedTimes = (times: number): Buffer => times === 0 ? Buffer.from(good) : gzipSync(zippedTimes(times - 1))
const lines = (count: number, line: string) => Array.from({ length: count }, (_, index) => `x${index}: ${line}`)

const zeros = Buffer.alloc(1_000_000)
const bomb = gzipSync(zeros)
const brotliBomb = brotliCompressSync(zeros, { params: { [zlib.BROTLI_PARAM_QUALITY]: 1 } })

/** Node 20 gives up an HTTP/2 connection that is no good, and tells nobody. */
const givenUp: Reason = Number.parseInt(process.versions.node) >= 24 ? "transport" : "timeout"

type Row = readonly [name: string, fault: Faulty.Fault, expected: Expected]

const beforeHeaders: ReadonlyArray<Row> = [
  ["reset", (wire) => wire.reset(), retried("transport")],
  ["close", (wire) => wire.end(), retried("transport")],
  ["hang", () => {}, retried("timeout")],
  ["cut headers", (wire) => wire.end("HTTP/1.1 200 OK\r\nContent-Le"), retried("transport")],
  ["headers, a byte per 100 ms", (wire) => {
    const bytes = reply(good).toString()
    let at = 0
    wire.every(100, () => wire.write(bytes[at++] ?? ""))
  }, retried("timeout")],
  ["1 MB of headers", (wire) => wire.write(reply(good, [`x: ${"a".repeat(1e6)}`])), final("too_large")],
  ["10,000 headers", (wire) => wire.write(reply(good, lines(10_000, "twelve bytes"))), final("too_large")],
  [
    "10,000 short headers, which fit",
    (wire) => wire.write(reply(good, Array.from({ length: 10_000 }, () => "a: b"))),
    found
  ],
  ["headers without an end", (wire) => {
    wire.write("HTTP/1.1 200 OK\r\n")
    wire.flood(`${"x".repeat(500)}: ${"y".repeat(500)}\r\n`)
  }, final("too_large")],
  ["100 × 103", (wire) => wire.write("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n".repeat(100) + reply(good)), found],
  [
    "103 without an end",
    (wire) => wire.every(10, () => wire.write("HTTP/1.1 103 Early Hints\r\n\r\n")),
    retried("timeout")
  ],
  [
    "100 that nobody asked for",
    (wire) => wire.write(`HTTP/1.1 100 Continue\r\n\r\n${reply(good)}`),
    found
  ],
  ["100 in pieces, between others", (wire) => {
    const bytes = `HTTP/1.1 103 Early Hints\r\n\r\n${"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n".repeat(3)}${reply(good)}`
    let at = 0
    wire.every(1, () => wire.write(bytes.slice(at, at += 7)))
  }, found],
  [
    "101 that nobody asked for",
    (wire) => wire.write("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    retried("transport")
  ],
  ["a line of garbage", (wire) => wire.write("SSH-2.0-OpenSSH\r\n\r\n"), retried("protocol")],
  ["a body alone, as HTTP/0.9", (wire) => wire.end(good), retried("protocol")],
  ["HTTP/2 without being asked", (wire) => wire.write(Buffer.from("000000040000000000", "hex")), retried("protocol")],
  ["bare LF", (wire) => wire.write(reply(good).toString().replaceAll("\r", "")), retried("protocol")],
  ["status 99", (wire) => wire.write(reply(good, [], "99 Low")), retried("protocol")],
  ["status 1000", (wire) => wire.write(reply(good, [], "1000 High")), retried("protocol")],
  ["a space before the colon", (wire) => wire.write(reply(good, ["X-Y : z"])), retried("protocol")],
  ["NUL in a header", (wire) => wire.write(reply(good, ["X: a\0b"])), retried("protocol")],
  ["two lengths", (wire) => wire.write(reply(good, ["Content-Length: 17", "Content-Length: 3"])), retried("protocol")],
  ["the same length twice", (wire) => wire.write(reply(good, ["Content-Length: 17", "content-length: 17"])), found],
  ["the same length as a list", (wire) => wire.write(reply(good, ["Content-Length: 17, 17"])), found],
  ["two lengths as a list", (wire) => wire.write(reply(good, ["Content-Length: 17, 3"])), retried("protocol")],
  ["a negative length", (wire) => wire.write(reply(good, ["Content-Length: -1"])), retried("protocol")],
  [
    "length and chunked",
    (wire) => wire.write(reply(`2\r\n{}\r\n0\r\n\r\n`, ["Content-Length: 2", chunked])),
    retried("protocol")
  ]
]

/** What is read where it is asked for. */
const lenient: ReadonlyArray<Row> = [
  ["a good answer", (wire) => wire.write(reply(good)), found],
  ["bare LF", (wire) => wire.write(reply(good).toString().replaceAll("\r", "")), found],
  ["mixed LF", (wire) => wire.write(reply(good, ["X: y"]).toString().replace("y\r\n", "y\n")), found],
  ["a folded header", (wire) => wire.write(reply(good, ["X: a\r\n b"])), found],
  ["a control character in a header", (wire) => wire.write(reply(good, ["X: a\u0001b"])), found],
  [
    "chunks and a length",
    (wire) => wire.write(reply(`11\r\n${good}\r\n0\r\n\r\n`, ["Content-Length: 17", chunked])),
    found
  ],
  ["a space after the size of a chunk", (wire) => wire.write(reply(`11 \r\n${good}\r\n0\r\n\r\n`, [chunked])), found],
  ["100 that nobody asked for", (wire) => wire.write(`HTTP/1.1 100 Continue\r\n\r\n${reply(good)}`), found],
  ["short of its length", (wire) => wire.end(reply("1", ["Content-Length: 17"])), retried("transport")],
  ["reset", (wire) => wire.reset(), retried("transport")],
  ["hang", () => {}, retried("timeout")],
  ["NUL in a header", (wire) => wire.write(reply(good, ["X: a\0b"])), retried("protocol")],
  ["a line without a colon", (wire) => wire.write(reply(good, ["X y"])), retried("protocol")],
  ["1 MB of headers", (wire) => wire.write(reply(good, [`x: ${"a".repeat(1e6)}`])), final("too_large")]
]

/** What was cut off at the length that is told could be read. */
const beyondLength = ([
  ["in one piece", (wire) => wire.write(reply("12", ["Content-Length: 1"]))],
  ["by a character that takes two bytes", (wire) => wire.write(reply("\"ü\"", ["content-length: 3"]))],
  ["where nothing was told to come", (wire) => wire.end(reply(good, ["CONTENT-LENGTH: 0"]))],
  ["where the length is told twice", (wire) => wire.write(reply("{}{}", ["Content-Length: 2, 2"]))],
  ["on a connection that ends", (wire) => wire.end(reply("{}{}", [close, "Content-Length: 2"]))],
  ["after all that was told", (wire) => wire.write(`${reply(good)}left over`)],
  ["after an interim head", (wire) => wire.write(`HTTP/1.1 100 Continue\r\n\r\n${reply("12", ["Content-Length: 1"])}`)],
  ["in pieces", (wire) => {
    const pieces = ["HTTP/1.1 200 OK\r\nContent-", "Length: 4\r\n", "\r\n", "[1", ",2]"]
    wire.every(10, () => wire.write(pieces.shift() ?? ""))
  }]
] as ReadonlyArray<readonly [name: string, fault: Faulty.Fault]>).map(([name, fault]): Row => [
  name,
  fault,
  retried("protocol")
])

const inBody: ReadonlyArray<Row> = [
  ["reset", (wire) => wire.reset(reply("{", ["Content-Length: 17"])), retried("transport")],
  ["close", (wire) => wire.end(reply("1", ["Content-Length: 17"])), retried("transport")],
  ["close in a chunk", (wire) => wire.end(reply("11\r\n1", [chunked])), retried("transport")],
  ["close before the last chunk", (wire) => wire.end(reply("1\r\n1\r\n", [chunked])), retried("transport")],
  ["reset where the end of the connection ends it", (wire) => wire.reset(reply(good, [close])), retried("transport")],
  ["the end of the connection ends it", (wire) => wire.end(reply(good, [close])), found],
  ["chunks of garbage", (wire) => wire.write(reply("zz\r\n{}\r\n0\r\n\r\n", [chunked])), retried("transport")],
  [
    "a chunk beyond all numbers",
    (wire) => wire.write(reply("fffffffffffffffff\r\n{}", [chunked])),
    retried("transport")
  ],
  [
    "trailers that tell another length",
    (wire) => wire.write(reply(`11\r\n${good}\r\n0\r\nContent-Length: 3\r\n\r\n`, [chunked])),
    retried("protocol")
  ],
  ["204 with a body", (wire) => wire.write(reply(good, [], "204 No Content")), notFound(204)],
  [
    "304 with a length and no body",
    (wire) => wire.write("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
    final("status", 304)
  ],
  ["trickle for ever", (wire) => {
    wire.write(reply("{", ["Content-Length: 9999"]))
    wire.every(20, () => wire.write(" "))
  }, retried("timeout")],
  ["endless", (wire) => {
    wire.write(reply("", [close]))
    wire.flood("a".repeat(64 * 1024))
  }, final("too_large", 200)],
  ["endless in chunks of one byte", (wire) => {
    wire.write(reply("", [chunked]))
    wire.flood("1\r\na\r\n".repeat(4096))
  }, final("too_large", 200)],
  ["too long by its length", (wire) => wire.write(reply("a".repeat(100_000))), final("too_large", 200)],
  [
    "gzip by its header, plain in truth",
    (wire) => wire.write(packed("gzip", Buffer.from(good))),
    retried("decode", 200)
  ],
  ["gzip, cut", (wire) => wire.write(packed("gzip", zipped.subarray(0, -4))), retried("decode", 200)],
  [
    "gzip, cut by the end of the connection",
    (wire) => wire.end(reply(zipped.subarray(0, -9), [close, "Content-Encoding: gzip"])),
    retried("decode", 200)
  ],
  [
    "gzip with garbage after it",
    (wire) => wire.write(packed("gzip", Buffer.concat([zipped, Buffer.from("garbage")]))),
    found
  ],
  [
    "gzip, no byte of it",
    (wire) => wire.end(reply("", [close, "Content-Encoding: gzip"])),
    retried("decode", 200)
  ],
  ["a gzip bomb", (wire) => wire.write(packed("gzip", bomb)), final("too_large", 200)],
  ["a brotli bomb", (wire) => wire.write(packed("br", brotliBomb)), final("too_large", 200)],
  ["a bomb in a bomb", (wire) => wire.write(packed("gzip, gzip", gzipSync(bomb))), final("too_large", 200)],
  ["gzip", (wire) => wire.write(packed("gzip", zipped)), found],
  [
    "stacked encodings",
    (wire) => wire.write(packed("deflate, gzip, br", brotliCompressSync(gzipSync(deflateSync(good))))),
    found
  ],
  // CVE-2026-22036
  [
    "too many encodings",
    (wire) => wire.write(packed(Array(5).fill("gzip").join(), zippedTimes(5))),
    retried("decode", 200)
  ],
  ["5,000 encodings", (wire) => wire.write(packed(Array(5000).fill("gzip").join(), zipped)), retried("decode", 200)],
  ["an unknown encoding", (wire) => wire.write(packed("compress", Buffer.from(good))), retried("decode", 200)],
  ["an encoding that is none", (wire) => wire.write(packed("UTF-8", Buffer.from(good))), found],
  ["invalid JSON", (wire) => wire.write(reply("{\"code\":")), retried("decode", 200)],
  ["a byte order mark", (wire) => wire.write(reply(`\ufeff${good}`)), found],
  ["Latin-1", (wire) => wire.write(reply(Buffer.from("\"caf\xe9\"", "latin1"))), retried("decode", 200)],
  [
    "200 with HTML",
    (wire) => wire.write(reply("<html>Service unavailable</html>", ["Content-Type: text/html"])),
    retried("decode", 200)
  ],
  ["200 with nothing", (wire) => wire.write(reply("")), emptyTwice],
  ["200 with nothing, once", (wire, nth) => wire.write(nth === 1 ? reply("") : reply(good)), foundLater],
  ["the wrong content type", (wire) => wire.write(reply(good, ["Content-Type: image/png"])), found]
]

const reuse: ReadonlyArray<Row> = [
  ["the server closes after its reply", (wire) => wire.end(reply(good)), found],
  ["the server resets after its reply", (wire) => wire.reset(reply(good)), found],
  ["no time to wait", (wire) => wire.write(reply(good, ["Keep-Alive: timeout=0"])), found],
  ["blank lines after its reply", (wire) => wire.write(`${reply(good)}\r\n\n`), found],
  ["a second reply at once", (wire) => wire.write(Buffer.concat([reply(good), smuggled])), found],
  ["a second reply, cut", (wire) => wire.write(Buffer.concat([reply(good), smuggled.subarray(0, 20)])), found],
  ["a second reply in the next turn", (wire) => {
    wire.write(reply(good))
    setImmediate(() => wire.write(smuggled))
  }, found],
  [
    "a reply as the body of 204",
    (wire) => wire.write(Buffer.concat([Buffer.from("HTTP/1.1 204 None\r\n\r\n"), smuggled])),
    notFound(204)
  ],
  [
    "a second reply after 100 and the first",
    (wire) => wire.write(Buffer.concat([reply("", [], "100 Continue"), reply(good), smuggled])),
    found
  ]
]

const statuses: ReadonlyArray<Row> = [
  ...["0", "-1", "soon", "Thu, 01 Jan 1970 00:00:00 GMT", "99999999999", "1e9", "0.01", ""].map((wait): Row => [
    `429 once, Retry-After: ${wait}`,
    (wire, nth) => wire.write(nth === 1 ? reply("slow", [`Retry-After: ${wait}`], 429) : reply(good)),
    // a call that was throttled is no attempt
    found
  ]),
  [
    "503 once, Retry-After: 0",
    (wire, nth) => wire.write(nth === 1 ? reply("", ["Retry-After: 0"], 503) : reply(good)),
    foundLater
  ],
  [
    "503 once, Retry-After: 0.05",
    (wire, nth) => wire.write(nth === 1 ? reply("", ["Retry-After: 0.05"], 503) : reply(good)),
    foundLater
  ],
  ["500 once", (wire, nth) => wire.write(nth === 1 ? reply("", [], 500) : reply(good)), foundLater],
  ["reset once", (wire, nth) => nth === 1 ? wire.reset() : wire.write(reply(good)), foundLater],
  ["slow once", (wire, nth) => nth === 1 ? undefined : wire.write(reply(good)), { ...foundLater, isSlow: true }],
  ["an outage by key", (wire) => wire.write(reply("", [], 503)), retried("status", 503)],
  ["408", (wire) => wire.write(reply("", [], 408)), retried("status", 408)],
  ["425", (wire) => wire.write(reply("", [], 425)), retried("status", 425)],
  [
    "500 with a body that does not unpack",
    (wire) => wire.write(reply("x", ["Content-Encoding: gzip"], 500)),
    retried("status", 500)
  ],
  ["501", (wire) => wire.write(reply("", [], 501)), final("status", 501)],
  ["403 in the middle of a run", (wire) => wire.write(reply("", [], 403)), final("status", 403)],
  ["404", (wire) => wire.write(reply("", [], 404)), notFound(404)],
  ["418", (wire) => wire.write(reply("", [], 418)), final("status", 418)]
]

const ok = { ":status": 200 }
/** Frame flags. */
const endHeaders = 4

/** The server behind the relay does not know what was put on the wire: nothing else may come over it. */
const answerAndLeave: Faulty.StreamFault = (stream, put) => {
  put("goaway", 0, Faulty.word(stream.id!, 0), "connection")
  stream.respond(ok)
  stream.end(good)
}

const streams: ReadonlyArray<readonly [name: string, fault: Faulty.StreamFault, expected: Expected]> = [
  ["hang", () => {}, retried("timeout")],
  ...Object.entries({
    "RST_STREAM, internal error": constants.NGHTTP2_INTERNAL_ERROR,
    "RST_STREAM, refused": constants.NGHTTP2_REFUSED_STREAM,
    "RST_STREAM, cancel": constants.NGHTTP2_CANCEL,
    "RST_STREAM, no error": constants.NGHTTP2_NO_ERROR
  }).flatMap(([name, code]) =>
    [
      [`${name}, before headers`, (_, put) => put("reset", 0, Faulty.word(code)), retried("transport")],
      // the number is a whole answer where its end is not missed
      [`${name}, in the body`, (stream, put) => {
        stream.respond(ok)
        stream.write("12", () => setTimeout(() => put("reset", 0, Faulty.word(code)), 20))
      }, retried("transport")]
    ] satisfies ReadonlyArray<readonly [string, Faulty.StreamFault, Expected]>
  ),
  ["RST_STREAM after the end", (stream) => {
    stream.respond(ok)
    stream.end(good, () => stream.close(constants.NGHTTP2_NO_ERROR))
  }, found],
  ["GOAWAY, and the answer", (stream) => {
    stream.session!.goaway(constants.NGHTTP2_NO_ERROR)
    stream.respond(ok)
    setTimeout(() => stream.end(good), 20)
  }, found],
  ["GOAWAY, to be calm, once", (stream, _, nth) => {
    if (nth === 1) return stream.session!.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM)
    stream.respond(ok)
    stream.end(good)
  }, found],
  ["RST_STREAM, to be calm, once", (stream, put, nth) => {
    if (nth === 1) return put("reset", 0, Faulty.word(constants.NGHTTP2_ENHANCE_YOUR_CALM))
    stream.respond(ok)
    stream.end(good)
  }, found],
  ["a whole answer, and GOAWAY, to be calm", (stream) => {
    stream.respond(ok)
    stream.end(good, () => stream.session?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM))
  }, found],
  [
    "GOAWAY that has not seen the question",
    (_, put) => put("goaway", 0, Faulty.word(0, 0), "connection"),
    retried("transport")
  ],
  ["the connection breaks before headers", (stream) => stream.session!.destroy(), retried("transport")],
  ["the connection breaks in the body", (stream) => {
    stream.respond(ok)
    stream.write("12", () => setTimeout(() => stream.session?.destroy(), 20))
  }, retried("transport")],
  ["short of its length", (stream) => {
    stream.respond({ ...ok, "content-length": 99 })
    stream.end("12")
  }, retried("transport")],
  ["more than its length", (stream) => {
    stream.respond({ ...ok, "content-length": 1 })
    stream.end("12")
  }, retried("transport")],
  ["3,000 headers", (stream) => {
    stream.respond({ ...ok, ...Object.fromEntries(lines(3000, "twelve bytes").map((line) => line.split(": "))) })
    stream.end(good)
  }, final("too_large")],
  ["200 headers, which fit", (stream) => {
    stream.respond({ ...ok, ...Object.fromEntries(lines(200, "twelve bytes").map((line) => line.split(": "))) })
    stream.end(good)
  }, found],
  ["100 × 103", (stream) => {
    for (let count = 0; count < 100; count++) stream.additionalHeaders({ ":status": 103, link: "a" })
    stream.respond(ok)
    stream.end(good)
  }, found],
  ["trickle for ever", (stream) => {
    stream.respond(ok)
    const timer = setInterval(() => stream.write(" "), 20)
    stream.on("close", () => clearInterval(timer))
  }, retried("timeout")],
  ["endless", (stream) => {
    const write = (): void => void (stream.destroyed || stream.write("a".repeat(16_384), () => setImmediate(write)))
    stream.respond(ok)
    write()
  }, final("too_large", 200)],
  ["a gzip bomb", (stream) => {
    stream.respond({ ...ok, "content-encoding": "gzip" })
    stream.end(bomb)
  }, final("too_large", 200)],
  ["headers alone", (stream) => stream.respond(ok, { endStream: true }), emptyTwice],
  ["204", (stream) => stream.respond({ ":status": 204 }), notFound(204)],
  ["trailers", (stream) => {
    stream.respond(ok, { waitForTrailers: true })
    stream.on("wantTrailers", () => stream.sendTrailers({ x: "y" }))
    stream.end(good)
  }, found],
  ["a ping flood", (stream, put) => {
    for (let count = 0; count < 1000; count++) put("ping", 0, Faulty.word(0, count), "connection")
    answerAndLeave(stream, put, 1)
  }, found],
  ["a settings flood", (stream, put) => {
    for (let count = 0; count < 200; count++) put("settings", 0, Buffer.alloc(0), "connection")
    answerAndLeave(stream, put, 1)
  }, found],
  [
    "a push that was not allowed",
    (_, put) => put("push", endHeaders, Buffer.concat([Faulty.word(2), Buffer.of(0x88)])),
    retried("transport")
  ],
  ["a frame of an unknown type", (stream, put) => {
    put("unknown", 0, Buffer.alloc(9))
    stream.respond(ok)
    stream.end(good)
  }, found],
  ["a frame that is too long", (_, put) => put("headers", endHeaders, Buffer.alloc(100_000)), retried(givenUp)],
  ["headers that do not unpack", (_, put) => put("headers", endHeaders, Buffer.alloc(9, 0xff)), retried(givenUp)]
]

const servers = {
  http: (fault: Faulty.Fault) => Faulty.http1("http", fault),
  https: (fault: Faulty.Fault) => Faulty.http1("https", fault),
  h2: (fault: Faulty.StreamFault) => Faulty.http2(fault)
}

const table = <Fault>(
  name: string,
  rows: ReadonlyArray<readonly [name: string, fault: Fault, expected: Expected]>,
  serve: (fault: Fault) => ReturnType<typeof Faulty.http2>,
  options: Transport.Options = {}
) =>
  describe.concurrent(`Faults: ${name}`, () => {
    for (const [row, fault, expected] of rows) {
      it.live(row, () =>
        Effect.repeatN(
          judge(serve(fault), codes, expected, { insecure: true, ca: undefined, ...options }),
          tries - 1
        ))
    }
  })

watch()
for (const transport of ["http", "https"] as const) {
  // they differ below what reads them: in the short form a part of them over TLS
  const over = <A>(rows: ReadonlyArray<A>) => transport === "http" ? rows : some(rows, 3)
  table(`before headers, ${transport}`, over(beforeHeaders), servers[transport])
  table(`in the body, ${transport}`, over(inBody), servers[transport])
  table(`beyond its length, ${transport}`, over(beyondLength), servers[transport])
  table(`beyond its length, read leniently, ${transport}`, over(beyondLength), servers[transport], { lenient: true })
  table(`read leniently, ${transport}`, over(lenient), servers[transport], { lenient: true })
  table(`reuse, ${transport}`, over(reuse), servers[transport])
}
table("statuses", statuses, servers.http)
table("HTTP/2", streams, servers.h2, { http2: true })
