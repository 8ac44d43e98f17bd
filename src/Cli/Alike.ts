/**
 * Ledgers that have answered the same request, and what a ledger of another request holds.
 */
import { FileSystem, Path } from "@effect/platform"
import { Effect, Option } from "effect"
import { difference, Ledger, LedgerError } from "../Ledger.ts"
import type { Listing } from "../Rollcall.ts"
import { settled } from "../Summary.ts"
import type { Failure } from "./Command.ts"
import * as Ledgers from "./Ledgers.ts"
import * as Remedy from "./Remedy.ts"
import * as Talk from "./Talk.ts"

/** Ledgers in a folder that are looked into. */
const looks = 50

/** What a ledger has answered: how many, how many of them found, and of which request. */
const look = (named: Ledgers.Named) =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const counts = yield* Effect.forEach(yield* ledger.lists, ({ id }) => ledger.counts(id))
    const [one, ...others] = counts
    return {
      // a code that stands in several lists is one
      answered: one === undefined
        ? 0
        : others.length > 0
        ? (yield* ledger.distinct).answered
        : settled(one.outcomes),
      found: counts.reduce((sum, { outcomes }) => sum + outcomes.found, 0),
      request: (yield* ledger.note("request")) as Readonly<Record<string, string>> | undefined
    }
  }).pipe(Effect.provide(named.read))

/** A ledger that has answers to the same request. */
export interface Alike {
  readonly name: string
  /** How many of these questions it has answered. */
  readonly known: (keys: ReadonlyArray<string>) => Effect.Effect<number>
}

/** Which ledgers beside a new one have answers to the same request; none where the one that is to be used is there. */
export const find = (ledger: Ledgers.Named, fingerprint: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const context = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
    const [file] = ledger.files
    if (file === undefined || (yield* fs.exists(file))) return []
    const folder = yield* Ledgers.stateFolder
    const ours = yield* fs.readDirectory(folder)
    const names = [...yield* fs.readDirectory("."), ...ours.map((name) => path.join(folder, name))]
    const alike: Array<Alike> = []
    for (const name of names.filter((name) => name.endsWith(".ledger")).slice(0, looks)) {
      if (path.resolve(name) === path.resolve(file)) continue
      const found = yield* Effect.option(
        Effect.flatMap(Ledgers.named(name), (named) => Effect.map(look(named), (seen) => ({ ...seen, named })))
      )
      if (Option.isNone(found)) continue
      const { answered, named, request } = found.value
      if (answered === 0 || request === undefined || difference(request, fingerprint).length > 0) continue
      alike.push({
        name,
        known: (keys) =>
          Effect.flatMap(Ledger, (ledger) => ledger.known(keys)).pipe(
            Effect.provide(named.read),
            Effect.provide(context),
            Effect.match({ onFailure: () => 0, onSuccess: ({ size }) => size })
          )
      })
    }
    return alike
  }).pipe(Effect.orElseSucceed((): ReadonlyArray<Alike> => []))

/** Which of them has most of the answers that are about to be paid for again; nothing where none has any. */
export const hint = (alike: ReadonlyArray<Alike>, { firstKeys, questions }: Pick<Listing, "firstKeys" | "questions">) =>
  Effect.gen(function*() {
    const keys = [...firstKeys]
    const counts = yield* Effect.forEach(alike, ({ known }) => known(keys))
    const most = Math.max(0, ...counts)
    if (most === 0) return []
    const { name } = alike[counts.indexOf(most)]!
    const all = `${questions > keys.length ? "the first" : "these"} ${Talk.counted(keys.length, "answer")}`
    return [`${name} has ${Talk.count(most)} of ${all}: --ledger ${name} and another -o use them without a call`]
  })

/** Adds to a refusal because of another request what would be lost by the way out of it. */
export const explain = (named: Ledgers.Named) =>
<A, R>(
  run: Effect.Effect<A, Failure, R>
): Effect.Effect<A, Failure, R> =>
  Effect.catchTag(
    run,
    "LedgerError",
    (error) =>
      error.reason !== "Mismatch" ? Effect.fail(error) : Effect.flatMap(Effect.option(look(named)), (found) => {
        if (found._tag === "None") return Effect.fail(error)
        const { ledger, reason } = error
        const holds = found.value.found === 0
          ? "nothing in it was found"
          : `it holds ${Talk.counted(found.value.answered, "answer")}`
        return new LedgerError({
          reason,
          ledger,
          message: `${Remedy.told(error)}; ${holds}: --fresh puts it aside and starts anew`
        })
      })
  )
