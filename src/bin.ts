#!/usr/bin/env node
/**
 * The entry of the command. `--version` is answered before the program is loaded.
 */
import { version } from "./version.ts"

// without a listener Node opens a debugger, through which any user of the machine can read the keys that are in use
process.on("SIGUSR1", () => {})

if (process.argv[2] === "--version" || process.argv[2] === "-V") {
  process.stdout.write(`${version}\n`)
} else {
  const { start } = await import("./Cli/Main.ts")
  start(process.argv.slice(2))
}
