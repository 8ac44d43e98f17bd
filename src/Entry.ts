/**
 * An entry is one place in the input; a question is what is asked for it. Several entries may share a question.
 */
import { Schema } from "effect"
import { Code } from "./Code.ts"

/** One line or row of the input. */
export const Entry = Schema.Struct({
  /** The line on which it begins, counted from 1. */
  line: Schema.Int,
  /** The code as it stands in the input. */
  input: Schema.String,
  /** The whole row where the source has columns, the code's own column included. */
  columns: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.Unknown })),
  /** The same as JSON text, where it has numbers that JavaScript would write with other digits. */
  json: Schema.optional(Schema.String),
  /** The names of the columns in order, where it is not that of the keys: JavaScript puts numbers first. */
  names: Schema.optional(Schema.Array(Schema.String))
})
export type Entry = typeof Entry.Type

/** A code and every other input value that the request uses. Equal questions are asked once. */
export const Question = Schema.Struct({
  code: Code,
  /** The columns that the lookup names in `inputs`. */
  values: Schema.Record({ key: Schema.String, value: Schema.String }),
  /** Those of them that are `null` in the row: a URL leaves them out. */
  absent: Schema.optional(Schema.Array(Schema.String))
})
export type Question = typeof Question.Type

/** The identity of a question: the code itself, or a JSON array when other values are part of it. */
export const key = (question: Question, inputs: ReadonlyArray<string>): string =>
  inputs.length === 0
    ? question.code
    : JSON.stringify([
      question.code,
      ...inputs.map((name) => question.absent?.includes(name) ? null : own(question.values, name) ?? "")
    ])

/** The question behind a key that {@link key} made for the same inputs. */
export const fromKey = (text: string, inputs: ReadonlyArray<string>): Question => {
  if (inputs.length === 0) return { code: text as Code, values: noValues }
  const [code, ...values] = JSON.parse(text) as [string, ...ReadonlyArray<string | null>]
  return {
    code: code as Code,
    values: Object.fromEntries(inputs.map((name, index) => [name, values[index] ?? ""])),
    ...absentIn(inputs.filter((_, index) => values[index] === null))
  }
}

/** The question of a row. */
export const question = (
  code: Code,
  columns: Readonly<Record<string, unknown>> | undefined,
  inputs: ReadonlyArray<string>
): Question => ({
  code,
  values: values(columns, inputs),
  ...absentIn(inputs.filter((name) => own(columns ?? {}, columnOf(name)) === null))
})

const absentIn = (absent: ReadonlyArray<string>): Pick<Question, "absent"> => absent.length === 0 ? {} : { absent }

/** How a request names a column of the list that is called `code` and is not the key, which `{code}` stands for. */
export const columnCalledCode = "column code"

/** The column that a request means by a name in braces. */
export const columnOf = (name: string): string => name === columnCalledCode ? "code" : name

/** The values that a lookup's inputs take from a row; text stays as it is, other JSON is written as JSON. */
export const values = (
  columns: Readonly<Record<string, unknown>> | undefined,
  inputs: ReadonlyArray<string>
): Readonly<Record<string, string>> =>
  inputs.length === 0
    ? noValues
    : Object.fromEntries(inputs.map((name) => [name, toText(own(columns ?? {}, columnOf(name)))]))

/** How a value of a row is written where text is asked for. */
export const toText = (value: unknown): string =>
  typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value)

/** A column may be called `constructor`, and a row need not have it. */
const own = <A>(record: Readonly<Record<string, A>>, name: string): A | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined

const noValues: Readonly<Record<string, string>> = {}
