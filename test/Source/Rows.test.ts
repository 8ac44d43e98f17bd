import { assert, describe, it } from "@effect/vitest"
import { parse } from "csv-parse/sync"
import { Either, FastCheck } from "effect"
import * as Rows from "../../src/Source/Rows.ts"
import * as Told from "../../src/Source/Told.ts"

type Row = readonly [line: number, ...cells: Array<string>]

/** Reads a text in pieces of a size; a message where it cannot be read. What was odd stands in `quotes`. */
const read = (
  text: string,
  size = text.length,
  delimiter = ",",
  quotes: Rows.Quotes = { stray: Told.nowhere(), long: () => {} }
): ReadonlyArray<Row> | string => {
  const next = Rows.reader("list", delimiter, quotes)
  const found: Array<Row> = []
  for (let at = 0; at <= text.length; at += size || 1) {
    const rows = next(text.slice(at, at + (size || 1)), false)
    if (Either.isLeft(rows)) return rows.left.message
    for (const { cells, line } of rows.right) found.push([line, ...cells])
  }
  const rows = next("", true)
  if (Either.isLeft(rows)) return rows.left.message
  for (const { cells, line } of rows.right) found.push([line, ...cells])
  return found
}

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
  ])("keeps %s", (_, text, expected) => {
    for (const size of [text.length, 1, 2, 3]) {
      assert.deepStrictEqual(read(text, size), expected, `pieces of ${size}`)
    }
  })

  it.each([
    ["an open quote", "a,b\n\"c\nd\",\"e\nf,g\nh\n", "list:2: cell 2 begins with a quote that is never closed"],
    [
      "text after a quote",
      "a\n\n\"b\"d\n",
      "list:3: cell 1 goes on after its closing quote: write a quote within it twice"
    ],
    [
      "text after a quote that closes lines below",
      "a,b\n1,\"foo\"\"\n2,bar\n3,\"q\"\n",
      "list:2: cell 2 begins with a quote that is closed on line 4 alone, and goes on there: "
      + "is a quote missing, or one too many?"
    ]
  ])("refuses %s, on its own line", (_, text, message) => {
    for (const size of [text.length, 1]) assert.strictEqual(read(text, size), message)
  })

  it("refuses a row of more than 16 MiB where it begins", () => {
    const message = "list:2: this row is longer than 16 MiB: is a quote left open?"
    const long = "a".repeat(2 ** 23 + 1)
    for (const size of [64 * 2 ** 20, 2 ** 20]) {
      assert.strictEqual(read(`a,b\n${long},${long}\nc,d\n`, size), message)
      assert.strictEqual(read(`a,b\n"${long}\n${long}\n`, size), message)
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
    FastCheck.assert(
      FastCheck.property(FastCheck.array(row), FastCheck.integer({ min: 1, max: 7 }), (rows, size) => {
        let text = ""
        const expected = rows.map(([cells, end, blank]): Row => {
          // a CR and an LF after it would be one line end
          text += blank.filter((end) => !(text.endsWith("\r") && end === "\n")).join("")
          const line = (text.match(/\r\n|\r|\n/g)?.length ?? 0) + 1
          text += cells.map((cell) => `"${cell.replaceAll("\"", "\"\"")}"`).join() + end
          return [line, ...cells]
        })
        assert.deepStrictEqual(read(text, size), expected)
        assert.deepStrictEqual(read(text), expected)
      }),
      { numRuns: 300 }
    )
  })

  it("counts quotes within plain cells, and tells of quoted ones over several lines", () => {
    const stray = Told.nowhere()
    const long: Array<unknown> = []
    const text = "a,b\n1,7\" disk\n2,\"x\ny,z\"\n3,8\"\n"
    const quotes: Rows.Quotes = { stray, long: (...told) => long.push(told) }
    assert.deepStrictEqual(read(text, text.length, ",", quotes), [
      [1, "a", "b"],
      [2, "1", "7\" disk"],
      [3, "2", "x\ny,z"],
      [5, "3", "8\""]
    ])
    assert.deepStrictEqual(stray, { count: 2, line: 2 })
    assert.deepStrictEqual(long, [[3, "x\ny,z", 2]])
  })

  it.each<[what: string, text: string, expected: ReadonlyArray<Row>]>([
    ["a quote that never closes on its line", "a\t\"half\nb\tc\"\n", [[1, "a", "\"half"], [2, "b", "c\""]]],
    ["inches", "a\t3.5\" disk\n", [[1, "a", "3.5\" disk"]]],
    ["a nickname", "\"The Big\" House\t1\n", [[1, "\"The Big\" House", "1"]]],
    ["a tab after an open quote", "\"a\tb\"\tc\n", [[1, "\"a", "b\"", "c"]]],
    ["a quote alone", "\"\t\"\"\t\"\"\"\"\n", [[1, "\"", "", "\""]]],
    ["a header", "\"size\tn\n1\t2\n", [[1, "\"size", "n"], [2, "1", "2"]]],
    ["what a spreadsheet quotes", "\"Quoted\"\t\"5\"\" pipe\"\n", [[1, "Quoted", "5\" pipe"]]],
    ["empty rows", "a\tb\n\t\n\n1\t2", [[1, "a", "b"], [2, "", ""], [4, "1", "2"]]]
  ])("takes a quote between tabs for a letter: %s", (_, text, expected) => {
    for (const size of [text.length, 1]) assert.deepStrictEqual(read(text, size, "\t"), expected)
  })

  it("reads what csv-parse reads, in the same way", () => {
    const text = FastCheck.array(FastCheck.constantFrom("a", ",", "\"", "\n", "\r\n", " ", "ü"), { maxLength: 20 })
      .map((parts) => parts.join(""))
    FastCheck.assert(
      FastCheck.property(text, FastCheck.integer({ min: 1, max: 5 }), (text, size) => {
        const mine = read(text, size)
        assert.deepStrictEqual(mine, read(text))
        let theirs: ReadonlyArray<ReadonlyArray<string>>
        try {
          theirs = parse(text, {
            relax_column_count: true,
            skip_empty_lines: true,
            record_delimiter: ["\n", "\r\n", "\r"]
          })
        } catch {
          return
        }
        const isSeen = (cells: ReadonlyArray<string>) => cells.length > 1 || cells[0]!.trim() !== ""
        const cells = (mine as ReadonlyArray<Row>).map(([, ...cells]) => cells)
        assert.deepStrictEqual(cells.filter(isSeen), theirs.filter(isSeen))
      }),
      { numRuns: 1000 }
    )
  })
})
