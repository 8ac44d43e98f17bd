import { FetchHttpClient, HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Either, Layer, Option, Schema } from "effect"
import * as Rules from "../src/Answer/Rules.ts"
import type { Question } from "../src/Entry.ts"
import * as Lookup from "../src/Lookup.ts"
import { LookupError } from "../src/Outcome.ts"
import * as Transport from "../src/Transport.ts"
import { free } from "./call.ts"
import * as Serve from "./serve.ts"

const question = (code: string, values: Record<string, string> = {}): Question => ({
  code: code as Question["code"],
  values
})

const reply = (body: string, status = 200): Lookup.Reply => ({ status, body, header: () => undefined, at: 0 })

/** One attempt, and the verdict on what came back. */
const attempt = <A, E, R>(lookup: Lookup.Lookup<A, E, R>, asked: Question) =>
  Effect.map(Effect.flatMap(lookup.prepare, (ask) => ask([asked], free)), lookup.read)

const Zip = Schema.Struct({ city: Schema.String, lat: Schema.NumberFromString })

describe("Lookup.http reads", () => {
  const url = "https://h/{code}"
  const isEmpty = (body: unknown) => Array.isArray(body) && body.length === 0
  const lookups = {
    json: Lookup.http({ url }),
    schema: Lookup.http({ url, answer: Zip }),
    notFoundWhen: Lookup.http({ url, answer: Zip, notFoundWhen: isEmpty }),
    text: Lookup.http({ url, expect: "text", notFoundWhen: (body) => body === "none" }),
    html: Lookup.http({ url, expect: "html", answer: Schema.TemplateLiteral("<", Schema.String, ">") }),
    bytes: Lookup.http({ url, expect: "bytes" }),
    head: Lookup.http({ url, method: "HEAD", expect: "text" })
  }
  const found = (answer: unknown) => ({ verdict: "found", answer })
  const notFound = { verdict: "not_found" }

  const cases: ReadonlyArray<readonly [lookup: keyof typeof lookups, reply: Lookup.Reply, expected: unknown]> = [
    ["json", reply("{\"a\":[1]}"), found({ a: [1] })],
    ["json", reply(" null\n"), found(null)],
    ["json", reply("0"), found(0)],
    ["json", reply("", 204), notFound],
    ["json", reply("{}", 404), notFound],
    ["json", reply("[]"), found([])],
    ["json", reply("{\"__proto__\":1}"), found(JSON.parse("{\"__proto__\":1}"))],
    ["schema", reply("{\"city\":\"Naples\",\"lat\":\"26.1\",\"more\":1}"), found({ city: "Naples", lat: 26.1 })],
    ["notFoundWhen", reply("[]"), notFound],
    ["notFoundWhen", reply("{\"city\":\"Naples\",\"lat\":\"26.1\"}"), found({ city: "Naples", lat: 26.1 })],
    ["text", reply("hello"), found("hello")],
    ["text", reply("none"), notFound],
    ["text", reply("\"hello\""), found("\"hello\"")],
    ["html", reply("<p>"), found("<p>")],
    ["bytes", reply("AP/+"), found("AP/+")],
    ["head", reply("", 200), found(null)],
    ["head", reply("", 404), notFound]
  ]
  for (const [name, given, expected] of cases) {
    it(`${name}: ${given.status} ${given.body}`, () => {
      assert.deepStrictEqual(lookups[name].read(given) as unknown, expected)
    })
  }

  const undecodable: ReadonlyArray<readonly [lookup: keyof typeof lookups, body: string, message: RegExp]> = [
    ["json", "<e>error</e>", /^the body is not JSON: Unexpected token '?<'?/],
    ["json", "<html>error</html>", /^the answer is a web page, not JSON: a login or maintenance page\?$/],
    [
      "json",
      "\n<!DOCTYPE html><html><head><title lang=\"en\"> Back\n soon </title>",
      /^the answer is a web page \("Back soon"\), not JSON: a login or maintenance page\?$/
    ],
    ["json", "{\"a\":1", /^the body is not JSON: /],
    ["json", "{} {}", /^the body is not JSON: /],
    [
      "schema",
      "{\"city\":1,\"lat\":\"26.1\"}",
      /^the answer does not fit its schema: .*\["city"\] → Expected string, actual 1$/
    ],
    ["schema", "{\"city\":\"Naples\",\"lat\":\"north\"}", /^the answer does not fit its schema: /],
    ["schema", "null", /^the answer does not fit its schema: /],
    ["html", "text", /^the answer does not fit its schema: /]
  ]
  for (const [name, body, message] of undecodable) {
    it(`${name}: refuses ${body} in one line`, () => {
      const verdict = lookups[name].read(reply(body))
      assert.isTrue(verdict.verdict === "retry")
      if (verdict.verdict === "retry") {
        assert.isTrue(verdict.isAlone)
        assert.strictEqual(verdict.error.reason, "decode")
        assert.match(verdict.error.message, message)
        assert.notInclude(verdict.error.message, "\n")
      }
    })
  }

  describe("by rules", () => {
    const rules = [
      Rules.onStatus("failed", [429]),
      Rules.where("stop", (body) => (body as { key?: string }).key === "wrong", "the key is wrong"),
      ...["throttled", "retry", "invalid", "not_found", "review", "found"].map((verdict) =>
        Either.getOrThrow(Rules.when(verdict as Rules.Verdict, `say=${verdict}`))
      )
    ]
    const lookup = Lookup.http({ url, rules })
    const read = (body: object, status = 200) => lookup.read(reply(JSON.stringify(body), status))

    it.each(["throttled", "retry", "invalid", "not_found", "found"])("%s, whatever the status", (say) => {
      for (const status of [200, 400, 404, 500]) assert.strictEqual(read({ say }, status).verdict, say, String(status))
    })

    it("marks what is to be looked at", () => {
      assert.deepStrictEqual(read({ say: "review" }) as unknown, {
        verdict: "found",
        answer: { say: "review" },
        review: "review when say=review"
      })
    })

    it("says which rule decided, and what the server said", () => {
      const judged = read({ key: "wrong", error: { code: "E7", message: "No." } })
      assert(judged.verdict === "stop")
      assert.strictEqual(judged.error.rule, "the key is wrong")
      assert.strictEqual(judged.error.message, "the key is wrong: the server said 200: E7: No.")
      assert.deepInclude(read({}, 429), { verdict: "failed" })
    })

    it("leaves the rest to the defaults, and survives a function that throws", () => {
      assert.strictEqual(read({ say: "nothing" }).verdict, "found")
      assert.strictEqual(read({}, 500).verdict, "retry")
      assert.strictEqual(lookup.read(reply("null")).verdict, "found")
      assert.strictEqual(lookup.read(reply("<html>", 502)).verdict, "retry")
    })

    it("reads anew what was read by other rules", () => {
      assert.notStrictEqual(lookup.reading, Lookup.http({ url }).reading)
      assert.notStrictEqual(lookup.reading, Lookup.http({ url, rules: rules.toReversed() }).reading)
    })
  })

  it("does not take a refusal in an answer for one", () => {
    const errors = `{"data":null,"errors":[{"message":"no field x"}]}`
    assert.deepInclude(lookups.json.read(reply(errors)), { verdict: "failed" })
    assert.deepInclude(lookups.json.read(reply(errors), 1), { verdict: "found" })
    assert.strictEqual(lookups.json.read(reply(`{"status":"REQUEST_DENIED"}`)).verdict, "stop")
    assert.strictEqual(lookups.text.read(reply(errors)).verdict, "found")
    const partial = lookups.json.read(reply(`{"data":{"a":1,"b":null},"errors":[{"message":"no b"}]}`))
    assert.deepInclude(partial, { verdict: "found", review: "errors beside data" })
  })

  it("survives JSON of any depth", () => {
    const { verdict } = lookups.json.read(reply(`${"[".repeat(100_000)}${"]".repeat(100_000)}`))
    assert.include(["found", "retry"], verdict)
  })
})

