/**
 * The machine that simulated programs run on: its time passes only when nobody has anything to do, and one seed decides who goes first.
 */
import {
  Clock,
  Context,
  Duration,
  Effect,
  type Exit,
  GlobalValue,
  Random,
  Runtime,
  RuntimeFlags,
  type Scheduler,
  Supervisor
} from "effect"
import * as Draw from "./Draw.ts"
import { Timers } from "./Timers.ts"

/** How a machine behaves. */
export interface Options {
  /** Decides everything that is not decided otherwise. */
  readonly seed: number
  /** Which fiber goes next: any (the default), or the one that has waited longest, which is faster. */
  readonly order?: "random" | "fifo" | undefined
  /** What the clock shows at the beginning, in milliseconds since 1970. */
  readonly epoch?: number | undefined
  /** Timers are as inexact as those of Node: cut to whole milliseconds, and some milliseconds late. */
  readonly hasRoughTimers?: boolean | undefined
  /** Every reading of a clock takes a moment, and now and then the machine is busy with something else, as a real one is. */
  readonly hasBusyClock?: boolean | undefined
}

/** A program in work. It has a monotonic clock of its own. */
export interface Process<out A = unknown, out E = unknown> {
  /** Which one it is, from 0. */
  readonly nth: number
  /** How it ended; `undefined` while it runs, and where it was killed. */
  readonly exit: () => Exit.Exit<A, E> | undefined
  readonly isDead: () => boolean
  /** Fibers that have not ended. */
  readonly fibers: () => number
  /** What its monotonic clock shows, in milliseconds. */
  readonly time: () => number
  /** Waits until it has ended or was killed. */
  readonly ended: Effect.Effect<void>
  /** It does not run for so many milliseconds, and notices nothing of it: SIGSTOP, or a machine that sleeps. */
  readonly freeze: (millis: number) => void
  /** Stops it on the spot: nothing of it runs any more, finalizers neither. */
  readonly kill: () => void
  /** Is run when it is killed. */
  readonly onKill: (clean: () => void) => void
}

/** The machine; times are milliseconds since its beginning unless told otherwise. */
export class Machine extends Context.Tag("rollcall/Simulation/Machine")<Machine, {
  readonly now: () => number
  /** A draw from [0, 1). */
  readonly draw: () => number
  /** Milliseconds since 1970 that no one has meddled with. */
  readonly date: () => number
  /** Puts the clock forward, or back, by so many milliseconds; what is monotonic does not notice. */
  readonly setClock: (by: number) => void
  /** Runs something later; what it gives takes that back. */
  readonly after: (millis: number, run: () => void) => () => void
  /** Takes a number into the trace. */
  readonly note: (value: number) => void
  /** Starts a program. */
  readonly start: <A, E>(program: (process: Process) => Effect.Effect<A, E>) => Process<A, E>
  /** Is told whenever time passes, from when to when. */
  readonly onTime: (tell: (from: number, to: number) => void) => void
  /** Goes on until a program has ended, for so many steps at the most; false: there is nothing more to do. */
  readonly advance: (until: Process, steps: number) => boolean
  /** Does all that can be done without time. */
  readonly settle: () => void
  /** Stands for all that was decided and noted so far: equal traces, equal runs. */
  readonly trace: () => string
}>() {}

/** Real timers beyond 2³¹−1 ms are taken for a mistake: the sleep never ends. */
const maxSleep = 2 ** 31 - 1
/** Operations after which a fiber gives way: always, or in turns that are drawn. */
const [patience, mostPatient] = [2048, 400]
/** Milliseconds by which a rough timer is late, at the most. */
const mostLate = 3
/** Milliseconds that a reading of a busy clock takes at the most, and one in so many takes that much longer. */
const [readingTime, oneIn, muchLonger] = [0.01, 32, 50]

/** The most by which a busy clock moves between two readings that follow each other, in milliseconds. */
export const busiest = readingTime * muchLonger

/** Metrics count what is real. */
const runtime = Runtime.disableRuntimeFlag(Runtime.defaultRuntime, RuntimeFlags.RuntimeMetrics)

