/**
 * `rollcall run`: asks about every code, and goes on where an earlier run stopped.
 */
import { FileSystem, Path } from "@effect/platform"
import { Cause, Clock, Config, DateTime, Effect, Encoding, Exit, Layer, Option, Schema } from "effect"
import { setFlagsFromString } from "node:v8"
import { type Ledger, LedgerError } from "../Ledger.ts"
import * as Failure from "../Ledger/Sqlite/Failure.ts"
import * as Rollcall from "../Rollcall.ts"
import * as Progress from "../Rollcall/Progress.ts"
import type { Order } from "../Rollcall/Projection.ts"
import * as Sink from "../Sink.ts"
import * as File from "../Sink/File.ts"
import type { Summary } from "../Summary.ts"
import { stdin, UsageError } from "./Argv.ts"
import * as Command from "./Command.ts"
import * as Flag from "./Flag.ts"
import * as Job from "./Job.ts"
import * as Stdout from "./Stdout.ts"
import * as Talk from "./Talk.ts"

const formats = Object.keys(Sink.formats) as Array<Sink.FormatName>
const output = "Output"
const Text = Schema.String as Schema.Schema<string>

/** The flags of `run` beyond those of the job. */
export const flags = {
  ...Job.flags,
  output: Flag.repeated("output", Text, {
    group: output,
    alias: "o",
    value: "FILE",
    help: "where records go (standard output); repeatable"
  }),
  format: Flag.optional("format", Flag.choice(formats), {
    group: output,
    value: "FORMAT",
    help: `${formats.join(", ")}; else by the ending, else ndjson`
  }),
  order: Flag.optional("order", Flag.choice(["input", "done"]), {
    group: output,
    value: "ORDER",
    help: "input (default), or done: as answers come"
  }),
  noTiming: Flag.toggle("no-timing", { group: output, help: "leave ms and at out of the records" }),
  ledger: Flag.optional("ledger", Text, {
    group: output,
    value: "FILE",
    help: "what is known already (OUTPUT.ledger)"
  }),
  fresh: Flag.toggle("fresh", { group: output, help: "put the old ledger and output aside and start anew" }),
  quiet: Flag.toggle("quiet", { group: output, alias: "q", help: "no talk on standard error but errors" })
}

export const command = Command.make({
  name: "run",
  summary: "ask an API about every code in FILE (or standard input)",
  usage: "rollcall run [FILE | -] --url TEMPLATE [OPTIONS]",
  examples: [
    "rollcall run zips.csv --column zip --url 'https://api.example/zip/{code}' -o zips.ndjson",
    "cat isbns | rollcall run --url 'https://api.example/{code}' -H 'Key: ${API_KEY}' --select title"
  ],
  argument: "FILE",
  flags,
  handle: (values, file) =>
    Effect.gen(function*() {
      const job = yield* Job.make(values, file)
      const ledger = yield* ledgerFile(values, job, file)
      yield* distinct([...values.output, ledger])
      if (values.fresh) yield* putAside([ledger, `${ledger}-wal`, `${ledger}-shm`], values.output)
      const sink = yield* sinks(values, job)
      const places = [
        ...values.output.map((path) => ["output", path] as const),
        ["ledger", ledger] as const
      ]
      return yield* call(job, {
        sink,
        ledger,
        outputs: values.output,
        order: Option.getOrElse(values.order, () => "input" as const),
        quiet: values.quiet,
        begin: (progress) => {
          const line = Talk.begin(job.source.name, progress, Job.describe(job.policy))
          const warning = Talk.warning(progress)
          return Talk.say(warning === undefined ? line : `${line}\n${warning}`)
        },
        summary: (summary, failures) => Talk.say(Talk.summary(summary, failures, places))
      })
    })
})

/**
 * Runs a job with its ledger and sinks, and shows its progress; the result is the exit code. The summary is shown however the run ends,
 * once there is an answer; what was made for nothing is taken away again.
 */
export const call = (
  job: Job.Job,
  options: {
    readonly sink: typeof Sink.Sink.Service
    readonly ledger: string
    /** The files that the sink writes. */
    readonly outputs: ReadonlyArray<string>
    readonly order: Order
    readonly quiet: boolean
    /** Said when the list has been read. */
    readonly begin?: (progress: Progress.Progress) => Effect.Effect<void>
    readonly summary: (summary: Summary, failures: ReadonlyMap<string, number>) => Effect.Effect<void>
  }
) =>
  Effect.gen(function*() {
    const progress = Progress.none()
    const wasThere = yield* exists(options.ledger)
    const started = yield* Clock.currentTimeNanos
    // V8 optimizes the parser of replies after one of them otherwise, and the end of the process would wait for that
    setFlagsFromString("--wasm-tiering-budget=30000000")
    // the dispatcher and the binding are not loaded before they are needed
    const Transport = yield* Effect.promise(() => import("../Transport.ts"))
    const ledger = yield* openLedger(options.ledger)
    const run = Rollcall.run(job.lookup, {
      source: job.source,
      policy: job.policy,
      rules: job.rules,
      order: options.order,
      progress,
      onBegin: Effect.suspend(() => options.quiet ? Effect.void : options.begin?.(progress) ?? Effect.void)
    }).pipe(Effect.provide([ledger, Layer.succeed(Sink.Sink, options.sink), Transport.layer]))
    const shown = options.quiet ? run : Effect.scoped(Effect.zipRight(Effect.forkScoped(Talk.watch(progress)), run))

    const end = (exit: Exit.Exit<unknown, unknown>) =>
      Effect.gen(function*() {
        const seconds = Number((yield* Clock.currentTimeNanos) - started) / 1e9
        const summary = Progress.summary(progress, seconds)
        const answered = Progress.settled(progress.outcomes)
        if (Exit.isSuccess(exit) || (progress.phase === "asking" && answered > progress.refused)) {
          const isQuiet = options.quiet || (Exit.isFailure(exit) && isReaderGone(exit.cause))
          return isQuiet ? undefined : yield* options.summary(summary, progress.failures)
        }
        if (progress.phase === "asking") yield* remove(options.outputs.map((path) => `${path}.part`))
        // one that cannot be used may be another run's by now
        const isOurs = !(Cause.squash(exit.cause) instanceof LedgerError)
        if (!wasThere && (isOurs || (yield* isEmpty(options.ledger)))) {
          yield* remove(["", "-wal", "-shm"].map((end) => options.ledger + end))
        }
      })
    yield* Effect.onExit(shown, end)
    const { failed, invalid } = progress.outcomes
    return failed + invalid > 0 ? 3 : 0
  })

