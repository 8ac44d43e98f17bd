/**
 * Packs the package, installs the tarball in an empty project as a user would, and uses the command and the library
 * from there.
 */
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

const root = resolve(import.meta.dirname, "..")
const { peerDependencies, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))

const library = `
import { Outcome } from "rollcall"
import * as Policy from "rollcall/Policy"
import record from "rollcall/schema/record.json" with { type: "json" }

const outcome: Outcome.Kind = "found"
if (Policy.standard === undefined || record.$schema === undefined) throw new Error(outcome)
`

const folder = mkdtempSync(join(tmpdir(), "rollcall-pack-"))
try {
  const run = (command: string, ...args: ReadonlyArray<string>) => {
    console.log(`$ ${[command, ...args].join(" ").replaceAll(root, ".")}`)
    execFileSync(command, args, { cwd: folder, stdio: "inherit" })
  }
  const node = (...args: ReadonlyArray<string>) => run(process.execPath, ...args)

  execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"]
  })
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }))
  const peers = Object.entries(peerDependencies).map(([name, range]) => `${name}@${range}`)
  run("npm", "install", "--strict-peer-deps", `./rollcall-${version}.tgz`, ...peers)

  run("npx", "--no-install", "rollcall", "--version")
  run(join(root, "node_modules/.bin/tsx"), join(root, "scripts/smoke.ts"), "node_modules/.bin/rollcall")

  writeFileSync(join(folder, "library.ts"), library)
  const compilerOptions = { strict: true, module: "nodenext", target: "es2022" }
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["library.ts"] }))
  node(join(root, "node_modules/typescript/bin/tsc"))
  node("library.js")
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true })
}
