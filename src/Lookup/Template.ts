/**
 * Templates of requests: `{code}` and `{column}` stand for the question, `${NAME}` for a setting from the environment.
 *
 * In a URL `{…}` is RFC 6570, so that no value can change origin, path depth, query or fragment. In headers and bodies only known
 * names in braces are replaced. `$$` is a dollar.
 */
import { Config, Effect, Either, Redacted, Schema } from "effect"
import { parseTemplate } from "url-template"
import type { Question } from "../Entry.ts"

/** A template that cannot be used, found before anything is asked. */
export class TemplateError extends Schema.TaggedError<TemplateError>()("TemplateError", {
  reason: Schema.Literal("Malformed", "NoCode", "Unsafe", "MissingSetting"),
  message: Schema.String
}) {}

/** The text of a template with its `${NAME}` taken apart: literals and setting names in turn. */
type Token = { readonly text: string } | { readonly setting: string }

const tokens = (template: string): Array<Token> => {
  const found: Array<Token> = []
  let text = ""
  let from = 0
  for (const match of template.matchAll(/\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g)) {
    text += template.slice(from, match.index)
    from = match.index + match[0].length
    if (match[1] === undefined) text += "$"
    else {
      found.push({ text }, { setting: match[1] })
      text = ""
    }
  }
  found.push({ text: text + template.slice(from) })
  return found
}

/** The settings that a template names. */
export const settings = (template: string): ReadonlyArray<string> =>
  tokens(template).flatMap((token) => "setting" in token ? [token.setting] : [])

/** The value of a setting; `hide` gives `${NAME}` instead, for showing. */
export type Resolve = (name: string) => Effect.Effect<string, TemplateError>

/** Takes settings from the environment (the `ConfigProvider`). */
export const fromConfig: Resolve = (name) =>
  Config.redacted(name).pipe(
    Effect.map(Redacted.value),
    Effect.mapError(() =>
      new TemplateError({
        reason: "MissingSetting",
        message: `\${${name}} is not set in the environment: export ${name}=…`
      })
    )
  )

/** Leaves settings as they are written. */
export const hidden: Resolve = (name) => Effect.succeed(`\${${name}}`)

/** A compiled template: the text for a question, or why this question has none. */
export type Expand = (question: Question) => Either.Either<string, string>

/** The names in braces of a URL template, without operators and modifiers. */
export const names = (url: string): ReadonlyArray<string> => [
  ...new Set(expressions(url).flatMap(({ names }) => names))
]

