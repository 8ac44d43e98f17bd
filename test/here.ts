/**
 * The command in this process, without the time that a process takes to start.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { ConfigProvider, Effect, Layer } from "effect"
import { main } from "../src/Cli.ts"

/** What it needs of a process. */
export interface Around {
  readonly cwd: string
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>
}

/** Runs the command to its end, one at a time: standard output, standard error, folder and environment are those of the process. */
export const here = (words: ReadonlyArray<string>, { cwd, env }: Around) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const before = process.cwd()
      const environment = process.env
      process.chdir(cwd)
      process.env = { ...env }
      const stdout = listen(process.stdout)
      const stderr = listen(process.stderr)
      const restore = () => {
        process.chdir(before)
        process.env = environment
        stdout.restore()
        stderr.restore()
      }
      return { stdout, stderr, restore }
    }),
    ({ stderr, stdout }) =>
      Effect.map(
        Effect.provide(main(words, env), [
          NodeContext.layer,
          Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(env))))
        ]),
        (exit) => ({ exit, stdout: stdout.said(), stderr: stderr.said() })
      ),
    ({ restore }) => Effect.sync(restore)
  ).pipe(alone.withPermits(1))

const alone = Effect.unsafeMakeSemaphore(1)

/** Keeps what is written, in place of writing it. */
const listen = (stream: NodeJS.WriteStream) => {
  const { write } = stream
  const pieces: Array<Uint8Array> = []
  stream.write = ((data: string | Uint8Array, done?: () => void) => {
    pieces.push(Buffer.from(data as string))
    done?.()
    return true
  }) as typeof write
  return {
    said: () => Buffer.concat(pieces).toString(),
    restore: () => {
      stream.write = write
    }
  }
}
