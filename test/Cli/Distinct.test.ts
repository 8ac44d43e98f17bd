import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import * as Distinct from "../../src/Cli/Distinct.ts"
import * as Output from "../../src/Cli/Output.ts"

describe("Distinct", () => {
  const cases: ReadonlyArray<readonly [list: string, outputs: ReadonlyArray<string>, message: string | undefined]> = [
    ["list", ["list"], "list is the list, and it would be written there: name another output"],
    ["list", ["link"], "link is the list, and it would be written there: name another output"],
    ["list", ["hard"], "hard is the list, and it would be written there: name another output"],
    ["list", ["same/list"], "same/list is the list, and it would be written there: name another output"],
    ["out.part", ["out"], "out.part is the list, and out would be written there: name another output"],
    ["out.part", ["same/out"], "same/out.part is the list, and same/out would be written there: name another output"],
    ["list", ["out", "same/out"], "same/out would be written twice"],
    ["list", ["out", "out.ledger"], "out.ledger would be written twice"],
    ["list", ["a.db", "a.db"], "a.db would be written twice"],
    ["list", ["b\ufffd"], "b\ufffd: its name is not UTF-8: choose another one"],
    ["list", ["a.db", "same/a.db?table=b", "out", "postgres://h/d", "-", "folder/list"], undefined]
  ]
  it.scoped.each(cases)("reading %s and writing %j", ([list, outputs, message]) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      yield* fs.writeFileString(`${folder}/list`, "1\n")
      yield* fs.writeFileString(`${folder}/out.part`, "1\n")
      yield* fs.link(`${folder}/list`, `${folder}/hard`)
      yield* fs.symlink(`${folder}/list`, `${folder}/link`)
      yield* fs.symlink(folder, `${folder}/same`)
      yield* fs.makeDirectory(`${folder}/folder`)
      const at = (name: string) => name === "-" || name.includes(":") ? name : `${folder}/${name}`
      const checked = yield* Effect.either(Distinct.check([{ path: at(list), what: "the list" }], [
        ...Output.places(outputs.map(at)),
        { path: at("out.ledger"), what: at("out.ledger") }
      ]))
      assert.strictEqual(
        Either.match(checked, {
          onLeft: ({ message }) => message.replaceAll(`${folder}/`, ""),
          onRight: () => undefined
        }),
        message
      )
    }).pipe(Effect.provide(NodeContext.layer)))
})
