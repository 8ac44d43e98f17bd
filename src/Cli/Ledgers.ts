/**
 * Which ledger a command means, and how it is opened: a file for SQLite, a URL for PostgreSQL.
 */
import { FileSystem, Path } from "@effect/platform"
import { Config, Effect, type Layer, Option, Redacted, Schema } from "effect"
import { homedir, hostname } from "node:os"
import * as Errno from "../Errno.ts"
import * as Hash from "../Hash.ts"
import * as Format from "../Job/Format.ts"
import * as Key from "../Job/Key.ts"
import { type Holder, Ledger, LedgerError, type Listed } from "../Ledger.ts"
import * as Failure from "../Ledger/Sqlite/Failure.ts"
import { UsageError } from "./Argv.ts"
import * as Environment from "./Environment.ts"
import * as Flag from "./Flag.ts"

/** A ledger by the name that the user gave it. */
export interface Named {
  /** As given; a URL with its settings by name. */
  readonly text: string
  /** How it is written where everybody may read it. */
  readonly name: string
  /** Opens it for a run, which holds it. */
  readonly open: Layer.Layer<Ledger, LedgerError>
  /** Opens it for looking at it, also while a run holds it. */
  readonly read: Layer.Layer<Ledger, LedgerError>
  /** Who holds it now. */
  readonly holder: Effect.Effect<Holder | undefined, LedgerError>
  /** Its files, the ledger itself first; none for a database on a server. */
  readonly files: ReadonlyArray<string>
  /** Holds it without opening it. */
  readonly lock: Effect.Effect<void, LedgerError>
  /** Removes it with all that it holds. */
  readonly remove: Effect.Effect<void, LedgerError, FileSystem.FileSystem>
}

/** Whether a name is that of a database on a server. */
export const isUrl = (text: string): boolean => /^postgres(ql)?:\/\//.test(text)

/** The ledger of this name; it need not exist. What opens it is loaded only when it is needed. */
export const named = (text: string): Effect.Effect<Named, LedgerError | UsageError> =>
  isUrl(text) ? postgres(text) : sqlite(text)

const sqlite = (file: string): Effect.Effect<Named, LedgerError> =>
  Effect.map(
    Effect.tryPromise({ try: () => import("../Ledger/Sqlite.ts"), catch: Failure.make(file, "Open") }),
    (Sqlite): Named => {
      const files = [file, `${file}-wal`, `${file}-shm`]
      const lock = Effect.scoped(Sqlite.lock(file))
      return {
        text: file,
        name: file,
        open: Sqlite.layer(file),
        read: Sqlite.layerReader(file),
        holder: Sqlite.holder(file),
        files,
        lock,
        remove: Effect.zipRight(
          lock,
          Effect.flatMap(FileSystem.FileSystem, (fs) =>
            Effect.mapError(
              // the last is what a killed run leaves
              Effect.forEach([...files, `${file}-reserve`], (path) => fs.remove(path, { force: true }), {
                discard: true
              }),
              Failure.make(file, "Write")
            ))
        )
      }
    }
  )

const postgres = (text: string): Effect.Effect<Named, LedgerError | UsageError> =>
  Effect.gen(function*() {
    const url = Redacted.make(yield* Environment.fill(text))
    const Postgres = yield* Effect.promise(() => import("../Ledger/Postgres.ts"))
    const name = yield* Postgres.name(url)
    return {
      text,
      name,
      open: Postgres.layer(url),
      read: Postgres.layerReader(url),
      holder: Postgres.holder(url),
      files: [],
      lock: Effect.void,
      remove: Postgres.remove(url)
    }
  })

/** The folder for what is nobody's output. */
export const stateFolder = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const variable = (name: string) => Effect.orElseSucceed(Config.nonEmptyString(name), () => undefined)
  // where HOME is not set, a folder within the working folder is the last resort
  const home = (yield* variable("HOME")) ?? (yield* Effect.orElseSucceed(Effect.try(homedir), () => "."))
  const folder = path.join((yield* variable("XDG_STATE_HOME")) ?? path.join(home, ".local", "state"), "rollcall")
  yield* Effect.mapError(
    Effect.zipRight(fs.makeDirectory(folder, { recursive: true, mode: 0o700 }), fs.chmod(folder, 0o700)),
    (error) =>
      new UsageError({
        message: `${folder} cannot be made for the ledger (${Errno.ofWriting(error)}): name one with --ledger FILE`
      })
  )
  return folder
})

