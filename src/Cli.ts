/**
 * The command: its registry, and from a list of words to an exit code.
 */
import type * as CliApp from "@effect/cli/CliApp"
import { Cause, Effect, Either } from "effect"
import * as Argv from "./Cli/Argv.ts"
import type * as Command from "./Cli/Command.ts"
import * as Events from "./Cli/Events.ts"
import * as Exit from "./Cli/Exit.ts"
import type * as Flag from "./Cli/Flag.ts"
import * as Help from "./Cli/Help.ts"
import * as JobFile from "./Cli/JobFile.ts"
import * as Parse from "./Cli/Parse.ts"
import * as Secrets from "./Cli/Secrets.ts"
import { say } from "./Cli/Talk.ts"
import * as Width from "./Cli/Width.ts"
import type * as Job from "./Job.ts"
import { meant, nearest } from "./Nearest.ts"

/** The commands by name, each loaded when it is needed. Adding one is a file in Cli/commands/ and a key here. */
export const commands = {
  run: () => import("./Cli/commands/Run.ts"),
  plan: () => import("./Cli/commands/Plan.ts"),
  resume: () => import("./Cli/commands/Resume.ts"),
  status: () => import("./Cli/commands/Status.ts"),
  export: () => import("./Cli/commands/Export.ts"),
  forget: () => import("./Cli/commands/Forget.ts"),
  simulate: () => import("./Cli/commands/Simulate.ts"),
  demo: () => import("./Cli/commands/Demo.ts")
}

type Name = keyof typeof commands
type Requirements = Awaited<ReturnType<(typeof commands)[Name]>>["command"] extends Command.Command<infer R> ? R : never

const names = Object.keys(commands) as ReadonlyArray<Name>

const isName = (text: string | undefined): text is Name => text !== undefined && Object.hasOwn(commands, text)

const load = (name: Name): Effect.Effect<Command.Command<Requirements>> =>
  Effect.map(
    Effect.promise<{ readonly command: Command.Command<Requirements> }>(commands[name]),
    ({ command }) => command
  )

/** Loads the command that the words name. */
export const preload = ([name]: ReadonlyArray<string>): Promise<unknown> =>
  isName(name) ? commands[name]() : Promise.resolve()

/** Every command, in the order in which help lists them. */
export const all: Effect.Effect<ReadonlyArray<Command.Command<Requirements>>> = Effect.forEach(names, load, {
  concurrency: "unbounded"
})

const overview = (width: number) => Effect.map(all, (commands) => Help.overview(commands, width))

/** Runs the command that the words name; the result is the exit code. */
export const main = (
  words: ReadonlyArray<string>,
  environment: Readonly<Record<string, string | undefined>>
): Effect.Effect<number, never, Requirements | CliApp.CliApp.Environment> =>
  Effect.gen(function*() {
    Events.begin(Events.areAsked(words, environment), words, environment)
    const [name, ...rest] = words
    if (name === undefined) {
      yield* say((yield* overview(Width.widthOf(process.stderr))).trimEnd())
      return 2
    }
    const isHelp = name === "help"
    const asked = isHelp ? rest[0] : name
    if (asked === undefined || helps.has(asked)) {
      return yield* print(yield* overview(Width.widthOf(process.stdout)))
    }
    if (!isName(asked)) return yield* unknown(asked, (yield* load("run")).flags)
    const command = yield* load(asked)
    const end = rest.indexOf("--")
    if (isHelp || rest.slice(0, end < 0 ? rest.length : end).some((word) => helps.has(word))) {
      return yield* print(
        Help.screen(command, rest.includes("--all"), Width.widthOf(process.stdout))
      )
    }
    const secret = Secrets.warning(words, environment)
    if (secret !== undefined) yield* say(secret)
    const flags: ReadonlyArray<Flag.Any> = Object.values(command.flags)
    const normalize = (job?: Job.Settings) =>
      Argv.normalize(
        rest,
        { name: asked, flags, argument: command.argument },
        (variable) => environment[variable],
        job
      )
    const typed = yield* normalize()
    const file = typed.indexOf("--job")
    if (file < 0) return yield* perform(command, typed)
    const job = yield* JobFile.read(typed[file + 1]!)
    const all = yield* normalize(command.argument === "RUN" ? JobFile.runOf(job) : job)
    if (!Events.isOn()) Events.begin(all.includes("--events"), words, environment)
    return yield* perform(command, all)
  }).pipe(
    Effect.catchAllCause((cause) => {
      if (Cause.isInterruptedOnly(cause)) return Effect.interrupt
      const failed = Cause.failureOrCause(cause)
      const { code, message, reason } = Either.match(failed, {
        onLeft: (error) => ({ ...Exit.of(error), reason: Exit.reasonOf(error) }),
        onRight: (cause) => ({ ...Exit.defect(Cause.squash(cause)), reason: "defect" as const })
      })
      const [name] = words
      return Effect.as(
        message === "" ? Effect.void : Effect.flatMap(
          isName(name) ? Effect.map(load(name), ({ flags }) => Object.values(flags)) : Effect.succeed([]),
          (flags) => say(`rollcall: ${Argv.asTyped(message, words, flags)}`)
        ),
        { code, reason }
      )
    }),
    Effect.map((ended) => {
      const { code, reason } = typeof ended !== "number"
        ? ended
        : { code: ended, reason: ended === 2 ? "usage" as const : "complete" as const }
      Events.end(code, reason)
      return code
    })
  )

const perform = (command: Command.Command<Requirements>, words: ReadonlyArray<string>) =>
  Effect.flatMap(
    Parse.parse<any>(command, words),
    ({ file, values }) => command.handle(values, file, Argv.settings(words, Object.values(command.flags)))
  )

const helps = new Set(["--help", "-h"])

const print = (text: string) =>
  Effect.sync(() => {
    process.stdout.write(text)
    return 0
  })

const unknown = (name: string, flags: Readonly<Record<string, Flag.Any>>) => {
  const [typed = ""] = name.split("=")
  const isOurs = Object.values(flags).some((flag) =>
    `--${flag.name}` === typed || (flag.alias !== undefined && typed.startsWith(`-${flag.alias}`))
  )
  if (typed.startsWith("-") && !isOurs) {
    const near = typed.length < 3
      ? undefined
      : nearest(typed.slice(2), [...helps, "--version"].map((flag) => flag.slice(2)))
    return new Argv.UsageError({
      message: `there is no flag ${typed}${meant(near && `--${near}`)} (rollcall --help)`
    })
  }
  if (/[./\\]/.test(name)) {
    return new Argv.UsageError({ message: `there is no command ${name}: rollcall run ${name} asks about a list` })
  }
  return new Argv.UsageError({
    message: isOurs
      ? `the command comes first: rollcall run ${name} …`
      : `there is no command ${name}${meant(nearest(name, names))} (rollcall --help lists them)`
  })
}
