import { assert, describe, it } from "@effect/vitest"
import { Duration, Either, Schema } from "effect"
import * as Breaker from "../../src/Policy/Breaker.ts"

const breaker: Breaker.Breaker = { ...Breaker.standard, failures: 3, calls: 5 }

/** `x` has failed, `.` has not. */
const after = (calls: string) =>
  [...calls].reduce((window, call) => (call === "x" ? Breaker.failed : Breaker.passed)(window, breaker), Breaker.closed)

describe("Breaker.isTripped", () => {
  const cases: ReadonlyArray<readonly [calls: string, isTripped: boolean]> = [
    ["", false],
    [".....", false],
    ["xx", false],
    ["xxx", true],
    ["xx..x", true],
    ["xx...x", false],
    ["xxx..", true],
    ["xxx...", false],
    ["x.x.x.x.x.", false],
    ["x.x.x.x.x", true],
    [".".repeat(100) + "xxx", true],
    ["x".repeat(100) + "..", true],
    ["x".repeat(100) + "...", false]
  ]
  for (const [calls, isTripped] of cases) {
    it(`is ${isTripped} after "${calls.slice(-12)}"`, () => {
      assert.strictEqual(Breaker.isTripped(after(calls), breaker), isTripped)
    })
  }

  it("looks at no more than thirty calls, and at each of them", () => {
    const wide = { ...breaker, failures: 30, calls: 30 }
    let window = Breaker.closed
    for (let nth = 1; nth <= 29; nth++) window = Breaker.failed(window, wide)
    assert.isFalse(Breaker.isTripped(window, wide))
    assert.isTrue(Breaker.isTripped(Breaker.failed(window, wide), wide))
    assert.isFalse(Breaker.isTripped(Breaker.passed(Breaker.failed(window, wide), wide), wide))
  })
})

describe("Breaker.Breaker", () => {
  const decode = Schema.decodeEither(Breaker.Breaker)

  it("is written as it is read", () => {
    for (const text of ["16 of 20, 1s to 1m", "1 of 1, 100ms to 2h"]) {
      const read = Either.getOrThrow(decode(text))
      assert.strictEqual(Schema.encodeSync(Breaker.Breaker)(read), text)
      assert.strictEqual(Breaker.format(read), text)
    }
    assert.deepStrictEqual(Either.getOrThrow(decode("8 of 10")), {
      failures: 8,
      calls: 10,
      base: Duration.seconds(1),
      cap: Duration.seconds(60)
    })
  })

  it("refuses what makes no sense", () => {
    for (const text of ["", "80%", "0 of 5", "6 of 5", "5 of 31", "5 of 10, 0s to 1m", "5 of 10, soon to later"]) {
      assert.isTrue(Either.isLeft(decode(text)), text)
    }
  })
})
