/**
 * Job: what a run does, as data. A job says which codes are asked about, of whom, how hard to try and where the answers go; flags are
 * one way to write one, a file is another, and a ledger keeps the one that made it.
 */
import { Either, ParseResult, Schema } from "effect"
import * as Answer from "./Job/Answer.ts"
import * as Effort from "./Job/Effort.ts"
import * as Input from "./Job/Input.ts"
import type * as Key from "./Job/Key.ts"
import * as Output from "./Job/Output.ts"
import * as Request from "./Job/Request.ts"
import * as Secrets from "./Job/Secrets.ts"
import { meant, nearest } from "./Nearest.ts"

/** The keys of a job; each but `file` is a flag too. Adding one is a line in Job/ and the flag of that name. */
export const keys = {
  ...Request.keys,
  ...Input.keys,
  ...Answer.keys,
  ...Effort.keys,
  ...Output.keys
} satisfies Readonly<Record<string, Key.Key>>

export type Name = keyof typeof keys

/** A job as flags take it: names of keys and texts, in order. A key that has a list stands there once for each item. */
export type Settings = ReadonlyArray<readonly [name: string, text: string]>

/** What is written is no job. */
export class JobError extends Schema.TaggedError<JobError>()("JobError", { message: Schema.String }) {}

/** The version of what is written. Files from before there was one have none. */
export const version = 1

const Texts = Schema.Union(
  Schema.String,
  Schema.Array(Schema.String),
  Schema.Record({ key: Schema.String, value: Schema.String })
)

const isOn = /^(?:1|true|yes|on)$/i
const isOff = /^(?:0|false|no|off)$/i

/** On or off, as YAML and people write it. */
const Switch = Schema.transform(
  Schema.Union(Schema.Boolean, Schema.String.pipe(Schema.filter((text) => isOn.test(text) || isOff.test(text))))
    .annotations({ message: () => ({ message: "it is a switch: set it to 1 or 0", override: true }) }),
  Schema.Boolean,
  { strict: true, decode: (value) => value === true || (value !== false && isOn.test(value)), encode: (value) => value }
)

const listed = (join: string | undefined) =>
  Schema.transform(Texts, Schema.Array(Schema.String), {
    strict: true,
    decode: (value) =>
      typeof value === "string"
        ? [value]
        : Array.isArray(value)
        ? value as ReadonlyArray<string>
        : Object.entries(value).map(([name, text]) => `${name}${join ?? "="}${text}`),
    encode: (texts) => texts
  })

type Field<K> = K extends Key.One<infer A> ? Schema.optional<Schema.Schema<A, string>>
  : K extends Key.Several<infer A> ? Schema.optional<Schema.Schema<ReadonlyArray<A>, typeof Texts.Encoded>>
  : K extends Key.Toggle ? Schema.optional<typeof Switch>
  : Schema.optional<Schema.Schema<ReadonlyArray<string>, typeof Texts.Encoded>>

const field = (key: Key.Key): Schema.Struct.Field => {
  switch (key.kind) {
    case "one":
      return Schema.optional(key.schema)
    case "several":
      return Schema.optional(Schema.compose(listed(key.join), Schema.Array(key.schema)))
    case "toggle":
      return Schema.optional(Switch)
    case "rule":
      return Schema.optional(listed(undefined))
  }
}

const fields = () =>
  Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, field(key)])) as {
    readonly [K in Name]: Field<(typeof keys)[K]>
  }

const struct = () =>
  Schema.Struct({
    rollcall: Schema.optional(Schema.Literal(version)),
    ...fields(),
    /** Rules of several keys, where the first one that holds is to be of this key, and the next of that. */
    rules: Schema.optional(Schema.Array(Schema.Record({ key: Schema.String, value: Schema.String })))
  }).annotations({ identifier: "Job" })

export type Job = ReturnType<typeof struct>["Type"]
export type Encoded = ReturnType<typeof struct>["Encoded"]

/** A job on the wire, and with its values read. Most runs read none, and its seventy keys take as long to load as a small command. */
export const Job: Schema.Schema<Job, Encoded> = Schema.suspend(struct)

const fail = (message: string) => Either.left(new JobError({ message }))

