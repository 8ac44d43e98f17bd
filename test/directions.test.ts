import { assert, describe, it } from "@effect/vitest"
import { problems } from "../scripts/directions.ts"

/** A house of three layers, in good order. */
const files: Record<string, string> = {
  "bin.ts": "import { run } from \"./Shop.ts\"\nimport { Command } from \"@effect/cli\"\n",
  "Shop.ts": "import type * as Till from \"./Shop/Till.ts\"\nexport { type Price } from \"./Price.ts\"\n",
  "Shop/Till.ts": "import {\n  type Price,\n  zero\n} from \"../Price.ts\"\nimport { open } from \"node:fs\"\n",
  "Price.ts": "import { Schema } from \"effect\"\n"
}

const house = {
  entries: ["bin.ts"],
  rows: [["bin"], ["Shop"], ["Price"]],
  packages: [{ names: /^@effect\/cli$/, modules: ["bin"] }, { names: /^node:/, modules: ["Shop/Till"] }]
}

describe("the directions of imports", () => {
  const ways: ReadonlyArray<readonly [what: string, line: (path: string) => string]> = [
    ["a value", (path) => `import { a } from "${path}"`],
    ["a module", (path) => `import * as A from "${path}"`],
    ["what it does alone", (path) => `import "${path}"`],
    ["a type", (path) => `import type { A } from "${path}"`],
    ["the types of a module", (path) => `import type * as A from "${path}"`],
    ["a type among others", (path) => `import {\n  type A,\n  type B\n} from "${path}"`],
    ["what is exported again", (path) => `export { a } from "${path}"`],
    ["a type that is exported again", (path) => `export type { A } from "${path}"`],
    ["all that is exported again", (path) => `export * from "${path}"`],
    ["a module of types that is exported again", (path) => `export type * as A from "${path}"`],
    ["all types that are exported again", (path) => `export type * from "${path}"`],
    ["a module that is exported again", (path) => `export * as A from "${path}"`],
    ["what is loaded later", (path) => `const a = () => import("${path}")`],
    ["a type of what is not imported", (path) => `let a: import("${path}").A`],
    ["the type of a module that is loaded later", (path) => `let a: typeof import("${path}")`]
  ]

  it.each(ways)("sees an import of %s", (_, line) => {
    assert.deepStrictEqual(problems(files, house), [])
    // within one module, where no row forbids it
    assert.deepStrictEqual(problems({ ...files, "Shop/Till.ts": line("../Shop.ts") }, house).slice(-1), [
      "a circle: Shop.ts → Shop/Till.ts → Shop.ts"
    ])
    // from below
    assert.include(
      problems({ ...files, "Price.ts": line("./Shop/Till.ts") }, house),
      [
        "Price.ts imports Shop/Till.ts, which is not below it"
      ][0]
    )
    assert.include(
      problems({ ...files, "Price.ts": line("@effect/cli") }, house),
      "Price.ts imports @effect/cli, which stands only in bin"
    )
  })

  const wrong: ReadonlyArray<
    readonly [
      what: string,
      change: { readonly files?: typeof files; readonly house?: Partial<typeof house> },
      found: string
    ]
  > = [
    ["a file that nothing comes to", { files: { "Price/Cent.ts": "" } }, "Price/Cent.ts is not imported from bin.ts"],
    ["a file in no row", { files: { "Tax.ts": "" } }, "Tax.ts stands in no row"],
    ["a row of what is not there", { house: { rows: [...house.rows, ["Tax"]] } }, "there is no Tax"],
    [
      "a package of what is not there",
      { house: { packages: [...house.packages, { names: /^pg$/, modules: ["Shop/Pos"] }] } },
      "there is no Shop/Pos"
    ],
    [
      "one that imports its neighbour",
      { house: { rows: [["bin"], ["Shop", "Price"]] } },
      "Shop.ts imports Price.ts, which is not below it"
    ],
    [
      "one that imports what is not there",
      { files: { "Price.ts": "import \"./Tax.ts\"" } },
      "Price.ts imports Tax.ts, which is not there"
    ],
    ["one that imports itself", { files: { "Price.ts": "import \"./Price.ts\"" } }, "a circle: Price.ts → Price.ts"]
  ]

  it.each(wrong)("refuses %s", (_, change, found) => {
    assert.include(problems({ ...files, ...change.files }, { ...house, ...change.house }), found)
  })

  it("shows the shortest circle of each file", () => {
    const knot = {
      "bin.ts": "import \"./Shop.ts\"",
      "Shop.ts": "import \"./Shop/A.ts\"",
      "Shop/A.ts": "import \"./B.ts\"\nimport \"./C.ts\"",
      "Shop/B.ts": "import \"./C.ts\"",
      "Shop/C.ts": "import \"./A.ts\""
    }
    assert.deepStrictEqual(
      problems(knot, { entries: ["bin.ts"], rows: [["bin"], ["Shop"]], packages: [] }),
      ["a circle: Shop/A.ts → Shop/C.ts → Shop/A.ts", "a circle: Shop/B.ts → Shop/C.ts → Shop/A.ts → Shop/B.ts"]
    )
  })
})
