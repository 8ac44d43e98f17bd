/**
 * The request of an HTTP lookup: what is sent for a question, what identifies it, and how it is shown.
 */
import { Headers, HttpBody, HttpClientRequest } from "@effect/platform"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import { type Config, Effect, Either, type Redacted } from "effect"
import type { Expect } from "../Answer/Expect.ts"
import type { Question } from "../Entry.ts"
import * as Hash from "../Hash.ts"
import * as Curl from "./Curl.ts"
import * as Redact from "./Redact.ts"
import * as Template from "./Template.ts"
import * as Url from "./Url.ts"

/** What is sent for a question. */
export interface Options {
  /** The URL with `{code}` and `{column}`, RFC 6570; `${NAME}` is taken from the environment. */
  readonly url: string
  /** GET, or POST where there is a body. */
  readonly method?: HttpMethod
  /** Values may hold `{code}`, `{column}` and `${NAME}`; a secret is best a `Config.redacted`. */
  readonly headers?: Readonly<Record<string, string | Config.Config<Redacted.Redacted<string>>>>
  /** How what is not ASCII goes out in headers; a value that holds such is refused unless told otherwise. */
  readonly headerEncoding?: HeaderEncoding | undefined
  /** Known names in braces are replaced, encoded for JSON, XML, a form, or as they are, by the content type. */
  readonly body?: string
  /** The columns that `{…}` in headers and the body may name. */
  readonly columns?: ReadonlyArray<string>
  /**
   * Origins such as `https://other.example` that a redirect may lead to. What is sent there is the URL alone; the own origin gets
   * what it would have got at once, and where it is named, also a GET in place of a POST that names the code in its body.
   */
  readonly allowOrigins?: ReadonlyArray<string>
  /**
   * Whether a request that may have been carried out, though no answer came, is sent again. True for methods that are idempotent by RFC
   * 9110, 9.2.2, false for POST and PATCH, unless told otherwise.
   */
  readonly idempotent?: boolean
  /** Sends an `Idempotency-Key`, the same for every call of a run for a question (draft-ietf-httpapi-idempotency-key-header). */
  readonly idempotencyKey?: boolean
  /** Other parts of a request may name the code. Without this, a URL and body without `{code}` are refused. */
  readonly allowConstant?: boolean
}

/** Encodings of headers: RFC 9110, 5.5 knows of ASCII alone, and servers read the rest as one or the other. */
export type HeaderEncoding = "latin1" | "utf8"

/** The columns besides the code that the request uses. */
export const inputs = (options: Options): ReadonlyArray<string> => names(options).filter((name) => name !== "code")

/** Every name in braces, `code` among them. */
const names = (options: Options): ReadonlyArray<string> => [
  ...new Set([
    ...Url.names(options.url),
    ...[...Object.values(options.headers ?? {}), options.body].flatMap((text) =>
      typeof text === "string" ? Template.names(text, known(options)) : []
    )
  ])
]

/** Whether the body names what is asked. */
export const asksInBody = (options: Options): boolean =>
  options.body !== undefined && Template.names(options.body, known(options)).length > 0

const known = (options: Options): ReadonlyArray<string> => ["code", ...(options.columns ?? [])]

const method = (options: Options): HttpMethod => options.method ?? (options.body === undefined ? "GET" : "POST")

/** Methods by which each call may change something anew: those that are not idempotent (RFC 9110, 9.2.2). */
export const changing: ReadonlySet<string> = new Set(["POST", "PATCH"])

/** Whether a request that may have been carried out is sent again. */
export const isIdempotent = (options: Options): boolean => options.idempotent ?? !changing.has(method(options))

/** Whether the request only reads: a GET or HEAD, or what the user says may be sent again. */
export const isRead = (options: Options): boolean => options.idempotent ?? /^(GET|HEAD)$/.test(method(options))

