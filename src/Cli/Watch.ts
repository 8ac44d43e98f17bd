/**
 * How far a run is, while it goes on: one line that is painted over on a terminal, a line every 10 s elsewhere, and
 * fewer while nothing happens.
 */
import { Clock, Duration, Effect, type Scope } from "effect"
import * as Gate from "../Policy/Gate.ts"
import * as Moment from "../Policy/Moment.ts"
import { type Progress, settled } from "../Rollcall/Progress.ts"
import * as Closing from "./Closing.ts"
import * as Talk from "./Talk.ts"

/** Looks per second. */
const looks = 10
/** Seconds between lines where they are not painted over, and between those that would say the same once more. */
const interval = 10
const gaps = [interval, 60, 300] as const

/** How progress is shown. */
export interface Options {
  /** Records go to the terminal too, and a line that is painted over would be glued to them. */
  readonly isShared?: boolean
  /** Whether a signal has come: what else ends a run tells of no second one. */
  readonly isSignalled?: () => boolean
}

/** Shows progress until it is interrupted. */
export const watch = (
  progress: Progress,
  { isShared = false, isSignalled = () => false }: Options = {}
): Effect.Effect<never> =>
  Effect.gen(function*() {
    const isPainted = Talk.isTerminal() && !isShared
    const rates: Array<readonly [number, number]> = []
    let isStopping = false
    let stamped: number | undefined
    /** What was said last where lines are not painted over, when, and how often. */
    let said = { news: "", at: 0, times: 0 }
    for (let look = 1;; look++) {
      yield* Effect.sleep(Duration.millis(1000 / looks))
      const now = Number(yield* Clock.currentTimeNanos) / 1e6
      const wall = yield* Clock.currentTimeMillis
      const done = settled(progress.outcomes)
      // while it reads, what earlier runs have done is not counted yet
      if (progress.phase === "asking" && (rates.length === 0 || look % looks === 0)) rates.push([now, done])
      // while nobody is answered there is no rate that tells how long the rest takes
      if (progress.gate.isOutage) rates.length = 0
      // a rate over the last ten seconds
      while (rates.length > 2 && now - rates[0]![0] > 10_000) rates.shift()
      const [since, before] = rates[0] ?? [now, done]
      const rate = now > since ? (done - before) * 1000 / (now - since) : 0
      const begins: boolean = progress.draining !== undefined && progress.inFlight > 0 && !isStopping
      isStopping ||= begins
      const news = `${progress.phase} ${progress.entries} ${done} ${progress.calls}`
      const times = news === said.news ? said.times : 0
      const gap = times === 0 ? 0 : gaps[Math.min(times, gaps.length) - 1]! * 1000
      const isNews = look % (interval * looks) === 0 && now - said.at > gap - 1000 / looks
      const isDue = isPainted || begins || (!isShared && isNews)
      if (!isDue) continue
      said = { news, at: now, times: times + 1 }
      const width = isPainted ? (process.stderr.columns || 80) - 1 : Infinity
      yield* Effect.sync(() => {
        const line = status(progress, { done, rate, now, wall, isSignalled: isSignalled() }, width)
        process.stderr.write(isPainted ? `${Talk.clear}${line}` : `${Moment.stamp(wall, stamped)} ${line}\n`)
        stamped = wall
      })
    }
  }).pipe(Effect.ensuring(Effect.sync(() => {
    if (Talk.isTerminal() && !isShared) process.stderr.write(Talk.clear)
  })))

/**
 * Says how far the run is whenever SIGUSR2 comes, and what a second signal cut off; `isRepeatable`: what is sent twice does no harm. It gives
 * whether a first one has come.
 */
export const onSignals = (
  progress: Progress,
  isRepeatable: boolean
): Effect.Effect<() => boolean, never, Scope.Scope> =>
  Effect.gen(function*() {
    const clock = yield* Effect.clock
    const now = () => Number(clock.unsafeCurrentTimeNanos()) / 1e6
    const begun = now()
    const before = settled(progress.outcomes)
    const tell = () => {
      const done = settled(progress.outcomes)
      const rate = (done - before) * 1000 / Math.max(1, now() - begun)
      const wall = clock.unsafeCurrentTimeMillis()
      Talk.write(status(progress, { done, rate, now: now(), wall, isSignalled: !isFirst }))
    }
    let isFirst = true
    const stop = () => {
      if (!isFirst) Talk.write(atOnce(progress, isRepeatable))
      isFirst = false
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        process.on("SIGUSR2", tell)
        // before the one that ends the process
        for (const signal of stops) process.prependListener(signal, stop)
      }),
      () =>
        Effect.sync(() => {
          process.off("SIGUSR2", tell)
          for (const signal of stops) process.off(signal, stop)
        })
    )
    return () => !isFirst
  })

