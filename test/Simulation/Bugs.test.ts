import { assert, describe, it } from "@effect/vitest"
import { build, type Plugin } from "esbuild"
import { mkdirSync, readFileSync, rmSync } from "node:fs"
import { join, resolve } from "node:path"
import { setImmediate } from "node:timers/promises"
import { pathToFileURL } from "node:url"
import { scale, some } from "../scale.ts"
import { type Bug, bugs } from "./bugs.ts"
import { prove as right } from "./prove.ts"
import { draw } from "./scenario.ts"

const source = resolve(import.meta.dirname, "../../src")
/** Where packages are found from. */
const folder = resolve(import.meta.dirname, "../../node_modules/.simulation", String(process.pid))
/** A bug must show within so many seeds. */
const most = scale(3000, 3000, 10_000)

/** What a bundle gives. */
interface Prover {
  readonly prove: (seed: number) => ReadonlyArray<string>
}

/** Why a bug cannot be planted. */
const misfit = ({ file, find }: Bug): string | undefined => {
  const found = readFileSync(join(source, file), "utf8").split(find).length - 1
  return found === 1 ? undefined : `src/${file} has this ${found} times, plant the bug anew: ${JSON.stringify(find)}`
}

const plant = ({ file, find, replace }: Bug): Plugin => ({
  name: "plant",
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.ts$/ }, ({ path }) =>
      path === join(source, file)
        ? { contents: readFileSync(path, "utf8").replace(find, () => replace), loader: "ts" }
        : undefined)
  }
})

/** The prover with a bug in it, or without. */
const prover = async (name: string, bug?: Bug): Promise<Prover> => {
  const outfile = join(folder, `${name}.mjs`)
  await build({
    entryPoints: [join(import.meta.dirname, "prove.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    outfile,
    logLevel: "silent",
    plugins: bug === undefined ? [] : [plant(bug)]
  })
  return await import(pathToFileURL(outfile).href) as Prover
}

describe("the prover", { timeout: Infinity }, () => {
  it("has at least thirty bugs to find, each of which can be planted", () => {
    assert.isAtLeast(bugs.length, 30)
    assert.deepStrictEqual(bugs.map(misfit).filter((why) => why !== undefined), [])
    assert.strictEqual(new Set(bugs.map(({ name }) => name)).size, bugs.length)
  })

  it("finds nothing where there is nothing", async () => {
    mkdirSync(folder, { recursive: true })
    const { prove } = await prover("none")
    for (let seed = 0; seed < scale(5, 20, 20); seed++) assert.deepStrictEqual(prove(seed), [])
  })

  it.each(some(bugs.map((bug, index) => [bug.name, bug, index] as const), 24, 6))(
    "finds that %s",
    async (_, bug, index) => {
      assert.isUndefined(misfit(bug))
      mkdirSync(folder, { recursive: true })
      const { prove } = await prover(`bug${index}`, bug)
      let seed = 0
      // what is found without the bug as well is something else
      while (
        seed < most && (bug.where?.(draw(seed)) === false || prove(seed).length === 0 || right(seed).length > 0)
      ) {
        seed++
        // vitest is to hear of this process now and then
        await setImmediate()
      }
      assert.isBelow(seed, most, `in src/${bug.file}, ${JSON.stringify(bug.find)}`)
      rmSync(folder, { recursive: true, force: true })
    }
  )
})
