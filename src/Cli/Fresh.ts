/**
 * `--fresh`: what an earlier run left is put aside. What may be refused is checked before anything is renamed, and all is put back where the
 * run does not come to its first call.
 */
import { FileSystem } from "@effect/platform"
import { DateTime, Effect } from "effect"
import * as Errno from "../Errno.ts"
import { Ledger, type Notes } from "../Ledger.ts"
import type { Sink } from "../Sink.ts"
import * as Mark from "../Sink/Mark.ts"
import { UsageError } from "./Argv.ts"
import type { Named } from "./Ledgers.ts"
import * as Talk from "./Talk.ts"

/** What was put aside. */
export interface Aside {
  /** What the new ledger has to know: what was spent, and which rows of tables are ours. */
  readonly notes: Notes
  /** Says what was put aside. */
  readonly told: Effect.Effect<void>
  /** Renames everything back. */
  readonly putBack: Effect.Effect<void, never, FileSystem.FileSystem>
}

/** Nothing was put aside. */
export const nothing: Aside = { notes: {}, told: Effect.void, putBack: Effect.void }

/** Renames the ledger and the files of the sink; a ledger that is not there leaves everything as it is. */
export const putAside = (
  ledger: Named,
  sink: typeof Sink.Service,
  { files: outputs, list }: { readonly files: ReadonlyArray<string>; readonly list: string }
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const [file] = ledger.files
    if (file === undefined) {
      return yield* new UsageError({
        message: "--fresh puts files aside: for a ledger in a database name another schema (?schema=NAME)"
      })
    }
    const exists = (path: string) => Effect.orElseSucceed(fs.exists(path), () => false)
    if (!(yield* exists(file))) return nothing
    // not under a run that is going on
    yield* ledger.lock
    const notes = yield* owned(sink, list).pipe(
      Effect.provide(ledger.read),
      // one that cannot be read is a reason to begin anew
      Effect.catchTag("LedgerError", () => Effect.succeed({}))
    )

    const time = DateTime.formatIso(yield* DateTime.now).replace(/[-:]|\.\d+Z/g, "")
    let stamp = time
    for (let other = 2; yield* exists(`${file}.${stamp}`); other++) stamp = `${time}-${other}`
    const renamed: Array<readonly [from: string, to: string]> = []
    const putBack = Effect.suspend(() =>
      Effect.forEach(renamed.splice(0).toReversed(), ([from, to]) => Effect.ignore(fs.rename(to, from)), {
        discard: true
      })
    )
    for (const path of [...ledger.files, ...outputs.flatMap((output) => [output, `${output}.part`])]) {
      if (!(yield* exists(path))) continue
      const [, base, journal = ""] = /^(.*?)(-wal|-shm)?$/s.exec(path)!
      const to = `${base}.${stamp}${journal}`
      yield* fs.rename(path, to).pipe(
        Effect.mapError((error) =>
          new UsageError({
            message: `${path} cannot be put aside (${Errno.ofWriting(error)}): move it away yourself`
          })
        ),
        Effect.tapError(() => putBack)
      )
      renamed.push([path, to])
    }
    return { notes, told: Talk.say(`put aside: ${file}.${stamp}`), putBack } satisfies Aside
  })

/** Checks the outputs by the old ledger, and gives what the new one has to know. */
const owned = (sink: typeof Sink.Service, list: string) =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const marks = Mark.marks(ledger)
    yield* sink.check(marks)
    // what was spent stays spent, and a pause goes on: the server knows nothing of ledgers
    const spent = yield* ledger.note("spent")
    const notes: Record<string, unknown> = spent === undefined ? {} : { spent }
    for (const output of sink.outputs) {
      const name = Mark.ofTable(output, list)
      const mark = yield* marks.read(name)
      if (mark?.isOurs !== true) continue
      notes[Mark.note(name)] = { ...mark, list: -1, position: 0, isComplete: false } satisfies Mark.Mark
    }
    return notes
  })
