/**
 * A response of the transport: the platform's `HttpClientResponse` over a body that has been read whole.
 */
import {
  Cookies,
  Headers,
  HttpClientError,
  type HttpClientRequest,
  HttpClientResponse,
  HttpIncomingMessage,
  UrlParams
} from "@effect/platform"
import { Effect, Inspectable, Option, Stream } from "effect"
import { isUtf8 } from "node:buffer"
import { LookupError } from "../Outcome.ts"

/** Headers as they come: names and values in turn, or by their lower-case names. */
export type RawHeaders = ReadonlyArray<Buffer> | Readonly<Record<string, string | ReadonlyArray<string> | undefined>>

/** A header by its lower-case name, without reading the others; several of a name are one list (RFC 9110, 5.3). */
export const header = (raw: RawHeaders, name: string): string | undefined => {
  if (!isPairs(raw)) return raw[name] === undefined ? undefined : String(raw[name])
  let found: string | undefined
  for (let at = 0; at < raw.length; at += 2) {
    const given = raw[at]!
    if (given.length !== name.length || given.toString("latin1").toLowerCase() !== name) continue
    const value = raw[at + 1]!.toString()
    found = found === undefined ? value : `${found},${value}`
  }
  return found
}

const isPairs = (raw: RawHeaders): raw is ReadonlyArray<Buffer> => Array.isArray(raw)

const byName = (raw: RawHeaders): Record<string, string | ReadonlyArray<string> | undefined> => {
  if (!isPairs(raw)) return raw
  const found: Record<string, string | Array<string>> = Object.create(null)
  for (let at = 0; at < raw.length; at += 2) {
    const [name, value] = [raw[at]!.toString("latin1").toLowerCase(), raw[at + 1]!.toString()]
    const before = found[name]
    // in place: there may be thousands of one name
    if (Array.isArray(before)) before.push(value)
    else found[name] = before === undefined ? value : [before, value]
  }
  return found
}

/** A reply that has been read whole. */
export class Response extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly request: HttpClientRequest.HttpClientRequest
  readonly status: number
  private readonly rawHeaders: RawHeaders
  /** The bytes, or why they cannot be read. */
  private readonly body: Buffer | LookupError

  constructor(
    request: HttpClientRequest.HttpClientRequest,
    status: number,
    rawHeaders: RawHeaders,
    body: Buffer | LookupError
  ) {
    super()
    this.request = request
    this.status = status
    this.rawHeaders = rawHeaders
    this.body = body
  }

  /** Read when they are asked for: most are not. */
  get headers(): Headers.Headers {
    return this.named ??= Headers.fromInput(byName(this.rawHeaders))
  }

  private named: Headers.Headers | undefined = undefined

  get cookies(): Cookies.Cookies {
    const set = byName(this.rawHeaders)["set-cookie"]
    return set === undefined ? Cookies.empty : Cookies.fromSetCookie([set].flat())
  }

  get remoteAddress(): Option.Option<string> {
    return Option.none()
  }

  get bytes(): Effect.Effect<Buffer, HttpClientError.ResponseError> {
    return this.body instanceof LookupError ? this.unreadable(this.body) : Effect.succeed(this.body)
  }

  /** UTF-8 without its byte order mark, or what the content type names. */
  get text(): Effect.Effect<string, HttpClientError.ResponseError> {
    const { body } = this
    if (body instanceof LookupError) return this.unreadable(body)
    if (!isUtf8(body)) return this.foreignText(body)
    const isMarked = body.length >= 3 && body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf
    return Effect.succeed(body.toString("utf8", isMarked ? 3 : 0))
  }

  get json(): Effect.Effect<unknown, HttpClientError.ResponseError> {
    return Effect.flatMap(this.text, (text) =>
      Effect.try({
        try: () => text === "" ? null : JSON.parse(text),
        catch: (cause) => this.unreadable(cause)
      }))
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, HttpClientError.ResponseError> {
    return Effect.map(this.text, (text) => UrlParams.fromInput(new URLSearchParams(text)))
  }

  get formData(): Effect.Effect<FormData, HttpClientError.ResponseError> {
    return Effect.flatMap(this.bytes, (bytes) =>
      Effect.tryPromise({
        try: () => new globalThis.Response(bytes, { headers: { "content-type": this.contentType } }).formData(),
        catch: (cause) => this.unreadable(cause)
      }))
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, HttpClientError.ResponseError> {
    return Effect.map(this.bytes, (bytes) => new Uint8Array(bytes).buffer)
  }

  get stream(): Stream.Stream<Uint8Array, HttpClientError.ResponseError> {
    return Stream.fromEffect(this.bytes)
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "@effect/platform/HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }

  private get contentType(): string {
    return header(this.rawHeaders, "content-type") ?? ""
  }

  private foreignText(body: Buffer): Effect.Effect<string, HttpClientError.ResponseError> {
    const charset = /charset\s*=\s*"?([^\s";]+)/i.exec(this.contentType)?.[1] ?? "utf-8"
    return Effect.try({
      try: () => {
        const decoder = new TextDecoder(charset, { fatal: true })
        // in one piece, Node 20 takes windows-1252 for Latin-1
        return decoder.decode(body, { stream: true }) + decoder.decode()
      },
      catch: () =>
        this.unreadable(
          new LookupError({ reason: "decode", message: `the body is not text in ${charset.toUpperCase()}` })
        )
    })
  }

  private unreadable(cause: unknown) {
    return new HttpClientError.ResponseError({ request: this.request, response: this, reason: "Decode", cause })
  }
}
