/**
 * An exchange is one request and its reply, from its turn in the crowd to the response or the error that is told.
 */
import { HttpClientError, type HttpClientRequest, type HttpClientResponse } from "@effect/platform"
import { Effect } from "effect"
import type { Sending } from "../Lookup/Ask.ts"
import * as Failure from "../Lookup/Failure.ts"
import { LookupError } from "../Outcome.ts"
import type { Opening } from "./Connect.ts"
import type { Crowd, Waiter } from "./Crowd.ts"
import * as Http2 from "./Http2.ts"
import * as Proxy from "./Proxy.ts"
import { header, type RawHeaders, Response } from "./Response.ts"
import { tooLarge, unpack } from "./Unpack.ts"

/** Whom it is told how an exchange ends. */
export type Resume = (
  effect: Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>
) => void

/**
 * One request and its reply, as undici calls back. These are the names that undici itself goes by: for the newer ones it reads all
 * headers of every reply.
 */
export class Exchange implements Http2.Handler, Waiter {
  private abortCall: ((cause: Error) => void) | undefined
  private status = 0
  private headers: RawHeaders = {}
  private chunks: Array<Buffer> = []
  private size = 0
  private merged = 0
  private isOver = false
  private isWritten = false
  private isAborted = false
  /** The connection that was opened for it. */
  opening: Opening | undefined
  /** Makes the call over HTTP/2, where the server turns out to speak nothing else. */
  otherwise: (() => void) | undefined
  private readonly request: HttpClientRequest.HttpClientRequest
  private readonly resume: Resume
  private readonly maxBody: number
  /** Whether a proxy replies. */
  private readonly isRelayed: boolean
  /** Who asks the same origin. */
  private readonly crowd: Crowd
  /** Whom it is told when it is sent. */
  private readonly sending: Sending | undefined
  private dispatch: (() => void) | undefined
  private isWaiting = false

  constructor(
    request: HttpClientRequest.HttpClientRequest,
    resume: Resume,
    maxBody: number,
    isRelayed: boolean,
    crowd: Crowd,
    sending?: Sending
  ) {
    this.request = request
    this.resume = resume
    this.maxBody = maxBody
    this.isRelayed = isRelayed
    this.crowd = crowd
    this.sending = sending
  }

  /** Makes the call, in its turn. */
  start(dispatch: () => void): void {
    this.dispatch = dispatch
    this.isWaiting = this.crowd.joins(this)
    if (this.isWaiting) return this.sending?.waits()
    this.crowd.began()
    dispatch()
    if (!this.isWritten) this.wait()
  }

  /** Makes the call anew. */
  begin(): void {
    this.isWaiting = false
    this.crowd.began()
    try {
      this.dispatch?.()
    } catch (cause) {
      this.fail(cause as Error)
    }
  }

  /** Ends the call; where it waits for a connection, that with it. */
  abort(): void {
    if (this.isOver) return
    this.isAborted = true
    this.crowd.remove(this)
    if (this.abortCall === undefined) this.opening?.close()
    else this.abortCall(new Error("interrupted"))
  }

  onConnect(abort: (cause: Error) => void, isWritten = true): void {
    if (this.abortCall === undefined) this.crowd.stood()
    this.abortCall = abort
    if (this.isAborted) abort(new Error("interrupted"))
    else if (isWritten) this.onWrite()
  }

  onWrite(): void {
    if (this.isOver || this.isAborted) return
    this.isWritten = true
    this.sending?.sent()
  }

  /** It is not sent yet. */
  private wait(): void {
    this.isWritten = false
    if (!this.isOver && !this.isAborted) this.sending?.waits()
  }

  onHeaders(status: number, headers: RawHeaders): boolean {
    this.status = status
    this.headers = headers
    this.crowd.hasAnswered = true
    if (status === 407 && this.isRelayed) this.abortCall?.(Proxy.unauthorized())
    // these have no body, whatever length they tell: undici would wait for it
    if (status === 204 || status === 304) this.answer(nothing)
    return true
  }

  onData(chunk: Buffer): boolean {
    this.size += chunk.length
    if (this.size > this.maxBody) {
      this.chunks = []
      this.answer(tooLarge(this.maxBody))
      this.abortCall?.(tooLarge(this.maxBody))
      return true
    }
    // a body in tiny pieces would take a hundred times its size
    if (this.chunks.push(chunk) - this.merged < mostPieces) return true
    this.merged = this.chunks.push(Buffer.concat(this.chunks.splice(this.merged)))
    return true
  }

