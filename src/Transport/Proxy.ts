/**
 * Proxy: which proxy the environment names for an origin, and the tunnel through it. Name and password of a proxy go to it alone.
 *
 * Sources: curl's manual, ENVIRONMENT; RFC 9110, 7.1, 9.3.6 and 11.7.
 */
import { DateTime } from "effect"
import * as Http from "node:http"
import * as Net from "node:net"
import * as RetryAfter from "../Limits/RetryAfter.ts"
import { LookupError } from "../Outcome.ts"

/** A proxy that speaks HTTP. */
export interface Proxy {
  /** The variable that names it. */
  readonly variable: string
  readonly origin: string
  readonly host: string
  /** An IPv6 address stands here without its brackets. */
  readonly hostname: string
  readonly port: string
  readonly protocol: string
  /** Who asks, for a proxy that wants to know. */
  readonly headers: Readonly<Record<string, string>>
}

/** The proxies by the scheme of what is asked; an error stands for one that is not named well. */
export interface Proxies {
  readonly "http:": Proxy | LookupError | undefined
  readonly "https:": Proxy | LookupError | undefined
  readonly none: ReadonlyArray<Exception>
}

interface Exception {
  readonly host: string
  /** Whether an address is in it, where it is a net such as `10.0.0.0/8`. */
  readonly net: Net.BlockList | undefined
  /** Any port where it is left out. */
  readonly port: string | undefined
}

/** The environment, or what stands for it. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * What `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` for what these leave open, and `NO_PROXY` say, each also in lower case, which wins;
 * `undefined` where no proxy is named.
 */
export const fromEnvironment = (environment: Environment): Proxies | undefined => {
  const setting = (name: string) => environment[name.toLowerCase()] ?? environment[name]
  const all = parse("ALL_PROXY", setting("ALL_PROXY")?.trim() ?? "")
  const [http, https] = ["HTTP_PROXY", "HTTPS_PROXY"].map((name) => parse(name, setting(name)?.trim() ?? "") ?? all)
  return http === undefined && https === undefined
    ? undefined
    : { "http:": http, "https:": https, none: exceptions(setting("NO_PROXY") ?? "") }
}

/** The proxy for a URL, if it is not asked directly. */
export const find = (proxies: Proxies, protocol: string, hostname: string, port: string) => {
  const proxy = proxies[protocol as "http:" | "https:"]
  const asked = port === "" ? ports[protocol]! : port
  return proxy === undefined || proxies.none.some((exception) => isExempt(exception, bare(hostname), asked))
    ? undefined
    : proxy
}

const ports: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" }

/** The error of a proxy that wants to know who asks: it would say so to every other question too. */
export const unauthorized = (): LookupError =>
  new LookupError({
    reason: "unauthorized",
    status: 407,
    message: "the proxy refuses who asks (the server has heard nothing of it)",
    remedy: "proxy"
  })

/**
 * Asks a proxy, over a connection to it, for a tunnel. Beyond the proxy's answer nothing is read. What ends the connection ends this.
 *
 * undici's own agent for proxies is not used: where the proxy hangs up it tries again for ever, and it closes no tunnel that is half open.
 */
export const tunnel = (
  { headers }: Proxy,
  socket: Net.Socket,
  authority: string,
  done: (error: Error | undefined) => void
): void => {
  const request = Http.request({
    method: "CONNECT",
    path: authority,
    headers: { host: authority, connection: "keep-alive", ...headers },
    createConnection: () => socket
  })
  request.once("connect", ({ headers, statusCode }, _, head) => {
    if (statusCode === 407) return done(unauthorized())
    if (statusCode !== 200) return done(refused(statusCode ?? 0, headers))
    if (head.length > 0) return done(broken("the proxy sent bytes before it was asked"))
    done(undefined)
  })
  // the server behind it has nothing to do with that
  request.on("error", (error) => done(Object.assign(error, { proxy: true })))
  request.end()
}

/** What a proxy forbids it forbids to every question; a refusal for asking too much passes. */
const refused = (status: number, headers: Http.IncomingHttpHeaders): LookupError => {
  const message = `the proxy said ${status}`
  if (status === 429 || (status === 503 && headers["retry-after"] !== undefined)) {
    const wait = RetryAfter.wait({
      status,
      body: "",
      header: (name) => headers[name] === undefined ? undefined : String(headers[name]),
      at: DateTime.toEpochMillis(DateTime.unsafeNow())
    })
    return new LookupError({ reason: "throttled", status, message, isUnprocessed: true, ...(wait && { wait }) })
  }
  return status >= 400 && status < 500
    ? new LookupError({ reason: "refused", status, message: `${message}: does it allow this host and port?` })
    : new LookupError({ reason: "transport", status, message, isUnprocessed: true })
}

const broken = (message: string) => new LookupError({ reason: "transport", message })

const parse = (name: string, text: string): Proxy | LookupError | undefined => {
  if (text === "") return undefined
  const full = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`
  const url = URL.canParse(full) ? new URL(full) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    return new LookupError({
      reason: "refused",
      message: `${name} names no proxy that can be used${
        url !== undefined && url.protocol.startsWith("socks") ? ", as SOCKS is not spoken here" : ""
      }: write it as http://HOST:PORT`
    })
  }
  const { host, hostname, origin, password, port, protocol, username } = url
  const isNamed = username !== "" || password !== ""
  const credentials = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString("base64")
  const headers: Record<string, string> = isNamed ? { "proxy-authorization": `Basic ${credentials}` } : {}
  return { variable: name, origin, host, hostname: bare(hostname), port, protocol, headers }
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const bare = (hostname: string) => hostname.replace(/^\[(.*)\]$/, "$1")

/** `example.com` and `.example.com` are the name and all below it; `*` is every host. */
const exceptions = (text: string): ReadonlyArray<Exception> =>
  text.toLowerCase().split(/[\s,]+/).filter((entry) => entry !== "").map((entry) => {
    const [, name, port] = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? [entry, entry]
    return { host: bare(name!).replace(/^\*?\./, ""), net: netOf(entry), port }
  })

const netOf = (entry: string): Net.BlockList | undefined => {
  const [, address = "", bits = ""] = /^\[?([\da-f.:]+)\]?\/(\d{1,3})$/.exec(entry) ?? []
  const version = Net.isIP(address)
  if (version === 0 || Number(bits) > (version === 4 ? 32 : 128)) return undefined
  const net = new Net.BlockList()
  net.addSubnet(address, Number(bits), version === 4 ? "ipv4" : "ipv6")
  return net
}

const isWithin = (net: Net.BlockList, hostname: string): boolean => {
  const version = Net.isIP(hostname)
  return version !== 0 && net.check(hostname, version === 4 ? "ipv4" : "ipv6")
}

const isExempt = (exception: Exception, hostname: string, port: string): boolean =>
  exception.host === "*" ||
  (exception.net !== undefined && isWithin(exception.net, hostname)) ||
  ((exception.port === undefined || exception.port === port) &&
    (hostname === exception.host || hostname.endsWith(`.${exception.host}`)))
