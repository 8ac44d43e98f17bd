import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Stdout from "../../src/Cli/Stdout.ts"

describe("Stdout.target", () => {
  const record = `{"a":"x\u202ey\u009bz\u007f"}\nc,\u001b[31m\r\n`
  const written = (isTTY: boolean, data: string | Uint8Array) =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        const before = { isTTY: process.stdout.isTTY, write: process.stdout.write }
        const pieces: Array<unknown> = []
        process.stdout.isTTY = isTTY
        process.stdout.write = ((piece: unknown, done: () => void) => {
          pieces.push(piece)
          done()
          return true
        }) as typeof process.stdout.write
        return { before, pieces }
      }),
      ({ pieces }) =>
        Effect.flatMap(Stdout.target.open(undefined, undefined as never), ({ write }) => write(data)).pipe(
          Effect.scoped,
          Effect.as(pieces)
        ),
      ({ before }) => Effect.sync(() => Object.assign(process.stdout, before))
    )

  it.effect("writes out what would move the cursor of a terminal, as the same JSON", () =>
    Effect.gen(function*() {
      const [text] = yield* written(true, record)
      assert.strictEqual(text, `{"a":"x\\u202ey\\u009bz\\u007f"}\nc,\\u001b[31m\n`)
      assert.deepStrictEqual(JSON.parse(String(text).split("\n")[0]!), { a: "x\u202ey\u009bz\u007f" })
    }))

  it.effect("gives anybody else the bytes as they are", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* written(false, record), [record])
      const bytes = new TextEncoder().encode("\u001b")
      assert.deepStrictEqual(yield* written(true, bytes), [bytes])
    }))
})
