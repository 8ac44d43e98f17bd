import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Entry } from "../../src/Entry.ts"
import * as Told from "../../src/Source/Told.ts"
import { read, refuse, tell } from "./read.ts"

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
    ["white space, and no row of empty cells", "zip,city\n,\n 00501 ,x\n", "zip", [
      { line: 3, input: " 00501 ", columns: { zip: " 00501 ", city: "x" } }
    ]],
    ["a column without a name", "zip,\n00501,x\n", "zip", [
      { line: 2, input: "00501", columns: { zip: "00501", "2": "x" } }
    ]]
  ])("keeps %s", ([, text, column, entries]) =>
    Effect.gen(function*() {
      const options = { format: "csv", ...(column === undefined ? {} : { column }) } as const
      for (const size of [text.length * 4, 1]) {
        const found = yield* read(text, { ...options, size })
        assert.deepStrictEqual<ReadonlyArray<Entry>>(found.map(({ names: _, ...entry }) => entry), entries)
        for (const { columns, names } of found) assert.sameMembers([...names!], Object.keys(columns!))
      }
    }))

  it.effect("reads what a run has written for a spreadsheet as it was", () =>
    Effect.gen(function*() {
      const rows = "'@x,found,200,\r\n\"=\"\"00501\"\"\",found,200,'=1\r\n'y,found,200,\r\n"
      const written = `\ufeffzip,outcome,http_status,error\r\n${rows}`
      const own = yield* read(written, { format: "csv", column: "zip" })
      assert.deepStrictEqual(own.map(({ columns, input }) => [input, columns!.error]), [
        ["@x", ""],
        ["00501", "=1"],
        ["'y", ""]
      ])
      const other = yield* read(written.replace("http_status", "status"), { format: "csv", column: "zip" })
      assert.deepStrictEqual(other.map(({ input }) => input), ["'@x", "00501", "'y"])
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
      "list:1: which column holds the code? Name it; the columns are \"zip\", \"city\""
    ],
    [
      "a name twice",
      "zip,city,zip\n1,2,3\n",
      "zip",
      "list:1: the column \"zip\" is there twice: give each one a name of its own"
    ],
    [
      "too many cells",
      "zip,city\n\"1\n\",2\n1,Naples, FL\n",
      "zip",
      /^list:4: this row has 3 cells, and the header 2: does a cell with a delimiter/
    ],
    ["an open quote", "zip,city\n1,\"2\n3,4\n", "zip", "list:2: cell 2 begins with a quote that is never closed"],
    [
      "what may have another delimiter",
      "zip;city\n1\n",
      undefined,
      "list:1: the header is one column, \"zip;city\", where cells are parted by \",\": is it \";\"?"
    ],
    [
      "what may have another delimiter, where a column is named",
      "zip;city\n1\n",
      "zip",
      /: is it ";"\?$/
    ],
    [
      "no header",
      "00501\n34102\n",
      undefined,
      /^list:1: the first line names the columns, and "00501" looks like a code: .* read it without one, or as lines$/
    ]
  ])("refuses %s", ([, text, column, message]) =>
    Effect.gen(function*() {
      for (const size of [text.length, 1]) {
        const error = yield* refuse(text, { format: "csv", size, ...(column === undefined ? {} : { column }) })
        if (typeof message === "string") assert.strictEqual(error.message, message)
        else assert.match(error.message, message)
      }
    }))

  it.effect.each<
    [what: string, text: string, codes: ReadonlyArray<string>, notes: ReadonlyArray<string>, warnings: number]
  >([
    ["semicolons", "zip;n\n1;a\n", ["1"], ["\";\" between cells"], 0],
    ["semicolons and quotes", "\"zip\";\"n\"\n\"1\";\"a, b\"\n", ["1"], ["\";\" between cells"], 0],
    ["a line that tells the sign", "sep=;\nzip;n\n1;a\n", ["1"], ["\";\" between cells"], 0],
    ["a line that tells the usual sign", "sep=,\nzip,n\n1,a\n", ["1"], ["\",\" between cells"], 0],
    ["tabs", "zip\tn\n1\t2\" pipe\n", ["1"], ["tabs between cells"], 0],
    ["bars", "zip|n\n1|a\n", ["1"], ["\"|\" between cells"], 0],
    ["blank columns at the end", "zip,n,,\n1,a,,\n2,b\n", ["1", "2"], [], 0],
    ["a name twice", "zip,n,n\n1,a,b\n", ["1"], ["another column \"n\" is called \"n_2\""], 0],
    ["a short row", "zip,n,m\n1,a,b\n2,c\n3\n", ["1", "2", "3"], [], 1],
    ["padded names", "zip ,n\n1,a\n", ["1"], [], 0],
    ["names with marks and spaces that are not seen", "\ufeff\ufeffzip\u00a0,n\n1,a\n", ["1"], [], 0],
    ["blank rows", "zip,n\n,\n1,a\n , \n\n,,,\n", ["1"], ["3 blank rows left out"], 0],
    ["a quote within a cell", "zip,n\n1,24\" monitor\n", ["1"], [], 1],
    ["a quoted cell that swallows rows", "zip,n\n1,\"a\n2,b\n3,c\"\n4,d\n", ["1", "4"], [], 1],
    ["addresses over lines", "zip,n,m\n1,\"1 Main St\nNaples, FL\",x\n", ["1"], [], 0],
    ["formulas for text", "zip,n\n=\"00501\",=\"1\"\n", ["00501"], ["=\"…\" in 2 cells read as text"], 0],
    ["an end of a file of DOS", "zip,n\n1,a\n\x1a", ["1"], [], 0],
    ["semicolons, a short row, a blank column and a name twice", "zip;n;n;\n1;a;b;\n2;c;d;\n3;e\n", ["1", "2", "3"], [
      "another column \"n\" is called \"n_2\"",
      "\";\" between cells"
    ], 1]
  ])("reads %s, and tells it", ([, text, codes, notes, warnings]) =>
    Effect.gen(function*() {
      for (const size of [text.length * 4, 1]) {
        const found = yield* tell(text, { format: "csv", column: "zip", size })
        assert.deepStrictEqual(found.codes, codes)
        assert.sameMembers([...Told.notes(found.told)], [...notes])
        assert.strictEqual(found.told.warnings.length, warnings, found.told.warnings.join("\n"))
      }
    }))

  it.effect("tells what is odd with its line", () =>
    Effect.gen(function*() {
      const { told } = yield* tell("zip,n\n1,\"a\n2,b\n3,c\"\n4,5\"\n5\n6\n", { format: "csv", column: "zip" })
      assert.deepStrictEqual(told.warnings, [
        "line 2: a quoted cell spans 3 lines that look like rows: is a quote missing, or one too many?",
        "line 5: a cell holds a quote and does not begin with it, so it counts as a letter",
        "2 rows are shorter than the header: the cells that are missing count as empty (line 6 first)"
      ])
    }))

  it.effect("takes a sign for the delimiter only where nothing else can be meant", () =>
    Effect.gen(function*() {
      for (const text of ["a;b\n1\n2\n", "a;b|c\n1;2|3\n", "a;b\n1;2;3\n"]) {
        const error = yield* refuse(text, { format: "csv", column: "a" })
        assert.match(error.message, /^list:1: the header is one column, .*: is it ".+"\?$/)
        assert.strictEqual((yield* refuse(text, { format: "csv" })).message, error.message)
      }
      const { codes, told } = yield* tell("zip\n1;2\n3;4\n", { format: "csv" })
      assert.deepStrictEqual(codes, ["1;2", "3;4"])
      assert.deepStrictEqual(told.assumed, [])
    }))

  it.effect("has the sign that is named, and columns by their numbers where no header is", () =>
    Effect.gen(function*() {
      const [entry] = yield* read("zip;n,m\n1;2\n", { format: "csv", column: "zip", delimiter: ";" })
      assert.deepStrictEqual(entry!.columns, { zip: "1", "n,m": "2" })
      const first = yield* read("00501;x;\n34102;y;z\n", { name: "a.csv", column: "1", hasHeader: false })
      assert.deepStrictEqual(first.map(({ columns, line }) => [line, columns]), [
        [1, { "1": "00501", "2": "x" }],
        [2, { "1": "34102", "2": "y", "3": "z" }]
      ])
      assert.match(
        (yield* refuse("1,2\n", { format: "csv", hasHeader: false })).message,
        /by its number, 1 to 2; the first row is/
      )
    }))

  it.effect("says where names look like a row", () =>
    Effect.gen(function*() {
      const { told } = yield* tell("A100,x\nA101,y\nA102,z\n", { format: "csv", column: "A100" })
      assert.deepStrictEqual(told.suspect, { line: 1, name: "A100" })
      assert.isUndefined((yield* tell("zip5,x\n00501,y\n", { format: "csv", column: "zip5" })).told.suspect)
    }))

  it.effect("finds the code in the column of that name, where no other is named", () =>
    Effect.gen(function*() {
      const { codes, told } = yield* tell("n,code\nx,00501\n", { format: "csv" })
      assert.deepStrictEqual(codes, ["00501"])
      assert.deepStrictEqual(told.assumed, ["codes from the column \"code\""])
    }))

  it.effect("reads thousands of columns in a time that grows with them alone", () =>
    Effect.gen(function*() {
      const names = Array.from({ length: 100_000 }, (_, index) => `c${index}`)
      const [entry] = yield* read(`${names.join(",")}\n${names.join(",")}\n`, { format: "csv", column: "c99999" })
      assert.strictEqual(entry!.input, "c99999")
    }))

  it.effect("has commas in CSV and tabs in TSV", () =>
    Effect.gen(function*() {
      const [tsv] = yield* read("zip\tcity, state\n00501\t\"a\"\n", { format: "tsv", column: "zip" })
      assert.deepStrictEqual(tsv!.columns, { zip: "00501", "city, state": "a" })
      const [csv] = yield* read("zip,\"city\tstate\"\n00501,a\tb\n", { format: "csv", column: "zip" })
      assert.deepStrictEqual(csv!.columns, { zip: "00501", "city state": "a\tb" })
    }))
})
