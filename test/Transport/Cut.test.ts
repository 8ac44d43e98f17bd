/**
 * Answers that are cut off are never taken for whole, however their end is told, and whoever reads them: each is asked for again, the very
 * first one too. What is sent of each could be read.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import { gzipSync } from "node:zlib"
import * as Faulty from "./faulty.ts"
import { ask, assertClosed, watch } from "./judge.ts"

const { answer, poison } = Faulty

const good = Buffer.from(answer(poison))
const close = "Connection: close"
const length = "Content-Length: 99"
const chunked = "Transfer-Encoding: chunked"

/** How the end of an answer is told. Where nothing tells it, it is the end of the connection. */
const heads: ReadonlyArray<readonly [name: string, head: ReadonlyArray<string>]> = [
  ["by its length", ["HTTP/1.1 200 OK", length]],
  ["by its length, on a connection that ends", ["HTTP/1.1 200 OK", close, length]],
  ["by its length, in HTTP/1.0", ["HTTP/1.0 200 OK", length]],
  ["by its length, kept in HTTP/1.0", ["HTTP/1.0 200 OK", "Connection: keep-alive", length]],
  ["in chunks", ["HTTP/1.1 200 OK", chunked]],
  ["in chunks, on a connection that ends", ["HTTP/1.1 200 OK", close, chunked]],
  ["by nothing", ["HTTP/1.1 200 OK"]],
  ["by nothing, on a connection that ends", ["HTTP/1.1 200 OK", close]],
  ["by nothing, in HTTP/1.0", ["HTTP/1.0 200 OK"]]
]

const bodies: ReadonlyArray<readonly [name: string, body: Buffer, head: ReadonlyArray<string>]> = [
  ["plain", good, []],
  ["gzip", gzipSync(good), ["Content-Encoding: gzip"]],
  ["nothing", Buffer.alloc(0), []]
]

const bytesOf = (head: ReadonlyArray<string>, body: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(`${head.join("\r\n")}\r\n\r\n`),
    ...head.includes(chunked)
      ? [Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n")]
      : [body]
  ])

const judge = (transport: "http" | "https", lenient: boolean, fault: Faulty.Fault, isWhole: boolean) =>
  Effect.scoped(Effect.gen(function*() {
    const server = yield* Faulty.http1(transport, fault)
    const outcomes = yield* ask(server, [poison, "next"], { lenient, insecure: true, ca: undefined })
    if (Either.isLeft(outcomes)) return assert.fail(`the run stopped: ${outcomes.left.message}`)
    const [first, next] = outcomes.right
    assert.deepInclude(next, { outcome: "found", answer: { code: "next" }, attempts: 1 })
    if (isWhole) assert.deepInclude(first, { outcome: "found", answer: { code: poison }, attempts: 1 })
    else {
      assert.deepInclude(first, { outcome: "failed", attempts: 2 })
      const error = first?.outcome === "failed" ? first.error : undefined
      assert.deepStrictEqual([error?.reason, error?.remedy], ["transport", undefined])
      assert.match(error?.message ?? "", /^the server closed the connection before its answer was whole/)
    }
    yield* assertClosed(server)
  }))

watch()
for (const transport of ["http", "https"] as const) {
  for (const lenient of [false, true]) {
    describe.concurrent(`Answers that are cut off, ${transport}${lenient ? ", read leniently" : ""}`, () => {
      for (const [told, head] of heads) {
        const isWhole = told.startsWith("by nothing")
        for (const [name, body, more] of isWhole ? bodies : bodies.slice(0, 1)) {
          const bytes = bytesOf([...head, ...more], body)
          it.live(
            `${told}, ${name}, reset`,
            () => judge(transport, lenient, (wire) => wire.reset(bytes), false),
            30_000
          )
          // an empty one says something else
          if (body.length === 0) continue
          it.live(
            `${told}, ${name}, closed`,
            () => judge(transport, lenient, (wire) => wire.end(bytes), isWhole),
            30_000
          )
        }
      }
    })
  }
}