describe("Lookup.http", () => {
  /** An API that knows one code. */
  const listener: Parameters<typeof Serve.http>[0] = (request, response) => {
    const code = decodeURIComponent(request.url!.slice("/zip/".length))
    if (code === "34102") response.end("{\"city\":\"Naples\",\"lat\":\"26.1\"}")
    else if (code === "slow") response.writeHead(429, { "retry-after": "7" }).end()
    else response.writeHead(404).end("{}")
  }
  const double = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request, url) =>
      Effect.sync(() => {
        const code = url.pathname.slice("/zip/".length)
        const init = code === "34102"
          ? { status: 200 }
          : code === "slow"
          ? { status: 429, headers: { "retry-after": "7" } }
          : { status: 404 }
        return HttpClientResponse.fromWeb(
          request,
          new Response(code === "34102" ? "{\"city\":\"Naples\",\"lat\":\"26.1\"}" : null, init)
        )
      })
    )
  )
  const layers = { Transport: Transport.layer, FetchHttpClient: FetchHttpClient.layer, "a double": double }
  for (const [name, layer] of Object.entries(layers)) {
    it.scoped(`is the same over ${name}`, () =>
      Effect.gen(function*() {
        const lookup = Lookup.http({ url: `${yield* Serve.http(listener)}/zip/{code}`, answer: Zip })
        assert.deepStrictEqual(yield* attempt(lookup, question("34102")), {
          verdict: "found",
          answer: { city: "Naples", lat: 26.1 }
        })
        assert.deepStrictEqual(yield* attempt(lookup, question("00000")), { verdict: "not_found" })
        const throttled = yield* attempt(lookup, question("slow"))
        assert.deepInclude(throttled, { verdict: "throttled" })
        assert.strictEqual(throttled.verdict === "throttled" && String(throttled.wait), "Duration(7s)")
        const refused = yield* Effect.flip(attempt(lookup, question("..")))
        assert.strictEqual(refused._tag === "LookupError" && refused.reason, "invalid_code")
      }).pipe(Effect.provide(layer)))
  }

  it.effect("says what it is", () =>
    Effect.gen(function*() {
      const lookup = Lookup.http({ url: "https://h/{code}/{year}" })
      assert.deepStrictEqual([lookup.name, lookup.expect, lookup.inputs], ["http", "json", ["year"]])
      assert.deepStrictEqual(yield* lookup.fingerprint, { method: "GET", url: "https://h/{code}/{year}" })
      assert.deepStrictEqual(
        yield* lookup.curl(question("x", { year: "2024" })),
        Option.some("curl -sS -i 'https://h/x/2024'")
      )
      assert.strictEqual(Lookup.http({ url: "https://h/{code}", name: "zip" }).name, "zip")
    }))
})

