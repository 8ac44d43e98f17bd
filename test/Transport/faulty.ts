/**
 * Servers that answer every question well but one, to which they do what a test tells them. They are raw sockets, so that anything can be
 * put on the wire, and they know which connections are open.
 */
import { Effect, type Scope } from "effect"
import * as Http2 from "node:http2"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { authority, type Identity } from "./certificate.ts"

/** What the others are told to trust, and who is trusted by it. */
export const ca = authority("rollcall test authority")
export const trusted: Identity = ca.sign(["localhost", "127.0.0.1"])

/** The question that is answered badly. */
export const poison = "poison"

/** The body of a good answer: it names its question, so that none can be taken for another's. */
export const answer = (code: string): string => JSON.stringify({ code })

/** A reply in HTTP/1.1; its length is told unless `headers` frame the body otherwise. */
export const reply = (
  body: string | Uint8Array,
  headers: ReadonlyArray<string> = [],
  status: number | string = "200 OK"
): Buffer => {
  const isFramed = headers.some((line) => /^(content-length|transfer-encoding|connection: close)/i.test(line))
  const length = isFramed ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status}\r\n${[...headers, ...length].map((line) => `${line}\r\n`).join("")}\r\n`),
    Buffer.from(body)
  ])
}

/** One end of a connection, as a fault handles it. */
export class Wire {
  /** Plain, or TLS over {@link raw}. */
  readonly socket: Net.Socket
  private readonly raw: Net.Socket

  constructor(socket: Net.Socket, raw: Net.Socket) {
    this.socket = socket
    this.raw = raw
  }

  write(bytes: string | Uint8Array): void {
    this.socket.write(bytes)
  }

  end(bytes: string | Uint8Array = ""): void {
    this.socket.end(bytes)
  }

  /** Ends the connection with RST, once what was written is out. */
  reset(bytes: string | Uint8Array = ""): void {
    this.socket.write(bytes, () => setTimeout(() => this.raw.resetAndDestroy(), 5))
  }

  /** Does something again and again until the connection is closed. */
  every(millis: number, step: () => void): void {
    const timer = setInterval(step, millis)
    this.raw.on("close", () => clearInterval(timer))
  }

  /** Writes as fast as it is read, until the connection is closed or there was enough. */
  flood(chunk: string | Uint8Array, times = Infinity): void {
    if (this.raw.destroyed || times <= 0) return
    this.socket.write(chunk, () => setImmediate(() => this.flood(chunk, times - 1)))
  }
}

/** What is done to the poisoned question; `nth` counts from 1 how often it was asked. */
export type Fault = (wire: Wire, nth: number) => void

/** What is done to it over HTTP/2; `put` sends a frame that the server itself would not. */
export type StreamFault = (stream: Http2.ServerHttp2Stream, put: Put, nth: number) => void

/** Sends a frame (RFC 9113, 4.1) on the stream of the question, or on the connection. */
export type Put = (type: keyof typeof frames, flags: number, payload: Uint8Array, on?: "connection") => void

const frames = { data: 0, headers: 1, reset: 3, settings: 4, push: 5, ping: 6, goaway: 7, window: 8, unknown: 0xfe }

/** A number as frames hold it. */
export const word = (...values: ReadonlyArray<number>): Buffer =>
  Buffer.concat(values.map((value) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return bytes
  }))

/** A server, and what it sees. */
export interface Server {
  readonly origin: string
  /** The questions in the order in which they came. */
  readonly asked: ReadonlyArray<string>
  /** Connections that are open. */
  readonly open: ReadonlySet<Net.Socket>
  /** Closes the server, with or without what is open. */
  readonly stop: (how: "listening" | "everything") => void
}

/** Over what it speaks. */
export type Transport = "http" | "https" | "h2"

const contexts = new Map<Identity, Tls.SecureContext>()

/** The server's end of TLS. */
const secured = (raw: Net.Socket, identity: Identity, protocol: string): Tls.TLSSocket => {
  const secureContext = contexts.get(identity) ?? Tls.createSecureContext(identity)
  contexts.set(identity, secureContext)
  return new Tls.TLSSocket(raw, { isServer: true, secureContext, ALPNProtocols: [protocol] })
}

const listening = (server: Net.Server, scheme: "http" | "https", asked: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.async<Server>((resume) => {
      const open = new Set<Net.Socket>()
      server.on("connection", (socket: Net.Socket) => {
        open.add(socket)
        socket.on("error", () => {})
        socket.on("close", () => open.delete(socket))
      })
      const stop: Server["stop"] = (how) => {
        server.close()
        if (how === "everything") { for (const socket of open) socket.destroy() }
      }
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as Net.AddressInfo
        resume(Effect.succeed({ origin: `${scheme}://localhost:${port}`, asked, open, stop }))
      })
    }),
    ({ stop }) => Effect.sync(() => stop("everything"))
  )

