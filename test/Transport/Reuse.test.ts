/**
 * Connections that are used again, by the thousand.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Either, Schema } from "effect"
import type * as Policy from "../../src/Policy.ts"
import * as Pace from "../../src/Policy/Pace.ts"
import { scale } from "../scale.ts"
import * as Serve from "../serve.ts"
import * as Faulty from "./faulty.ts"
import { ask, assertClosed, watch } from "./judge.ts"

const { answer, reply } = Faulty

/** A server that does as it is told after each reply. */
const replying = (then: (write: (bytes: Uint8Array) => void, end: () => void, good: Buffer) => void) => {
  let calls = 0
  return Effect.map(
    Faulty.sockets("http", (socket) => {
      socket.on("data", (bytes) => {
        calls++
        const code = /^GET \/(\S*)/.exec(String(bytes))![1]!
        then((bytes) => void socket.write(bytes), () => void socket.end(), reply(answer(code)))
      })
    }),
    (server) => ({ ...server, calls: () => calls })
  )
}

const many = (count: number) => Array.from({ length: count }, (_, index) => `q${index}`)

const pace = [Schema.decodeSync(Pace.Rate)("50/s")]

const policy: Policy.Policy = {
  ...Serve.policy,
  concurrency: 16,
  retry: { retries: 4, base: Duration.millis(5), cap: Duration.millis(50) }
}

const rows: ReadonlyArray<
  readonly [
    name: string,
    questions: number,
    then: Parameters<typeof replying>[0],
    tuned?: Partial<Policy.Policy>,
    /** Calls for each question at the most. */
    most?: number
  ]
> = [
  ["a server that closes after each reply", scale(500, 10_000, 100_000), (write, end, good) => {
    write(good)
    end()
  }],
  [
    "a second reply after each, at once",
    scale(100, 500, 20_000),
    (write, _, good) => write(Buffer.concat([good, reply(answer("smuggled"))]))
  ],
  ["a second reply after each, while nobody asks", scale(20, 50, 500), (write, _, good) => {
    write(good)
    setTimeout(() => write(reply(answer("smuggled"))), 2)
  }, { concurrency: 1, pace }],
  [
    "a server that waits as long as we do",
    scale(20, 50, 2000),
    (write, end, good) => {
      write(good)
      setTimeout(end, 20)
      // which of both is first is a matter of luck at each call, but never twice for one question
    },
    { concurrency: 1, pace },
    2
  ]
]

describe("Connections that are used again", () => {
  watch()
  for (const [name, count, then, tuned, most = 1.25] of rows) {
    it.scopedLive(name, () =>
      Effect.gen(function*() {
        const server = yield* replying(then)
        const codes = many(count)
        const run = yield* ask(server, codes, {}, { ...policy, ...tuned })
        yield* assertClosed(server)
        for (const [index, outcome] of Either.getOrThrow(run).entries()) {
          assert.deepInclude(outcome, { outcome: "found", answer: { code: codes[index] } })
        }
        assert.isAtMost(server.calls(), count * most)
      }), scale(60_000, 60_000, 1_800_000))
  }
})
