import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, FastCheck } from "effect"
import * as Code from "../../src/Code.ts"
import * as Entry from "../../src/Entry.ts"
import * as Format from "../../src/Job/Format.ts"
import * as ListFormat from "../../src/Job/ListFormat.ts"
import type * as Sink from "../../src/Sink.ts"
import { scale } from "../scale.ts"
import { read } from "../Source/read.ts"
import { layout, list, row } from "./rows.ts"

const parse = Code.parse(Code.anyCode)

/** A row of empty cells is no entry when it is read. */
const hasCells = ({ columns, input }: Entry.Entry): boolean =>
  columns === undefined
    ? !Code.isBlank(input)
    : Object.values(columns).some((value) => value !== null && !(typeof value === "string" && Code.isBlank(value)))

/** What is asked for an entry; `null` for one that is not a code. */
const key = (entry: Entry.Entry, inputs: ReadonlyArray<string>): string | null =>
  Either.match(parse(entry.input), {
    onLeft: () => null,
    onRight: (code) => Entry.key({ code, values: Entry.values(entry.columns, inputs) }, inputs)
  })

/** The text of entries in a format, by way of a ledger's rows, or what it clashes with. */
const write = (
  format: Format.Name,
  entries: ReadonlyArray<Entry.Entry>,
  column: string | undefined,
  inputs: ReadonlyArray<string>
): string | Sink.Clash => {
  const columns = new Set(entries.flatMap(({ columns, names }) => names ?? Object.keys(columns ?? {})))
  const encoder: Sink.Encoder | Sink.Clash = Format.formats[format].encoder(layout({
    entries: true,
    lookup: { expect: "json", inputs },
    list: list({ columns: [...columns], column: column ?? (columns.size === 1 ? [...columns][0]! : null) })
  }))
  if ("clash" in encoder) return encoder
  const lines: Array<string> = []
  for (const entry of entries) {
    const line = encoder.encode(row({
      line: entry.line,
      input: entry.input,
      key: key(entry, inputs),
      columns: entry.columns === undefined ? null : JSON.stringify(entry.columns)
    }))
    if (typeof line !== "string") return line
    lines.push(line)
  }
  return [encoder.header, lines.join(encoder.separator ?? ""), encoder.footer ?? ""].join("")
}

interface Sample {
  readonly format: ListFormat.Name
  readonly text: string
  readonly column?: string
  readonly inputs?: ReadonlyArray<string>
}

const samples: ReadonlyArray<readonly [what: string, Sample]> = [
  ["lines", { format: "lines", text: " 00501\t\n\n\"a\",b\n'=1\nZürich 🎉\n{\"a\":1}" }],
  ["CSV", {
    format: "csv",
    text: "2,zip,1\nx,00501,\"a\nb\"\n,\" 34102 \",\"\"\"\"\n,,\n\" \",1.50,-5\n",
    column: "zip",
    inputs: ["1"]
  }],
  ["CSV of one column", { format: "csv", text: "zip\n00501\n\"\"\n\"a,\"\"\r\nb\"\n" }],
  ["TSV", { format: "tsv", text: "zip\ta b\n00501\tx, y\n1\t\"y\"\" \"\n", column: "zip", inputs: ["a b"] }],
  ["NDJSON", {
    format: "ndjson",
    text:
      "{\"zip\":1.50,\"n\":{\"a\":[1]}}\n{\"n\":12345678901234567890,\"zip\":\" 1\"}\n\"x\"\n{\"zip\":null,\"n\":true}\n",
    column: "zip",
    inputs: ["n"]
  }],
  ["NDJSON of codes", { format: "ndjson", text: "\"00501\"\n1.50\n\" a \"\n\"=\"\n\"\"\n" }],
  ["JSON", {
    format: "json",
    text: "[{\"zip\":\"1\",\"__proto__\":\"y\"},\n{\"zip\":2}]",
    column: "zip",
    inputs: ["__proto__"]
  }],
  ["JSON of codes", { format: "json", text: "[\"00501\",\n 1e3, \"a,\\\"b\"]" }],
  ["JSON of objects and a code", { format: "json", text: "[{\"id\":\"00501\"},\"34102\"]" }]
]

