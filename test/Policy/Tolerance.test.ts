import { assert, describe, it } from "@effect/vitest"
import { Either, Schema } from "effect"
import * as Tolerance from "../../src/Policy/Tolerance.ts"

const decode = Schema.decodeEither(Tolerance.Tolerance)

describe("Tolerance", () => {
  const cases: ReadonlyArray<readonly [given: string, failed: number, invalid: number, isMet: boolean]> = [
    ["", 0, 0, true],
    ["", 1, 0, false],
    ["", 0, 1, false],
    ["failed=1%", 10, 0, true],
    ["failed=1%", 11, 0, false],
    ["failed=1%", 10, 1, false],
    ["failed=0.1%", 1, 0, true],
    ["failed=0.1%", 2, 0, false],
    ["failed=5", 5, 0, true],
    ["failed=5", 6, 0, false],
    ["invalid=all", 0, 1000, true],
    ["invalid=all", 1, 999, false],
    ["failed=1% invalid=all", 10, 990, true],
    ["failed=5 failed=1%", 10, 0, true],
    ["failed=0", 1, 0, false],
    ["failed=100%", 1000, 0, true]
  ]
  for (const [given, failed, invalid, isMet] of cases) {
    it(`${given || "none"}: ${failed} failed and ${invalid} invalid of 1,000 are ${isMet ? "" : "not "}tolerated`, () => {
      const tolerances = given.split(" ").filter(Boolean).map((text) => Either.getOrThrow(decode(text)))
      assert.strictEqual(Tolerance.isMet(tolerances, { failed, invalid, not_found: 900 }, 1000), isMet)
    })
  }

  it("limits what is not found where it is told to", () => {
    const isMet = (text: string, not_found: number) =>
      Tolerance.isMet(Schema.decodeSync(Tolerance.Tolerances)(text), { failed: 10, invalid: 500, not_found }, 1000)
    assert.isTrue(isMet("failed=1%,invalid=all,not_found=5%", 50))
    assert.isFalse(isMet("failed=1%,invalid=all,not_found=5%", 51))
    assert.isTrue(isMet("failed=1%,invalid=all", 990))
    assert.isFalse(isMet("failed=1%,not_found=5%", 0))
  })

  it("is written as it is read", () => {
    for (const text of ["failed=1%", "failed=0.5%", "failed=20", "invalid=all", "failed=0"]) {
      assert.strictEqual(Schema.encodeSync(Tolerance.Tolerance)(Either.getOrThrow(decode(text))), text)
    }
    for (
      const text of [
        "failed",
        "failed=",
        "found=1%",
        "failed=-1",
        "failed=some",
        "failed=1.5",
        "invalid=101%",
        "failed=100.1%",
        ""
      ]
    ) {
      assert.isTrue(Either.isLeft(decode(text)), text)
    }
  })
})