const isReaderGone = (cause: Cause.Cause<unknown>): boolean => {
  const error = Cause.squash(cause)
  return error instanceof Sink.SinkError && error.reason === "Closed"
}

const remove = (paths: ReadonlyArray<string>) =>
  Effect.flatMap(
    FileSystem.FileSystem,
    (fs) => Effect.forEach(paths, (path) => Effect.ignore(fs.remove(path)), { discard: true })
  )

/** Refuses to write two things to one file. */
const distinct = (files: ReadonlyArray<string>) =>
  Effect.flatMap(Path.Path, (path) => {
    const resolved = files.map((file) => file === "-" ? file : path.resolve(file))
    const twice = files.find((_, index) => resolved.indexOf(resolved[index]!) < index)
    return twice === undefined ? Effect.void : new UsageError({ message: `${twice} would be written twice` })
  })

/** The ledger in a file. */
export const openLedger = (path: string): Effect.Effect<Layer.Layer<Ledger, LedgerError>, LedgerError> =>
  Effect.map(loadSqlite(path), (Sqlite) => Sqlite.layer(path))

/** The binding is loaded only when a ledger is opened. */
const loadSqlite = (path: string) =>
  Effect.tryPromise({ try: () => import("../Ledger/Sqlite.ts"), catch: Failure.make(path, "Open") })

const isEmpty = (path: string) =>
  Effect.flatMap(
    FileSystem.FileSystem,
    (fs) =>
      Effect.match(fs.stat(path), { onFailure: () => false, onSuccess: ({ size }) => size === FileSystem.Size(0) })
  )

const exists = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.exists(path), () => false))

const sinks = (values: Command.Values<typeof flags>, job: Job.Job) =>
  Effect.gen(function*() {
    const { noTiming } = values
    const { resolve } = yield* Path.Path
    const options = { select: job.select, noTiming }
    const given = Option.getOrUndefined(values.format)
    if (values.output.length === 0) return Sink.make(Stdout.target, { format: given ?? "ndjson", ...options })
    return Sink.all(
      yield* Effect.forEach(values.output, (path) =>
        path === "-"
          ? Effect.succeed(Sink.make(Stdout.target, { format: given ?? "ndjson", ...options }))
          : Effect.map(
            File.make(path, resolve(path)),
            (target) => Sink.make(target, { format: given ?? Sink.formatOf(path) ?? "ndjson", ...options })
          ))
    )
  })

/** Beside the first output file; for standard output in the state folder, one for each list and request. */
export const ledgerFile = (
  values: Pick<Command.Values<typeof flags>, "ledger" | "output">,
  job: Job.Job,
  file: Option.Option<string>
): Effect.Effect<string, UsageError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    if (Option.isSome(values.ledger)) return values.ledger.value
    const first = values.output.find((path) => path !== "-")
    if (first !== undefined) return `${first}.ledger`
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const variable = (name: string) => Effect.orElseSucceed(Config.nonEmptyString(name), () => undefined)
    const home = (yield* variable("HOME")) ?? "."
    const folder = path.join((yield* variable("XDG_STATE_HOME")) ?? path.join(home, ".local", "state"), "rollcall")
    yield* Effect.mapError(
      fs.makeDirectory(folder, { recursive: true, mode: 0o700 }),
      () => new UsageError({ message: `${folder} cannot be made for the ledger: name one with --ledger FILE` })
    )
    const list = Option.isNone(file) || file.value === stdin ? "-" : path.resolve(file.value)
    const identity = JSON.stringify([list, yield* job.lookup.fingerprint])
    const hash = yield* Effect.promise(() => crypto.subtle.digest("SHA-256", new TextEncoder().encode(identity)))
    const name = `${list === "-" ? "stdin" : path.parse(list).name.replace(/[^\w.-]/g, "_")}-${
      Encoding.encodeHex(new Uint8Array(hash)).slice(0, 12)
    }`
    return path.join(folder, `${name}.ledger`)
  })

/** Renames what an earlier run left; a ledger that is not there leaves everything as it is. */
const putAside = ([ledger, ...journals]: readonly [string, ...Array<string>], outputs: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    if (!(yield* exists(ledger))) return
    const { lock } = yield* loadSqlite(ledger)
    // not under a run that is going on
    yield* Effect.scoped(lock(ledger))
    const fs = yield* FileSystem.FileSystem
    const stamp = DateTime.formatIso(yield* DateTime.now).replace(/[-:]|\.\d+Z/g, "")
    for (const path of [ledger, ...journals, ...outputs]) {
      if (!(yield* exists(path))) continue
      const [, base, journal = ""] = /^(.*?)(-wal|-shm)?$/.exec(path)!
      yield* Effect.mapError(
        fs.rename(path, `${base}.${stamp}${journal}`),
        () => new UsageError({ message: `${path} could not be put aside: move it away yourself` })
      )
    }
    yield* Talk.say(`put aside: ${ledger}.${stamp}`)
  })
