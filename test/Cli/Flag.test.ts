import { assert, describe, it } from "@effect/vitest"
import * as Plan from "../../src/Cli/commands/Plan.ts"
import * as Run from "../../src/Cli/commands/Run.ts"
import * as Flag from "../../src/Cli/Flag.ts"
import * as Job from "../../src/Job.ts"

describe("Flag", () => {
  it("has a variable in the environment", () => {
    assert.strictEqual(Flag.variable("url"), "ROLLCALL_URL")
    assert.strictEqual(Flag.variable("not-found-when"), "ROLLCALL_NOT_FOUND_WHEN")
  })

  it("writes each key of a job, and a job has each flag of run", () => {
    const names = Object.values(Run.flags).map(({ name }) => name)
    // the list is the argument, and a job does not name itself
    assert.deepStrictEqual([...names, "file"].toSorted(), [...Object.keys(Job.keys), "job"].toSorted())
    assert.deepStrictEqual(Plan.command.flags, Run.flags)
  })
})
