/**
 * Virtual time for one effect: hours pass in milliseconds, and every run is the same.
 */
import { Cause, type Effect, Exit } from "effect"
import * as Simulation from "../src/Simulation.ts"
import * as Draw from "../src/Simulation/Draw.ts"

/**
 * Runs an effect that needs nothing but time, to its end. Nothing else may wait: a promise or a socket would never come.
 */
export const simulate = <A, E>(effect: Effect.Effect<A, E>, seed: number | string = 1): Exit.Exit<A, E> => {
  const { exit } = Simulation.run(effect, {
    seed: typeof seed === "number" ? seed : Draw.hash(1, seed),
    order: "fifo",
    epoch: 0
  })
  if (Exit.isFailure(exit) && Cause.squash(exit.cause) instanceof Simulation.NoEndError) throw Cause.squash(exit.cause)
  return exit
}

/** What such an effect succeeds with; throws what it fails with. */
export const simulated = <A, E>(effect: Effect.Effect<A, E>): A =>
  Exit.getOrElse(simulate(effect), (cause) => {
    throw Cause.squash(cause)
  })
