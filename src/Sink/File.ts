/**
 * A file as a target: it grows as `OUT.part` and gets its name when it is complete.
 */
import { type Error, FileSystem } from "@effect/platform"
import { Effect, Layer } from "effect"
import { make as sinkOf, type Options, Sink, SinkError, type Target } from "../Sink.ts"

/**
 * Writes to `path`, for its owner's eyes only. What an earlier run on the same ledger did not write is left alone; only `OUT.part` is ours
 * whoever made it. `id` tells files apart whose paths are written in different ways.
 */
export const make = (path: string, id = path): Effect.Effect<Target, never, FileSystem.FileSystem> =>
  Effect.map(FileSystem.FileSystem, (fs): Target => {
    const part = `${path}.part`
    const failed = (reason: "Open" | "Write", what: string) => (cause: Error.PlatformError) =>
      new SinkError({ reason, sink: path, detail: `${what}: ${explain(cause)}`, cause })
    const exists = (detail: string) => new SinkError({ reason: "Exists", sink: path, detail })
    return {
      name: path,
      id,
      check: (ours) =>
        Effect.matchEffect(fs.stat(path), {
          onFailure: () => Effect.void,
          onSuccess: ({ type }): Effect.Effect<void, SinkError> => {
            if (type === "Directory") return exists("it is a folder: name a file in it")
            if (type !== "File") return exists("it is not a plain file: write to standard output, and redirect that")
            return ours.includes(id) ? Effect.void : exists(
              "it exists and is not the output of this ledger: move it away or choose another name"
            )
          }
        }),
      open: Effect.gen(function*() {
        // made anew, so that no link is followed and no mode inherited
        const file = yield* fs.remove(part, { force: true }).pipe(
          Effect.zipRight(fs.open(part, { flag: "wx", mode: 0o600 })),
          Effect.mapError(failed("Open", "it cannot be made"))
        )
        const encoder = new TextEncoder()
        return {
          write: (text) =>
            Effect.mapError(file.writeAll(encoder.encode(text)), failed("Write", "it cannot be written")),
          complete: file.sync.pipe(
            Effect.zipRight(fs.rename(part, path)),
            Effect.mapError(failed("Write", "it cannot be completed"))
          )
        }
      })
    }
  })

/** A file as the sink of a run. */
export const layer = (path: string, options: Options): Layer.Layer<Sink, never, FileSystem.FileSystem> =>
  Layer.effect(Sink, Effect.map(make(path), (target) => sinkOf(target, options)))

const explain = (error: Error.PlatformError): string => {
  const cause = error.cause as { readonly code?: string; readonly message?: string } | undefined
  return reasons[cause?.code ?? ""] ?? cause?.message ?? error.message
}

const room = "make room and run the same command again, what is answered is kept"
const reasons: Record<string, string> = {
  EACCES: "you may not write in its folder",
  EDQUOT: `your share of the disk is used up: ${room}`,
  ENOENT: "there is no such folder",
  ENOSPC: `the disk is full: ${room}`,
  ENOTDIR: "a part of its path is a file, not a folder",
  EROFS: "the disk is read-only"
}
