/**
 * The transport provides the platform's `HttpClient` over undici's dispatcher, at about the cost of undici itself. Node only.
 *
 * It follows no redirects and keeps no cookies; an answer is read whole before it is given on. Interruption aborts the request.
 */
import {
  Cookies,
  Headers,
  HttpClient,
  HttpClientError,
  type HttpClientRequest,
  HttpClientResponse,
  HttpIncomingMessage,
  UrlParams
} from "@effect/platform"
import { Effect, Either, Inspectable, Layer, Option, Stream } from "effect"
import { isUtf8 } from "node:buffer"
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib"
import { Agent, type Dispatcher } from "undici"
import { LookupError } from "./Outcome.ts"

/** Limits of the transport. */
export interface Options {
  /** The longest body that is taken, in bytes after decompression; 8 MiB unless told otherwise. */
  readonly maxBody?: number
}

/** An `HttpClient` over an undici agent, which is closed with the layer. */
export const layer: Layer.Layer<HttpClient.HttpClient> = Layer.suspend(() => layerWith({}))

/** An `HttpClient` with other limits. */
export const layerWith = (options: Options): Layer.Layer<HttpClient.HttpClient> =>
  Layer.scoped(
    HttpClient.HttpClient,
    Effect.map(
      Effect.acquireRelease(
        // the time limits are the sweep's
        Effect.sync(() => new Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: 0 } })),
        (agent) => Effect.promise(() => agent.destroy())
      ),
      (agent) => make(agent, options.maxBody ?? 8 * 1024 * 1024)
    )
  )

const make = (dispatcher: Dispatcher, maxBody: number): HttpClient.HttpClient =>
  HttpClient.makeWith<never, never, HttpClientError.HttpClientError, never>(
    Effect.flatMap((request) => execute(dispatcher, request, maxBody)),
    Effect.succeed
  )

const execute = (dispatcher: Dispatcher, request: HttpClientRequest.HttpClientRequest, maxBody: number) =>
  Effect.async<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>((resume) => {
    const target = destination(request)
    if (target === undefined) {
      return resume(new HttpClientError.RequestError({ request, reason: "InvalidUrl" }))
    }
    if (request.body._tag === "FormData" || request.body._tag === "Stream") {
      return resume(
        new HttpClientError.RequestError({ request, reason: "Encode", description: "the body must be at hand" })
      )
    }
    const exchange = new Exchange(request, resume, maxBody)
    try {
      dispatcher.dispatch({
        origin: target.origin,
        path: target.path,
        method: request.method as Dispatcher.HttpMethod,
        headers: request.headers as Record<string, string>,
        body: request.body._tag === "Empty" ? null : bodyOf(request.body)
      }, exchange)
    } catch (cause) {
      return resume(new HttpClientError.RequestError({ request, reason: "Transport", cause }))
    }
    return Effect.sync(() => exchange.abort())
  })

type Resume = (effect: Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>) => void

/** One request and its reply, as undici calls back. */
class Exchange implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined
  private status = 0
  private headers: Record<string, string | Array<string> | undefined> = {}
  private chunks: Array<Buffer> = []
  private size = 0
  private isAborted = false
  private readonly request: HttpClientRequest.HttpClientRequest
  private readonly resume: Resume
  private readonly maxBody: number

  constructor(request: HttpClientRequest.HttpClientRequest, resume: Resume, maxBody: number) {
    this.request = request
    this.resume = resume
    this.maxBody = maxBody
  }

  abort(): void {
    this.isAborted = true
    this.controller?.abort(new Error("interrupted"))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    if (this.isAborted) controller.abort(new Error("interrupted"))
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | Array<string> | undefined>
  ): void {
    this.status = status
    this.headers = headers
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.size += chunk.length
    this.chunks.push(chunk)
    if (this.size > this.maxBody) controller.abort(tooLarge(this.maxBody))
  }

  onResponseEnd(): void {
    const raw = this.chunks.length === 1 ? this.chunks[0]! : Buffer.concat(this.chunks, this.size)
    const encoding = this.headers["content-encoding"]
    try {
      const body = encoding === undefined || raw.length === 0 ? raw : unpack(String(encoding), raw, this.maxBody)
      this.resume(Effect.succeed(new Response(this.request, this.status, this.headers, body)))
    } catch (cause) {
      this.resume(new HttpClientError.RequestError({ request: this.request, reason: "Transport", cause }))
    }
  }

  onResponseError(_: Dispatcher.DispatchController, cause: Error): void {
    this.resume(new HttpClientError.RequestError({ request: this.request, reason: "Transport", cause }))
  }
}

