import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Fresh from "../../src/Cli/Fresh.ts"
import * as Ledgers from "../../src/Cli/Ledgers.ts"
import * as Outputs from "../../src/Cli/Output.ts"
import { Ledger } from "../../src/Ledger.ts"
import * as Mark from "../../src/Sink/Mark.ts"
import { list, row } from "../Sink/rows.ts"

const listed = (name: string) => ({ ...list({ name, entries: 1 }), id: 1, epoch: 1 })

/** A folder with a complete run: a ledger, a file and a table. */
const setUp = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped()
  const at = (name: string) => `${folder}/${name}`
  const ledger = yield* Ledgers.named(at("out.csv.ledger"))
  const sink = yield* Outputs.sink(
    { output: [at("out.csv"), at("out.db")], format: { _tag: "None" } as never, excel: false, noTiming: true },
    { select: [], entries: false },
    ledger,
    "ndjson"
  )
  /** Writes the outputs of a run as it does that begins now. */
  const run = (notes: Fresh.Aside["notes"] = {}) =>
    Effect.scoped(Effect.gen(function*() {
      const known = yield* Ledger
      yield* known.begin({ url: "U" })
      yield* known.setNotes(notes)
      const marks = Mark.marks(known)
      yield* sink.check(marks)
      const writer = yield* sink.open({ list: listed("out.csv"), isOrdered: true, marks })
      yield* writer.write([row()])
      yield* writer.complete
    })).pipe(Effect.provide(ledger.open))
  const names = Effect.map(fs.readDirectory(folder), (names) => names.sort())
  yield* run()
  return {
    fs,
    at,
    ledger,
    sink,
    run,
    names,
    aside: Fresh.putAside(ledger, sink, { files: [at("out.csv")], list: "out.csv" })
  }
})

describe("Fresh", () => {
  it.scopedLive("puts ledger and files aside, and the rows of a table stay our own", () =>
    Effect.gen(function*() {
      const { aside, names, run } = yield* setUp
      const { notes } = yield* aside
      const stamped = (yield* names).map((name) => name.replace(/\d{8}T\d{6}$/, "AT"))
      assert.deepStrictEqual(stamped, ["out.csv.AT", "out.csv.ledger.AT", "out.db"])
      yield* run(notes)
      assert.includeMembers((yield* names) as Array<string>, ["out.csv", "out.csv.ledger", "out.db"])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("puts everything back, and takes no name that is taken", () =>
    Effect.gen(function*() {
      const { aside, names } = yield* setUp
      const before = yield* names
      const { putBack } = yield* aside
      assert.notDeepEqual(yield* names, before)
      yield* putBack
      assert.deepStrictEqual(yield* names, before)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("leaves all as it was where something is refused", () =>
    Effect.gen(function*() {
      const { aside, at, fs, names } = yield* setUp
      const before = yield* names
      yield* fs.writeFileString(at("out.csv"), "my own\n", { flag: "a" })
      const error = yield* Effect.flip(aside)
      assert.match(error.message, /: it was changed since it was written: /)
      assert.deepStrictEqual(yield* names, before)
    }).pipe(Effect.provide(NodeContext.layer)))
})