const hash = (value: unknown) => Effect.map(Hash.hex(JSON.stringify(value)), (hash) => hash.slice(0, 12))

/** Beside the first output file; else in the state folder, one for each list and request. */
export const standard = (
  outputs: ReadonlyArray<string>,
  list: string,
  fingerprint: Readonly<Record<string, string>>
): Effect.Effect<string, UsageError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const first = outputs.find((output) => output !== "-" && !isUrl(output))
    if (first !== undefined) return `${Format.fileOf(first)}.ledger`
    const path = yield* Path.Path
    const name = list === "-" ? "stdin" : path.parse(list).name.replace(/[^\w.-]/g, "_")
    return path.join(yield* stateFolder, `${name}-${yield* hash([list, fingerprint])}.ledger`)
  })

const Remembered = Schema.Struct({ ledger: Schema.String, outputs: Schema.Array(Schema.String) })

/** What is remembered of the runs in a folder: the last one, and those before it, the latest first. */
const Last = Schema.parseJson(
  Schema.Struct({ ...Remembered.fields, earlier: Schema.optionalWith(Schema.Array(Remembered), { default: () => [] }) })
)

/** Earlier runs of a folder that are remembered. */
const kept = 63

const lastFile = Effect.gen(function*() {
  const path = yield* Path.Path
  return path.join(yield* stateFolder, `last-${yield* hash(path.resolve("."))}.json`)
})

/** The runs that are remembered of this folder, the last one first. */
const runsHere = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const { earlier, ...last } = yield* Schema.decode(Last)(yield* fs.readFileString(yield* lastFile))
  return [last, ...earlier]
}).pipe(Effect.orElseSucceed((): ReadonlyArray<typeof Remembered.Type> => []))

/** Remembers a run as the last one in this folder, so that `status` and others need no name. A run goes on without it. */
export const remember = (ledger: Named, outputs: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const absolute = ledger.files.length === 0 ? ledger.text : path.resolve(ledger.text)
    // a password that was written out is not written anywhere again
    if (isUrl(absolute) && Environment.hasPassword(absolute)) return
    const last = { ledger: absolute, outputs: outputs.map((output) => path.resolve(output)) }
    const earlier = (yield* runsHere).filter(({ ledger, outputs }) =>
      outputs.length === 0 ? ledger !== absolute : !outputs.every((output) => last.outputs.includes(output))
    )
    const text = yield* Schema.encode(Last)({ ...last, earlier: earlier.slice(0, kept) })
    yield* fs.writeFileString(yield* lastFile, text, { mode: 0o600 })
  }).pipe(Effect.ignore)

/** What names a run besides the argument. A job file does, too. */
export const flags = {
  ledger: Flag.optional("ledger", Key.text, {
    group: "Run",
    value: "FILE",
    help: "the ledger of the run, where OUTPUT does not tell it"
  }),
  job: Flag.optional("job", Key.text, { group: "Run", value: "FILE", help: "the run of this job file" })
}

/** What the argument of a reading command means. */
export const about = "A run is named by its output or its ledger; without a name it is the last one in this folder."

/** Fails where the folder of a ledger is not there. */
export const checkFolder = ({ files: [file], name }: Named) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    if (file === undefined) return
    yield* Effect.mapError(fs.stat(`${path.dirname(file)}/`), (cause) => {
      const isAbsent = Errno.codeOf(cause) === "ENOENT"
      return new LedgerError({
        reason: "Open",
        ledger: name,
        message: `${Errno.ofWriting(cause)}${isAbsent ? ": make it, or name another file" : ""}`,
        ...(isAbsent ? { remedy: "ledger" } : {}),
        cause
      })
    })
  })

