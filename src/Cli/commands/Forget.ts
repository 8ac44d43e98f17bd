/**
 * `rollcall forget`: removes answers from a ledger, all that is known of some codes, or all of it.
 */
import { FileSystem, Path } from "@effect/platform"
import { Clock, Duration, Effect, Option } from "effect"
import * as Key from "../../Job/Key.ts"
import { busy, type Forget, Ledger, type Listed } from "../../Ledger.ts"
import { Limit } from "../../Policy/DurationText.ts"
import * as Withheld from "../../Rollcall/Withheld.ts"
import * as Mark from "../../Sink/Mark.ts"
import { settled } from "../../Summary.ts"
import { UsageError } from "../Argv.ts"
import * as Command from "../Command.ts"
import * as Flag from "../Flag.ts"
import * as Ledgers from "../Ledgers.ts"
import * as Redo from "../Redo.ts"
import * as Talk from "../Talk.ts"

const group = "What"

export const command = Command.make({
  name: "forget",
  summary: "remove the answers of a run from its ledger, or the ledger itself",
  usage: "rollcall forget [OUTPUT | LEDGER] [OPTIONS]",
  examples: ["rollcall forget zips.ndjson --older-than 90d", "rollcall forget people.csv --code 4711"],
  about: Ledgers.about,
  argument: "RUN",
  flags: {
    ...Ledgers.flags,
    code: Flag.repeated("code", Key.text, {
      group,
      value: "CODE",
      help: "all that is known of this code, its rows too"
    }),
    codes: Flag.optional("codes", Key.text, { group, value: "FILE", help: "the same for the codes in FILE" }),
    olderThan: Flag.optional("older-than", Limit, {
      group,
      value: "TIME",
      help: "only answers that are older, such as 90d"
    }),
    answers: Flag.toggle("answers", { group, help: "every answer; the outcomes stay" }),
    all: Flag.toggle("all", { group, help: "the whole ledger; its output is then yours to move" }),
    force: Flag.toggle("force", { group, help: "also where a list is not answered to its end" })
  },
  handle: ({ all, answers, code, codes, force, ledger: file, olderThan }, argument) =>
    Effect.gen(function*() {
      const ofCodes = [
        ...code,
        ...(Option.isSome(codes) ? yield* Redo.codesOf("--codes", codes.value) : [])
      ]
      const given = [ofCodes.length > 0, Option.isSome(olderThan), answers, all].filter((is) => is).length
      if (given !== 1) {
        return yield* new UsageError({
          message: given > 1
            ? `${choice} at a time`
            : `say what: ${choice} (--answers keeps the outcomes, --all removes the ledger)`
        })
      }
      if (all && Option.isNone(argument) && Option.isNone(file)) {
        return yield* new UsageError({ message: "--all removes a whole ledger: name it, rollcall forget OUTPUT --all" })
      }
      const named = yield* Ledgers.find(argument, file)
      const holder = yield* named.holder
      if (holder !== undefined) return yield* busy(named.name, holder)
      const lists = yield* Effect.provide(Effect.flatMap(Ledger, ({ lists }) => lists), named.read)
      yield* Ledgers.refuseOthers(named, lists, argument)
      if (ofCodes.length > 0) return yield* forgetCodes(named, lists, ofCodes)
      yield* refuseShared(named, lists, Option.orElse(argument, () => file))
      const pending = yield* Effect.gen(function*() {
        const ledger = yield* Ledger
        const counts = yield* Effect.forEach(lists, ({ id }) => ledger.counts(id))
        return counts.reduce((sum, { outcomes, questions }) => sum + questions - settled(outcomes), 0)
      }).pipe(Effect.provide(named.read))
      if (pending > 0 && !force) {
        return yield* new UsageError({
          message:
            `${Talk.counted(pending, "code is", "codes are")} pending: the run is not complete, and its output would `
            + "need what is forgotten (run it to its end first, or --force)"
        })
      }
      if (all) {
        const outputs = yield* outputsThere(named, lists)
        yield* named.remove
        yield* Talk.say(`${named.name}: removed${
          outputs.length === 0
            ? ""
            : `; ${Ledgers.some(outputs)} ${outputs.length === 1 ? "stays: move it" : "stay: move them"} away before `
              + "the next run, which asks everything again"
        }`)
        return 0
      }
      const before = Option.isNone(olderThan)
        ? undefined
        : (yield* Clock.currentTimeMillis) - Duration.toMillis(olderThan.value)
      const unwritten = yield* Effect.provide(outdated(named, lists), named.read)
      const count = yield* forget(named, { before })
      const holding = yield* outputsThere(named, lists)
      yield* Talk.say(
        `${named.name}: ${Talk.counted(count, "reply", "replies")} forgotten; the outcomes are kept, ${
          unwritten.length === 0 || count === 0
            ? "so nothing is asked again"
            : `but the next run writes ${Ledgers.some(unwritten)} anew and needs them: --redo forgotten asks again`
        }`
      )
      if (count > 0 && holding.length > 0) {
        yield* Talk.say(`${Ledgers.some(holding)} ${holding.length === 1 ? "holds" : "hold"} what was written there`)
      }
      return 0
    })
})

