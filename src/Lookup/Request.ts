/**
 * The request of an HTTP lookup: what is sent for a question, what identifies it, and how it is shown.
 */
import { Headers, HttpBody, HttpClient, HttpClientRequest, type HttpClientResponse } from "@effect/platform"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import { type Config, Effect, Either, Encoding, Redacted, Schema } from "effect"
import type { Question } from "../Entry.ts"
import type { Ask, Reply } from "../Lookup.ts"
import { LookupError } from "../Outcome.ts"
import * as Failure from "./Failure.ts"
import * as Template from "./Template.ts"

/** How a body is read. */
export const Expect = Schema.Literal("json", "text", "html", "bytes")
export type Expect = typeof Expect.Type

/** What a body is once read. `bytes` are carried as base64. */
export const parsers: Record<Expect, (body: string) => unknown> = {
  json: (body) => JSON.parse(body),
  text: (body) => body,
  html: (body) => body,
  bytes: (body) => body
}

/** What is sent for a question. */
export interface Options {
  /** The URL with `{code}` and `{column}`, RFC 6570; `${NAME}` is taken from the environment. */
  readonly url: string
  /** GET, or POST where there is a body. */
  readonly method?: HttpMethod
  /** Values may hold `{code}`, `{column}` and `${NAME}`; a secret is best a `Config.redacted`. */
  readonly headers?: Readonly<Record<string, string | Config.Config<Redacted.Redacted<string>>>>
  /** Known names in braces are replaced, encoded for JSON, a form, or as they are, by the content type. */
  readonly body?: string
  /** The columns that `{…}` in headers and the body may name. */
  readonly columns?: ReadonlyArray<string>
  /** Other parts of a request may name the code. Without this, a URL and body without `{code}` are refused. */
  readonly allowConstant?: boolean
}

/** The columns besides the code that the request uses. */
export const inputs = (options: Options): ReadonlyArray<string> => {
  const inText = (options.columns ?? []).filter((name) => texts(options).some((text) => text.includes(`{${name}}`)))
  return [...new Set([...Template.names(options.url), ...inText])].filter((name) => name !== "code")
}

const texts = (options: Options): ReadonlyArray<string> => [
  ...Object.values(options.headers ?? {}).filter((value) => typeof value === "string"),
  ...(options.body === undefined ? [] : [options.body])
]

const method = (options: Options): HttpMethod => options.method ?? (options.body === undefined ? "GET" : "POST")

