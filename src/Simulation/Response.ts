/**
 * A response of the simulated server: the platform's `HttpClientResponse` over a text that is at hand.
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

/** A response that has come as a whole. */
export class Response extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly request: HttpClientRequest.HttpClientRequest
  readonly status: number
  readonly headers: Headers.Headers
  private readonly body: string

  constructor(
    request: HttpClientRequest.HttpClientRequest,
    status: number,
    headers: Readonly<Record<string, string>>,
    body: string
  ) {
    super()
    this.request = request
    this.status = status
    // names are in lower case already
    this.headers = Headers.unsafeFromRecord(headers)
    this.body = body
  }

  get text(): Effect.Effect<string> {
    return Effect.succeed(this.body)
  }

  get json(): Effect.Effect<unknown, HttpClientError.ResponseError> {
    return Effect.try({
      try: () => this.body === "" ? null : JSON.parse(this.body),
      catch: (cause) =>
        new HttpClientError.ResponseError({ request: this.request, response: this, reason: "Decode", cause })
    })
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer> {
    return Effect.sync(() => new Uint8Array(this.bytes).buffer)
  }

  get stream(): Stream.Stream<Uint8Array> {
    return Stream.sync(() => this.bytes)
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams> {
    return Effect.sync(() => UrlParams.fromInput(new URLSearchParams(this.body)))
  }

  get formData(): Effect.Effect<FormData, HttpClientError.ResponseError> {
    return new HttpClientError.ResponseError({
      request: this.request,
      response: this,
      reason: "Decode",
      description: "a simulated server answers with no form"
    })
  }

  get cookies(): Cookies.Cookies {
    return Cookies.empty
  }

  get remoteAddress(): Option.Option<string> {
    return Option.none()
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "@effect/platform/HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }

  private get bytes(): Uint8Array {
    return new TextEncoder().encode(this.body)
  }
}
