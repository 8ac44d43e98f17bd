import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Either, FastCheck, Redacted } from "effect"
import * as Entry from "../../src/Entry.ts"
import type { Question } from "../../src/Entry.ts"
import * as Template from "../../src/Lookup/Template.ts"
import * as Url from "../../src/Lookup/Url.ts"

const question = (code: string, values: Record<string, string> = {}): Question => ({
  code: code as Question["code"],
  values
})

const environment = (settings: Record<string, string>) =>
  Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(settings))))

const expanded = (template: string, asked: Question, settings: Record<string, string> = {}) =>
  Url.make(template, Template.fromConfig).pipe(Effect.map((expand) => expand(asked)), environment(settings))

/** What a value must not change. */
const shape = (text: string) => {
  const { hash, host, password, pathname, protocol, searchParams, username } = new URL(text)
  return {
    origin: `${protocol}//${username}:${password}@${host}`,
    segments: pathname.split("/").length,
    query: [...searchParams.keys()],
    hash
  }
}

describe("Url.make", () => {
  const forms: ReadonlyArray<readonly [template: string, expected: string]> = [
    ["https://h/{code}", "https://h/34102"],
    ["https://h/v1/{code}/{year}.json", "https://h/v1/34102/2024.json"],
    ["https://h/{code,year}", "https://h/34102,2024"],
    ["https://h/{code:3}", "https://h/341"],
    ["https://h/{emoji:1}{code}", "https://h/%F0%9F%98%8034102"],
    ["https://h/{code*}", "https://h/34102"],
    ["https://h/x{?tags*}", "https://h/x?tags=x&tags=y%20z"],
    ["https://h/x?a=1{&tags*,code}", "https://h/x?a=1&tags=x&tags=y%20z&code=34102"],
    ["https://h/x{?no*,code}", "https://h/x?code=34102"],
    ["https://h/{code}{?no*}", "https://h/34102"],
    ["https://h/{code}{?filter*}", "https://h/34102?min=1&max=a%26b"],
    ["https://h/x{/tags*}", "https://h/x/x/y%20z"],
    ["https://h/x?t={tags*}", "https://h/x?t=x,y%20z"],
    ["https://h/x{?caf%C3%A9,code}", "https://h/x?caf%C3%A9=v&code=34102"],
    ["https://h/x{.code,year}", "https://h/x.34102.2024"],
    ["https://h/x{/code,year}", "https://h/x/34102/2024"],
    ["https://h{/code}", "https://h/34102"],
    ["https://h/x{;code,year}", "https://h/x;code=34102;year=2024"],
    ["https://h{?code}", "https://h/?code=34102"],
    ["https://h?zip={code}", "https://h/?zip=34102"],
    ["https://h/x{?code,none}", "https://h/x?code=34102&none="],
    ["https://h/x?a=1{&code,ZIP Code}", "https://h/x?a=1&code=34102&ZIP%20Code=a%20b"],
    ["https://h/x?q=name:{code}&k=1", "https://h/x?q=name:34102&k=1"],
    ["https://h/{größe}", "https://h/XL"],
    ["https://h/ü/%20/100%/{code}", "https://h/%C3%BC/%20/100%25/34102"],
    ["HTTP://H:80/{code}", "http://h/34102"],
    ["http://[::1]:8080/[x]/{code}", "http://[::1]:8080/[x]/34102"],
    ["https://bücher.example/{code}", "https://xn--bcher-kva.example/34102"],
    ["https://h/$$/{code}", "https://h/$/34102"]
  ]
  const values = {
    year: "2024",
    none: "",
    "ZIP Code": "a b",
    größe: "XL",
    "caf%C3%A9": "v",
    emoji: "😀😀",
    tags: `["x","y z"]`,
    no: "[]",
    filter: `{"min":1,"max":"a&b","none":null}`
  }

  for (const [template, expected] of forms) {
    it.effect(`${template} is ${expected}`, () =>
      Effect.gen(function*() {
        const text = yield* Effect.flatten(expanded(template, question("34102", values)))
        assert.strictEqual(text, expected)
        // nothing is left for a parser to change
        assert.strictEqual(new URL(text).href, text)
      }))
  }

  it.effect.each([
    ["https://h/{code}{?none,nil}", "https://h/34102?none="],
    ["https://h/{code}{?nil}", "https://h/34102"],
    ["https://h/{code}{?nil,year*}", "https://h/34102?year=2024"],
    ["https://h/{code}?a=1{&nil}", "https://h/34102?a=1"],
    ["https://h/{code}?q={nil}", "https://h/34102"],
    ["https://h/x?q={nil}&zip={code}&r={nil}&n={none}", "https://h/x?zip=34102&n="],
    ["https://h/x?a=1&q={nil}{&nil,year}", "https://h/x?a=1&year=2024"],
    ["https://h/{code}?q=name:{nil}", "https://h/34102?q=name:"],
    ["https://h/{code}?q={nil,year}", "https://h/34102?q=2024"]
  ])("%s leaves out what has no value: %s", ([template, expected]) =>
    Effect.gen(function*() {
      const inputs = ["year", "none", "nil"]
      const asked = Entry.question(question("34102").code, { year: 2024, none: "", nil: null }, inputs)
      assert.deepStrictEqual(Entry.fromKey(Entry.key(asked, inputs), inputs), asked)
      assert.strictEqual(yield* Effect.flatten(expanded(template!, asked)), expected)
    }))

  const hostile = [
    "/",
    "//evil.example",
    "a/b",
    "?",
    "&a=b",
    "a=b",
    "#",
    "%",
    "%2e%2e",
    "..%2f",
    ".%2e",
    "..",
    ".",
    "...",
    "\\",
    "\\..\\",
    "\r\nX-Evil: 1",
    "\n",
    "\t",
    "\0",
    " ",
    "@evil.example",
    ":80",
    ";x=y",
    "'\"<>",
    "{code}",
    "${HOME}",
    "$$",
    "😀",
    "\ud800",
    "a\udc00b",
    "\u2024\u2024",
    "\uff0e\uff0e",
    "\u3002",
    "\u202e",
    "é",
    "e\u0301"
  ]
  const places = [
    "https://h/v1/{code}",
    "https://h/v1/{code}/x",
    "https://h/v1/a{code}",
    "https://h/v1/.{code}",
    "https://h/v1/%2e{code}",
    "https://h/v1/{code}{column}",
    "https://h/v1/{column}/x?code={code}",
    "https://h/v1{/code}",
    "https://h/v1/x{.code}",
    "https://h/v1/{.code}",
    "https://h/v1/x{;code}",
    "https://h/v1?code={code}",
    "https://h/v1{?code,column}",
    "https://h/v1?a=b{&code}",
    "https://h/v1/{code:1}/{code:2}"
  ]

  for (const place of places) {
    it.effect(`${place} keeps its shape for every hostile value, or refuses it`, () =>
      Effect.gen(function*() {
        const expand = yield* Url.make(place, Template.fromConfig)
        const expected = shape(Either.getOrThrow(expand(question("x", { column: "x" }))))
        for (const value of hostile) {
          const made = expand(question(value, { column: value }))
          if (Either.isLeft(made)) {
            assert.match(made.left, /^(the value holds half|"\." or "\.\.")/, JSON.stringify(value))
          } else assert.deepStrictEqual(shape(made.right), expected, JSON.stringify(value))
        }
      }))
  }

  it.effect("gives every value back to the server as it was", () =>
    Effect.gen(function*() {
      const inPath = yield* Url.make("https://h/v1/{code}", Template.fromConfig)
      const inQuery = yield* Url.make("https://h/v1{?code}", Template.fromConfig)
      for (const value of hostile.filter((value) => !/^\.{1,2}$|\p{Surrogate}/u.test(value))) {
        const path = new URL(Either.getOrThrow(inPath(question(value)))).pathname
        assert.strictEqual(decodeURIComponent(path.slice("/v1/".length)), value)
        assert.strictEqual(new URL(Either.getOrThrow(inQuery(question(value)))).searchParams.get("code"), value)
      }
    }))

  it.effect("keeps the shape for any string at all, or refuses it", () =>
    Effect.gen(function*() {
      const text = FastCheck.oneof(
        FastCheck.fullUnicodeString(),
        FastCheck.string16bits(),
        FastCheck.stringOf(FastCheck.constantFrom(...".%2e5cf/\\?#&=@:;{}$ \0\r\n\t"))
      )
      const expands = yield* Effect.forEach(places, (place) => Url.make(place, Template.fromConfig))
      const shapes = expands.map((expand) => shape(Either.getOrThrow(expand(question("x", { column: "x" })))))
      FastCheck.assert(
        FastCheck.property(text, text, (code, column) => {
          FastCheck.pre(code !== "" && column !== "")
          for (const [index, expand] of expands.entries()) {
            const made = expand(question(code, { column }))
            if (Either.isRight(made)) assert.deepStrictEqual(shape(made.right), shapes[index])
          }
        }),
        { numRuns: 1000 }
      )
    }))

  it.effect("needs a value for every name in the path", () =>
    Effect.gen(function*() {
      const expand = yield* Url.make("https://h/{year}/{code}{?constructor}", Template.fromConfig)
      const refused = "year is empty, and the path of the URL needs it"
      assert.deepStrictEqual(expand(question("34102", { year: "" })), Either.left(refused))
      assert.deepStrictEqual(expand(question("34102")), Either.left(refused))
      assert.deepStrictEqual(
        expand(question("34102", { year: "2024", code: "99" })),
        Either.right("https://h/2024/34102?constructor=")
      )
    }))
})

