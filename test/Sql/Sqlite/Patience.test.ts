import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Logger } from "effect"
import { SqliteError } from "../../../src/Sql/Sqlite/Failure.ts"
import * as Patience from "../../../src/Sql/Sqlite/Patience.ts"
import { simulated } from "../../simulate.ts"

/** A statement that another program's lock keeps waiting from the beginning to `end`, and what is said meanwhile. */
const locked = (end: number) =>
  Effect.gen(function*() {
    const said: Array<string> = []
    const patiently = yield* Patience.make("zips.ledger")
    const begun = yield* Clock.currentTimeMillis
    const statement = Effect.flatMap(Clock.currentTimeMillis, (now) =>
      now - begun < end * 1_000
        ? new SqliteError({ code: "SQLITE_BUSY", message: "database is locked" })
        : Effect.succeed("done"))
    const log = Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => void said.push(String(message))))
    const attempt = Effect.provide(Effect.either(patiently(statement)), log)
    return { attempt: Effect.fork(attempt), said }
  })

describe("Patience", () => {
  it.each<[seconds: number, said: ReadonlyArray<RegExp>]>([
    [1, []],
    [9.9, []],
    [20, [
      /^zips\.ledger: another program has it locked since .*Z \(waiting for 60 s\)$/,
      /^zips\.ledger: it is free again$/
    ]],
    [59, [/locked since/, /free again/]]
  ])("waits %d s for a lock, and says that it does after 10 s", (seconds, words) =>
    Effect.gen(function*() {
      const { attempt, said } = yield* locked(seconds)
      const fiber = yield* attempt
      yield* Effect.sleep(Duration.seconds(seconds + 1))
      assert.deepInclude(yield* Fiber.join(fiber), { _tag: "Right", right: "done" })
      assert.strictEqual(said.length, words.length, said.join("\n"))
      for (const [index, word] of words.entries()) assert.match(said[index]!, word)
    }).pipe(Effect.scoped, simulated))

  it("gives up after a minute, and waits no more then", () =>
    Effect.gen(function*() {
      const { attempt } = yield* locked(90)
      const fiber = yield* attempt
      yield* Effect.sleep("59 seconds")
      assert.isNull(fiber.unsafePoll())
      yield* Effect.sleep("1100 millis")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "Left")
      // the last answers are offered once more
      assert.strictEqual((yield* Fiber.join(yield* attempt))._tag, "Left")
      yield* Effect.sleep("30 seconds")
      assert.strictEqual((yield* Fiber.join(yield* attempt))._tag, "Right")
    }).pipe(Effect.scoped, simulated))
})
