import { assert, describe, it } from "@effect/vitest"
import * as StructuredField from "../../src/Limits/StructuredField.ts"

describe("structured fields", () => {
  it.each([
    ["42", "integer"],
    ["-999999999999999", "integer"],
    ["4.5", "decimal"],
    ["-123456789012.123", "decimal"],
    ["\"\"", "string"],
    ["\"a, b;c=d \\\" \\\\\"", "string"],
    ["token", "token"],
    ["*foo/bar:123#", "token"],
    [":cHJldGVuZA==:", "bytes"],
    ["::", "bytes"],
    ["?1", "boolean"],
    ["?0", "boolean"],
    ["@1659578233", "date"],
    ["%\"f%c3%bc%c3%bc\"", "display"]
  ])("hold %s, a %s, alone, in a list, as a parameter and by a key", (text, type) => {
    const value = { text, type }
    assert.deepStrictEqual(StructuredField.list(text), [{ value, parameters: new Map() }] as never)
    assert.deepStrictEqual(
      StructuredField.list(` 1 \t,\t${text};a;b=${text}; *c.d-e_f=1,2 `)?.map((item) => item.value),
      [
        { text: "1", type: "integer" },
        value,
        { text: "2", type: "integer" }
      ] as never
    )
    const item = StructuredField.dictionary(`x=0, y=${text};a;b=${text}, z;q=${text}`)?.get("y")
    assert.deepStrictEqual(item?.value, value as never)
    assert.deepStrictEqual(
      item?.parameters,
      new Map([["a", { text: "?1", type: "boolean" }], ["b", value]]) as never
    )
  })

  it.each([
    "",
    ",",
    "1,",
    ",1",
    "1,,2",
    "1 2",
    "1;",
    "1;;a",
    "1 ;a",
    "1;A",
    "1;a=",
    "1;a= 1",
    "1;a =1",
    "(1 2)",
    "1234567890123456",
    "1234567890123.1",
    "1.",
    "1.2345",
    ".5",
    "--1",
    "-",
    "\"open",
    "\"wrong \\escape\"",
    "\"ü\"",
    "\"\t\"",
    ":not base64!:",
    ":open",
    "?2",
    "@1.5",
    "%\"F%C3\"",
    "1\n,2",
    "\u00a01\u2003 x"
  ])("are malformed as a whole: %j", (field) => {
    assert.isUndefined(StructuredField.list(field))
  })

  it.each(["", "a=1,", "a=1;", "A=1", "a=(1)", "a==1", "=1", "a=1 b=2", "a, \"b\"", "1"])(
    "are no dictionary: %j",
    (field) => {
      assert.isUndefined(StructuredField.dictionary(field))
    }
  )

  it("of a dictionary keep the last of a key", () => {
    assert.deepStrictEqual(StructuredField.natural(StructuredField.dictionary("a=1, b=2, a=3")?.get("a")?.value), 3)
  })
})