describe("Lookup.make", () => {
  class Table extends Context.Tag("Table")<Table, Record<string, unknown>>() {}

  const lookup = Lookup.make("table", (code, { values }) =>
    Effect.flatMap(Table, (table) =>
      code in table
        ? Effect.succeed({ row: table[code], year: values.year })
        : new LookupError({ reason: "error", message: `no ${code}` })), { inputs: ["year"], version: "2" })

  it.effect("asks an effect, with the services that are there when it is prepared", () =>
    Effect.gen(function*() {
      const ask = yield* Effect.provideService(lookup.prepare, Table, { x: [1] })
      const reply = yield* ask([question("x", { year: "2024" })], free)
      assert.deepStrictEqual(lookup.read(reply), { verdict: "found", answer: { row: [1], year: "2024" } })
      assert.strictEqual((yield* Effect.flip(ask([question("y")], free))).message, "no y")
    }))

  it.effect("says what it is", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* lookup.fingerprint, { lookup: "table", version: "2" })
      assert.deepStrictEqual(yield* lookup.curl(question("x")), Option.none())
      assert.deepStrictEqual([lookup.name, lookup.inputs], ["table", ["year"]])
      const plain = Lookup.make("plain", () => Effect.void)
      assert.deepStrictEqual(yield* plain.fingerprint, { lookup: "plain", version: "1" })
      assert.deepStrictEqual(yield* attempt(plain, question("x")), { verdict: "not_found" })
    }))

  it.effect("keeps what is thrown in its own attempt", () =>
    Effect.gen(function*() {
      const broken = Lookup.make("broken", (): Effect.Effect<number> => {
        throw new Error("broken")
      })
      const ask = yield* broken.prepare
      assert.include(String(yield* Effect.flip(Effect.sandbox(ask([question("x")], free)))), "broken")
      const circle: { self?: unknown } = {}
      circle.self = circle
      const round = yield* Lookup.make("circle", () => Effect.succeed(circle)).prepare
      assert.include(String(yield* Effect.flip(Effect.sandbox(round([question("x")], free)))), "circular")
    }))
})
