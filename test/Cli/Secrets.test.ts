/**
 * A key in every part of a request, an API that says it back in all the ways that it can fail, and every place where it could come out.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import type { ServerResponse } from "node:http"
import { join } from "node:path"
import * as Command from "../command.ts"
import { isProof, some } from "../scale.ts"
import * as Serve from "../serve.ts"

const key = "c4nary+c4nary/c4nary=\"c4nary\""
const base64 = Buffer.from(key).toString("base64")
const spellings = [
  key,
  encodeURIComponent(key),
  encodeURIComponent(key).replace(/%../g, (escape) => escape.toLowerCase()),
  JSON.stringify(key).slice(1, -1),
  base64,
  Buffer.from(key).toString("base64url"),
  Buffer.from(key).toString("hex")
]

/** What an API may answer that was asked with the key. */
const answers: Readonly<Record<string, (response: ServerResponse, echo: string, away: string) => void>> = {
  found: (response) => response.end("{\"ok\":true}"),
  not_found: (response, echo) => response.writeHead(404).end(echo),
  invalid: (response, echo) => response.writeHead(400).end(echo),
  forbidden: (response, echo) => response.writeHead(403).end(echo),
  conflict: (response, echo) => response.writeHead(409).end(echo),
  broken: (response, echo) => response.writeHead(500).end(echo),
  missing: (response, echo) => response.writeHead(501).end(echo),
  "no-json": (response, echo) => response.end(echo),
  "no-json-at-the-end": (response, echo) => response.end(`{"a":1} ${echo}`),
  "no-json-in-the-middle": (response) => response.end(`{"a":${JSON.stringify(key)},}`),
  "no-gzip": (response, echo) => response.writeHead(200, { "content-encoding": "gzip" }).end(echo),
  "no-encoding": (response, echo) => response.writeHead(200, { "content-encoding": encodeURIComponent(key) }).end(echo),
  latin1: (response, echo) => response.end(Buffer.from(`"é${echo}"`, "latin1")),
  "cut-off": (response, echo) => {
    response.writeHead(200, { "content-length": 10_000 }).write(echo)
    setTimeout(() => response.destroy(), 20)
  },
  "no-http": (response, echo) => {
    response.socket!.end(`${echo}\r\n\r\n`)
  },
  reset: (response) => response.destroy(),
  silence: () => {},
  moved: (response, _, away) => response.writeHead(302, { location: `${away}/x?key=${encodeURIComponent(key)}` }).end(),
  round: (response) => response.writeHead(307, { location: `/round?key=${encodeURIComponent(key)}` }).end(),
  nowhere: (response, echo) => response.writeHead(301, { location: `ftp://${encodeURIComponent(echo)}` }).end()
}

const serve = Effect.gen(function*() {
  const away = yield* Serve.http((_, response) => response.end("{}"))
  return yield* Serve.http((request, response) => {
    let body = ""
    request.on("data", (chunk) => body += chunk)
    request.on("end", () => {
      const { headers: { authorization, cookie, "x-api-key": own }, url } = request
      const echo = [...spellings, authorization, cookie, own, url, body].join(" ")
      const code = /^\/([\w-]+)/.exec(url!)![1]!
      answers[code]!(response, echo, away)
    })
  })
})

/** Everything below a folder, as it stands on the disk. */
const bytes = (folder: string): string =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((name) => join(folder, name))
      .filter((path) => statSync(path).isFile())
      .map((path) => readFileSync(path, "latin1"))
      .join("\n")
    : ""

const clean = (where: string, text: string) => {
  for (const spelling of [...spellings, "c4nary"]) {
    const at = text.indexOf(spelling)
    if (at >= 0) assert.fail(`${where}: …${text.slice(Math.max(0, at - 400), at + 100)}…`)
  }
}

const headers = ["Authorization: Bearer ${KEY64}", "X-Api-Key: ${KEY64}", "Cookie: session=${KEY64}"]
const outputs = ["out.ndjson", "out.csv", "out.db"]

const request = (url: string): ReadonlyArray<string> => [
  "--url",
  `${url}/{code}?key=\${KEY}`,
  ...headers.flatMap((header) => ["-H", header]),
  "-d",
  "{\"key\":\"${KEY}\",\"zip\":\"{code}\"}",
  ...outputs.flatMap((output) => ["-o", output]),
  ..."--idempotent --retries 1 --timeout 1s --allow-none -c 8".split(" ")
]

const env = { KEY: key, KEY64: base64, NODE_DEBUG: "undici,fetch,net,tls,stream,http2" }

/** Runs the command. */
const run = (cwd: string, words: ReadonlyArray<string>) =>
  Effect.tap(Command.run(words, { cwd, env }), ({ stderr, stdout }) => {
    clean("standard output", stdout)
    clean("standard error", stderr)
  })

/** As {@link run}, as a process that debugs its connections, with a look at its words. */
const watched = (cwd: string, words: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const running = yield* Command.start(words, { cwd, env })
    const cmdline = `/proc/${running.process.pid}/cmdline`
    if (existsSync(cmdline)) clean("the list of processes", readFileSync(cmdline, "latin1"))
    const ended = yield* running.ended
    clean("standard output", ended.stdout)
    clean("standard error", ended.stderr)
    return ended
  })

