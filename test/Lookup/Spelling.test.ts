import { assert, describe, it } from "@effect/vitest"
import * as Spelling from "../../src/Lookup/Spelling.ts"

const key = "Zx9/kQ+7pLmN4vT2wR8s=="

describe("Spelling.concealer", () => {
  it.each<[name: string, secret: string, spelled: string]>([
    ["as it is", key, key],
    ["without its padding", key, "Zx9/kQ+7pLmN4vT2wR8s"],
    ["in the other alphabet of base64", key, "Zx9_kQ-7pLmN4vT2wR8s"],
    ["in the usual alphabet of base64", "Zx9_kQ-7pLmN4vT2wR8s", "Zx9/kQ+7pLmN4vT2wR8s="],
    ["as PHP writes JSON", key, "Zx9\\/kQ+7pLmN4vT2wR8s=="],
    ["as Gson writes JSON", key, "Zx9/kQ+7pLmN4vT2wR8s\\u003d\\u003d"],
    ["as .NET writes JSON", key, "Zx9/kQ\\u002B7pLmN4vT2wR8s=="],
    ["with an escape of JavaScript", key, "Zx9/kQ\\x2b7pLmN4vT2wR8s=="],
    ["as JSON in a string of JSON", "p\"w\\d-Long1", "p\\\\\\\"w\\\\\\\\d-Long1"],
    ["with numbers of HTML", key, "Zx9&#x2F;kQ&#43;7pLmN4vT2wR8s&#x3d;&#061;"],
    ["with names of HTML", "a&b<c>d\"e+f/g", "a&amp;b&lt;c&gt;d&quot;e&plus;f&sol;g"],
    ["with HTML escaped twice", "a&b<c4nary", "a&amp;amp;b&amp;lt;c4nary"],
    ["with HTML in JSON", key, "Zx9/kQ\\u0026#43;7pLmN4vT2wR8s=="],
    ["in a URL", key, "Zx9%2FkQ%2b7pLmN4vT2wR8s%3D%3D"],
    ["in a URL, in part", key, "Zx9/kQ+7pLmN4vT2wR8s%3D%3D"],
    ["in a URL in a URL", key, "Zx9%252FkQ%252b7pLmN4vT2wR8s%253D%253D"],
    ["in a URL in JSON", "a b/c4nary", "a+b\\u00252Fc4nary"],
    ["as a form that was read once too often", key, "Zx9/kQ 7pLmN4vT2wR8s=="],
    ["in base64", "c4nary-c4nary!", "YzRuYXJ5LWM0bmFyeSE="],
    ["in base64 without its padding", "c4nary-c4nary!", "YzRuYXJ5LWM0bmFyeSE"],
    ["in base64 in JSON", "c4nary>>>?", "YzRuYXJ5Pj4\\u002bPw\\u003d\\u003d"],
    ["in base64 for a URL", "c4nary>>>?", "YzRuYXJ5Pj4-Pw"],
    ["in hexadecimal digits", "c4nary", "63346e617279"],
    ["in capital ones", "c4nary", "63346E617279"],
    ["with letters of its own, in a URL", "pässwört", "p%C3%A4ssw%c3%b6rt"],
    ["with letters of its own, in JSON", "pässwört", "p\\u00e4ssw\\u00F6rt"],
    ["with letters of its own, in HTML", "pässwört", "p&#228;ssw&#xf6;rt"],
    ["of two lines", "c4nary\nc4nary", "c4nary\\nc4nary"],
    ["that is escaped itself", "c4%2Bnary", "c4%252Bnary"],
    ["that is escaped itself, read", "c4%2Bnary", "c4+nary"],
    ["with a path of Windows", "C:\\new\\table", "C:\\\\new\\\\table"]
  ])("hides what is spelled %s", (_, secret, spelled) => {
    const conceal = Spelling.concealer([secret], "***")
    for (const [begin, end] of [["{\"error\":\"key ", "\"}"], ["<p>\\&% ", "</p>&amp;"], ["", ""], ["%2F", "%"]]) {
      assert.strictEqual(conceal(`${begin}${spelled}${end}`), `${begin}***${end}`)
    }
    assert.strictEqual(conceal(`{"one":"${spelled}","two":"${spelled}"}`), "{\"one\":\"***\",\"two\":\"***\"}")
  })

  it.each<[name: string, secrets: ReadonlyArray<string>, text: string]>([
    ["of nothing to hide", [], key],
    [
      "with escapes of its own",
      [key],
      "{\"a\":\"\\\"x\\/y\\u003d\",\"b\":\"1 &amp; 2 %41%zz &#x; &#99999999; &; \\\\\"}"
    ],
    ["with a part of it", [key], "Zx9/kQ+7pLmN"],
    ["with what is left of a short one", ["a==="], "a banana"],
    ["with an ordinary word like it", ["dark"], "the day is da%72ker than Dark"],
    ["that ends in the middle of an escape", ["c4nary+"], "c4nary%2"]
  ])("leaves a text %s", (_, secrets, text) => {
    assert.strictEqual(Spelling.concealer(secrets, "***")(text), text)
  })

  it("hides several, the longer where one is a part of another, and what overlaps at once", () => {
    const conceal = Spelling.concealer(["c4nary", "c4nary/long", "long/er"], "***")
    assert.strictEqual(conceal("a c4nary b c4nary\\/long c c4nary/long\\/er d"), "a *** b *** c *** d")
  })
})

describe("Spelling.holds", () => {
  it.each<[text: string, isHeld: boolean]>([
    ["https://other.example/x?key=Zx9%252FkQ%252B7pLmN4vT2wR8s", true],
    ["https://other.example/x?key=Zx9", false]
  ])("%s: %s", (text, isHeld) => assert.strictEqual(Spelling.holds([key], text), isHeld))
})
