/**
 * Calls over HTTP/2. A connection carries one call at a time, so that a connection that breaks hurts one question.
 *
 * undici's HTTP/2 is not used: it takes a body that RST_STREAM has cut off for a whole one, and fails the call that is answered while the
 * server says that it will take no more (GOAWAY).
 */
import * as Http2 from "node:http2"
import type { TLSSocket } from "node:tls"
import type { buildConnector } from "undici/index.js"
import { LookupError } from "../Outcome.ts"
import type { RawHeaders } from "./Response.ts"

/** Whom undici would call back. */
export interface Handler {
  /** There is a connection, and the head of the call is about to be written, unless that is told later. */
  readonly onConnect: (abort: (cause: Error) => void, isWritten?: boolean) => void
  readonly onWrite: () => void
  readonly onHeaders: (status: number, headers: RawHeaders) => boolean
  readonly onData: (chunk: Buffer) => boolean
  readonly onComplete: () => void
  readonly onError: (cause: Error) => void
}

/** What is asked. */
export interface Request {
  readonly origin: string
  readonly path: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | null
}

/** How long a connection is kept for the next call, in milliseconds: as undici does. */
const keepAlive = 4000

/** Connections over HTTP/2, by origin. */
export class Sessions {
  private readonly idle = new Map<string, Array<Session>>()
  private readonly open = new Set<Session>()
  /** Origins that do not speak HTTP/2. */
  private readonly others = new Set<string>()
  /** Origins that speak nothing else, without TLS. */
  readonly plain = new Set<string>()
  /** Origins that have said to be calm, which nobody has been told yet. */
  private readonly excited = new Set<string>()
  private readonly connect: buildConnector.connector
  private readonly maxHeader: number

  constructor(connect: buildConnector.connector, maxHeader: number) {
    this.connect = connect
    this.maxHeader = maxHeader
  }

  /** Makes a call; `otherwise` makes it where the server speaks HTTP/1.1 alone. */
  dispatch(request: Request, handler: Handler, otherwise: () => void): void {
    const { origin } = request
    if (this.excited.delete(origin)) return handler.onError(calm(true))
    if (this.others.has(origin)) return otherwise()
    const insist = () => {
      this.others.add(origin)
      otherwise()
    }
    const session = this.take(origin)
    if (session !== undefined) return this.send(session, request, handler, insist)
    const { host, hostname, port, protocol } = new URL(origin)
    this.connect({ host, hostname: hostname.replace(/^\[(.*)\]$/, "$1"), port, protocol }, (error, socket) => {
      if (error !== null) return handler.onError(error)
      if (this.plain.has(origin) || (socket as TLSSocket).alpnProtocol === "h2") {
        return this.send(this.begin(origin, socket as TLSSocket), request, handler, insist)
      }
      // undici connects anew: that is one connection in the life of a layer
      socket.destroy()
      insist()
    })
  }

  /** Ends all that is open. */
  destroy(): Promise<unknown> {
    return Promise.all(Array.from(this.open, (session) =>
      new Promise((resolve) => {
        session.http2.once("close", resolve)
        end(session)
      })))
  }

  private take(origin: string): Session | undefined {
    const idle = this.idle.get(origin) ?? []
    for (let session = idle.pop(); session !== undefined; session = idle.pop()) {
      if (!session.http2.closed && !session.http2.destroyed) return session
      end(session)
    }
  }

