/**
 * Flags of the command. One table row makes the option that is parsed, its line on the help screen, and its variable in the environment.
 */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import { Either, Option, ParseResult, Schema } from "effect"
import * as Job from "../Job.ts"
import type * as Key from "../Job/Key.ts"

/** How a flag is described. */
export interface Description {
  /** The heading under which the help screen lists it. */
  readonly group: string
  /** One line of help. */
  readonly help: string
  readonly alias?: string
  /** What stands for its value on the help screen. */
  readonly value?: string
  /** Its value may hold a secret, and is not shown. */
  readonly isPrivate?: boolean
  /** Its value is flags, so that what looks like one is its value. */
  readonly holdsFlags?: boolean
  /** Its value may be empty. */
  readonly holdsNothing?: boolean
}

/** The value of a flag whose place among others counts. */
export interface Placed {
  readonly at: number
  readonly text: string
}

/** A flag with values of type `A`. */
export interface Flag<out A> extends Description {
  readonly name: string
  readonly isRepeated: boolean
  readonly isSwitch: boolean
  /** Its place among other flags counts: its values come with it. */
  readonly isPlaced?: boolean
  readonly options: Options.Options<A>
}

/** A flag of any type. */
export type Any = Flag<any>

/** The variable that stands in for a flag: `--max-wait` is `ROLLCALL_MAX_WAIT`. */
export const variable = (name: string): string => `ROLLCALL_${name.toUpperCase().replaceAll("-", "_")}`

/** What a key of a job is to the command. */
type ValueOf<K> = K extends Key.One<infer A> ? Option.Option<A>
  : K extends Key.Several<infer A> ? ReadonlyArray<A>
  : K extends Key.Toggle ? boolean
  : ReadonlyArray<Placed>

/** The flag that writes a key of a job. */
export const of = <Name extends Job.Name>(
  name: Name,
  description: Description
): Flag<ValueOf<(typeof Job.keys)[Name]>> => {
  const key: Key.Key = Job.keys[name]
  switch (key.kind) {
    case "one":
      return optional(name, key.schema, description) as Flag<any>
    case "several":
      return repeated(name, key.schema, description) as Flag<any>
    case "toggle":
      return toggle(name, description) as Flag<any>
    case "rule":
      return placed(name, description) as Flag<any>
  }
}

/** A flag that is there or not. */
export const toggle = (name: string, description: Description): Flag<boolean> => ({
  ...description,
  name,
  isRepeated: false,
  isSwitch: true,
  options: aliased(Options.boolean(name), description)
})

/** A flag whose text is decoded by a schema. */
export const optional = <A>(
  name: string,
  schema: Schema.Schema<A, string>,
  description: Description
): Flag<Option.Option<A>> => ({
  ...description,
  name,
  isRepeated: false,
  isSwitch: false,
  options: Options.optional(decoded(aliased(Options.text(name), description), name, schema, description))
})

/** A flag that may be given several times. */
export const repeated = <A>(
  name: string,
  schema: Schema.Schema<A, string>,
  description: Description
): Flag<ReadonlyArray<A>> => ({
  ...description,
  name,
  isRepeated: true,
  isSwitch: false,
  options: Options.repeated(Options.text(name)).pipe(
    (options) => aliased(options, description),
    (options) => decoded(options, name, Schema.Array(schema), description)
  )
})

/** A flag that may be given several times, in an order with others of its kind. */
export const placed = (name: string, description: Description): Flag<ReadonlyArray<Placed>> => ({
  ...description,
  name,
  isRepeated: true,
  isSwitch: false,
  isPlaced: true,
  options: Options.map(
    aliased(Options.repeated(Options.text(name)), description),
    (values) =>
      values.map((value) => {
        const end = value.indexOf(":")
        return { at: Number(value.slice(0, end)), text: value.slice(end + 1) }
      })
  )
})

/** The value of a flag as a property, where it was given. */
export const given = <const Name extends string, A>(name: Name, value: Option.Option<A>): { [_ in Name]?: A } =>
  (Option.isNone(value) ? {} : { [name]: value.value }) as { [_ in Name]?: A }

const aliased = <A>(options: Options.Options<A>, { alias }: Description) =>
  alias === undefined ? options : Options.withAlias(options, alias)

const decoded = <I, A>(
  options: Options.Options<I>,
  name: string,
  schema: Schema.Schema<A, I>,
  { isPrivate = false }: Description
): Options.Options<A> => {
  const decode = Schema.decodeEither(schema)
  return Options.mapEffect(options, (input) =>
    Either.mapLeft(decode(input), (error) => {
      const { message, path } = ParseResult.ArrayFormatter.formatErrorSync(error)[0]!
      const value: unknown = Array.isArray(input) ? input[path[0] as number] : input
      const shown = value === undefined || isPrivate ? "" : ` ${JSON.stringify(value)}`
      return ValidationError.invalidValue(HelpDoc.p(`--${name}${shown}: ${message.split("\n")[0]}`))
    }))
}
