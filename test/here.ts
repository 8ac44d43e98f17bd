/**
 * The command in this process, without the time that a process takes to start.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { ConfigProvider, Effect, Layer } from "effect"
import { main } from "../src/Cli.ts"
import { type Ended, type Options, stateOf } from "./command.ts"

/** Runs the command to its end. One runs at a time: standard output, standard error and the folder are the process's own. */
export const here = (
  words: ReadonlyArray<string>,
  { cwd, env = {} }: Pick<Options, "cwd" | "env">
): Effect.Effect<Ended> => {
  const said = { stdout: "", stderr: "" }
  const listen = (stream: NodeJS.WriteStream, name: keyof typeof said) => {
    const { write } = stream
    stream.write = ((text: string, done?: () => void) => {
      said[name] += text
      done?.()
      return true
    }) as typeof write
    return () => {
      stream.write = write
    }
  }
  const variables = { HOME: cwd, XDG_STATE_HOME: stateOf(cwd), ...env }
  return Effect.acquireUseRelease(
    Effect.sync(() => {
      const before = process.cwd()
      process.chdir(cwd)
      return [() => process.chdir(before), listen(process.stdout, "stdout"), listen(process.stderr, "stderr")]
    }),
    () =>
      Effect.provide(main(words, variables), [
        NodeContext.layer,
        Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))
      ]),
    (restore) => Effect.sync(() => restore.forEach((one) => one()))
  ).pipe(Effect.map((exit) => ({ exit, ...said })))
}
