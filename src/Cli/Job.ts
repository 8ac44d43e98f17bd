/**
 * What `run` and `plan` have in common: the flags that say what is asked, of whom, and how hard to try.
 */
import { FileSystem } from "@effect/platform"
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Effect, Either, Option, Schema } from "effect"
import type * as Code from "../Code.ts"
import * as Lookup from "../Lookup.ts"
import * as Request from "../Lookup/Request.ts"
import * as Select from "../Lookup/Select.ts"
import * as Policy from "../Policy.ts"
import { DurationText, format } from "../Policy/DurationText.ts"
import * as Source from "../Source.ts"
import * as Argv from "./Argv.ts"
import type { Values } from "./Command.ts"
import * as Flag from "./Flag.ts"

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] as const
const formats = Object.keys(Source.formats) as Array<Source.FormatName>
const policies = Object.keys(Policy.presets) as Array<keyof typeof Policy.presets>

const request = "Request"
const input = "Input"
const answer = "Answer"
const effort = "Effort"

const Text = Schema.String as Schema.Schema<string>

/** `Name: value`, as curl takes it. */
const Header = Schema.String.pipe(Schema.filter((text) => /^[^:\s]+:/.test(text) || "write it as 'Name: value'"))

/** `zip=ZIP Code`. */
const Alias = Schema.String.pipe(Schema.filter((text) => /^\w+=./.test(text) || "write it as name='COLUMN'"))

export const flags = {
  url: Flag.optional("url", Text, {
    group: request,
    value: "TEMPLATE",
    help: "{code} and {column} are filled in; ${NAME} comes from the environment"
  }),
  method: Flag.optional("method", Flag.choice(methods), {
    group: request,
    alias: "X",
    value: "METHOD",
    help: "GET, or POST where there is a body"
  }),
  header: Flag.repeated("header", Header, {
    group: request,
    alias: "H",
    value: "'NAME: VALUE'",
    help: "write a secret as ${NAME}, in single quotes"
  }),
  headerFile: Flag.optional("header-file", Text, {
    group: request,
    value: "FILE",
    help: "headers, one per line"
  }),
  data: Flag.optional("data", Text, {
    group: request,
    alias: "d",
    value: "BODY",
    help: "a body; {code} and {column} are encoded for JSON or a form"
  }),
  expect: Flag.optional("expect", Flag.choice(Request.Expect.literals), {
    group: request,
    value: "KIND",
    help: "what the answer is: json (default), text, html, bytes"
  }),
  inputFormat: Flag.optional("input-format", Flag.choice(formats), {
    group: input,
    value: "FORMAT",
    help: `${formats.join(", ")}; else by the ending (.gz may follow), else lines`
  }),
  column: Flag.optional("column", Text, { group: input, value: "NAME", help: "the column that holds the code" }),
  as: Flag.repeated("as", Alias, {
    group: input,
    value: "zip='ZIP Code'",
    help: "a short name for a column, for use in braces"
  }),
  pattern: Flag.optional("pattern", Text, {
    group: input,
    value: "RE",
    help: "codes that do not match are invalid, without a call"
  }),
  pad: Flag.optional("pad", Flag.whole(1, 64), {
    group: input,
    value: "N",
    help: "put back leading zeros, up to N digits"
  }),
  select: Flag.repeated("select", Text, {
    group: answer,
    value: "city=data.city",
    help: "fields to pick out of the answer (JMESPath)"
  }),
  notFoundWhen: Flag.optional("not-found-when", Text, {
    group: answer,
    value: "EXPR",
    help: "the answer means \"not found\" when this is true (JMESPath)"
  }),
  allowNone: Flag.toggle("allow-none", { group: answer, help: "go on when none of the first 100 is found" }),
  policy: Flag.optional("policy", Flag.choice(policies), {
    group: effort,
    value: "NAME",
    help: `${policies.join(", ")}: what the flags below change`
  }),
  concurrency: Flag.optional("concurrency", Flag.whole(1, 10_000), {
    group: effort,
    alias: "c",
    value: "N",
    help: `calls in flight (${Policy.standard.concurrency})`
  }),
  timeout: Flag.optional("timeout", DurationText, {
    group: effort,
    value: "TIME",
    help: `limit of one call (${format(Policy.standard.timeout)})`
  }),
  deadline: Flag.optional("deadline", DurationText, {
    group: effort,
    value: "TIME",
    help: `limit of one question over all its attempts (${format(Policy.standard.deadline)})`
  }),
  retries: Flag.optional("retries", Flag.whole(0, 100), {
    group: effort,
    value: "N",
    help: `attempts after the first (${Policy.standard.retry.retries}); a 429 does not count`
  }),
  maxWait: Flag.optional("max-wait", DurationText, {
    group: effort,
    value: "TIME",
    help: `stop after this long of nothing but 429 (${format(Policy.standard.throttle.maxWait)})`
  })
}