/** The content type of the body: what a header says, or what the body looks like. */
const contentType = ({ body = "", headers = {} }: Options): string => {
  const given = Object.entries(headers).find(([name]) => name.toLowerCase() === "content-type")?.[1]
  if (typeof given === "string" && !given.includes("{")) return given
  if (/^\s*</.test(body)) return "application/xml"
  return /^\s*[{[]/.test(body) ? "application/json" : "application/x-www-form-urlencoded"
}

const encoding = (type: string): Template.Encoding => {
  const [essence] = type.toLowerCase().split(";")
  if (/[/+]json\s*$/.test(essence!)) return "json"
  if (/[/+]xml\s*$/.test(essence!)) return "xml"
  return essence!.trim() === "application/x-www-form-urlencoded" ? "form" : "text"
}

/** The origins that a redirect may lead to, as `URL.origin` writes them. */
export const allowed = (
  { allowOrigins = [] }: Options
): Effect.Effect<ReadonlySet<string>, Template.TemplateError> =>
  Effect.map(
    Effect.forEach(allowOrigins, (text) => {
      const url = URL.canParse(text) ? new URL(text) : undefined
      return url !== undefined && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`
        ? Effect.succeed(url.origin)
        : Template.malformed(`${JSON.stringify(text)} is not an origin: write it as https://other.example`)
    }),
    (origins) => new Set(origins)
  )

/** The words of a request that are its own and may be secret, where they are not settings. */
export const ownWords = (options: Options): ReadonlyArray<string> => [
  ...Redact.urlWords(options.url),
  ...Object.entries(options.headers ?? {}).flatMap(([name, value]) =>
    typeof value === "string" ? Redact.headerWords(name, value, known(options)) : []
  ),
  ...(options.body === undefined
    ? []
    : Redact.bodyWords(options.body, encoding(contentType(options)), known(options)))
]

/** Makes the request for a question, or says why there is none. */
export type Make = (question: Question) => Either.Either<HttpClientRequest.HttpClientRequest, string>

/** A URL with `{code}` where another habit writes the code, or at its end. */
const example = (url: string): string => {
  const other = url.replace(/%s|%d|\$\{?code\}?|:code\b|<code>|\[code\]/i, "{code}")
  return other === url ? `${url.replace(/[?#].*$/s, "").replace(/\/?$/, "/")}{code}` : other
}

/** Compiles the templates of a request. */
export const make = (options: Options, resolve: Template.Resolve): Effect.Effect<Make, Template.TemplateError> =>
  Effect.gen(function*() {
    if (options.allowConstant !== true && names(options).length === 0) {
      return yield* new Template.TemplateError({
        reason: "NoCode",
        message: "nothing in the request names {code} or a column, so every code would get the same answer "
          + `(write ${Url.shown(example(options.url))}): ${Url.shown(options.url)}`
      })
    }
    const url = yield* Url.make(options.url, resolve)
    const constant: Record<string, string> = {}
    const varying: Array<readonly [string, Template.Expand]> = []
    for (const [name, value] of Object.entries(options.headers ?? {})) {
      const expand = yield* header(name, value, known(options), resolve, options.headerEncoding)
      if (typeof value === "string" && Template.names(value, known(options)).length > 0) varying.push([name, expand])
      else constant[name] = Either.getOrThrow(expand(nobody))
    }
    const base = HttpClientRequest.make(method(options))("", { headers: Headers.fromInput(constant) })
    const type = contentType(options)
    const body = options.body === undefined
      ? undefined
      : yield* Template.text(options.body, known(options), encoding(type), resolve)

    return (question) => {
      const expanded = url(question)
      if (Either.isLeft(expanded)) return Either.left(expanded.left)
      let request = HttpClientRequest.setUrl(base, expanded.right)
      if (body !== undefined) {
        const written = body(question)
        if (Either.isLeft(written)) return Either.left(written.left)
        request = HttpClientRequest.setBody(request, HttpBody.text(written.right, base.headers["content-type"] ?? type))
      }
      for (const [name, expand] of varying) {
        const value = expand(question)
        if (Either.isLeft(value)) return Either.left(value.left)
        request = HttpClientRequest.setHeader(request, name, value.right)
      }
      return Either.right(request)
    }
  })

/** Compiles the value of a header. */
const header = (
  name: string,
  value: string | Config.Config<Redacted.Redacted<string>>,
  known: ReadonlyArray<string>,
  resolve: Template.Resolve,
  encoding: HeaderEncoding | undefined
): Effect.Effect<Template.Expand, Template.TemplateError> =>
  Effect.gen(function*() {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
      return yield* Template.malformed(`${JSON.stringify(name)} is not the name of a header`)
    }
    if (ownHeaders.has(name.toLowerCase())) {
      return yield* Template.malformed(`the header ${name} belongs to the connection and cannot be set`)
    }
    const isShown = resolve === Template.hidden
    if (typeof value !== "string") {
      const setting = yield* Template.nameOf(value)
      const secret = setting === undefined && isShown ? Redact.redacted : yield* resolve(setting ?? name, value)
      return yield* checked(name, () => Either.right(secret), isShown, encoding)
    }
    if (name.toLowerCase() === "host" && Template.names(value, known).length > 0) {
      return yield* new Template.TemplateError({ reason: "Unsafe", message: "a value must not choose the host" })
    }
    return yield* checked(name, yield* Template.text(value, known, "text", resolve), isShown, encoding)
  })

/** Refuses what no header can hold: at once where it is part of the template, else for the question that brings it. */
const checked = (
  name: string,
  expand: Template.Expand,
  isShown: boolean,
  encoding: HeaderEncoding | undefined
): Effect.Effect<Template.Expand, Template.TemplateError> => {
  const checked: Template.Expand = (question) =>
    Either.flatMap(expand(question), (value) => {
      const text = isShown ? value.replaceAll(Template.mark, "") : value
      if (ascii.test(text)) return Either.right(value)
      if (encoding === undefined || !encodable[encoding].test(text)) return Either.left(unfit(name, text, encoding))
      return Either.right(encoding === "utf8" && !isShown ? asBytes(value) : value)
    })
  const constant = checked(nobody)
  return Either.isLeft(constant) ? Template.malformed(constant.left) : Effect.succeed(checked)
}

const nobody: Question = { code: "" as Question["code"], values: {} }

/** RFC 9110, 5.5: visible characters, spaces and tabs. */
const ascii = /^[\t\x20-\x7e]*$/

/** Control characters stay out of each. */
const encodable: Readonly<Record<HeaderEncoding, RegExp>> = {
  latin1: /^[\t\x20-\x7e\xa0-\xff]*$/,
  utf8: /^(?:\t|[^\p{Cc}\p{Cs}])*$/u
}

const unfit = (name: string, text: string, encoding: HeaderEncoding | undefined): string => {
  if (!encodable.utf8.test(text)) return `the header ${name} cannot hold a line end or a control character`
  return encoding === undefined
    ? `the header ${name} cannot hold what is not ASCII, unless its encoding is told`
    : `the header ${name} cannot hold what is not Latin-1`
}

/** Each byte is a character: so clients send them. */
const asBytes = (text: string): string =>
  Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("")

/** Headers that frame a message; the client sets them. */
const ownHeaders = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-connection",
  "trailer",
  "transfer-encoding",
  "upgrade"
])

