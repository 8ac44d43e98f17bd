/**
 * Files that a run reads and files that it writes are not the same, however their names are written: they are known by the system's
 * number, and where they are not there yet by the folder in which they will be.
 */
import { FileSystem, Path } from "@effect/platform"
import { Effect, Option } from "effect"
import { UsageError } from "./Argv.ts"
import * as Environment from "./Environment.ts"

/** A file that a run reads or writes. */
export interface Place {
  readonly path: string
  /** What it is, and in whose name: `the list`, `zips.csv`. */
  readonly what: string
  /** Different places in one file that do not disturb each other: tables. */
  readonly shares?: string
}

/** Refuses to write two things to one file, and to write what is read. */
export const check = (
  reads: ReadonlyArray<Place>,
  writes: ReadonlyArray<Place>
): Effect.Effect<void, UsageError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    for (const { path, what } of writes) {
      if (path.includes("\ufffd")) {
        return yield* new UsageError({
          message: `${Environment.shown(what)}: its name is not UTF-8: choose another one`
        })
      }
    }
    const known = new Map<string, Place & { readonly isRead: boolean }>()
    for (
      const place of [
        ...reads.map((place) => ({ ...place, isRead: true })),
        ...writes.map((place) => ({
          ...place,
          isRead: false
        }))
      ]
    ) {
      for (const identity of yield* identities(place.path)) {
        const other = known.get(identity)
        known.set(identity, place)
        if (other === undefined || place.isRead) continue
        if (other.isRead) {
          return yield* new UsageError({
            message: `${place.path} is ${other.what}, and ${
              place.path === place.what ? "it would be written there" : `${place.what} would be written there`
            }: name another output`
          })
        }
        if (place.shares !== undefined && other.shares !== undefined && place.shares !== other.shares) continue
        if (other.what === place.what && other.path !== place.path) continue
        return yield* new UsageError({ message: `${Environment.shown(place.what)} would be written twice` })
      }
    }
  })

/** By what a file is known; nothing for what is no plain file. */
const identities = (file: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const found = yield* Effect.option(fs.stat(file))
    if (Option.isSome(found)) {
      if (found.value.type !== "File") return []
      return [`${found.value.dev}:${Option.getOrElse(found.value.ino, () => 0)}`]
    }
    const absolute = path.resolve(file)
    const folder = yield* Effect.orElseSucceed(fs.realPath(path.dirname(absolute)), () => path.dirname(absolute))
    return [path.join(folder, path.basename(absolute))]
  })
