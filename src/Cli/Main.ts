/**
 * The process around the command: layers, signals, the exit code.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Effect, Exit } from "effect"
import { main } from "../Cli.ts"

/** 128 and the number of the signal. */
const signals = { SIGINT: 130, SIGTERM: 143 } as const

/** Runs the command. The first signal drains it, the second one ends the process at once. */
export const start = (words: ReadonlyArray<string>): void => {
  let signalled: number | undefined
  for (const [signal, code] of Object.entries(signals)) {
    process.on(signal, () => {
      if (signalled !== undefined) process.exit(signalled)
      signalled = code
      process.stderr.write("\nstopping: calls in flight may finish (again to stop at once)\n")
    })
  }
  NodeRuntime.runMain(Effect.provide(main(words, process.env), NodeContext.layer), {
    disableErrorReporting: true,
    disablePrettyLogger: true,
    teardown: (exit, onExit) => onExit(signalled ?? (Exit.isSuccess(exit) ? exit.value as number : 1))
  })
}
