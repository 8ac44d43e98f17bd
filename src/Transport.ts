/**
 * The transport provides the platform's `HttpClient` over undici's dispatcher, at about the cost of undici itself. Node only.
 *
 * It takes the proxies that the environment names. It follows no redirects and keeps no cookies; an answer is read whole before it is
 * given on. Interruption aborts the request.
 */
import {
  type Headers,
  HttpClient,
  HttpClientError,
  type HttpClientRequest,
  type HttpClientResponse,
  UrlParams
} from "@effect/platform"
import { Effect, Either, type Fiber, Layer } from "effect"
// by its file: Bun has another one under the bare name
import { Agent, type Dispatcher } from "undici/index.js"
import type { Sending } from "./Lookup/Ask.ts"
import { discreet } from "./Lookup/Call.ts"
import { changing } from "./Lookup/Request.ts"
import { LookupError } from "./Outcome.ts"
import { Connector } from "./Transport/Connect.ts"
import { Crowd } from "./Transport/Crowd.ts"
import { Exchange, type Resume } from "./Transport/Exchange.ts"
import * as Http2 from "./Transport/Http2.ts"
import { Lenient } from "./Transport/Lenient.ts"
import * as Once from "./Transport/Once.ts"
import * as Proxy from "./Transport/Proxy.ts"
import * as Silence from "./Transport/Silence.ts"
import type { Trust } from "./Transport/Trust.ts"
import { version } from "./version.ts"

/** Limits of the transport, whom it trusts, and which way it takes. */
export interface Options extends Trust {
  /** The longest body that is taken, in bytes after decompression; 8 MiB unless told otherwise. */
  readonly maxBody?: number | undefined
  /** The longest block of headers that is taken, in bytes; 64 KiB unless told otherwise. */
  readonly maxHeader?: number | undefined
  /** Speaks HTTP/2 with servers that do, over TLS. */
  readonly http2?: boolean | undefined
  /** Reads answers over HTTP/1.1 that break its rules, of servers that are trusted not to mix them up. */
  readonly lenient?: boolean | undefined
  /**
   * Connections to an origin at the most; more calls wait for one. Left out, there are as many as calls need, up to twice as many as are in
   * flight: one that has just answered is not ready for the next call at once.
   */
  readonly connections?: number | undefined
  /** What is sent as `User-Agent` where the request sets none; `rollcall/` and its version unless told otherwise. */
  readonly userAgent?: string | undefined
  /** Where `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are read: the environment of the process unless told otherwise. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
}

/** An `HttpClient` over an undici agent, which is closed with the layer. */
export const layer: Layer.Layer<HttpClient.HttpClient> = Layer.suspend(() => layerWith({}))

/** An `HttpClient` with other limits, certificates or protocols. Certificates that are none are a defect. */
export const layerWith = (options: Options): Layer.Layer<HttpClient.HttpClient> =>
  Layer.scoped(
    HttpClient.HttpClient,
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => open(options)),
        ({ agent, connector, once, sessions }) => {
          connector.close()
          // what a server leaves open holds nobody up
          return Effect.promise(() => Promise.all([agent.destroy(), once?.destroy(), sessions?.destroy()])).pipe(
            Effect.interruptible,
            Effect.disconnect,
            Effect.timeoutOption(patience)
          )
        }
      ),
      make
    )
  )

/** For how long the end of a connection is awaited. */
const patience = "1 second"

/** What all calls of a layer share. */
interface Line {
  readonly agent: Agent | Lenient
  /** For calls that are made once only, where the agent does not see to that itself. */
  readonly once: Once.Once | undefined
  readonly connector: Connector
  /** Connections over HTTP/2, where that is spoken. */
  readonly sessions: Http2.Sessions | undefined
  /** By origin. */
  readonly crowds: Map<string, Crowd>
  readonly proxies: Proxy.Proxies | undefined
  readonly maxBody: number
  readonly userAgent: string
}

const open = (options: Options): Line => {
  if (/undici|fetch|websocket|\*/i.test(process.env.NODE_DEBUG ?? "")) Silence.keep()
  const proxies = Proxy.fromEnvironment(options.environment ?? process.env)
  const connector = new Connector(options, proxies)
  const maxHeader = options.maxHeader ?? 64 * 1024
  const agent: Agent.Options = {
    // the time limits are the sweep's
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: maxHeader,
    connect: connector.connectMended,
    connections: options.connections ?? null
  }
  return {
    agent: options.lenient === true
      ? new Lenient(connector.connect, maxHeader, options.connections)
      : new Agent(agent),
    once: options.lenient === true ? undefined : new Once.Once(agent),
    connector,
    sessions: options.http2 === true ? new Http2.Sessions(connector.connect2, maxHeader) : undefined,
    crowds: new Map(),
    proxies,
    maxBody: options.maxBody ?? 8 * 1024 * 1024,
    userAgent: options.userAgent ?? `rollcall/${version}`
  }
}

