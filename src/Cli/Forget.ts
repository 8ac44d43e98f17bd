/**
 * `rollcall forget`: removes answers from a ledger, or all of it.
 */
import { Effect } from "effect"
import { busy, Ledger } from "../Ledger.ts"
import * as Progress from "../Rollcall/Progress.ts"
import { UsageError } from "./Argv.ts"
import * as Command from "./Command.ts"
import * as Flag from "./Flag.ts"
import * as Ledgers from "./Ledgers.ts"
import * as Talk from "./Talk.ts"

const group = "What"

export const command = Command.make({
  name: "forget",
  summary: "remove the answers of a run from its ledger, or the ledger itself",
  usage: "rollcall forget [OUTPUT | LEDGER] [--all]",
  examples: ["rollcall forget zips.ndjson", "rollcall forget zips.ndjson --all"],
  about: Ledgers.about,
  argument: "RUN",
  flags: {
    ...Ledgers.flags,
    all: Flag.toggle("all", { group, help: "the whole ledger: a run would ask everything again" }),
    force: Flag.toggle("force", { group, help: "also where a list is not answered to its end" })
  },
  handle: ({ all, force }, argument) =>
    Effect.gen(function*() {
      const named = yield* Ledgers.find(argument)
      const holder = yield* named.holder
      if (holder !== undefined) return yield* busy(named.name, holder)
      const pending = yield* Effect.gen(function*() {
        const ledger = yield* Ledger
        const counts = yield* Effect.forEach(yield* ledger.lists, ({ id }) => ledger.counts(id))
        return counts.reduce((sum, { outcomes, questions }) => sum + questions - Progress.settled(outcomes), 0)
      }).pipe(Effect.provide(named.read))
      if (pending > 0 && !force) {
        return yield* new UsageError({
          message:
            `${Talk.counted(pending, "code is", "codes are")} pending: the run is not complete, and its output would `
            + "need what is forgotten (run it to its end first, or --force)"
        })
      }
      if (all) {
        yield* named.remove
        yield* Talk.say(`${named.name}: removed`)
        return 0
      }
      const count = yield* Effect.provide(Effect.flatMap(Ledger, ({ forget }) => forget), named.open)
      yield* Talk.say(
        `${named.name}: ${Talk.counted(count, "answer")} forgotten; the outcomes are kept, so nothing is asked again`
      )
      return 0
    })
})