/** A machine on which nothing runs yet. */
export const make = (options: Options): Context.Tag.Service<Machine> => {
  const { epoch = 1_700_000_000_000, hasBusyClock = false, hasRoughTimers = false, order = "random", seed } = options
  const draw = Draw.stream(seed)
  const pick = Draw.stream(seed ^ 0x5eed)
  const drawReading = Draw.stream(seed ^ 0xc10c)
  const timers = new Timers()
  /** What is to be run, and whose it is. */
  let tasks: Array<() => void> = []
  let owners: Array<{ isDead: boolean }> = []
  let head = 0
  let now = 0
  let skew = 0
  let trace = 0x811c9dc5
  let count = 0
  let tell: ((from: number, to: number) => void) | undefined

  const note = (value: number) => {
    trace = Math.imul(trace ^ value, 0x01000193)
  }

  const moveTo = (at: number) => {
    tell?.(now, at)
    now = at
  }

  /** Two readings are two times: what decides by both of them must be seen to fail. */
  const passReading = () => {
    if (!hasBusyClock) return
    const drawn = drawReading() * oneIn
    moveTo(now + (drawn % 1) * (drawn < 1 ? busiest : readingTime))
  }

  const after = (millis: number, run: () => void) => {
    const timer = timers.set(now + Math.max(0, millis), run)
    return () => {
      timer.fire = undefined
    }
  }

  const start = <A, E>(program: (process: Process) => Effect.Effect<A, E>): Process<A, E> => {
    const nth = count++
    const state = { isDead: false, frozenUntil: -Infinity }
    // no two processes show the same time
    const uptime = nth === 0 ? 0 : Math.floor(draw() * 1e9)
    const waiting: Array<() => void> = []
    const cleaners: Array<() => void> = []
    const fibers = new Counting()
    let exit: Exit.Exit<A, E> | undefined
    let begun = now

    const time = () => now - begun + uptime

    let left = patience
    const scheduler: Scheduler.Scheduler = {
      shouldYield: order === "fifo"
        ? (fiber) => fiber.currentOpCount > patience ? 0 : false
        : () => {
          if (--left > 0) return false
          left = 1 + Math.floor(pick() * mostPatient)
          return 0
        },
      scheduleTask: (task) => {
        if (state.isDead) return
        if (now < state.frozenUntil) {
          timers.set(state.frozenUntil, () => scheduler.scheduleTask(task, 0))
          return
        }
        tasks.push(task)
        owners.push(state)
      }
    }

    const sleep = (millis: number) => hasRoughTimers ? Math.max(1, Math.trunc(millis)) + pick() * mostLate : millis

    const clock: Clock.Clock = {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: () => {
        passReading()
        return Math.floor(epoch + skew + now)
      },
      unsafeCurrentTimeNanos: () => {
        passReading()
        return BigInt(Math.round(time() * 1e6))
      },
      currentTimeMillis: Effect.sync(() => clock.unsafeCurrentTimeMillis()),
      currentTimeNanos: Effect.sync(() => clock.unsafeCurrentTimeNanos()),
      sleep: (duration) => {
        const millis = Duration.toMillis(duration)
        return millis > maxSleep ? Effect.never : Effect.async((resume) => {
          const timer = timers.set(now + sleep(millis), () => state.isDead ? undefined : resume(Effect.void))
          return Effect.sync(() => {
            timer.fire = undefined
          })
        })
      }
    }

    const release = () => {
      for (const resume of waiting.splice(0)) resume()
    }

    const process: Process<A, E> = {
      nth,
      exit: () => exit,
      isDead: () => state.isDead,
      fibers: () => fibers.alive.size,
      time,
      ended: Effect.async((resume) => {
        if (exit !== undefined || state.isDead) return resume(Effect.void)
        waiting.push(() => resume(Effect.void))
      }),
      freeze: (millis) => {
        state.frozenUntil = now + millis
      },
      kill: () => {
        if (exit !== undefined || state.isDead) return
        state.isDead = true
        for (const clean of cleaners) clean()
        for (const one of [fiber, ...fibers.alive]) roots.delete(one)
        release()
      },
      onKill: (clean) => {
        cleaners.push(clean)
      }
    }
    const fiber = Runtime.runFork(runtime)(
      Effect.suspend(() => program(process)).pipe(
        Effect.supervised(fibers),
        Effect.withClock(clock),
        Effect.withRandom(Random.make(`${seed} ${nth}`))
      ),
      { scheduler, immediate: false }
    )
    fiber.addObserver((ended) => {
      exit = ended
      release()
    })
    begun = now
    return process
  }

  const runTask = () => {
    let place = head
    if (order === "fifo") head++
    else {
      place = Math.floor(pick() * tasks.length)
      note(place)
    }
    const [task, owner] = [tasks[place]!, owners[place]!]
    if (order === "fifo") {
      // what is done is cut off now and then
      if (head === tasks.length) {
        tasks = []
        owners = []
        head = 0
      }
    } else {
      const [lastTask, lastOwner] = [tasks.pop()!, owners.pop()!]
      if (place < tasks.length) {
        tasks[place] = lastTask
        owners[place] = lastOwner
      }
    }
    if (!owner.isDead) task()
  }

  return {
    now: () => now,
    draw,
    date: () => epoch + now,
    setClock: (by) => {
      skew += by
    },
    after,
    note,
    start,
    onTime: (given) => {
      tell = given
    },
    settle: () => {
      while (head < tasks.length) runTask()
    },
    advance: (until, steps) => {
      for (let step = 0; step < steps && until.exit() === undefined; step++) {
        if (head < tasks.length) runTask()
        else {
          const timer = timers.next()
          if (timer === undefined) return false
          if (timer.at > now) moveTo(timer.at)
          timer.fire!()
        }
      }
      return true
    },
    trace: () => (Draw.mix(trace ^ Math.round(now * 1000)) >>> 0).toString(16).padStart(8, "0")
  }
}

/** Where Effect keeps the fibers without a parent until they end, as those of a killed process never do. It has no name in its interface. */
const { roots } = GlobalValue.globalValue(
  Symbol.for("effect/FiberScope/Global"),
  () => ({ roots: new Set<unknown>() })
)

/** Counts the fibers that have not ended. */
class Counting extends Supervisor.AbstractSupervisor<void> {
  readonly alive = new Set<unknown>()

  override get value() {
    return Effect.void
  }

  override onStart(...[, , , fiber]: Parameters<Supervisor.Supervisor<void>["onStart"]>) {
    this.alive.add(fiber)
  }

  override onEnd(...[, fiber]: Parameters<Supervisor.Supervisor<void>["onEnd"]>) {
    this.alive.delete(fiber)
  }
}
