/**
 * A job file: flags of the command by their names, in YAML or JSON, so that a job can be kept and shared.
 */
import { FileSystem } from "@effect/platform"
import { Chunk, Effect, Stream } from "effect"
import * as Errno from "../Errno.ts"
import { inFile, type JobValues, nearest, UsageError } from "./Argv.ts"
import type * as Flag from "./Flag.ts"
import { isUrl } from "./Ledgers.ts"

/** How a job file names its run for a command that reads what was run: the rest of it is about the run alone. */
export const runOf = (job: JobValues): JobValues => {
  const output = job.get("output")?.find((output) => output !== "-" && !isUrl(output))
  const ledger = job.get("ledger")
  return new Map([
    ...(output === undefined ? [] : [[inFile, [output]] as const]),
    ...(ledger === undefined ? [] : [["ledger", ledger] as const])
  ])
}

/**
 * Reads a job file: a mapping from the names of flags to a value, or a list of values for a flag that may be given several times. `file`
 * names the input. Secrets stand as `${NAME}`, as on the command line.
 */
export const read = (
  path: string,
  flags: ReadonlyArray<Flag.Any>
): Effect.Effect<JobValues, UsageError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fail = (message: string) => new UsageError({ message: `--job ${path}: ${message}` })
    const fs = yield* FileSystem.FileSystem
    const text = yield* bounded(fs, path, fail)
    const { default: yaml } = yield* Effect.promise(() => import("yaml"))
    const job = yield* Effect.try({
      // JSON is YAML too; numbers such as 00501 keep their zeros
      try: () => yaml.parse(text, { schema: "failsafe", logLevel: "error" }) as unknown,
      catch: (cause) => fail(`it is neither YAML nor JSON: ${(cause as Error).message.split("\n")[0]}`)
    })
    if (job === null || typeof job !== "object" || Array.isArray(job)) {
      return yield* fail("write names of flags and their values, such as 'rate: 50/s'")
    }
    const values = new Map<string, ReadonlyArray<string>>()
    for (const [name, value] of Object.entries(job)) {
      const flag = flags.find((flag) => flag.name === name && name !== "job")
      if (flag === undefined && name === "input") return yield* fail("there is no flag input: did you mean file?")
      if (flag === undefined && name !== inFile) {
        const near = nearest(name, [inFile, ...flags.map(({ name }) => name)])
        return yield* fail(`there is no flag ${name}${near === undefined ? "" : `: did you mean ${near}?`}`)
      }
      const given = listOf(name, value, () => yaml.parse(text, { logLevel: "error" })[name])
      if (given === undefined) return yield* fail(`${name} has names where it has no place for them: write a text`)
      if (given.length === 0 || !given.every((one) => typeof one === "string" && one !== "")) {
        return yield* fail(`${name} has no value`)
      }
      if (given.length !== 1 && !flag?.isRepeated) return yield* fail(`${name} has one value`)
      values.set(name, given as ReadonlyArray<string>)
    }
    return values
  })

/** What joins a name and its value in flags that have both. */
const joins: Readonly<Record<string, string>> = { select: "=", as: "=", header: ": " }

/** A value as a flag takes it: names to values where the flag has both, and a body as JSON, with its numbers. */
const listOf = (name: string, value: unknown, typed: () => unknown): ReadonlyArray<unknown> | undefined => {
  if (Array.isArray(value) && name !== "data") return value
  if (typeof value !== "object" || value === null) return [value]
  if (name === "data") return [JSON.stringify(typed())]
  const join = joins[name]
  return join === undefined
    ? undefined
    : Object.entries(value).map(([key, one]) => typeof one === "string" && one !== "" ? `${key}${join}${one}` : "")
}

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
