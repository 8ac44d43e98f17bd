/**
 * A job file: flags of the command by their names, in YAML or JSON, so that a job can be kept and shared.
 */
import { FileSystem } from "@effect/platform"
import { Chunk, Effect, Stream } from "effect"
import * as Errno from "../Errno.ts"
import * as Job from "../Job.ts"
import { inFile, UsageError } from "./Argv.ts"
import { isUrl } from "./Ledgers.ts"

/** How a job file names its run for a command that reads what was run: the rest of it is about the run alone. */
export const runOf = (job: Job.Settings): Job.Settings => {
  const output = job.find(([name, text]) => name === "output" && text !== "-" && !isUrl(text))
  const ledger = job.filter(([name]) => name === "ledger")
  return [...(output === undefined ? [] : [[inFile, output[1]] as const]), ...ledger]
}

/** Reads a job file. Secrets stand as `${NAME}`, as on the command line. */
export const read = (path: string): Effect.Effect<Job.Settings, UsageError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fail = (message: string) => new UsageError({ message: `--job ${path}: ${message}` })
    const fs = yield* FileSystem.FileSystem
    const text = yield* bounded(fs, path, fail)
    const { default: yaml } = yield* Effect.promise(() => import("yaml"))
    const written = yield* Effect.try({
      try: (): unknown => {
        // JSON is YAML too; numbers such as 00501 keep their zeros
        const job: unknown = yaml.parse(text, { schema: "failsafe", logLevel: "error" })
        // but in a body they are numbers
        return isNested(job) && isNested(job.data)
          ? { ...job, data: (yaml.parse(text, { logLevel: "error" }) as typeof job).data }
          : job
      },
      catch: (cause) => fail(`it is neither YAML nor JSON: ${(cause as Error).message.split("\n")[0]}`)
    })
    return yield* Effect.mapError(Job.decode(written), ({ message }) => fail(message))
  })

const isNested = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

/** Bytes that a job file may have. */
const sizeLimit = 1024 * 1024

/** A text that ends: a device or a pipe may not. */
const bounded = (fs: FileSystem.FileSystem, path: string, fail: (message: string) => UsageError) =>
  Effect.gen(function*() {
    const pieces = yield* Stream.runCollect(fs.stream(path, { bytesToRead: FileSystem.Size(sizeLimit + 1) })).pipe(
      Effect.mapError((error) => fail(Errno.ofReading(error)))
    )
    const bytes = Buffer.concat(Chunk.toReadonlyArray(pieces))
    return bytes.length > sizeLimit ? yield* fail("it is larger than 1 MiB: is it a job?") : bytes.toString("utf8")
  })
