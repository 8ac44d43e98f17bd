/**
 * Where records go: what an `-o` stands for.
 */
import { FileSystem, Path } from "@effect/platform"
import { Effect, Option, Redacted } from "effect"
import * as Errno from "../Errno.ts"
import * as Format from "../Job/Format.ts"
import * as Sink from "../Sink.ts"
import * as File from "../Sink/File.ts"
import * as Gzip from "../Sink/Gzip.ts"
import { settled, type Summary } from "../Summary.ts"
import { UsageError } from "./Argv.ts"
import type * as Command from "./Command.ts"
import type { Place } from "./Distinct.ts"
import * as Environment from "./Environment.ts"
import * as Flag from "./Flag.ts"
import type { Named } from "./Ledgers.ts"
import * as Ledgers from "./Ledgers.ts"
import * as Stdout from "./Stdout.ts"
import * as Talk from "./Talk.ts"

type Service = typeof Sink.Sink.Service

/** What an output is. Adding one is a file in Sink/ and a key in {@link kinds}. */
interface Kind {
  readonly matches: (output: string) => boolean
  readonly make: (
    output: string,
    id: string,
    options: Sink.Options
  ) => Effect.Effect<Service, UsageError | Sink.SinkError, FileSystem.FileSystem | Path.Path>
}

/** The kinds of output by name; the first that matches is taken. */
export const kinds = {
  stdout: {
    matches: (output: string) => output === "-",
    make: (_output, _id, options) => Effect.succeed(Sink.make(Stdout.target, options))
  },
  postgres: {
    matches: Ledgers.isUrl,
    make: (output, _id, options) =>
      Effect.gen(function*() {
        const { make } = yield* Effect.promise(() => import("../Sink/Postgres.ts"))
        return yield* make(Redacted.make(yield* Environment.fill(output)), options)
      })
  },
  sqlite: {
    matches: (output: string) => Format.database.test(output),
    make: (output, id, options) =>
      Effect.gen(function*() {
        const [, file = "", query] = Format.database.exec(output)!
        const table = query === undefined ? undefined : /^table=(.+)$/s.exec(query)?.[1]
        if (query !== undefined && table === undefined) {
          return yield* new UsageError({
            message: `${output}: what follows the ? names a table: ${file}?table=NAME`
          })
        }
        const { make } = yield* Effect.promise(() => import("../Sink/Sqlite.ts"))
        return make(file, { id: Format.fileOf(id), ...(table === undefined ? {} : { table }) }, options)
      })
  },
  parquet: {
    matches: (output: string) => /\.parquet$/i.test(output),
    make: (output, id, options) =>
      Effect.flatMap(
        Effect.promise(() => import("../Sink/Parquet.ts")),
        ({ make }) => Effect.map(fileOf(output, id), (target) => make(target, options))
      )
  },
  xlsx: {
    matches: (output: string) => /\.xlsx$/i.test(output),
    make: (output, id, options) =>
      Effect.flatMap(
        Effect.promise(() => import("../Sink/Xlsx.ts")),
        ({ make }) => Effect.map(fileOf(output, id), (target) => make(target, options))
      )
  },
  file: {
    matches: () => true,
    make: (output, id, options) =>
      Effect.map(
        fileOf(output, id),
        (target) => Sink.make(Format.isPacked(output) ? Gzip.packed(target) : target, options)
      )
  }
} as const satisfies Record<string, Kind>

/** A file to which one run at a time writes. */
const fileOf = (output: string, id: string) =>
  Effect.flatMap(
    // SQLite is not loaded before it is needed
    Effect.promise(() => import("../Sink/Lock.ts")),
    ({ ofFile }) => File.make(output, id, ofFile(output))
  )

/** Kinds of files that are no text. */
const books: ReadonlySet<string> = new Set(["parquet", "xlsx"])

/** The kind of an output. A format that is named counts more than the ending of a file. */
const kindOf = (output: string, hasFormat: boolean): keyof typeof kinds => {
  const [name] = Object.entries(kinds).find(([, kind]) => kind.matches(output))!
  return hasFormat && books.has(name) ? "file" : name as keyof typeof kinds
}

/** Whether an output is a file, which grows as `OUT.part`. */
export const isFile = (output: string): boolean => ["file", ...books].includes(kindOf(output, false))

/** How the records of a file are written, unless a flag says so: as its ending tells, and as NDJSON where it has none. */
const formatOf = (
  output: string,
  entries: boolean,
  fallback: Format.Name
): Effect.Effect<Format.Name, UsageError> => {
  const ending = Format.endingOf(output)
  if (output === "-" || ending === undefined) return Effect.succeed(fallback)
  const format = Format.ofName(output)
  if (format !== undefined && (format !== "lines" || entries)) return Effect.succeed(format)
  return new UsageError({
    message: format === "lines"
      ? `${output}: lines of text hold the codes alone, without what was answered: ${instead}`
      : `${output}: ${ending} is no kind of output: ${instead}`
  })
}

