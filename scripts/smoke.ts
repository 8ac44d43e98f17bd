/**
 * Uses the command as a person would, against its own demo API, and judges it by what it prints and writes.
 *
 *     tsx scripts/smoke.ts node dist/bin.js
 */
import assert from "node:assert/strict"
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

const [program = "", ...words] = process.argv.slice(2).map((word) => existsSync(word) ? resolve(word) : word)
const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, "../package.json"), "utf8"))

const folder = mkdtempSync(join(tmpdir(), "rollcall-smoke-"))
const options = { cwd: folder, env: { ...process.env, XDG_STATE_HOME: folder } }

const rollcall = (args: ReadonlyArray<string>, input = "") => {
  const { error, status, stderr, stdout } = spawnSync(program, [...words, ...args], {
    ...options,
    input,
    encoding: "utf8",
    timeout: 60_000
  })
  if (error !== undefined) throw error
  return { status, stdout, stderr, told: `rollcall ${args.join(" ")}: exit ${status}\n${stdout}${stderr}` }
}

/** Starts the demo API; what it prints names its lookup URL, and the header that it asks for. */
const serve = async () => {
  const server = spawn(program, [...words, "demo", "--serve"], { ...options, stdio: ["ignore", "pipe", "pipe"] })
  const ended = once(server, "exit")
  let printed = ""
  const api = await new Promise<ReadonlyArray<string>>((found, failed) => {
    const timer = setTimeout(
      () => failed(new Error(`demo --serve names no URL with {code} in 20 s:\n${printed}`)),
      20_000
    )
    const read = (text: Buffer) => {
      printed += text
      const url = printed.match(/http:\/\/\S+\{code\}/)?.[0]
      if (url === undefined) return
      clearTimeout(timer)
      const header = printed.match(/-H '([^']+)'/)?.[1]
      found(["--url", url, ...(header === undefined ? [] : ["-H", header])])
    }
    server.stdout.on("data", read)
    server.stderr.on("data", read)
    void ended.then(([code]) => failed(new Error(`demo --serve ended with exit ${code}:\n${printed}`)))
  }).catch((error) => {
    server.kill("SIGKILL")
    throw error
  })
  return {
    api,
    stop: async () => {
      const timer = setTimeout(() => server.kill("SIGKILL"), 10_000)
      server.kill("SIGTERM")
      await ended
      clearTimeout(timer)
    }
  }
}

const codes = ["34102", "00501", "99999", "90210", "34102"]
const outcomes = ["found", "found", "not_found", "found", "found"]

const recordsOf = (ndjson: string) => ndjson.trimEnd().split("\n").map((line) => JSON.parse(line))

const checkRecords = (ndjson: string) => {
  const records = recordsOf(ndjson)
  assert.deepEqual(records.map(({ code }) => code), codes)
  assert.deepEqual(records.map(({ outcome }) => outcome), outcomes)
}

/** What must hold, by the words it is reported with. */
const checks: Record<string, (api: ReadonlyArray<string>) => void> = {
  "--version prints the version": () => {
    assert.equal(rollcall(["--version"]).stdout, `${version}\n`)
  },
  "--help names the commands": () => {
    const { status, stdout, told } = rollcall(["--help"])
    assert.equal(status, 0, told)
    for (const command of ["run", "plan", "demo"]) assert.match(stdout, new RegExp(`\\b${command}\\b`), told)
  },
  "plan shows the first request and calls nothing": (api) => {
    const { status, stdout, told } = rollcall(["plan", "codes.txt", ...api])
    assert.equal(status, 0, told)
    assert.match(stdout, /curl/, told)
  },
  "run writes one record per entry, in input order": (api) => {
    const { status, told } = rollcall(["run", "codes.txt", ...api, "-o", "out.ndjson"])
    assert.equal(status, 0, told)
    checkRecords(readFileSync(join(folder, "out.ndjson"), "utf8"))
  },
  "the same command again has nothing to do": (api) => {
    const { status, told } = rollcall(["run", "codes.txt", ...api, "-o", "out.ndjson"])
    assert.equal(status, 0, told)
    checkRecords(readFileSync(join(folder, "out.ndjson"), "utf8"))
  },
  "run reads stdin and writes stdout": (api) => {
    const { status, stdout, told } = rollcall(["run", "-", ...api], codes.join("\n"))
    assert.equal(status, 0, told)
    checkRecords(stdout)
  },
  "an unknown flag is refused with exit 2": (api) => {
    const { status, told } = rollcall(["run", "codes.txt", ...api, "--frobnicate"])
    assert.equal(status, 2, told)
  }
}

let failures = 0
try {
  writeFileSync(join(folder, "codes.txt"), `${codes.join("\n")}\n`)
  const server = await serve()
  try {
    for (const [name, check] of Object.entries(checks)) {
      try {
        check(server.api)
        console.log(`ok    ${name}`)
      } catch (error) {
        failures++
        console.log(`FAIL  ${name}\n${error instanceof Error ? error.message : error}`)
      }
    }
  } finally {
    await server.stop()
  }
} finally {
  rmSync(folder, { recursive: true })
}
process.exitCode = failures === 0 ? 0 : 1
