/**
 * `rollcall run`: asks about every code, and goes on where an earlier run stopped.
 */
import { FileSystem, Path } from "@effect/platform"
import { Cause, Clock, Effect, Exit, Layer, Option } from "effect"
import { setFlagsFromString } from "node:v8"
import type { Settings } from "../../Job.ts"
import { Ledger, type Notes } from "../../Ledger.ts"
import * as Policy from "../../Policy.ts"
import * as Budget from "../../Policy/Budget.ts"
import * as Tolerance from "../../Policy/Tolerance.ts"
import * as Rollcall from "../../Rollcall.ts"
import * as Follow from "../../Rollcall/Events.ts"
import type { Order } from "../../Rollcall/Projection.ts"
import * as Sink from "../../Sink.ts"
import * as Snapshot from "../../Snapshot.ts"
import * as Pipe from "../../Source/Pipe.ts"
import type { Summary } from "../../Summary.ts"
import type { StopError } from "../../Sweep.ts"
import type * as Transport from "../../Transport.ts"
import * as Alike from "../Alike.ts"
import { stdin } from "../Argv.ts"
import * as Closing from "../Closing.ts"
import * as Columns from "../Columns.ts"
import * as Command from "../Command.ts"
import * as Distinct from "../Distinct.ts"
import * as Effort from "../Effort.ts"
import * as Events from "../Events.ts"
import * as Flag from "../Flag.ts"
import * as Fresh from "../Fresh.ts"
import * as IfRunning from "../IfRunning.ts"
import * as Job from "../Job.ts"
import * as JobNote from "../JobNote.ts"
import * as Ledgers from "../Ledgers.ts"
import * as List from "../List.ts"
import * as Network from "../Network.ts"
import * as Output from "../Output.ts"
import * as Purse from "../Purse.ts"
import * as RedoFlag from "../Redo.ts"
import * as Remedy from "../Remedy.ts"
import * as Sample from "../Sample.ts"
import * as Talk from "../Talk.ts"
import * as Watch from "../Watch.ts"

const output = "Output"

/** The flags of `run` beyond those of the job. */
export const flags = {
  ...Job.flags,
  ...Network.flags,
  ...Output.flags,
  order: Flag.of("order", {
    group: output,
    value: "ORDER",
    help: "input (default), or done: as answers come"
  }),
  ledger: Flag.of("ledger", {
    group: output,
    value: "FILE",
    help: "what is known already (OUTPUT.ledger), or postgres://…"
  }),
  ...RedoFlag.flags,
  sample: Flag.of("sample", {
    group: "Budget",
    value: "N",
    help: "ask N codes picked at random, and extrapolate"
  }),
  tolerate: Flag.of("tolerate", {
    group: output,
    value: "failed=1%",
    help: "allowed, of the codes: failed=1%,invalid=all"
  }),
  fresh: Flag.of("fresh", { group: output, help: "put the old ledger and output aside, start anew" }),
  ifRunning: IfRunning.flag,
  events: Flag.of("events", { group: output, help: "standard error is JSON: an event a line, for programs" }),
  quiet: Flag.of("quiet", { group: output, alias: "q", help: "no talk on standard error but errors" })
}

/** What is typed at the first try, or changed from night to night: the help of `run` and `plan` shows these. */
export const common: ReadonlyArray<string> = [
  "url",
  "header",
  "data",
  "job",
  "column",
  "pattern",
  "pad",
  "select",
  "not-found-when",
  "concurrency",
  "rate",
  "timeout",
  "retries",
  "max-calls",
  "max-time",
  "sample",
  "output",
  "format",
  "redo",
  "tolerate",
  "fresh",
  "quiet"
]

export const command = Command.make({
  name: "run",
  summary: "ask an API about every code in FILE (or standard input)",
  usage: "rollcall run [FILE | -] --url TEMPLATE [OPTIONS]",
  examples: [
    "rollcall run zips.csv --column zip -o zips.ndjson \\\n  --url 'https://api.example/zip/{zip}' -H 'Key: ${API_KEY}'"
  ],
  argument: "FILE",
  flags,
  common,
  handle: (values, file, settings) => IfRunning.heed(values.ifRunning, perform(values, file, settings))
})

