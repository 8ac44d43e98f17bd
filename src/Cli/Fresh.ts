/**
 * `--fresh`: what an earlier run left is put aside. What may be refused is checked before anything is renamed, and all is put back where the
 * run ends, in whatever way, without a call: what an answer has cost, and what was spent, is known to the old ledger alone.
 */
import { FileSystem } from "@effect/platform"
import { Cause, DateTime, Effect, Exit, Option } from "effect"
import * as Errno from "../Errno.ts"
import { Ledger, LedgerError, type Notes } from "../Ledger.ts"
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
  /** The run has begun: it stays where it is. */
  readonly keep: Effect.Effect<void>
  /** Says under which names it stands. */
  readonly where: Effect.Effect<void>
}

/** Renames the ledger and the files of the sink while something is done; a ledger that is not there leaves everything as it is. */
export const around = <A, E, R>(
  ledger: Named,
  sink: typeof Sink.Service,
  { files: outputs, list }: { readonly files: ReadonlyArray<string>; readonly list: string },
  use: (aside: Aside | undefined) => Effect.Effect<A, E, R>
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
    if (!(yield* exists(file))) return yield* use(undefined)
    // not under a run that is going on
    yield* ledger.lock
    const notes = yield* owned(sink, list).pipe(
      Effect.provide(ledger.read),
      // one that cannot be read is a reason to begin anew
      Effect.catchTag("LedgerError", () => Effect.succeed({}))
    )

    const time = DateTime.formatIso(yield* DateTime.now).replace(/[-:]|\.\d+Z/g, "")
    const stamped = Effect.gen(function*() {
      let stamp = time
      for (let other = 2; yield* exists(`${file}.${stamp}`); other++) stamp = `${time}-${other}`
      return stamp
    })
    const renamed: Array<readonly [from: string, to: string]> = []
    /** Gives all that stands under these names others, and remembers it where it is to come back. */
    const rename = (paths: ReadonlyArray<string>, onRenamed: (from: string, to: string) => void) =>
      Effect.flatMap(stamped, (stamp) =>
        Effect.forEach(paths, (path) =>
          Effect.gen(function*() {
            if (!(yield* exists(path))) return
            const [, base, journal = ""] = /^(.*?)(-wal|-shm)?$/s.exec(path)!
            const to = `${base}.${stamp}${journal}`
            yield* fs.rename(path, to)
            onRenamed(path, to)
          }).pipe(
            Effect.mapError((error) =>
              new UsageError({
                message: `${path} cannot be put aside (${Errno.ofWriting(error)}): move it away yourself`
              })
            )
          ), { discard: true }))
    const back = Effect.gen(function*() {
      if (renamed.length === 0) return
      // what could not be removed gives way: a journal beside another ledger would damage that
      yield* Effect.ignore(rename([...ledger.files, ...renamed.map(([from]) => from)], () => {}))
      for (const [from, to] of renamed.splice(0).toReversed()) {
        yield* fs.rename(to, from).pipe(
          Effect.catchAll((error) =>
            Talk.say(`${to} cannot be put back (${Errno.ofWriting(error)}): rename it to ${from} yourself`)
          )
        )
      }
    })

    const putAside = rename(
      [...ledger.files, ...outputs.flatMap((output) => [output, `${output}.part`])],
      (from, to) => renamed.push([from, to])
    ).pipe(Effect.tapError(() => back))
    let isTold = false
    const where = Effect.suspend(() =>
      Talk.say(
        `nothing was answered; ${renamed.map(([from, to]) => `what was ${from} is ${to}`).join(", ")}: `
          + "rename it back to go on with it"
      )
    )
    let isKept = false
    const aside: Aside = {
      notes,
      told: Effect.suspend(() => {
        isTold = true
        return Talk.say(`put aside: ${names(renamed.map(([, to]) => to))}`)
      }),
      keep: Effect.sync(() => {
        isKept = true
      }),
      where
    }
    return yield* Effect.acquireUseRelease(putAside, () => use(aside), (_, exit) =>
      Effect.suspend(() => {
        if (isKept) return Effect.void
        // another run has begun meanwhile, under the names that were free
        if (isBusy(exit)) return where
        const put = names(renamed.map(([from]) => from))
        return Effect.zipRight(back, isTold ? Talk.say(`put back: ${put}`) : Effect.void)
      }))
  })

/** Without the journals. */
const names = (files: ReadonlyArray<string>): string => files.filter((file) => !/-(wal|shm)$/.test(file)).join(", ")

const isBusy = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && Option.exists(
    Cause.failureOption(exit.cause),
    (error) => error instanceof LedgerError && error.reason === "Busy"
  )

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
