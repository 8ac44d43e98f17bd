import { assert, describe, it } from "@effect/vitest"
import * as Answer from "../../src/Sink/Answer.ts"
import * as Text from "../../src/Sink/Text.ts"
import * as Value from "../../src/Sink/Value.ts"
import { row, select } from "./rows.ts"

describe("Value", () => {
  const cases: ReadonlyArray<readonly [json: string, value: Value.Value, text: string]> = [
    ["null", null, ""],
    ["true", true, "true"],
    ["26.1", 26.1, "26.1"],
    ["\"00501\"", "00501", "00501"],
    ["9007199254740993", { digits: "9007199254740993" }, "9007199254740993"],
    ["180.160000", { digits: "180.160000" }, "180.160000"],
    ["4e-400", { digits: "4e-400" }, "4e-400"],
    ["-0", { digits: "-0" }, "-0"],
    ["-0.5", -0.5, "-0.5"],
    ["2.50E3", { digits: "2.50E3" }, "2.50E3"],
    ["[9007199254740993,1.50]", { json: "[9007199254740993,1.50]" }, "[9007199254740993,1.50]"],
    ["\"x\\ud800y\"", "x\ud800y", "\"x\\ud800y\""],
    ["\"x\\u0000y\"", "x\u0000y", "\"x\\u0000y\""],
    ["{\"a\":\"\\ud83d\"}", { json: "{\"a\":\"\\\"\\\\ud83d\\\"\"}" }, "{\"a\":\"\\\"\\\\ud83d\\\"\"}"]
  ]
  it.each(cases)("is what %s is in every output", (json, value, text) => {
    const found = row({ body: `{"v":${json}}` })
    assert.deepStrictEqual(Answer.selected(found, "json", select("v")), [value])
    assert.strictEqual(Value.textOf(value), text)
  })

  const numbers: ReadonlyArray<readonly [digits: string, number: bigint | number | undefined]> = [
    ["9223372036854775807", 9223372036854775807n],
    ["9223372036854775808", undefined],
    ["-9223372036854775808", -9223372036854775808n],
    ["7.5000000000000000", 7.5],
    ["0.10000000000000001", 0.1],
    ["3.3333333333333333", undefined],
    ["3.14159265358979323846", undefined],
    ["1.50E3", 1500],
    ["0.0", 0],
    ["1e400", undefined],
    ["4e-400", undefined]
  ]
  it.each(numbers)("is the number %s where 64 bits hold it", (digits, number) => {
    assert.strictEqual(Value.numberFor(digits), number)
  })

  it("keeps the order of fields that are numbers, and is well-formed", () => {
    const found = row({ body: "{\"a\":1,\"b\":\"\\ud83d\\ude00 \\ud83d\"}" })
    const text = Answer.selectedJson(found, "json", select("z=a", "1=b"))
    assert.strictEqual(text, "{\"z\":1,\"1\":\"\\\"😀 \\\\ud83d\\\"\"}")
    assert.isTrue((JSON.parse(text)["1"] as string).isWellFormed())
  })

  it("is in a body what any reader takes", () => {
    const body = "{\"\\ud800\":\"\\u0000\",\"b\":\"\\ud83d\\ude00\",\"c\":1.0}"
    assert.strictEqual(Text.wellFormed(body), "{\"\\\"\\\\ud800\\\"\":\"\\u0000\",\"b\":\"\\ud83d\\ude00\",\"c\":1.0}")
    assert.strictEqual(
      Text.queryable(body),
      "{\"\\\"\\\\ud800\\\"\":\"\\\"\\\\u0000\\\"\",\"b\":\"\\ud83d\\ude00\",\"c\":1.0}"
    )
  })

  it("has no message that was cut in the middle of a character", () => {
    assert.strictEqual(
      Answer.errorOf("{\"type\":\"decode\",\"message\":\"Unexpected token '\\ud83d'\"}"),
      "{\"type\":\"decode\",\"message\":\"Unexpected token '\ufffd'\"}"
    )
  })
})
