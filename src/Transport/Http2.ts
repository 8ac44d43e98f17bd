/**
 * Calls over HTTP/2. A connection carries one call at a time, so that a connection that breaks hurts one question.
 *
 * undici's HTTP/2 is not used: it takes a body that RST_STREAM has cut off for a whole one, and fails the call that is answered while the
 * server says that it will take no more (GOAWAY).
 */
import * as Http2 from "node:http2"
import type { TLSSocket } from "node:tls"
import type { buildConnector } from "undici"
import { LookupError } from "../Outcome.ts"
import type { RawHeaders } from "./Response.ts"

/** Whom undici would call back. */
export interface Handler {
  readonly onConnect: (abort: (cause: Error) => void) => void
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
  private readonly idle = new Map<string, Array<Http2.ClientHttp2Session>>()
  private readonly open = new Set<Http2.ClientHttp2Session>()
  /** Origins that do not speak HTTP/2. */
  private readonly others = new Set<string>()
  private readonly connect: buildConnector.connector
  private readonly maxHeader: number

  constructor(connect: buildConnector.connector, maxHeader: number) {
    this.connect = connect
    this.maxHeader = maxHeader
  }

  /** Makes a call; `otherwise` makes it where the server speaks HTTP/1.1 alone. */
  dispatch(request: Request, handler: Handler, otherwise: () => void): void {
    const { origin } = request
    if (this.others.has(origin)) return otherwise()
    const session = this.take(origin)
    if (session !== undefined) return this.send(session, request, handler)
    const { host, hostname, port, protocol } = new URL(origin)
    this.connect({ host, hostname: hostname.replace(/^\[(.*)\]$/, "$1"), port, protocol }, (error, socket) => {
      if (error !== null) return handler.onError(error)
      if ((socket as TLSSocket).alpnProtocol === "h2") {
        return this.send(this.begin(origin, socket as TLSSocket), request, handler)
      }
      // undici connects anew: that is one connection in the life of a layer
      socket.destroy()
      this.others.add(origin)
      otherwise()
    })
  }

  /** Ends all that is open. */
  destroy(): Promise<unknown> {
    return Promise.all(Array.from(this.open, (session) =>
      new Promise((resolve) => {
        session.once("close", resolve)
        session.destroy()
      })))
  }

  private take(origin: string): Http2.ClientHttp2Session | undefined {
    const idle = this.idle.get(origin) ?? []
    for (let session = idle.pop(); session !== undefined; session = idle.pop()) {
      if (!session.closed && !session.destroyed) return session
    }
  }

  private begin(origin: string, socket: TLSSocket): Http2.ClientHttp2Session {
    const session = Http2.connect(origin, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: 256 * 1024, maxHeaderListSize: this.maxHeader },
      // each counts 32 bytes more than it holds (RFC 9113, 6.5.2)
      maxHeaderListPairs: Math.ceil(this.maxHeader / 32)
    })
    this.open.add(session)
    // the call is told by its stream
    session.on("error", () => {})
    session.on("close", () => {
      this.open.delete(session)
      socket.destroy()
    })
    return session
  }

  private send(session: Http2.ClientHttp2Session, request: Request, handler: Handler): void {
    let isOver = false
    let status = 0
    const fail = (cause: Error) => {
      if (isOver) return
      isOver = true
      // whatever else would come on it belongs to nobody
      session.destroy()
      handler.onError(cause)
    }
    session.setTimeout(0)
    session.ref()
    const { body, headers: { host, ...headers }, method, origin, path } = request
    let stream: Http2.ClientHttp2Stream
    try {
      stream = session.request({
        ...headers,
        ":method": method,
        ":path": path,
        ":scheme": "https",
        ":authority": host ?? new URL(origin).host
      }, { endStream: body === null })
    } catch (cause) {
      return fail(cause as Error)
    }
    let isWhole = false
    const push = stream.push.bind(stream)
    // a stream that is closed before its end comes has been cut off, also where that is called no error
    stream.push = (chunk, encoding) => {
      isWhole ||= chunk === null && !stream.closed
      return push(chunk, encoding)
    }
    stream.on("response", ({ ":status": code = 0, ...headers }) => {
      status = code
      if (!isOver) handler.onHeaders(status, headers as RawHeaders)
    })
    stream.on("data", (chunk: Buffer) => {
      if (!isOver) handler.onData(chunk)
    })
    stream.on("error", (cause) => fail(explain(stream.rstCode, cause)))
    // only now it is known whether the end was the end: `end` comes for a cut stream too
    stream.on("close", () => {
      if (status === 0 || stream.rstCode !== 0 || !isWhole) return fail(explain(stream.rstCode))
      if (isOver) return
      isOver = true
      handler.onComplete()
      this.keep(origin, session)
    })
    handler.onConnect(fail)
    if (body !== null) stream.end(body)
  }

  private keep(origin: string, session: Http2.ClientHttp2Session): void {
    session.unref()
    session.setTimeout(keepAlive, () => session.destroy())
    const idle = this.idle.get(origin)
    if (idle === undefined) this.idle.set(origin, [session])
    else idle.push(session)
  }
}

/** A stream that is ended for its headers says that the peer shall be calm; who is asked says so of a connection. */
const explain = (code: number | undefined, cause?: Error & { readonly code?: string }): Error =>
  code === Http2.constants.NGHTTP2_ENHANCE_YOUR_CALM && cause?.code === "ERR_HTTP2_STREAM_ERROR"
    ? Object.assign(new Error(cause.message), { code: "UND_ERR_HEADERS_OVERFLOW" })
    : cause ?? new LookupError({ reason: "transport", message: `HTTP/2: the stream was cut off (code ${code ?? 0})` })
