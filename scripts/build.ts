/**
 * Makes dist/: the library as single modules with their types, the command as one bundle, and the JSON Schemas.
 *
 * The command is bundled because hundreds of small modules take longer to find than to run. What it imports dynamically
 * stands in chunks of its own, which are read when they are needed; what every run needs stands in two.
 */
import { build, type Plugin } from "esbuild"
import { execFileSync } from "node:child_process"
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire, isBuiltin } from "node:module"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { gzipSync } from "node:zlib"
import { type ManualChunkMeta, rollup } from "rollup"

process.chdir(resolve(import.meta.dirname, ".."))
rmSync("dist", { recursive: true, force: true })

try {
  // By path: the alias for TypeScript 5.9 may hold the name `tsc`.
  const compiler = ["node_modules/typescript/bin/tsc", "--project", "scripts/tsconfig.build.json"]
  execFileSync(process.execPath, compiler, { stdio: "inherit" })
} catch {
  process.exit(1) // The compiler has said why.
}

/**
 * Makes `import * as Schema from "effect/Schema"` of `import { Schema } from "effect"`: of a namespace that comes out
 * of a barrel esbuild keeps everything, which doubles the bundle.
 */
const barrels: Plugin = {
  name: "barrels",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\/src\/.+\.ts$/ }, ({ path }) => ({
      loader: "ts",
      contents: readFileSync(path, "utf8").replace(
        /^import \{([^}]+)\} from "(effect|@effect\/[a-z-]+)"$/gm,
        (_, names: string, barrel: string) => names.split(",").map((name) => direct(name.trim(), barrel)).join("\n")
      )
    }))
}

const direct = (name: string, barrel: string) => {
  const [module = "", alias = module] = name.split(" as ")
  if (module === "" || module.startsWith("type ")) return ""
  const isFunction = /^[a-z]/.test(module)
  return isFunction ? `import { ${name} } from "${barrel}"` : `import * as ${alias} from "${barrel}/${module}"`
}

/** With `NODE_DEBUG=undici` it, or the one within Node that listens to it, would tell every URL, and with it the keys in queries. */
const silence: Plugin = {
  name: "silence",
  setup: ({ onLoad }) =>
    onLoad({ filter: /undici\/lib\/core\/diagnostics\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8")
        .replace(/util\.debuglog\('\w+'\)/g, "{ enabled: false }")
        .replaceAll("channel('undici:", "channel('rollcall:undici:")
    }))
}

const pieces = mkdtempSync(join(tmpdir(), "rollcall-build-"))

const { metafile: { outputs } } = await build({
  entryPoints: ["src/bin.ts"],
  outdir: pieces,
  chunkNames: "chunks/[name]-[hash]",
  metafile: true,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  minify: true,
  plugins: [barrels, silence],
  alias: { "undici/index.js": "./scripts/undici.mjs" },
  // It finds its binary beside itself.
  external: ["@photostructure/sqlite"],
  // CommonJS packages within the bundle call `require` for Node's own modules.
  banner: { js: "import{createRequire as requireFrom}from\"node:module\";const require=requireFrom(import.meta.url);" },
  logLevel: "warning"
})

/** Every run reads these two: what it is, before it begins, and what asks and remembers, once it does. */
const together: Readonly<Record<string, ReadonlyArray<string>>> = {
  run: ["src/Cli/Main.ts", "src/Cli/commands/Run.ts"],
  ask: ["src/Transport.ts", "src/Transport/Proxy.ts", "src/Ledger/Sqlite.ts", "src/Sink/Lock.ts"]
}

/** The pieces that some modules are made of, however far they are. */
const reach = (
  modules: ReadonlyArray<string>,
  { getModuleIds, getModuleInfo }: ManualChunkMeta
): ReadonlySet<string> => {
  const entries = Object.entries(outputs).flatMap(([path, { entryPoint = "" }]) =>
    modules.includes(entryPoint) ? [resolve(path)] : []
  )
  const found = new Set([...getModuleIds()].filter((id) => entries.includes(id)))
  // a set goes on to what is added to it
  for (const id of found) for (const imported of getModuleInfo(id)?.importedIds ?? []) found.add(imported)
  return found
}

/** esbuild makes a piece of whatever two modules share: fifty of them for a run, each of which takes time to find. Rollup puts them together. */
const bundle = await rollup({
  input: join(pieces, "bin.js"),
  // it is minified as it is
  treeshake: false,
  external: (id) => isBuiltin(id) || id === "@photostructure/sqlite"
})
let chunks: ReadonlyArray<readonly [name: string, ids: ReadonlySet<string>]> | undefined
await bundle.write({
  dir: "dist",
  format: "esm",
  compact: true,
  generatedCode: "es2015",
  chunkFileNames: "chunks/[name]-[hash].js",
  manualChunks: (id, meta) => {
    chunks ??= Object.entries(together).map(([name, modules]) => [name, reach(modules, meta)] as const)
    return chunks.find(([, ids]) => ids.has(id))?.[0]
  }
})
rmSync(pieces, { recursive: true })
chmodSync("dist/bin.js", 0o755)

/** The codes of the demo: 0.5 MB in place of 5. */
const { codes } = createRequire(import.meta.url)("zipcodes")
writeFileSync("dist/zips.json.gz", gzipSync(JSON.stringify(Object.values(codes)), { level: 9 }))

await import("./schema.ts")
