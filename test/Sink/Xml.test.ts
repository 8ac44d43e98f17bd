import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { SaxesParser } from "saxes"
import type { Layout } from "../../src/Sink.ts"
import { format } from "../../src/Sink/Xml.ts"
import { layout, list, refused, row, select } from "./rows.ts"

/** The document of some rows. */
const written = (rows: ReadonlyArray<Parameters<typeof row>[0]>, given: Partial<Layout> = {}): string => {
  const encoder = format.encoder(layout(given))
  if ("clash" in encoder) return assert.fail(encoder.clash)
  return [encoder.header, ...rows.map((given) => encoder.encode(row(given))), encoder.footer].join("")
}

/** The records of a document, as a parser reads them that stops at what is not well-formed. */
const read = (text: string): ReadonlyArray<Record<string, string>> => {
  const records: Array<Record<string, string>> = []
  const parser = new SaxesParser()
  parser.on("error", (error) => {
    throw error
  })
  let name: string | undefined
  parser.on("opentag", ({ attributes, name: tag }) => {
    if (tag === "record") records.push({ line: attributes.line! })
    name = tag === "cell" ? attributes.name : undefined
    if (name !== undefined) records.at(-1)![name] = ""
  })
  parser.on("closetag", () => {
    name = undefined
  })
  parser.on("text", (text) => {
    if (name !== undefined) records.at(-1)![name] += text
  })
  parser.write(text).close()
  return records
}

describe("Xml", () => {
  it("has a record for each entry, also for none", () => {
    assert.strictEqual(written([]), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<records>\n</records>\n")
    assert.deepStrictEqual(
      written([{ line: 2 }, { ...refused(""), line: 3 }]).split("\n").slice(2, -2),
      [
        "<record line=\"2\"><cell name=\"code\">34102</cell><cell name=\"answer\">{\"city\":\"Naples\"}</cell>"
        + "<cell name=\"outcome\">found</cell><cell name=\"http_status\">200</cell></record>",
        "<record line=\"3\"><cell name=\"outcome\">invalid</cell><cell name=\"error\">invalid_code: the code is empty</cell></record>"
      ]
    )
  })

  const cases: ReadonlyArray<readonly [value: string, cell: string]> = [
    ["a < b & \"c\" > 'd' ]]>", "a < b & \"c\" > 'd' ]]>"],
    [" a\t\r\nb\rc\n", " a\t\r\nb\rc\n"],
    ["\u0085\u2028\u007f🎉", "\u0085\u2028\u007f🎉"],
    ["a\u0000b", "\"a\\u0000b\""],
    ["a\u001bb", "\"a\\u001bb\""],
    ["a\ufffeb\uffff", "\"a\\ufffeb\\uffff\""],
    ["a\ud800b", "\"a\\ud800b\""]
  ]
  it.each(cases)("holds %j, in a cell and as a name", (value, cell) => {
    const columns = JSON.stringify({ zip: "34102", [value]: value })
    const [record] = read(written([{ columns }], { list: list({ columns: ["zip", value], column: "zip" }) }))
    assert.strictEqual(record!.zip, "34102")
    assert.strictEqual(record![cell], cell)
  })

  it("is read again by any parser, whatever it holds", () => {
    const text = FastCheck.array(
      FastCheck.constantFrom(
        ..."<>&\"']\t\r\n\0\u0001\u0085\ufffe\uffff\ud800\udc00 a\\".split(""),
        "🎉",
        "]]>",
        "<!--"
      ),
      { maxLength: 8 }
    ).map((parts) => parts.join(""))
    FastCheck.assert(FastCheck.property(text, text, (body, input) => {
      const rows = [{ body: JSON.stringify({ body }), input, key: input }]
      const [whole] = read(written(rows))
      assert.deepStrictEqual(JSON.parse(whole!.answer!).body, body.isWellFormed() ? body : JSON.stringify(body))
      const [field] = read(written(rows, { select: select("body") }))
      const isFit = /^[\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u.test(body)
      const json = JSON.stringify(body).replaceAll("\ufffe", "\\ufffe").replaceAll("\uffff", "\\uffff")
      assert.strictEqual(field!.body ?? "", isFit ? body : json)
    }))
  })
})
