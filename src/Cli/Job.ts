/**
 * What `run` and `plan` have in common: the flags that say what is asked, of whom, and how hard to try.
 */
import { FileSystem } from "@effect/platform"
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Effect, Option, Schema } from "effect"
import type * as Code from "../Code.ts"
import * as Lookup from "../Lookup.ts"
import { Expect } from "../Lookup/Expect.ts"
import * as Select from "../Lookup/Select.ts"
import type * as Policy from "../Policy.ts"
import * as Source from "../Source.ts"
import * as Argv from "./Argv.ts"
import type { Values } from "./Command.ts"
import * as Effort from "./Effort.ts"
import * as Flag from "./Flag.ts"
import * as Rules from "./Rules.ts"
import * as Talk from "./Talk.ts"

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const
const formats = Object.keys(Source.formats) as Array<Source.FormatName>

const request = "Request"
const input = "Input"
const answer = "Answer"

const Text = Schema.String as Schema.Schema<string>

/** `Name: value`, as curl takes it. */
const Header = Schema.String.pipe(Schema.filter((text) => /^[^:\s]+:/.test(text) || "write it as 'Name: value'"))

/** `zip=ZIP Code`. */
const Alias = Schema.String.pipe(Schema.filter((text) => /^\w+=./.test(text) || "write it as name='COLUMN'"))

export const flags = {
  url: Flag.optional("url", Text, {
    group: request,
    value: "TEMPLATE",
    help: "{code}, {column} are filled in; ${NAME}: environment"
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
    value: "'NAME: V'",
    isPrivate: true,
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
    help: "a body, or @FILE; {code} is encoded for its place"
  }),
  expect: Flag.optional("expect", Flag.choice(Expect.literals), {
    group: request,
    value: "KIND",
    help: "what the answer is: json (default), text, html, bytes"
  }),
  allowOrigin: Flag.repeated("allow-origin", Text, {
    group: request,
    value: "ORIGIN",
    help: "where else a redirect may lead to; no header goes there"
  }),
  idempotent: Flag.toggle("idempotent", {
    group: request,
    help: "a POST or PATCH whose answer is lost may be sent again"
  }),
  idempotencyKey: Flag.toggle("idempotency-key", {
    group: request,
    help: "send an Idempotency-Key: the same for every call of a question"
  }),
  job: Flag.optional("job", Text, {
    group: input,
    value: "FILE",
    help: "flags by their names, in YAML or JSON"
  }),
  inputFormat: Flag.optional("input-format", Flag.choice(formats), {
    group: input,
    value: "FORMAT",
    help: `${formats.join(", ")}; else by FILE's ending, else lines`
  }),
  column: Flag.optional("column", Text, { group: input, value: "NAME", help: "the column that holds the code" }),
  as: Flag.repeated("as", Alias, {
    group: input,
    value: "zip='ZIP Code'",
    help: "a short name for a column, for use in braces"
  }),
  allowEmpty: Flag.toggle("allow-empty", { group: input, help: "a list without a code is no error" }),
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
    value: "city=EXPR",
    help: "fields to pick out of the answer (JMESPath)"
  }),
  ...Rules.flags,
  ...Effort.flags
}

/** What is asked, of whom, and how hard to try. */
export interface Job {
  readonly lookup: ReturnType<typeof Lookup.http<unknown>>
  readonly source: Source.Source<FileSystem.FileSystem>
  readonly rules: Code.Rules
  /** Whether a list without a code is an error. */
  readonly refuseEmpty?: boolean
  readonly policy: Policy.Policy
  readonly select: ReadonlyArray<Select.Select>
}

/** The names of the settings in the request. */
export const settings = ({ data, header, url }: Values<typeof flags>): ReadonlyArray<string> => [
  ...new Set(
    [...Option.toArray(url), ...header, ...Option.toArray(data)].flatMap((text) =>
      [...text.matchAll(/(?<!\$)\$\{(\w+)\}/g)].map((match) => match[1]!)
    )
  )
]

const usage = (message: string) => new Argv.UsageError({ message })