/** What the text of an entry cannot hold, as JSON writes it. */
const unfit = {
  ndjson: /never/,
  json: /never/,
  csv: /\\u0000|\\ud800/,
  tsv: /\\[trn]|\\u0000|\\ud800/,
  lines: /\\r|\\n|\\u0000|\\ud800/
} satisfies Partial<Record<Format.Name, RegExp>>

/** The formats that can be read again. */
const again = Format.names.filter((name): name is keyof typeof unfit => name in ListFormat.formats)

it.each(Format.names.filter((name) => !(name in unfit)))("entries as %s are refused", (format) => {
  assert.isObject(write(format, [{ line: 1, input: "a" }], undefined, []))
})

describe.each(again)("entries as %s", (format) => {
  it.effect.each(samples)(
    "give the same keys when they are read again: %s",
    ([, { inputs = [], text, ...options }]) =>
      Effect.gen(function*() {
        const entries = yield* read(text, options)
        const written = write(format, entries, options.column, inputs)
        if (
          (format === "lines" && (inputs.length > 0 || text.includes("\r"))) ||
          (format === "tsv" && unfit.tsv.test(JSON.stringify(entries)))
        ) {
          return assert.isObject(written)
        }
        assert.isString(written)
        // lines have no column to name
        const column = format === "lines" || options.column === undefined ? {} : { column: options.column }
        const again = yield* read(written as string, { format, ...column })
        const keys = entries.filter(hasCells).map((entry) => key(entry, inputs))
        assert.deepStrictEqual(
          again.map((entry) => key(entry, inputs)),
          // a blank entry is a blank line
          format === "lines" ? keys.filter((key) => key !== null) : keys
        )
        if (format === options.format) {
          assert.deepStrictEqual(again.map(({ input }) => input), entries.filter(hasCells).map(({ input }) => input))
        }
      })
  )

  it.effect("give the same keys, whatever they hold, or clash", () =>
    Effect.gen(function*() {
      const cell = FastCheck.array(
        FastCheck.constantFrom(..."a0 =-'\"\\,;\t\r\n{[:#\u00a0ü\0\ud800".split(""), "🎉", "null"),
        { maxLength: 4 }
      ).map((parts) => parts.join(""))
        // a spreadsheet's way to write text, which is read as that text
        .filter((cell) => !/^="[^"]*"$/.test(cell))
      const row = FastCheck.tuple(cell, cell)
      for (const rows of FastCheck.sample(FastCheck.array(row, { minLength: 1, maxLength: 5 }), scale(30, 100, 1000))) {
        for (const isTable of [true, false]) {
          const entries = rows.map(([zip, n], index): Entry.Entry =>
            isTable ? { line: index + 1, input: zip, columns: { n, zip } } : { line: index + 1, input: zip }
          )
          const inputs = isTable && format !== "lines" ? ["n"] : []
          const column = isTable ? "zip" : undefined
          const text = write(format, entries, column, inputs)
          const all = JSON.stringify(rows.map(([zip, n]) => isTable && inputs.length > 0 ? [zip, n] : [zip]))
          if (typeof text !== "string") {
            assert.match(all, unfit[format])
            continue
          }
          const keys = entries.filter(hasCells).map((entry) => key(entry, inputs))
          const expected = format === "lines" ? keys.filter((key) => key !== null) : keys
          if (expected.length === 0) continue
          const again = yield* read(text, {
            format,
            ...(column === undefined || format === "lines" ? {} : { column })
          })
          assert.deepStrictEqual(again.map((entry) => key(entry, inputs)), expected, JSON.stringify(text))
        }
      }
    }))
})