const make = (line: Line): HttpClient.HttpClient => {
  const headers = withUserAgent(line.userAgent)
  const client = HttpClient.makeWith<never, never, HttpClientError.HttpClientError, never>(
    Effect.flatMap((request) =>
      Effect.async<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>((resume) => {
        const exchange = send(line, request, headers(request.headers), resume)
        return Effect.sync(() => exchange?.abort())
      })
    ),
    Effect.succeed
  )
  discreet.set(
    client,
    (request, sending) =>
      Effect.withFiberRuntime((fiber) =>
        Effect.async((resume) => attach(fiber, send(line, request, headers(request.headers), resume, sending)))
      )
  )
  return client
}

/** What fibers ask at present. */
const attached = new WeakMap<Fiber.RuntimeFiber<unknown, unknown>, Exchange | undefined>()

/** Aborts an exchange where the fiber ends before it: for fibers that do nothing else, and cheaper than to watch each exchange. */
const attach = (fiber: Fiber.RuntimeFiber<unknown, unknown>, exchange: Exchange | undefined): void => {
  if (!attached.has(fiber)) fiber.addObserver(() => attached.get(fiber)?.abort())
  attached.set(fiber, exchange)
}

/** Adds the user agent; the calls of a lookup mostly share their headers, and so what is made of them. */
const withUserAgent = (userAgent: string) => {
  let last: Headers.Headers | undefined
  let made: Record<string, string>
  return (headers: Headers.Headers): Record<string, string> => {
    if (headers !== last) {
      made = headers["user-agent"] === undefined ? { ...headers, "user-agent": userAgent } : headers
      last = headers
    }
    return made
  }
}

/** Sends a request. What it gives ends it early; nothing where it was refused at once. */
const send = (
  { agent, connector, crowds, maxBody, once, proxies, sessions }: Line,
  request: HttpClientRequest.HttpClientRequest,
  headers: Record<string, string>,
  resume: Resume,
  sending?: Sending
): Exchange | undefined => {
  const target = destination(request)
  if (target === undefined) {
    return void resume(new HttpClientError.RequestError({ request, reason: "InvalidUrl" }))
  }
  if (request.body._tag === "FormData" || request.body._tag === "Stream") {
    const description = "the body must be at hand"
    return void resume(new HttpClientError.RequestError({ request, reason: "Encode", description }))
  }
  try {
    const route = proxies === undefined ? target : relayed(proxies, target, headers)
    const asked = {
      origin: route.origin,
      path: route.path,
      method: request.method as Dispatcher.HttpMethod,
      headers: route.headers ?? headers,
      body: request.body._tag === "Empty" ? null : bodyOf(request.body)
    }
    let crowd = crowds.get(route.origin)
    if (crowd === undefined) crowds.set(route.origin, crowd = new Crowd(silence(connector, route.origin)))
    const exchange = new Exchange(request, resume, maxBody, route.headers !== undefined, crowd, sending)
    const byHttp1 = () => (changing.has(asked.method) && once || agent).dispatch(asked, exchange)
    const byHttp2 = () => sessions?.dispatch(asked, exchange, byHttp1)
    const dispatch = () => {
      connector.latest = undefined
      if (sessions === undefined) byHttp1()
      else if (asked.origin.startsWith("http:") && !sessions.plain.has(asked.origin)) {
        exchange.otherwise = () => {
          sessions.plain.add(asked.origin)
          byHttp2()
        }
        byHttp1()
      } else byHttp2()
      exchange.opening = connector.latest
    }
    exchange.start(dispatch)
    return exchange
  } catch (cause) {
    return void resume(new HttpClientError.RequestError({ request, reason: "Transport", cause }))
  }
}

/** What the silence of a server may mean. One for all calls: what each call makes, undici keeps for long. */
const silence = (connector: Connector, origin: string): Crowd["explain"] =>
  origin.startsWith("http:")
    ? (told) => connector.isTls(origin, (isTls) => told(isTls ? wantsTls() : undefined))
    : connector.hasCertificate
    ? (told) => told(refusesCertificate())
    : undefined

const wantsTls = () => new LookupError({ reason: "tls", message: "this looks like HTTPS", remedy: "https" })

/** Servers need not say so; as others close connections too, it takes a second question to be believed. */
const refusesCertificate = () =>
  new LookupError({
    reason: "protocol",
    message: "the server closed the connection without a word: does it take this client certificate?",
    remedy: "other_cert"
  })

/** What is asked of whom. */
interface Target {
  readonly origin: string
  readonly path: string
  /** Those for a proxy that sends the request on. */
  readonly headers?: Record<string, string>
}

/** A request over plain HTTP goes to the proxy, which sends it on; over TLS the connection leads through it. */
const relayed = (proxies: Proxy.Proxies, target: Target, headers: Record<string, string>): Target => {
  const { host, hostname, port, protocol } = new URL(target.origin)
  const proxy = protocol === "http:" ? Proxy.find(proxies, protocol, hostname, port) : undefined
  if (proxy === undefined) return target
  if (proxy instanceof LookupError) throw proxy
  return {
    origin: proxy.origin,
    path: target.origin + target.path,
    headers: { host, ...headers, ...proxy.headers }
  }
}

/** What needs no parsing: scheme and host, then a path in which nothing is left to encode. */
const plain = /^(https?:\/\/[^/?#@\\\s]+)(\/[!$-[\]-~]*)$/

/** Origin and path of a request, where it is one for HTTP. */
const destination = (request: HttpClientRequest.HttpClientRequest): Target | undefined => {
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
