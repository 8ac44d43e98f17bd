/**
 * A file as a target: it grows as `OUT.part` and gets its name when it is complete.
 *
 * Only what is, byte for byte, what a mark says that we left is ours. All else that stands under either name is refused: it is neither
 * overwritten nor removed.
 */
import { type Error, FileSystem } from "@effect/platform"
import { Effect, Layer, Option } from "effect"
import * as Errno from "../Errno.ts"
import { make as sinkOf, type Options, Sink } from "../Sink.ts"
import type { Mark, Print as Printed } from "./Mark.ts"
import * as Print from "./Print.ts"
import { SinkError } from "./SinkError.ts"
import type { Lock, Opened, Target } from "./Target.ts"

/**
 * Writes to `path`; who may read it is for the umask to say. `id` tells files apart whose paths are written in different ways; `lock` keeps runs away
 * that have another ledger.
 */
export const make = (path: string, id = path, lock?: Lock): Effect.Effect<Target, never, FileSystem.FileSystem> =>
  Effect.map(FileSystem.FileSystem, (fs): Target => {
    const part = `${path}.part`
    const failed = (reason: "Open" | "Write", what: string) => (cause: Error.PlatformError) =>
      new SinkError({ reason, sink: path, detail: `${what}: ${Errno.ofWriting(cause)}`, cause })
    const exists = (detail: string) => new SinkError({ reason: "Exists", sink: path, detail })
    const taken = (detail: string) => new SinkError({ reason: "Write", sink: path, detail })

    const stat = (file: string) => Effect.map(Effect.option(fs.stat(file)), Option.getOrUndefined)
    const hashes = new Map<string, Print.Hash>()

    /** The hash of the bytes that a print speaks of, where they are its own and (unless it may be longer) the only ones. */
    const match = (file: string, { hash, size }: Printed, mayBeLonger = false): Effect.Effect<Print.Hash | undefined> =>
      Effect.gen(function*() {
        const found = yield* fs.stat(file)
        // a link could lead anywhere
        if (found.type !== "File" || (yield* Effect.isSuccess(fs.readLink(file)))) return undefined
        if (mayBeLonger ? found.size < BigInt(size) : found.size !== BigInt(size)) return undefined
        // it is checked, and opened a moment later
        const key = `${inodeOf(found)} ${found.size} ${Option.getOrUndefined(found.mtime)?.getTime()} ${size}`
        const read = hashes.get(key)
          ?? (yield* Effect.scoped(Effect.flatMap(fs.open(file), (opened) => Print.read(opened, size))))
        if (read !== undefined) hashes.set(key, read)
        return read !== undefined && Print.digest(read) === hash ? read.copy() : undefined
      }).pipe(Effect.orElseSucceed(() => undefined))

    const isOut = (mark: Mark, { size }: FileSystem.File.Info) =>
      Effect.gen(function*() {
        if (mark.out !== undefined && (yield* match(path, mark.out)) !== undefined) return true
        const whole = printOf(mark)
        if (whole !== undefined) return mark.isComplete && (yield* match(path, whole)) !== undefined
        // of an older release
        return mark.isComplete ? size === BigInt(mark.offset) : mark.isOurs === true
      })

    const checkOut = (mark: Mark | undefined) =>
      Effect.gen(function*() {
        const found = yield* stat(path)
        const link = Option.getOrUndefined(yield* Effect.option(fs.readLink(path)))
        // the name would be given to a plain file, and the link be gone
        if (link !== undefined && (found === undefined || found.type === "File")) {
          return yield* exists(
            `it is a symbolic link to ${link}${found === undefined ? ", where no file is" : ""}: an output is no link, `
              + "name the file that it leads to, or take it away"
          )
        }
        if (found === undefined) return
        if (found.type === "Directory") return yield* exists("it is a folder: name a file in it")
        if (found.type !== "File") {
          return yield* exists("it is not a plain file: write to standard output, and redirect that")
        }
        if (mark !== undefined && (yield* isOut(mark, found))) return
        return yield* exists(
          mark !== undefined &&
            (mark.out !== undefined || mark.isOurs === true || (mark.isComplete && mark.isOpen !== true))
            ? "it was changed since it was written: move it away, or name another output"
            : "it exists and is not the output of this ledger: move it away or choose another name"
        )
      })

    const isPart = (mark: Mark, found: FileSystem.File.Info) =>
      Effect.gen(function*() {
        const print = printOf(mark)
        if (print === undefined) return !mark.isComplete || mark.isOurs !== true
        if (mark.isOpen === true && print.size === 0) return mark.inode === inodeOf(found)
        // what has its final name has left no part
        if (mark.isComplete && mark.isOpen !== true) return false
        return (yield* match(part, print, mark.isOpen === true)) !== undefined
      })

    const checkPart = (mark: Mark | undefined) =>
      Effect.gen(function*() {
        const found = yield* stat(part)
        const isLink = yield* Effect.isSuccess(fs.readLink(part))
        if (found === undefined && !isLink) return
        if (found?.type === "File" && !isLink) {
          // an empty one is nobody's loss
          if (found.size === FileSystem.Size(0) || (mark !== undefined && (yield* isPart(mark, found)))) return
        }
        return yield* exists(
          `its records grow in ${part}, and what stands there was not left by this ledger, or was changed since: `
            + "move that away, or name another output"
        )
      })

    const check = (mark: Mark | undefined) => Effect.zipRight(checkOut(mark), checkPart(mark))

    /** The part file is there and is this one: another program may write to the same output. */
    const isSame = (file: FileSystem.File) =>
      Effect.zipWith(
        file.stat,
        Effect.option(fs.stat(part)),
        (mine, found) => Option.isSome(found) && inodeOf(found.value) === inodeOf(mine)
      )

    const opened = (
      file: FileSystem.File,
      { hash, isHeld, offset: start }: { readonly hash: Print.Hash; readonly isHeld: boolean; readonly offset: number },
      onKeep: () => void
    ) =>
      Effect.gen(function*() {
        const encoder = new TextEncoder()
        const inode = inodeOf(yield* Effect.mapError(file.stat, failed("Open", "it cannot be read")))
        const before = stampOf(yield* stat(path))
        const there = Effect.flatMap(isSame(file), (isThere) =>
          isThere
            ? Effect.void
            : taken(`another program took ${part} away: the same command makes it anew, without a call`))
        let offset = start
        const held = () => ({ offset, hash: Print.digest(hash), inode })
        return {
          isHeld,
          isFinal: false,
          held: held(),
          write: (data: string | Uint8Array) => {
            const bytes = typeof data === "string" ? encoder.encode(data) : data
            return Effect.map(
              Effect.mapError(file.writeAll(bytes), failed("Write", "it cannot be written")),
              () => {
                offset += bytes.length
                hash.update(bytes)
              }
            )
          },
          keep: Effect.map(Effect.mapError(file.sync, failed("Write", "it cannot be written")), () => {
            onKeep()
            return held()
          }),
          intact: Effect.gen(function*() {
            const { size } = yield* file.stat
            yield* there
            if (size === BigInt(offset)) return
            return yield* taken(
              `${part} was cut or written to by another program: the same command makes it anew, without a call`
            )
          }).pipe(typed(failed("Write", "it cannot be completed"))),
          complete: Effect.gen(function*() {
            yield* there
            // what came to be there during the run is somebody else's
            if (stampOf(yield* stat(path)) !== before) {
              return yield* taken(`another program changed it meanwhile: the output stands in ${part}`)
            }
            yield* fs.rename(part, path)
            yield* Effect.ignore(Effect.scoped(Effect.flatMap(fs.open(folderOf(path)), (folder) => folder.sync)))
          }).pipe(typed(failed("Write", "it cannot be completed")))
        } satisfies Opened
      })

    return {
      name: path,
      id,
      // what another run is writing is not known to this ledger
      check: (mark) => Effect.tapError(check(mark), () => lock?.free ?? Effect.void),
      open: (mark, goesOn) =>
        Effect.gen(function*() {
          yield* lock?.hold ?? Effect.void
          yield* check(mark)
          const print = mark === undefined || !goesOn ? undefined : printOf(mark)
          if (mark?.isComplete === true && goesOn) {
            const isWhole = print === undefined
              ? (yield* stat(path))?.size === BigInt(mark.offset)
              : (yield* match(path, print)) !== undefined
            if (isWhole) return final
          }
          const hash = print === undefined || print.size === 0
            ? undefined
            : yield* match(part, print, mark!.isOpen === true)
          if (hash !== undefined) {
            // it is written at its end alone, so that what is cut meanwhile shows in its size
            const file = yield* fs.open(part, { flag: "a" }).pipe(
              // it was kept to there, and is written from there
              Effect.tap((file) => file.truncate(BigInt(print!.size))),
              Effect.mapError(failed("Open", "it cannot be opened"))
            )
            return yield* opened(file, { hash, isHeld: true, offset: print!.size }, () => {})
          }
          let isKept = false
          // made anew, so that no link is followed and no mode inherited
          const file = yield* fs.remove(part, { force: true }).pipe(
            Effect.zipRight(fs.open(part, { flag: "ax", mode: 0o666 })),
            // the umask says who reads it, and may have taken even its owner's share away
            Effect.tap((file) =>
              Effect.flatMap(file.stat, ({ mode }) =>
                (mode & 0o600) === 0o600 ? Effect.void : fs.chmod(part, (mode & 0o777) | 0o600))
            ),
            Effect.mapError(failed("Open", "it cannot be made")),
            Effect.tap((file) =>
              // what was never kept is of no use to a later run
              Effect.addFinalizer(() =>
                isKept ? Effect.void : Effect.ignore(Effect.whenEffect(fs.remove(part), isSame(file)))
              )
            ),
            Effect.uninterruptible
          )
          return yield* opened(file, { hash: Print.begin(), isHeld: false, offset: 0 }, () => {
            isKept = true
          })
        })
    }
  })

