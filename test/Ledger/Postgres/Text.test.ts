import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import * as Text from "../../../src/Ledger/Postgres/Text.ts"

/** Any, and such as PostgreSQL cannot hold. */
const texts = FastCheck.array(
  FastCheck.oneof(
    FastCheck.string({ unit: "binary" }),
    FastCheck.constantFrom("\u0000", "\u0001", "\u00010000", "\ud800", "\udc00", "\\u0000", "u0001", "\"", "🎉")
  )
).map((parts) => parts.join(""))

describe("Text", () => {
  it.prop("comes back as it was, and is what PostgreSQL can hold", [texts], ([text]) => {
    const encoded = Text.encode(text)
    assert.strictEqual(Text.decode(encoded), text)
    assert.isFalse(encoded.includes("\u0000"))
    assert.isTrue(encoded.isWellFormed())
  })

  it.prop("stands in documents as it is encoded", [FastCheck.array(texts)], ([all]) => {
    const rows = Text.documents(all.map((text, index) => ({ text, index, none: null }))).flatMap((text) =>
      JSON.parse(text)
    )
    assert.deepStrictEqual(rows, all.map((text, index) => ({ text: Text.encode(text), index, none: null })))
  })

  it("is left alone where it is common", () => {
    const common = "00501 ü 🎉 \u0002\n\t\\u0000 \"quoted\" \uffff"
    assert.strictEqual(Text.encode(common), common)
  })

  it("is cut into documents that are short enough", () => {
    const rows = Array.from(
      { length: 10 },
      (_, index) => ({ index, body: "x".repeat(index === 4 ? 9_000_000 : 3_000_000) })
    )
    const documents = Text.documents(rows)
    assert.deepStrictEqual(documents.map((text) => JSON.parse(text).length), [2, 2, 1, 2, 2, 1])
    assert.deepStrictEqual(documents.flatMap((text) => JSON.parse(text)), rows)
    assert.deepStrictEqual(Text.documents([]), [])
  })
})
