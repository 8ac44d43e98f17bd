/**
 * What the tests find on this machine besides Node. They run without it too: what is left out is said in one block at their end. In CI
 * nothing may be left out that can be installed.
 *
 * One PostgreSQL is started for all tests; they find it with `inject("postgres")`, which is "" where there is none.
 *
 * What tests write stands in memory where there is room for it: the sample waits for no disk, which is half of its time. The proof does.
 */
import { existsSync, mkdtempSync, rmSync, statfsSync } from "node:fs"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import * as Disk from "./Crash/disk.ts"
import * as Strace from "./Crash/strace.ts"
import * as Postgres from "./postgres.ts"
import { isProof } from "./scale.ts"

declare module "vitest" {
  export interface ProvidedContext {
    readonly postgres: string
  }
}

/** Where Linux keeps files in memory. In a container it may be small. */
const memory = "/dev/shm"
const isRoomy = () => {
  if (!existsSync(memory)) return false
  const { bavail, bsize } = statfsSync(memory)
  return bavail * bsize > 2 * 2 ** 30
}

/** The folder for temporary files from now on; it is removed in the end. */
const inMemory = () => {
  const folder = mkdtempSync(join(memory, "rollcall-tests-"))
  process.env.TMPDIR = folder
  return () => rmSync(folder, { recursive: true, force: true })
}

export default async ({ provide }: TestProject) => {
  const server = await Postgres.start()
  const leftOut = [
    ...(server === undefined ? [`ledgers and outputs in PostgreSQL: ${Postgres.missing}`] : []),
    ...(Strace.available ? [] : [`runs that are ended or failed at a system call: ${Strace.missing}`])
  ]
  // nobody's fault
  const beyond = [
    ...(Disk.available ? [] : [`disks that run full: ${Disk.missing}`]),
    ...(process.platform === "linux"
      ? []
      : ["terminals, descriptors and the use of memory: they are read as Linux has them"])
  ]
  if (leftOut.length > 0 && process.env.CI === "true") {
    await server?.stop()
    throw new Error(`In CI no test may be left out, and these would be:\n${leftOut.join("\n")}`)
  }
  if (server !== undefined) console.error(`The tests use ${server.what}.`)
  provide("postgres", server?.url ?? "")
  const remove = !isProof && isRoomy() ? inMemory() : undefined
  return async () => {
    await server?.stop()
    remove?.()
    const all = [...leftOut, ...beyond]
    if (all.length > 0) console.error(["\nLeft out on this machine:", ...all, ""].join("\n  "))
  }
}
