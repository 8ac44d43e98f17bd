/**
 * What the command says to a person, on standard error: lines, figures, progress, the summary.
 */
import { Clock, Duration, Effect, type Scope } from "effect"
import type { Kind } from "../Outcome.ts"
import * as Gate from "../Policy/Gate.ts"
import { damage, type Progress, settled } from "../Rollcall/Progress.ts"
import type { Summary } from "../Summary.ts"

/** Writes a line, over the line of progress where one stands. */
export const say = (text: string): Effect.Effect<void> =>
  Effect.sync(() => {
    process.stderr.write(`${isTerminal() ? clear : ""}${text}\n`)
  })

const isTerminal = () => process.stderr.isTTY === true
const clear = "\r\u001b[K"

/** A count with its thousands apart. */
export const count = (value: number): string => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",")

/** A count with its noun. */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`

/** Whole seconds, where a tenth is nobody's business. */
const remaining = (seconds: number) => seconds < 10 ? `${Math.ceil(seconds)} s` : time(seconds)

/** Seconds as people read them. */
export const time = (seconds: number): string => {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 120) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

const words: Record<Kind, string> = {
  found: "found",
  not_found: "not found",
  invalid: "invalid",
  failed: "failed",
  skipped: "skipped"
}

/** The outcomes there are, in words. */
export const outcomes = (all: Readonly<Record<Kind, number>>): ReadonlyArray<readonly [string, number]> =>
  (Object.keys(words) as Array<Kind>).filter((kind) => all[kind] > 0).map((kind) => [words[kind], all[kind]])

/** Shows progress until it is interrupted: one line that is painted over on a terminal, a line every 10 s elsewhere. */
export const watch = (progress: Progress): Effect.Effect<never> =>
  Effect.gen(function*() {
    const rates: Array<readonly [number, number]> = []
    for (let look = 1;; look++) {
      yield* Effect.sleep(Duration.millis(isTerminal() ? 100 : 1000))
      const now = Number(yield* Clock.currentTimeNanos) / 1e6
      const done = settled(progress.outcomes)
      // while it reads, what earlier runs have done is not counted yet
      if (progress.phase === "asking") rates.push([now, done])
      // a rate over the last ten seconds
      while (rates.length > 2 && now - rates[0]![0] > 10_000) rates.shift()
      const [since, before] = rates[0] ?? [now, done]
      const rate = now > since ? (done - before) * 1000 / (now - since) : 0
      if (!isTerminal() && look % 10 > 0) continue
      yield* Effect.sync(() => {
        process.stderr.write(
          isTerminal()
            ? `${clear}${status(progress, done, rate, now, (process.stderr.columns || 80) - 1)}`
            : `${status(progress, done, rate, now)}\n`
        )
      })
    }
  }).pipe(Effect.ensuring(Effect.sync(() => {
    if (isTerminal()) process.stderr.write(clear)
  })))

/** Says how far the run is whenever SIGUSR2 comes: SIGUSR1 starts Node's debugger. */
export const onSignal = (progress: Progress): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function*() {
    const clock = yield* Effect.clock
    const now = () => Number(clock.unsafeCurrentTimeNanos()) / 1e6
    const begun = now()
    const before = settled(progress.outcomes)
    const tell = () => {
      const done = settled(progress.outcomes)
      const rate = (done - before) * 1000 / Math.max(1, now() - begun)
      process.stderr.write(`${isTerminal() ? clear : ""}${status(progress, done, rate, now())}\n`)
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => process.on("SIGUSR2", tell)),
      () => Effect.sync(() => process.off("SIGUSR2", tell))
    )
  })

/** Milliseconds without a call that look as if nothing happened: a pause of the pace is told from then on. */
const longPause = 10_000

/** The line of progress; what does not fit into `width` is left out, what matters least first. */
export const status = (progress: Progress, done: number, rate: number, now: number, width = Infinity): string => {
  if (progress.phase === "reading") return `reading: ${counted(progress.entries, "entry", "entries")}`.slice(0, width)
  const total = progress.questions + progress.refused
  const left = Math.max(0, total - done)
  const pause = Gate.isShut(progress.gate, now)
    ? `${progress.gate.isOutage ? "the server is down, next try in" : "the server says wait"} ${
      Math.ceil((progress.gate.until - now) / 1000)
    } s`
    : progress.paced - now > longPause
    ? `the limit says wait ${time((progress.paced - now) / 1000)}`
    : undefined
  const parts = [
    `${count(done)}/${count(total)} (${total === 0 ? 100 : Math.floor(done * 100 / total)} %)`,
    pause ?? `${count(rate)}/s`,
    `${count(progress.inFlight)} in flight`,
    progress.waiting === 0 ? "" : `${count(progress.waiting)} to retry`,
    outcomes(progress.outcomes).map(([word, value]) => `${count(value)} ${word}`).join(", "),
    rate > 0 && left > 0 ? `${remaining(left / rate)} left` : ""
  ]
  const line = (shown: ReadonlySet<string>) => parts.filter((part) => shown.has(part)).join(" · ")
  const byWeight = [0, 1, 5, 4, 2, 3].map((index) => parts[index]!).filter((part) => part !== "")
  return line(byWeight.reduce(
    (shown, part) => line(new Set(shown).add(part)).length <= width ? new Set(shown).add(part) : shown,
    new Set<string>()
  ))
}

/** What is about to be done. */
export const begin = (
  source: string,
  { entries, known, questions, redone, refused, revised }: Progress,
  policy: string
): string => {
  const details = [
    ...(entries > questions + refused ? [counted(entries - questions - refused, "repeat")] : []),
    ...(refused > 0 ? [`${count(refused)} not codes`] : []),
    ...(known > 0 ? [`${count(known)} answered already`] : []),
    ...(revised === 1 ? ["1 outcome changed by reading its reply again"] : []),
    ...(revised > 1 ? [`${count(revised)} outcomes changed by reading their replies again`] : []),
    ...(redone > 0 ? [`${count(redone)} asked again`] : [])
  ]
  const shown = details.length === 0 ? "" : ` (${details.join(", ")})`
  return `${source}: ${counted(entries, "entry", "entries")}${shown}\n${policy}`
}

/** What looks wrong with a list, and how to mend it. */
export const warning = (progress: Progress): string | undefined => {
  const found = damage(progress)
  return found === undefined ? undefined : [
    `warning: ${counted(found.shorter, "code has", "codes have")} fewer than ${found.length} digits:`,
    `did a spreadsheet eat leading zeros? --pad ${found.length} puts them back`
  ].join(" ")
}

/** The figures of a run, for its end. */
export const summary = (
  { calls, entries, known, outcomes: all, pending, questions, refused, retries, seconds, throttled }: Summary,
  failures: ReadonlyMap<string, number>,
  places: ReadonlyArray<readonly [string, string]>
): string => {
  const answered = settled(all)
  const asked = answered - known - refused
  const isComplete = pending === 0
  const kinds = outcomes(all).map(([word, value]) =>
    [count(value), word === words.failed && isComplete ? `${word}; --redo failed asks them again` : word] as const
  )
  const lines: ReadonlyArray<readonly [string, string]> = [
    ...kinds,
    ...[...failures].sort((a, b) => b[1] - a[1]).slice(0, 5).map(([what, value]) =>
      ["", `${count(value)} × ${what}`] as const
    ),
    ...(failures.size > 5 ? [["", `and ${failures.size - 5} other kinds of error`] as const] : []),
    ...(pending > 0 ? [[count(pending), "pending: run the same command again to go on"] as const] : [])
  ]
  const wide = Math.max(...lines.map(([figure]) => figure.length))
  const codes = pending > 0 ? `${count(answered)} of ${counted(answered + pending, "code")}` : counted(answered, "code")
  const details = [
    ...(entries > questions + refused ? [`${count(entries)} entries`] : []),
    ...(known > 0 && (asked > 0 || pending > 0) ? [`${count(known)} known before`] : [])
  ]
  const shown = details.length === 0 ? "" : ` (${details.join(", ")})`
  const rate = asked > 0 && seconds > 0 ? `, ${count(asked / seconds)}/s` : ""
  return [
    asked > 0 || pending > 0
      ? `${codes}${shown} answered in ${time(seconds)}${rate}`
      : `nothing to ask: ${codes}${shown} answered already`,
    ...lines.map(([figure, word]) => `  ${figure.padStart(wide)}  ${word}`),
    ...(calls > 0
      ? [`calls   ${count(calls)}, ${counted(retries, "retry", "retries")}, ${count(throttled)} throttled`]
      : []),
    ...places.map(([what, where]) => `${what.padEnd(8)}${where}`)
  ].join("\n")
}
