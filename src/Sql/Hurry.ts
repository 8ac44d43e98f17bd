/**
 * Hurry: whether a signal has asked the process to end. A database that keeps us waiting is given little time then.
 */
import { Effect, type Scope } from "effect"

/** Seconds: when a database that keeps us waiting is told of, when it is given up, and how long it has once the process is to end. */
export const [tellAfter, giveUpAfter, hurriedLimit] = [10, 60, 4]

/** Listens to the signals that somebody acts on, until the scope closes: who hears them alone would keep the process from its end. */
export const listen: Effect.Effect<{ readonly isHurried: boolean }, never, Scope.Scope> = Effect.gen(function*() {
  const state = { isHurried: false }
  const hear = () => {
    state.isHurried = true
  }
  const signals = (["SIGINT", "SIGTERM", "SIGHUP"] as const).filter((signal) => process.listenerCount(signal) > 0)
  yield* Effect.acquireRelease(
    Effect.sync(() => signals.forEach((signal) => process.on(signal, hear))),
    () => Effect.sync(() => signals.forEach((signal) => process.off(signal, hear)))
  )
  return state
})
