import { HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { execFileSync } from "node:child_process"
import * as Curl from "../../src/Lookup/Curl.ts"

/** The words that a shell makes of a command line. */
const words = (command: string, environment: Record<string, string> = {}): ReadonlyArray<string> =>
  execFileSync("sh", ["-c", `for word in ${command}; do printf '%s\\0' "$word"; done`], {
    encoding: "utf8",
    env: { ...process.env, ...environment },
    maxBuffer: 1 << 24
  }).split("\0").slice(0, -1)

describe("Curl.quote", () => {
  const texts = [
    "",
    "plain",
    "it's",
    "'",
    "$HOME ${HOME} $(id) `id`",
    "a\"b\\c",
    "!history !!",
    "two\nlines\t",
    "* ? [a] ~ {a,b} #",
    "-n",
    "é😀"
  ]

  it("survives a shell", () => {
    assert.deepStrictEqual(words(texts.map(Curl.quote).join(" "), { HOME: "canary" }), texts)
  })

  it("survives a shell whatever it is", () => {
    const shell = FastCheck.stringOf(FastCheck.constantFrom(..."'\"\\$`!{}()&|;<>*?[]~# \n\tA=é😀"))
    FastCheck.assert(
      FastCheck.property(FastCheck.array(shell, { maxLength: 200, minLength: 100 }), (all) => {
        assert.deepStrictEqual(words(all.map(Curl.quote).join(" ")), all)
      }),
      { numRuns: 5 }
    )
  })

  it("takes settings from the environment, and nothing else", () => {
    const settings = { KEY: "a b'\"$(id)", HOME: "canary" }
    for (const text of texts) {
      for (const [before, after] of [[text, ""], ["", text], [text, text]]) {
        assert.deepStrictEqual(
          words(Curl.quote(`${before}\0KEY\0${after}`), settings),
          [`${before}${settings.KEY}${after}`],
          text
        )
      }
    }
  })

  it("is easy to read", () => {
    assert.strictEqual(Curl.quote("X-Key: \0KEY\0"), "\"X-Key: ${KEY}\"")
    assert.strictEqual(Curl.quote("{\"key\":\"\0KEY\0\"}"), "'{\"key\":\"'\"${KEY}\"'\"}'")
  })
})

describe("Curl.encode", () => {
  const get = HttpClientRequest.get("https://h/x")
  const cases: ReadonlyArray<readonly [request: HttpClientRequest.HttpClientRequest, command: string]> = [
    [get, "curl -sS -i 'https://h/x'"],
    [HttpClientRequest.head("https://h/x"), "curl -sS -i -I 'https://h/x'"],
    [HttpClientRequest.del("https://h/x"), "curl -sS -i -X DELETE 'https://h/x'"],
    [HttpClientRequest.get("http://[::1]/x"), "curl -sS -i -g 'http://[::1]/x'"],
    [HttpClientRequest.setHeaders(get, { A: "1", b: "" }), "curl -sS -i -H 'a: 1' -H 'b;' 'https://h/x'"],
    [
      HttpClientRequest.bodyText(HttpClientRequest.post("https://h/x"), "@file", "text/plain"),
      "curl -sS -i -H 'content-type: text/plain' --data-raw '@file' 'https://h/x'"
    ],
    [
      HttpClientRequest.bodyText(get, "a=1", "text/plain"),
      "curl -sS -i -X GET -H 'content-type: text/plain' --data-raw 'a=1' 'https://h/x'"
    ],
    [
      HttpClientRequest.bodyText(HttpClientRequest.put("https://h/x"), "a=1", "text/plain"),
      "curl -sS -i -X PUT -H 'content-type: text/plain' --data-raw 'a=1' 'https://h/x'"
    ]
  ]
  for (const [request, command] of cases) {
    it(`writes ${command}`, () => assert.strictEqual(Curl.encode(request), command))
  }
})
