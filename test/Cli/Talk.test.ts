import { assert, describe, it } from "@effect/vitest"
import * as Talk from "../../src/Cli/Talk.ts"

describe("Talk", () => {
  it.each([[0, "0"], [999, "999"], [1000, "1,000"], [44175, "44,175"], [1234567.6, "1,234,568"]])(
    "%d is %s",
    (value, text) => assert.strictEqual(Talk.count(value), text)
  )

  it.each([
    [0.04, "0.0 s"],
    [6.94, "6.9 s"],
    [9.96, "10 s"],
    [59.4, "59 s"],
    [59.6, "1 min"],
    [99, "1 min 39 s"],
    [298, "4 min 58 s"],
    [310, "5 min"],
    [7140, "119 min"],
    [7800, "2 h 10 min"],
    [7200, "2 h"],
    [273_600, "3 d 4 h"]
  ])(
    "%d seconds are %s",
    (seconds, text) => assert.strictEqual(Talk.time(seconds), text)
  )

  it.each([
    [0, "0/s"],
    [1234.4, "1,234/s"],
    [9.96, "10/s"],
    [2.46, "2.5/s"],
    [2, "2/s"],
    [2 / 6.9, "0.3/s"],
    [0.07, "4.2/min"],
    [0.001, "3.6/h"]
  ])("%d a second are %s", (rate, text) => assert.strictEqual(Talk.rate(rate), text))

  it.each([
    [0, "0 kB"],
    [45_056, "46 kB"],
    [999_600, "1.0 MB"],
    [12_300_000, "13 MB"],
    [2.04e9, "2.0 GB"]
  ])("%d bytes are %s", (bytes, text) => assert.strictEqual(Talk.size(bytes), text))

  it.each([
    [0, 10, "0 %"],
    [1512, 200_000, "0.7 %"],
    [1, 200_000, "0.0005 %"],
    [812, 2000, "40 %"],
    [1999, 2000, "99 %"],
    [2000, 2000, "100 %"],
    [0, 0, "100 %"]
  ])("%d of %d are %s", (part, of, text) => assert.strictEqual(Talk.percent(part, of), text))

  const listing = { entries: 50_000, known: 0, questions: 44_175, refused: 0, reopened: 0, revised: 0 }
  it("says what is about to be done", () => {
    assert.deepStrictEqual(Talk.details({ ...listing, entries: 1, questions: 1 }), [])
    assert.deepStrictEqual(
      Talk.details({ ...listing, entries: 5, questions: 2, refused: 2, known: 1 }),
      ["1 repeat", "2 invalid", "1 answered already"]
    )
    assert.deepStrictEqual(
      Talk.details({ ...listing, entries: 5, questions: 5, known: 3, revised: 1 }),
      ["3 answered already", "1 outcome changed by reading its reply again"]
    )
    assert.include(
      Talk.details({ ...listing, revised: 2_000 }),
      "2,000 outcomes changed by reading their replies again"
    )
  })
})
