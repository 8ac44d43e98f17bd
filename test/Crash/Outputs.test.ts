/**
 * What is paid for is kept: outputs that fail, are locked or go away, and calls that are cut off, in runs whose every call changes
 * something. Judged by the server's log.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { folder, program, run, spawned, start, until } from "../command.ts"
import * as Serve from "../serve.ts"
import { DatabaseSync } from "../sqlite.ts"

/** A server that counts the POSTs of each code, and a list; `answer` is given how many came before, and how the answer is sent. */
const posting = (count: number, answer: (before: number, send: () => void) => void) =>
  Effect.gen(function*() {
    const posts = new Map<string, number>()
    const server = { answer }
    let before = 0
    const url = yield* Serve.http((request, response) => {
      let body = ""
      request.on("data", (chunk) => body += chunk)
      request.on("end", () => {
        const { code } = JSON.parse(body) as { code: string }
        posts.set(code, (posts.get(code) ?? 0) + 1)
        // more than a pipe holds, after some rows
        server.answer(before++, () => response.end(JSON.stringify({ code, text: "x".repeat(3_000) })))
      })
    })
    const cwd = yield* folder
    writeFileSync(join(cwd, "list"), Array.from({ length: count }, (_, index) => `c${index}\n`).join(""))
    const words = ["run", "list", "--url", `${url}/add`, "-d", "{\"code\":\"{code}\"}"]
    const twice = () => [...posts].filter(([, times]) => times > 1).map(([code]) => code)
    return { cwd, posts, server, twice, words }
  })

const soon = (_: number, send: () => void) => void setTimeout(send, 50)

describe.concurrent("rollcall run: an output that fails while calls are in flight", () => {
  const shell = (redirect: string) => ["bash", "-c", `set -o pipefail; "$@" ${redirect}`, "bash", ...program]

  it.scopedLive.each(
    [
      ["| head -1", 141],
      ["> /dev/full", 5]
    ] as const
  )("%s: what is awaited is kept", ([redirect, code]) =>
    Effect.gen(function*() {
      if (redirect.includes("/dev/full") && !existsSync("/dev/full")) return
      const { cwd, posts, server, twice, words } = yield* posting(120, soon)
      const failed = yield* spawned([...words, "-c", "8"], { cwd, program: shell(redirect) })
      assert.strictEqual(failed.exit, code, failed.stderr)
      server.answer = (_, send) => send()
      assert.isBelow(posts.size, 120)
      const calls = posts.size
      if (code === 5) {
        assert.include(failed.stderr, `\n${calls} of 120 codes answered in `)
        assert.include(failed.stderr, `\ncalls   ${calls}, `)
      }
      const { exit, stderr, stdout } = yield* run([...words, "-c", "8"], { cwd })
      assert.strictEqual(exit, 0, stderr)
      assert.include(stderr, `list: 120 entries (${calls} answered already)\n`)
      assert.lengthOf(stdout.trimEnd().split("\n"), 120)
      assert.deepStrictEqual(twice(), [])
    }))

  it.scopedLive("a table that another program locks until after the end", () =>
    Effect.gen(function*() {
      const { cwd, posts, server, twice, words } = yield* posting(400, soon)
      let lock: { readonly exec: (text: string) => void; readonly close: () => void } | undefined
      yield* Effect.addFinalizer(() => Effect.sync(() => lock?.close()))
      server.answer = (before, send) => {
        // the table is open by the first call
        if (before === 0) {
          lock = new DatabaseSync(join(cwd, "out.db"), { timeout: 5_000 })
          lock.exec("begin immediate")
        }
        soon(before, send)
      }
      const all = [...words, "-o", "out.db?table=t", "-c", "2"]
      const failed = yield* spawned(all, { cwd })
      assert.strictEqual(failed.exit, 5)
      assert.include(failed.stderr, "rollcall: out.db: another program is using it: wait for its end")
      const calls = posts.size
      // its column is as wide as the figure of what is pending
      assert.match(failed.stderr, new RegExp(`\n +${calls}  found\n`))
      lock!.exec("rollback")
      server.answer = (_, send) => send()
      const { exit, stderr } = yield* run(all, { cwd })
      assert.strictEqual(exit, 0, stderr)
      assert.include(stderr, `list: 400 entries (${calls} answered already)\n`)
      assert.deepStrictEqual([posts.size, twice()], [400, []])
    }))
})

describe.concurrent("rollcall run: POSTs that are cut off", () => {
  const never = () => {}

  it.scopedLive.each(
    [
      ["by the end of --drain", 1, /\n4 calls were cut off and may have been carried out: the same command sends them/],
      ["by a second signal", 2, /\nstopped at once: 4 calls were cut off and may have been carried out: the same comm/]
    ] as const
  )("%s are told, pending, and sent by the next run", ([, signals, said]) =>
    Effect.gen(function*() {
      const { cwd, posts, server, twice, words } = yield* posting(30, (before, send) => before < 8 ? send() : never())
      const all = [...words, "-o", "out.ndjson", "-c", "4"]
      const running = yield* start([...all, "--drain", signals === 1 ? "300ms" : "1m"], { cwd })
      yield* until(() => posts.size === 12)
      // the last answers are committed by now
      yield* Effect.sleep("300 millis")
      running.process.kill("SIGTERM")
      if (signals === 2) {
        yield* until(() => running.said().includes("a second signal stops at once"))
        running.process.kill("SIGTERM")
      }
      const { exit, stderr } = yield* running.ended
      assert.strictEqual(exit, 143)
      assert.match(stderr, said)
      const cut = [...posts.keys()].slice(8)
      server.answer = (_, send) => send()
      const again = yield* run(all, { cwd })
      assert.strictEqual(again.exit, 0, again.stderr)
      assert.deepStrictEqual([posts.size, twice().toSorted()], [30, cut.toSorted()])
    }))

  it.scopedLive("are of no concern where they do no harm", () =>
    Effect.gen(function*() {
      const { cwd, posts, words } = yield* posting(30, (before, send) => before < 8 ? send() : never())
      const running = yield* start([...words, "--idempotent", "-o", "out.ndjson", "-c", "4", "--drain", "300ms"], {
        cwd
      })
      yield* until(() => posts.size === 12)
      running.process.kill("SIGTERM")
      assert.notInclude((yield* running.ended).stderr, "carried out")
    }))
})
