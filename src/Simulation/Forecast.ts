/**
 * A forecast: how a list would fare with an API under a policy, found out by simulating it.
 */
import { HttpClient } from "@effect/platform"
import { Cause, Effect, Exit } from "effect"
import type { Code } from "../Code.ts"
import * as Lookup from "../Lookup.ts"
import type { Kind } from "../Outcome.ts"
import type { Policy } from "../Policy.ts"
import * as Simulation from "../Simulation.ts"
import * as Snapshot from "../Snapshot.ts"
import * as Sweep from "../Sweep.ts"
import { Machine } from "./Machine.ts"
import * as Server from "./Server.ts"
import type { Spec } from "./Spec.ts"

/** What is to be forecast. */
export interface Options {
  readonly server: Spec
  readonly policy: Policy
  /** What each call counts for in a rate; 1 where it is left out. */
  readonly weight?: number
  /** How many codes there are in the list. */
  readonly codes: number
  readonly seed: number
}

/** What would happen; times are seconds. */
export interface Forecast {
  /** The time that the run would take. */
  readonly seconds: number
  readonly outcomes: Readonly<Record<Kind, number>>
  /** Codes without an outcome. */
  readonly pending: number
  readonly calls: number
  /** Calls that got a 429. */
  readonly throttled: number
  readonly retries: number
  /** The most calls that the server saw in flight. */
  readonly peak: number
  /** Outcomes per second: of the whole run, and of the seconds of which 5 %, or all but 5 %, have fewer. */
  readonly perSecond: { readonly mean: number; readonly p5: number; readonly p95: number }
  /** Time in which no call could be sent, and what for. */
  readonly waited: {
    /** The rate of the policy, or what the server said that is left of its own. */
    readonly pace: number
    /** A pause that followed a 429, or that the server asked for. */
    readonly pause: number
    /** The server counted as down. */
    readonly outage: number
  }
  /** What `auto` would have found out. */
  readonly tuned: Snapshot.Asking["tuned"]
  /** What the run would have been stopped by. */
  readonly stopped: Sweep.StopError | undefined
  /** Equal traces, equal simulations. */
  readonly trace: string
}

/** Questions per page. */
const pageSize = 512

/** Forecasts; `between` is run every few milliseconds, with the virtual seconds and the outcomes so far. */
export const make = <R = never>(
  { codes, policy, seed, server: spec, weight = 1 }: Options,
  between: (seconds: number, done: number) => Effect.Effect<void, never, R> = () => Effect.void
): Effect.Effect<Forecast, never, R> =>
  Effect.suspend(() => {
    const outcomes: Record<Kind, number> = { found: 0, not_found: 0, invalid: 0, failed: 0, skipped: 0 }
    let asked = () => Snapshot.nothing(0)
    const perSecond = new Map<number, number>()
    const waited = { pace: 0, pause: 0, outage: 0 }
    let [done, inFlight, peak, calls] = [0, 0, 0, 0]

    const program = Effect.gen(function*() {
      const machine = yield* Machine
      const server = Server.make(machine, spec, {
        seed,
        onBegin: () => {
          calls++
          peak = Math.max(peak, ++inFlight)
        },
        onEnd: () => {
          inFlight--
        }
      })
      const lookup = Lookup.http<unknown>({ url: server.url, weight })
      const count = ({ outcome }: Sweep.Settled) =>
        Effect.sync(() => {
          outcomes[outcome]++
          done++
          const second = Math.floor(machine.now() / 1000)
          perSecond.set(second, (perSecond.get(second) ?? 0) + 1)
        })
      const asking = machine.start((process) => {
        machine.onTime((from, to) => {
          const { at, held } = asked()
          if (held === undefined) return
          const kind = held.why === "outage" ? "outage" : held.why === "pace" ? "pace" : "pause"
          waited[kind] += Math.min(held.until - at, to - from)
        })
        return Sweep.prepare(lookup).pipe(
          Effect.flatMap((ask) => Sweep.make({ lookup, ask, policy, pull: pages(codes), settle: count })),
          Effect.flatMap((sweep) => {
            asked = sweep.unsafeSnapshot
            return sweep.run
          }),
          Effect.provideService(HttpClient.HttpClient, server.client(process))
        )
      })
      yield* asking.ended
      return asking.exit()!
    })

    return Effect.flatMap(
      Simulation.runInPieces(program, { seed, order: "fifo" }, (millis) => between(millis / 1000, done)),
      ({ exit, millis, trace }) => {
        const ended = Exit.flatten(exit)
        const error = Exit.isFailure(ended) ? Cause.squash(ended.cause) : undefined
        if (error !== undefined && !(error instanceof Sweep.StopError)) return Effect.die(error)
        const seconds = millis / 1000
        return Effect.succeed({
          seconds,
          outcomes,
          pending: codes - done,
          calls,
          throttled: asked().throttled,
          retries: asked().retries,
          peak,
          perSecond: speeds(perSecond, seconds, done),
          waited: { pace: waited.pace / 1000, pause: waited.pause / 1000, outage: waited.outage / 1000 },
          tuned: asked().tuned,
          stopped: error,
          trace
        })
      }
    )
  })

/** The questions of the list, page by page; a code is as good as any other. */
const pages = (codes: number) => {
  let next = 0
  return Effect.sync(() => {
    const from = next
    next = Math.min(codes, next + pageSize)
    return Array.from({ length: next - from }, (_, index) => ({
      id: from + index,
      question: { code: String(from + index) as Code, values: {} }
    }))
  })
}

/** The last second is left out, as it is hardly a whole one. */
const speeds = (perSecond: ReadonlyMap<number, number>, seconds: number, done: number): Forecast["perSecond"] => {
  const mean = done / Math.max(seconds, 0.001)
  const length = Math.floor(seconds)
  if (length === 0) return { mean, p5: mean, p95: mean }
  const counts = Array.from({ length }, (_, second) => perSecond.get(second) ?? 0).sort((a, b) => a - b)
  const at = (part: number) => counts[Math.min(length - 1, Math.floor(length * part))]!
  return { mean, p5: at(0.05), p95: at(0.95) }
}
