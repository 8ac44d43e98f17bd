import { assert, describe, it } from "@effect/vitest"
import { meant, nearest } from "../src/Nearest.ts"

describe("nearest", () => {
  const names = ["run", "plan", "demo"]
  it.each([["rnu", "run"], ["pan", "plan"], ["d", "demo"], ["dmeo", "demo"]])("%s is near %s", (typed, name) => {
    assert.strictEqual(nearest(typed, names), name)
  })
  it.each(["", "x", "xyz", "zips.txt", "status"])("%j is near none", (typed) => {
    assert.isUndefined(nearest(typed, names))
  })
})

it("ends a message with the name that is near, where one is", () =>
  assert.deepStrictEqual([meant("rate"), meant(undefined)], [": did you mean rate?", ""]))
