import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { Ledger, type Listed } from "../../src/Ledger.ts"
import * as Memory from "../../src/Ledger/Memory.ts"
import * as Mark from "../../src/Sink/Mark.ts"
import { list } from "./rows.ts"

const listed = (given: Partial<Listed> = {}): Listed => ({ ...list({ entries: 10 }), id: 1, epoch: 7, ...given })

const mark: Mark.Mark = {
  list: 1,
  epoch: 7,
  layout: "wide",
  position: 10,
  isComplete: true,
  offset: 100,
  hash: "abc"
}

describe("Mark", () => {
  const cases: ReadonlyArray<readonly [what: string, list: Partial<Listed>, layout: string, isOf: boolean]> = [
    ["the list as it was", {}, "wide", true],
    ["the list at another epoch", { epoch: 8 }, "wide", true],
    ["a longer list", { entries: 11 }, "wide", true],
    ["a shorter list", { entries: 9 }, "wide", false],
    ["another list", { id: 2 }, "wide", false],
    ["another layout", {}, "narrow", false]
  ]
  it.each(cases)("is of %s", (_, given, layout, isOf) => {
    assert.strictEqual(Mark.isOf(mark, listed(given), layout), isOf)
  })

  it("says where a list is", () => {
    assert.deepStrictEqual(Mark.at(listed({ id: 3, epoch: 4 }), "wide", 5), {
      list: 3,
      epoch: 4,
      layout: "wide",
      position: 5
    })
  })

  it.effect("has an identity for each layout", () =>
    Effect.gen(function*() {
      const values = [{ a: 1 }, { a: 2 }, { b: 1 }, { a: "1" }, { a: [] }, {}]
      const ids = yield* Effect.forEach([...values, { a: 1 }], Mark.identity)
      assert.strictEqual(ids.at(-1), ids[0])
      assert.lengthOf([...new Set(ids)], values.length)
      for (const id of ids) assert.match(id, /^[0-9a-f]{24}$/)
    }))

  it("tells what stands under the final name from what grows", () => {
    const out = { size: 100, hash: "abc" }
    assert.deepStrictEqual(Mark.owned({ ...mark, isOpen: true }), { ...mark, out })
    assert.deepStrictEqual(Mark.finished({ ...mark, out }), { out })
    assert.deepStrictEqual(Mark.finished({ ...mark, isOurs: true }), { isOurs: true })
    assert.deepInclude(Mark.begun({ ...mark, out }), { isComplete: false, position: 0, offset: 0, isOpen: true, out })
  })
})

describe("Mark.marks", () => {
  const build = Effect.map(Layer.build(Memory.layer), (context) => Context.get(context, Ledger))

  it.scoped("keeps a mark for each output", () =>
    Effect.gen(function*() {
      const ledger = yield* build
      const marks = Mark.marks(ledger)
      assert.isUndefined(yield* marks.read("a"))
      const other = { ...mark, position: 3, formulas: 2 }
      yield* marks.write("a", mark)
      yield* marks.write("b", other)
      assert.deepStrictEqual([yield* marks.read("a"), yield* marks.read("b")], [mark, other])
      assert.isUndefined(yield* marks.read("c"))
    }))

  it.scoped("knows nothing of what is not a mark", () =>
    Effect.gen(function*() {
      const ledger = yield* build
      const marks = Mark.marks(ledger)
      for (const note of [null, 1, "x", { ...mark, position: "3" }, { ...mark, offset: undefined }]) {
        yield* ledger.setNotes({ "output a": note })
        assert.isUndefined(yield* marks.read("a"))
        assert.isUndefined(yield* marks.valid("a", listed(), "wide"))
      }
    }))

  it.scoped("is valid while nothing before its position was changed", () =>
    Effect.gen(function*() {
      const asked: Array<readonly [number, number]> = []
      for (const [changed, isValid] of [[Infinity, true], [10, true], [9, false], [0, false]] as const) {
        const marks = Mark.marks({
          ...(yield* build),
          changedSince: (list, epoch) =>
            Effect.sync(() => {
              asked.push([list, epoch])
              return changed
            })
        })
        assert.isUndefined(yield* marks.valid("a", listed(), "wide"))
        yield* marks.write("a", mark)
        const found = yield* marks.valid("a", listed({ epoch: 9 }), "wide")
        assert.deepStrictEqual(found, isValid ? mark : undefined)
        assert.isUndefined(yield* marks.valid("a", listed(), "narrow"))
        assert.isUndefined(yield* marks.valid("b", listed(), "wide"))
      }
      assert.deepStrictEqual(asked, [[1, 7], [1, 7], [1, 7], [1, 7]])
    }))
})
