/**
 * A text in a file that a flag names.
 */
import { FileSystem } from "@effect/platform"
import { Effect } from "effect"
import * as Errno from "../Errno.ts"
import { UsageError } from "./Argv.ts"

/** Reads it; `what` is how the user wrote it, and `advice` what follows where that was wrong. */
export const read = (
  what: string,
  path: string,
  advice = ""
): Effect.Effect<string, UsageError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(path)).pipe(
    Effect.mapError((error) => new UsageError({ message: `${what}: ${Errno.ofReading(error)}${advice}` }))
  )