const stops = ["SIGINT", "SIGTERM", "SIGHUP"] as const

const atOnce = ({ inFlight }: Progress, isRepeatable: boolean): string =>
  inFlight === 0
    ? "stopped at once; the same command goes on"
    : isRepeatable
    ? `stopped at once: ${Talk.counted(inFlight, "call was", "calls were")} cut off and will be asked again; `
      + "the same command goes on"
    : `stopped at once: ${Closing.cut(inFlight)}`

/** Milliseconds without a call that look as if nothing happened: a pause of the pace is told from then on. */
const longPause = 10_000

/** The figures of a moment. */
export interface Now {
  readonly done: number
  readonly rate: number
  /** Milliseconds of the monotonic clock, and since 1970. */
  readonly now: number
  readonly wall: number
  /** A signal has come, and a second one stops at once. */
  readonly isSignalled?: boolean
}

/**
 * The line of progress. What does not fit into `width` is left out from its right; where little fits, what stands there is said in fewer
 * words.
 */
export const status = (progress: Progress, at: Now, width = Infinity): string => {
  if (progress.phase === "reading") {
    return `reading: ${Talk.counted(progress.entries, "entry", "entries")}`.slice(0, width)
  }
  if (progress.draining !== undefined && progress.inFlight > 0) return first(stopping(progress, at), width)
  const { done, rate } = at
  const total = progress.questions + progress.refused
  const left = Math.max(0, total - done)
  const pause = paused(progress, at)
  const share = Talk.percent(done, total)
  const { failed, ...others } = progress.outcomes
  const rest = [
    failed > 0 ? `${Talk.count(failed)} failed` : "",
    pause === undefined && rate > 0 && left > 0 ? `${Talk.whole(left / rate)} left` : "",
    pause === undefined ? Talk.rate(rate) : "",
    `${Talk.count(progress.inFlight)} in flight`,
    progress.waiting === 0 ? "" : `${Talk.count(progress.waiting)} to retry`,
    Talk.outcomes({ ...others, failed: 0 }).map(([word, value]) => `${Talk.count(value)} ${word}`).join(", ")
  ]
  const long = [`${Talk.count(done)}/${Talk.count(total)} (${share})`, pause?.[0] ?? "", ...rest]
  const short = [share, pause?.[1] ?? "", ...rest]
  // the figures, the state and the failures are what matters
  const needed = long.slice(0, 3).filter((part) => part !== "").join(separator)
  return fitting(needed.length <= width ? long : short, width)
}

const separator = " · "

/** As many of the parts, from the left, as there is room for. */
const fitting = (all: ReadonlyArray<string>, width: number): string => {
  const parts = all.filter((part) => part !== "")
  while (parts.length > 1 && parts.join(separator).length > width) parts.pop()
  return parts.join(separator).slice(0, width)
}

/** The first that there is room for. */
const first = (lines: ReadonlyArray<string>, width: number): string =>
  lines.find((line) => line.length <= width) ?? lines.at(-1)!.slice(0, width)

const stopping = ({ draining, inFlight }: Progress, { isSignalled, now }: Now): ReadonlyArray<string> => {
  const most = `${Math.max(0, Math.ceil((draining! - now) / 1000))} s at most`
  const calls = Talk.counted(inFlight, "call")
  const again = isSignalled !== true
    ? ""
    : Talk.isTerminal()
    ? "; Ctrl-C again stops at once"
    : "; a second signal stops at once"
  return [
    `stopping: ${calls} in flight ${inFlight === 1 ? "is" : "are"} awaited, ${most}${again}`,
    `stopping: ${calls} awaited, ${most}${again}`,
    `stopping: ${calls} awaited, ${most}`
  ]
}

/** Why nobody is asked, and until when, in a few words and in fewer. */
const paused = ({ gate, paced }: Progress, { now, wall }: Now): readonly [string, string] | undefined => {
  const seconds = (until: number) => Talk.whole(Math.ceil((until - now) / 1000))
  const when = (until: number) => until - now < 120_000 ? "" : `, until ${Moment.format(wall + until - now, wall)}`
  if (Gate.isShut(gate, now)) {
    const wait = seconds(gate.until)
    if (gate.isOutage) return [`the server is down, next try in ${wait}`, `down, next try ${wait}`]
    if (!gate.isTold) return [`the server says it is too much, next try in ${wait}`, `throttled, next try ${wait}`]
    return [`the server says wait ${wait}${when(gate.until)}`, `told to wait ${wait}`]
  }
  return paced - now > longPause
    ? [`the limit says wait ${seconds(paced)}${when(paced)}`, `limit, wait ${seconds(paced)}`]
    : undefined
}
