/**
 * Calls over HTTP/1.1 with Node's own client, which can be told to read answers that break the rules: bare line feeds, folded headers,
 * control characters, a length beside chunks. The answers of a server that lets others write into them can be taken for those to other
 * questions then; so it is only for servers that are trusted, and only where it is asked for.
 */
import * as Http from "node:http"
import type { Socket } from "node:net"
import type { buildConnector } from "undici/index.js"
import { changing } from "../Lookup/Request.ts"
import { LookupError } from "../Outcome.ts"
import * as Heads from "./Heads.ts"
import type { Handler, Request } from "./Http2.ts"

/** Connections by origin. */
export class Lenient {
  private readonly agents = new Map<string, Http.Agent>()
  private readonly connect: buildConnector.connector
  private readonly maxHeader: number
  private readonly connections: number

  constructor(connect: buildConnector.connector, maxHeader: number, connections: number | undefined) {
    this.connect = connect
    this.maxHeader = maxHeader
    this.connections = connections ?? Infinity
  }

  dispatch({ body, headers, method, origin, path }: Request, handler: Handler): void {
    const { hostname, port } = new URL(origin)
    const request = Http.request({
      agent: this.agentOf(origin, !changing.has(method)),
      host: hostname.replace(/^\[(.*)\]$/, "$1"),
      port: port || null,
      setHost: false,
      method,
      path,
      headers: { host: new URL(origin).host, ...headers, ...length(body, method) },
      insecureHTTPParser: true,
      maxHeaderSize: this.maxHeader
    })
    let isOver = false
    const end = (error: Error) => {
      if (isOver) return
      isOver = true
      request.destroy()
      handler.onError(error)
    }
    handler.onConnect(end, false)
    request.on("socket", () => handler.onWrite())
    request.on("error", (error) => end(Object.assign(error, { isLenient: true })))
    request.on("upgrade", () => end(broken("the server switches to another protocol")))
    request.on("response", (response) => {
      if (response.rawHeaders.some((text) => text.includes("\0"))) {
        return end(broken("a header of the answer holds a NUL"))
      }
      handler.onHeaders(response.statusCode!, byName(response.rawHeaders))
      response.on("data", (chunk: Buffer) => {
        if (!isOver) handler.onData(chunk)
      })
      // what else may have happened was told to the request
      response.on("error", () => end(cut()))
      response.on("end", () => {
        if (isOver) return
        if (!response.complete) return end(cut())
        isOver = true
        handler.onComplete()
      })
    })
    request.end(body)
  }

  destroy(): Promise<void> {
    for (const agent of this.agents.values()) agent.destroy()
    return Promise.resolve()
  }

  private agentOf(origin: string, keepAlive: boolean): Http.Agent {
    const name = `${origin} ${keepAlive}`
    const known = this.agents.get(name)
    if (known !== undefined) return known
    const agent = new Http.Agent({ keepAlive, timeout: 0, maxSockets: this.connections })
    const { host, hostname, port, protocol } = new URL(origin)
    const options = { host, hostname: hostname.replace(/^\[(.*)\]$/, "$1"), port, protocol }
    const opened = agent as unknown as {
      createConnection: (options: unknown, callback: (...result: ReadonlyArray<any>) => void) => void
    }
    opened.createConnection = (_, callback) =>
      this.connect(options, (error, socket) => {
        if (error === null) Heads.mend(socket)
        callback(error, socket as Socket | undefined)
      })
    this.agents.set(name, agent)
    return agent
  }
}

const broken = (message: string) => new LookupError({ reason: "protocol", message })

const cut = () =>
  new LookupError({ reason: "transport", message: "the server closed the connection before its answer was whole" })

/** Node would send a body in chunks. */
const length = (body: string | Uint8Array | null, method: string): Readonly<Record<string, string>> =>
  body !== null
    ? { "content-length": String(Buffer.byteLength(body)) }
    : /^(?:POST|PUT|PATCH)$/.test(method)
    ? { "content-length": "0" }
    : {}

/** Several of a name are a list. */
const byName = (raw: ReadonlyArray<string>): Record<string, string | Array<string>> => {
  const found: Record<string, string | Array<string>> = Object.create(null)
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase()
    const before = found[name]
    if (Array.isArray(before)) before.push(raw[at + 1]!)
    else found[name] = before === undefined ? raw[at + 1]! : [before, raw[at + 1]!]
  }
  return found
}