/** Does what a command line asks for, which the ledger keeps; a run that is resumed knows its list. */
export const perform = (
  values: Command.Values<typeof flags>,
  file: Option.Option<string>,
  settings: Settings,
  resumed?: { readonly list: string; readonly isEnlisted: boolean }
) =>
  Effect.gen(function*() {
    const { files, job, ledger, list: ownList, network, redo, sink } = yield* prepare(values, file)
    const list = resumed?.list ?? ownList
    const path = yield* Path.Path
    yield* warn(values, job)
    const alike = values.fresh || Option.isSome(values.ledger)
      ? []
      : yield* Alike.find(ledger, yield* job.lookup.fingerprint)
    const asked = (aside?: Fresh.Aside) =>
      call(job, {
        network,
        sink,
        ledger,
        list,
        isEnlisted: resumed?.isEnlisted ?? false,
        notes: { [JobNote.nameOf(list)]: JobNote.make(path, ledger, settings) },
        outputs: files,
        ...(aside === undefined ? {} : { aside }),
        order: Option.getOrElse(values.order, () => "input" as const),
        redo,
        ...Flag.given("sample", values.sample),
        tolerate: values.tolerate.flat(),
        quiet: values.quiet,
        isShared: process.stdout.isTTY && (values.output.length === 0 || values.output.includes("-")),
        begin: (listing) =>
          Effect.gen(function*() {
            const now = yield* Clock.currentTimeMillis
            const line = List.line(job.source.name, listing, Talk.details(listing))
            const again = redo.words.map((word, index) => `${Talk.count(listing.redone[index] ?? 0)} ${word}`)
            const oldest = again.length > 0 ? undefined : Talk.oldest(listing, now)
            yield* Talk.say([
              line,
              ...List.replaced(listing, { ledger: ledger.name, output: files[0], source: job.source.name }),
              ...(oldest === undefined ? [] : [`${Talk.count(listing.known)} answered already, ${oldest}`]),
              ...(resumed !== undefined && listing.known === listing.questions
                ? ["nothing is left to ask"]
                : []),
              ...(again.length === 0 ? [] : [`asked again: ${again.join(", ")}`]),
              Effort.describe(job.policy),
              ...Talk.olderLines(listing.older),
              ...List.warnings(listing),
              ...yield* Alike.hint(alike, listing)
            ].join("\n"))
          }),
        settings: Job.settings(values),
        keys: Job.keys(values),
        summary: (summary, details) =>
          Effect.flatMap(
            Effect.forEach(values.output, (output) => Output.whereabouts(output, summary)),
            (outputs) =>
              Talk.say([
                Closing.figures(summary, details, [
                  ...Effort.learnt(job.policy, summary),
                  ...outputs.map((where) => ["output", where] as const),
                  ["ledger", ledger.name]
                ]),
                ...(summary.pending > 0 ? [] : job.watched?.idle() ?? [])
              ].join("\n"))
          )
      })
    return yield* explain(job, ledger)(
      values.fresh ? Fresh.around(ledger, sink, { files, list }, asked) : asked()
    )
  })

/** What is told before anything is asked, by `plan` too. */
export const warn = (values: Command.Values<typeof flags>, job: Job.Job) =>
  Effect.forEach(
    [
      ...Job.dollars(values),
      ...Job.braces(job),
      ...Job.selections(values, job),
      ...Job.emptyHeaders(values),
      ...(values.quiet ? [] : Output.guessed(values, "ndjson")),
      ...Purse.zoneHint(job.policy.budget, process.env.TZ, Intl.DateTimeFormat().resolvedOptions().timeZone)
    ],
    (text) => Talk.say(text),
    { discard: true }
  )

/** Says more of an error where the command knows more of it, in `plan` too. */
export const explain =
  ({ names = [] }: Job.Job, ledger: Ledgers.Named) =>
  <A, R>(run: Effect.Effect<A, Command.Failure, R>): Effect.Effect<A, Command.Failure, R> =>
    Effect.catchTag(
      Alike.explain(ledger)(run),
      "SourceError",
      (error) => Effect.fail(Columns.explain(error, names, process.env))
    )