/** What is complete stays as it is. */
const final: Opened = {
  isHeld: true,
  isFinal: true,
  held: undefined,
  write: () => Effect.void,
  keep: Effect.succeed(undefined),
  intact: Effect.void,
  complete: Effect.void
}

/** What a mark says of the file that grows, or has just been completed. */
const printOf = ({ hash, offset }: Mark): Printed | undefined => hash === undefined ? undefined : { size: offset, hash }

const inodeOf = ({ ino }: FileSystem.File.Info): string => String(Option.getOrElse(ino, () => 0))

/** Changes when a file does, or comes or goes. */
const stampOf = (found: FileSystem.File.Info | undefined): string =>
  found === undefined
    ? ""
    : `${inodeOf(found)} ${found.size} ${Option.getOrUndefined(found.mtime)?.getTime()}`

const typed =
  (mapping: (cause: Error.PlatformError) => SinkError) =>
  <A>(effect: Effect.Effect<A, Error.PlatformError | SinkError>): Effect.Effect<A, SinkError> =>
    Effect.mapError(effect, (error) => error._tag === "SinkError" ? error : mapping(error))

const folderOf = (path: string) => /^(.*?)[\\/]?[^\\/]*$/.exec(path)![1] || (path.startsWith("/") ? "/" : ".")

/** A file as the sink of a run. */
export const layer = (path: string, options: Options): Layer.Layer<Sink, never, FileSystem.FileSystem> =>
  Layer.effect(Sink, Effect.map(make(path), (target) => sinkOf(target, options)))
