/**
 * A connection over HTTP/2, and the calls on it.
 *
 * undici's HTTP/2 is not used: it takes a body that RST_STREAM has cut off for a whole one, and fails the call that is answered while the
 * server says that it will take no more (GOAWAY).
 */
import * as Http2 from "node:http2"
import type { TLSSocket } from "node:tls"
import { LookupError } from "../../Outcome.ts"
import type { Handler, Request } from "../Http2.ts"

/** What whoever owns a connection hears of it. */
export interface Listener {
  /** A call may go on it that could not before. */
  readonly onChange: () => void
  /** The server allows so many calls at once. */
  readonly onAllowed: (calls: number) => void
  /** The server says to be calm, and nobody is asked. */
  readonly onCalm: () => void
  /** It broke while it carried more than one call. */
  readonly onBreak: () => void
}

/** How long a connection is kept for the next call, in milliseconds: as undici does. */
const keepAlive = 4000

/** What may come of a call before it is read, in bytes. */
const window = 256 * 1024

/** A connection. */
export class Session {
  /** Calls in flight. */
  calls = 0
  /** How many calls the server allows at once; one until it has said so. */
  allowed = 1
  /** It takes no further call. */
  isRetired = false
  /** Calls in its life. */
  private sent = 0
  /** The server says to be calm, and no call was told so. */
  private isExcited = false
  /** It broke with several calls in flight. */
  private isCrash = false
  private readonly http2: Http2.ClientHttp2Session
  private readonly socket: TLSSocket
  private readonly listener: Listener
  /** The last call that the server has seen, where it has said so. */
  private seen = Infinity

  constructor(origin: string, socket: TLSSocket, maxHeader: number, listener: Listener) {
    const http2 = Http2.connect(origin, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: window, maxHeaderListSize: maxHeader },
      // each counts 32 bytes more than it holds (RFC 9113, 6.5.2)
      maxHeaderListPairs: Math.ceil(maxHeader / 32)
    })
    this.http2 = http2
    this.socket = socket
    this.listener = listener
    http2.on("remoteSettings", ({ maxConcurrentStreams = Infinity }) => {
      // where nothing is allowed yet, a call waits on it
      this.allowed = Math.max(1, maxConcurrentStreams)
      listener.onAllowed(this.allowed)
      listener.onChange()
    })
    // the call is told by its stream
    http2.on("error", () => {})
    http2.on("goaway", (code, seen) => {
      this.seen = seen
      this.isExcited ||= code === codes.NGHTTP2_ENHANCE_YOUR_CALM
    })
    http2.on("close", () => {
      this.isRetired = true
      socket.destroy()
      if (this.isExcited) listener.onCalm()
    })
    this.rest()
  }

  /** Whether it takes calls. */
  get isOpen(): boolean {
    return !this.isRetired && !this.http2.closed && !this.http2.destroyed
  }

  /** Nobody asks on it at present. */
  private rest(): void {
    this.http2.unref()
    this.http2.setTimeout(keepAlive, () => this.end())
  }

  /** Ends it, also where the server leaves its half of it open: Node would wait for that. */
  end(): void {
    this.isRetired = true
    this.http2.destroy()
    this.socket.destroy()
  }

  /** Calls when it has ended. */
  onEnd(then: () => void): void {
    if (this.http2.destroyed) then()
    else this.http2.once("close", then)
  }

  /** Makes a call; `insist` makes it where the server wants HTTP/1.1 for it. */
  send(request: Request, handler: Handler, insist: () => void): void {
    const { http2, listener, socket } = this
    const received = socket.bytesRead
    let isOver = false
    let status = 0
    const wasShared = this.calls > 0
    const nth = ++this.sent
    if (this.calls++ === 0) {
      http2.setTimeout(0)
      http2.ref()
    }
    /** The call is off the connection, which takes no other where this one has not ended well. */
    const leave = (isWell: boolean) => {
      this.calls--
      if (!isWell) this.isRetired = true
      if (this.calls > 0) return
      if (this.isOpen) this.rest()
      else this.end()
    }
    const fail = (cause: Error) => {
      if (isOver) return
      isOver = true
      leave(false)
      if (!http2.destroyed) stream?.close(codes.NGHTTP2_CANCEL)
      handler.onError(cause)
      listener.onChange()
    }
    const { body, headers: { host, ...headers }, method, origin, path } = request
    let stream: Http2.ClientHttp2Stream | undefined
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
      if (!isOver) handler.onHeaders(status, headers)
    })
    let cause: (Error & { readonly code?: string }) | undefined
    stream.on("error", (error) => {
      cause = error
    })
    // only now it is known whether the end was the end: `end` comes for a cut stream too
    stream.on("close", () => {
      if (isOver) return
      const code = stream.rstCode
      if (status === 0 && code === codes.NGHTTP2_HTTP_1_1_REQUIRED) {
        isOver = true
        leave(false)
        insist()
        return listener.onChange()
      }
      if (status === 0 || !isWhole) {
        const isShared = wasShared || this.sent > nth
        if (status === 0 && stream.id !== undefined && stream.id > this.seen) {
          if (isShared && this.seen === 0) listener.onBreak()
          return fail(refused(isShared))
        }
        const isCalm = code === codes.NGHTTP2_ENHANCE_YOUR_CALM
        if (isCalm) this.isExcited = false
        this.isCrash ||= http2.destroyed && this.calls > 1
        // where there were others it cannot be told who was told to be calm from whose headers were too many
        if (http2.destroyed ? this.isCrash && !isCalm : isShared && isCalm) listener.onBreak()
        return fail(explain(code, cause, isShared ? 0 : socket.bytesRead - received, this.isCrash))
      }
      isOver = true
      leave(!http2.closed && code === 0)
      handler.onComplete()
      listener.onChange()
    })
    handler.onConnect((cause) => {
      // it may be the connection that says nothing
      if (status === 0 && !isOver && this.calls > 1) listener.onBreak()
      fail(cause)
    })
    if (body !== null) stream.end(body)
  }
}

const { constants: codes } = Http2

/** Headers beyond what is taken need more bytes than these, however well they are packed; a refusal needs fewer. */
const fewBytes = 400

/**
 * What a stream without its answer came to; `received`: the bytes that have come since it was opened; `isCrash`: the connection broke, with
 * others on it.
 */
const explain = (
  code: number | undefined,
  cause: (Error & { readonly code?: string }) | undefined,
  received: number,
  isCrash: boolean
): Error => {
  if (code === codes.NGHTTP2_REFUSED_STREAM) return refused()
  if (code === codes.NGHTTP2_ENHANCE_YOUR_CALM) {
    // this side ends a stream so whose headers are too many
    return cause?.code === "ERR_HTTP2_STREAM_ERROR" && received > fewBytes
      ? Object.assign(new Error(cause.message), { code: "UND_ERR_HEADERS_OVERFLOW" })
      : calm(false)
  }
  if (isCrash) {
    const message = "HTTP/2: the connection broke with several calls on it"
    return new LookupError({ reason: "transport", message, isShared: true, cause })
  }
  return cause ??
    new LookupError({ reason: "transport", message: `HTTP/2: the stream was cut off (code ${code ?? 0})` })
}

/** Nothing was done. */
const refused = (isShared = false) =>
  new LookupError({
    reason: "transport",
    message: "HTTP/2: the server refused the call before it did anything",
    isUnprocessed: true,
    isShared
  })

/** Too much was asked. */
export const calm = (isUnprocessed: boolean): LookupError =>
  new LookupError({ reason: "throttled", message: "HTTP/2: the server says to be calm", isUnprocessed })