describe("Url.make with settings", () => {
  const cases: ReadonlyArray<readonly [template: string, settings: Record<string, string>, expected: string]> = [
    ["${BASE}/zip/{code}", { BASE: "https://h/api" }, "https://h/api/zip/x"],
    ["${BASE}/zip/{code}", { BASE: "https://h/api/" }, "https://h/api/zip/x"],
    ["${BASE}{/code}", { BASE: "https://h/" }, "https://h/x"],
    ["${BASE}{code}", { BASE: "https://h/" }, "https://h/x"],
    ["${BASE}?zip={code}", { BASE: "https://h" }, "https://h/?zip=x"],
    ["https://${HOST}/{code}", { HOST: "api.example" }, "https://api.example/x"],
    ["https://h:${PORT}/{code}", { PORT: "8443" }, "https://h:8443/x"],
    ["https://h/{code}?key=${KEY}", { KEY: "a&b=c#d/e {x}$" }, "https://h/x?key=a%26b%3Dc%23d%2Fe%20%7Bx%7D%24"],
    ["https://h/${TENANT}/{code}", { TENANT: "a/b" }, "https://h/a%2Fb/x"]
  ]
  for (const [template, settings, expected] of cases) {
    it.effect(`${template} with ${JSON.stringify(settings)}`, () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* Effect.flatten(expanded(template, question("x"), settings)), expected)
      }))
  }

  const wrong: ReadonlyArray<readonly [settings: Record<string, string>, message: RegExp]> = [
    [{}, /^\$\{BASE\} is not set in the environment: export BASE=…$/],
    [{ BASE: "" }, /^\$\{BASE\} is empty/],
    [{ BASE: "ftp://canary" }, /must begin with http/],
    [{ BASE: "canary" }, /must begin with http/],
    [{ BASE: "https://user:canary@h" }, /password/],
    [{ BASE: "https://h/#canary" }, /#/],
    [{ BASE: "https://h/canary x" }, /white space/],
    [{ BASE: "https://h/canary\n" }, /white space/],
    [{ BASE: "https://h/../canary" }, /path segment/],
    [{ BASE: "https://h/{code}/canary" }, /braces/],
    [{ BASE: "https://" }, /no host/],
    [{ BASE: "https://canary:99999" }, /not a URL/]
  ]
  for (const [settings, message] of wrong) {
    it.effect(`refuses ${JSON.stringify(settings)} without showing it`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(expanded("${BASE}/zip/{code}", question("x"), settings))
        assert.match(error.message, message)
        assert.notInclude(error.message, "canary")
      }))
  }

  it.effect("leaves the names of settings in what is shown", () =>
    Effect.gen(function*() {
      const expand = yield* Url.make("${BASE}/zip/{code}?key=${KEY}", Template.hidden)
      assert.deepStrictEqual(expand(question("a b")), Either.right("\0BASE\0/zip/a%20b?key=\0KEY\0"))
    }))

  it.effect("asks for a setting once, in the order of the template", () =>
    Effect.gen(function*() {
      const asked: Array<string> = []
      yield* Url.make("https://h/{code}?a=${A}&b=${B}", (name) => {
        asked.push(name)
        return Effect.succeed(Redacted.value(Redacted.make("v")))
      })
      assert.deepStrictEqual(asked, ["A", "B"])
    }))
})

