import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Either, FastCheck, Redacted } from "effect"
import type { Question } from "../../src/Entry.ts"
import * as Template from "../../src/Lookup/Template.ts"

const question = (code: string, values: Record<string, string> = {}): Question => ({
  code: code as Question["code"],
  values
})

const environment = Effect.withConfigProvider(
  ConfigProvider.fromMap(new Map([["KEY", "a\"b&c<d"], ["LIMIT", "[1,2]"], ["EMPTY", ""]]))
)

const known = ["code", "column", "a.b"]

const compiled = (template: string, encoding: Template.Encoding) =>
  environment(Template.text(template, known, encoding, Template.fromConfig))

describe("Template.text", () => {
  const forms: ReadonlyArray<readonly [encoding: Template.Encoding, template: string, expected: string]> = [
    ["text", "{code}", "x"],
    ["text", "Bearer ${KEY}", "Bearer a\"b&c<d"],
    ["text", "{code}{column}{a.b}{other}{ code }{aXb}", "xyz{other}{ code }{aXb}"],
    ["text", "$$ $${code} $$$$ $1 $", "$ $x $$ $1 $"],
    ["text", "{ \"a\": { \"b\": 1 } }", "{ \"a\": { \"b\": 1 } }"],
    ["json", "{\"zip\":\"{code}\",\"in\":{\"a\":[\"{column}\"]}}", "{\"zip\":\"x\",\"in\":{\"a\":[\"y\"]}}"],
    ["json", "{\"key\":\"${KEY}\",\"limit\":${LIMIT}}", "{\"key\":\"a\\\"b&c<d\",\"limit\":[1,2]}"],
    ["json", "{\"q\":\"\\\"{code}\\\"\"}", "{\"q\":\"\\\"x\\\"\"}"],
    ["form", "zip={code}&key=${KEY}", "zip=x&key=a%22b%26c%3Cd"],
    ["xml", "<zip at='{code}'>${KEY}</zip>", "<zip at='x'>a&quot;b&amp;c&lt;d</zip>"]
  ]
  for (const [encoding, template, expected] of forms) {
    it.effect(`${encoding}: ${template}`, () =>
      Effect.gen(function*() {
        const expand = yield* compiled(template, encoding)
        assert.deepStrictEqual(expand(question("x", { column: "y", "a.b": "z" })), Either.right(expected))
      }))
  }

  it.effect("writes null for what is null, where a JSON body has no quotes around it", () =>
    Effect.gen(function*() {
      const expand = yield* compiled("{\"zip\":{code},\"n\":{column},\"text\":\"{column}\"}", "json")
      const asked = { ...question("5", { column: "" }), absent: ["column"] }
      assert.deepStrictEqual(expand(asked), Either.right("{\"zip\":5,\"n\":null,\"text\":\"\"}"))
    }))

  const numbers: ReadonlyArray<readonly [code: string, isNumber: boolean]> = [
    ["34102", true],
    ["0", true],
    ["-1.5e+3", true],
    ["true", true],
    ["null", true],
    ["02134", false],
    ["1,2", false],
    ["1]", false],
    ["\"x\"", false],
    ["1 ", false],
    ["NaN", false],
    ["", false]
  ]
  for (const [code, isNumber] of numbers) {
    it.effect(`${JSON.stringify(code)} ${isNumber ? "can" : "cannot"} stand without quotes in JSON`, () =>
      Effect.gen(function*() {
        const made = (yield* compiled("{\"zip\":{code}}", "json"))(question(code))
        assert.deepStrictEqual(
          made,
          isNumber
            ? Either.right(`{"zip":${code}}`)
            : Either.left(`${JSON.stringify(code)} is not a number: write "{code}" with quotes in the JSON body`)
        )
      }))
  }

  it.effect("no value changes what a body holds besides", () =>
    Effect.gen(function*() {
      const json = yield* compiled("{\"a\":\"-{code}-\",\"b\":[1,\"{column}\"]}", "json")
      const form = yield* compiled("a=-{code}-&b={column}", "form")
      const xml = yield* compiled("<a b=\"{code}\">{column}</a>", "xml")
      const value = FastCheck.oneof(
        FastCheck.fullUnicodeString(),
        FastCheck.string16bits(),
        FastCheck.stringOf(FastCheck.constantFrom(..."\"\\{}[],:&=%+<>'/\r\n\0 $u"))
      )
      FastCheck.assert(
        FastCheck.property(value, value, (code, column) => {
          const asked = question(code, { column })
          const isText = !/\p{Surrogate}/u.test(code + "|" + column)
          assert.deepStrictEqual(JSON.parse(Either.getOrThrow(json(asked))), { a: `-${code}-`, b: [1, column] })
          const inForm = form(asked)
          assert.strictEqual(Either.isRight(inForm), isText)
          if (Either.isRight(inForm)) {
            assert.deepStrictEqual([...new URLSearchParams(inForm.right)], [["a", `-${code}-`], ["b", column]])
          }
          const inXml = xml(asked)
          if (Either.isRight(inXml)) assert.match(inXml.right, /^<a b="[^"<>']*">[^"<>']*<\/a>$/)
        }),
        { numRuns: 500 }
      )
    }))

  for (const encoding of ["form", "xml", "text"] as const) {
    it.effect(`refuses half a character in ${encoding}`, () =>
      Effect.gen(function*() {
        const made = (yield* compiled("{code}", encoding))(question("a\ud800"))
        assert.match(Either.getOrThrow(Either.flip(made)), /half a character/)
      }))
  }

  const refused: ReadonlyArray<readonly [encoding: Template.Encoding, template: string, message: RegExp]> = [
    ["text", "${MISSING}", /^\$\{MISSING\} is not set in the environment: export MISSING=…$/],
    ["text", "${EMPTY}", /^\$\{EMPTY\} is empty in the environment/],
    ["text", "${my-key}", /^\$\{my-key\} is not the name of a setting; a dollar is written \$\$$/],
    ["text", "${}", /is not the name of a setting/],
    ["json", "{\"zip\":\"{code}\"", /^the body is not JSON/],
    ["json", "{zip:\"{code}\"}", /^the body is not JSON/],
    ["json", "{\"zip\":x{code}}", /^the body is not JSON/]
  ]
  for (const [encoding, template, message] of refused) {
    it.effect(`refuses ${template} in ${encoding}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(compiled(template, encoding))
        assert.match(error.message, message)
      }))
  }

  it.effect("takes what is not there, or inherited, for nothing", () =>
    Effect.gen(function*() {
      const expand = yield* Template.text("-{constructor}{column}-", ["constructor", "column"], "text", Template.hidden)
      assert.deepStrictEqual(expand(question("x")), Either.right("--"))
    }))
})

describe("Template.names", () => {
  it("are the known ones, and not those of settings", () => {
    assert.deepStrictEqual(Template.names("{code} ${column} $${a.b} {other}", known), ["code", "a.b"])
  })
})

describe("Template.nameOf", () => {
  const cases: ReadonlyArray<readonly [config: Config.Config<unknown>, name: string | undefined]> = [
    [Config.redacted("KEY"), "KEY"],
    [Config.nested(Config.redacted("KEY"), "API"), "API_KEY"],
    [Config.orElse(Config.redacted("NEW"), () => Config.redacted("OLD")), "NEW"],
    [Config.all([Config.string("A"), Config.string("B")]), "A"],
    [Config.succeed(Redacted.make("s3cret")), undefined]
  ]
  for (const [index, [config, name]] of cases.entries()) {
    it.effect(`${index}: ${name}`, () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* Template.nameOf(config), name)
      }))
  }
})

describe("Template.fromConfig", () => {
  it.effect("does not show a value that does not fit", () =>
    Effect.gen(function*() {
      const config = Config.redacted(
        Config.string("KEY").pipe(Config.validate({
          message: "canary",
          validation: (text): text is never => text === ""
        }))
      )
      const error = yield* Effect.flip(environment(Template.fromConfig("KEY", config)))
      assert.strictEqual(error.message, "the value of ${KEY} in the environment is not of the right kind")
    }))

  it.effect("refuses for XML what XML cannot hold", () =>
    Effect.gen(function*() {
      const xml = yield* Template.text("<a>{code}</a>", ["code"], "xml", Template.hidden)
      for (const code of ["\u0007", "a\u0000", "\ufffe", "\ud800", "\u001b[1m"]) {
        assert.isTrue(Either.isLeft(xml(question(code))), JSON.stringify(code))
      }
      for (const code of ["a\tb\n", "é😀", "\u0085"]) {
        assert.isTrue(Either.isRight(xml(question(code))), JSON.stringify(code))
      }
    }))
})
