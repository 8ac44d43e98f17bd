import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Schema } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { checkProxy } from "../../src/Cli/Network.ts"
import { Size } from "../../src/Job/Request.ts"
import { version } from "../../src/version.ts"
import { folder, records, run } from "../command.ts"
import * as Serve from "../serve.ts"
import * as Faulty from "../Transport/faulty.ts"

describe("Network.Size", () => {
  const sizes: ReadonlyArray<readonly [text: string, bytes: number]> = [
    ["8MiB", 8 * 1024 * 1024],
    ["500k", 500_000],
    ["500kB", 500_000],
    ["1.5 MB", 1_500_000],
    ["2KiB", 2048],
    ["100000", 100_000],
    ["7b", 7]
  ]
  it.each(sizes)("%s", (text, bytes) => assert.strictEqual(Schema.decodeSync(Size)(text), bytes))

  it.each(["", "0", "-1", "1 Mio", "k", "1e6", "900GB", "0.1"])("not %j", (text) => {
    const decoded = Schema.decodeEither(Size)(text)
    assert.isTrue(Either.isLeft(decoded))
    assert.match(String(decoded), /write a size/)
  })
})

describe("Network.checkProxy", () => {
  const wrong = "names no proxy that can be used: write it as http://HOST:PORT"
  const cases: ReadonlyArray<readonly [url: string, environment: Record<string, string>, message?: string]> = [
    ["http://h/{code}", {}],
    ["http://h/{code}", { HTTP_PROXY: "http://127.0.0.1:1" }],
    [
      "http://h/{code}",
      { HTTP_PROXY: "socks5://127.0.0.1:1080" },
      "HTTP_PROXY names no proxy that can be used, as SOCKS is not spoken here: write it as http://HOST:PORT"
    ],
    ["http://h:8080/{code}", { HTTP_PROXY: "http://127.0.0.1:99999" }, `HTTP_PROXY ${wrong}`],
    ["HTTPS://me:x@h?zip={code}", { https_proxy: "ftp://h" }, `HTTPS_PROXY ${wrong}`],
    ["https://[::1]:8443/{code}", { ALL_PROXY: "ftp://h" }, `ALL_PROXY ${wrong}`],
    ["https://h/{code}", { HTTP_PROXY: "ftp://h" }],
    ["http://h/{code}", { HTTP_PROXY: "ftp://h", NO_PROXY: "h" }],
    ["${HOST}/{code}", { HTTP_PROXY: "ftp://h" }]
  ]
  for (const [url, environment, message] of cases) {
    it.effect(`${url} by ${JSON.stringify(environment)}`, () =>
      Effect.gen(function*() {
        const checked = yield* Effect.either(checkProxy(url, environment))
        assert.strictEqual(Either.isLeft(checked) ? checked.left.message : undefined, message)
      }))
  }

  it.scopedLive.each(["plan", "run"])("is heard by %s, before anything is asked", (command) =>
    Effect.gen(function*() {
      const { rollcall } = yield* setup
      const told = yield* rollcall("http://127.0.0.2:1", [], { HTTP_PROXY: "ftp://h" }, command)
      assert.deepStrictEqual([told.exit, told.stderr.includes(`HTTP_PROXY ${wrong}`)], [2, true], told.stderr)
    }))
})

/** A folder with a list, and the command that asks an API about it. */
const setup = Effect.map(folder, (cwd) => {
  writeFileSync(join(cwd, "list"), "a\nb\n")
  writeFileSync(join(cwd, "ca.pem"), `What this is: a test's authority\n${Faulty.ca.cert}`)
  return {
    cwd,
    rollcall: (origin: string, words: ReadonlyArray<string> = [], env: Record<string, string> = {}, command = "run") =>
      run([command, "list", "--url", `${origin}/{code}`, "--retries", "0", "-o", "out.ndjson", ...words], { cwd, env }),
    found: () =>
      records(readFileSync(join(cwd, "out.ndjson"), "utf8")).filter(({ outcome }) => outcome === "found").length
  }
})

