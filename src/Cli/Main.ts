/**
 * The process around the command: layers, signals, the exit code.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Array, Effect, Exit, Inspectable, Logger } from "effect"
import { main, preload } from "../Cli.ts"
import * as Talk from "./Talk.ts"

/** 128 and the number of the signal. A terminal that is closed sends a SIGHUP. */
const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/** Runs the command. The first signal drains it, the second one ends the process at once. */
export const start = async (words: ReadonlyArray<string>): Promise<void> => {
  // what cannot be loaded is told by who calls this
  await preload(words)
  let signalled: number | undefined
  for (const [signal, code] of Object.entries(signals)) {
    process.on(signal, () => {
      if (signalled !== undefined) process.exit(signalled)
      signalled = code
    })
  }
  // a reader that went away is told to who writes, and as an event it would end the process
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {})
  const program = Effect.withFiberRuntime<number, never, NodeContext.NodeContext>((fiber) => {
    // the runtime knows the other two
    process.on("SIGHUP", () => fiber.unsafeInterruptAsFork(fiber.id()))
    return main(words, process.env)
  })
  NodeRuntime.runMain(Effect.provide(program, [NodeContext.layer, log]), {
    disableErrorReporting: true,
    disablePrettyLogger: true,
    teardown: (exit) => leave(signalled ?? (Exit.isSuccess(exit) ? exit.value as number : 1))
  })
}

/** What the engine logs is talk, and standard output is data. */
const log = Logger.replace(
  Logger.defaultLogger,
  Logger.make(({ message }) =>
    Talk.write(`rollcall: ${Array.ensure(message).map((part) => Inspectable.toStringUnknown(part, 0)).join(" ")}`)
  )
)

/** Ends the process once the last words are out, and does not wait for what V8 still compiles: that takes a tenth of a second. */
const leave = (code: number) => process.stdout.write("", () => process.stderr.write("", () => process.exit(code)))
