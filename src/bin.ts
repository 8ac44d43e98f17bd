#!/usr/bin/env node
/**
 * The entry of the command. `--version` is answered before the program is loaded.
 */
import * as module from "node:module"
import process from "node:process"

// without a listener Node opens a debugger, through which any user of the machine can read the keys that are in use
process.on("SIGUSR1", () => {})

// what was compiled is kept for the next time, where Node can (from 22 on) and a home is known
const { enableCompileCache } = module as { readonly enableCompileCache?: (folder: string) => unknown }
const { HOME, XDG_CACHE_HOME = HOME && `${HOME}/.cache` } = process.env
if (XDG_CACHE_HOME) enableCompileCache?.(`${XDG_CACHE_HOME}/rollcall`)

// what is said before the program is there is an event too, where somebody follows them
const isFollowed = process.argv.includes("--events") || /^(1|true|yes|on)$/i.test(process.env.ROLLCALL_EVENTS ?? "")
const event = (name: string, fields: Readonly<Record<string, unknown>>) =>
  // @effect-diagnostics-next-line globalDate:off -- nothing of Effect is loaded here
  process.stderr.write(`${JSON.stringify({ version: 1, event: name, at: new Date().toISOString(), ...fields })}\n`)
if (isFollowed) {
  process.removeAllListeners("warning")
  process.on("warning", ({ message, name }) => event("message", { level: "warning", text: `${name}: ${message}` }))
}

try {
  // both are read when they are wanted: a file that is imported at the head of this one fails before it begins
  if (process.argv[2] === "--version" || process.argv[2] === "-V") {
    const { version } = await import("./version.ts")
    process.stdout.write(`${version}\n`)
  } else {
    const { start } = await import("./Cli/Main.ts")
    await start(process.argv.slice(2))
  }
} catch (error) {
  // the program itself is some files; where Node cannot read what describes them it tells the reason in words alone
  const { code, message } = error as NodeJS.ErrnoException
  if (code !== "EMFILE" && code !== "ENFILE" && !message.includes("too many open files")) throw error
  const whose = code === "ENFILE" ? "this machine has too many open files" : "this process may open too few files"
  const text = `${whose}: raise the limit, as with ulimit -n 1024`
  process.exitCode = 2
  if (isFollowed) {
    event("message", { level: "error", text })
    event("ended", { reason: "usage", exit: 2 })
  } else process.stderr.write(`rollcall: ${text}\n`)
}
