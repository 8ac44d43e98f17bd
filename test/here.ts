/**
 * The command in this process, without the time that a process takes to start.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { ConfigProvider, Effect, Layer } from "effect"
import { Readable } from "node:stream"
import { main } from "../src/Cli.ts"

/** What it needs of a process. */
export interface Around {
  readonly cwd: string
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>
  readonly stdin: string | Uint8Array
}

/** Runs the command to its end, one at a time: standard input and outputs, folder and environment are those of the process. */
export const here = (words: ReadonlyArray<string>, { cwd, env, stdin }: Around) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const before = process.cwd()
      const environment = process.env
      process.chdir(cwd)
      process.env = { ...env }
      const input = Object.getOwnPropertyDescriptor(process, "stdin")!
      const value = Readable.from(stdin.length === 0 ? [] : [Buffer.from(stdin as string)])
      Object.defineProperty(process, "stdin", { configurable: true, value })
      const stdout = listen(process.stdout)
      const stderr = listen(process.stderr)
      const restore = () => {
        process.chdir(before)
        process.env = environment
        Object.defineProperty(process, "stdin", input)
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