/** What a command line of `run` asks for, checked: `run` does it, and `plan` shows it. */
export const prepare = (values: Command.Values<typeof flags>, file: Option.Option<string>) =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const job = yield* Job.make(values, file)
    const network = yield* Network.options(values)
    yield* Network.checkProxy(Option.getOrElse(values.url, () => ""), process.env)
    const ledger = yield* Ledgers.named(yield* ledgerOf(values, job, file))
    const outputs = values.output.length === 0 ? ["-"] : values.output
    yield* Distinct.check(
      [
        Option.isNone(file) || file.value === stdin
          ? { path: "/dev/stdin", what: "the list" }
          : { path: file.value, what: "the list" },
        ...Option.toArray(values.job).map((path) => ({ path, what: "the job file" })),
        ...Option.toArray(values.headerFile).map((path) => ({ path, what: "the header file" }))
      ],
      [
        ...Output.places(outputs),
        ...ledger.files.map((path) => ({ path, what: ledger.name }))
      ]
    )
    yield* Output.checkFolders(outputs)
    yield* Option.isSome(values.ledger) ? Ledgers.checkFolder(ledger) : Effect.void
    const files = values.output.filter(Output.isFile)
    return {
      job,
      network,
      ledger,
      /** The outputs that are files, which grow as `OUT.part`. */
      files,
      /** What tells the list from others in the ledger. */
      list: Ledgers.outputId(path, ledger, files[0] ?? job.source.name),
      sink: yield* Output.sink(values, { select: job.select }, ledger, "ndjson"),
      redo: yield* RedoFlag.parse(values)
    }
  })

/**
 * Runs a job with its ledger and sinks, and shows its progress; the result is the exit code. The summary is shown however the run ends,
 * once there is an answer; what was made for nothing is taken away again.
 */
