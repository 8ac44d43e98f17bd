/**
 * A file as a target: it grows as `OUT.part` and gets its name when it is complete.
 */
import { FileSystem } from "@effect/platform"
import { Effect } from "effect"
import { SinkError, type Target } from "../Sink.ts"

/** Writes to `path`. A file of that name which an earlier run on the same ledger did not write is left alone. */
export const make = (path: string): Effect.Effect<Target, never, FileSystem.FileSystem> =>
  Effect.map(FileSystem.FileSystem, (fs): Target => {
    const part = `${path}.part`
    const failed = (reason: "Open" | "Write", what: string) => (cause: unknown) =>
      new SinkError({ reason, sink: path, detail: `${what}: ${explain(cause)}`, cause })
    return {
      name: path,
      check: (ours) =>
        Effect.flatMap(
          Effect.orElseSucceed(fs.exists(path), () => false),
          (exists) =>
            !exists || ours.includes(path) ? Effect.void : new SinkError({
              reason: "Exists",
              sink: path,
              detail: "it exists and is not the output of this ledger: move it away or choose another name"
            })
        ),
      open: Effect.gen(function*() {
        const file = yield* fs.open(part, { flag: "w", mode: 0o600 }).pipe(
          Effect.mapError(failed("Open", "it cannot be made"))
        )
        const encoder = new TextEncoder()
        return {
          write: (text) => Effect.mapError(file.writeAll(encoder.encode(text)), failed("Write", "writing failed")),
          complete: file.sync.pipe(
            Effect.zipRight(fs.rename(part, path)),
            Effect.mapError(failed("Write", "it could not be completed"))
          )
        }
      })
    }
  })

const explain = (cause: unknown): string => {
  const inner = (cause as { cause?: unknown }).cause
  return inner instanceof Error ? inner.message : (cause as Error).message
}