const expressions = (template: string) =>
  tokens(template).flatMap((token) =>
    "setting" in token ? [] : [...token.text.matchAll(/\{([^{}]*)\}/g)].map((match) => {
      const operator = /^[+#./;?&]/.exec(match[1]!)?.[0] ?? ""
      const names = match[1]!.slice(operator.length).split(",").map((name) => name.replace(/(\*|:\d+)$/, ""))
      return { source: match[0], operator, names }
    })
  )

/** Checks a URL template without the environment: it must be whole, safe, and contain a name. */
export const checkUrl = (url: string): Either.Either<void, TemplateError> => {
  const fail = (reason: TemplateError["reason"], message: string) => Either.left(new TemplateError({ reason, message }))
  const found = expressions(url)
  const bare = tokens(url).map((token) => "setting" in token ? "setting" : token.text.replace(/\{[^{}]*\}/g, "")).join(
    ""
  )
  if (/[{}]/.test(bare)) return fail("Malformed", `the URL has a brace without its partner: ${url}`)
  if (/[\s\p{Cc}]/u.test(bare)) return fail("Malformed", `the URL holds white space: ${url}`)
  const open = found.find(({ operator }) => operator === "+" || operator === "#")
  if (open !== undefined) {
    return fail("Unsafe", `${open.source} would let a value change the URL: write {${open.names.join(",")}}`)
  }
  const unnamed = found.find(({ names }) => names.some((name) => name.trim() === ""))
  if (unnamed !== undefined) return fail("Malformed", `${unnamed.source} in the URL names nothing`)
  const origin = /^(?:https?:\/\/[^/?#]*|\$\{[A-Za-z0-9_]+\})/.exec(url)?.[0]
  if (origin === undefined) return fail("Malformed", `the URL must begin with http:// or https://: ${url}`)
  if (origin.replace(/\$\{\w+\}/g, "").includes("{")) {
    return fail("Unsafe", `a value must not choose the host: ${url}`)
  }
  if (/^https?:\/\/$/.test(origin)) return fail("Malformed", `the URL names no host: ${url}`)
  if (/^https?:\/\/[^/]*@/.test(origin)) {
    return fail("Unsafe", "a user name or password in the URL is seen by others: use -H 'Authorization: Basic ${NAME}'")
  }
  if (dots.test(url)) return fail("Malformed", `the URL has a "." or ".." as a path segment: ${url}`)
  return Either.void
}

/** Compiles a URL template. */
export const url = (template: string, resolve: Resolve): Effect.Effect<Expand, TemplateError> =>
  Effect.gen(function*() {
    yield* checkUrl(template)
    const parts: Array<string | ReturnType<typeof parseTemplate>> = []
    for (const [index, token] of tokens(template).entries()) {
      if ("setting" in token) {
        const value = yield* resolve(token.setting)
        // one that begins the URL is a base URL, any other is a value
        parts.push(index === 1 && parts[0] === "" || resolve === hidden ? value : encodeURIComponent(value))
        continue
      }
      for (const piece of token.text.split(/(\{[^{}]*\})/)) {
        parts.push(piece.startsWith("{") ? parseTemplate(piece) : parseTemplate(piece).expand({}))
      }
    }
    const base = parts.filter((part) => typeof part === "string").join("")
    if (resolve !== hidden && !URL.canParse(base)) {
      return yield* new TemplateError({ reason: "Malformed", message: `this is not a URL: ${template}` })
    }
    const inPath = names(template.split("?")[0]!)
    return (question) => {
      const values: Record<string, string> = { code: question.code, ...question.values }
      for (const name of inPath) {
        if (values[name] === "") return Either.left(`the column ${name} is empty, and the path of the URL needs it`)
      }
      let text = ""
      for (const part of parts) text += typeof part === "string" ? part : part.expand(values)
      // encodeURIComponent leaves dots alone, and a URL parser folds the segments "." and ".."
      if ((question.code.charCodeAt(0) === 46 || inPath.length > 1) && dots.test(text)) {
        return Either.left(`"." or ".." as a path segment would change the path`)
      }
      return Either.right(text)
    }
  })

const dots = /\/\.{1,2}(?=[/?#]|$)/

/** How a value is written into a body. */
export type Encoding = "json" | "form" | "text"

const encoders: Record<Encoding, (value: string) => string> = {
  json: (value) => JSON.stringify(value).slice(1, -1),
  form: encodeURIComponent,
  text: (value) => value
}

/** Compiles the template of a header's value or of a body, in which only `known` names in braces are replaced. */
export const text = (
  template: string,
  known: ReadonlyArray<string>,
  encoding: Encoding,
  resolve: Resolve
): Effect.Effect<{ readonly isConstant: boolean; readonly expand: (question: Question) => string }, TemplateError> =>
  Effect.gen(function*() {
    const parts: Array<string | { readonly name: string }> = []
    const marker = new RegExp(`(\\{(?:${known.map(escapeRegExp).join("|")})\\})`)
    for (const token of tokens(template)) {
      if ("setting" in token) parts.push(yield* resolve(token.setting))
      else {
        for (const piece of token.text.split(marker)) {
          parts.push(marker.test(piece) ? { name: piece.slice(1, -1) } : piece)
        }
      }
    }
    const encode = encoders[encoding]
    const isConstant = parts.every((part) => typeof part === "string")
    return {
      isConstant,
      expand: (question) => {
        let text = ""
        for (const part of parts) {
          text += typeof part === "string"
            ? part
            : encode(part.name === "code" ? question.code : question.values[part.name] ?? "")
        }
        return text
      }
    }
  })

const escapeRegExp = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