describe("a secret", () => {
  it.scopedLive("comes out nowhere, whatever the API does with it", () =>
    Effect.gen(function*() {
      const cwd = yield* Command.folder
      const url = yield* serve
      writeFileSync(join(cwd, "codes.txt"), Object.keys(answers).join("\n"))
      const { exit, stderr } = yield* watched(cwd, ["run", "codes.txt", ...request(url)])
      assert.strictEqual(exit, 3, stderr)
      const records = readFileSync(join(cwd, "out.ndjson"), "utf8").trim().split("\n").map((line) => JSON.parse(line))
      assert.deepStrictEqual(records.map(({ code }) => code), Object.keys(answers))
      assert.strictEqual(records.filter(({ outcome }) => outcome === "failed").length, Object.keys(answers).length - 3)
      for (
        const words of [["status", "out.ndjson", "--json"], ["export", "out.ndjson"], [
          "plan",
          "codes.txt",
          ...request(url)
        ]]
      ) {
        yield* run(cwd, words)
      }
      clean("the folder", bytes(cwd))
      clean("what is remembered", bytes(Command.stateOf(cwd)))
    }))

  for (const first of some(["forbidden", "moved", "reset", "no-http", "no-json", "silence", "broken"], 3)) {
    it.scopedLive(`comes out nowhere where the first answer is ${first}`, () =>
      Effect.gen(function*() {
        const cwd = yield* Command.folder
        const url = yield* serve
        writeFileSync(join(cwd, "codes.txt"), `${first}\nfound\n`)
        yield* (isProof ? watched : run)(cwd, ["run", "codes.txt", ...request(url)])
        clean("the folder", bytes(cwd))
        clean("what is remembered", bytes(Command.stateOf(cwd)))
      }))
  }

  for (
    const [what, url] of [["nobody listens", "http://127.0.0.1:1"], [
      "there is no such host",
      "http://h.invalid"
    ]] as const
  ) {
    it.scopedLive(`comes out nowhere where ${what}`, () =>
      Effect.gen(function*() {
        const cwd = yield* Command.folder
        writeFileSync(join(cwd, "codes.txt"), "found\n")
        const { exit } = yield* (isProof ? watched : run)(cwd, ["run", "codes.txt", ...request(url)])
        assert.strictEqual(exit, 4)
        clean("the folder", bytes(cwd))
      }))
  }
})

describe("a secret that is written down", () => {
  const carriers: Readonly<Record<string, ReadonlyArray<string>>> = {
    "a typed header": ["-H", "X-Key: c4nary-1"],
    "a name and a password": ["-H", `Authorization: Basic ${Buffer.from("me:c4nary/2").toString("base64")}`],
    "a file of headers": ["--header-file", "headers.txt"],
    "a query": [],
    "a body": ["-d", "{\"apiKey\":\"c4nary-5\",\"zip\":\"{code}\"}"],
    "a job": ["--job", "job.yaml"]
  }

  it.scopedLive("is told by no error, whatever carries it", () =>
    Effect.gen(function*() {
      const url = yield* Serve.http((request, response) => {
        let body = ""
        request.on("data", (chunk) => body += chunk)
        request.on("end", () => {
          const basic = Buffer.from((request.headers.authorization ?? "").slice(6), "base64").toString()
          const echo = JSON.stringify({ url: request.url, body, basic, headers: request.headers })
          const status = { a: 400, b: 401, c: 403, d: 409, e: 500 }[request.url!.slice(1, 2)]!
          response.writeHead(status).end(echo)
        })
      })
      for (const [index, [carrier, words]] of Object.entries(carriers).entries()) {
        const cwd = yield* Command.folder
        writeFileSync(join(cwd, "codes.txt"), "a\nb\nc\nd\ne\n")
        writeFileSync(join(cwd, "headers.txt"), "X-Key: c4nary-3\n")
        writeFileSync(join(cwd, "job.yaml"), "header:\n  - 'X-Token: c4nary-6'\n")
        const query = carrier === "a query" ? "?key=c4nary-4" : ""
        const env: Record<string, string> = index === 0 ? { ROLLCALL_HEADER: "X-Secret: c4nary-7" } : {}
        const { exit, stderr, stdout } = yield* Command.run(
          ["run", "codes.txt", "--url", `${url}/{code}${query}`, ...words, "-o", "out.csv", "-o", "out.db", "-q"]
            .concat("--idempotent", "--retries", "0", "--allow-none"),
          { cwd, env }
        )
        assert.include([3, 4], exit, `${carrier}: ${stderr}`)
        const files = readdirSync(cwd).filter((name) => name.startsWith("out")).map((name) => join(cwd, name))
        for (const file of files) clean(`${carrier}: ${file}`, readFileSync(file, "latin1"))
        clean(`${carrier}: standard error`, stderr + stdout)
      }
    }))
})
