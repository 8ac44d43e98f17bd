/**
 * What `run` and `plan` have in common: the flags that say what is asked, of whom, and how hard to try.
 */
import type { FileSystem } from "@effect/platform"
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Effect, Option } from "effect"
import { fstatSync } from "node:fs"
import * as Select from "../Answer/Select.ts"
import type * as Code from "../Code.ts"
import * as Key from "../Job/Key.ts"
import * as ListFormat from "../Job/ListFormat.ts"
import * as Lookup from "../Lookup.ts"
import type * as Policy from "../Policy.ts"
import * as Source from "../Source.ts"
import * as Pipe from "../Source/Pipe.ts"
import * as Argv from "./Argv.ts"
import * as Columns from "./Columns.ts"
import type { Values } from "./Command.ts"
import * as Effort from "./Effort.ts"
import * as Flag from "./Flag.ts"
import * as Rules from "./Rules.ts"
import * as Talk from "./Talk.ts"
import * as TextFile from "./Text.ts"

const request = "Request"
const input = "Input"
const answer = "Answer"

export const flags = {
  url: Flag.of("url", {
    group: request,
    value: "TEMPLATE",
    help: "{code}, {column} are filled in; ${NAME}: environment"
  }),
  method: Flag.of("method", {
    group: request,
    alias: "X",
    value: "METHOD",
    help: "GET, or POST where there is a body"
  }),
  header: Flag.of("header", {
    group: request,
    alias: "H",
    value: "'NAME: V'",
    isPrivate: true,
    help: "write a secret as ${NAME}, in single quotes"
  }),
  headerFile: Flag.of("header-file", {
    group: request,
    value: "FILE",
    help: "headers, one per line"
  }),
  data: Flag.of("data", {
    group: request,
    alias: "d",
    value: "BODY",
    holdsNothing: true,
    help: "a body, or @FILE; {code} is encoded for its place"
  }),
  headerEncoding: Flag.of("header-encoding", {
    group: request,
    value: "NAME",
    help: "latin1 or utf8: how headers send what is not ASCII"
  }),
  expect: Flag.of("expect", {
    group: request,
    value: "KIND",
    help: "what the answer is: json (default), text, html, bytes"
  }),
  allowOrigin: Flag.of("allow-origin", {
    group: request,
    value: "ORIGIN",
    help: "where else a redirect may lead to; no header goes there"
  }),
  idempotent: Flag.of("idempotent", {
    group: request,
    help: "a POST or PATCH whose answer is lost may be sent again"
  }),
  idempotencyKey: Flag.of("idempotency-key", {
    group: request,
    help: "send an Idempotency-Key: the same for every call of a question"
  }),
  job: Flag.optional("job", Key.text, {
    group: input,
    value: "FILE",
    help: "flags by their names, in YAML or JSON"
  }),
  inputFormat: Flag.of("input-format", {
    group: input,
    value: "FORMAT",
    help: `${ListFormat.names.join(", ")}; else by FILE's ending, else lines`
  }),
  column: Flag.of("column", { group: input, value: "NAME", help: "the column that holds the code" }),
  as: Flag.of("as", {
    group: input,
    value: "zip='ZIP Code'",
    help: "a short name for a column, for use in braces"
  }),
  delimiter: Flag.of("delimiter", {
    group: input,
    value: "';'",
    help: "the sign between cells, or tab; else what the list looks like"
  }),
  encoding: Flag.of("encoding", {
    group: input,
    value: "NAME",
    help: "windows-1252, shift_jis, …; else UTF-8, or what the list looks like"
  }),
  sheet: Flag.of("sheet", { group: input, value: "NAME", help: "the sheet of a workbook (.xlsx)" }),
  noHeader: Flag.of("no-header", { group: input, help: "a table without names: --column 1 is its first column" }),
  carry: Flag.of("carry", {
    group: input,
    value: "COLUMNS",
    help: "the columns of the list that go on into the output, a,b (all)"
  }),
  allowEmpty: Flag.of("allow-empty", { group: input, help: "a list without a code is no error" }),
  pattern: Flag.of("pattern", {
    group: input,
    value: "RE",
    help: "codes that do not match are invalid, without a call"
  }),
  pad: Flag.of("pad", {
    group: input,
    value: "N",
    help: "put back leading zeros, up to N digits"
  }),
  select: Flag.of("select", {
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
  /** The columns that go on into the outputs; all where none is named. */
  readonly carry?: ReadonlyArray<string>
  readonly policy: Policy.Policy
  readonly select: ReadonlyArray<Select.Select>
  /** What is known of its rules. */
  readonly watched?: Rules.Watched
  /** What the request names in braces, as it was typed. */
  readonly names?: ReadonlyArray<string>
  /** Those of them that are no names for a list of lines, and are sent as they stand. */
  readonly unfilled?: ReadonlyArray<string>
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
    const data = yield* bodyOf(values.data)
    const lines = [...values.header, ...(yield* headerLines(values.headerFile))].map((line) => {
      const [name, ...value] = line.split(":")
      return [name!.trim(), value.join(":").trim()] as const
    })
    const texts = [...lines.map(([, value]) => value), ...Option.toArray(data)]
    const isLines = Option.contains(values.inputFormat, "lines")
    const { column, fill, isCodeNamed, isGuess } = Columns.make({
      aliases: values.as,
      column: Option.getOrUndefined(values.column),
      url: values.url.value,
      texts: isLines ? [] : texts
    })
    const headers = Object.fromEntries(lines.map(([name, value]) => [name, fill(value)]))
    const watched = Rules.watch(yield* Rules.parse(values))
    const verdicts = watched.rules
    const layout: Source.Options = {
      ...(column === undefined || (isGuess && isLines) ? {} : { column }),
      ...Flag.given("delimiter", values.delimiter),
      ...Flag.given("encoding", values.encoding),
      ...Flag.given("sheet", values.sheet),
      hasHeader: !values.noHeader,
      isColumnGuess: isGuess,
      isCodeNamed
    }
    const format = Option.match(values.inputFormat, {
      onNone: () => ListFormat.formatFor(nameOf(file), layout),
      onSome: (name) => ListFormat.formats[name]
    })
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
        ...Flag.given("headerEncoding", values.headerEncoding),
        ...Flag.given("weight", values.weight),
        allowOrigins: values.allowOrigin,
        ...(values.idempotent || values.idempotencyKey ? { idempotent: true } : {}),
        idempotencyKey: values.idempotencyKey,
        rules: verdicts,
        ...Rules.reading(values, verdicts),
        // in plain lines, what stands in braces in a body is the body's own
        columns: ListFormat.hasColumns(format)
          ? Columns.named([...Object.values(headers), ...Option.toArray(data).map(fill)])
          : []
      }),
      source: yield* source(file, { ...layout, format }),
      ...Flag.given("carry", values.carry),
      rules,
      refuseEmpty: !values.allowEmpty,
      policy: yield* Effort.policy(values),
      select: yield* Effect.forEach(values.select, selected),
      watched,
      names: Columns.typed({ texts, url: values.url.value }),
      unfilled: ListFormat.hasColumns(format) ? [] : Columns.named(texts)
    }
  })