describe.concurrent("rollcall run", () => {
  it.scopedLive("--ca trusts an authority more", () =>
    Effect.gen(function*() {
      const { found, rollcall } = yield* setup
      const { origin } = yield* Faulty.http1("https", () => {})
      const refused = yield* rollcall(origin)
      assert.strictEqual(refused.exit, 4)
      assert.match(refused.stderr, /certificate/)
      const trusted = yield* rollcall(origin, ["--ca", "ca.pem"])
      assert.deepStrictEqual([trusted.exit, found()], [0, 2], trusted.stderr)
      assert.strictEqual((yield* rollcall(origin, ["--fresh"], { ROLLCALL_CA: "ca.pem" })).exit, 0)
    }))

  it.scopedLive("--ca names a file with certificates", () =>
    Effect.gen(function*() {
      const { cwd, rollcall } = yield* setup
      writeFileSync(join(cwd, "garbage"), "no certificate at all")
      writeFileSync(join(cwd, "damaged.pem"), Faulty.ca.cert + Faulty.ca.cert.replace(/\n.{9}/, "\nAAAAAAAAA"))
      const wrong = [
        ["missing", /--ca missing: there is no such file; it is to be a file with certificates/],
        ["garbage", /--ca garbage holds no certificate in PEM; .* openssl x509 -inform der -in garbage/],
        ["damaged.pem", /--ca damaged\.pem: certificate 2 of 2 is damaged: get the file again/]
      ] as const
      for (const command of ["run", "plan"]) {
        for (const [file, said] of wrong) {
          const { exit, stderr } = yield* rollcall("https://api.test", ["--ca", file], {}, command)
          assert.strictEqual(exit, 2)
          assert.match(stderr, said)
          assert.strictEqual(stderr.trim().split("\n").length, 1, stderr)
        }
      }
    }))

  it.scopedLive("--insecure checks nothing and says so", () =>
    Effect.gen(function*() {
      const { found, rollcall } = yield* setup
      const { origin } = yield* Faulty.http1("https", () => {})
      const { exit, stderr } = yield* rollcall(origin, ["--insecure"])
      assert.deepStrictEqual([exit, found()], [0, 2], stderr)
      assert.strictEqual(stderr.match(/^warning: --insecure: certificates are not checked/gm)?.length, 1)
    }))

  it.scopedLive("--http2 speaks HTTP/2", () =>
    Effect.gen(function*() {
      const { found, rollcall } = yield* setup
      const api = yield* Faulty.http2(() => {})
      const { exit, stderr } = yield* rollcall(api.origin, ["--http2", "--ca", "ca.pem"])
      assert.deepStrictEqual([exit, found(), api.asked.length], [0, 2, 2], stderr)
      // the server speaks nothing else
      assert.notStrictEqual((yield* rollcall(api.origin, ["--ca", "ca.pem", "--fresh"])).exit, 0)
    }))

  it.scopedLive("--user-agent and --max-body", () =>
    Effect.gen(function*() {
      const { cwd, found, rollcall } = yield* setup
      const agents: Array<string | undefined> = []
      const origin = yield* Serve.http((request, response) => {
        agents.push(request.headers["user-agent"])
        response.end(JSON.stringify("x".repeat(1000)))
      })
      yield* rollcall(origin)
      yield* rollcall(origin, ["--fresh", "--user-agent", "zip check (me@example.com)"])
      yield* rollcall(origin, ["--fresh"], { ROLLCALL_USER_AGENT: "mine" })
      assert.deepStrictEqual([...new Set(agents)], [`rollcall/${version}`, "zip check (me@example.com)", "mine"])
      const { exit, stderr } = yield* rollcall(origin, ["--fresh", "--max-body", "1KB", "--allow-none"])
      assert.deepStrictEqual([exit, found()], [3, 0], stderr)
      assert.include(readFileSync(join(cwd, "out.ndjson"), "utf8"), "larger than 1000 bytes")
      const refused = yield* rollcall(origin, ["--max-body", "lots"])
      assert.deepStrictEqual(
        [refused.exit, refused.stderr.includes("--max-body \"lots\": write a size such as 8MiB")],
        [2, true]
      )
    }))

  it.scopedLive("goes through the proxy that the environment names, and keeps its password", () =>
    Effect.gen(function*() {
      const { cwd, found, rollcall } = yield* setup
      const seen: Array<string> = []
      const proxy = yield* Serve.http((request, response) => {
        seen.push(`${request.url} ${request.headers["proxy-authorization"]}`)
        response.end("{}")
      })
      const named = proxy.replace("//", "//me:canary99@")
      const { exit, stderr, stdout } = yield* rollcall("http://api.test", [], { http_proxy: named })
      assert.deepStrictEqual([exit, found()], [0, 2], stderr)
      assert.strictEqual(seen[0], `http://api.test/a Basic ${Buffer.from("me:canary99").toString("base64")}`)
      assert.notInclude(stdout + stderr + readFileSync(join(cwd, "out.ndjson"), "utf8"), "canary99")
    }))

  it.scopedLive("has a group for it on the help screen", () =>
    Effect.gen(function*() {
      const { cwd } = yield* setup
      for (const command of ["run", "plan"]) {
        const { stdout } = yield* run([command, "--help", "--all"], { cwd })
        assert.match(
          stdout,
          /\nNetwork\n +--ca FILE [^]*--insecure [^]*--cert FILE [^]*--key FILE [^]*--lenient [^]*--http2 [^]*--user-agent TEXT [^]*--max-body SIZE/
        )
        assert.isBelow(Math.max(...stdout.split("\n").map(({ length }) => length)), 121)
      }
    }))
})
