import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { strFromU8, unzipSync } from "fflate"
import { Ledger, type Row } from "../../src/Ledger.ts"
import * as Memory from "../../src/Ledger/Memory.ts"
import type { Options } from "../../src/Sink.ts"
import * as File from "../../src/Sink/File.ts"
import { marks } from "../../src/Sink/Mark.ts"
import * as Xlsx from "../../src/Sink/Xlsx.ts"
import { isProof } from "../scale.ts"
import { list, refused, row, select } from "./rows.ts"

/** Writes a workbook; gives its sheet, its cells by place, and the warnings. */
const write = (rows: ReadonlyArray<Row>, options: Omit<Options, "format"> = {}, entries = rows.length) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = `${yield* fs.makeTempDirectoryScoped()}/out.xlsx`
    const sink = Xlsx.make(yield* File.make(path), options)
    const made = { ...list({ entries }), id: 1, epoch: 1 }
    const warnings = yield* Effect.scoped(Effect.gen(function*() {
      const writer = yield* sink.open({ list: made, isOrdered: true, marks: marks(yield* Ledger) })
      for (const row of rows) yield* writer.write([row])
      yield* writer.complete
      return writer.warnings!()
    }))
    const bytes = yield* fs.readFile(path)
    const files = unzipSync(bytes)
    const sheet = strFromU8(files["xl/worksheets/sheet1.xml"]!)
    const cells = Object.fromEntries(
      [...sheet.matchAll(/<c r="([A-Z]+\d+)"(?: t="(\w+)")?>(?:<is><t[^>]*>([^<]*)<\/t><\/is>|<v>([^<]*)<\/v>)<\/c>/g)]
        .map(([, place, type, text, number]) => [place!, type === "inlineStr" ? text : `${type ?? "n"} ${number}`])
    )
    return { bytes, files, sheet, cells, warnings }
  }).pipe(Effect.provide([NodeFileSystem.layer, Memory.layer]))

describe("Xlsx", () => {
  it.scoped("has text as text and numbers as numbers", () =>
    Effect.gen(function*() {
      const { cells, files, sheet, warnings } = yield* write([
        row({ key: "00501", input: "00501", body: "{\"a\":26.10,\"b\":true,\"c\":[1],\"d\":12345678901234567890}" }),
        row({
          key: "=1+1",
          input: "=1+1",
          body: "{\"a\":\"1E5\",\"b\":\"<&>\\n\",\"c\":\"\\u0001_x0041_\",\"d\":null}"
        }),
        refused("")
      ], { select: select("a", "b", "c", "d") })
      assert.deepStrictEqual(cells, {
        A1: "code",
        B1: "a",
        C1: "b",
        D1: "c",
        E1: "d",
        F1: "outcome",
        G1: "http_status",
        H1: "error",
        A2: "00501",
        B2: "n 26.10",
        C2: "b 1",
        D2: "[1]",
        E2: "12345678901234567890",
        F2: "found",
        G2: "n 200",
        A3: "=1+1",
        B3: "1E5",
        C3: "&lt;&amp;&gt;\n",
        D3: "_x0001__x005F_x0041_",
        F3: "found",
        G3: "n 200",
        F4: "invalid",
        H4: "invalid_code: the code is empty"
      })
      assert.notInclude(sheet, "<f>")
      assert.deepStrictEqual(warnings, [])
      assert.hasAllKeys(files, [
        "[Content_Types].xml",
        "_rels/.rels",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        "xl/worksheets/sheet1.xml"
      ])
    }))

  it.scoped("is the same for the same rows, and cuts a cell that is too long for it aloud", () =>
    Effect.gen(function*() {
      const rows = [row({ body: JSON.stringify({ a: "x".repeat(40_000) }) })]
      const [one, two] = [yield* write(rows, { select: select("a") }), yield* write(rows, { select: select("a") })]
      assert.deepStrictEqual(one.bytes, two.bytes)
      assert.lengthOf(one.cells.B2!, 32_767)
      assert.match(
        one.warnings.map(({ message }) => message).join(),
        /: 1 cell is cut at 32,767 characters, which is what a workbook holds: /
      )
    }))

  it.scoped("is refused for more rows than a sheet has", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(write([], {}, 1_048_576))
      assert.match(error.message, /: a sheet has 1,048,576 rows, and these are more: write CSV or Parquet$/)
    }))

  it.scoped("is refused for more columns than a sheet has", () =>
    Effect.gen(function*() {
      const [one] = select("c")
      const names = (count: number) => Array.from({ length: count }, (_, index) => ({ ...one!, name: `c${index}` }))
      const error = yield* Effect.flip(write([], { select: names(16_384) }))
      assert.match(error.message, /: a sheet holds 16,384 columns, and these are 16,388: write NDJSON or CSV, or fewer/)
      if (isProof) yield* write([], { select: names(16_380) })
    }))

  it.scoped("names columns as spreadsheets do", () =>
    Effect.gen(function*() {
      const names = Array.from({ length: 703 }, (_, index) => `c${index}`)
      const { cells } = yield* write([row({ body: "{}" })], { select: select(...names) })
      assert.strictEqual(cells.AA1, "c25")
      assert.strictEqual(cells.AAA1, "c701")
    }))
})
