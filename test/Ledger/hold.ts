/**
 * A program that holds the ledger at the URL in `LEDGER`, and records one outcome after the other until it is ended. It says that it
 * does, or why it cannot.
 */
import { Effect, Redacted } from "effect"
import { Ledger } from "../../src/Ledger.ts"
import * as Postgres from "../../src/Ledger/Postgres.ts"

const program = Effect.gen(function*() {
  const ledger = yield* Ledger
  const list = yield* ledger.enlist("zips")
  const entries = Array.from({ length: 10_000 }, (_, ordinal) => {
    const key = `c${ordinal}`
    return { ordinal, line: ordinal + 1, key, input: key, columns: null, error: null }
  })
  yield* ledger.enroll(list, entries)
  console.log("held")
  const rest = {
    outcome: "found",
    http_status: 200,
    attempts: 1,
    calls: 1,
    ms: 1,
    at: 1,
    body: "{}",
    error: null
  } as const
  for (const { question } of yield* ledger.pending(list, 0, entries.length)) {
    yield* ledger.record(list, [{ question, ...rest }])
  }
})

program.pipe(
  Effect.provide(Postgres.layer(Redacted.make(process.env.LEDGER!))),
  Effect.catchAll((error) => Effect.sync(() => console.log(error.message))),
  Effect.runFork
)