/** What is asked, of whom, and how hard to try. */
export interface Job {
  readonly lookup: ReturnType<typeof Lookup.http<unknown>>
  readonly source: Source.Source<FileSystem.FileSystem>
  readonly rules: Code.Rules
  readonly policy: Policy.Policy
  readonly select: ReadonlyArray<Select.Select>
}

const usage = (message: string) => new Argv.UsageError({ message })

/** Makes the job that the flags describe. */
export const make = (
  values: Values<typeof flags>,
  file: Option.Option<string>
): Effect.Effect<Job, Argv.UsageError | Select.SelectError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    if (Option.isNone(values.url)) return yield* usage("which API? --url 'https://api.example/zip/{code}'")
    const fill = renaming(values.as)
    const headers: Record<string, string> = {}
    for (const line of [...values.header, ...(yield* headerLines(values.headerFile))]) {
      const [name, ...value] = line.split(":")
      headers[name!.trim()] = fill(value.join(":").trim())
    }
    const notFoundWhen = yield* Option.match(values.notFoundWhen, {
      onNone: () => Effect.succeed(undefined),
      onSome: Select.predicate
    })
    const column = Option.getOrUndefined(values.column)
    const rules = {
      trim: true,
      ...optional("pad", values.pad),
      ...optional("pattern", yield* checked(values.pattern))
    }
    return {
      lookup: Lookup.http<unknown>({
        url: fill(values.url.value),
        headers,
        ...optional("method", values.method),
        ...optional("body", Option.map(values.data, fill)),
        ...optional("expect", values.expect),
        ...(notFoundWhen === undefined ? {} : { notFoundWhen }),
        columns: named([values.url.value, ...Object.values(headers), ...Option.toArray(values.data)].map(fill))
      }),
      source: source(file, { ...optional("format", values.inputFormat), ...(column === undefined ? {} : { column }) }),
      rules,
      policy: policy(values),
      select: yield* Effect.forEach(values.select, (text) => Select.parse(text))
    }
  })

/** Short names in braces become the columns that they stand for. */
const renaming = (aliases: ReadonlyArray<string>) => {
  const columns = new Map(aliases.map((alias) => {
    const [name, ...column] = alias.split("=")
    return [name!, column.join("=")]
  }))
  return (template: string) =>
    template.replace(
      /(?<!\$)\{([?&/;.]?)([^{}]*)\}/g,
      (_, operator: string, names: string) =>
        `{${operator}${names.split(",").map((name) => columns.get(name) ?? name).join(",")}}`
    )
}

/** What stands in braces in headers and bodies and could be a column: a JSON body has braces of its own. */
const named = (templates: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(
    templates.flatMap((text) =>
      [...text.matchAll(/(?<!\$)\{([\p{L}_][\p{L}\p{N}_ .-]*)\}/gu)].map((match) => match[1]!)
    )
  )
]

const headerLines = (file: Option.Option<string>) =>
  Option.match(file, {
    onNone: () => Effect.succeed([]),
    onSome: (path) =>
      Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(path)).pipe(
        Effect.mapError(() => usage(`--header-file ${path} cannot be read`)),
        Effect.map((text) => text.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.startsWith("#"))),
        Effect.filterOrFail(
          (lines) => lines.every((line) => /^[^:\s]+:/.test(line)),
          () => usage(`--header-file ${path}: each line is 'Name: value'`)
        )
      )
  })

const source = (file: Option.Option<string>, options: Source.Options): Source.Source<FileSystem.FileSystem> =>
  Option.isNone(file) || file.value === Argv.stdin
    ? Source.bytes("standard input", NodeStream.stdin, options)
    : Source.file(file.value, options)

const checked = (pattern: Option.Option<string>) =>
  Effect.try({
    try: () => Option.map(pattern, (text) => new RegExp(text, "u").source && text),
    catch: (cause) => usage(`--pattern: ${(cause as Error).message}`)
  })

const policy = (values: Values<typeof flags>): Policy.Policy => {
  const base = Policy.presets[Option.getOrElse(values.policy, () => "standard" as const)]
  return {
    ...base,
    ...optional("concurrency", values.concurrency),
    ...optional("timeout", values.timeout),
    ...optional("deadline", values.deadline),
    retry: { ...base.retry, ...optional("retries", values.retries) },
    throttle: { ...base.throttle, ...optional("maxWait", values.maxWait) },
    allowNone: values.allowNone
  }
}

const optional = <const Name extends string, A>(name: Name, value: Option.Option<A>): { [_ in Name]?: A } =>
  (Option.isNone(value) ? {} : { [name]: value.value }) as { [_ in Name]?: A }

/** The policy in one line. */
export const describe = ({ concurrency, deadline, retry, throttle, timeout }: Policy.Policy): string =>
  [
    `-c ${concurrency}`,
    `timeout ${format(timeout)}`,
    `${retry.retries} retries (${format(retry.base)} doubling to ${format(retry.cap)}, full jitter)`,
    `deadline ${format(deadline)}`,
    `max-wait ${format(throttle.maxWait)}`,
    "no rate limit but what the server tells"
  ].join(", ")
