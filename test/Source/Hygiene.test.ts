import { assert, describe, it } from "@effect/vitest"
import * as Hygiene from "../../src/Source/Hygiene.ts"

/** What is found in codes on lines of their own, or in a column `zip` below a header, as `kind count line`. */
const look = (codes: ReadonlyArray<string>, column?: string, url?: string) => {
  const state = Hygiene.make(column !== undefined, column, url)
  for (const [index, code] of codes.entries()) Hygiene.see(state, code, index + (column === undefined ? 1 : 2), column)
  return Hygiene.findings(state).map(({ count, kind, line, usual }) =>
    `${kind} ${count} ${line}${usual === undefined ? "" : ` ${usual}`}`
  )
}

const range = (from: number, to: number, step = 1) =>
  Array.from({ length: Math.ceil((to - from + 1) / step) }, (_, index) => String(from + index * step))
const repeat = (code: string, count: number) => Array.from({ length: count }, () => code)
/** Numbers of any order, the same each time. */
const drawn = (count: number, most: number) =>
  Array.from({ length: count }, (_, index) => String(1 + (index * 7_919 + 104_729) * 31 % most))

/** Numbers of a length, drawn from all of them, some of which are a digit shorter; these stand first. */
const mixed = (count: number, short: number, length: number) =>
  Array.from({ length: count }, (_, index) => {
    const size = 10 ** (index < short ? length - 2 : length - 1)
    return String(size + Math.floor(((index * 0.6180339887) % 1) * 9 * size))
  })