/** A field to pick out of the answers. */
export const selected = (text: string): Effect.Effect<Select.Select, Argv.UsageError | Select.SelectError> =>
  // what would be no JMESPath anyway
  /^[\w.-]+(=[\w.]+)?(,\s*[\w.-]+(=[\w.]+)?)+$/.test(text)
    ? usage(`--select ${text}: one field at a time, ${text.split(/,\s*/).map((one) => `--select ${one}`).join(" ")}`)
    : Select.parse(text)

/** A body, or that of the file behind an `@`, as curl has it; `@@` is an `@`. */
const bodyOf = (data: Option.Option<string>) => {
  if (Option.isNone(data) || !data.value.startsWith("@")) return Effect.succeed(data)
  if (data.value.startsWith("@@")) return Effect.succeedSome(data.value.slice(1))
  const path = data.value.slice(1)
  return Effect.map(
    TextFile.read(`-d ${data.value}`, path, " (@@ for a body that begins with @)"),
    // the end of the last line is the editor's
    (text) => Option.some(text.replace(/\r?\n$/, ""))
  )
}

/** Where a key may stand in the request, in words. */
export const keys = ({ header, headerFile, url }: Values<typeof flags>): ReadonlyArray<string> => [
  ...header.map((line) => line.split(":")[0]!.trim()).filter((name) => isKey.test(name)).map((name) => `"${name}"`),
  ...Option.toArray(headerFile),
  ...Option.toArray(url).filter((text) => isKey.test(text.split("?")[1] ?? "")).map(() => "the URL")
]

