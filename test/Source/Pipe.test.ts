import { assert, describe, it } from "@effect/vitest"
import { Chunk, Deferred, Effect, Fiber, Stream } from "effect"
import { execFileSync } from "node:child_process"
import { openSync, writeSync } from "node:fs"
import { open } from "node:fs/promises"
import { join } from "node:path"
import * as Pipe from "../../src/Source/Pipe.ts"
import { folder } from "../command.ts"

const fifo = Effect.map(folder, (cwd) => {
  const path = join(cwd, "codes")
  execFileSync("mkfifo", [path])
  return path
})

describe("Pipe", () => {
  it.scopedLive("gives bytes as they come, until the writer is gone", () =>
    Effect.gen(function*() {
      const path = yield* fifo
      assert.isTrue(Pipe.is(path))
      assert.isFalse(Pipe.is(`${path}.not`))
      const first = yield* Deferred.make<void>()
      const reading = yield* Effect.fork(
        Pipe.bytes(path).pipe(
          Stream.tap(() => Deferred.succeed(first, undefined)),
          Stream.map((bytes) => Buffer.from(bytes).toString()),
          Stream.runCollect
        )
      )
      // opening waits for whoever reads
      const writer = yield* Effect.promise(() => open(path, "w"))
      yield* Effect.promise(() => writer.write("34102\n"))
      yield* Deferred.await(first)
      yield* Effect.promise(() => writer.write("00501\n"))
      yield* Effect.promise(() => writer.close())
      assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Fiber.join(reading)), ["34102\n", "00501\n"])
    }))

  it.scopedLive("is let go of while more is awaited", () =>
    Effect.gen(function*() {
      const path = yield* fifo
      // held open at both ends
      writeSync(openSync(path, "r+"), "34102\n")
      const pieces = yield* Stream.runCollect(Stream.take(Pipe.bytes(path), 1))
      assert.lengthOf(pieces, 1)
    }))
})
