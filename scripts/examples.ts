/**
 * Type-checks the examples: every `ts` block of README.md and of the docs in src/, with `rollcall` standing for the
 * sources.
 *
 * A block that begins with an import is a module of its own; one that does not goes on with the block before it. Each
 * keeps its lines, so that an error names the line of the file it was taken from.
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

const root = resolve(import.meta.dirname, "..")

/** The modules that a document's blocks make up: each has all of its lines, empty where they belong elsewhere. */
const modules = (lines: ReadonlyArray<string>): ReadonlyArray<string> => {
  const found: Array<Array<string>> = []
  let inBlock = false
  for (const [at, line] of lines.entries()) {
    const isFence = line.trimStart().startsWith("```")
    if (isFence && !inBlock) {
      inBlock = /^```ts\b/.test(line.trimStart())
      if (inBlock && (found.length === 0 || lines[at + 1]?.startsWith("import "))) found.push([])
    } else if (isFence) inBlock = false
    else if (inBlock) found.at(-1)![at] = line
  }
  return found.map((module) => Array.from(module, (line) => line ?? "").join("\n"))
}

/** The lines of a document; what stands in a doc comment, without the comment's margin. */
const linesOf = (document: string): ReadonlyArray<string> => {
  const lines = readFileSync(join(root, document), "utf8").split("\n")
  return document.endsWith(".ts") ? lines.map((line) => line.replace(/^ *\* ?/, "")) : lines
}

const documents = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => `src/${name}`)
  .concat("README.md")

const folder = mkdtempSync(join(tmpdir(), "rollcall-examples-"))
try {
  const origins = new Map<string, string>()
  for (const document of documents) {
    for (const module of modules(linesOf(document))) {
      const name = `example${origins.size}.mts`
      origins.set(name, document)
      writeFileSync(join(folder, name), module)
    }
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"))
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: join(root, "tsconfig.json"),
      compilerOptions: { paths: { "rollcall": [join(root, "src/index.ts")], "rollcall/*": [join(root, "src/*.ts")] } },
      include: ["*.mts"]
    })
  )
  const compiler = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "--pretty", "false"], {
    cwd: folder,
    encoding: "utf8"
  })
  process.stdout.write(compiler.stdout.replace(/^example\d+\.mts/gm, (name) => origins.get(name) ?? name))
  process.stderr.write(compiler.stderr)
  const fromReadme = [...origins.values()].filter((document) => document === "README.md").length
  console.log(
    `${origins.size} examples, ${fromReadme} of them in README.md: ${
      compiler.status === 0 ? "all compile" : "see above"
    }`
  )
  process.exitCode = compiler.status === 0 ? 0 : 1
} finally {
  rmSync(folder, { recursive: true })
}