const contentType = (options: Options): string => {
  const given = Object.entries(options.headers ?? {}).find(([name]) => name.toLowerCase() === "content-type")?.[1]
  if (typeof given === "string") return given
  return /^\s*[{[]/.test(options.body ?? "") ? "application/json" : "application/x-www-form-urlencoded"
}

const encoding = (type: string): Template.Encoding =>
  /\bjson\b/.test(type) ? "json" : type.startsWith("application/x-www-form-urlencoded") ? "form" : "text"

/** Resolves settings and compiles the templates; what it gives makes one request for a question. */
export const prepare = (
  options: Options,
  expect: Expect
): Effect.Effect<Ask<LookupError>, Template.TemplateError, HttpClient.HttpClient> =>
  Effect.gen(function*() {
    const client = yield* HttpClient.HttpClient
    const request = yield* compile(options, Template.fromConfig)
    const clock = yield* Effect.clock
    return (question) => {
      const made = request(question)
      if (Either.isLeft(made)) return new LookupError({ reason: "invalid_code", message: made.left })
      return Effect.matchEffect(client.execute(made.right), {
        onFailure: (error) => Failure.fromHttpClient(error),
        onSuccess: (response) =>
          Effect.matchEffect(expect === "bytes" ? base64(response) : response.text, {
            onFailure: Failure.fromHttpClient,
            onSuccess: (body): Effect.Effect<Reply> =>
              Effect.succeed({
                status: response.status,
                body,
                header: (name) => response.headers[name],
                at: clock.unsafeCurrentTimeMillis()
              })
          })
      })
    }
  })

const compile = (options: Options, resolve: Template.Resolve) =>
  Effect.gen(function*() {
    if (options.allowConstant !== true && !names(options).has("code")) {
      return yield* new Template.TemplateError({
        reason: "NoCode",
        message: `nothing in the request names {code}, so every code would get the same answer: ${options.url}`
      })
    }
    const known = ["code", ...(options.columns ?? [])]
    const url = yield* Template.url(options.url, resolve)
    const headers: Record<string, string> = {}
    const varying: Array<readonly [string, (question: Question) => string]> = []
    for (const [name, value] of Object.entries(options.headers ?? {})) {
      if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
        return yield* new Template.TemplateError({
          reason: "Malformed",
          message: `"${name}" is not the name of a header`
        })
      }
      if (typeof value !== "string") {
        headers[name] = resolve === Template.hidden ? "${…}" : yield* secret(name, value)
        continue
      }
      const { isConstant, expand } = yield* Template.text(value, known, "text", resolve)
      if (isConstant) headers[name] = expand(nobody)
      else varying.push([name, expand])
      if (isConstant && !headerValue.test(headers[name]!)) {
        return yield* new Template.TemplateError({
          reason: "Malformed",
          message: `the value of the header ${name} holds a character that no header may hold`
        })
      }
    }
    const type = contentType(options)
    const body = options.body === undefined
      ? undefined
      : yield* Template.text(options.body, known, encoding(type), resolve)
    const base = HttpClientRequest.make(method(options))("", { headers: Headers.fromInput(headers) })

    return (question: Question): Either.Either<HttpClientRequest.HttpClientRequest, string> => {
      const expanded = url(question)
      if (Either.isLeft(expanded)) return Either.left(expanded.left)
      let request = HttpClientRequest.setUrl(base, expanded.right)
      for (const [name, expand] of varying) {
        const value = expand(question)
        if (!headerValue.test(value)) return Either.left(`the header ${name} cannot hold this value`)
        request = HttpClientRequest.setHeader(request, name, value)
      }
      if (body !== undefined) request = HttpClientRequest.setBody(request, HttpBody.text(body.expand(question), type))
      return Either.right(request)
    }
  })

const nobody: Question = { code: "" as Question["code"], values: {} }

/** RFC 9110, 5.5: visible characters, spaces and tabs, of Latin-1. */
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/

const secret = (name: string, value: Config.Config<Redacted.Redacted<string>>) =>
  Effect.mapBoth(value, {
    onSuccess: Redacted.value,
    onFailure: (error) =>
      new Template.TemplateError({
        reason: "MissingSetting",
        message: `the header ${name} has no value: ${String(error)}`
      })
  })

/** Every name in braces, `code` among them. */
const names = (options: Options): ReadonlySet<string> =>
  new Set([
    ...Template.names(options.url),
    ...["code", ...(options.columns ?? [])].filter((name) => texts(options).some((text) => text.includes(`{${name}}`)))
  ])

const base64 = (response: HttpClientResponse.HttpClientResponse) =>
  Effect.map(response.arrayBuffer, (bytes) => Encoding.encodeBase64(new Uint8Array(bytes)))

/**
 * What identifies the request, by part: settings by name only, so that a rotated key changes nothing, and other values that may be
 * secrets as a hash.
 */
export const fingerprint = (options: Options): Effect.Effect<Readonly<Record<string, string>>> =>
  Effect.gen(function*() {
    const parts: Record<string, string> = { method: method(options) }
    const [path, query] = split(options.url, "?")
    parts.url = path
    for (const pair of query === "" ? [] : query.split("&")) {
      const [name, value] = split(pair, "=")
      parts[`query ${name}`] = yield* conceal(value, isOpen.test(value))
    }
    for (const [name, value] of Object.entries(options.headers ?? {})) {
      const header = name.toLowerCase()
      parts[`header ${header}`] = typeof value === "string"
        ? yield* conceal(value, isOpen.test(value) || plainHeaders.has(header))
        : "${…}"
    }
    if (options.body !== undefined) parts.body = yield* conceal(options.body, false)
    return parts
  })

const split = (text: string, at: string): [string, string] => {
  const index = text.indexOf(at)
  return index < 0 ? [text, ""] : [text.slice(0, index), text.slice(index + at.length)]
}

/** Nothing but names in braces, numbers and short words: no secret. */
const isOpen = /^(\$\{\w+\}|\{[^{}]*\}|\d{1,6}|[a-z]{1,12}|[\s:/-])*$/
const plainHeaders = new Set(["accept", "accept-language", "content-type", "user-agent"])

const conceal = (value: string, isPlain: boolean): Effect.Effect<string> =>
  isPlain ? Effect.succeed(value) : Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-256", new TextEncoder().encode(value))),
    (hash) => `sha256:${Encoding.encodeHex(new Uint8Array(hash).slice(0, 12))}`
  )

/** The request for a question as a `curl` command, with settings by name, for a person to try. */
export const curl = (options: Options, question: Question): Effect.Effect<string, Template.TemplateError> =>
  Effect.map(compile(options, Template.hidden), (request) => {
    const made = request(question)
    if (Either.isLeft(made)) return `# ${made.left}`
    const { body, headers, method, url } = made.right
    return [
      "curl -sS -i",
      ...(method === "GET" ? [] : [`-X ${method}`]),
      ...Object.entries(headers).map(([name, value]) => `-H ${quote(`${name}: ${mask(name, value)}`)}`),
      ...(body._tag === "Uint8Array" ? [`-d ${quote(new TextDecoder().decode(body.body))}`] : []),
      quote(maskQuery(url))
    ].join(" ")
  })

/** Double quotes where a `${NAME}` must be taken from the environment, single ones else. */
const quote = (text: string): string =>
  /\$\{\w+\}/.test(text)
    ? `"${text.replace(/[\\"`]|\$(?!\{\w+\})/g, "\\$&")}"`
    : `'${text.replaceAll("'", `'\\''`)}'`

const mask = (name: string, value: string) =>
  isOpen.test(value) || plainHeaders.has(name) ? value : value.includes("${") ? value : "<redacted>"

const maskQuery = (url: string) =>
  url.replace(/([?&])([^=&]*(?:key|token|secret|sig|auth|pass)[^=&]*)=(?!\$\{)[^&]*/gi, "$1$2=<redacted>")