/** A server of sockets: each connection is handed over as it comes. */
export const sockets = (
  scheme: "http" | "https",
  listener: (socket: Net.Socket) => void
): Effect.Effect<Server, never, Scope.Scope> => listening(Net.createServer(listener), scheme, [])

/** A server over HTTP/1.1 that does `fault` to the poisoned question, and answers the others. */
export const http1 = (
  transport: "http" | "https",
  fault: Fault,
  identity: Identity = trusted
): Effect.Effect<Server, never, Scope.Scope> =>
  Effect.suspend(() => {
    const asked: Array<string> = []
    const server = Net.createServer((raw) => {
      const socket = transport === "http"
        ? raw
        : secured(raw, identity, "http/1.1")
      const wire = new Wire(socket, raw)
      let text = ""
      socket.on("error", () => {})
      socket.on("data", (chunk: Buffer) => {
        text += chunk.toString("latin1")
        for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
          const code = /^\w+ \/(\S*)/.exec(text)?.[1] ?? ""
          text = text.slice(end + 4)
          asked.push(code)
          if (code === poison) fault(wire, asked.filter((each) => each === poison).length)
          else wire.write(reply(answer(code)))
        }
      })
    })
    return listening(server, transport, asked)
  })

/**
 * A server over HTTP/2 that does `fault` to the poisoned question, and answers the others. It stands behind a relay that ends TLS and hands
 * on whole frames, so that others can be put between them.
 */
export const http2 = (
  fault: StreamFault,
  settings: Http2.Settings = {}
): Effect.Effect<Server, never, Scope.Scope> =>
  Effect.gen(function*() {
    const asked: Array<string> = []
    const relays = new Map<number, Tls.TLSSocket>()
    // what is sent, not what is taken, is what tests need without a limit
    const inner = Http2.createServer({ settings, maxSendHeaderBlockLength: 4_000_000 } as Http2.ServerOptions)
    inner.on("sessionError", () => {})
    inner.on("session", (session) => session.on("error", () => {}))
    inner.on("stream", (stream, headers) => {
      stream.on("error", () => {})
      const code = String(headers[":path"]).slice(1)
      asked.push(code)
      const relay = relays.get(stream.session!.socket.remotePort!)!
      const put: Put = (type, flags, payload, on) =>
        void relay.write(frame(type, flags, on === undefined ? stream.id! : 0, payload))
      if (code === poison) return fault(stream, put, asked.filter((each) => each === poison).length)
      stream.respond({ ":status": 200, "content-type": "application/json" })
      stream.end(answer(code))
    })
    const { origin } = yield* listening(inner, "http", asked)
    const server = Net.createServer((raw) => {
      const socket = secured(raw, trusted, "h2")
      const behind = Net.connect(Number(new URL(origin).port), "127.0.0.1")
      let bytes = Buffer.alloc(0)
      behind.on("connect", () => {
        relays.set(behind.localPort!, socket)
        socket.pipe(behind)
      })
      behind.on("data", (chunk: Buffer) => {
        bytes = Buffer.concat([bytes, chunk])
        while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
          const length = 9 + bytes.readUIntBE(0, 3)
          if (socket.write(bytes.subarray(0, length)) === false) behind.pause()
          bytes = bytes.subarray(length)
        }
      })
      socket.on("drain", () => behind.resume())
      behind.on("error", () => raw.destroy())
      // what nobody reads any more would hide that the other side has closed
      behind.on("close", () => socket.end().resume())
      socket.on("error", () => {})
      raw.on("close", () => behind.destroy())
    })
    return yield* listening(server, "https", asked)
  })

const frame = (type: keyof typeof frames, flags: number, stream: number, payload: Uint8Array): Buffer =>
  Buffer.concat([word(payload.length).subarray(1), Buffer.of(frames[type], flags), word(stream), payload])
