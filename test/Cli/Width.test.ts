import { assert, describe, it } from "@effect/vitest"
import * as Width from "../../src/Cli/Width.ts"

describe("Width.fit", () => {
  const cases: ReadonlyArray<readonly [text: string, columns: number, shown: string]> = [
    ["a b", 3, "a b"],
    ["one two three", 9, "one two\n  three"],
    ["one two three\n  3  failed: ask again", 12, "one two\n  three\n  3  failed:\n   ask again"],
    // a word that is longer than the line is the terminal's to break, and so is what is there to be copied
    ["see /a/very/long/path.ledger now", 12, "see\n  /a/very/long/path.ledger\n  now"],
    ["  curl -sS 'http://127.0.0.1/a b c'", 12, "  curl -sS 'http://127.0.0.1/a b c'"]
  ]
  it.each(cases)("%j in %d columns is %j", (text, columns, shown) => {
    assert.strictEqual(Width.fit(text, { columns, isTTY: true }), shown)
    assert.strictEqual(Width.fit(text, { columns }), text, "not on a terminal")
    assert.strictEqual(Width.fit(text, { columns: 0, isTTY: true }), text, "on one of no size")
  })
})

describe("Width.middle", () => {
  it.each<[text: string, width: number, shown: string]>([
    ["out.ledger", 10, "out.ledger"],
    ["/home/me/lists/zips.csv.ledger", 20, "/home/m…s.csv.ledger"],
    ["/home/me/lists/zips.csv.ledger", Infinity, "/home/me/lists/zips.csv.ledger"],
    ["abcdefghijkl", 4, "abcdefghijkl"]
  ])("%j in %d columns is %j", (text, width, shown) => assert.strictEqual(Width.middle(text, width), shown))
})