  onComplete(): void {
    const raw = this.chunks.length === 1 ? this.chunks[0]! : Buffer.concat(this.chunks, this.size)
    const encoding = header(this.headers, "content-encoding")
    this.answer(encoding === undefined || this.isBodiless() ? raw : unpack(encoding, raw, this.maxBody))
  }

  /** A body that cannot be read fails where it is read: the status and the headers are good all the same. */
  private answer(body: Buffer | LookupError): void {
    this.end()
    this.resume(Effect.succeed(new Response(this.request, this.status, this.headers, body)))
  }

  /** Whether it is certain that nothing was to come; else no byte of a compressed body means that it was cut off. */
  private isBodiless(): boolean {
    return this.size === 0 && (this.request.method === "HEAD" ||
      header(this.headers, "content-length") === "0" || header(this.headers, "transfer-encoding") !== undefined)
  }

  onError(cause: Error): void {
    const { otherwise } = this
    this.otherwise = undefined
    // what was sent in HTTP/1.1 is nothing to a server that waits for a preface
    if (otherwise !== undefined && isSettings((cause as { readonly data?: unknown }).data)) return otherwise()
    if (this.isOver) return
    this.isWaiting = !this.isAborted && this.isRefused(cause) && this.crowd.refused(this, cause)
    if (this.isWaiting) return this.wait()
    const explain = this.isRelayed ? undefined : this.crowd.explain
    if (this.isAborted || explain === undefined || this.crowd.hasAnswered || !isSilent(cause)) {
      return this.fail(this.isUnclear(cause) ? unclear() : cause)
    }
    explain((reason) => this.fail(reason ?? cause))
  }

  /** It is over, whatever came of it; one that waits in the crowd has not begun. */
  private end(): void {
    if (this.isOver) return
    this.isOver = true
    if (!this.isWaiting) this.crowd.left(this.abortCall !== undefined)
  }

  /** Whether no connection came to stand, because the server or what stands before it did not want one more. */
  private isRefused(cause: Error & { readonly code?: string }): boolean {
    if (Http2.isUnopened(cause)) {
      if (this.abortCall !== undefined) this.crowd.fell()
      this.abortCall = undefined
      return true
    }
    return this.abortCall === undefined && refusals.has(cause.code ?? "")
  }

  /** Whether the answer told a length beside its chunks, or two: it was refused before its headers were given. */
  private isUnclear({ code }: Error & { readonly code?: string }): boolean {
    return code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH" && this.status === 0
  }

  fail(cause: Error): void {
    this.end()
    const error = new HttpClientError.RequestError({ request: this.request, reason: "Transport", cause })
    // before there is a connection, nothing was sent
    const isOpen = this.abortCall !== undefined
    this.resume(!isOpen || isUnwritten(cause, this.request) ? Failure.unprocessed(error, isOpen) : error)
  }
}

/** How a connection is refused that would be one too many. */
const refusals: ReadonlySet<string> = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "UND_ERR_SOCKET"])

/** Whether the server has ended the connection without having said anything on it. */
const isSilent = (cause: Error & { readonly code?: string; readonly socket?: { readonly bytesRead?: number } }) =>
  cause.code === "ECONNRESET" || (cause.code === "UND_ERR_SOCKET" && cause.socket?.bytesRead === 0)

const unclear = () =>
  new LookupError({
    reason: "protocol",
    message: "the answer is not as HTTP has it: it tells two lengths, or one beside chunks",
    remedy: "lenient"
  })

const nothing = Buffer.alloc(0)

/** Whether the connection was gone when it was written to: a small request is written at once, as a whole or not at all. */
const isUnwritten = (cause: Error & { readonly syscall?: unknown }, { body }: HttpClientRequest.HttpClientRequest) =>
  cause.syscall === "write" && (body._tag === "Empty" || (body.contentLength ?? Infinity) <= atOnce)

/** What a connection takes at once, in bytes. */
const atOnce = 8 * 1024

/** A frame of settings, with which HTTP/2 begins. */
const isSettings = (data: unknown): boolean =>
  typeof data === "string" && data.startsWith("\0\0") && data.charCodeAt(3) === 4

/** Pieces of a body that are kept as they came. */
const mostPieces = 1024
