/**
 * Key: one setting of a job, which a flag of the same name can write. Its values are texts on the wire.
 */
import { ParseResult, Schema } from "effect"
import * as Whole from "../Policy/WholeText.ts"

/** A key that has one value. */
export interface One<A> {
  readonly kind: "one"
  readonly schema: Schema.Schema<A, string>
}

/** A key that has a list of values. */
export interface Several<A> {
  readonly kind: "several"
  readonly schema: Schema.Schema<A, string>
  /** What joins a name and its value where a job has `name: value` for an item of the list. */
  readonly join?: string
}

/** A key that is on or off. */
export interface Toggle {
  readonly kind: "toggle"
}

/** A key with a list of rules, whose place among the rules of other keys counts. */
export interface Rule {
  readonly kind: "rule"
}

export type Key = One<any> | Several<any> | Toggle | Rule

export const one = <A>(schema: Schema.Schema<A, string>): One<A> => ({ kind: "one", schema })

export const several = <A>(schema: Schema.Schema<A, string>, join?: string): Several<A> => ({
  kind: "several",
  schema,
  ...(join === undefined ? {} : { join })
})

export const toggle: Toggle = { kind: "toggle" }

export const rule: Rule = { kind: "rule" }

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
