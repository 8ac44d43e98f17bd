import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Entry } from "../../src/Entry.ts"
import { read, refuse } from "./read.ts"

describe("Csv", () => {
  it.effect.each<[what: string, text: string, column: string | undefined, entries: ReadonlyArray<Entry>]>([
    ["the other columns", "city,zip\nNaples,34102\n", "zip", [
      { line: 2, input: "34102", columns: { city: "Naples", zip: "34102" } }
    ]],
    ["quotes, commas and newlines", "zip,city\n\"34\n102\",\"\"\"Na\"\",ples\"\n00501,x\n", "zip", [
      { line: 2, input: "34\n102", columns: { zip: "34\n102", city: "\"Na\",ples" } },
      { line: 4, input: "00501", columns: { zip: "00501", city: "x" } }
    ]],
    ["the only column, without its name", "zip\n00501\n", undefined, [
      { line: 2, input: "00501", columns: { zip: "00501" } }
    ]],
    ["an empty cell and white space", "zip,city\n,\n 00501 ,x\n", "zip", [
      { line: 2, input: "", columns: { zip: "", city: "" } },
      { line: 3, input: " 00501 ", columns: { zip: " 00501 ", city: "x" } }
    ]],
    ["a column without a name", "zip,\n00501,x\n", "zip", [
      { line: 2, input: "00501", columns: { zip: "00501", "": "x" } }
    ]]
  ])("keeps %s", ([, text, column, entries]) =>
    Effect.gen(function*() {
      const options = { format: "csv", ...(column === undefined ? {} : { column }) } as const
      for (const size of [text.length * 4, 1]) {
        const found = yield* read(text, { ...options, size })
        assert.deepStrictEqual<ReadonlyArray<Entry>>(found.map(({ names: _, ...entry }) => entry), entries)
        for (const { columns, names } of found) assert.deepStrictEqual(names, Object.keys(columns!))
      }
    }))

  it.effect("keeps the order of columns that are called like numbers", () =>
    Effect.gen(function*() {
      const [entry] = yield* read("zip,2020,2019\n00501,a,b\n", { format: "csv", column: "zip" })
      assert.deepStrictEqual(entry!.names, ["zip", "2020", "2019"])
    }))

  it.effect("keeps columns that are called like parts of a prototype", () =>
    Effect.gen(function*() {
      const [entry] = yield* read("__proto__,constructor,toString\na,b,c\n", { format: "csv", column: "__proto__" })
      assert.strictEqual(entry!.input, "a")
      assert.deepStrictEqual(Object.entries(entry!.columns!), [["__proto__", "a"], ["constructor", "b"], [
        "toString",
        "c"
      ]])
      assert.strictEqual(Object.getPrototypeOf(entry!.columns), Object.prototype)
      const error = yield* refuse("zip,city\na,b\n", { format: "csv", column: "constructor" })
      assert.strictEqual(error.message, "list:1: there is no column \"constructor\"; the columns are \"zip\", \"city\"")
    }))

  it.effect.each<[what: string, text: string, column: string | undefined, message: string | RegExp]>([
    ["no row", "zip,city\n", "zip", "list: there is no code in it"],
    [
      "a column that is not there",
      "\n\nzip,city\n1,2\n",
      "state",
      "list:3: there is no column \"state\"; the columns are \"zip\", \"city\""
    ],
    [
      "several columns and no name",
      "zip,city\n1,2\n",
      undefined,
      "list:1: which column holds the code? Name it with --column; the columns are \"zip\", \"city\""
    ],
    [
      "a name twice",
      "zip,city,zip\n1,2,3\n",
      "zip",
      "list:1: the column \"zip\" is there twice: give each one a name of its own"
    ],
    [
      "no name twice",
      "zip,,\n1,,\n",
      "zip",
      "list:1: more than one column has no name: give each one a name of its own"
    ],
    [
      "too few cells",
      "zip,city,state\n1,2,3\n\n1,2\n",
      "zip",
      "list:4: this row has 2 cells, and the header 3: what is in \"state\"?"
    ],
    [
      "too many cells",
      "zip,city\n\"1\n\",2\n1,Naples, FL\n",
      "zip",
      /^list:4: this row has 3 cells, and the header 2: does a cell with a delimiter/
    ],
    ["an open quote", "zip,city\n1,\"2\n3,4\n", "zip", "list:2: cell 2 begins with a quote that is never closed"],
    [
      "another delimiter",
      "zip;city\n1;2\n",
      undefined,
      /^list:1: the header is one column, "zip;city": is the delimiter another one\?/
    ],
    [
      "no header",
      "00501\n34102\n",
      undefined,
      /^list:1: the first line names the columns, and "00501" looks like a code: .* --input-format lines$/
    ]
  ])("refuses %s", ([, text, column, message]) =>
    Effect.gen(function*() {
      for (const size of [text.length, 1]) {
        const error = yield* refuse(text, { format: "csv", size, ...(column === undefined ? {} : { column }) })
        if (typeof message === "string") assert.strictEqual(error.message, message)
        else assert.match(error.message, message)
      }
    }))

  it.effect("has commas in CSV and tabs in TSV", () =>
    Effect.gen(function*() {
      const [tsv] = yield* read("zip\tcity, state\n00501\t\"a\tb\"\n", { format: "tsv", column: "zip" })
      assert.deepStrictEqual(tsv!.columns, { zip: "00501", "city, state": "a\tb" })
      const [csv] = yield* read("zip,\"city\tstate\"\n00501,a\tb\n", { format: "csv", column: "zip" })
      assert.deepStrictEqual(csv!.columns, { zip: "00501", "city\tstate": "a\tb" })
    }))
})
