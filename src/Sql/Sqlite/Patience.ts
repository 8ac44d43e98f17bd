/**
 * Patience: a database that another program has locked is waited for, while the process goes on. It is told of after 10 s, and given up
 * after a minute.
 */
import { DateTime, Effect, type Scope } from "effect"
import * as Hurry from "../Hurry.ts"
import { isBusy, type SqliteError } from "./Failure.ts"

/** Tries in a second. */
const pace = 10

/** Makes a statement wait until the database is free. Once it was given up nothing waits any more. */
export const make = (
  file: string
): Effect.Effect<
  <A>(statement: Effect.Effect<A, SqliteError>) => Effect.Effect<A, SqliteError>,
  never,
  Scope.Scope
> =>
  Effect.map(Hurry.listen, (hurry) => {
    let isGivenUp = false
    const wait = <A>(statement: Effect.Effect<A, SqliteError>) =>
      Effect.gen(function*() {
        const since = DateTime.formatIso(yield* DateTime.now).replace(/\.\d+Z$/, "Z")
        let hurried = 0
        for (let tries = 1;; tries++) {
          yield* Effect.sleep(1_000 / pace)
          const exit = yield* Effect.either(statement)
          const isFree = exit._tag === "Right" || !isBusy(exit.left)
          if (isFree && tries > Hurry.tellAfter * pace) yield* Effect.logWarning(`${file}: it is free again`)
          if (hurry.isHurried) hurried++
          isGivenUp = !isFree && (tries >= Hurry.giveUpAfter * pace || hurried >= Hurry.hurriedLimit * pace)
          if (isFree || isGivenUp) return yield* exit
          if (tries === Hurry.tellAfter * pace) {
            yield* Effect.logWarning(
              `${file}: another program has it locked since ${since} (waiting for ${Hurry.giveUpAfter} s)`
            )
          }
        }
      })
    return (statement) => Effect.catchIf(statement, (error) => isBusy(error) && !isGivenUp, () => wait(statement))
  })