/**
 * What identifies the request, by part: settings by name only, so that a rotated key changes nothing, and other values that may be
 * secrets as a hash.
 */
export const fingerprint = (options: Options, expect: Expect): Effect.Effect<Readonly<Record<string, string>>> =>
  Effect.gen(function*() {
    const path = options.url.slice(0, Url.queryAt(options.url))
    const parts: Array<readonly [part: string, value: string, isOpen: boolean]> = [
      ["method", method(options), true],
      ["url", Redact.path(path), true],
      ...(Redact.path(path) === path ? [] : [["path", path, false] as const])
    ]
    for (const [name, value] of Redact.pairs(options.url)) {
      parts.push([`query ${name}`, value, Redact.isOpenValue(name, value)])
    }
    for (const [name, value] of Object.entries(options.headers ?? {})) {
      const text = typeof value === "string" ? value : `\${${(yield* Template.nameOf(value)) ?? "…"}}`
      parts.push([`header ${name.toLowerCase()}`, text, Redact.isOpen(name, text, known(options))])
    }
    if (options.headerEncoding !== undefined) parts.push(["header encoding", options.headerEncoding, true])
    if (options.body !== undefined) parts.push(["body", options.body, false])
    // bytes are kept as base64: they cannot be read as anything else
    if (expect === "bytes") parts.push(["answer", expect, true])
    const found: Record<string, string> = {}
    for (const [part, value, isOpen] of parts) {
      const shown = isOpen ? value : yield* hash(value)
      found[part] = part in found ? `${found[part]}, ${shown}` : shown
    }
    return found
  })

const hash = (value: string): Effect.Effect<string> =>
  Effect.map(Hash.hex(value), (hash) => `sha256:${hash.slice(0, 24)}`)

/** The request for a question as a `curl` command for a person to try, with settings by name and without literal secrets. */
export const curl = (options: Options, question: Question): Effect.Effect<string, Template.TemplateError> =>
  Effect.map(
    make(redact(options), Template.hidden),
    (request) => Either.match(request(question), { onLeft: (why) => `# ${why}`, onRight: Curl.encode })
  )

const redact = (options: Options): Options => {
  const { body, headers = {}, url } = options
  return {
    ...options,
    allowConstant: true,
    url: Redact.url(url),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        typeof value === "string" ? Redact.header(name, value, known(options)) : value
      ])
    ),
    ...(body === undefined ? {} : { body: Redact.body(body, encoding(contentType(options)), known(options)) })
  }
}
