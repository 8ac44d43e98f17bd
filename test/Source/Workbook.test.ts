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

  it.effect("reads numbers by the format of their style, and tells which codes are not what is shown", () =>
    Effect.gen(function*() {
      const of = (format: string, ...values: ReadonlyArray<number | string>) => {
        const rows = values.map((value, index): Sheet[number] => [index + 2, n(value, 1), n(0.5, 2)])
        return tell(workbook({ A: [[1, t("id"), t("share")], ...rows] }, { formats: [format, "0%"] }), { column: "id" })
      }
      const cases: ReadonlyArray<[string, ReadonlyArray<number | string>, ReadonlyArray<string>, RegExp?]> = [
        ["[<=99999]00000;00000\\-0000", [501, 5010501], ["00501", "00501-0501"]],
        ["@", [501, 34102], ["501", "34102"]],
        ["yyyy-mm-dd", [45351], ["2024-02-29"]],
        [
          "0.00",
          [501, 1.25, 7],
          ["501", "1.25", "7"],
          /^2 codes are numbers asked as stored, 501, .* its format is 0\.00 \(row 2 and 1 other\)/
        ],
        [
          "d-mmm",
          [45353],
          ["2024-03-02"],
          /^1 code is a date of which the sheet shows a part, d-mmm, and asked as 2024-03-02/
        ],
        [
          "0",
          ["9007199254740991", "9007199254740993", "4111111111111110", "1.2345678901234568E+17"],
          ["9007199254740991", "9007199254740993", "4111111111111110", "123456789012345680"],
          /^2 codes are numbers longer than 15 digits, 4111111111111110, .* \(row 4 and 1 other\)/
        ]
      ]
      for (const [format, values, codes, warning] of cases) {
        const found = yield* of(format, ...values)
        assert.deepStrictEqual(found.codes, codes)
        assert.strictEqual(found.told.warnings.length, warning === undefined ? 0 : 1, format)
        if (warning !== undefined) assert.match(found.told.warnings[0]!, warning)
      }
    }))

  it.effect("counts days from 1904 where the workbook does", () =>
    Effect.gen(function*() {
      const input = workbook({ A: [[1, t("id")], [2, n(0, 1)]] }, { formats: ["yyyy-mm-dd"], is1904: true })
      assert.deepStrictEqual(yield* lines(input), ["2 1904-01-01"])
    }))

  it.effect("tells of formulas that were never calculated, whatever column they stand in", () =>
    Effect.gen(function*() {
      const f = (rest = "") => `<c><f>TEXT(501,"00000")</f>${rest}</c>`
      const alone = yield* tell(workbook({ A: [[1, t("id")], [2, n(2)], [3, f()], [4, f("<v></v>")]] }))
      assert.deepStrictEqual(alone.codes, ["2"])
      assert.deepStrictEqual(alone.told.warnings, [
        "2 cells hold formulas that were never calculated (row 3 and 1 other): "
        + "open the workbook in a spreadsheet program and save it"
      ])
      const empty = "<c t=\"str\"><f>IF(1,\"\",2)</f><v></v></c>"
      const beside = workbook({ A: [[1, t("id"), t("n")], [2, n(2), f()], [3, n(3), empty], [4, n(4), f("<v>0</v>")]] })
      assert.match((yield* tell(beside, { column: "id" })).told.warnings[0]!, /^1 cell holds a formula .* \(row 2\)/)
      // what is to be calculated on opening has zeros for values
      const zeros = workbook({ A: [[1, t("id")], [2, f("<v>0</v>")], [3, f("<v>501</v>")]] }, { isStale: true })
      assert.match((yield* tell(zeros)).told.warnings[0]!, /^1 cell holds a formula .* \(row 2\)/)
    }))

  it.effect("reads hidden rows and says so, and takes the sheet that is seen", () =>
    Effect.gen(function*() {
      const sheets = { Codes: [[1, t("id")], [2, t("a")], [3, t("b")]], Lists: [[1, t("x")]] } as const
      const { codes, told } = yield* tell(workbook(sheets, { hidden: { sheets: ["Lists"], rows: [3] } }))
      assert.deepStrictEqual(codes, ["a", "b"])
      assert.deepStrictEqual(Told.notes(told), ["sheet \"Codes\"", "1 hidden row read too"])
      assert.deepStrictEqual(
        yield* lines(workbook(sheets, { hidden: { sheets: ["Codes", "Lists"], rows: [] } }), { sheet: "Codes" }),
        ["2 a", "3 b"]
      )
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
        /^list: several sheets have cells: name one, "Zips", "Old ones"$/
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

  it.effect("reads parts whatever their names and prefixes, and passes over sheets that are charts", () =>
    Effect.gen(function*() {
      const xml = (text: string) => Buffer.from(text)
      const input = zipSync({
        "xl\\Workbook.xml": xml(
          "<x:workbook xmlns:x=\"x\" xmlns:q=\"q\"><x:sheets><x:sheet name=\"Chart\" q:id=\"c\"/><x:sheet name=\"Data\" q:id=\"d\"/></x:sheets></x:workbook>"
        ),
        "xl\\_rels\\workbook.xml.rels": xml(
          "<Relationships><Relationship Id=\"c\" Target=\"chartsheets/sheet1.xml\"/><Relationship Id=\"d\" Target=\"/xl/worksheets/Sheet1.xml\"/></Relationships>"
        ),
        "xl\\worksheets\\Sheet1.xml": xml(
          "<x:worksheet xmlns:x=\"x\"><x:sheetData><x:row><x:c t=\"s\"><x:v>0</x:v></x:c></x:row><x:row><x:c><x:v>501</x:v></x:c></x:row></x:sheetData></x:worksheet>"
        ),
        "xl\\SharedStrings.xml": xml("<sst><si><t>id</t></si></sst>"),
        "xl\\chartsheets\\sheet1.xml": xml("<chartsheet/>")
      })
      assert.deepStrictEqual(yield* lines(input), ["2 501"])
      const half = zipSync({
        "xl/workbook.xml": xml("<workbook xmlns:r=\"r\"><sheets><sheet name=\"A\" r:id=\"a\"/></sheets></workbook>")
      })
      assert.match(
        (yield* refuse(half)).message,
        /^list: the workbook is damaged: its part xl\/worksheets\/sheet1.xml is/
      )
    }))

  it.effect("names what is no workbook, and what is damaged", () =>
    Effect.gen(function*() {
      const ods = zipSync({ mimetype: Buffer.from("application/vnd.oasis.opendocument.spreadsheet") })
      assert.match((yield* refuse(ods)).message, /OpenDocument file \(\.ods\)/)
      assert.match((yield* refuse(zipSync({ "a.csv": Buffer.from("zip\n1\n") }))).message, /this is a ZIP archive/)
      const whole = workbook({ Zips: zips })
      assert.match((yield* refuse(whole.subarray(0, 500))).message, /does not unpack .*: is it whole\?$/)
      for (
        const [part, kind] of [
          ["xl/workbook.bin", /binary workbook \(\.xlsb\)/],
          ["Index/Document.iwa", /Apple Numbers/],
          ["word/document.xml", /a document and no list/]
        ] as const
      ) assert.match((yield* refuse(zipSync({ [part]: Buffer.from("x") }))).message, kind)
      const lost = workbook({ A: [[1, s(0)], [2, s(7)]] }, { shared: ["<t>id</t>"] })
      assert.match(
        (yield* refuse(lost)).message,
        /^list: the sheet is damaged: a cell refers to the shared text 7, which is not there$/
      )
      const wide = workbook({ A: [[1, "<c r=\"ZZZZ1\"><v>1</v></c>"]] })
      assert.match((yield* refuse(wide)).message, /the sheet is damaged: there is no cell ZZZZ1/)
      const wrong = zipSync({ "xl/workbook.xml": Buffer.from("<workbook><sheets>") })
      assert.match((yield* refuse(wrong)).message, /^list: the workbook is damaged: /)
    }))
})
