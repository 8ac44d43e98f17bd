import { assert, describe, it } from "@effect/vitest"
import { format } from "../../src/Sink/Json.ts"
import * as Ndjson from "../../src/Sink/Ndjson.ts"
import { layout, refused, row } from "./rows.ts"

describe("Json", () => {
  it("is an array of the records of NDJSON, also of none", () => {
    const rows = [row({ body: "{\"n\":9007199254740993,\n\"x\":1.50}" }), refused(""), row({ outcome: "not_found" })]
    const [array, lines] = [format, Ndjson.format].map(({ encoder }) => {
      const made = encoder(layout())
      return "clash" in made ? assert.fail(made.clash) : made
    })
    const written = (count: number) =>
      [array!.header, rows.slice(0, count).map(array!.encode).join(array!.separator), array!.footer].join("")
    assert.deepStrictEqual(JSON.parse(written(0)), [])
    assert.strictEqual(
      written(3),
      `[\n${rows.map((row) => (lines!.encode(row) as string).trimEnd()).join(",\n")}\n]\n`
    )
    assert.include(written(3), "\"answer\":{\"n\":9007199254740993, \"x\":1.50}")
    assert.lengthOf(JSON.parse(written(3)), 3)
  })
})
