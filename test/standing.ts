/**
 * A run that a test looks at while it goes on, and when it is over.
 */
import { Effect } from "effect"
import type * as Rollcall from "../src/Rollcall.ts"

/** Makes the run when it is run; until then there is nothing to look at. */
export const standing = <R>(make: Effect.Effect<Rollcall.Run<R>>) => {
  let made: Rollcall.Run<R> | undefined
  return {
    run: Effect.flatMap(make, (rollcall) => {
      made = rollcall
      return rollcall.run
    }),
    snapshot: () => made!.unsafeSnapshot(),
    details: Effect.suspend(() => made!.details)
  }
}
