/**
 * Templates of header values and bodies: known names in braces stand for the question, `${NAME}` for a setting from the environment,
 * `$$` for a dollar. A URL has rules of its own, see Url.ts.
 */
import { Config, ConfigError, ConfigProvider, Effect, Either, Redacted, Schema } from "effect"
import type { Question } from "../Entry.ts"

/** A template that cannot be used, found before anything is asked. */
export class TemplateError extends Schema.TaggedError<TemplateError>()("TemplateError", {
  reason: Schema.Literal("Malformed", "NoCode", "Unsafe", "MissingSetting"),
  message: Schema.String
}) {}

/** A compiled template: the text for a question, or why this question has none. */
export type Expand = (question: Question) => Either.Either<string, string>

/** What a name in braces stands for; nothing where the question has no such column. */
export const valueOf = (question: Question, name: string): string =>
  name === "code" ? question.code : Object.hasOwn(question.values, name) ? question.values[name]! : ""

/** The value of a setting, by its name in the environment or by its own `Config`. */
export type Resolve = (
  name: string,
  config?: Config.Config<Redacted.Redacted<string>>
) => Effect.Effect<string, TemplateError>

/** Takes settings from the environment (the `ConfigProvider`). One that is empty counts as missing. */
export const fromConfig: Resolve = (name, config = Config.redacted(name)) =>
  Effect.matchEffect(config, {
    onFailure: (error) =>
      missing(
        ConfigError.isMissingDataOnly(error)
          ? `\${${name}} is not set in the environment: export ${name}=…`
          : `the value of \${${name}} in the environment is not of the right kind`
      ),
    onSuccess: (value) =>
      Redacted.value(value) === ""
        ? missing(`\${${name}} is empty in the environment: export ${name}=…`)
        : Effect.succeed(Redacted.value(value))
  })

const missing = (message: string) => new TemplateError({ reason: "MissingSetting", message })

/** Stands on both sides of the name of a setting that is not filled in. No URL and no header can hold it. */
export const mark = "\0"

/** Leaves settings out, for showing. */
export const hidden: Resolve = (name) => Effect.succeed(`${mark}${name}${mark}`)

/** Whether a value is the name of a setting that was not filled in. */
export const isHidden = (value: string): boolean => value.startsWith(mark)

/** The name under which a `Config` looks first; `undefined` where it asks for none. */
export const nameOf = (config: Config.Config<unknown>): Effect.Effect<string | undefined> =>
  Effect.match(ConfigProvider.fromMap(new Map()).load(config), {
    onFailure: (error) => {
      while (error._op === "And" || error._op === "Or") error = error.left
      return error.path.join("_")
    },
    onSuccess: () => undefined
  })

/** A part of a template: text as it stands, a setting by its name, or what stood in braces. */
export type Part = { readonly text: string } | { readonly setting: string } | { readonly name: string }

/** Takes a template apart; only these names are looked for in braces. */
export const parts = (template: string, known: ReadonlyArray<string>): ReadonlyArray<Part> => {
  const names = known.length === 0 ? "(?!)" : known.map(escape).join("|")
  const found: Array<Part> = []
  let text = ""
  let from = 0
  for (const match of template.matchAll(new RegExp(`\\$\\$|\\$\\{([^{}]*)\\}|\\{(${names})\\}`, "gu"))) {
    const [whole, setting, name] = match
    text += template.slice(from, match.index)
    from = match.index + whole.length
    if (setting === undefined && name === undefined) text += "$"
    else {
      found.push({ text }, name === undefined ? { setting: setting! } : { name })
      text = ""
    }
  }
  return [...found, { text: text + template.slice(from) }]
}

const escape = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")

/** Takes a template apart and fills in its settings. */
export const fill = (
  template: string,
  known: ReadonlyArray<string>,
  resolve: Resolve
): Effect.Effect<ReadonlyArray<Part>, TemplateError> =>
  Effect.forEach(parts(template, known), (part): Effect.Effect<Part, TemplateError> => {
    if (!("setting" in part)) return Effect.succeed(part)
    return /^[A-Za-z_]\w*$/.test(part.setting)
      ? Effect.map(resolve(part.setting), (setting) => ({ setting }))
      : malformed(`\${${part.setting}} is not the name of a setting; a dollar is written $$`)
  })

/** A template that is written wrong. */
export const malformed = (message: string): TemplateError => new TemplateError({ reason: "Malformed", message })

/** The known names that a header value or a body has in braces. */
export const names = (template: string, known: ReadonlyArray<string>): ReadonlyArray<string> =>
  parts(template, known).flatMap((part) => "name" in part ? [part.name] : [])

/** How values are written into a text. */
export type Encoding = "json" | "form" | "xml" | "text"

/** Compiles the template of a header value or of a body. */
export const text = (
  template: string,
  known: ReadonlyArray<string>,
  encoding: Encoding,
  resolve: Resolve
): Effect.Effect<Expand, TemplateError> =>
  Effect.gen(function*() {
    const pieces: Array<string | ((question: Question) => string)> = []
    /** What a value could make of it. */
    let sample = ""
    let isInString = false
    for (const part of yield* fill(template, known, resolve)) {
      if ("text" in part) {
        pieces.push(part.text)
        sample += part.text
        for (const [found] of part.text.matchAll(/\\.|"/gs)) if (found === "\"") isInString = !isInString
        continue
      }
      sample += "0"
      const encode = encoding === "json" && !isInString ? bare : encoders[encoding]
      if ("name" in part) {
        const { name } = part
        pieces.push((question) =>
          encode === bare && question.absent?.includes(name) ? "null" : encode(valueOf(question, name), name)
        )
      } // a setting outside of a JSON string may be any JSON
      else pieces.push(isHidden(part.setting) || encode === bare ? part.setting : encode(part.setting, ""))
    }
    if (encoding === "json" && !isJson(sample)) {
      return yield* malformed("the body is not JSON: is there a quote, a comma or a brace too many or too few?")
    }
    return (question) => {
      let text = ""
      for (const piece of pieces) {
        try {
          text += typeof piece === "string" ? piece : piece(question)
        } catch (cause) {
          return Either.left((cause as Error).message)
        }
      }
      return Either.right(text)
    }
  })

/** A value in a JSON body that has no quotes around it. */
const bare = (value: string, name: string): string => {
  if (/^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/.test(value)) return value
  throw new TypeError(`${JSON.stringify(value)} is not a number: write "{${name}}" with quotes in the JSON body`)
}

const whole = (value: string): string => {
  if (/\p{Surrogate}/u.test(value)) throw new TypeError(halfCharacter)
  return value
}

/** Why a value that is no Unicode text is not sent. */
export const halfCharacter = "the value holds half a character (a lone surrogate)"

/** XML 1.0, 2.2: other characters cannot stand in a document, not even as a reference. */
const writable = (value: string): string => {
  if (/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(whole(value))) {
    throw new TypeError("the value holds a character that XML cannot hold")
  }
  return value
}

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;", "'": "&apos;" }

const encoders: Record<Encoding, (value: string, name: string) => string> = {
  json: (value) => JSON.stringify(value).slice(1, -1),
  form: (value) => encodeURIComponent(whole(value)),
  xml: (value) => writable(value).replace(/[&<>"']/g, (character) => entities[character]!),
  text: whole
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
