import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { zipSync } from "fflate"
import { gzipSync } from "node:zlib"
import * as Told from "../../src/Source/Told.ts"
import { lines, read, refuse, tell } from "./read.ts"
import { n, none, s, type Sheet, t, workbook } from "./workbook.ts"

const zips: Sheet = [[1, t("zip"), t("city")], [3, t("00501"), t("Holtsville")], [5, n(34102), none], [6, none, none]]

describe("Workbook", () => {
  it.effect("reads a sheet as a table, with its own rows", () =>
    Effect.gen(function*() {
      for (const size of [undefined, 1000]) {
        for (const input of [workbook({ Zips: zips }), gzipSync(workbook({ Zips: zips, Notes: [] }))]) {
          const options = { name: "zips.xlsx", column: "zip", ...(size === undefined ? {} : { size }) }
          assert.deepStrictEqual(yield* read(input, options), [
            { line: 3, input: "00501", columns: { zip: "00501", city: "Holtsville" }, names: ["zip", "city"] },
            { line: 5, input: "34102", columns: { zip: "34102", city: "" }, names: ["zip", "city"] }
          ])
        }
      }
      const error = yield* refuse(workbook({ Zips: [...zips, [9, t("1"), t("2"), t("3")]] }), {
        name: "zips.xlsx",
        column: "zip"
      })
      assert.match(error.message, /^zips.xlsx, row 9: this row has 3 cells, and the header 2/)
    }))

  it.effect.each<[shown: string, value: number | string, format: string]>([
    ["501", 501, "General"],
    ["00501", 501, "00000"],
    ["00501", 501, "00000;-00000"],
    ["00501", 501, "[$-409]00000"],
    ["00501", 501, "\"\"00000"],
    ["00501-1234", 5011234, "00000-0000"],
    ["00501-1234", 5011234, "00000\\-0000"],
    ["123456", 123456, "00000"],
    ["0", 0, "0"],
    ["1234567", 1234567, "#,##0"],
    ["501", 501, "0.00"],
    ["9780306406157", "9.780306406157E12", "General"],
    ["9780306406157", "9780306406157", "0.00E+00"],
    ["0.1", "0.10000000000000001", "General"],
    ["-5", -5, "0"],
    ["0.5", 0.5, "0%"],
    ["0.0000001", "1E-7", "General"],
    ["2024-02-29", 45351, "dd/mm/yyyy"],
    ["2024-02-29", 45351, "[$-407]d. mmmm yyyy"],
    ["2024-02-29T06:00:00", 45351.25, "yyyy-mm-dd hh:mm"],
    ["06:30:00", 0.2708333333333333, "h:mm"],
    ["36:00:00", 1.5, "[h]:mm"],
    ["1900-01-01", 1, "yyyy-mm-dd"],
    ["45351", 45351, "0\" days\""]
  ])("shows %s for %s as %s", ([shown, value, format]) =>
    Effect.gen(function*() {
      const input = workbook({ A: [[1, t("id")], [2, n(value, 1)]] }, { formats: [format] })
      assert.deepStrictEqual(yield* lines(input), [`2 ${shown}`])
    }))

  it.effect("counts days from 1904 where the workbook does", () =>
    Effect.gen(function*() {
      const input = workbook({ A: [[1, t("id")], [2, n(0, 1)]] }, { formats: ["yyyy-mm-dd"], is1904: true })
      assert.deepStrictEqual(yield* lines(input), ["2 1904-01-01"])
    }))

  it.effect("reads texts of all kinds, formulas by their value, truths and errors", () =>
    Effect.gen(function*() {
      const input = workbook({
        A: [
          [1, s(0)],
          [2, s(1)],
          [3, s(2)],
          [4, "<c t=\"str\"><f>A2&amp;\"x\"</f><v>00501x</v></c>"],
          [5, "<c><f>1+1</f><v>2</v></c>"],
          [6, "<c t=\"b\"><v>1</v></c>"],
          [7, "<c t=\"e\"><v>#N/A</v></c>"],
          [8, "<c r=\"A8\" t=\"d\"><v>2024-02-29T00:00:00</v></c>"]
        ]
      }, {
        shared: [
          "<t>id</t>",
          "<r><t>00</t></r><r><t xml:space=\"preserve\">501 </t></r>",
          "<t>東</t><rPh><t>ひがし</t></rPh>"
        ]
      })
      assert.deepStrictEqual(yield* lines(input), [
        "2 00501 ",
        "3 東",
        "4 00501x",
        "5 2",
        "6 TRUE",
        "7 #N/A",
        "8 2024-02-29"
      ])
    }))

  it.effect("has columns where cells say so", () =>
    Effect.gen(function*() {
      const input = workbook({ A: [[1, t("id"), t("n")], [2, "<c r=\"B2\"><v>7</v></c>"], [3, "<c r=\"AA3\"/>"]] })
      const [entry] = yield* read(input, { column: "n" })
      assert.deepStrictEqual(entry!.columns, { id: "", n: "7" })
    }))

  it.effect("takes the sheet that is named, or the only one with cells", () =>
    Effect.gen(function*() {
      const two = workbook({ Zips: zips, "Old ones": [[1, t("zip")], [2, t("99999")]] })
      assert.match(
        (yield* refuse(two, { column: "zip" })).message,
        /^list: several sheets have cells: name one with --sheet, "Zips", "Old ones"$/
      )
      assert.deepStrictEqual(yield* lines(two, { column: "zip", sheet: "old ones" }), ["2 99999"])
      assert.match(
        (yield* refuse(two, { sheet: "Nope" })).message,
        /^list: there is no sheet "Nope"; the sheets are "Zips"/
      )
      const { told } = yield* tell(workbook({ Empty: [[1, none]], Zips: zips }), { column: "zip" })
      assert.deepStrictEqual(Told.notes(told), ["sheet \"Zips\""])
      assert.strictEqual(told.unit, "row")
      assert.deepStrictEqual(yield* read(workbook({ Empty: [] })), [])
    }))

  it.effect("names what is no workbook, and what is damaged", () =>
    Effect.gen(function*() {
      const ods = zipSync({ mimetype: Buffer.from("application/vnd.oasis.opendocument.spreadsheet") })
      assert.match((yield* refuse(ods)).message, /OpenDocument file \(\.ods\)/)
      assert.match((yield* refuse(zipSync({ "a.csv": Buffer.from("zip\n1\n") }))).message, /this is a ZIP archive/)
      const whole = workbook({ Zips: zips })
      assert.match((yield* refuse(whole.subarray(0, 500))).message, /does not unpack .*: is it whole\?$/)
      const wrong = zipSync({ "xl/workbook.xml": Buffer.from("<workbook><sheets>") })
      assert.match((yield* refuse(wrong)).message, /^list: the workbook is damaged: /)
    }))
})
