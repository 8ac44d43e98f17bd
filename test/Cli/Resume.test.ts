import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, readFileSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"
import { found, records, run, scripted } from "../command.ts"
import { query } from "../sqlite.ts"

const codes = ["a", "b", "c", "d"]

/** A run that stops after two calls. */
const stopped = (more: ReadonlyArray<string> = [], stdin?: string) =>
  Effect.gen(function*() {
    const api = yield* scripted(codes)
    const env = { API_TOKEN: "first-secret-of-this-run" }
    const words = [...api.words, "-H", "Authorization: Bearer ${API_TOKEN}", "--max-calls", "2", ...more]
    const ended = yield* run(["run", stdin === undefined ? "list" : "-", ...words], {
      cwd: api.cwd,
      env,
      ...(stdin === undefined ? {} : { stdin })
    })
    assert.strictEqual(ended.exit, 4, ended.stderr)
    const elsewhere = join(api.cwd, "..", "elsewhere")
    mkdirSync(elsewhere)
    return {
      ...api,
      env,
      elsewhere,
      resume: (cwd: string, ...words: ReadonlyArray<string>) => run(["resume", ...words], { cwd, env }),
      output: () =>
        records(readFileSync(join(api.cwd, "out.ndjson"), "utf8")).map(({ code, outcome }) => `${code} ${outcome}`)
    }
  })

const all = codes.map((code) => `${code} found`)

describe("resume", () => {
  it.scoped("goes on by the name of the output, with what is typed in place of what was; status says how", () =>
    Effect.gen(function*() {
      const { asked, cwd, env, output, resume } = yield* stopped(["-o", "out.ndjson"])
      const status = yield* run(["status"], { cwd, env })
      assert.match(status.stdout, /2 pending; stopped: .*: rollcall resume out.ndjson --max-calls \d+ goes on/)
      const again = yield* resume(cwd)
      assert.strictEqual(again.exit, 4, again.stderr)
      assert.lengthOf(asked, 2)
      const ended = yield* resume(cwd, "out.ndjson", "--max-calls", "10")
      assert.strictEqual(ended.exit, 0, ended.stderr)
      assert.deepStrictEqual(asked, codes)
      assert.deepStrictEqual(output(), all)
      const done = yield* resume(cwd, "out.ndjson")
      assert.strictEqual(done.exit, 0)
      assert.include(done.stderr, "nothing is left to ask")
      assert.deepStrictEqual(asked, codes)
    }))

  it.scoped("goes on from another folder, also where the one of the run was moved, and takes up a list that grew", () =>
    Effect.gen(function*() {
      const { asked, cwd, elsewhere, list, resume } = yield* stopped(["-o", "out.ndjson", "--select", "city"])
      list([...codes, "e"])
      renameSync(cwd, join(cwd, "..", "moved"))
      const output = join(cwd, "..", "moved", "out.ndjson")
      const ended = yield* resume(elsewhere, output, "--max-calls", "10")
      renameSync(join(cwd, "..", "moved"), cwd)
      assert.strictEqual(ended.exit, 0, ended.stderr)
      assert.deepStrictEqual(asked, [...codes, "e"])
      const written = records(readFileSync(join(cwd, "out.ndjson"), "utf8"))
      assert.deepStrictEqual(written.map((record) => "answer" in record ? record.answer : undefined)[4], {
        city: "City of e"
      })
      assert.strictEqual(written.length, 5)
    }))

  for (const what of ["what came of a pipe", "a list that is gone"]) {
    it.scoped(`needs no source for ${what}`, () =>
      Effect.gen(function*() {
        const isPiped = what.endsWith("pipe")
        const { asked, cwd, elsewhere, output, resume } = yield* stopped(
          ["-o", "out.ndjson"],
          isPiped ? codes.map((code) => `${code}\n`).join("") : undefined
        )
        rmSync(join(cwd, "list"))
        const ended = yield* resume(elsewhere, join(cwd, "out.ndjson"), "--max-calls", "10")
        assert.strictEqual(ended.exit, 0, ended.stderr)
        assert.include(ended.stderr, "is not there any more: its 4 entries stand in the ledger")
        assert.deepStrictEqual(asked, codes)
        assert.deepStrictEqual(output(), all)
      }))
  }

  it.scoped("keeps the names of secrets, and asks for their values", () =>
    Effect.gen(function*() {
      const { cwd, env } = yield* stopped(["-o", "out.ndjson", "-H", "X-Key: typed-as-it-stands"])
      const kept = readFileSync(join(cwd, "out.ndjson.ledger"), "latin1")
      assert.include(kept, "Bearer ${API_TOKEN}")
      assert.notInclude(kept, env.API_TOKEN)
      assert.notInclude(kept, "typed-as-it-stands")
      const ended = yield* run(["resume", "out.ndjson", "--max-calls", "10"], { cwd })
      assert.strictEqual(ended.exit, 2)
      assert.match(ended.stderr, /API_TOKEN/)
    }))

  it.scoped("says so where there is no run, or none that tells with what it was made", () =>
    Effect.gen(function*() {
      const { cwd, run: runList } = yield* scripted(codes, found)
      const none = yield* run(["resume", "out.ndjson"], { cwd })
      assert.strictEqual(none.exit, 2)
      assert.include(none.stderr, "there is neither out.ndjson nor")
      assert.strictEqual((yield* runList()).exit, 0)
      yield* query(join(cwd, "out.ndjson.ledger"), "delete from note where name like 'job %'")
      const older = yield* run(["resume", "out.ndjson"], { cwd })
      assert.strictEqual(older.exit, 2)
      assert.include(older.stderr, "does not know with which command it was made")
    }))
})