  private begin(origin: string, socket: TLSSocket): Session {
    const http2 = Http2.connect(origin, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: 256 * 1024, maxHeaderListSize: this.maxHeader },
      // each counts 32 bytes more than it holds (RFC 9113, 6.5.2)
      maxHeaderListPairs: Math.ceil(this.maxHeader / 32)
    })
    const session: Session = { http2, socket, isProven: false, lastStream: Infinity }
    this.open.add(session)
    // whoever takes it again sets no time-out
    http2.on("timeout", () => end(session))
    // the call is told by its stream
    http2.on("error", () => {})
    http2.on("goaway", (code, lastStream) => {
      session.lastStream = lastStream ?? Infinity
      if (code === codes.NGHTTP2_ENHANCE_YOUR_CALM) this.excited.add(origin)
    })
    http2.on("close", () => {
      this.open.delete(session)
      socket.destroy()
    })
    return session
  }

  /** Makes a call on a connection that carries no other; `insist` makes it where the server wants HTTP/1.1 for it. */
  private send(session: Session, request: Request, handler: Handler, insist: () => void): void {
    const { http2, socket } = session
    const received = socket.bytesRead
    let isOver = false
    let status = 0
    const fail = (cause: Error) => {
      if (isOver) return
      isOver = true
      // whatever else would come on it belongs to nobody
      end(session)
      handler.onError(cause)
    }
    http2.setTimeout(0)
    http2.ref()
    const { body, headers: { host, ...headers }, method, origin, path } = request
    let stream: Http2.ClientHttp2Stream
    try {
      stream = http2.request({
        ...headers,
        ":method": method,
        ":path": path,
        ":scheme": origin.slice(0, origin.indexOf(":")),
        ":authority": host ?? new URL(origin).host
      }, { endStream: body === null })
    } catch (cause) {
      return fail(cause as Error)
    }
    let isWhole = false
    const push = stream.push.bind(stream)
    // bytes are taken as they come: what ends the connection would throw away those that nobody has read yet
    stream.push = (chunk: Buffer | null, encoding) => {
      // a stream that is closed before its end comes has been cut off, also where that is called no error
      if (chunk === null) isWhole ||= !stream.closed
      else if (!isOver) handler.onData(chunk)
      return push(chunk, encoding)
    }
    stream.resume()
    stream.on("response", ({ ":status": code = 0, ...headers }) => {
      status = code
      if (!isOver) handler.onHeaders(status, headers as RawHeaders)
    })
    let cause: (Error & { readonly code?: string }) | undefined
    stream.on("error", (error) => {
      cause = error
    })
    // only now it is known whether the end was the end: `end` comes for a cut stream too
    stream.on("close", () => {
      const code = stream.rstCode
      if (status === 0 && code === codes.NGHTTP2_HTTP_1_1_REQUIRED && !isOver) {
        isOver = true
        end(session)
        return insist()
      }
      if (status === 0 || !isWhole) {
        const error = (stream.id ?? 0) > session.lastStream
          ? this.leftOut(origin, code)
          : explain(code, cause, socket.bytesRead - received)
        if (
          !session.isProven && status === 0 && error instanceof LookupError && error.reason === "transport" &&
          error.isUnprocessed === true
        ) unopened.add(error)
        return fail(error)
      }
      session.isProven = true
      if (isOver) return
      isOver = true
      handler.onComplete()
      if (http2.closed || code !== 0) end(session)
      else this.keep(origin, session)
    })
    handler.onConnect(fail)
    if (body !== null) stream.end(body)
  }

  /** The server has ended the connection, and says that it did not come to this call. */
  private leftOut(origin: string, code: number | undefined): LookupError {
    // whoever hears that here need not hear it again
    return this.excited.delete(origin) || code === codes.NGHTTP2_ENHANCE_YOUR_CALM ? calm(true) : refused()
  }

  private keep(origin: string, session: Session): void {
    session.http2.unref()
    session.http2.setTimeout(keepAlive)
    const idle = this.idle.get(origin)
    if (idle === undefined) this.idle.set(origin, [session])
    else idle.push(session)
  }
}

/** A connection, and what carries it. */
interface Session {
  readonly http2: Http2.ClientHttp2Session
  readonly socket: TLSSocket
  /** It has carried an answer. */
  isProven: boolean
  /** The server has carried out no stream beyond this one (RFC 9113, 6.8). */
  lastStream: number
}

/** Ends a connection, also where the server leaves its half of it open: Node would wait for that. */
const end = ({ http2, socket }: Session): void => {
  http2.destroy()
  socket.destroy()
}

const { constants: codes } = Http2

/** Headers beyond what is taken need more bytes than these, however well they are packed; a refusal needs fewer. */
const fewBytes = 400

/** What a stream without its answer came to; `received`: the bytes that have come since it was opened. */
const explain = (
  code: number | undefined,
  cause: (Error & { readonly code?: string }) | undefined,
  received: number
): Error => {
  if (code === codes.NGHTTP2_REFUSED_STREAM) return refused()
  if (code === codes.NGHTTP2_ENHANCE_YOUR_CALM) {
    // this side ends a stream so whose headers are too many
    return cause?.code === "ERR_HTTP2_STREAM_ERROR" && received > fewBytes
      ? Object.assign(new Error(cause.message), { code: "UND_ERR_HEADERS_OVERFLOW" })
      : calm(false)
  }
  return cause ??
    new LookupError({ reason: "transport", message: `HTTP/2: the stream was cut off (code ${code ?? 0})` })
}

const refused = () =>
  new LookupError({
    reason: "transport",
    message: "HTTP/2: the server refused the call before it did anything",
    isUnprocessed: true
  })

/** Refusals of a connection that had carried nothing yet. */
const unopened = new WeakSet<Error>()

/** Whether a call failed because its connection was not wanted: it did not come to stand, as far as calls are concerned. */
export const isUnopened = (cause: Error): boolean => unopened.has(cause)

/** Too much was asked. */
const calm = (isUnprocessed: boolean) =>
  new LookupError({ reason: "throttled", message: "HTTP/2: the server says to be calm", isUnprocessed })
