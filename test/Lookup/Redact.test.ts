import { assert, describe, it } from "@effect/vitest"
import * as Redact from "../../src/Lookup/Redact.ts"

describe("Redact.header", () => {
  const cases: ReadonlyArray<readonly [name: string, value: string, shown: string]> = [
    ["X-Api-Key", "${KEY}", "${KEY}"],
    ["Authorization", "Bearer ${TOKEN}", "Bearer ${TOKEN}"],
    ["Authorization", "Bearer canary", "REDACTED"],
    ["Authorization", "Basic dXNlcjpwYXNz", "REDACTED"],
    ["authorization", "canary ${TOKEN}", "REDACTED"],
    ["X-Api-Key", "hunter", "REDACTED"],
    ["Cookie", "session=canary", "REDACTED"],
    ["X-Anything", "deadbeef0123456789abcdef", "REDACTED"],
    ["X-Anything", "550e8400-e29b-41d4-a716-446655440000", "REDACTED"],
    ["X-Anything", "dXNlcjpwYXNz", "REDACTED"],
    ["X-Anything", "1234567", "REDACTED"],
    ["X-Anything", "{c4nary0c4nary}", "REDACTED"],
    ["X-Anything", "correct horse battery staple ".repeat(3), "REDACTED"],
    ["X-Code", "{code}", "{code}"],
    ["X-Code", "zip-{code}", "zip-{code}"],
    ["Prefer", "return=minimal", "return=minimal"],
    ["X-Version", "2024-01-31", "2024-01-31"],
    ["Accept", "application/vnd.github.v3+json;q=0.9", "application/vnd.github.v3+json;q=0.9"],
    ["User-Agent", "thing/1.2.3 (me@example.org)", "thing/1.2.3 (me@example.org)"]
  ]
  for (const [name, value, shown] of cases) {
    it(`${name}: ${value}`, () => assert.strictEqual(Redact.header(name, value, ["code"]), shown))
  }

  // what takes time with the square of the length takes hours
  it.each(["a", "a1"])("ends for a long value of %s", (part) => {
    assert.isString(Redact.header("X-Anything", `${part.repeat(2_000_000)}!`, ["code"]))
  })
})

describe("Redact.url", () => {
  const cases: ReadonlyArray<readonly [url: string, shown: string]> = [
    ["https://h/zip/{code}", "https://h/zip/{code}"],
    ["https://h/zipcodes/v1/{code}?format=json&limit=100&fields=postalCode,city", ""],
    ["https://h/{code}?key=${KEY}", ""],
    ["https://h/{code}?key=canary&a=1", "https://h/{code}?key=REDACTED&a=1"],
    ["https://h/{code}?a=1&q=canary0canary1", "https://h/{code}?a=1&q=REDACTED"],
    ["https://h/{code}?c4nary0c4nary", "https://h/{code}?REDACTED"],
    ["https://h/x{?code,key}{&year}", ""],
    ["https://h/x?q=name:{code}{&year}", ""],
    ["https://h/x?token=abc{code}", "https://h/x?token=REDACTED"],
    ["https://h/x?q=a%20b%2Cc", ""],
    ["https://hooks.h/T0/B0/c4naryc4naryc4nary/{code}", "https://hooks.h/T0/B0/REDACTED/{code}"],
    [
      "https://h/550e8400-e29b-41d4-a716-446655440000/{code}/${LONG_SETTING_2024_X}",
      "https://h/REDACTED/{code}/${LONG_SETTING_2024_X}"
    ]
  ]
  for (const [url, shown] of cases) {
    it(`shows ${url}`, () => assert.strictEqual(Redact.url(url), shown === "" ? url : shown))
  }
})

describe("Redact.body", () => {
  const cases: ReadonlyArray<readonly [encoding: "json" | "form" | "xml" | "text", body: string, shown: string]> = [
    ["json", "{\"zip\":\"{code}\",\"apiKey\":\"${KEY}\"}", ""],
    ["json", "{\"apiKey\": \"can\\\"ary\", \"n\": 1}", "{\"apiKey\": \"REDACTED\", \"n\": 1}"],
    ["json", "{\"pass\":12345.6}", "{\"pass\":\"REDACTED\"}"],
    ["json", "{\"query\":\"query($z: String!) { zip(code: $z) { city } }\",\"variables\":{\"z\":\"{code}\"}}", ""],
    ["form", "zip={code}&key=${KEY}&format=json", ""],
    ["form", "zip={code}&key=canary&x=c4nary0c4nary", "zip={code}&key=REDACTED&x=REDACTED"],
    ["form", "c4nary0c4nary", "REDACTED"],
    ["xml", "<zip>{code}</zip>", ""],
    ["xml", "<zip>{code}</zip><apikey>canary</apikey>", "REDACTED"],
    ["text", "token canary", "REDACTED"]
  ]
  for (const [encoding, body, shown] of cases) {
    it(`${encoding}: ${body}`, () => {
      assert.strictEqual(Redact.body(body, encoding, ["code"]), shown === "" ? body : shown)
    })
  }
})

describe("Redact.pairs", () => {
  it("are the parts of a query in order", () => {
    assert.deepStrictEqual(Redact.pairs("https://h/{code}?a=1&b=x=y&c{&d,e}&a=2"), [
      ["a", "1"],
      ["b", "x=y"],
      ["", "c"],
      ["", "{&d,e}"],
      ["a", "2"]
    ])
    assert.deepStrictEqual(Redact.pairs("https://h/x{?code}"), [["", "{?code}"]])
    assert.deepStrictEqual(Redact.pairs("https://h/x"), [])
  })
})

describe("the words of a request that may be secrets", () => {
  it.each<[name: string, value: string, words: ReadonlyArray<string>]>([
    ["X-Key", "hunter22", ["hunter22"]],
    ["Authorization", "Bearer c4nary.c4nary", ["c4nary.c4nary"]],
    ["Authorization", "Bearer ${KEY}", []],
    ["Authorization", "Basic bWU6cGEkJHdvcmQ=", ["bWU6cGEkJHdvcmQ=", "me:pa$$word", "pa$$word"]],
    ["Cookie", "session=c4nary; theme=dark", ["c4nary", "dark"]],
    ["X-Anything", "zip-{code} 550e8400-e29b-41d4", ["550e8400-e29b-41d4"]],
    ["Accept", "application/vnd.x+json;v=0123456789", []]
  ])("of the header %s: %s", (name, value, words) => {
    assert.deepStrictEqual(Redact.headerWords(name, value, ["code"]), words)
  })

  it("of a URL and of bodies", () => {
    assert.deepStrictEqual(
      [...new Set(Redact.urlWords("https://h/T0/c4naryc4naryc4nary/{code}?format=json&key=a%2Bb&q={code}"))],
      ["a%2Bb", "a+b", "c4naryc4naryc4nary"]
    )
    assert.deepStrictEqual(Redact.bodyWords("{\"key\":\"c4nary\",\"zip\":\"{code}\"}", "json", ["code"]), ["c4nary"])
    assert.deepStrictEqual([...new Set(Redact.bodyWords("key=c4nary&zip={code}", "form", ["code"]))], ["c4nary"])
    assert.deepStrictEqual(Redact.bodyWords("<a token='c4nary1'>{code}</a>", "xml", ["code"]), ["c4nary1"])
  })
})
