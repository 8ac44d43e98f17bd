/**
 * `--if-running`: what a run does where another one holds its ledger, as a schedule needs it.
 */
import { Clock, Duration, Effect, Option } from "effect"
import { waitOf } from "../Job/Output.ts"
import type { Failure } from "./Command.ts"
import * as Exit from "./Exit.ts"
import * as Flag from "./Flag.ts"
import * as Talk from "./Talk.ts"

export const flag = Flag.of("if-running", {
  group: "Output",
  value: "WORD",
  help: "where another run is writing: fail (default), skip: exit 0, or 'wait 10m'"
})

/** Looks per wait, in milliseconds between them. */
const interval = 1_000

/** Does what the flag says where it is held. */
export const heed = <R>(
  word: Option.Option<string>,
  run: Effect.Effect<number, Failure, R>
): Effect.Effect<number, Failure, R> =>
  Effect.gen(function*() {
    const text = Option.getOrElse(word, () => "fail")
    const until = (yield* Clock.currentTimeMillis) + Option.match(waitOf(text), {
      onNone: () => 0,
      onSome: Duration.toMillis
    })
    let isTold = false
    const again: Effect.Effect<number, Failure, R> = Effect.catchIf(run, isBusy, (error) =>
      Effect.gen(function*() {
        const message = Exit.of(error).message
        if (text === "skip") return yield* Effect.as(Talk.say(`${message.replace(/:[^:]*$/, "")}: skipped`), 0)
        const left = until - (yield* Clock.currentTimeMillis)
        if (left <= 0) return yield* Effect.fail(error)
        if (!isTold) yield* Talk.say(message)
        isTold = true
        yield* Effect.sleep(Duration.millis(Math.min(interval, left)))
        return yield* again
      }))
    return yield* again
  })

const isBusy = (error: Failure): boolean =>
  (error._tag === "LedgerError" || error._tag === "SinkError") && error.reason === "Busy"