describe("Hygiene", () => {
  it.each([2, 5, 8, 10, 12, 15, 20, 30, 50])("sees zeros lost of %i %% of 200 codes", (share) => {
    assert.deepStrictEqual(look(mixed(200, share * 2, 5)), [`zeros ${share * 2} 1 5`])
  })

  it.each<[what: string, codes: ReadonlyArray<string>, found: ReadonlyArray<string>]>([
    ["numbers with an exponent", ["9780306406157", "9.78E+12", "9,78E+12"], ["exponent 2 2"]],
    ["numbers that were floats", ["34102.0", "501.0"], ["decimal 2 1"]],
    ["formulas for text", ["=\"00501\"", "34102"], ["formula 1 1"]],
    ["marks of text", ["'00501", "'34102"], ["apostrophe 2 1"]],
    ["quotes", ["\"00501\"", "\"34102\""], ["quoted 2 1"]],
    ["dates that were codes", ["AB12", "2-Jan", "Mar-01", "CD34"], ["date 2 2"]],
    ["words for nothing", ["34102", "NULL", "N/A", "#N/A", "NA", "null"], ["missing 5 2"]],
    ["what is not seen within a code", ["34102", "00\u200b501", "a\u00a0b", "so\u00adft"], ["invisible 3 2"]],
    ["a table as clients print it", ["code | name", "------+------", "A1 | x", "(2 rows)"], ["frame 2 2"]],
    ["its footer in a table", ["A1", "A2", "(2 rows affected)"], ["frame 1 3"]],
    ["what was lost in between", ["K\ufffdln"], ["replaced 1 1"]],
    ["objects", ["{\"zip\":\"00501\"}", "{\"zip\":\"34102\"}"], ["objects 2 1"]],
    ["a table", ["zip,city", "00501,Holtsville", "34102,Naples"], ["table 3 1 ,"]],
    ["a table with semicolons", ["00501;x;1", "34102;y;2"], ["table 2 1 ;"]],
    ["a header that is called like one", ["zip", "34102", "00501"], ["header 1 1"]],
    ["a header of any name among numbers", ["Postleitzahl", "34102", "00501"], ["header 1 1"]],
    ["a header above a damaged list", ["zip", "34102", "00501", "9021"], ["header 1 1", "zeros 1 4 5"]],
    ["a code that is no number above a damaged list", ["x1", "34102", "00501", "9021"], ["zeros 1 4 5"]],
    ["zeros lost of three", ["34102", "00501", "9021"], ["zeros 1 3 5"]],
    ["zeros lost of ZIP codes, none of which begins with one", [...repeat("34102", 19), "9021", "501"], [
      "zeros 2 20 5"
    ]],
    ["zeros lost of EANs", [...range(4006381333931, 4006381333960, 3), "96385074123"], ["zeros 1 11 13"]],
    ["zeros lost of a German list", ["1067", "4109", "10115", "80331", "50667", "1099", "20095", "99084"], [
      "zeros 3 1 5"
    ]],
    ["zeros lost of UPCs, half of which begin with one", [...mixed(100, 50, 12)], ["zeros 50 1 12"]],
    ["zeros lost of CEPs", [...mixed(60, 15, 8)], ["zeros 15 1 8"]],
    ["zeros lost, one and two, of many", [...mixed(100, 30, 5), "501", "926"], ["zeros 32 1 5"]],
    ["zeros lost, with a ZIP+4 among them", ["34102", "00501", "9021", "34102-1234", "00544"], ["zeros 1 3 5"]]
  ])("sees %s", (_, codes, found) => assert.deepStrictEqual(look(codes), found))

  it.each<[column: string | undefined, url: string, codes: ReadonlyArray<string>, found: ReadonlyArray<string>]>([
    ["zip", "", mixed(100, 50, 5), ["zeros 50 2 5"]],
    ["ZIP Code", "", mixed(100, 90, 5), ["zeros 90 2 5"]],
    ["customerZip", "", mixed(100, 50, 5), ["zeros 50 2 5"]],
    ["PLZ", "", ["1067", "10115"], ["zeros 1 2 5"]],
    [undefined, "https://api.example/zip/{code}", mixed(100, 50, 5), ["zeros 50 1 5"]],
    [undefined, "https://api.example/?n=1&postcode={code}", mixed(100, 90, 5), ["zeros 90 1 5"]],
    ["upc", "", mixed(100, 70, 12), ["zeros 70 2 12"]],
    ["ean", "", mixed(100, 70, 13), ["zeros 70 2 13"]],
    ["isbn", "", mixed(100, 60, 10), ["zeros 60 2 10"]],
    // other kinds, and other lengths of the same kind
    ["id", "", mixed(100, 90, 5), []],
    ["gtin", "", mixed(100, 60, 13), []],
    [undefined, "https://zip.example/a/{code}", mixed(100, 90, 5), []],
    [undefined, "https://api.example/?zip=1&n={code}", mixed(100, 90, 5), []],
    ["plz", "", range(1000, 1090), []],
    ["zip", "", range(1000, 12_000), []],
    ["plz", "", range(1010, 9990, 30), []],
    ["zip", "", [...range(1010, 9990, 30), "10115"], []]
  ])("counts on what a name tells of numbers: %s %s", (column, url, codes, found) => {
    assert.deepStrictEqual(look(codes, column, url), found)
  })

  it.each<[what: string, codes: ReadonlyArray<string>]>([
    ["nothing", []],
    ["one code", ["zip"]],
    ["ZIP codes", ["34102", "00501", "99950", "10001-1234"]],
    ["numbers that count up", range(1, 1000)],
    ["numbers that count up from a thousand", range(1000, 99_999, 1).slice(0, 20_000)],
    ["numbers of all lengths", drawn(500, 99_999)],
    ["few numbers of all lengths", ["1", "22", "333", "4444", "55555"]],
    ["more short ones than long ones", [...repeat("34102", 50), ...repeat("1234", 51)]],
    ["numbers up to thirty thousand", drawn(2_000, 30_000).filter((code) => code.length > 2)],
    ["numbers from a thousand to thirty thousand", drawn(2_000, 30_000).filter((code) => code.length > 3)],
    ["numbers of all lengths from a hundred on", drawn(3_000, 99_999).filter((code) => code.length > 2)],
    ["UPCs among EANs", [...mixed(60, 20, 13)]],
    ["customers", range(1, 30_000, 7)],
    ["longer ones", [...repeat("34102", 90), ...repeat("341020001", 10)]],
    ["numbers of four and of three digits", [...range(1001, 1900, 7), ...range(501, 600, 9)]],
    ["ISBNs", ["9780306406157", "080442957X", "978-3-16-148410-0"]],
    ["DOIs", ["10.1000/182", "10.1038/nphys1170"]],
    ["SKUs", ["1E5", "219E01", "A-100", "B_200", "C.300/x"]],
    ["versions", ["1.0", "1.1", "2.0"]],
    ["countries", ["DE", "NA", "FR", "US"]],
    ["names of cities", ["Naples", "Köln", "São Paulo", "New York, NY"]],
    ["words", ["alpha", "beta", "gamma"]],
    ["words and numbers", ["alpha", "34102", "beta", "gamma7"]],
    ["column names as codes", ["code", "id", "zip", "name"]],
    ["IP addresses", ["10.0.0.1", "192.168.1.0"]],
    ["URLs", ["https://a.example/?q=1,2", "https://b.example/"]],
    ["negative numbers", ["-1", "-20", "-300"]],
    ["coordinates", ["51.0", "48.137", "50.0"]],
    ["SMILES", ["CC(=O)OC1=CC=CC=C1C(=O)O", "CN1C=NC2=C1C(=O)N(C(=O)N2C)C", "C[C@@H](C(=O)O)N", "O=C=O"]],
    ["names of substances", ["copper(II) sulfate", "(2R,3S)-tartaric acid", "iron(III) oxide"]],
    ["words of every day", ["for", "if", "class", "import", "with care", "return"]],
    ["addresses", ["1600 Amphitheatre Pkwy, Mountain View, CA", "Am Markt 1; Bremen", "12 Main St. (rear)"]],
    ["titles", ["Attention Is All You Need", "\"Why Should I Trust You?\": Explaining", "C: the language"]],
    ["handles", ["@anna", "#berlin", "@ben(2)"]]
  ])("finds nothing in %s", (_, codes) => assert.deepStrictEqual(look(codes), []))

  it.each<[what: string, text: string]>([
    ["JavaScript", "// sums\nconst sum = (a, b) => {\n  return a + b\n}\nmodule.exports = { sum }\n"],
    [
      "Python",
      "import os\n\ndef look(code):\n    r = requests.get(URL + code)\n    return r.json()\n\nprint(look(\"1\"))\n"
    ],
    ["a web page", "<div class=\"a\">\n<p>Sorry</p>\n<ul>\n<li>one</li>\n</ul>\n</div>\nback\n"],
    ["a style sheet", "body {\n  color: red;\n}\n"],
    ["JSON on several lines", "{\n  \"name\": \"x\",\n  \"deep\": {\n    \"a\": 1\n  }\n}\n"],
    ["SQL", "-- codes\nselect zip from places\nwhere state = 'FL'\ninsert into a values (1);\ndelete from b;\n"]
  ])("knows %s for no list", (_, text) => {
    const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "")
    const state = (codes: ReadonlyArray<string>) => {
      const state = Hygiene.make(false)
      for (const [index, code] of codes.entries()) Hygiene.see(state, code, index + 1)
      return state
    }
    assert.isDefined(Hygiene.programIn(state(lines)))
    // a few such lines among codes are told
    const some = state([...range(1000, 1040), ...lines])
    assert.isUndefined(Hygiene.programIn(some))
    assert.include(Hygiene.findings(some).map(({ kind }) => kind), "program")
  })

  it("sees a header in the middle of a column, and no header above it", () => {
    assert.deepStrictEqual(look(["34102", "zip", "00501", "zip"], "zip"), ["again 2 3"])
    assert.deepStrictEqual(look(["zap", "34102", "00501"], "zip"), [])
    assert.deepStrictEqual(look(["a,b", "c,d"], "zip"), [])
  })
})
