/**
 * Answers that would take all memory: the command takes little more than for good answers, and goes on.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Readable } from "node:stream"
import { buffer } from "node:stream/consumers"
import { createGzip } from "node:zlib"
import * as Command from "../command.ts"
import { isLong, say, scale, some } from "../scale.ts"
import * as Faulty from "./faulty.ts"

const codes = ["first", ...Array.from({ length: 20 }, (_, index) => `q${index}`)]

/** Bytes that the command may take more than for good answers. */
const allowance = 128 * 1024 * 1024

/** The largest part of memory that a process had, in bytes. */
const peak = (pid: number): number => {
  const [, size = "0"] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? []
  return Number(size) * 1024
}

/** Runs the command against a server, and gives its peak and its records. */
const run = (serve: Effect.Effect<Faulty.Server, never, Scope.Scope>, timeout = "30s") =>
  Effect.scoped(Effect.gen(function*() {
    const { origin } = yield* serve
    const cwd = yield* Command.folder
    const list = [...codes.slice(0, 10), Faulty.poison, ...codes.slice(10)]
    writeFileSync(join(cwd, "list"), `${list.join("\n")}\n`)
    const words = [
      "run",
      "list",
      "--url",
      `${origin}/{code}`,
      "-o",
      "out.ndjson",
      "--timeout",
      timeout,
      "--retries",
      "1"
    ]
    const command = yield* Command.start(words, { cwd })
    let most = 0
    const timer = setInterval(() => {
      try {
        most = Math.max(most, peak(command.process.pid!))
      } catch {
        // it has just ended
      }
    }, 5)
    const { exit, stderr } = yield* Effect.ensuring(command.ended, Effect.sync(() => clearInterval(timer)))
    const outcomes = Command.records(readFileSync(join(cwd, "out.ndjson"), "utf8"))
    const found = outcomes.filter((record) => record.outcome === "found" && record.code !== Faulty.poison)
    assert.strictEqual(found.length, codes.length, stderr)
    return { exit, peak: most, poisoned: outcomes.find(({ code }) => code === Faulty.poison)! }
  }))

/** A gigabyte of zeros, and in the short form twice what the command may take. */
const bomb = Effect.promise(() => {
  const zeros = Buffer.alloc(1024 * 1024)
  return buffer(
    Readable.from(Array.from({ length: scale(256, 1024, 1024) }, () => zeros)).pipe(createGzip({ level: 1 }))
  )
})

const rows: ReadonlyArray<readonly [name: string, fault: (bomb: Buffer) => Faulty.Fault]> = [
  ["an endless body", () => (wire) => {
    wire.write(Faulty.reply("", ["Connection: close"]))
    wire.flood("a".repeat(256 * 1024))
  }],
  ["an endless body in chunks of one byte", () => (wire) => {
    wire.write(Faulty.reply("", ["Transfer-Encoding: chunked"]))
    wire.flood("1\r\na\r\n".repeat(32 * 1024))
  }],
  ["a gzip bomb", (bomb) => (wire) => wire.write(Faulty.reply(bomb, ["Content-Encoding: gzip"]))],
  ["a flood of headers", () => (wire) => {
    wire.write("HTTP/1.1 200 OK\r\n")
    wire.flood(`${"x".repeat(100)}: ${"y".repeat(1000)}\r\n`.repeat(100))
  }],
  ["a flood of short headers", () => (wire) => {
    wire.write("HTTP/1.1 200 OK\r\n")
    wire.flood("a:\r\n".repeat(100_000))
  }],
  ["a flood of hints", () => (wire) => wire.flood(`HTTP/1.1 103 Hints\r\nx: ${"y".repeat(50_000)}\r\n\r\n`, 5000)]
]

describe.skipIf(process.platform !== "linux")("rollcall run: memory", () => {
  it.live("stays within bounds", () =>
    Effect.gen(function*() {
      const packed = yield* bomb
      const plain = yield* run(Faulty.http1("http", (wire) => wire.write(Faulty.reply(Faulty.answer(Faulty.poison)))))
      assert.strictEqual(plain.exit, 0)
      for (const [name, fault] of some(rows, 2)) {
        const { exit, peak, poisoned } = yield* run(
          Faulty.http1("http", fault(packed)),
          name.includes("hints") ? "3s" : "30s"
        )
        assert.strictEqual(exit, 3, name)
        const reason = poisoned.outcome === "failed" && poisoned.error.type
        assert.isTrue(reason === "too_large" || (name.includes("hints") && reason === "timeout"), `${name}: ${reason}`)
        if (isLong) say(`${name}: ${Math.round((peak - plain.peak) / 1e6)} MB more`)
        assert.isAtMost(peak - plain.peak, allowance, name)
      }
    }))
})