/** Says how the files are written whose names tell it as little as a flag does. */
export const guessed = (
  { format, output }: Pick<Command.Values<typeof flags>, "format" | "output">,
  fallback: Format.Name
): ReadonlyArray<string> =>
  Option.isSome(format) ? [] : output
    // neither a device nor a folder
    .filter((name) =>
      isFile(name) && Format.endingOf(name) === undefined && !/^-$|^\/dev\/|(?:^|[\\/])\.{0,2}$/.test(name)
    )
    .map((name) =>
      `${name}: no ending tells how it is written, so it is ${
        fallback === "lines" ? "one code a line" : fallback.toUpperCase()
      } (--format says otherwise)`
    )

const instead = `end it in ${Format.endings.join(", ")} (each with .gz too), .xlsx, .parquet or .db, `
  + "or say which it is with --format"

/** The files that outputs are written to. */
export const places = (outputs: ReadonlyArray<string>): ReadonlyArray<Place> =>
  outputs.flatMap((output): ReadonlyArray<Place> => {
    if (output === "-") return [{ path: "/dev/stdout", what: "standard output" }]
    if (Ledgers.isUrl(output)) return []
    if (!isFile(output)) return [{ path: Format.fileOf(output), what: output, shares: output }]
    return [{ path: output, what: output }, { path: `${output}.part`, what: output }]
  })

/** Fails where the folder of an output is not there: a run names it before its ledger, and a plan does too. */
export const checkFolders = (outputs: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    for (const output of outputs) {
      if (output === "-" || Ledgers.isUrl(output)) continue
      yield* Effect.mapError(fs.stat(`${path.dirname(Format.fileOf(output))}/`), (cause) =>
        new Sink.SinkError({
          reason: "Open",
          sink: output,
          detail: `it cannot be made: ${Errno.ofWriting(cause)}`,
          cause
        }))
    }
  })

const group = "Output"

/** The flags that say how records are laid out. */
export const flags = {
  output: Flag.of("output", {
    group,
    alias: "o",
    value: "FILE",
    help: "FILE, 'x.db?table=NAME', postgres://… (stdout)"
  }),
  format: Flag.of("format", {
    group,
    value: "FORMAT",
    help: `${Format.names.join(", ")}; else by the ending: .xlsx, .parquet, .db too`
  }),
  excel: Flag.of("excel", { group, help: "CSV that a spreadsheet can open: no cell is taken for a formula" }),
  noTiming: Flag.of("no-timing", { group, help: "leave ms and at out of the records" })
}

/** Where the records of an output are by now. */
export const whereabouts = (
  output: string,
  { outcomes, pending }: Summary
): Effect.Effect<string, never, FileSystem.FileSystem> => {
  if (output === "-") return Effect.succeed("standard output")
  if (pending === 0 || !isFile(output)) return Effect.succeed(Environment.shown(output))
  return Effect.map(
    Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.exists(`${output}.part`), () => false)),
    (isThere) =>
      isThere
        ? `${output}.part, not complete: rollcall export ${output} shows what is there`
        : settled(outcomes) === 0
        ? `${output}, not yet written`
        : `${output}, not yet written: rollcall export ${output} shows the ${Talk.counted(settled(outcomes), "answer")}`
  )
}

/** The sink that the flags describe: standard output where no other is named. */
export const sink = (
  values: Command.Values<typeof flags>,
  options: Pick<Sink.Options, "select" | "entries">,
  ledger: Named,
  /** The format where neither a flag nor an ending tells another. */
  fallback: Format.Name
): Effect.Effect<Service, UsageError | Sink.SinkError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const layout = { ...options, noTiming: values.noTiming, excel: values.excel }
    if (values.output.length === 0 && (yield* Stdout.isMissing)) {
      return yield* new UsageError({
        message:
          "standard output is closed, and no other output is named: name one with -o (-o - throws the records away)"
      })
    }
    const outputs = values.output.length === 0 ? ["-"] : values.output
    const sinks = yield* Effect.forEach(outputs, (output) =>
      Effect.gen(function*() {
        const kind = kindOf(output, Option.isSome(values.format))
        const format = Option.isSome(values.format)
          ? values.format.value
          : kind === "file" || kind === "stdout"
          ? yield* formatOf(output, options.entries === true, fallback)
          : fallback
        const make: Kind["make"] = kinds[kind].make
        return yield* make(output, Ledgers.outputId(path, ledger, output), {
          ...layout,
          format: Format.formats[format]
        })
      }))
    return sinks.length === 1 ? sinks[0]! : Sink.all(sinks)
  })
