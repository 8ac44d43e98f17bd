/**
 * The transport provides the platform's `HttpClient` over undici's dispatcher, at about the cost of undici itself. Node only.
 *
 * It follows no redirects and keeps no cookies; an answer is read whole before it is given on. Interruption aborts the request.
 */
import {
  HttpClient,
  HttpClientError,
  type HttpClientRequest,
  type HttpClientResponse,
  UrlParams
} from "@effect/platform"
import { Effect, Either, Layer } from "effect"
import { Agent, type Dispatcher } from "undici"
import { discreet } from "./Lookup/Call.ts"
import type { LookupError } from "./Outcome.ts"
import { type RawHeaders, Response } from "./Transport/Response.ts"
import { tooLarge, unpack } from "./Transport/Unpack.ts"

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

const make = (dispatcher: Dispatcher, maxBody: number): HttpClient.HttpClient => {
  const client = HttpClient.makeWith<never, never, HttpClientError.HttpClientError, never>(
    Effect.flatMap((request) => execute(dispatcher, request, maxBody)),
    Effect.succeed
  )
  discreet.add(client)
  return client
}

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
  private headers: RawHeaders = {}
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
    headers: RawHeaders
  ): void {
    this.status = status
    this.headers = headers
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.size += chunk.length
    if (this.size <= this.maxBody) return void this.chunks.push(chunk)
    this.chunks = []
    this.answer(tooLarge(this.maxBody))
    controller.abort(tooLarge(this.maxBody))
  }

  onResponseEnd(): void {
    const raw = this.chunks.length === 1 ? this.chunks[0]! : Buffer.concat(this.chunks, this.size)
    const encoding = this.headers["content-encoding"]
    this.answer(encoding === undefined || this.isBodiless() ? raw : unpack(String(encoding), raw, this.maxBody))
  }

  /** A body that cannot be read fails where it is read: the status and the headers are good all the same. */
  private answer(body: Buffer | LookupError): void {
    this.resume(Effect.succeed(new Response(this.request, this.status, this.headers, body)))
  }

  /** Whether it is certain that nothing was to come; else no byte of a compressed body means that it was cut off. */
  private isBodiless(): boolean {
    return this.size === 0 && (this.request.method === "HEAD" || this.status === 204 || this.status === 304 ||
      this.headers["content-length"] === "0" || this.headers["transfer-encoding"] !== undefined)
  }

  onResponseError(_: Dispatcher.DispatchController, cause: Error): void {
    this.resume(new HttpClientError.RequestError({ request: this.request, reason: "Transport", cause }))
  }
}

/** What needs no parsing: scheme and host, then a path in which nothing is left to encode. */
const plain = /^(https?:\/\/[^/?#@\\\s]+)(\/[!$-[\]-~]*)$/

/** Origin and path of a request, where it is one for HTTP. */
const destination = (request: HttpClientRequest.HttpClientRequest) => {
  const found = request.urlParams.length === 0 ? plain.exec(request.url) : null
  if (found !== null) return { origin: found[1]!, path: found[2]! }
  const made = UrlParams.makeUrl(request.url, request.urlParams, request.hash)
  if (Either.isLeft(made)) return undefined
  const { origin, password, pathname, protocol, search, username } = made.right
  return /^https?:$/.test(protocol) && username === "" && password === ""
    ? { origin, path: pathname + search }
    : undefined
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
