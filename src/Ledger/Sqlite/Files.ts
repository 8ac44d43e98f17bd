/**
 * The files of a ledger while a run holds it: whether they are still those that it opened, and room that is kept for a full disk.
 */
import { Effect, type Scope } from "effect"
import { rmSync, statfsSync, statSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
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
      + "command again, or start anew",
    remedy: "fresh"
  })

/** Room on the disk that is given back where it is full, so that what has been answered until then fits in: half of what is free. */
export const reserve = (
  file: string
): Effect.Effect<{ readonly giveBack: Effect.Effect<void> }, never, Scope.Scope> => {
  const path = `${file}-reserve`
  const giveBack = Effect.sync(() => remove(path))
  return Effect.as(
    Effect.acquireRelease(
      Effect.sync(() => {
        // a share of the disk may be less than what is free
        for (let size = Math.min(most, free(file) / 2); size >= least; size /= 2) {
          try {
            return writeFileSync(path, new Uint8Array(size), { mode: 0o600 })
          } catch {
            // the part that was written would take the last room from the ledger itself
            remove(path)
          }
        }
      }),
      () => giveBack
    ),
    { giveBack }
  )
}

/** Who may not take it away any more leaves it. */
const remove = (path: string): void => {
  try {
    rmSync(path, { force: true })
  } catch {
    // the next run does
  }
}

/** Bytes: some batches of answers, and a few answers. */
const [most, least] = [1024 * 1024, 16 * 1024]

const free = (file: string): number => {
  try {
    const { bavail, bsize } = statfsSync(dirname(file))
    return bavail * bsize
  } catch {
    return 0
  }
}
