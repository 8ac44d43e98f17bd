import { assert, describe, it } from "@effect/vitest"
import { Either, ParseResult, Schema } from "effect"
import * as Key from "../../src/Job/Key.ts"

const said = <A>(schema: Schema.Schema<A, string>, text: string) =>
  Either.match(Schema.decodeEither(schema)(text), {
    onLeft: (error) => ParseResult.ArrayFormatter.formatErrorSync(error)[0]!.message,
    onRight: (value) => value
  })

describe("Key", () => {
  it("is one of some names", () => {
    const order = Key.choice(["input", "done"])
    assert.strictEqual(said(order, "done"), "done")
    for (const text of ["Done", "", "input,done", "toString"]) {
      assert.strictEqual(said(order, text), "it is one of input, done")
    }
  })

  it("is a whole number", () => {
    const port = Key.whole(0, 65_535)
    assert.deepStrictEqual([said(port, "0"), said(port, "65535"), said(port, "007")], [0, 65_535, 7])
    const large = Key.whole(1, 1e9)
    for (const text of ["1e6", "1,000,000", "1_000_000", "1000000"]) assert.strictEqual(said(large, text), 1e6)
    assert.strictEqual(said(large, "4.4175e4"), 44_175)
    for (
      const text of ["65536", "-1", "1.5", "1.5e0", "1e99", "1,00", ",100", " 1", "", "x", "0x10", "9".repeat(400)]
    ) {
      assert.strictEqual(said(port, text), "write a whole number from 0 to 65535", text)
    }
  })
})
