import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Driver from "../../../src/Sql/Sqlite/Driver.ts"

describe("Driver", () => {
  it.each<[version: string | undefined, isRecent: boolean]>([
    [undefined, false],
    ["3.45.1", false],
    ["3.50.10", false],
    ["3.51.2", false],
    ["3.51.3", true],
    ["3.52.0", true],
    ["3.100.0", true],
    ["4.0.0", true]
  ])("knows whether SQLite %s keeps what is committed", (version, isRecent) => {
    assert.strictEqual(Driver.isRecent(version), isRecent)
  })

  it.effect("is recent itself", () =>
    Effect.gen(function*() {
      const { DatabaseSync } = yield* Driver.load
      const database = new DatabaseSync(":memory:", { readOnly: false, timeout: 0 })
      const [row] = database.prepare("select sqlite_version() version").all() as ReadonlyArray<any>
      assert.isTrue(Driver.isRecent(row.version), row.version)
      database.close()
    }))

  it.scopedLive("is loaded without a word", () =>
    Effect.gen(function*() {
      const warnings: Array<string> = []
      const hear = (warning: Error) => warnings.push(warning.message)
      yield* Effect.acquireRelease(
        Effect.sync(() => process.on("warning", hear)),
        () => Effect.sync(() => process.off("warning", hear))
      )
      yield* Driver.load
      process.emitWarning("of somebody else")
      yield* Effect.sleep(1)
      assert.deepStrictEqual(warnings, ["of somebody else"])
    }))
})
