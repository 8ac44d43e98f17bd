import { assert, describe, it } from "@effect/vitest"
import { Duration, Either, FastCheck, ParseResult, Schema } from "effect"
import { DurationText, format, Limit } from "../../src/Policy/DurationText.ts"

const decode = Schema.decodeUnknownEither(DurationText)
const encode = Schema.encodeEither(DurationText)

describe("DurationText", () => {
  const cases: ReadonlyArray<readonly [text: string, duration: Duration.DurationInput, canonical: string]> = [
    ["0ms", 0, "0ms"],
    ["0d", 0, "0ms"],
    ["500ms", 500, "500ms"],
    ["1000ms", "1 second", "1s"],
    ["1500ms", 1500, "1.5s"],
    ["1.5s", 1500, "1.5s"],
    ["0.5ms", Duration.micros(500n), "0.5ms"],
    ["30s", "30 seconds", "30s"],
    ["60s", "1 minute", "1m"],
    ["90s", "90 seconds", "90s"],
    ["0.1h", "6 minutes", "6m"],
    ["24h", "1 day", "1d"],
    ["2d", "2 days", "2d"],
    ["1.005s", 1005, "1.005s"],
    ["999999999d", Duration.days(999_999_999), "999999999d"]
  ]
  for (const [text, duration, canonical] of cases) {
    it(`${text} is ${canonical}`, () => {
      const decoded = Either.getOrThrow(decode(text))
      assert.isTrue(Duration.equals(decoded, duration), String(decoded))
      assert.strictEqual(format(decoded), canonical)
      assert.strictEqual(Either.getOrThrow(encode(decoded)), canonical)
    })
  }

  const bad = ["", "5", "s", "-1s", "+1s", "1 s", "1S", "1sec", "1.s", ".5s", "1e3s", "1_000ms", "1m30s", "5s\n", "∞"]
  for (const text of [...bad, "1".repeat(400) + "s", "Infinitys"]) {
    it(`refuses ${JSON.stringify(text.slice(0, 20))} in one line`, () => {
      const error = Either.getOrThrow(Either.flip(decode(text)))
      assert.deepStrictEqual(
        ParseResult.ArrayFormatter.formatErrorSync(error).map(({ message }) => message),
        ["write a time such as 500ms, 30s, 5m, 1h or 2d"]
      )
    })
  }

  it("writes no duration that it cannot read", () => {
    for (const duration of [Duration.infinity, Duration.days(1e300)]) {
      assert.isTrue(Either.isLeft(encode(duration)))
    }
  })

  it("reads what it writes", () => {
    const seconds = FastCheck.integer({ min: 0, max: 2 ** 31 }).map(Duration.seconds)
    const millis = FastCheck.integer({ min: 0, max: 10 * 86_400_000 }).map(Duration.millis)
    const micros = FastCheck.bigInt({ min: 0n, max: 86_400_000_000n }).map(Duration.micros)
    FastCheck.assert(
      FastCheck.property(FastCheck.oneof(seconds, millis, micros), (duration) => {
        const decoded = Either.getOrThrow(decode(Either.getOrThrow(encode(duration))))
        assert.isTrue(Duration.equals(decoded, duration), format(duration))
      }),
      { numRuns: 500 }
    )
  })
})

describe("Limit", () => {
  it("is more than nothing", () => {
    const decode = Schema.decodeUnknownEither(Limit)
    assert.isTrue(Either.isRight(decode("1ms")))
    for (const text of ["0s", "0.0ms"]) assert.match(String(decode(text)), /write a time of more than nothing/)
  })
})
