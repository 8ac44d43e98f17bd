/**
 * What a command is: flags, perhaps an argument, and what it does. From this come its parser and its help screen.
 */
import type * as Options from "@effect/cli/Options"
import type { Effect, Option } from "effect"
import type { SelectError } from "../Answer/Select.ts"
import type { DemoError } from "../Demo.ts"
import type { Settings } from "../Job.ts"
import type { TemplateError } from "../Lookup/Template.ts"
import type { RunError } from "../Rollcall.ts"
import type { UsageError } from "./Argv.ts"
import type * as Flag from "./Flag.ts"

/** What may end a command; each has its exit code in Cli/Exit. */
export type Failure = UsageError | TemplateError | SelectError | DemoError | RunError

/** A command as the registry lists it. */
export interface Command<R> {
  readonly name: string
  /** What it does, in one line. */
  readonly summary: string
  /** How it is typed. */
  readonly usage: string
  /** What its argument means, in a line, where the usage does not say it. */
  readonly about?: string
  /** Words and what they mean, below that. */
  readonly words?: ReadonlyArray<readonly [word: string, meaning: string]>
  /** A line or two to copy. */
  readonly examples: ReadonlyArray<string>
  readonly flags: Readonly<Record<string, Flag.Any>>
  /** The names of the flags that its help shows; all unless told otherwise. */
  readonly common?: ReadonlyArray<string>
  readonly argument: string | undefined
  /** What it does; the number is the exit code. */
  readonly handle: (values: any, argument: Option.Option<string>, job: Settings) => Effect.Effect<number, Failure, R>
}

/** The values of flags. */
export type Values<Flags extends Readonly<Record<string, Flag.Any>>> = {
  readonly [Name in keyof Flags]: Flags[Name] extends Flag.Flag<infer A> ? A : never
}

/** A command whose handler is typed by its flags. */
export const make = <const Flags extends Readonly<Record<string, Flag.Any>>, R>(
  command: Omit<Command<R>, "flags" | "handle"> & {
    readonly flags: Flags
    readonly handle: (
      values: Values<Flags>,
      argument: Option.Option<string>,
      /** The same as they were written, wherever each was. */
      job: Settings
    ) => Effect.Effect<number, Failure, R>
  }
): Command<R> => command

/** The options of a command for the parser. */
export const options = (command: Command<any>): Record<string, Options.Options<any>> =>
  Object.fromEntries(Object.entries(command.flags).map(([key, flag]) => [key, flag.options]))
