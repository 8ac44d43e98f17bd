/**
 * The files of a ledger while a run holds it: whether they are still those that it opened, and room that is kept for a full disk.
 */
import { Effect, type Scope } from "effect"
import { rmSync, statSync, writeFileSync } from "node:fs"
import { LedgerError } from "../../Ledger.ts"

/**
 * Fails where a file was removed, replaced or cut since it was seen for the first time. SQLite would go on writing to what nobody can open
 * any more.
 */
export const watch = (
  file: string
): { readonly check: Effect.Effect<void, LedgerError>; readonly renew: Effect.Effect<void> } => {
  const seen = new Map<string, { inode: number; size: number }>()
  const check = Effect.suspend(() => {
    for (const path of [file, `${file}-wal`, `${file}-lock`]) {
      const { inode, size } = look(path)
      const before = seen.get(path)
      if (before !== undefined && (inode !== before.inode || size < before.size)) return damaged(file)
      if (inode !== undefined) seen.set(path, { inode, size })
    }
    return Effect.void
  })
  return { check, renew: Effect.sync(() => seen.clear()) }
}

/** What cannot be looked at is as good as not there. */
const look = (path: string): { readonly inode: number | undefined; readonly size: number } => {
  try {
    const { ino: inode, size } = statSync(path)
    return { inode, size }
  } catch {
    return { inode: undefined, size: 0 }
  }
}

const damaged = (ledger: string) =>
  new LedgerError({
    reason: "Write",
    ledger,
    message:
      "its files were removed, replaced or cut while the run was using them: put them back from a backup and run the same "
      + "command again, or start anew with --fresh"
  })

/** Room on the disk that is given back where it is full: what has been answered until then fits in. */
export const reserve = (file: string): Effect.Effect<{ readonly giveBack: () => boolean }, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        try {
          writeFileSync(`${file}-reserve`, new Uint8Array(reserved), { mode: 0o600 })
          return { isThere: true }
        } catch {
          // the part that was written would take the last room from the ledger itself
          remove(`${file}-reserve`)
          return { isThere: false }
        }
      }),
      () => Effect.sync(() => remove(`${file}-reserve`))
    ),
    (room) => ({
      giveBack: () => {
        const { isThere } = room
        room.isThere = false
        remove(`${file}-reserve`)
        return isThere
      }
    })
  )

/** Who may not take it away any more leaves it. */
const remove = (path: string): void => {
  try {
    rmSync(path, { force: true })
  } catch {
    // the next run does
  }
}

/** Bytes: some batches of answers. */
const reserved = 1024 * 1024