const tooLarge = (maxBody: number) =>
  new LookupError({ reason: "too_large", message: `the body is larger than ${maxBody} bytes` })

const unpackers: Record<string, (body: Buffer, options: { maxOutputLength: number }) => Buffer> = {
  gzip: gunzipSync,
  "x-gzip": gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync
}

/** Undoes the content encodings, the last one first; a body that is cut short is an error. */
const unpack = (encodings: string, body: Buffer, maxBody: number): Buffer => {
  let unpacked = body
  for (const encoding of encodings.toLowerCase().split(",").map((name) => name.trim()).reverse()) {
    if (encoding === "identity") continue
    const unpacker = unpackers[encoding]
    if (unpacker === undefined) {
      throw new LookupError({ reason: "decode", message: `the content encoding ${encoding} is not known` })
    }
    try {
      unpacked = unpacker(unpacked, { maxOutputLength: maxBody })
    } catch (cause) {
      if ((cause as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(maxBody)
      throw new LookupError({
        reason: "decode",
        message: `the ${encoding} body does not unpack: ${(cause as Error).message}`
      })
    }
  }
  return unpacked
}

/** Origin and path of a request; `new URL` only where there is more than a plain URL. */
const destination = (request: HttpClientRequest.HttpClientRequest) => {
  const { url } = request
  const slash = url.indexOf("/", 8)
  if (slash > 0 && request.urlParams.length === 0 && request.hash._tag === "None" && !url.includes("#")) {
    return { origin: url.slice(0, slash), path: url.slice(slash) }
  }
  const made = UrlParams.makeUrl(url, request.urlParams, request.hash)
  return Either.isLeft(made)
    ? undefined
    : { origin: made.right.origin, path: made.right.pathname + made.right.search }
}

const bodyOf = (body: HttpClientRequest.HttpClientRequest["body"]) => {
  switch (body._tag) {
    case "Uint8Array":
      return body.body
    case "Raw":
      return body.body as string | Uint8Array
    default:
      return null
  }
}

/** A reply that has been read whole. */
class Response extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly request: HttpClientRequest.HttpClientRequest
  readonly status: number
  private readonly rawHeaders: Record<string, string | Array<string> | undefined>
  private readonly body: Buffer

  constructor(
    request: HttpClientRequest.HttpClientRequest,
    status: number,
    rawHeaders: Record<string, string | Array<string> | undefined>,
    body: Buffer
  ) {
    super()
    this.request = request
    this.status = status
    this.rawHeaders = rawHeaders
    this.body = body
  }

  get headers(): Headers.Headers {
    return Headers.fromInput(this.rawHeaders as Record<string, string>)
  }

  get cookies(): Cookies.Cookies {
    const set = this.rawHeaders["set-cookie"]
    return set === undefined ? Cookies.empty : Cookies.fromSetCookie(set)
  }

  get remoteAddress(): Option.Option<string> {
    return Option.none()
  }

  get text(): Effect.Effect<string, HttpClientError.ResponseError> {
    if (!isUtf8(this.body)) return this.undecodable(new Error("the body is not UTF-8"))
    const isMarked = this.body.length >= 3 && this.body[0] === 0xef && this.body[1] === 0xbb && this.body[2] === 0xbf
    return Effect.succeed(this.body.toString("utf8", isMarked ? 3 : 0))
  }

  get json(): Effect.Effect<unknown, HttpClientError.ResponseError> {
    return Effect.flatMap(
      this.text,
      (text) =>
        Effect.try({ try: () => text === "" ? null : JSON.parse(text), catch: (cause) => this.undecodable(cause) })
    )
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, HttpClientError.ResponseError> {
    return Effect.map(this.text, (text) => UrlParams.fromInput(new URLSearchParams(text)))
  }

  get formData(): Effect.Effect<FormData, HttpClientError.ResponseError> {
    const headers = { "content-type": String(this.rawHeaders["content-type"]) }
    return Effect.tryPromise({
      try: () => new globalThis.Response(this.body, { headers }).formData(),
      catch: (cause) => this.undecodable(cause)
    })
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, HttpClientError.ResponseError> {
    return Effect.sync(() => new Uint8Array(this.body).buffer)
  }

  get stream(): Stream.Stream<Uint8Array, HttpClientError.ResponseError> {
    return Stream.succeed(this.body)
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "@effect/platform/HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }

  private undecodable(cause: unknown) {
    return new HttpClientError.ResponseError({ request: this.request, response: this, reason: "Decode", cause })
  }
}
