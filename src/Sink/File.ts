/**
 * A file as a target: it grows as `OUT.part` and gets its name when it is complete.
 */
import { type Error, FileSystem } from "@effect/platform"
import { Effect, Layer, Option, type Scope } from "effect"
import { type Held, make as sinkOf, type Opened, type Options, Sink, SinkError, type Target } from "../Sink.ts"
import { hash } from "./Mark.ts"

/** A file takes bytes too. */
export interface File extends Target {
  readonly open: (held: Held | undefined) => Effect.Effect<OpenedFile, SinkError, Scope.Scope>
}
export interface OpenedFile extends Opened {
  readonly write: (data: string | Uint8Array) => Effect.Effect<void, SinkError>
}

/** The bytes at the end by which a file is known again. */
const tailLength = 4096

/**
 * Writes to `path`, for its owner's eyes only. What an earlier run on the same ledger did not write is left alone; only `OUT.part` is ours
 * whoever made it. `id` tells files apart whose paths are written in different ways.
 */
export const make = (path: string, id = path): Effect.Effect<File, never, FileSystem.FileSystem> =>
  Effect.map(FileSystem.FileSystem, (fs): File => {
    const part = `${path}.part`
    const failed = (reason: "Open" | "Write", what: string) => (cause: Error.PlatformError) =>
      new SinkError({ reason, sink: path, detail: `${what}: ${explain(cause)}`, cause })
    const exists = (detail: string) => new SinkError({ reason: "Exists", sink: path, detail })
    const taken = (detail: string) => new SinkError({ reason: "Write", sink: path, detail })

    /** Opens a file that still begins as it was said to. */
    const reopen = (file: string, { offset, tail }: Held, flag: "r" | "r+") =>
      Effect.gen(function*() {
        const { size, type } = yield* fs.stat(file)
        // a link could lead anywhere
        const isLink = yield* Effect.isSuccess(fs.readLink(file))
        if (type !== "File" || isLink) return undefined
        const opened = yield* fs.open(file, { flag })
        const bytes = new Uint8Array(Math.min(offset, tailLength))
        yield* opened.seek(BigInt(offset - bytes.length), "start")
        let read = 0
        while (read < bytes.length) {
          const more = Number(yield* opened.read(bytes.subarray(read)))
          if (more === 0) return undefined
          read += more
        }
        if ((yield* hash(bytes)) !== tail) return undefined
        return { opened, bytes, isLonger: size > BigInt(offset) }
      }).pipe(Effect.orElseSucceed(() => undefined))

    /** What was complete has its final name, and is as it was. */
    const isWhole = (held: Held) => Effect.map(reopen(path, held, "r"), (found) => found?.isLonger === false)

    /** The part file is there and is this one: another program may write to the same output. */
    const isSame = (file: FileSystem.File) =>
      Effect.zipWith(
        file.stat,
        Effect.option(fs.stat(part)),
        (mine, found) => Option.isSome(found) && String(found.value.ino) === String(mine.ino)
      )

    const opened = (
      file: FileSystem.File,
      start: Held | undefined,
      last: Uint8Array,
      isNew: boolean,
      onKeep: () => void
    ): OpenedFile => {
      const encoder = new TextEncoder()
      let offset = start?.offset ?? 0
      let tail = last
      return {
        isHeld: start !== undefined,
        write: (data) => {
          const bytes = typeof data === "string" ? encoder.encode(data) : data
          return Effect.map(
            Effect.mapError(file.writeAll(bytes), failed("Write", "it cannot be written")),
            () => {
              offset += bytes.length
              tail = endOf(tail, bytes)
            }
          )
        },
        keep: Effect.zipRight(
          Effect.mapError(file.sync, failed("Write", "it cannot be written")),
          Effect.suspend(() => {
            onKeep()
            return Effect.map(hash(tail), (tail): Held => ({ offset, tail, isComplete: false }))
          })
        ),
        complete: Effect.gen(function*() {
          // one that came to be during the run is somebody else's
          if (isNew && (yield* fs.exists(path))) {
            return yield* taken(`another program made it meanwhile: the output stands in ${part}`)
          }
          if (!(yield* isSame(file))) {
            return yield* taken(`another program took ${part} away: let one run at a time write to it`)
          }
          yield* fs.rename(part, path)
          yield* Effect.ignore(Effect.scoped(Effect.flatMap(fs.open(folderOf(path)), (folder) => folder.sync)))
        }).pipe(
          Effect.catchAll((error) =>
            error instanceof SinkError ? error : Effect.fail(failed("Write", "it cannot be completed")(error))
          )
        )
      }
    }

    return {
      name: path,
      id,
      check: (isOurs, held) =>
        Effect.gen(function*() {
          const found = yield* Effect.option(fs.stat(path))
          if (Option.isNone(found)) return
          const { type } = found.value
          if (type === "Directory") return yield* exists("it is a folder: name a file in it")
          if (type !== "File") {
            return yield* exists("it is not a plain file: write to standard output, and redirect that")
          }
          if (isOurs || (held?.isComplete === true && (yield* Effect.scoped(isWhole(held))))) return
          return yield* exists("it exists and is not the output of this ledger: move it away or choose another name")
        }),
      open: (held) =>
        Effect.gen(function*() {
          const isNew = !(yield* Effect.orElseSucceed(fs.exists(path), () => false))
          if (held?.isComplete === true && (yield* isWhole(held))) return done
          const kept = held === undefined ? undefined : yield* reopen(part, held, "r+")
          if (kept !== undefined) {
            // it was read to there, and is written from there
            yield* Effect.mapError(kept.opened.truncate(BigInt(held!.offset)), failed("Open", "it cannot be cut back"))
            return opened(kept.opened, held, kept.bytes, isNew, () => {})
          }
          let isKept = false
          // made anew, so that no link is followed and no mode inherited
          const file = yield* fs.remove(part, { force: true }).pipe(
            Effect.zipRight(fs.open(part, { flag: "wx", mode: 0o600 })),
            // a umask may have taken even that away
            Effect.zipLeft(fs.chmod(part, 0o600)),
            Effect.mapError(failed("Open", "it cannot be made")),
            Effect.tap((file) =>
              // what was never kept is of no use to a later run
              Effect.addFinalizer(() =>
                isKept ? Effect.void : Effect.ignore(Effect.whenEffect(fs.remove(part), isSame(file)))
              )
            ),
            Effect.uninterruptible
          )
          return opened(file, undefined, new Uint8Array(), isNew, () => {
            isKept = true
          })
        })
    }
  })