/** Reads what a file, or a ledger, has: a mapping from keys to a text, or to a list of texts where a key has one. */
export const decode = (written: unknown): Either.Either<Settings, JobError> =>
  Either.gen(function*() {
    if (written === null || typeof written !== "object" || Array.isArray(written)) {
      return yield* fail("write names of flags and their values, such as 'rate: 50/s'")
    }
    const { rollcall: edition, ...rest } = written as Readonly<Record<string, unknown>>
    if (edition !== undefined && String(edition) !== String(version)) {
      return yield* fail(`rollcall: ${String(edition)} is of a later Rollcall: this one reads ${version}`)
    }
    const settings: Array<readonly [string, string]> = []
    for (const [name, value] of Object.entries(rest)) {
      if (name === "rules") settings.push(...yield* rulesOf(value))
      else for (const text of yield* textsOf(name, value)) settings.push([name, text])
    }
    // the values are read by who uses them, and what is wrong with one is said here
    yield* Either.mapLeft(Schema.decodeUnknownEither(Job)(encode(settings)), (error) => {
      const { message, path: [name, at] } = ParseResult.ArrayFormatter.formatErrorSync(error)[0]!
      const texts = settings.filter(([key]) => key === name).map(([, text]) => text)
      const said = message.split("\n")[0]!
      return new JobError({
        message: name === "header"
          ? `header: ${said}`
          : `${String(name)} ${JSON.stringify(texts[Number(at ?? 0)])}: ${said}`
      })
    })
    return settings
  })

/** Writes a job, with each key in the form that says most. */
export const encode = (settings: Settings): Encoded => {
  const written: Record<string, unknown> = { rollcall: version }
  const rules = settings.filter(([name]) => kindOf(name) === "rule")
  for (const [name, text] of settings) {
    const kind = kindOf(name)
    if (kind === "several") written[name] = [...(written[name] as Array<string> | undefined ?? []), text]
    else if (kind === "toggle") written[name] = isOn.test(text) ? true : isOff.test(text) ? false : text
    else if (kind === "one") written[name] = text
  }
  if (rules.length > 0) written.rules = rules.map(([name, text]) => ({ [name]: text }))
  return written as Encoded
}

/** The keys that one run alone is about; the next one of the same job has them no more. */
const passing: ReadonlySet<string> = new Set<Name>(["fresh", "redo", "redo-codes", "if-running", "quiet", "events"])

/**
 * What is kept of a job, so that it can go on later: without what its run alone was about, and with `${NAME}` in place of every secret.
 * A variable of the environment that holds the secret lends its name.
 */
export const kept = (
  settings: Settings,
  environment: Readonly<Record<string, string | undefined>> = {}
): Encoded => encode(Secrets.sealed(settings.filter(([name]) => !passing.has(name)), environment))

const kindOf = (name: string): Key.Key["kind"] | undefined =>
  Object.hasOwn(keys, name) ? keys[name as Name].kind : undefined

/** The values of a key as texts: names to values where a text has both, and a body as JSON. */
const textsOf = (name: string, value: unknown): Either.Either<ReadonlyArray<string>, JobError> => {
  const kind = kindOf(name)
  if (kind === undefined) {
    if (name === "input") return fail(`there is no flag input${meant("file")}`)
    return fail(`there is no flag ${name}${meant(nearest(name, Object.keys(keys)))}`)
  }
  const isNested = typeof value === "object" && value !== null
  if (isNested && name === "data") return Either.right([JSON.stringify(value)])
  if (isNested && !Array.isArray(value)) {
    const join = (keys[name as Name] as Key.Several<unknown>).join
    if (join === undefined) return fail(`${name} has names where it has no place for them: write a text`)
    return filled(name, Object.entries(value).map(([key, one]) => isText(one) ? `${key}${join}${one}` : undefined))
  }
  const texts: ReadonlyArray<unknown> = Array.isArray(value) ? value : [value]
  if (texts.length > 1 && kind !== "several" && kind !== "rule") return fail(`${name} has one value`)
  return filled(name, texts.map((one) => typeof one === "boolean" && kind === "toggle" ? String(one) : one))
}

const filled = (name: string, texts: ReadonlyArray<unknown>): Either.Either<ReadonlyArray<string>, JobError> =>
  texts.length > 0 && texts.every(isText) ? Either.right(texts) : fail(`${name} has no value`)

const isText = (value: unknown): value is string => typeof value === "string" && value !== ""

const rulesOf = (value: unknown): Either.Either<Settings, JobError> => {
  const rules: ReadonlyArray<unknown> = Array.isArray(value) ? value : []
  const pairs = rules.flatMap((rule) => typeof rule === "object" && rule !== null ? Object.entries(rule) : [])
  const isWhole = rules.length > 0 && pairs.length === rules.length &&
    pairs.every(([name, text]) => kindOf(name) === "rule" && isText(text))
  return isWhole
    ? Either.right(pairs as Array<[string, string]>)
    : fail("rules is a list of rules, each with its name, such as '- on-status: 402=stop'")
}
