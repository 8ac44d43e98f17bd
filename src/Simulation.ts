/**
 * Deterministic simulation: a program, the servers it calls, and everything that can happen to both, in virtual time and from one seed.
 * Hours pass in milliseconds, and the same seed gives the same run to the last step.
 */
import { Effect, Exit, Schema } from "effect"
import * as Machine from "./Simulation/Machine.ts"

export { Machine } from "./Simulation/Machine.ts"

/** A program that does not end: it waits for what never comes, or goes on for ever. */
export class NoEndError extends Schema.TaggedError<NoEndError>()("NoEndError", { message: Schema.String }) {}

/** How a program is simulated. */
export interface Options extends Machine.Options {
  /** Virtual milliseconds, and steps, after which it is given up; ten years, and a thousand million. */
  readonly limit?: number | undefined
  readonly steps?: number | undefined
}

/** What a simulation came to. */
export interface Simulated<out A, out E> {
  readonly exit: Exit.Exit<A, E>
  /** Stands for every decision: equal traces, equal runs. */
  readonly trace: string
  /** Virtual time that has passed, in milliseconds. */
  readonly millis: number
  /** Fibers of the program that had not ended by then. */
  readonly fibers: number
}

/** Steps between two looks at the limits. */
const stride = 1024

/**
 * Runs a program to its end. Nothing in it may wait for the real world: a promise or a socket would never come.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import * as Simulation from "rollcall/Simulation"
 *
 * const { exit, millis } = Simulation.run(Effect.sleep("1 day"), { seed: 1 })
 * ```
 */
export const run = <A, E>(program: Effect.Effect<A, E, Machine.Machine>, options: Options): Simulated<A, E> => {
  const simulation = begin(program, options)
  while (true) {
    const simulated = simulation.goOn(stride)
    if (simulated !== undefined) return simulated
  }
}

/** The same, piece by piece: `between` is run after each, in real time, with the virtual time in milliseconds. */
export const runInPieces = <A, E, R>(
  program: Effect.Effect<A, E, Machine.Machine>,
  options: Options,
  between: (millis: number) => Effect.Effect<void, never, R>
): Effect.Effect<Simulated<A, E>, never, R> =>
  Effect.suspend(() => {
    const simulation = begin(program, options)
    const goOn: Effect.Effect<Simulated<A, E>, never, R> = Effect.suspend(() => {
      const simulated = simulation.goOn(stride)
      return simulated === undefined
        ? Effect.zipRight(between(simulation.now()), goOn)
        : Effect.succeed(simulated)
    })
    return goOn
  })

const begin = <A, E>(program: Effect.Effect<A, E, Machine.Machine>, options: Options) => {
  const { limit = 3650 * 86_400_000, steps = 1e9 } = options
  const machine = Machine.make(options)
  const process = machine.start(() => Effect.provideService(program, Machine.Machine, machine))
  let left = steps

  const end = (exit: Exit.Exit<A, E>): Simulated<A, E> => ({
    exit,
    trace: machine.trace(),
    millis: machine.now(),
    fibers: process.fibers()
  })
  const giveUp = (message: string) => end(Exit.die(new NoEndError({ message })))

  return {
    now: machine.now,
    goOn: (count: number): Simulated<A, E> | undefined => {
      const isWaiting = machine.advance(process, count)
      left -= count
      const exit = process.exit()
      if (exit !== undefined) {
        machine.settle()
        return end(exit)
      }
      if (!isWaiting) return giveUp("the program waits for what is not time")
      if (machine.now() > limit) return giveUp(`the program has not ended after ${Math.round(limit / 1000)} s`)
      return left > 0 ? undefined : giveUp(`the program has not ended after ${steps} steps`)
    }
  }
}