/** The ledger that a reading command means by a flag, or by an output, a ledger, or nothing: the last run in this folder. */
export const find = (
  argument: Option.Option<string>,
  ledger: Option.Option<string> = Option.none()
): Effect.Effect<Named, UsageError | LedgerError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    if (Option.isSome(ledger)) return yield* named(ledger.value)
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const exists = (file: string) => Effect.orElseSucceed(fs.exists(file), () => false)
    const runs = yield* runsHere
    if (Option.isNone(argument)) {
      const [last] = runs
      if (last !== undefined) return yield* named(relative(path, last.ledger))
      const here = (yield* ledgersIn(".")).toSorted()
      if (here.length === 1) return yield* named(here[0]!)
      return yield* new UsageError({
        message: here.length === 0
          ? "which run? None is known in this folder: name its output or its ledger"
          : `which run? There are ${here.slice(0, 5).join(", ")}${here.length > 5 ? ", …" : ""}: name one of them`
      })
    }
    const text = argument.value
    if (isUrl(text)) return yield* named(text)
    const beside = `${Format.fileOf(text)}.ledger`
    if (yield* exists(beside)) return yield* named(beside)
    const run = runs.find(({ outputs }) => outputs.includes(path.resolve(text)))
    if (run !== undefined) return yield* named(relative(path, run.ledger))
    if (yield* isLedger(text)) return yield* named(text)
    const holding = yield* holdingOutput(path.dirname(text), text)
    if (holding !== undefined) return holding
    return yield* new UsageError({
      message: (yield* exists(text))
        ? `there is no ${text}.ledger, and ${text} is the output of no run that is known here: name the ledger itself`
        : `there is neither ${text} nor ${text}.ledger: name the output of a run, or its ledger`
    })
  })

/** The names of the ledgers in a folder. */
export const ledgersIn = (folder: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const names = yield* Effect.orElseSucceed(fs.readDirectory(folder), () => [])
    return names.filter((name) => name.endsWith(".ledger")).map((name) =>
      folder === "." ? name : path.join(folder, name)
    )
  })

/** Ledgers in a folder that are looked into. */
const looks = 100

/** The ledger in a folder that has a list with this output. */
const holdingOutput = (folder: string, output: string) =>
  Effect.gen(function*() {
    for (const file of (yield* ledgersIn(folder)).slice(0, looks)) {
      if (!(yield* isLedger(file))) continue
      const ledger = yield* named(file)
      const lists = yield* Effect.flatMap(Ledger, ({ lists }) => lists).pipe(
        Effect.provide(ledger.read),
        Effect.orElseSucceed(() => [])
      )
      if ((yield* listsOf(ledger, lists, Option.some(output))).length > 0) return ledger
    }
    return undefined
  })

/** A database with the mark of a ledger in its header (see Ledger/Sqlite/Tables), or with a journal in which that may stand yet. */
const isLedger = (file: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const bytes = yield* Effect.scoped(Effect.flatMap(fs.open(file), (opened) => opened.readAlloc(72)))
    const header = Option.match(bytes, { onNone: () => "", onSome: (bytes) => String.fromCharCode(...bytes) })
    return header.startsWith("SQLite format 3") && (header.endsWith("ROLL") || (yield* fs.exists(`${file}-wal`)))
  }).pipe(Effect.orElseSucceed(() => false))

const relative = (path: Path.Path, file: string) => {
  const shorter = isUrl(file) ? file : path.relative(".", file)
  return shorter.startsWith("..") ? file : shorter
}

/** The lists of a ledger that an argument names: by an output, or as the list is called where it has no file. */
export const listsOf = (
  ledger: Named,
  lists: ReadonlyArray<Listed>,
  argument: Option.Option<string>
): Effect.Effect<ReadonlyArray<Listed>, never, Path.Path> =>
  Effect.map(
    Path.Path,
    (path) =>
      lists.filter((list) =>
        Option.exists(argument, (text) => [list.name, ...list.outputs].some(isCalled(path, ledger, list, text)))
      )
  )

