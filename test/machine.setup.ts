/**
 * What the tests find on this machine besides Node. They run without it too: what is left out is said in one block at their end. In CI
 * nothing may be left out that can be installed.
 *
 * One PostgreSQL is started for all tests; they find it with `inject("postgres")`, which is "" where there is none.
 */
import type { TestProject } from "vitest/node"
import * as Disk from "./Crash/disk.ts"
import * as Strace from "./Crash/strace.ts"
import * as Postgres from "./postgres.ts"

declare module "vitest" {
  export interface ProvidedContext {
    readonly postgres: string
  }
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
  return async () => {
    await server?.stop()
    const all = [...leftOut, ...beyond]
    if (all.length > 0) console.error(["\nLeft out on this machine:", ...all, ""].join("\n  "))
  }
}