const isKey = /key|auth|token|secret|cookie/i

/** Headers that say nothing: in double quotes a shell has put in a variable that is not set. */
export const emptyHeaders = ({ header }: Values<typeof flags>): ReadonlyArray<string> =>
  header.flatMap((line) => {
    const [, name] = /^\s*([^:;\s]+)\s*:\s*(?:(?:Bearer|Basic|Token|ApiKey)\s*)?$/i.exec(line) ?? []
    return name === undefined ? [] : [
      `warning: the header ${name} is empty: is a variable not set? In single quotes rollcall reads \${NAME} itself`
    ]
  })

/** `{NAME}` is a column, and sent as it stands where a list has none. */
export const braces = ({ unfilled = [] }: Job): ReadonlyArray<string> =>
  unfilled.filter((name) => Columns.isSetting(name, [], process.env)).map((name) =>
    `warning: did you mean \${${name}}? {${name}} is sent as it stands`
  )

/** `$NAME` is a variable in a shell, and three letters and more here. */
export const dollars = ({ data, header, url }: Values<typeof flags>): ReadonlyArray<string> =>
  [...Option.toArray(url), ...header, ...Option.toArray(data)].flatMap((text) => {
    const [, name] = /(?<![\w$])\$([A-Z_][A-Z0-9_]{2,})\b/.exec(text) ?? []
    return name === undefined ? [] : [`warning: did you mean \${${name}}? $${name} is sent as it stands`]
  })

/** The text of a GraphQL query, in a body of JSON. */
const graphQl = /"query"\s*:\s*"((?:[^"\\]|\\.)*)"/

/** `{name}` within the query is filled in like any other, where fields were to be selected. */
export const selections = ({ data }: Values<typeof flags>, { unfilled = [] }: Job): ReadonlyArray<string> => {
  const [, query = ""] = graphQl.exec(Option.getOrElse(data, () => "")) ?? []
  const name = [...query.matchAll(/\{([^{}\s]+)\}/g)].map(([, name]) => name!)
    .find((name) => name === "code" || !unfilled.includes(name))
  return name === undefined ? [] : [
    `warning: {${name}} in the text of the query is filled in from the list: { ${name} }, with spaces, selects that field`
  ]
}

const headerLines = (file: Option.Option<string>) =>
  Option.match(file, {
    onNone: () => Effect.succeed([]),
    onSome: (path) =>
      TextFile.read(`--header-file ${path}`, path).pipe(
        Effect.map((text) => text.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.startsWith("#"))),
        Effect.filterOrFail(
          (lines) => lines.every((line) => /^[^:\s]+:/.test(line)),
          () => usage(`--header-file ${path}: each line is 'Name: value'`)
        )
      )
  })

/** The name of the list, which tells its format; nothing for standard input. */
const nameOf = (file: Option.Option<string>): string =>
  Option.isNone(file) || file.value === Argv.stdin ? "" : file.value

/** A terminal is read only where that is asked for, because a command that waits for typing looks as if it hung. */
const source = (file: Option.Option<string>, options: Source.Options) =>
  Effect.gen(function*() {
    if (Option.isSome(file) && file.value !== Argv.stdin) {
      const { value: path } = file
      return Pipe.is(path)
        ? Source.bytes(path, Pipe.bytes(path), { ...options, isOnce: true })
        : Source.file(path, options)
    }
    if (process.stdin.isTTY) {
      if (Option.isNone(file)) return yield* usage("which codes? Name a FILE, or pipe them in, or type them after -")
      yield* Talk.say("reading codes from the terminal, one a line; Ctrl-D ends the list")
    }
    if (isFolder()) return yield* usage("standard input is a folder: name a file in it")
    return Source.bytes(stdinName, NodeStream.stdin, { ...options, isOnce: true })
  })

/** What standard input is called. */
export const stdinName = "standard input"

/** Reading a folder as a stream gives nothing and no error. */
const isFolder = (): boolean => {
  try {
    return fstatSync(0).isDirectory()
  } catch {
    return false
  }
}

const checked = (pattern: Option.Option<string>) =>
  Effect.try({
    try: () => Option.map(pattern, (text) => new RegExp(text, "u").source && text),
    catch: (cause) => usage(`--pattern: ${(cause as Error).message}`)
  })
