import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck } from "effect"
import * as Rows from "../../src/Source/Rows.ts"

type Row = readonly [line: number, ...cells: Array<string>]

/** Reads a text in pieces of a size; a message where it cannot be read. */
const read = (text: string, size = text.length, delimiter = ","): Promise<ReadonlyArray<Row> | string> =>
  Effect.gen(function*() {
    const next = Rows.reader("list", delimiter)
    const found: Array<Row> = []
    for (let at = 0; at <= text.length; at += size || 1) {
      for (const { cells, line } of yield* next(text.slice(at, at + size), false)) found.push([line, ...cells])
    }
    for (const { cells, line } of yield* next("", true)) found.push([line, ...cells])
    return found
  }).pipe(
    Effect.catchAll(({ message }) => Effect.succeed(message)),
    Effect.runPromise
  )

describe("Rows", () => {
  it.each<[what: string, text: string, expected: ReadonlyArray<Row>]>([
    ["plain cells", "a,b\nc,d\n", [[1, "a", "b"], [2, "c", "d"]]],
    ["empty cells", ",\n,,\n\"\"\n", [[1, "", ""], [2, "", "", ""], [3, ""]]],
    ["a last row without a line end", "a,b\nc,", [[1, "a", "b"], [2, "c", ""]]],
    ["delimiters, quotes and line ends in quotes", "\"a,b\",\"c\"\"d\",\"e\nf\"\n", [[1, "a,b", "c\"d", "e\nf"]]],
    ["cells of nothing but quotes", "\"\"\"\",\"\"\"\"\"\"\n", [[1, "\"", "\"\""]]],
    ["white space", " a , b \n", [[1, " a ", " b "]]],
    ["lines after line ends in quotes", "\"a\nb\r\nc\rd\",e\nf,\"\n\"\ng,h\n", [
      [1, "a\nb\r\nc\rd", "e"],
      [5, "f", "\n"],
      [7, "g", "h"]
    ]],
    ["LF, CRLF and CR side by side", "a\nb\r\nc\rd\n", [[1, "a"], [2, "b"], [3, "c"], [4, "d"]]],
    ["blank lines, counted", "\na\n\r\n \n\nb\n\n", [[2, "a"], [6, "b"]]]
  ])("keeps %s", async (_, text, expected) => {
    for (const size of [text.length, 1, 2, 3]) {
      assert.deepStrictEqual(await read(text, size), expected, `pieces of ${size}`)
    }
  })

  it.each([
    ["an open quote", "a,b\n\"c\nd\",\"e\nf,g\nh\n", "list:2: cell 2 begins with a quote that is never closed"],
    [
      "text after a quote",
      "a\n\n\"b\nc\"d\n",
      "list:4: cell 1 goes on after its closing quote: write a quote within it twice"
    ],
    [
      "a quote in a plain cell",
      "a,b\nc,5\" pipe\n",
      "list:2: cell 2 holds a quote: put the cell in quotes, and write a quote within it twice"
    ]
  ])("refuses %s, on its own line", async (_, text, message) => {
    for (const size of [text.length, 1]) assert.strictEqual(await read(text, size), message)
  })

  it("refuses a row of more than 1 MiB where it begins", async () => {
    const message = "list:2: this row is longer than 1 MiB: is a quote left open?"
    const long = "a".repeat(2 ** 19 + 1)
    for (const size of [4 * 2 ** 20, 64 * 1024]) {
      assert.strictEqual(await read(`a,b\n${long},${long}\nc,d\n`, size), message)
      assert.strictEqual(await read(`a,b\n"${long}\n${long}\n`, size), message)
    }
  })

  it("knows the line of each row, whatever the cells hold and however the text is cut", () => {
    const end = FastCheck.constantFrom("\n", "\r\n", "\r")
    const cell = FastCheck.array(FastCheck.constantFrom("a", "ü", " ", ",", "\"", "\n", "\r\n", "\r"), { maxLength: 4 })
      .map((parts) => parts.join(""))
    const row = FastCheck.tuple(
      FastCheck.array(cell, { minLength: 2, maxLength: 3 }),
      end,
      FastCheck.array(end, { maxLength: 1 })
    )
    return FastCheck.assert(
      FastCheck.asyncProperty(FastCheck.array(row), FastCheck.integer({ min: 1, max: 7 }), async (rows, size) => {
        let text = ""
        const expected = rows.map(([cells, end, blank]): Row => {
          // a CR and an LF after it would be one line end
          text += blank.filter((end) => !(text.endsWith("\r") && end === "\n")).join("")
          const line = (text.match(/\r\n|\r|\n/g)?.length ?? 0) + 1
          text += cells.map((cell) => `"${cell.replaceAll("\"", "\"\"")}"`).join() + end
          return [line, ...cells]
        })
        assert.deepStrictEqual(await read(text, size), expected)
        assert.deepStrictEqual(await read(text), expected)
      }),
      { numRuns: 300 }
    )
  })
})
