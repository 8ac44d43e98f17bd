import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { resolve } from "node:path"
import * as Command from "../command.ts"
import * as Serve from "../serve.ts"

const program = `
  import { Effect } from "effect"
  const [Lookup, Rollcall, Transport] = await Promise.all(
    ["Lookup", "Rollcall", "Transport"].map((name) => import(process.argv[1] + "/" + name + ".js"))
  )
  const lookup = Lookup.http({ url: process.argv[2] + "/{code}?key=c4nary-c4nary" })
  console.log(JSON.stringify(await Effect.runPromise(
    Effect.provide(Rollcall.forEach(lookup, ["a", "b"]), Transport.layer)
  )))
`

describe("a program that debugs its connections", () => {
  it.scopedLive("sees no key", () =>
    Effect.gen(function*() {
      const url = yield* Serve.http((_, response) => response.end("{}"))
      const { ended } = yield* Command.start(["--input-type=module", "--eval", program, resolve("dist"), url], {
        cwd: process.cwd(),
        env: { NODE_DEBUG: "undici,fetch" },
        program: [process.execPath]
      })
      const { exit, stderr, stdout } = yield* ended
      assert.strictEqual(exit, 0, stderr)
      assert.include(stdout, "found")
      assert.notInclude(stderr, "c4nary")
    }))
})
