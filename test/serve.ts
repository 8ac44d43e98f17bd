/**
 * Servers on 127.0.0.1 for tests, each until the end of its scope.
 */
import { Duration, Effect, type Scope } from "effect"
import * as Http from "node:http"
import * as Net from "node:net"
import * as Policy from "../src/Policy.ts"

/** How they are asked: no limit of time is reached, however busy this machine is. */
export const policy: Policy.Policy = {
  ...Policy.local,
  timeout: Duration.minutes(5),
  deadline: Duration.minutes(10)
}

const listen = <S extends Net.Server>(server: S, address = "127.0.0.1"): Effect.Effect<S, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<S>((resume) => {
      server.listen(0, address, () => resume(Effect.succeed(server)))
    }),
    () =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        if (server instanceof Http.Server) server.closeAllConnections()
      })
  )

const portOf = (server: Net.Server): number => (server.address() as Net.AddressInfo).port

/** The URL, without a slash at its end, of a server that answers over HTTP. */
export const http = (listener: Http.RequestListener): Effect.Effect<string, never, Scope.Scope> =>
  Effect.map(listen(Http.createServer(listener)), (server) => `http://127.0.0.1:${portOf(server)}`)

/** What a server got. */
export interface Received {
  readonly method: string
  readonly url: string
  readonly headers: Http.IncomingHttpHeaders
  readonly body: string
}

/** A server that answers every request with what it got, as JSON. */
export const echo: Effect.Effect<string, never, Scope.Scope> = http((request, response) => {
  const chunks: Array<Buffer> = []
  request.on("data", (chunk: Buffer) => chunks.push(chunk))
  request.on("end", () => {
    const { headers, method, url } = request
    response.setHeader("content-type", "application/json")
    response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }))
  })
})

/** A server that answers the first bytes of each connection with these, and what `then` does to the socket. */
export const raw = (
  reply: string | Uint8Array,
  then: (socket: Net.Socket) => void = (socket) => socket.end()
): Effect.Effect<string, never, Scope.Scope> =>
  Effect.map(
    listen(Net.createServer((socket) => {
      socket.on("error", () => {})
      socket.once("data", () => {
        if (reply.length === 0) then(socket)
        else socket.write(reply, () => then(socket))
      })
    })),
    (server) => `http://127.0.0.1:${portOf(server)}`
  )

/** A port on which nobody listens. */
export const closedPort: Effect.Effect<number> = Effect.scoped(Effect.map(listen(Net.createServer()), portOf))

/** A server on any address that says nothing sensible, and hands on what it hears; its port. */
export const listening = (
  address: string,
  hear: (bytes: string) => void
): Effect.Effect<{ readonly port: string }, never, Scope.Scope> =>
  Effect.map(
    listen(
      Net.createServer((socket) => {
        socket.on("error", () => {})
        socket.on("data", (chunk) => {
          hear(chunk.toString("latin1"))
          socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        })
      }),
      address
    ),
    (server) => ({ port: String(portOf(server)) })
  )
