import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Command from "./command.ts"
import * as Serve from "./serve.ts"

/** A run that waits for the answer to its only question, which comes when it is let go. */
const waiting = (env: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function*() {
    const asked = yield* Deferred.make<() => void>()
    const url = yield* Serve.http((_, response) =>
      Effect.runSync(Deferred.succeed(asked, () => void response.end("{}")))
    )
    const cwd = yield* Command.folder
    writeFileSync(join(cwd, "codes.txt"), "a\n")
    const running = yield* Command.start(["run", "codes.txt", "--url", `${url}/{code}`], { cwd, env })
    return { running, letGo: yield* Deferred.await(asked) }
  })

describe("the process", () => {
  it.scopedLive("opens no debugger", () =>
    Effect.gen(function*() {
      const { letGo, running } = yield* waiting()
      running.process.kill("SIGUSR1")
      // whatever it does on the signal is done before it answers the next one
      running.process.kill("SIGUSR2")
      while (!running.said().includes("in flight")) yield* Effect.sleep("10 millis")
      letGo()
      const { exit, stderr } = yield* running.ended
      assert.strictEqual(exit, 0)
      assert.notInclude(stderr, "ebugger")
    }))

  it.scopedLive.skipIf(process.platform === "win32")(
    "says that it may open too few files",
    () =>
      Effect.gen(function*() {
        const cwd = yield* Command.folder
        // a release of Node needs some more of them than another: the highest limit that is too low
        for (let limit = 24;; limit--) {
          const limited = ["bash", "-c", `ulimit -n ${limit}; exec "$@"`, "bash", ...Command.program]
          const { exit, stderr } = yield* Command.run(["run", "codes.txt"], { cwd, env: {}, program: limited })
          assert.strictEqual(exit, 2)
          if (stderr.startsWith("rollcall: which API? ")) continue
          assert.strictEqual(
            stderr,
            "rollcall: this process may open too few files: raise the limit, as with ulimit -n 1024\n"
          )
          return
        }
      })
  )

  it.scopedLive("says that a debugger sees its keys", () =>
    Effect.gen(function*() {
      const { letGo, running } = yield* waiting({ NODE_OPTIONS: "--inspect=127.0.0.1:0" })
      letGo()
      assert.include((yield* running.ended).stderr, "warning: --inspect: ")
    }))
})