describe("Url.check", () => {
  const refused: ReadonlyArray<readonly [template: string, message: RegExp]> = [
    ["https://h/{+code}", /^\{\+code\} would let a value change the URL, write \{code\}: /],
    ["https://h/{#code}", /^\{#code\} would let a value change the URL, write \{code\}: /],
    ["https://h/{=code}", /^\{=code\} means nothing in a URL, write \{code\}: /],
    ["https://h/{|a,b}", /write \{a,b\}/],
    ["https://{code}.example/x", /^a value must not choose the host: /],
    ["https://{code}", /^a value must not choose the host: /],
    ["https://h{code}/x", /^a value must not choose the host: /],
    ["https://h:{code}/x", /^a value must not choose the host: /],
    ["https://h{.code}/x", /^a value must not choose the host: /],
    ["{code}", /^the URL must begin with http:\/\/ or https:\/\/: /],
    ["/zip/{code}", /must begin with http/],
    ["h.example/{code}", /must begin with http/],
    ["ftp://h/{code}", /must begin with http/],
    ["file:///{code}", /must begin with http/],
    ["javascript:{code}", /must begin with http/],
    ["https:/h/{code}", /must begin with http/],
    ["https://", /no host/],
    ["https:///x/{code}", /no host/],
    ["https://:80/{code}", /not a URL/],
    ["https://h:port/{code}", /not a URL/],
    ["https://user:canary@h/{code}", /^a user name or password in the URL is seen by others, use a header/],
    ["https://h\\@evil/{code}", /backslash/],
    ["https://h/{code", /^the URL has a brace without its partner: /],
    ["https://h/code}", /brace without/],
    ["https://h/{{code}}", /^one pair of braces is enough, as in \{code\}: /],
    ["https://h/{}", /^\{\} in the URL names nothing: /],
    ["https://h/{code,}", /names nothing/],
    ["https://h/{?}", /names nothing/],
    ["https://h/p{code?}", /^\{code\?\} is no template: \? stands first/],
    ["https://h/{code}{?a*b}", /is no template/],
    ["https://h/{code:x}", /is no template/],
    ["https://h/ {code}", /white space/],
    ["https://h/{code}\n", /white space/],
    ["https://h/../{code}", /^the URL has "\." or "\.\." as a path segment: /],
    ["https://h/{code}/.", /path segment/],
    ["https://h/%2e%2E/{code}", /path segment/],
    ["https://h/.%2e/{code}?x", /path segment/],
    ["https://h/%2e?x={code}", /path segment/],
    ["https://h/#/{code}", /^what follows # in a URL is never sent: /],
    ["https://h/x?a=1{?code}", /^the query has begun before \{\?code\}, write \{&code\}: /],
    ["https://h/x{&code}", /^no query has begun before \{&code\}, write \{\?code\}: /],
    ["https://h/${my-key}/{code}", /^\$\{my-key\} is not the name of a setting; a dollar is written \$\$/],
    ["https://h/\ud800/{code}", /half a character/]
  ]
  for (const [template, message] of refused) {
    it.effect(`refuses ${JSON.stringify(template)}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Url.check(template))
        assert.match(error.message, message)
        assert.notInclude(error.message, "canary")
        // what the check says, compiling says too
        assert.deepStrictEqual(yield* Effect.flip(Url.make(template, Template.fromConfig)), error)
      }))
  }

  const allowed = [
    "${BASE}/x/{code}",
    "https://${HOST}:${PORT}/{code}",
    "https://h/a..b/{code}/...",
    "https://h/x?path=/../{code}",
    "https://h/@me/{code}",
    "https://h/{code}?at=@&$$top=1"
  ]
  for (const template of allowed) it.effect(`allows ${template}`, () => Url.check(template))
})

describe("Url.names", () => {
  it("are those in braces, once each, without operators and modifiers", () => {
    assert.deepStrictEqual(
      Url.names("${BASE}/{code}/{a,b:3}{/c*}?x=${KEY}&$${d}{&ZIP Code,code,dc:title}"),
      ["code", "a", "b", "c", "d", "ZIP Code", "dc:title"]
    )
  })
})

describe("Url.shown", () => {
  it("leaves out what may be a secret", () => {
    assert.strictEqual(Url.shown("https://u:p@h/x/{code}?key=secret"), "https://…@h/x/{code}?…")
    assert.strictEqual(Url.shown("https://h/x{?code}"), "https://h/x{?code}")
  })
})