/** Makes the job that the flags describe. */
export const make = (
  values: Values<typeof flags>,
  file: Option.Option<string>
): Effect.Effect<Job, Argv.UsageError | Select.SelectError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    if (Option.isNone(values.url) || values.url.value === "") {
      return yield* usage("which API? --url 'https://api.example/zip/{code}'")
    }
    const fill = renaming(values.as)
    const data = yield* bodyOf(values.data)
    const headers: Record<string, string> = {}
    for (const line of [...values.header, ...(yield* headerLines(values.headerFile))]) {
      const [name, ...value] = line.split(":")
      headers[name!.trim()] = fill(value.join(":").trim())
    }
    const verdicts = yield* Rules.parse(values)
    const column = Option.getOrUndefined(values.column)
    const hasColumns = column !== undefined || format(values, file) !== "lines"
    const rules = {
      trim: true,
      ...Flag.given("pad", values.pad),
      ...Flag.given("pattern", yield* checked(values.pattern))
    }
    return {
      lookup: Lookup.http<unknown>({
        url: fill(values.url.value),
        headers,
        ...Flag.given("method", values.method),
        ...Flag.given("body", Option.map(data, fill)),
        ...Flag.given("expect", values.expect),
        ...Flag.given("weight", values.weight),
        allowOrigins: values.allowOrigin,
        ...(values.idempotent || values.idempotencyKey ? { idempotent: true } : {}),
        idempotencyKey: values.idempotencyKey,
        rules: verdicts,
        ...Rules.reading(values, verdicts),
        // in plain lines, what stands in braces in a body is the body's own
        columns: hasColumns ? named([...Object.values(headers), ...Option.toArray(data).map(fill)]) : []
      }),
      source: yield* source(file, {
        format: format(values, file),
        ...(column === undefined ? {} : { column })
      }),
      rules,
      refuseEmpty: !values.allowEmpty,
      policy: yield* Effort.policy(values),
      select: yield* Effect.forEach(values.select, (text) => Select.parse(text))
    }
  })

/** A body, or that of the file behind an `@`, as curl has it; `@@` is an `@`. */
const bodyOf = (data: Option.Option<string>) => {
  if (Option.isNone(data) || !data.value.startsWith("@")) return Effect.succeed(data)
  if (data.value.startsWith("@@")) return Effect.succeedSome(data.value.slice(1))
  const path = data.value.slice(1)
  return Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(path)).pipe(
    Effect.mapBoth({
      onFailure: () => usage(`-d ${data.value} cannot be read (@@ for a body that begins with @)`),
      // the end of the last line is the editor's
      onSuccess: (text) => Option.some(text.replace(/\r?\n$/, ""))
    })
  )
}

/** Where a key may stand in the request, in words. */
export const keys = ({ header, headerFile, url }: Values<typeof flags>): ReadonlyArray<string> => [
  ...header.map((line) => line.split(":")[0]!.trim()).filter((name) => isKey.test(name)).map((name) => `"${name}"`),
  ...Option.toArray(headerFile),
  ...Option.toArray(url).filter((text) => isKey.test(text.split("?")[1] ?? "")).map(() => "the URL")
]

const isKey = /key|auth|token|secret|cookie/i

/** `$NAME` is a variable in a shell, and three letters and more here. */
export const dollars = ({ data, header, url }: Values<typeof flags>): ReadonlyArray<string> =>
  [...Option.toArray(url), ...header, ...Option.toArray(data)].flatMap((text) => {
    const [, name] = /(?<![\w$])\$([A-Z_][A-Z0-9_]{2,})\b/.exec(text) ?? []
    return name === undefined ? [] : [`warning: did you mean \${${name}}? $${name} is sent as it stands`]
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

const format = ({ column, inputFormat }: Values<typeof flags>, file: Option.Option<string>): Source.FormatName =>
  Option.getOrElse(inputFormat, () => {
    const name = Option.isNone(file) || file.value === Argv.stdin ? "" : file.value
    return Source.formatFor(name, Flag.given("column", column))
  })

/** A terminal is read only where that is asked for, because a command that waits for typing looks as if it hung. */
const source = (file: Option.Option<string>, options: Source.Options) =>
  Effect.gen(function*() {
    if (Option.isSome(file) && file.value !== Argv.stdin) return Source.file(file.value, options)
    if (process.stdin.isTTY) {
      if (Option.isNone(file)) return yield* usage("which codes? Name a FILE, or pipe them in, or type them after -")
      yield* Talk.say("reading codes from the terminal, one a line; Ctrl-D ends the list")
    }
    return Source.bytes("standard input", NodeStream.stdin, options)
  })

const checked = (pattern: Option.Option<string>) =>
  Effect.try({
    try: () => Option.map(pattern, (text) => new RegExp(text, "u").source && text),
    catch: (cause) => usage(`--pattern: ${(cause as Error).message}`)
  })
