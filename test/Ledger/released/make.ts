/**
 * Makes the ledgers of the version that is built, which later versions have to open: `tsx test/Ledger/released/make.ts`, before a release.
 * What it makes is kept, and never made anew.
 */
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { version } from "../../../src/version.ts"
import * as Command from "../../command.ts"
import * as Postgres from "../../postgres.ts"
import * as Serve from "../../serve.ts"
import { list, reply, schema, words } from "./job.ts"

const here = (name: string) => new URL(name, import.meta.url)

/** The first run leaves a code pending, the second one asks an answered code again in vain. */
const make = (ledger: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const calls = new Map<string, number>()
    const proxy = yield* Serve.http((request, response) => {
      const code = request.url!.split("/").at(-1)!
      calls.set(code, (calls.get(code) ?? 0) + 1)
      const [status, body] = reply(code, calls.get(code)!)
      response.writeHead(status, { "content-type": "application/json" }).end(body)
    })
    const cwd = yield* Command.folder
    writeFileSync(join(cwd, "list.csv"), list)
    writeFileSync(join(cwd, "again"), "60601\n")
    const run = (...more: ReadonlyArray<string>) =>
      Effect.tap(
        Command.spawned([...words, ...ledger, ...more], { cwd, env: { HTTP_PROXY: proxy, KEY: "never-kept" } }),
        ({ exit, stderr }) => Effect.sync(() => console.error(exit, stderr))
      )
    yield* run("--max-calls", "4")
    yield* run("--max-calls", "5", "--redo-codes", "again")
    return cwd
  })

const program = Effect.scoped(Effect.gen(function*() {
  const cwd = yield* make([])
  writeFileSync(here(`${version}.ledger.gz`), gzipSync(readFileSync(join(cwd, "out.csv.ledger")), { level: 9 }))
  const server = yield* Effect.promise(Postgres.start)
  if (server === undefined) return console.error(Postgres.missing)
  const url = `${server.url}?schema=${schema}`
  yield* make(["--ledger", url])
  const flags = ["--inserts", "--no-owner", "--no-privileges", "--exclude-table-data", "*.reserve", "--schema", schema]
  const dump = spawnSync("pg_dump", [...flags, server.url])
  yield* Effect.promise(server.stop)
  if (dump.status !== 0) return console.error(dump.stderr.toString())
  const statements = dump.stdout.toString().split("\n").filter((line) =>
    !/^(--|\\|SET |SELECT pg_catalog\.set_config|$)/.test(line)
  )
  writeFileSync(here(`${version}.sql`), `${statements.join("\n")}\n`)
}))

await Effect.runPromise(program)
