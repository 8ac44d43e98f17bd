/**
 * Connect opens connections, direct or through a proxy, and closes those that never come to stand: undici forgets them, and a server
 * that takes a connection and then says nothing would hold one more with every call.
 */
import type { Socket } from "node:net"
import * as Tls from "node:tls"
import { buildConnector } from "undici/index.js"
import * as Heads from "./Heads.ts"
import * as Proxy from "./Proxy.ts"
import type { Trust } from "./Trust.ts"

/** A connection that does not stand yet. */
export interface Opening {
  /** Gives it up, with what waits for it. */
  readonly close: () => void
}

/** Opens connections for undici. */
export class Connector {
  /** What was opened last: read right after a dispatch, it is what that dispatch has opened. */
  latest: Opening | undefined
  /** Whether a client certificate is sent. */
  readonly hasCertificate: boolean
  private readonly openings = new Set<Opening>()
  private readonly spoken = new Map<string, boolean>()
  private readonly proxies: Proxy.Proxies | undefined
  private readonly http1: buildConnector.connector
  private readonly http2: buildConnector.connector

  constructor({ ca, cert, insecure = false, key }: Trust, proxies: Proxy.Proxies | undefined) {
    const tls = {
      rejectUnauthorized: !insecure,
      // made once: to read all the certificates takes longer than a call
      ...(ca === undefined && cert === undefined ? {} : {
        secureContext: Tls.createSecureContext({
          ca: [...wellKnown(), ...(ca === undefined ? [] : [ca].flat())],
          ...(cert === undefined ? {} : { cert }),
          ...(key === undefined ? {} : { key })
        })
      })
    }
    this.hasCertificate = cert !== undefined
    // the time limits are the sweep's
    this.http1 = buildConnector({ ...tls, timeout: 0 })
    this.http2 = buildConnector({ ...tls, timeout: 0, allowH2: true })
    this.proxies = proxies
  }

  /** For HTTP/1.1, as undici calls it. */
  readonly connect: buildConnector.connector = (options, callback) => this.begin(this.http1, options, callback)

  /** The same for undici, which does not read all heads that others do. */
  readonly connectMended: buildConnector.connector = (options, callback) =>
    this.connect(options, (...result) => {
      if (result[0] === null) Heads.mend(result[1])
      callback(...result)
    })

  /** For HTTP/2 with a server that speaks it. */
  readonly connect2: buildConnector.connector = (options, callback) => this.begin(this.http2, options, callback)

  private begin(
    connector: buildConnector.connector,
    options: buildConnector.Options,
    callback: buildConnector.Callback
  ): void {
    const sockets: Array<Socket> = []
    let seen: Tls.PeerCertificate | undefined
    const destroy = () => {
      for (const socket of sockets) socket.destroy(new Error("interrupted"))
    }
    const opening = {
      close: () => {
        if (this.openings.has(opening)) destroy()
      }
    }
    // undici gives the socket back, although its type does not say so
    const open = (connector: buildConnector.connector, ...args: Parameters<buildConnector.connector>) => {
      const socket = connector(...args) as unknown as Socket | undefined
      if (socket === undefined) return
      sockets.push(socket)
      if (socket instanceof Tls.TLSSocket) socket.prependListener("secure", () => seen = socket.getPeerCertificate())
    }
    const end: buildConnector.Callback = (...result) => {
      // a connection may fail in several places at once
      if (!this.openings.delete(opening)) return
      if (result[0] !== null) {
        destroy()
        // the error does not tell when the certificate was or will be good
        if (seen?.valid_to) Object.assign(result[0], { validFrom: seen.valid_from, validTo: seen.valid_to })
      } else if (result[1] instanceof Tls.TLSSocket) tellAlert(result[1])
      callback(...result)
    }
    this.openings.add(opening)
    this.latest = opening
    const { hostname, port, protocol } = options
    const proxy = protocol !== "https:" || this.proxies === undefined || this.isProxy(protocol, hostname, port)
      ? undefined
      : Proxy.find(this.proxies, protocol, hostname, port)
    if (proxy === undefined) {
      const relay = this.proxies !== undefined && this.isProxy(protocol, hostname, port)
        ? this.proxies["http:"] as Proxy.Proxy
        : undefined
      return open(connector, options, (...result) => end(...(relay === undefined ? result : through(relay, result))))
    }
    if (proxy instanceof Error) return end(proxy, null)
    const authority = `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port || 443}`
    open(this.http1, proxy, (error, socket) => {
      if (error !== null) return end(...through(proxy, [error, null]))
      Proxy.tunnel(proxy, socket, authority, (error) => {
        if (error === undefined) open(connector, { ...options, httpSocket: socket }, end)
        else end(error, null)
      })
    })
  }

  /** Whether TLS is spoken where plain HTTP was answered with nothing. It is asked once. */
  isTls(origin: string, told: (isTls: boolean) => void): void {
    const known = this.spoken.get(origin)
    if (known !== undefined) return told(known)
    const { host, hostname, port } = new URL(origin)
    const options = { host, hostname: hostname.replace(/^\[(.*)\]$/, "$1"), port: port || "80", protocol: "https:" }
    const probe: { opening?: Opening | undefined } = {}
    const timer = setTimeout(() => probe.opening?.close(), probeLimit)
    const end = (isTls: boolean) => {
      clearTimeout(timer)
      this.spoken.set(origin, isTls)
      told(isTls)
    }
    this.begin(this.http1, options, (error, socket) => {
      socket?.destroy()
      // whoever shows a certificate that is not trusted speaks it too
      end(
        error === null || /CERT|SELF_SIGNED|ALTNAME|_ALERT_/.test(String((error as { readonly code?: unknown }).code))
      )
    })
    probe.opening = this.latest
  }

  /** Gives up what does not stand yet. */
  close(): void {
    for (const opening of this.openings) opening.close()
  }

  private isProxy(protocol: string, hostname: string, port: string): boolean {
    const http = this.proxies?.["http:"]
    return http !== undefined && !(http instanceof Error) && http.protocol === protocol &&
      http.hostname === hostname && http.port === port
  }
}

/** For how long an answer in TLS is awaited, in milliseconds. */
const probeLimit = 2000

/** Says why the server has ended the connection, where it said so: undici would tell of the end alone. */
const tellAlert = (socket: Tls.TLSSocket): void => {
  let alert: Error | undefined
  socket.prependListener("error", (error) => alert ??= error)
  const destroy = socket.destroy.bind(socket)
  socket.destroy = (cause) => destroy(alert ?? cause)
}

/** An error of a connection to a proxy tells of it: the host in the URL has nothing to do with it. */
const through = (proxy: Proxy.Proxy, result: Parameters<buildConnector.Callback>) => {
  if (result[0] !== null) Object.assign(result[0], { proxy: `${proxy.host} of ${proxy.variable}` })
  return result
}

/** What Node trusts by itself, with what its own settings add where it can tell. */
const wellKnown = (): ReadonlyArray<string> =>
  (Tls as { getCACertificates?: (type: "default") => ReadonlyArray<string> }).getCACertificates?.("default")
    ?? Tls.rootCertificates
