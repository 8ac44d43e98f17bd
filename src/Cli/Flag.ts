/**
 * Flags of the command. One table row makes the option that is parsed, its line on the help screen, and its variable in the environment.
 */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import { Either, Option, ParseResult, Schema } from "effect"
import * as Whole from "../Policy/WholeText.ts"

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

/** Any text. */
export const text: Schema.Schema<string> = Schema.String

/** A name out of a list, with a message that lists them. */
export const choice = <const Names extends ReadonlyArray<string>>(names: Names): Schema.Schema<Names[number], string> =>
  Schema.String.pipe(
    Schema.filter((name) => names.includes(name) || `it is one of ${names.join(", ")}`)
  ) as Schema.Schema<any, string>

/** A whole number: `44175`, `44,175` as every screen prints it, or `1e6`. */
export const whole = (min: number, max: number): Schema.Schema<number, string> =>
  Schema.transform(
    Schema.String.pipe(
      Schema.filter((text) => {
        const value = Whole.parse(text)
        return (value >= min && value <= max) || `write a whole number from ${min} to ${max}`
      })
    ),
    Schema.Int,
    { strict: true, decode: Whole.parse, encode: String }
  )

/** An amount of more than nothing. */
export const decimal: Schema.Schema<number, string> = Schema.transform(
  Schema.String.pipe(
    Schema.filter((text) =>
      (/^\d{1,9}(\.\d{1,9})?$/.test(text) && Number(text) > 0) || "write an amount such as 12.50, without a currency"
    )
  ),
  Schema.Number,
  { strict: true, decode: Number, encode: String }
)

/** A word, or what a schema reads. */
export const or = <const Word extends string, A>(
  word: Word,
  schema: Schema.Schema<A, string>
): Schema.Schema<A | Word, string> =>
  Schema.transformOrFail(
    Schema.String,
    Schema.Union(Schema.Literal(word), Schema.typeSchema(schema)) as Schema.Schema<A | Word>,
    {
      strict: true,
      decode: (text) => text === word ? ParseResult.succeed(word) : ParseResult.decode(schema)(text),
      encode: (value) => value === word ? ParseResult.succeed(word) : ParseResult.encode(schema)(value as A)
    }
  )

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
