/**
 * JobNote: the job of a list, as its ledger keeps it, so that the run can go on by its name.
 */
import type { Path } from "@effect/platform"
import { Effect, Option, Schema } from "effect"
import * as Job from "../Job.ts"
import type { Reader } from "../Ledger.ts"
import { inFile } from "./Argv.ts"
import * as Ledgers from "./Ledgers.ts"

/** What is kept. */
const Kept = Schema.Struct({
  /** As a job file has it, with secrets by their names alone. */
  job: Schema.Unknown,
  /** The folder that names of files are seen from, as the ledger names files. */
  folder: Schema.String
})
export type Kept = typeof Kept.Type

/** What a ledger is to keep of a job that is run in this folder. */
export const make = (path: Path.Path, ledger: Ledgers.Named, settings: Job.Settings): Kept => ({
  job: Job.kept(settings, process.env),
  folder: Ledgers.outputId(path, ledger, ".") || "."
})

/** What is kept of the job of a list; nothing where an older rollcall ran it. */
export const read = (ledger: Pick<Reader, "note">, list: string) =>
  Effect.map(ledger.note(nameOf(list)), (note) => Option.getOrUndefined(Schema.decodeUnknownOption(Kept)(note)))

/** The note of a ledger that is the job of a list. */
export const nameOf = (list: string): string => `job ${list}`

/** The folder in which the job was run. */
export const folderOf = (path: Path.Path, ledger: Ledgers.Named, folder: string): string =>
  ledger.files.length === 0 ? folder : path.resolve(path.dirname(path.resolve(ledger.text)), folder)

/** The keys whose texts name files. */
const files: ReadonlySet<string> = new Set([inFile, "output", "ledger", "header-file", "ca", "cert", "key"])

/** Settings with the names of files as they are seen from this folder. */
export const moved = (path: Path.Path, settings: Job.Settings, folder: string): Job.Settings => {
  const from = (text: string) =>
    text === "-" || path.isAbsolute(text) || /^\w+:\/\//.test(text) || path.resolve(folder) === path.resolve(".")
      ? text
      : path.join(folder, text)
  return settings.map(([name, text]) =>
    files.has(name)
      ? [name, from(text)]
      : name === "data" && /^@(?!@)/.test(text)
      ? [name, `@${from(text.slice(1))}`]
      : [name, text]
  )
}

/** How a run is called where it is to go on. */
export const commandOf = (path: Path.Path, ledger: Ledgers.Named, name: string, isOnly: boolean): string => {
  const isBeside = ledger.files.length > 0 && Ledgers.isSame(path, ledger, `${name}.ledger`)
  const words = isBeside ? [name] : isOnly ? [ledger.text] : [name, "--ledger", ledger.text]
  return `rollcall resume ${words.map((word) => /[^\w./:@+-]/.test(word) ? `'${word}'` : word).join(" ")}`
}
