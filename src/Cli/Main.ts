/**
 * The process around the command: layers, signals, the exit code.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Array, Effect, Exit, Inspectable, Logger, LogLevel } from "effect"
import { main, preload } from "../Cli.ts"
import * as Events from "./Events.ts"
import * as Left from "./Exit.ts"
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
      if (signalled !== undefined) {
        Events.end(signalled, "interrupted")
        process.exit(signalled)
      }
      signalled = code
    })
  }
  // a reader that went away is told to who writes, and as an event it would end the process
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {})
  // what nobody catches is told as text by Node itself
  process.on("uncaughtException", (error) => {
    Talk.write(`rollcall: ${Left.defect(error).message}`)
    Events.end(1, "defect")
    process.exit(1)
  })
  const program = Effect.withFiberRuntime<number, never, NodeContext.NodeContext>((fiber) => {
    // the runtime knows the other two
    process.on("SIGHUP", () => fiber.unsafeInterruptAsFork(fiber.id()))
    return main(words, process.env)
  })
  NodeRuntime.runMain(Effect.provide(program, [NodeContext.layer, log]), {
    disableErrorReporting: true,
    disablePrettyLogger: true,
    teardown: (exit) => {
      const code = signalled ?? (Exit.isSuccess(exit) ? exit.value as number : 1)
      Events.end(code, signalled === undefined ? "defect" : "interrupted")
      leave(code)
    }
  })
}

/** What the engine logs is talk, and standard output is data. */
const log = Logger.replace(
  Logger.defaultLogger,
  Logger.make(({ logLevel, message }) => {
    const text = Array.ensure(message).map((part) => Inspectable.toStringUnknown(part, 0)).join(" ")
    const level = LogLevel.lessThan(logLevel, LogLevel.Warning)
      ? "info"
      : LogLevel.lessThan(logLevel, LogLevel.Error)
      ? "warning"
      : "error"
    if (Events.isOn()) Talk.write(text, level)
    else Talk.write(`rollcall: ${text}`)
  })
)

/** Ends the process once the last words are out, and does not wait for what V8 still compiles: that takes a tenth of a second. */
const leave = (code: number) => process.stdout.write("", () => process.stderr.write("", () => process.exit(code)))
