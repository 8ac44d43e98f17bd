#!/usr/bin/env node
/**
 * The entry of the command. `--version` is answered before the program is loaded.
 */
import { version } from "./version.ts"

if (process.argv[2] === "--version" || process.argv[2] === "-V") {
  process.stdout.write(`${version}\n`)
} else {
  const { start } = await import("./Cli/Main.ts")
  start(process.argv.slice(2))
}