export const call = (
  job: Job.Job,
  options: {
    /** How the API is reached; on this machine unless told otherwise, where no proxy belongs between. */
    readonly network?: Transport.Options
    readonly sink: typeof Sink.Sink.Service
    readonly ledger: Ledgers.Named
    /** What tells the list from others in the ledger. */
    readonly list: string
    /** It stands in the ledger as a whole, and is not read. */
    readonly isEnlisted?: boolean
    /** What the ledger keeps when the list has been read. */
    readonly notes?: Notes
    /** The files that the sink writes. */
    readonly outputs: ReadonlyArray<string>
    /** What was put aside for this run. */
    readonly aside?: Fresh.Aside
    readonly order: Order
    readonly redo?: RedoFlag.Asked
    /** Asks only so many, picked at random. */
    readonly sample?: number
    /** What is no reason for exit 3. */
    readonly tolerate?: ReadonlyArray<Tolerance.Tolerance>
    readonly quiet: boolean
    /** Records go to the terminal that shows the progress. */
    readonly isShared?: boolean
    /** Said when the list has been read. */
    readonly begin?: (listing: Rollcall.Listing) => Effect.Effect<void>
    readonly summary: (
      summary: Summary,
      details: Closing.Details
    ) => Effect.Effect<void, never, FileSystem.FileSystem>
    /** The names of the settings that the request uses. */
    readonly settings?: ReadonlyArray<string>
    /** Where a key stands in it, in words. */
    readonly keys?: ReadonlyArray<string>
  }
) =>
  Effect.gen(function*() {
    const [ledgerFile] = options.ledger.files
    const wasThere = ledgerFile === undefined || (yield* exists(ledgerFile))
    // V8 optimizes the parser of replies after one of them otherwise, and the end of the process would wait for that
    setFlagsFromString("--wasm-tiering-budget=30000000")
    // the dispatcher and the binding are not loaded before they are needed
    const { layerWith } = yield* Effect.promise(() => import("../../Transport.ts"))
    const context = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
    const { aside } = options
    const remembered = Effect.provide(Ledgers.remember(options.ledger, options.outputs), context)
    let hasBegun = false
    const rollcall = yield* Rollcall.make(job.lookup, {
      source: job.source,
      policy: job.policy,
      rules: job.rules,
      refuseEmpty: job.refuseEmpty ?? false,
      carry: job.carry,
      order: options.order,
      redo: options.redo === undefined || options.redo.which.length === 0 ? undefined : options.redo.which,
      sample: options.sample,
      name: options.list,
      isEnlisted: options.isEnlisted ?? false,
      notes: options.notes ?? {},
      select: job.select,
      onWarning: (text) => options.quiet ? Effect.void : Talk.say(`warning: ${text}`),
      onBegin: (listing) =>
        Effect.zipRight(
          remembered,
          Effect.suspend(() => {
            hasBegun = true
            follower.began({ list: job.source.name, ledger: options.ledger.name, outputs: options.sink.outputs })
            return options.quiet
              ? Effect.void
              : Effect.zipRight(aside?.told ?? Effect.void, options.begin?.(listing) ?? Effect.void)
          })
        )
    })
    const follower = Follow.follower(rollcall.unsafeSnapshot, Events.tell)
    const run = Effect.zipRight(owning(aside?.notes ?? {}), rollcall.run).pipe(
      Effect.provide([
        options.ledger.open,
        Layer.succeed(Sink.Sink, options.sink),
        layerWith({ ...(options.network ?? { environment: {} }), connections: Policy.mostInFlight(job.policy) })
      ])
    )
    const watched = (isSignalled: () => boolean) =>
      options.quiet && !Events.isOn() ? run : Effect.scoped(
        Effect.forkScoped(
          Events.isOn()
            ? follower.follow
            : Watch.watch(rollcall.snapshot, { isShared: options.isShared ?? false, isSignalled })
        ).pipe(
          Effect.zipRight(Effect.forkScoped(
            // what is a file is there as a whole
            job.source.name === Job.stdinName || Pipe.is(job.source.name)
              ? List.awaited(job.source.name, rollcall.snapshot)
              : Effect.void
          )),
          Effect.zipRight(run)
        )
      )
    const shown = Effect.scoped(
      Effect.flatMap(Watch.onSignals(rollcall.unsafeSnapshot, job.lookup.idempotent), watched)
    )

    const end = (exit: Exit.Exit<Summary, Rollcall.RunError>) =>
      Effect.gen(function*() {
        const snapshot = yield* rollcall.snapshot
        const { calls, cut, kept, refused } = snapshot
        follower.end()
        conclude(snapshot, exit)
        // what was spent, and who was asked in vain, is known to the next run; who never reached the server spent nothing
        const isSpent = calls + cut > 0 && !isUnreachable(errorOf(exit))
        const isAnswered = Exit.isSuccess(exit) || (hasBegun && Snapshot.done(snapshot) > refused)
        if (aside !== undefined && (isAnswered || isSpent)) yield* aside.keep
        const isInterrupted = Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause)
        const tell = Effect.gen(function*() {
          if (!options.quiet) {
            const details = yield* rollcall.details
            yield* options.summary(Snapshot.summary(snapshot), { ...snapshot, ...details })
            yield* Effect.forEach(details.warnings, (advice) => Talk.say(`warning: ${Remedy.told(advice)}`), {
              discard: true
            })
          }
          // what a stop says comes before it
          if (isInterrupted) yield* Talk.say(wayOn(undefined, snapshot))
        })
        if (isAnswered) return isReaderGone(errorOf(exit)) ? undefined : yield* tell
        // what is put back goes before what has come
        if (kept > 0 && aside === undefined) {
          yield* remembered
          return yield* Talk.say(
            `stopped while ${job.source.name} was awaited: ${Talk.counted(kept, "code")} of it `
              + `${kept === 1 ? "is" : "are"} kept, `
              + `rollcall export ${options.outputs[0] ?? options.ledger.name} --only pending writes them as a list`
          )
        }
        if (hasBegun) yield* remove(options.outputs.map((path) => `${path}.part`))
        // one that cannot be used may be another run's by now
        const isOurs = errorOf(exit)?._tag !== "LedgerError"
        if (!wasThere && !isSpent && (isOurs || (yield* isEmpty(ledgerFile!)))) yield* remove(options.ledger.files)
        if (isSpent && aside !== undefined) yield* aside.where
        // a server that is down answers nobody, and who ends that is told what is left
        if (isInterrupted && isSpent) yield* tell
      })
    // it is said however quiet it is to be
    const cut = Effect.flatMap(
      rollcall.snapshot,
      ({ cut }) => cut === 0 || job.lookup.idempotent ? Effect.void : Talk.say(Closing.cut(cut))
    )
    /** The last event, as far as it is known here. */
    const conclude = (snapshot: Snapshot.Snapshot, exit: Exit.Exit<Summary, Rollcall.RunError>) => {
      const { at: _, event: __, version: ___, ...ended } = Follow.ended(snapshot, exit)
      const error = errorOf(exit)
      const isOver = Exit.isSuccess(exit) && exit.value.pending === 0
      const isFailed = isOver && exit.value.outcomes.failed + snapshot.stale > 0
      const command = error?._tag === "StopError" ? Closing.nextCommand(error, rest(snapshot)) : Closing.same
      Events.conclude({
        ...ended,
        ...(isFailed
          ? { next: { text: "--redo failed asks again what failed", command: { plus: ["--redo", "failed"] } } }
          : isOver || (error !== undefined && error._tag !== "StopError" && !isOfMachine(error))
          ? {}
          : { next: { text: wayOn(error?._tag === "StopError" ? error : undefined, snapshot), command } })
      })
    }
    const rest = ({ at, calls, pending, spent }: Snapshot.Snapshot) => ({
      pending,
      calls: spent.calls + calls,
      cost: spent.cost + (Budget.costOf(job.policy.budget, calls) ?? 0),
      budget: job.policy.budget,
      settings: options.settings ?? [],
      keys: options.keys,
      wall: at
    })
    const wayOn = (stop: StopError | undefined, snapshot: Snapshot.Snapshot) =>
      Closing.next(snapshot.pending, stop, rest(snapshot))
    return yield* Effect.matchEffect(Effect.onExit(shown, (exit) => Effect.zipRight(end(exit), cut)), {
      onFailure: (error) =>
        error._tag === "StopError" && error.reason !== "setting"
          ? Effect.gen(function*() {
            const { same } = yield* rollcall.details
            const snapshot = yield* rollcall.snapshot
            yield* Talk.say([
              `rollcall: ${Closing.stopped(error, options.keys)}`,
              ...(error.reason === "none_found" && snapshot.calls > 0 ? [Closing.paid(snapshot.calls)] : []),
              ...(snapshot.outcomes.found === 0 ? job.watched?.suspects() ?? [] : []),
              ...(same === undefined ? [] : [Closing.allSame(same)]),
              wayOn(error, snapshot)
            ].join("\n"))
            return 4
          })
          : Effect.fail(error),
      onSuccess: (summary) =>
        Effect.gen(function*() {
          const { outcomes, pending, questions, refused } = summary
          const { same, sample } = yield* rollcall.details
          const snapshot = yield* rollcall.snapshot
          // it is said however quiet it is to be: nothing else tells a wrong path from a list of which nothing is known
          if (outcomes.found === 0 && questions > 0 && pending === 0) {
            yield* Talk.say([
              Closing.noneFound(questions, sample),
              ...job.watched?.suspects() ?? []
            ].join("\n"))
          }
          if (same !== undefined) yield* Talk.say(Closing.allSame(same))
          if (pending > 0) {
            yield* Talk.say(
              options.quiet ? wayOn(undefined, snapshot) : Sample.extrapolate(summary, job.policy)
            )
            return 4
          }
          const { stale } = snapshot
          if (stale === 0 && Tolerance.isMet(options.tolerate ?? [], outcomes, questions + refused)) return 0
          const [output = options.ledger.name] = options.outputs
          if (options.quiet) yield* Talk.say(Closing.missing(outcomes, stale, output))
          return 3
        })
    })
  })

