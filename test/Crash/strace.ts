/**
 * What a process does to its files, and what befalls it there: by strace, which exists on Linux alone.
 */
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { type Ended, type Options, program, run } from "../command.ts"

const works = (...flags: ReadonlyArray<string>) =>
  process.platform === "linux"
  && spawnSync("strace", [...flags, "-qq", "-o", "/dev/null", "-e", "trace=execve", process.execPath, "-e", "0"])
      .status === 0

/** It is there, and this process may trace others. */
export const available = works("-f")
/** Stops a process at the calls in question alone: four times as fast. A signal cannot be injected like that. */
const fast = available && works("-f", "--seccomp-bpf") ? ["--seccomp-bpf"] : []

/** What is missing where {@link available} is not. */
export const missing = "strace is not installed, or may not trace (ptrace is forbidden)"

/** What changes a file, or makes a change durable. */
export const changes =
  "write pwrite64 writev pwritev fsync fdatasync ftruncate fallocate rename renameat renameat2 unlink unlinkat"
    .split(" ")
export const opens = ["open", "openat"]

/** A kind of call on one file. */
export interface Call {
  /** Its name in the folder of the run. */
  readonly file: string
  readonly call: string
}

/** A call in the log of a run. */
export interface Logged extends Call {
  readonly thread: string
  /** Where in the file it writes; `undefined` of other calls. */
  readonly offset: number | undefined
  /** The error that was injected in its place. */
  readonly isInjected: boolean
}

/** What happens at a call. */
export interface Injection extends Call {
  /** From 1. */
  readonly nth: number
  /** It happens at all that follow, too. */
  readonly isLasting?: boolean
  /** The signal that ends the process before the call, or the name of the error that the call comes back with. */
  readonly what: "SIGKILL" | `E${string}`
}

/** Runs the command, and logs its calls on these files. */
export const traced = (
  words: ReadonlyArray<string>,
  options: Options,
  { calls, files, injection }: {
    readonly files: ReadonlyArray<string>
    readonly calls: ReadonlyArray<string>
    readonly injection?: Injection
  }
): Effect.Effect<Ended & { readonly calls: ReadonlyArray<Logged> }> => {
  const log = join(options.cwd, "strace.log")
  const isKill = injection?.what === "SIGKILL"
  const fate = injection === undefined
    ? []
    : [
      `inject=${injection.call}:${isKill ? "signal" : "error"}=${injection.what}:when=${injection.nth}${
        injection.isLasting ? "+" : ""
      }`
    ]
  const strace = [
    "strace",
    "-f",
    "-qq",
    "-y",
    "-s",
    "0",
    "-o",
    log,
    "-e",
    `trace=${calls.map((call) => `?${call}`).join()}`
  ]
    .concat(
      fate.flatMap((word) => ["-e", word]),
      isKill ? [] : fast,
      // a path counts as it is written in the call
      files.flatMap((file) => ["-P", join(options.cwd, file), "-P", file])
    )
  return Effect.map(run(words, { ...options, program: [...strace, ...program] }), (ended) => ({
    ...ended,
    calls: existsSync(log) ? parse(readFileSync(log, "utf8"), options.cwd) : []
  }))
}

/** Lines such as `17 fsync(21</tmp/a/x.ledger>) = -1 EIO (Input/output error) (INJECTED)`. */
const parse = (log: string, cwd: string): ReadonlyArray<Logged> => {
  const lines = log.split("\n")
  return lines.flatMap((line, index): ReadonlyArray<Logged> => {
    const found = /^(\d+) +(\w+)\((?:AT_FDCWD(?:<[^>]*>)?, )?(?:\d+<([^>]*)>|"([^"]*)")/.exec(line)
    if (found === null) return []
    const [, thread = "", call = "", handle, path] = found
    const end = line.endsWith("<unfinished ...>")
      ? lines.slice(index + 1).find((later) => later.startsWith(`${thread} `)) ?? ""
      : line
    const file = (handle ?? path ?? "").replace(`${cwd}/`, "")
    const offset = /^pwritev?(?:64)?$/.test(call) ? Number(/, (\d+)\) += /.exec(line)?.[1]) : undefined
    return [{ thread, call, file, offset, isInjected: end.endsWith("(INJECTED)") }]
  })
}

/** A run that makes fewer commits than the one that was counted has fewer calls, too: what to try where there was no such call. */
export const sooner = <I extends Injection>(injection: I): Effect.Effect<I> =>
  injection.nth > 1
    ? Effect.succeed({ ...injection, nth: injection.nth - Math.ceil(injection.nth / 10) })
    : Effect.dieMessage("there was no such call")

/** For people. */
export const describe = ({ call, file, nth, what }: Injection): string => `${what} at ${call} ${nth} of ${file}`

/** How often each call was made on each file, by the thread that made it most often: strace counts per thread. */
export const count = (calls: ReadonlyArray<Logged>): ReadonlyArray<Call & { readonly count: number }> => {
  const counts = new Map<string, Call & { count: number; threads: Map<string, number> }>()
  for (const { call, file, thread } of calls) {
    const key = `${file} ${call}`
    const entry = counts.get(key) ?? { call, file, count: 0, threads: new Map<string, number>() }
    counts.set(key, entry)
    entry.threads.set(thread, (entry.threads.get(thread) ?? 0) + 1)
    entry.count = Math.max(entry.count, entry.threads.get(thread)!)
  }
  return [...counts.values()].map(({ call, count, file }) => ({ call, file, count }))
}
