/**
 * Calls over HTTP/2. A few of them share a connection, because each one more costs both sides. Calls that are made once only have
 * connections of their own, and all have where one broke that carried several: so one that breaks hurts no other question.
 */
import type { TLSSocket } from "node:tls"
import type { buildConnector } from "undici"
import type { Connector, Opening } from "./Connect.ts"
import { calm, type Listener, Session } from "./Http2/Session.ts"
import * as Once from "./Once.ts"
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

/** Calls that share a connection, where the server allows more of them than connections. */
const sharing = 8

/** Connections over HTTP/2, by origin. */
export class Sessions {
  private readonly origins = new Map<string, Origin>()
  /** Origins that do not speak HTTP/2. */
  private readonly others = new Set<string>()
  /** Origins that speak nothing else, without TLS. */
  readonly plain = new Set<string>()
  private readonly connect: Connector["connect2"]
  private readonly maxHeader: number
  private readonly connections: number

  constructor(connect: Connector["connect2"], maxHeader: number, connections = Infinity) {
    this.connect = connect
    this.maxHeader = maxHeader
    this.connections = connections
  }

  /** Makes a call; `otherwise` makes it where the server speaks HTTP/1.1 alone. What it gives takes back a call that waits. */
  dispatch(request: Request, handler: Handler, otherwise: () => void): Opening | undefined {
    const { origin } = request
    if (this.others.has(origin)) return void otherwise()
    const insist = () => {
      this.others.add(origin)
      otherwise()
    }
    const known = this.origins.get(origin) ?? this.open(origin)
    return known.ask({ request, handler, insist })
  }

  /** Ends all that is open. */
  destroy(): Promise<unknown> {
    return Promise.all(Array.from(this.origins.values(), (origin) => origin.destroy()))
  }

  private open(origin: string): Origin {
    const { host, hostname, port, protocol } = new URL(origin)
    const target = { host, hostname: hostname.replace(/^\[(.*)\]$/, "$1"), port, protocol }
    const opened = new Origin({
      most: this.connections,
      connect: (callback) => this.connect(target, callback),
      begin: (socket, listener) => {
        if (this.plain.has(origin) || socket.alpnProtocol === "h2") {
          return new Session(origin, socket, this.maxHeader, listener)
        }
        // undici connects anew: that is one connection in the life of a layer
        socket.destroy()
        return undefined
      }
    })
    this.origins.set(origin, opened)
    return opened
  }
}

type Connect = (callback: buildConnector.Callback) => Opening

/** A call that has no connection yet. */
interface Call {
  readonly request: Request
  readonly handler: Handler
  readonly insist: () => void
}

interface Line {
  /** Connections at the most. */
  readonly most: number
  readonly connect: Connect
  /** Nothing where the server does not speak HTTP/2. */
  readonly begin: (socket: TLSSocket, listener: Listener) => Session | undefined
}

/** The connections to one origin, and the calls that wait for one. */
class Origin {
  private readonly sessions = new Set<Session>()
  private readonly openings = new Set<Opening>()
  private readonly waiting: Array<Call> = []
  /** Calls that the server allows on a connection. */
  private allowed = Infinity
  /** The server has said to be calm, which nobody has been told yet. */
  private isExcited = false
  /** A connection broke that carried several calls: from now on each carries one. */
  private isApart = false
  /** No further connection can be had while there are some. */
  private isFull = false
  private readonly line: Line

  constructor(line: Line) {
    this.line = line
  }

  ask(call: Call): Opening | undefined {
    if (this.isExcited) {
      this.isExcited = false
      return void call.handler.onError(calm(true))
    }
    this.waiting.push(call)
    this.place()
    return {
      close: () => {
        const at = this.waiting.indexOf(call)
        if (at < 0) return
        this.waiting.splice(at, 1)
        call.handler.onError(new Error("interrupted"))
        // nobody waits for these any more
        for (const opening of [...this.openings].slice(this.wanted())) opening.close()
      }
    }
  }

  destroy(): Promise<unknown> {
    return Promise.all(Array.from(this.sessions, (session) =>
      new Promise<void>((resolve) => {
        session.onEnd(resolve)
        session.end()
      })))
  }

  /** Puts those that wait on connections, and opens as many as are missing. */
  private place(): void {
    for (let call = this.waiting[0]; call !== undefined; call = this.waiting[0]) {
      const session = this.roomFor(call)
      if (session === undefined) return this.open()
      this.waiting.shift()
      session.send(call.request, call.handler, call.insist)
    }
  }

  /** The fullest connection that has room. */
  private roomFor(call: Call): Session | undefined {
    let found: Session | undefined
    for (const session of this.sessions) {
      const room = this.isFull ? session.allowed : Math.min(session.allowed, this.share(call))
      if (session.isOpen && session.calls < room && session.calls >= (found?.calls ?? 0)) found = session
    }
    return found
  }

  /** Calls like this one that a connection carries. */
  private share({ request: { method } }: Call): number {
    return this.isApart || Once.methods.has(method) ? 1 : Math.min(sharing, this.allowed)
  }

  /** Connections for those that wait. */
  private wanted(): number {
    const [first] = this.waiting
    return first === undefined ? 0 : Math.ceil(this.waiting.length / this.share(first))
  }

  private open(): void {
    const open = this.standing()
    if (open === 0) this.isFull = false
    if (this.isFull) return
    const missing = Math.min(this.wanted(), this.line.most - open) - this.openings.size
    for (let count = missing; count > 0; count--) this.connect()
  }

  private standing(): number {
    let count = 0
    for (const session of this.sessions) if (session.isOpen) count++
    return count
  }

  private connect(): void {
    let isOver = false
    const end = () => {
      isOver = true
      this.openings.delete(opening)
    }
    const opening = {
      close: () => {
        end()
        opened.close()
      }
    }
    this.openings.add(opening)
    const opened = this.line.connect((error, socket) => {
      if (isOver) return
      end()
      if (error === null) this.begin(socket as TLSSocket)
      else if (this.standing() > 0) this.isFull = true
      else this.fail(error)
      this.place()
    })
  }

  private begin(socket: TLSSocket): void {
    const session = this.line.begin(socket, {
      onChange: () => this.place(),
      onAllowed: (calls) => {
        this.allowed = calls
      },
      onCalm: () => {
        this.isExcited = true
      },
      onBreak: () => {
        this.isApart = true
      }
    })
    if (session === undefined) {
      for (const { insist } of this.waiting.splice(0)) insist()
      return
    }
    this.sessions.add(session)
    session.onEnd(() => {
      this.sessions.delete(session)
      this.place()
    })
  }

  /** Those that would have gone on a connection that does not come to stand. */
  private fail(error: Error): void {
    const [first] = this.waiting
    const failed = first === undefined ? [] : this.waiting.splice(0, this.share(first))
    for (const { handler } of failed) handler.onError(error)
  }
}
