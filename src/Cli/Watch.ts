/**
 * How far a run is, while it goes on: one line that is painted over on a terminal, a line every 10 s elsewhere, and
 * fewer while nothing happens.
 */
import { Clock, Duration, Effect, type Scope } from "effect"
import * as Moment from "../Policy/Moment.ts"
import { progress } from "../Rollcall/Events.ts"
import { done, type Held, type Snapshot, summary } from "../Snapshot.ts"
import * as Closing from "./Closing.ts"
import * as Events from "./Events.ts"
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
  look: Effect.Effect<Snapshot>,
  { isShared = false, isSignalled = () => false }: Options = {}
): Effect.Effect<never> =>
  Effect.gen(function*() {
    const isPainted = Talk.isTerminal() && !isShared
    const rates: Array<readonly [number, number]> = []
    let isStopping = false
    let stamped: number | undefined
    /** What was said last where lines are not painted over, when, and how often. */
    let said = { news: "", at: 0, times: 0 }
    for (let tenth = 1;; tenth++) {
      yield* Effect.sleep(Duration.millis(1000 / looks))
      const now = Number(yield* Clock.currentTimeNanos) / 1e6
      const snapshot = yield* look
      const { at, calls, draining, entries, held, inFlight, phase } = snapshot
      const answered = done(snapshot)
      // while it reads, what earlier runs have done is not counted yet
      if (phase === "asking" && (rates.length === 0 || tenth % looks === 0)) rates.push([now, answered])
      // while nobody is answered there is no rate that tells how long the rest takes
      if (held?.why === "outage") rates.length = 0
      // a rate over the last ten seconds
      while (rates.length > 2 && now - rates[0]![0] > 10_000) rates.shift()
      const [since, before] = rates[0] ?? [now, answered]
      const rate = now > since ? (answered - before) * 1000 / (now - since) : 0
      const begins: boolean = draining !== undefined && inFlight > 0 && !isStopping
      isStopping ||= begins
      const news = `${phase} ${entries} ${answered} ${calls}`
      const times = news === said.news ? said.times : 0
      const gap = times === 0 ? 0 : gaps[Math.min(times, gaps.length) - 1]! * 1000
      const isNews = tenth % (interval * looks) === 0 && now - said.at > gap - 1000 / looks
      const isDue = isPainted || begins || (!isShared && isNews)
      if (!isDue) continue
      said = { news, at: now, times: times + 1 }
      const width = isPainted ? (process.stderr.columns || 80) - 1 : Infinity
      yield* Effect.sync(() => {
        const line = status(snapshot, { rate, isSignalled: isSignalled() }, width)
        process.stderr.write(isPainted ? `${Talk.clear}${line}` : `${Moment.stamp(at, stamped)} ${line}\n`)
        stamped = at
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
  look: () => Snapshot,
  isRepeatable: boolean
): Effect.Effect<() => boolean, never, Scope.Scope> =>
  Effect.gen(function*() {
    const tell = () => {
      const snapshot = look()
      const { known, refused, seconds } = snapshot
      const rate = Math.max(0, done(snapshot) - known - refused) / Math.max(0.001, seconds)
      if (Events.isOn()) return Events.tell(progress(snapshot))
      Talk.write(status(snapshot, { rate, isSignalled: !isFirst }))
    }
    let isFirst = true
    const stop = () => {
      if (!isFirst) {
        const snapshot = look()
        Talk.write(atOnce(snapshot, isRepeatable))
        Events.conclude({ reason: "interrupted", summary: summary(snapshot), next: { text: goesOn, command: {} } })
      }
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

const goesOn = "the same command goes on"

const atOnce = ({ inFlight }: Snapshot, isRepeatable: boolean): string =>
  inFlight === 0
    ? `stopped at once; ${goesOn}`
    : isRepeatable
    ? `stopped at once: ${Talk.counted(inFlight, "call was", "calls were")} cut off and will be asked again; ${goesOn}`
    : `stopped at once: ${Closing.cut(inFlight)}`

/** Milliseconds without a call that look as if nothing happened: a pause of the pace is told from then on. */
const longPause = 10_000

/** What a snapshot does not tell. */
export interface Around {
  /** Codes per second. */
  readonly rate: number
  /** A signal has come, and a second one stops at once. */
  readonly isSignalled?: boolean
}

/**
 * The line of progress. What does not fit into `width` is left out from its right; where little fits, what stands there is said in fewer
 * words.
 */
export const status = (snapshot: Snapshot, around: Around, width = Infinity): string => {
  const { entries, inFlight, outcomes, phase, questions, refused, waiting } = snapshot
  if (phase === "reading") {
    return `reading: ${Talk.counted(entries, "entry", "entries")}`.slice(0, width)
  }
  if (snapshot.draining !== undefined && inFlight > 0) return first(stopping(snapshot, around), width)
  const { rate } = around
  const answered = done(snapshot)
  const total = questions + refused
  const left = Math.max(0, total - answered)
  const pause = paused(snapshot)
  const share = Talk.percent(answered, total)
  const { failed, ...others } = outcomes
  const rest = [
    failed > 0 ? `${Talk.count(failed)} failed` : "",
    pause === undefined && rate > 0 && left > 0 ? `${Talk.whole(left / rate)} left` : "",
    pause === undefined ? Talk.rate(rate) : "",
    `${Talk.count(inFlight)} in flight`,
    waiting === 0 ? "" : `${Talk.count(waiting)} to retry`,
    Talk.outcomes({ ...others, failed: 0 }).map(([word, value]) => `${Talk.count(value)} ${word}`).join(", ")
  ]
  const long = [`${Talk.count(answered)}/${Talk.count(total)} (${share})`, pause?.[0] ?? "", ...rest]
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

const stopping = ({ at, draining, inFlight }: Snapshot, { isSignalled }: Around): ReadonlyArray<string> => {
  const most = `${Math.max(0, Math.ceil((draining! - at) / 1000))} s at most`
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
const paused = ({ at, held }: Snapshot): readonly [string, string] | undefined => {
  if (held === undefined || (isOwn(held) && held.until - at <= longPause)) return undefined
  const wait = Talk.whole(Math.ceil((held.until - at) / 1000))
  const when = held.until - at < 120_000 ? "" : `, until ${Moment.format(held.until, at)}`
  switch (held.why) {
    case "outage":
      return [`the server is down, next try in ${wait}`, `down, next try ${wait}`]
    case "throttled":
      return [`the server says it is too much, next try in ${wait}`, `throttled, next try ${wait}`]
    case "told":
      return [`the server says wait ${wait}${when}`, `told to wait ${wait}`]
    case "budget":
    case "pace":
      return [`the limit says wait ${wait}${when}`, `limit, wait ${wait}`]
  }
}

/** Whether the policy, and not the server, has it wait. */
const isOwn = ({ why }: Held): boolean => why === "pace" || why === "budget"
