/**
 * Where records go: what an `-o` stands for.
 */
import { type FileSystem, Path } from "@effect/platform"
import { Effect, Option, Redacted } from "effect"
import * as Sink from "../Sink.ts"
import * as File from "../Sink/File.ts"
import { UsageError } from "./Argv.ts"
import type * as Command from "./Command.ts"
import * as Environment from "./Environment.ts"
import * as Flag from "./Flag.ts"
import * as Format from "./Format.ts"
import type { Named } from "./Ledgers.ts"
import * as Ledgers from "./Ledgers.ts"
import * as Stdout from "./Stdout.ts"

type Service = typeof Sink.Sink.Service

/** What an output is. Adding one is a file in Sink/ and a key in {@link kinds}. */
interface Kind {
  readonly matches: (output: string) => boolean
  readonly make: (
    output: string,
    id: string,
    options: Sink.Options,
    isExport: boolean
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
    matches: (output: string) => /\.(db|sqlite3?)(\?table=[^/]+)?$/i.test(output),
    make: (output, id, options) =>
      Effect.gen(function*() {
        const [file = "", table] = output.split("?table=")
        const { make } = yield* Effect.promise(() => import("../Sink/Sqlite.ts"))
        const place = { id: id.split("?table=")[0]!, ...(table === undefined ? {} : { table }) }
        return make(file, place, options)
      })
  },
  parquet: {
    matches: (output: string) => /\.parquet$/i.test(output),
    make: (output, id, options, isExport) =>
      isExport
        ? Effect.flatMap(Effect.promise(() => import("../Sink/Parquet.ts")), ({ make }) => make(output, id, options))
        : new UsageError({
          message:
            `${output}: Parquet needs all rows at once: run to another file first, then rollcall export -o ${output}`
        })
  },
  file: {
    matches: () => true,
    make: (output, id, options) => Effect.map(File.make(output, id), (target) => Sink.make(target, options))
  }
} as const satisfies Record<string, Kind>

/** Whether an output is a file, which grows as `OUT.part`. */
export const isFile = (output: string): boolean =>
  Object.entries(kinds).find(([, kind]) => kind.matches(output))?.[0] === "file"

const group = "Output"

/** The flags that say how records are laid out. */
export const flags = {
  output: Flag.repeated("output", Flag.text, {
    group,
    alias: "o",
    value: "FILE",
    help: "FILE, 'x.db?table=NAME', postgres://… (stdout)"
  }),
  format: Flag.optional("format", Flag.choice(Format.names), {
    group,
    value: "FORMAT",
    help: `${Format.names.join(", ")}; else by the ending, else ndjson`
  }),
  excel: Flag.toggle("excel", { group, help: "CSV that a spreadsheet can open: no cell is taken for a formula" }),
  noTiming: Flag.toggle("no-timing", { group, help: "leave ms and at out of the records" })
}

/** The sink that the flags describe: standard output where no other is named. */
export const sink = (
  values: Command.Values<typeof flags>,
  options: Pick<Sink.Options, "select" | "entries">,
  ledger: Named,
  /** The format where neither a flag nor an ending tells another. */
  { fallback, isExport }: { readonly fallback: Format.Name; readonly isExport: boolean }
): Effect.Effect<Service, UsageError | Sink.SinkError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const layout = { ...options, noTiming: values.noTiming, excel: values.excel }
    const outputs = values.output.length === 0 ? ["-"] : values.output
    const sinks = yield* Effect.forEach(outputs, (output) => {
      const kind: Kind = Object.values(kinds).find((kind: Kind) => kind.matches(output))!
      const format = Format.formats[Option.getOrElse(values.format, () => Format.ofName(output) ?? fallback)]
      return kind.make(output, Ledgers.outputId(path, ledger, output), { ...layout, format }, isExport)
    })
    return sinks.length === 1 ? sinks[0]! : Sink.all(sinks)
  })
