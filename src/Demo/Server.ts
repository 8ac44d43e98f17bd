import * as Duration from "effect/Duration"
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import * as Faults from "./Faults.ts"
import * as Gate from "./Gate.ts"
import * as Log from "./Log.ts"
import type { Options } from "./Options.ts"
import * as Reply from "./Reply.ts"
import type * as Zips from "./Zips.ts"

/** The API as a listener of `node:http`: plain functions, because every call of a benchmark passes through them. */
export interface Server {
  readonly listener: RequestListener
  readonly log: () => Log.Log
  readonly arrivals: () => ReadonlyArray<number>
  readonly reset: () => void
}

export const root = "/zipc/v1"
export const lookups = `${root}/zipcodes/`
const logPath = "/_demo/log"
const arrivalsPath = "/_demo/arrivals"

export const make = (options: Options, table: Zips.Table): Server => {
  const { fault: faultOf, latency } = Faults.make(options)
  const retryAfter = Duration.toMillis(options.throttle?.retryAfter ?? "1 second")
  const format = options.throttle?.format ?? "seconds"
  let state = start(options)

  const receive: RequestListener = (request, response) => {
    // A call belongs to the state it began with: what is in flight during a reset is not seen after it.
    const { gate, history, isOut, log } = state
    const path = pathOf(request)
    const code = codeOf(path)
    // Unix time, but of a clock that never goes back.
    const now = performance.timeOrigin + performance.now()
    log.arrive(now, code)
    response.on("close", () => log.leave())

    const answer = (reply: Reply.Reply) => {
      log.answer(reply.status)
      send(response, reply)
    }
    if (code === undefined && path !== root) return answer(Reply.noPath)
    if (request.method !== "GET") return answer(Reply.notAllowed("GET"))
    const refusal = gate(request, now)
    if (refusal !== undefined) return answer(refusal)
    if (code === undefined) return answer(Reply.noContent)
    if (isOut()) return answer(Reply.unavailable)

    let past = history.get(code)
    if (past === undefined) history.set(code, past = { calls: 0, faults: 0 })
    const fault = faultOf(code, ++past.calls, past.faults)
    if (fault !== undefined) past.faults++
    const suffer = () => {
      switch (fault) {
        case undefined:
          return answer(Reply.lookup(table, code))
        case "unavailable":
          return answer(Reply.unavailable)
        case "throttle":
          return answer(Reply.throttled(retryAfter, format))
        case "hang":
          log.hung++
          return
        case "drop":
          log.dropped++
          return request.socket.destroy()
        case "cut":
          log.dropped++
          return cut(response, Reply.lookup(table, code))
      }
    }
    // Whole milliseconds: Node keeps a list of timers for each distinct delay.
    const delay = Math.min(Math.round(latency(code, past.calls)), maxTimer)
    if (delay === 0) return suffer()
    const abandon = () => {
      clearTimeout(timer)
      log.abandoned++
    }
    const timer = setTimeout(() => {
      response.off("close", abandon)
      suffer()
    }, delay)
    response.on("close", abandon)
  }

  const reset = () => {
    state = start(options)
  }

  /** The demo's own paths, which no real API has: they need no key and are not in the log. */
  const own = (method: string | undefined, path: string): Reply.Reply => {
    if (path !== logPath && path !== arrivalsPath) return Reply.noPath
    if (method === "DELETE" && path === logPath) {
      reset()
      return Reply.noContent
    }
    if (method !== "GET") return Reply.notAllowed(path === logPath ? "GET, DELETE" : "GET")
    return Reply.value(path === logPath ? Log.encode(state.log.read()) : state.log.arrivals())
  }

  return {
    listener: (request, response) => {
      if (request.url?.startsWith("/_demo/")) send(response, own(request.method, pathOf(request)))
      else receive(request, response)
    },
    log: () => state.log.read(),
    arrivals: () => state.log.arrivals(),
    reset
  }
}

/** All that a reset renews. */
const start = (options: Options) => ({
  log: new Log.Recorder(),
  gate: makeGate(options),
  isOut: options.outage === undefined ? () => false : Gate.makeOutage(options.outage),
  /** By code, what became of the calls that came through the gate. */
  history: new Map<string, { calls: number; faults: number }>()
})

/** What stands in front of the API: the key, then the rate, then the quota. */
const makeGate = ({ key, quota, rate }: Options) => {
  const admit = rate === undefined ? () => true : Gate.makeRate(rate)
  const wait = quota === undefined ? () => 0 : Gate.makeQuota(quota)
  return (request: IncomingMessage, now: number): Reply.Reply | undefined => {
    if (key !== undefined) {
      const given = request.headers["ocp-apim-subscription-key"]
      if (given === undefined) return Reply.keyMissing
      if (given !== key) return Reply.keyInvalid
    }
    if (!admit(now)) return Reply.throttled(1_000, "seconds")
    const left = wait(now)
    return left === 0 ? undefined : Reply.outOfQuota(left)
  }
}

/** The longest delay that a timer of Node knows. */
const maxTimer = 2 ** 31 - 1

const send = (response: ServerResponse, { body, headers, status }: Reply.Reply) => {
  response.writeHead(status, headers as Array<string>)
  response.end(body)
}

/** Sends the headers and half of the body, and ends the connection once these are on their way. */
const cut = (response: ServerResponse, { body, headers, status }: Reply.Reply) => {
  response.writeHead(status, headers as Array<string>)
  response.write(body.slice(0, body.length / 2), () => response.destroy())
}

const pathOf = ({ url = "/" }: IncomingMessage): string => {
  const query = url.indexOf("?")
  return query === -1 ? url : url.slice(0, query)
}

/** The code that a path asks about, `undefined` where it is no lookup. */
const codeOf = (path: string): string | undefined => {
  if (!path.startsWith(lookups)) return undefined
  const segment = path.slice(lookups.length)
  if (segment === "" || segment.includes("/")) return undefined
  return segment.includes("%") ? decode(segment) : segment
}

const decode = (segment: string): string => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