const choice = "one of --code CODE, --codes FILE, --older-than 90d, --answers and --all"

/** What a list says is not said of the others of its ledger. */
const refuseShared = (named: Ledgers.Named, lists: ReadonlyArray<Listed>, argument: Option.Option<string>) =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    if (lists.length < 2 || Option.exists(argument, (text) => Ledgers.isSame(path, named, text))) return
    const names = Ledgers.some(lists.map((list) => Ledgers.nameOf(path, named, list)))
    return yield* new UsageError({
      message:
        `${named.name} holds ${lists.length} lists, ${names}: for all of them name the ledger: rollcall forget ${named.name} …`
    })
  })

/** Outputs that do not stand as their lists are now, so that the next run writes them anew. */
const outdated = (named: Ledgers.Named, lists: ReadonlyArray<Listed>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const ledger = yield* Ledger
    const { changedSince, read } = Mark.marks(ledger)
    const all = lists.flatMap((list) => list.outputs.map((id) => ({ id, list })))
    const found = yield* Effect.filter(all, ({ id, list }) =>
      Effect.gen(function*() {
        const mark = yield* read(id)
        // what has none is no file: what stands there is not looked at
        if (mark === undefined) return false
        if (!mark.isComplete || mark.list !== list.id) return true
        const isThere = Ledgers.isElsewhere(list)
          || (yield* Effect.orElseSucceed(fs.exists(Ledgers.pathOf(path, named, list, id)), () => true))
        if (!isThere) return true
        return (yield* changedSince(list, mark.epoch)) < Infinity
      }))
    return found.map(({ id, list }) => Ledgers.pathOf(path, named, list, id))
  })

/** The outputs of lists that stand in files here. */
const outputsThere = (named: Ledgers.Named, lists: ReadonlyArray<Listed>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const files = lists.filter((list) => !Ledgers.isElsewhere(list)).flatMap((list) =>
      list.outputs.map((id) => Ledgers.pathOf(path, named, list, id))
    )
    return yield* Effect.filter([...new Set(files)], (file) => Effect.orElseSucceed(fs.exists(file), () => false))
  })

const forget = (named: Ledgers.Named, what: Forget) =>
  Effect.provide(
    Effect.flatMap(Ledger, (ledger) => Effect.zipRight(Withheld.forget(ledger), ledger.forget(what))),
    named.open
  )

/** Removes the codes from the ledger, and says which files still hold them: those are the user's. */
const forgetCodes = (named: Ledgers.Named, lists: ReadonlyArray<Listed>, codes: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const count = yield* forget(named, { codes })
    if (count === 0) {
      yield* Talk.say(
        codes.length === 1
          ? `${named.name}: the code ${codes[0]} was never asked`
          : `${named.name}: none of the ${Talk.count(codes.length)} codes was ever asked`
      )
      return 0
    }
    yield* Talk.say(
      `${named.name}: ${Talk.count(count)} of ${Talk.counted(codes.length, "code")} forgotten, with all that was known`
    )
    const files = lists.flatMap((list) => {
      const outputs = list.outputs.map((id) => Ledgers.pathOf(path, named, list, id))
      // those of another machine cannot be looked at
      return Ledgers.isElsewhere(list)
        ? outputs.filter((file) => file.startsWith(`${list.host}:`)).map((file) => Effect.succeed([file]))
        : [list.source, ...outputs].map((file) =>
          Effect.match(fs.exists(file), { onFailure: () => [], onSuccess: (isThere) => isThere ? [file] : [] })
        )
    })
    const there = [...new Set((yield* Effect.all(files)).flat())]
    if (there.length > 0) {
      yield* Talk.say(`these files may still hold them: ${there.join(", ")}; the next run writes its output anew`)
    }
    const sources = [...new Set(lists.map(({ source }) => source))]
    yield* Talk.say(
      `take ${count === 1 ? "the row" : "the rows"} out of ${Ledgers.some(sources)}, or the next run asks ${
        count === 1 ? "it" : "them"
      } again`
    )
    return 0
  })