/** Whether an id is that of a file that is called so: here, or as {@link pathOf} calls it. */
const isCalled = (path: Path.Path, ledger: Named, list: Listed, text: string) => {
  const asked = outputId(path, ledger, text)
  return (id: string) => id === asked || pathOf(path, ledger, list, id) === text
}

/** The name of a list for its user: the output by which it was asked for, its first one, or where its entries came from. */
export const nameOf = (
  path: Path.Path,
  ledger: Named,
  list: Listed,
  argument: Option.Option<string> = Option.none()
): string => {
  const { name, outputs, source } = list
  const asked = Option.map(argument, (text) => outputs.find(isCalled(path, ledger, list, text)))
  const shown = Option.getOrUndefined(asked) ?? name
  return ledger.files.length === 0 || outputs.includes(shown) ? pathOf(path, ledger, list, shown) : source
}

/** An argument that names a list which the ledger does not have; the ledger itself, or nothing, names all of them. */
export const refuseOthers = (
  ledger: Named,
  lists: ReadonlyArray<Listed>,
  argument: Option.Option<string>
): Effect.Effect<void, UsageError, Path.Path> =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    if (Option.isNone(argument) || isItself(path, ledger, argument.value)) return
    if (lists.length === 0 || (yield* listsOf(ledger, lists, argument)).length > 0) return
    const names = lists.map((list) => nameOf(path, ledger, list))
    return yield* new UsageError({ message: `${ledger.name} has no list ${argument.value}: it holds ${some(names)}` })
  })

/** Whether the argument names the ledger itself, or the output that it stands beside. */
const isItself = (path: Path.Path, ledger: Named, text: string) =>
  [text, `${Format.fileOf(text)}.ledger`].some((file) => isSame(path, ledger, file))

/** Whether a file is the ledger. */
export const isSame = (path: Path.Path, ledger: Named, file: string): boolean =>
  isUrl(file) ? file === ledger.text || file === ledger.name : path.resolve(file) === path.resolve(ledger.text)

/** A few names. */
export const some = (names: ReadonlyArray<string>): string =>
  `${names.slice(0, 5).join(", ")}${names.length > 5 ? `, and ${names.length - 5} more` : ""}`

/** The only list that a reading command can mean: of several one has to be named, or it is that of the last run. */
export const listOf = (
  ledger: Named,
  lists: ReadonlyArray<Listed>,
  { argument, isNamed }: { readonly argument: Option.Option<string>; readonly isNamed: boolean }
): Effect.Effect<Listed, LedgerError | UsageError, Path.Path> =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const [last] = lists
    if (last === undefined) {
      return yield* new LedgerError({
        reason: "Missing",
        ledger: ledger.name,
        message: "it holds no list yet: the run that made it stopped while it read its input"
      })
    }
    const [found] = yield* listsOf(ledger, lists, argument)
    if (found !== undefined) return found
    yield* refuseOthers(ledger, lists, argument)
    if (lists.length === 1 || !isNamed) return last
    const names = lists.map((list) => nameOf(path, ledger, list))
    return yield* new UsageError({
      message: `${ledger.name} holds ${lists.length} lists, ${some(names)}: name one, and --ledger ${ledger.name}`
    })
  })

/** The file of an id that {@link outputId} made: as it is called here, or with the machine on which it is. */
export const pathOf = (path: Path.Path, ledger: Named, list: Listed, id: string): string => {
  if (ledger.files.length > 0) return relative(path, path.resolve(path.dirname(ledger.text), id))
  return isElsewhere(list) && path.isAbsolute(id) ? `${list.host}:${id}` : relative(path, id)
}

/** Whether the files of a list are those of another machine. */
export const isElsewhere = ({ host }: Listed): boolean => host !== undefined && host !== hostname()

/**
 * A file as its ledger knows it: seen from where the ledger is, so that a folder may be moved; in a database its path on its machine, of
 * which the name is no part, as a container has another one each time.
 */
export const outputId = (path: Path.Path, ledger: Named, output: string): string =>
  ledger.files.length === 0
    ? path.resolve(output)
    : path.relative(path.dirname(path.resolve(ledger.text)), path.resolve(output))
