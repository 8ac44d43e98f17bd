/**
 * Disks that run full: file systems in memory, which only root can mount, on Linux.
 */
import { Effect } from "effect"
import { strictEqual } from "node:assert"
import { spawnSync } from "node:child_process"

/** This process may mount them. */
export const available = process.platform === "linux" && process.getuid?.() === 0
  && spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0

/** What is missing where {@link available} is not. */
export const missing = "only root can mount them, on Linux (a limit on the size of a file is tested)"

/** A disk of so many kilobytes in a folder, until the scope closes. */
export const mount = (path: string, size: number) =>
  Effect.acquireRelease(
    Effect.sync(() => succeeds("mount", "-t", "tmpfs", "-o", `size=${size}k`, "tmpfs", path)),
    () => Effect.sync(() => spawnSync("umount", ["-l", path]))
  )

/** It has room from now on. */
export const enlarge = (path: string) => succeeds("mount", "-o", "remount,size=64m", path)

const succeeds = (command: string, ...words: ReadonlyArray<string>) => strictEqual(spawnSync(command, words).status, 0)
