/**
 * A world: whole runs on a simulated machine, from process to process, until the list is done. What outlives a process is the disk.
 */
import { HttpClient } from "@effect/platform"
import { Cause, Duration, Effect, Exit, Schema } from "effect"
import { Ledger, LedgerError, type Row } from "../../src/Ledger.ts"
import * as Memory from "../../src/Ledger/Memory.ts"
import * as Lookup from "../../src/Lookup.ts"
import * as Rollcall from "../../src/Rollcall.ts"
import * as Simulation from "../../src/Simulation.ts"
import type { Process } from "../../src/Simulation/Machine.ts"
import * as Server from "../../src/Simulation/Server.ts"
import * as Spec from "../../src/Simulation/Spec.ts"
import { Sink } from "../../src/Sink.ts"
import type { Snapshot } from "../../src/Snapshot.ts"
import * as Source from "../../src/Source.ts"
import type { Summary } from "../../src/Summary.ts"
import type { Scenario } from "./scenario.ts"

/** A process that ran the list. */
export interface Life {
  readonly nth: number
  readonly begun: number
  readonly ended: number
  /** When the disk was found full; `Infinity`: it was not. */
  readonly brokenAt: number
  /** `undefined`: it was killed. */
  readonly exit: Exit.Exit<Summary, Rollcall.RunError> | undefined
  /** It has a breaker, as its policy says, and nobody has turned it off. */
  readonly hasBreaker: boolean
  /** For how many milliseconds it may ask. */
  readonly time: number
  /** Fibers that were left when it had ended. */
  readonly fibers: number
  /** Calls in flight when it had ended, and how often it had its file open. */
  readonly inFlight: number
  readonly opened: number
  /** Calls that it says it made. */
  readonly calls: number
  /** Calls of all processes that the disk says were spent, and that the server saw. */
  readonly spent: number
  readonly seen: number
  /** Milliseconds for which it neither called nor waited, though something was to be asked. */
  readonly stood: number
}

/** A batch that became durable. */
export interface Recorded {
  readonly question: number
  readonly life: number
  readonly at: number
}

/** What there was at the end of the world. */
export interface Ended {
  readonly scenario: Scenario
  readonly trace: string
  readonly millis: number
  readonly exit: Exit.Exit<unknown, unknown>
  readonly lives: ReadonlyArray<Life>
  readonly calls: ReadonlyArray<Server.Call>
  /** The most calls in flight at once that the server saw. */
  readonly peak: number
  readonly recorded: ReadonlyArray<Recorded>
  /** The rows as the ledger has them, and as the sink has. */
  readonly rows: ReadonlyArray<Row>
  readonly written: ReadonlyArray<Row>
}

/** Processes after those that are killed, at the most: each may be stopped by the server or the disk. */
const mostLives = 40

/** How much of a world is played: milliseconds, and timers. */
export const whole = { limit: 3_600_000, steps: 20_000_000 }

/** Plays a scenario to its end, or for so long; connections stand at once, or after so many milliseconds. */
export const play = (scenario: Scenario, most = whole, connecting?: () => number): Ended => {
  const lives: Array<Life> = []
  const recorded: Array<Recorded> = []
  let calls: ReadonlyArray<Server.Call> = []
  let rows: ReadonlyArray<Row> = []
  const file: File = { rows: [], opened: 0 }
  let peak = 0

  const world = Effect.gen(function*() {
    const machine = yield* Simulation.Machine
    const ledger = yield* Ledger
    let inFlight = 0
    const server = Server.make(machine, Schema.decodeSync(Spec.Text)(scenario.server), {
      seed: scenario.seed,
      connecting,
      isKept: true,
      onBegin: () => {
        peak = Math.max(peak, ++inFlight)
      },
      onEnd: () => {
        inFlight--
      }
    })
    calls = server.calls
    for (const [at, by] of scenario.jumps) machine.after(at, () => machine.setClock(by))
    const disk: Disk = { writes: 0, brokenAt: Infinity }
    let policy = scenario.policy
    let [outages, throttled] = [0, 0]

    for (let nth = 0; nth < scenario.lives.length + mostLives; nth++) {
      const begun = machine.now()
      disk.brokenAt = Infinity
      let snapshot: (() => Snapshot) | undefined
      file.opened = 0
      const process = machine.start((process) =>
        Rollcall.make(Lookup.http<unknown>({ url: server.url, weight: scenario.weight }), {
          source: Source.codes(scenario.list),
          policy,
          order: scenario.order
        }).pipe(
          Effect.flatMap((rollcall) => {
            snapshot = rollcall.unsafeSnapshot
            return rollcall.run
          }),
          Effect.provideService(Ledger, onDisk(ledger, scenario, machine, process, disk, recorded)),
          Effect.provideService(Sink, toFile(file, scenario)),
          Effect.provideService(HttpClient.HttpClient, server.client(process))
        )
      )
      for (const [at, millis] of scenario.freezes) {
        if (at >= begun) machine.after(at - begun, () => process.freeze(millis))
      }
      const lifetime = scenario.lives[nth]
      yield* lifetime === undefined
        ? process.ended
        : Effect.raceFirst(process.ended, Effect.sleep(Duration.millis(lifetime)))
      process.kill()
      const exit = process.exit()
      // what was done at its last moment
      yield* Effect.yieldNow()
      const spent = (yield* ledger.note("spent")) as { readonly calls: number } | undefined
      lives.push({
        nth: process.nth,
        begun,
        ended: machine.now(),
        brokenAt: disk.brokenAt,
        exit,
        hasBreaker: policy.breaker !== null,
        time: policy.budget.time === undefined ? Infinity : Duration.toMillis(policy.budget.time),
        fibers: process.fibers(),
        inFlight: server.inFlight(),
        opened: file.opened,
        calls: snapshot?.().calls ?? 0,
        spent: spent?.calls ?? 0,
        seen: calls.length,
        stood: (snapshot?.().stood ?? 0) * 1000
      })
      if (exit !== undefined && Exit.isSuccess(exit)) break
      // a budget that is spent is raised
      if (exit !== undefined && (isStop(exit, "budget") || isStop(exit, "time"))) policy = { ...policy, budget: {} }
      // so is the longest wait, where the server says again and again to wait for longer
      if (exit !== undefined && isStop(exit, "throttled") && ++throttled >= 3) {
        policy = { ...policy, throttle: { ...policy.throttle, maxWait: Duration.minutes(10) } }
      }
      // as it is advised
      if (exit !== undefined && isStop(exit, "outage") && ++outages >= 3) policy = { ...policy, breaker: null }
      yield* Effect.sleep(Duration.millis(scenario.downtime + (exit === undefined ? 0 : 1000)))
    }
    const [list] = yield* ledger.lists
    rows = list === undefined ? [] : yield* ledger.rows(list.id, 0, Infinity)
  })

  const { exit, millis, trace } = Simulation.run(Effect.provide(world, Memory.layer), {
    seed: scenario.seed,
    hasRoughTimers: scenario.hasRoughTimers,
    hasBusyClock: true,
    ...most
  })
  return { scenario, trace, millis, exit, lives, calls, peak, recorded, rows, written: file.rows }
}

