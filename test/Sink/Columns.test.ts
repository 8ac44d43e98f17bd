import { assert, describe, it } from "@effect/vitest"
import * as Columns from "../../src/Sink/Columns.ts"

describe("Columns.beside", () => {
  const ours = ["line", "code", "answer", "outcome", "error"]
  it.each<[columns: ReadonlyArray<string>, names: ReadonlyArray<string>]>([
    [["zip", "city"], ["zip", "city"]],
    [["code", "zip"], ["list_code", "zip"]],
    [["line", "answer", "list_line"], ["list_line_2", "list_answer", "list_line"]],
    [["Code"], ["list_Code"]]
  ])("calls %j %j", (columns, names) => {
    assert.deepStrictEqual(Columns.beside(columns, ours, [], (name) => name.toLowerCase()), names)
  })

  it.each<[columns: ReadonlyArray<string>, selected: ReadonlyArray<string>, name: string]>([
    [["zip", "outcome"], [], "outcome"],
    [["zip", "city"], ["city"], "city"]
  ])("refuses %j beside the fields %j", (columns, selected, name) => {
    const { clash } = Columns.beside(columns, [...ours, ...selected], selected) as { clash: string }
    assert.include(clash, `two columns would be called "${name}": leave one of the list's out`)
  })
})
