/**
 * Ledgers that earlier versions made: a run goes on with them, and who only reads them leaves them as they are. `released/make.ts` makes
 * those of a version before it is released.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, type Scope } from "effect"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import * as Command from "../command.ts"
import * as Schemas from "../schema.ts"
import * as Serve from "../serve.ts"
import { DatabaseSync } from "../sqlite.ts"
import { list, reply, schema, words } from "./released/job.ts"

const released = (name: string) => readFileSync(new URL(`released/${name}`, import.meta.url))

const unpacked = (name: string) => (path: string) => writeFileSync(path, gunzipSync(released(name)))

const executed = (name: string) => (path: string) => {
  const db = new DatabaseSync(path)
  db.exec(released(name).toString())
  db.close()
}

/** How the ledger of each format is put into a folder as `out.csv.ledger`, and how many of its answers were asked again in vain. */
const formats: ReadonlyArray<readonly [name: string, put: (path: string) => void, stale: number]> = [
  ["version-1.sql", executed("version-1.sql"), 0],
  ["0.1.0.ledger.gz", unpacked("0.1.0.ledger.gz"), 1]
]

/** The job's folder, with an API that counts whom it was asked for. */
const folder = Effect.gen(function*() {
  const asked: Array<string> = []
  const proxy = yield* Serve.http((request, response) => {
    const code = request.url!.split("/").at(-1)!
    asked.push(code)
    const [status, body] = reply(code, 1)
    response.writeHead(status, { "content-type": "application/json" }).end(body)
  })
  const cwd = yield* Command.folder
  writeFileSync(join(cwd, "list.csv"), list)
  return {
    asked,
    cwd,
    rollcall: (words: ReadonlyArray<string>) => Command.run(words, { cwd, env: { HTTP_PROXY: proxy, KEY: "k" } })
  }
})

const files = (cwd: string) => readdirSync(cwd).toSorted().map((name) => [name, readFileSync(join(cwd, name), "hex")])

/** The records in short: whose they are, what came of them, and the field that was selected. */
const short = (csv: string) => csv.trimEnd().split("\n").slice(1).map((line) => line.split(",").slice(0, 4).join())

const answered = [
  "Anna,00501,City é😀 of 00501,found",
  "Bea,99999,,not_found",
  "Carl,12345,,failed",
  "Dora,00501,City é😀 of 00501,found",
  "Erik,N/A,,invalid",
  "Fritz,60601,City é😀 of 60601,found"
]

/** What holds of a ledger however it is kept: `named` names it to a reader, `flags` to a run. */
const holds = (
  { asked, cwd, rollcall }: Effect.Effect.Success<typeof folder>,
  { flags, named, stale }: {
    readonly named: ReadonlyArray<string>
    readonly flags: ReadonlyArray<string>
    readonly stale: number
  }
) =>
  Effect.gen(function*() {
    const before = files(cwd)
    const status = yield* rollcall(["status", ...named])
    assert.match(
      status.stdout,
      /4 of 5 codes answered \(2 found, 1 not found, 1 failed\), 1 invalid without a call, 1 pending/
    )
    assert.strictEqual(/asked again in vain: 1/.test(status.stdout) ? 1 : 0, stale)
    const written = yield* rollcall(["export", ...named, "--select", "city", "--format", "csv"])
    assert.deepStrictEqual(short(written.stdout), answered)
    const plan = yield* rollcall(["plan", ...words.slice(1), ...flags])
    assert.match(plan.stdout, /4 answered already/)
    assert.deepStrictEqual(files(cwd), before)

    const ended = yield* rollcall([...words, ...flags])
    assert.strictEqual(ended.exit, 3, ended.stderr)
    assert.deepStrictEqual(asked, ["10001"])
    assert.deepStrictEqual(short(readFileSync(join(cwd, "out.csv"), "utf8")), [
      ...answered,
      "Georg,10001,City é😀 of 10001,found"
    ])
  })

describe("a ledger of an earlier version is read as it stands, and gone on with", () => {
  const test = (name: string, body: Effect.Effect<void, unknown, Scope.Scope>) => it.scoped(name, () => body)

  for (const [name, put, stale] of formats) {
    test(
      name,
      Effect.gen(function*() {
        const job = yield* folder
        put(join(job.cwd, "out.csv.ledger"))
        yield* holds(job, { named: ["out.csv"], flags: [], stale })
      })
    )
  }

  const dumps = Schemas.isThere ? ["0.1.0.sql"] : []
  for (const name of dumps) {
    test(
      name,
      Effect.gen(function*() {
        const job = yield* folder
        const url = yield* Schemas.fresh
        const dump = released(name).toString().replaceAll(`${schema}.`, `"${Schemas.nameOf(url)}".`)
        yield* Schemas.query(dump.replace(`CREATE SCHEMA ${schema}`, `CREATE SCHEMA "${Schemas.nameOf(url)}"`))
        const flags = ["--ledger", Redacted.value(url)]
        yield* holds(job, { named: flags, flags, stale: 1 })
      })
    )
  }
})
