import type { HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Either, Redacted } from "effect"
import { execFileSync } from "node:child_process"
import type { Expect } from "../../src/Answer/Expect.ts"
import type { Question } from "../../src/Entry.ts"
import * as Request from "../../src/Lookup/Request.ts"
import * as Template from "../../src/Lookup/Template.ts"

const question = (code: string, values: Record<string, string> = {}): Question => ({
  code: code as Question["code"],
  values
})

const settings = { KEY: "c4nary-c4nary", BASE: "https://h", SHORT: "us", LINES: "c4nary\n" }

const environment = Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(settings))))

/** The request for a question, or why there is none. */
const made = (options: Request.Options, asked: Question = question("34102", { column: "x" })) =>
  environment(Effect.map(Request.make(options, Template.fromConfig), (make) => make(asked)))

const url = "https://h/{code}"

const bodyOf = (request: HttpClientRequest.HttpClientRequest) =>
  request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : request.body._tag

describe("Request.make", () => {
  const requests: ReadonlyArray<
    readonly [options: Request.Options, method: string, url: string, type: string | undefined, body: string]
  > = [
    [{ url }, "GET", "https://h/34102", undefined, "Empty"],
    [{ url, method: "DELETE" }, "DELETE", "https://h/34102", undefined, "Empty"],
    [{ url: "${BASE}/{code}" }, "GET", "https://h/34102", undefined, "Empty"],
    [
      { url: "https://h/x", body: "{\"zip\":\"{code}\"}" },
      "POST",
      "https://h/x",
      "application/json",
      "{\"zip\":\"34102\"}"
    ],
    [{ url: "https://h/x", body: "[{code}]" }, "POST", "https://h/x", "application/json", "[34102]"],
    [
      { url: "https://h/x", body: "zip={code}&in={column}", columns: ["column"] },
      "POST",
      "https://h/x",
      "application/x-www-form-urlencoded",
      "zip=34102&in=x"
    ],
    [{ url: "https://h/x", body: "<a>{code}</a>" }, "POST", "https://h/x", "application/xml", "<a>34102</a>"],
    [
      { url: "https://h/x", method: "PUT", body: "{code}", headers: { "Content-Type": "text/csv" } },
      "PUT",
      "https://h/x",
      "text/csv",
      "34102"
    ],
    [
      { url: "https://h/x", body: "{\"zip\":\"{code}\"}", headers: { "content-type": "text/${SHORT}" } },
      "POST",
      "https://h/x",
      "text/us",
      "{\"zip\":\"34102\"}"
    ],
    [{ url: "https://h/x", allowConstant: true }, "GET", "https://h/x", undefined, "Empty"]
  ]
  for (const [options, method, url, type, body] of requests) {
    it.effect(JSON.stringify(options), () =>
      Effect.gen(function*() {
        const request = yield* Effect.flatten(made(options))
        assert.deepStrictEqual(
          [request.method, request.url, request.headers["content-type"], bodyOf(request)],
          [method, url, type, body]
        )
      }))
  }

  it.effect("fills in headers", () =>
    Effect.gen(function*() {
      const request = yield* Effect.flatten(made({
        url: "https://h/x",
        headers: {
          "X-Code": "zip {code} in {column}, not {other}",
          "X-Key": "Key ${KEY}",
          "X-Config": Config.redacted("KEY"),
          "X-Value": Config.succeed(Redacted.make("v"))
        },
        columns: ["column"]
      }))
      assert.deepStrictEqual({ ...request.headers }, {
        "x-code": "zip 34102 in x, not {other}",
        "x-key": "Key c4nary-c4nary",
        "x-config": "c4nary-c4nary",
        "x-value": "v"
      })
    }))

  const headerValues: ReadonlyArray<readonly [code: string, isSent: boolean]> = [
    ["plain text; a=\"b\"", true],
    ["é", false],
    ["\u0085", false],
    ["\t", true],
    ["a\r\nX-Evil: 1", false],
    ["a\nb", false],
    ["a\rb", false],
    ["a\0b", false],
    ["\0KEY\0", false],
    ["\u007f", false],
    ["😀", false],
    ["\ud800", false]
  ]
  for (const [code, isSent] of headerValues) {
    it.effect(`${JSON.stringify(code)} ${isSent ? "can" : "cannot"} stand in a header`, () =>
      Effect.gen(function*() {
        const result = yield* made({ url, headers: { "X-Code": "{code}" } }, question(code))
        assert.deepStrictEqual(
          Either.mapBoth(result, { onLeft: () => "refused", onRight: ({ headers }) => headers["x-code"] }),
          isSent ? Either.right(code) : Either.left("refused")
        )
      }))
  }

  it.each<[encoding: Request.HeaderEncoding, code: string, sent: string | undefined]>([
    ["latin1", "café", "caf\xe9"],
    ["latin1", "Łódź", undefined],
    ["latin1", "\u0085", undefined],
    ["utf8", "café", "caf\xc3\xa9"],
    ["utf8", "😀", "\xf0\x9f\x98\x80"],
    ["utf8", "\u0085", undefined],
    ["utf8", "a\nb", undefined],
    ["utf8", "\ud800", undefined]
  ])("sends headers in %s: %j", (headerEncoding, code, sent) =>
    Effect.gen(function*() {
      const result = yield* made({ url, headers: { "X-Code": "{code}" }, headerEncoding }, question(code))
      assert.strictEqual(Either.isRight(result) ? result.right.headers["x-code"] : undefined, sent)
    }).pipe(Effect.runPromise))

  const refused: ReadonlyArray<readonly [options: Request.Options, message: RegExp]> = [
    [{ url: "https://h/x?key=canary" }, /^nothing in the request names \{code\}.*https:\/\/h\/x\?…$/],
    [{ url: "https://h/${code}" }, /names \{code\}/],
    [{ url: "https://h/x", headers: { X: "${code}" } }, /names \{code\}/],
    [{ url, headers: { "X Y": "1" } }, /^"X Y" is not the name of a header$/],
    [{ url, headers: { "": "1" } }, /^"" is not the name of a header$/],
    [{ url, headers: { "X\r\nY": "1" } }, /is not the name of a header$/],
    [{ url, headers: { "Content-Length": "1" } }, /^the header Content-Length belongs to the connection/],
    [{ url, headers: { "transfer-encoding": "chunked" } }, /belongs to the connection/],
    [{ url, headers: { Host: "{code}" } }, /^a value must not choose the host$/],
    [{ url, headers: { X: "a\nb" } }, /^the header X cannot hold a line end/],
    [{ url, headers: { X: "{code}\n" } }, /^the header X cannot hold a line end/],
    [{ url, headers: { X: "${LINES}" } }, /^the header X cannot hold a line end/],
    [{ url, headers: { X: Config.redacted("LINES") } }, /^the header X cannot hold a line end/],
    [{ url, headers: { X: "${MISSING}" } }, /^\$\{MISSING\} is not set in the environment: export MISSING=…$/],
    [{ url, headers: { X: Config.redacted("MISSING") } }, /^\$\{MISSING\} is not set/],
    [{ url, body: "{\"a\":{code}" }, /^the body is not JSON/]
  ]
  for (const [options, message] of refused) {
    it.effect(`refuses ${JSON.stringify(options)}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(made(options))
        assert.match(error.message, message)
        assert.notMatch(error.message, /c[4a]nary/)
      }))
  }
})

describe("Request.inputs", () => {
  it("are the columns in URL, headers and body", () => {
    assert.deepStrictEqual(
      Request.inputs({
        url: "https://h/{code}{?year,zip}",
        headers: { A: "{a} {zip} ${b}", B: Config.redacted("KEY") },
        body: "{\"c\":\"{c}\",\"code\":\"{code}\",\"d\":{ d }}",
        columns: ["a", "b", "c", "d", "unused"]
      }),
      ["year", "zip", "a", "c"]
    )
  })
})

describe("Request.fingerprint", () => {
  const fingerprint = (options: Request.Options, expect: Expect = "json") => Request.fingerprint(options, expect)

  const base: Request.Options = {
    url: "https://h/v1/{code}?format=json&key=${KEY}&q=c4naryc4nary{&year}",
    method: "POST",
    headers: {
      Accept: "application/json",
      Authorization: "Bearer c4naryc4nary",
      "X-Key": "${KEY}",
      "X-Config": Config.redacted("KEY")
    },
    body: "{\"zip\":\"{code}\",\"secret\":\"c4naryc4nary\"}"
  }

  it.effect("names settings and hides what may be a secret", () =>
    Effect.gen(function*() {
      const found = yield* fingerprint(base)
      const hash = /^sha256:[0-9a-f]{24}$/
      for (const part of ["query q", "header authorization", "body"]) assert.match(found[part]!, hash, part)
      const { body: _, "header authorization": __, "query q": ___, ...shown } = found
      assert.deepStrictEqual(shown, {
        method: "POST",
        url: "https://h/v1/{code}",
        "query format": "json",
        "query key": "${KEY}",
        "query ": "{&year}",
        "header accept": "application/json",
        "header x-key": "${KEY}",
        "header x-config": "${KEY}"
      })
    }))

  const changes: ReadonlyArray<readonly [part: string, options: Partial<Request.Options>, expect?: Expect]> = [
    ["method", { method: "PUT" }],
    ["url", { url: base.url.replace("/v1/", "/v2/") }],
    ["url", { url: base.url.replace("https", "http") }],
    ["query format", { url: base.url.replace("format=json", "format=xml") }],
    ["query format", { url: base.url.replace("format=json", "format=json&format=xml") }],
    ["query format", { url: base.url.replace("format=json&", "") }],
    ["query key", { url: base.url.replace("${KEY}", "${OTHER}") }],
    ["query q", { url: base.url.replace("c4nary", "c4nery") }],
    ["query ", { url: base.url.replace("{&year}", "{&month}") }],
    ["header accept", { headers: { ...base.headers, Accept: "text/csv" } }],
    ["header authorization", { headers: { ...base.headers, Authorization: "Bearer c4neryc4nary" } }],
    ["header x-config", { headers: { ...base.headers, "X-Config": Config.redacted("OTHER") } }],
    ["header x-new", { headers: { ...base.headers, "X-New": "" } }],
    ["body", { body: `${base.body} ` }],
    ["answer", {}, "bytes"]
  ]
  for (const [index, [part, change, expect]] of changes.entries()) {
    it.effect(`sees a change of ${part} (${index})`, () =>
      Effect.gen(function*() {
        const before = yield* fingerprint(base)
        const after = yield* fingerprint({ ...base, ...change }, expect)
        const parts = [...new Set([...Object.keys(before), ...Object.keys(after)])]
        assert.deepStrictEqual(parts.filter((part) => before[part] !== after[part]), [part])
        assert.notInclude(JSON.stringify(after), "c4n")
      }))
  }

  it.effect("does not change with a rotated key, or the case of a header's name", () =>
    Effect.gen(function*() {
      const before = yield* fingerprint(base)
      const { Accept, ...others } = base.headers!
      const after = yield* Effect.withConfigProvider(
        fingerprint({ ...base, headers: { ACCEPT: Accept!, ...others } }),
        ConfigProvider.fromMap(new Map([["KEY", "another"]]))
      )
      assert.deepStrictEqual(after, before)
    }))

  it.effect("sees bytes, which are kept as base64; text that is kept can be read in any way", () =>
    Effect.gen(function*() {
      assert.notDeepEqual(yield* fingerprint(base, "bytes"), yield* fingerprint(base))
      assert.deepStrictEqual(yield* fingerprint(base, "text"), yield* fingerprint(base))
    }))

  it.effect("sees a change of each of several parts with one name", () =>
    Effect.gen(function*() {
      const before = yield* fingerprint({ url: "https://h/{code}?a=1&a=2" })
      assert.strictEqual(before["query a"], "1, 2")
      assert.notDeepEqual(yield* fingerprint({ url: "https://h/{code}?a=3&a=2" }), before)
    }))

  it.effect("hides a key in the path", () =>
    Effect.gen(function*() {
      const url = "https://hooks.h/c4naryc4naryc4nary/{code}"
      const before = yield* fingerprint({ url })
      assert.notInclude(JSON.stringify(before), "c4nary")
      const after = yield* fingerprint({ url: url.replace("c4nary", "c4nery") })
      assert.notDeepEqual(after, before)
    }))
})

describe("Request.curl", () => {
  const cases: ReadonlyArray<readonly [options: Request.Options, command: string]> = [
    [{ url: "https://h/zip/{code}" }, "curl -sS -i 'https://h/zip/a%20b'"],
    [{ url: "${BASE}/zip/{code}?key=${KEY}" }, "curl -sS -i \"${BASE}/zip/a%20b?key=${KEY}\""],
    [
      { url, headers: { "X-Key": "${KEY}", "X-Config": Config.redacted("KEY"), "X-Code": "{code}" } },
      "curl -sS -i -H \"x-key: ${KEY}\" -H \"x-config: ${KEY}\" -H 'x-code: a b' 'https://h/a%20b'"
    ],
    [
      { url: `${url}?token=canary&q=c4naryc4nary`, headers: { Authorization: "Bearer canary" } },
      "curl -sS -i -H 'authorization: REDACTED' 'https://h/a%20b?token=REDACTED&q=REDACTED'"
    ],
    [
      { url, headers: { "X-Value": Config.succeed(Redacted.make("canary")) } },
      "curl -sS -i -H 'x-value: REDACTED' 'https://h/a%20b'"
    ],
    [
      { url: "https://h/x", body: "{\"zip\":\"{code}\",\"key\":\"${KEY}\",\"password\":\"canary\"}" },
      "curl -sS -i -H 'content-type: application/json' --data-raw " +
      "'{\"zip\":\"a b\",\"key\":\"'\"${KEY}\"'\",\"password\":\"REDACTED\"}' 'https://h/x'"
    ],
    [
      { url: "https://h/x", body: "zip={code}&key=${KEY}&pass=canary" },
      "curl -sS -i -H 'content-type: application/x-www-form-urlencoded' --data-raw " +
      "\"zip=a%20b&key=${KEY}&pass=REDACTED\" 'https://h/x'"
    ],
    [{ url, headers: { "X-Key": "canary {code}" } }, "curl -sS -i -H 'x-key: REDACTED' 'https://h/a%20b'"]
  ]
  for (const [options, command] of cases) {
    it.effect(command, () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* Request.curl(options, question("a b")), command)
      }))
  }

  it.effect("says why there is no request", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* Request.curl({ url }, question("..")),
        "# \".\" or \"..\" as a path segment would change the path"
      )
    }))

  it.effect("sends what the lookup sends", () =>
    Effect.gen(function*() {
      const code = "it's `id` $(id) ${KEY} $KEY \"x\" \\ ! é {a,b} [1-2] * & ; @"
      const options: Request.Options = {
        url: "https://h/v1/{code}?key=${KEY}{&code}",
        headers: { "X-Key": "${KEY}", "X-Code": "${SHORT} {code}" },
        headerEncoding: "latin1",
        body: "{\"zip\":\"{code}\",\"key\":\"${KEY}\"}"
      }
      const sent = yield* Effect.flatten(made(options, question(code)))
      const command = yield* Request.curl(options, question(code))
      // a curl that shows its arguments
      const words = execFileSync("sh", ["-c", `curl() { printf '%s\\0' "$@"; }; ${command}`], {
        encoding: "utf8",
        env: { ...process.env, ...settings }
      }).split("\0").slice(0, -1)
      const { "content-length": _, ...headers } = sent.headers
      assert.deepStrictEqual(words, [
        "-sS",
        "-i",
        ...Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]),
        "--data-raw",
        bodyOf(sent),
        sent.url
      ])
    }))
})