/** Whether a process was stopped for a reason. */
export const isStop = (exit: Exit.Exit<unknown, unknown>, reason: Rollcall.StopError["reason"]): boolean => {
  if (Exit.isSuccess(exit)) return false
  const error = Cause.squash(exit.cause)
  return error instanceof Rollcall.StopError && error.reason === reason
}

/** How often it was written, and when it was found full for the first time. */
interface Disk {
  writes: number
  brokenAt: number
}

/** A ledger whose writes take time, and find the disk full now and then; they are done in one go, somewhere in that time. */
const onDisk = (
  ledger: typeof Ledger.Service,
  { disk: { full, slow } }: Scenario,
  machine: typeof Simulation.Machine.Service,
  { nth: life }: Process,
  disk: Disk,
  recorded: Array<Recorded>
): typeof Ledger.Service => {
  const write = <A>(effect: Effect.Effect<A, LedgerError>): Effect.Effect<A, LedgerError> =>
    Effect.suspend((): Effect.Effect<A, LedgerError> => {
      if (full.has(++disk.writes)) {
        disk.brokenAt = Math.min(disk.brokenAt, machine.now())
        return new LedgerError({ reason: "Write", ledger: "simulated", message: "no space left on device" })
      }
      if (slow === 0) return effect
      const [before, after] = [machine.draw() * slow / 2, machine.draw() * slow / 2]
      return Effect.zipLeft(
        Effect.zipRight(Effect.sleep(Duration.millis(before)), effect),
        Effect.sleep(Duration.millis(after))
      )
    })
  return {
    ...ledger,
    record: (list, outcomes) =>
      write(Effect.tap(ledger.record(list, outcomes), () =>
        Effect.sync(() => {
          for (const { question } of outcomes) recorded.push({ question, life, at: machine.now() })
        }))),
    setNotes: (notes) => write(ledger.setNotes(notes)),
    enroll: (list, entries) => write(ledger.enroll(list, entries)),
    pending: (list, ordinal, limit) =>
      Effect.zipLeft(
        ledger.pending(list, ordinal, limit),
        slow === 0 ? Effect.yieldNow() : Effect.sleep(Duration.millis(slow / 4))
      )
  }
}

/** A file that holds what was kept; what was only written is lost with the process. */
interface File {
  rows: ReadonlyArray<Row>
  /** How often the process has it open. */
  opened: number
}

const toFile = (file: File, { disk: { slow } }: Scenario): typeof Sink.Service => ({
  outputs: ["file"],
  select: [],
  check: () => Effect.void,
  fits: () => Effect.void,
  open: ({ isOrdered }) =>
    Effect.map(Effect.acquireRelease(Effect.sync(() => file.opened++), () => Effect.sync(() => file.opened--)), () => {
      const rows = isOrdered ? [...file.rows] : []
      const keep = Effect.suspend(() => {
        const kept = [...rows]
        return Effect.zipRight(
          slow === 0 ? Effect.void : Effect.sleep(Duration.millis(slow / 2)),
          Effect.sync(() => {
            file.rows = kept
          })
        )
      })
      return {
        position: rows.length,
        write: (written) =>
          Effect.sync(() => {
            rows.push(...written)
          }),
        keep: () => isOrdered ? keep : Effect.void,
        complete: keep
      }
    })
})
