/**
 * Parse: from normalized words to the values of a command's flags.
 */
import * as Args from "@effect/cli/Args"
import * as CliConfig from "@effect/cli/CliConfig"
import * as CommandDescriptor from "@effect/cli/CommandDescriptor"
import * as CommandDirective from "@effect/cli/CommandDirective"
import * as Options from "@effect/cli/Options"
import { Effect, type Option } from "effect"
import * as Argv from "./Argv.ts"
import * as Command from "./Command.ts"

/** The values of flags, and the argument, that words as `Argv.normalize` gives them stand for. */
export const parse = <Values>(command: Command.Command<any>, words: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const argument = Args.optional(Args.text({ name: command.argument ?? "ARGUMENT" }))
    const descriptor = CommandDescriptor.make(command.name, Options.all(Command.options(command)), argument)
    const directive = yield* Effect.mapError(
      CommandDescriptor.parse(descriptor, [command.name, ...words], config),
      Argv.parsed
    )
    if (!CommandDirective.isUserDefined(directive)) {
      return yield* new Argv.UsageError({ message: `rollcall ${command.name} --help shows how it is typed` })
    }
    const { args, options } = directive.value
    return { values: options as Values, file: args as Option.Option<string> }
  })

const config = CliConfig.make({ isCaseSensitive: true, showBuiltIns: false })