/** What is complete stays as it is. */
const done: OpenedFile = {
  isHeld: true,
  write: () => Effect.void,
  keep: Effect.succeed(undefined),
  complete: Effect.void
}

const endOf = (before: Uint8Array, bytes: Uint8Array): Uint8Array => {
  if (bytes.length >= tailLength) return bytes.slice(-tailLength)
  const end = new Uint8Array(Math.min(tailLength, before.length + bytes.length))
  end.set(before.subarray(before.length + bytes.length - end.length))
  end.set(bytes, end.length - bytes.length)
  return end
}

const folderOf = (path: string) => /^(.*?)[\\/]?[^\\/]*$/.exec(path)![1] || (path.startsWith("/") ? "/" : ".")

/** A file as the sink of a run. */
export const layer = (path: string, options: Options): Layer.Layer<Sink, never, FileSystem.FileSystem> =>
  Layer.effect(Sink, Effect.map(make(path), (target) => sinkOf(target, options)))

const explain = (error: Error.PlatformError): string => {
  const cause = error.cause as
    | { readonly code?: string; readonly errno?: number; readonly message?: string }
    | undefined
  // Node has no name for this error of Linux
  return reasons[cause?.errno === -122 ? "EDQUOT" : cause?.code ?? ""] ?? cause?.message ?? error.message
}

const again = "run the same command again, what is answered is kept"
const room = `make room and ${again}`
const reasons: Record<string, string> = {
  EACCES: "you may not write in its folder",
  EDQUOT: `your share of the disk is used up: ${room}`,
  EFBIG: `it would be larger than files may be here (ulimit -f): ${again}`,
  EIO: `the disk failed: look after it and ${again}`,
  EMFILE: `too many files are open (ulimit -n): ${again}`,
  ENFILE: `too many files are open on this machine: ${again}`,
  ENOENT: "there is no such folder",
  ENOSPC: `the disk is full: ${room}`,
  ENOTDIR: "a part of its path is a file, not a folder",
  EROFS: "the disk is read-only"
}