/** What the ledger has to know of what was not put aside. */
const owning = (notes: Notes) =>
  Object.keys(notes).length === 0 ? Effect.void : Effect.flatMap(Ledger, (ledger) => ledger.setNotes(notes))

const errorOf = <E>(exit: Exit.Exit<unknown, E>): E | undefined =>
  Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined

/** Whether the same command may go on once the machine, or another program, is well again. */
const isOfMachine = (error: Exclude<Rollcall.RunError, StopError>): boolean => {
  const { reason } = error
  return reason === "Write" || reason === "Busy" || reason === "Open" || reason === "Read" || reason === "Closed"
}

const isUnreachable = (error: Rollcall.RunError | undefined): boolean =>
  error?._tag === "StopError" && error.reason === "unreachable"

const isReaderGone = (error: Rollcall.RunError | undefined): boolean =>
  error?._tag === "SinkError" && error.reason === "Closed"

const remove = (paths: ReadonlyArray<string>) =>
  Effect.flatMap(
    FileSystem.FileSystem,
    (fs) => Effect.forEach(paths, (path) => Effect.ignore(fs.remove(path)), { discard: true })
  )

const isEmpty = (path: string) =>
  Effect.flatMap(
    FileSystem.FileSystem,
    (fs) =>
      Effect.match(fs.stat(path), { onFailure: () => false, onSuccess: ({ size }) => size === FileSystem.Size(0) })
  )

const exists = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.exists(path), () => false))

/** The ledger that the flags name, or the one that belongs to the output or the list. */
const ledgerOf = (
  values: Pick<Command.Values<typeof flags>, "ledger" | "output">,
  job: Job.Job,
  file: Option.Option<string>
) =>
  Effect.gen(function*() {
    if (Option.isSome(values.ledger)) return values.ledger.value
    const path = yield* Path.Path
    const list = Option.isNone(file) || file.value === stdin ? "-" : path.resolve(file.value)
    return yield* Ledgers.standard(values.output, list, yield* job.lookup.fingerprint)
  })
