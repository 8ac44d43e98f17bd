/**
 * `rollcall resume`: goes on with a run by its name. What it was typed with stands in its ledger, secrets by their names alone.
 */
import { FileSystem, Path } from "@effect/platform"
import { Effect, Option } from "effect"
import * as Job from "../../Job.ts"
import { Ledger } from "../../Ledger.ts"
import * as Pipe from "../../Source/Pipe.ts"
import * as Argv from "../Argv.ts"
import * as Command from "../Command.ts"
import * as IfRunning from "../IfRunning.ts"
import * as JobNote from "../JobNote.ts"
import * as Ledgers from "../Ledgers.ts"
import * as Parse from "../Parse.ts"
import * as Talk from "../Talk.ts"
import * as Run from "./Run.ts"

export const command = Command.make({
  name: "resume",
  summary: "go on with a run by its name, from any folder",
  usage: "rollcall resume [OUTPUT | LEDGER] [OPTIONS]",
  examples: ["rollcall resume zips.ndjson", "rollcall resume zips.ndjson --max-calls 10000"],
  about: `${Ledgers.about} An option counts more than what the run was typed with.`,
  argument: "RUN",
  flags: Run.flags,
  common: ["ledger", "concurrency", "rate", "max-calls", "max-cost", "max-time", "quiet"],
  handle: ({ ledger: given }, argument, typed) =>
    Effect.gen(function*() {
      const path = yield* Path.Path
      const named = yield* Ledgers.find(argument, given)
      const { kept, list } = yield* Effect.gen(function*() {
        const ledger = yield* Ledger
        const isNamed = Option.isSome(argument) || Option.isSome(given)
        const list = yield* Ledgers.listOf(named, yield* ledger.lists, { argument, isNamed })
        return { list, kept: yield* JobNote.read(ledger, list.name) }
      }).pipe(Effect.provide(named.read))
      if (kept === undefined) {
        return yield* usage(
          `${named.name} does not know with which command it was made: run that command once more, and resume knows it`
        )
      }
      const settings = yield* Effect.mapError(Job.decode(kept.job), ({ message }) => usage(`${named.name}: ${message}`))
      const said = typed.filter(([name]) => name !== Argv.inFile && name !== "ledger")
      const before = JobNote.moved(path, settings, JobNote.folderOf(path, named, kept.folder)).filter(([name]) =>
        name !== "ledger" && !said.some(([other]) => other === name)
      )
      const source = before.find(([name]) => name === Argv.inFile)?.[1]
      // what has come of a pipe has come, and stands in the ledger
      const isThere = source !== undefined && source !== "-" && !Pipe.is(source) && (yield* exists(source))
      if (!isThere) {
        yield* Talk.say(
          `${list.source} is not there any more: its ${
            Talk.counted(list.entries, "entry", "entries")
          } stand in the ledger`
        )
      }
      const all: Job.Settings = [
        ...said,
        ...before.filter(([name]) => name !== Argv.inFile),
        ["ledger", named.text],
        [Argv.inFile, isThere ? source : list.source]
      ]
      const flags = Object.values(Run.flags)
      const words = yield* Argv.normalize([], { name: "run", flags, argument: "FILE" }, () => undefined, all)
      const { file, values } = yield* Parse.parse<Command.Values<typeof Run.flags>>(Run.command, words)
      return yield* IfRunning.heed(
        values.ifRunning,
        Run.perform(values, file, all, { list: list.name, isEnlisted: !isThere })
      )
    })
})

const usage = (message: string) => new Argv.UsageError({ message })

const exists = (file: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.exists(file), () => false))
