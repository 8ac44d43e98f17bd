/**
 * Which module imports which: from the outside in, and never in a circle, of types neither. It follows every import from the entries on
 * (of types, of what is exported again, of what is loaded when it is needed), so a file that it does not come to is dead, or hidden from it.
 */
import { readdirSync, readFileSync } from "node:fs"
import { posix, resolve } from "node:path"
import ts from "typescript-5.9"

/** A file or a folder of src/, without the ending; `Sink` is both, and all that is in the folder. */
type Module = string

export interface Directions {
  /** Where everything begins. */
  readonly entries: ReadonlyArray<string>
  /** From the outside in: a module imports its own files and those of the rows below it. */
  readonly rows: ReadonlyArray<ReadonlyArray<Module>>
  /** Packages that stand in some modules alone. */
  readonly packages: ReadonlyArray<{ readonly names: RegExp; readonly modules: ReadonlyArray<Module> }>
}

export const directions: Directions = {
  entries: ["bin.ts", "index.ts"],
  rows: [
    ["bin"],
    ["Cli"],
    ["index"],
    ["Job"],
    ["Rollcall", "Simulation", "Demo"],
    ["Event"],
    ["Sweep", "Sink", "Source"],
    ["Ledger"],
    ["Sql", "Transport", "Upstream"],
    ["Lookup"],
    ["Answer", "Limits"],
    ["Policy"],
    ["Snapshot"],
    ["Summary", "Verdict"],
    ["Outcome", "Reply", "Entry"],
    ["Code", "Errno", "Formula", "Hash", "Json", "Nearest", "Tracing", "version"]
  ],
  packages: [
    { names: /^@effect\/(cli|printer|printer-ansi)(\/|$)/, modules: ["bin", "Cli"] },
    {
      // what needs Node; all else runs on any platform
      names: /^(node:|(@effect\/platform-node|@effect\/sql-pg|pg|undici|@photostructure\/sqlite)(\/|$))/,
      modules: [
        "bin",
        "Cli",
        "Demo",
        "Transport",
        "Sql",
        "Ledger/Sqlite",
        "Ledger/Postgres",
        "Sink/Gzip",
        "Sink/Lock",
        "Sink/Parquet",
        "Sink/Postgres",
        "Sink/Print",
        "Sink/Sqlite",
        "Source/Gzip",
        "Source/Pipe"
      ]
    }
  ]
}

/** What is wrong with files, given as their texts by path, a line each. */
export const problems = (
  files: Readonly<Record<string, string>>,
  { entries, packages, rows }: Directions = directions
): ReadonlyArray<string> => {
  const paths = Object.keys(files)
  const imports = new Map(paths.map((path) => [path, importsOf(path, files[path]!)]))
  const reached = reach(entries, imports)
  const named = [...rows.flat(), ...packages.flatMap(({ modules }) => modules)]
  const rowOf = (path: string) => rows.findIndex((row) => row.some((module) => isIn(path, module)))
  return [
    ...paths.filter((path) => !reached.has(path)).map((path) => `${path} is not imported from ${entries.join(" or ")}`),
    ...named.filter((module) => !paths.some((path) => isIn(path, module))).map((module) => `there is no ${module}`),
    ...paths.filter((path) => rowOf(path) < 0).map((path) => `${path} stands in no row`),
    ...[...imports].flatMap(([path, found]) =>
      found.flatMap((target) => {
        if (!target.startsWith(".")) {
          return packages
            .filter(({ modules, names }) => names.test(target) && !modules.some((module) => isIn(path, module)))
            .map(({ modules }) => `${path} imports ${target}, which stands only in ${modules.join(", ")}`)
        }
        const other = target.slice(2)
        if (files[other] === undefined) return [`${path} imports ${other}, which is not there`]
        const [from, to] = [rowOf(path), rowOf(other)]
        const isOwn = rows[from]?.some((module) => isIn(path, module) && isIn(other, module)) === true
        // what stands in no row is told already
        return isOwn || to > from || from < 0 || to < 0 ? [] : [`${path} imports ${other}, which is not below it`]
      })
    ),
    ...circles(imports).map((circle) => `a circle: ${circle.join(" → ")}`)
  ]
}

const isIn = (path: string, module: Module): boolean => path === `${module}.ts` || path.startsWith(`${module}/`)

/** What a file imports: files as `./` and their path, packages by name. */
const importsOf = (path: string, text: string): ReadonlyArray<string> => [
  ...new Set(
    ts.preProcessFile(text.replace(namespace, "export * from"), true, true).importedFiles.map(({ fileName }) =>
      fileName.startsWith(".") ? `./${posix.join(posix.dirname(path), fileName)}` : fileName
    )
  )
]

/** `export * as A from`, which TypeScript 5.9 passes over here. */
const namespace = /\bexport\s+(?:type\s+)?\*\s*as\s+\S+\s+from\b/g

const reach = (entries: ReadonlyArray<string>, imports: ReadonlyMap<string, ReadonlyArray<string>>) => {
  const reached = new Set(entries)
  for (const path of reached) {
    for (const target of imports.get(path) ?? []) {
      if (target.startsWith(".")) reached.add(target.slice(2))
    }
  }
  return reached
}

/** The shortest circle through each file that comes back to itself, unless it is in one that was found before. */
const circles = (imports: ReadonlyMap<string, ReadonlyArray<string>>): ReadonlyArray<ReadonlyArray<string>> => {
  const found: Array<ReadonlyArray<string>> = []
  for (const start of imports.keys()) {
    if (found.some((circle) => circle.includes(start))) continue
    const cameFrom = new Map<string, string>()
    const next = [start]
    for (const path of next) {
      for (const target of imports.get(path) ?? []) {
        const other = target.slice(2)
        if (!target.startsWith(".") || cameFrom.has(other)) continue
        cameFrom.set(other, path)
        next.push(other)
      }
    }
    if (!cameFrom.has(start)) continue
    const circle = [start]
    do circle.unshift(cameFrom.get(circle[0]!)!)
    while (circle[0] !== start)
    found.push(circle)
  }
  return found
}

/** The files of src/. */
export const sources = (): Readonly<Record<string, string>> => {
  const root = resolve(import.meta.dirname, "../src")
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"))
  return Object.fromEntries(
    paths.map((path) => [path.replaceAll("\\", "/"), readFileSync(resolve(root, path), "utf8")])
  )
}

if (process.argv[1] === import.meta.filename) {
  const found = problems(sources())
  for (const problem of found) console.error(problem)
  if (found.length > 0) process.exitCode = 1
}
