/**
 * The events of a run are the differences between two looks at it, so that it costs nothing where nobody listens.
 */
import { Cause, Effect, Exit, Option } from "effect"
import type { Ended, Event, Reason } from "../Event.ts"
import type { LedgerError } from "../Ledger.ts"
import type { Kind } from "../Outcome.ts"
import type { SinkError } from "../Sink.ts"
import { done, type Snapshot, summary } from "../Snapshot.ts"
import type { SourceError } from "../Source.ts"
import type { Summary } from "../Summary.ts"
import type { StopError } from "../Sweep.ts"

/** Milliseconds between two looks. */
const interval = 100
/** Seconds between two events of progress, and between those that would say the same once more. */
const [often, seldom] = [1, 10]
/** Milliseconds without a call for the policy's own sake that are told, and by which the end of a wait may move untold. */
const [longWait, same] = [10_000, 1_000]

/** Who follows a run and tells its events. */
export interface Follower {
  /** The list has been read. */
  readonly began: (about: About) => void
  /** Looks every 100 ms. */
  readonly follow: Effect.Effect<never>
  /** Tells what has not been told at the end. */
  readonly end: () => void
}

/** What a run works on. */
export interface About {
  readonly list: string
  readonly ledger: string
  readonly outputs: ReadonlyArray<string>
}

/** A follower of a run that has not begun. */
export const follower = (snapshot: () => Snapshot, tell: (event: Event) => void): Follower => {
  let before: Snapshot | undefined
  /** What was told last of what is told once a second, and as which news. */
  let told: { readonly snapshot: Snapshot; readonly news: string } | undefined
  const look = (isEnd: boolean) => {
    if (before === undefined || told === undefined) return
    const now = snapshot()
    const news = [done(now), now.calls, now.inFlight, now.waiting, now.withheld, now.draining].join()
    const isDue = now.seconds - told.snapshot.seconds >= (news === told.news ? seldom : often)
    const last = isDue || isEnd ? told.snapshot : now
    for (const event of [...committed(last, now), ...held(before, now), ...(isDue ? [progress(now)] : [])]) tell(event)
    before = now
    if (isDue || isEnd) told = { snapshot: now, news }
  }
  return {
    began: (about) => {
      before = snapshot()
      told = { snapshot: before, news: "" }
      tell({ version: 1, event: "began", at: before.at, ...about, snapshot: before })
    },
    follow: Effect.forever(Effect.delay(Effect.sync(() => look(false)), interval)),
    end: () => look(true)
  }
}

/** How a run stands, as an event. */
export const progress = (snapshot: Snapshot): Event => ({ version: 1, event: "progress", at: snapshot.at, snapshot })

/** What became durable between two looks. */
export const committed = (before: Snapshot, { at, outcomes, pending }: Snapshot): ReadonlyArray<Event> => {
  const kinds = Object.keys(outcomes) as ReadonlyArray<Kind>
  const more = Object.fromEntries(kinds.map((kind) => [kind, outcomes[kind] - before.outcomes[kind]])) as Record<
    Kind,
    number
  >
  return kinds.every((kind) => more[kind] === 0)
    ? []
    : [{ version: 1, event: "committed", at, outcomes: more, total: outcomes, pending }]
}

/** That nobody may call any more, or later than at the last look. */
export const held = (before: Snapshot, now: Snapshot): ReadonlyArray<Event> =>
  now.held === undefined || !isTold(now) || (isTold(before) && isSame(now.held, before.held))
    ? []
    : [{ version: 1, event: "held", at: now.at, ...now.held }]

/** Every call waits a little where there is a rate. */
const isTold = ({ at, held }: Snapshot): boolean =>
  held !== undefined && ((held.why !== "pace" && held.why !== "budget") || held.until - at > longWait)

const isSame = (a: Snapshot["held"], b: Snapshot["held"]): boolean =>
  a !== undefined && b !== undefined && a.why === b.why && Math.abs(a.until - b.until) < same

/** The last event of a run. */
export const ended = (
  snapshot: Snapshot,
  exit: Exit.Exit<Summary, StopError | SourceError | LedgerError | SinkError>
): Omit<typeof Ended.Type, "exit" | "next"> => {
  const error = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined
  const until = error?._tag === "StopError" ? error.until : undefined
  return {
    version: 1,
    event: "ended",
    at: snapshot.at,
    reason: reasonOf(exit),
    ...(snapshot.phase === "reading" ? {} : { summary: Exit.isSuccess(exit) ? exit.value : summary(snapshot) }),
    ...(until === undefined ? {} : { until })
  }
}

const reasonOf = (exit: Exit.Exit<Summary, StopError | SourceError | LedgerError | SinkError>): Reason =>
  Exit.match(exit, {
    onSuccess: ({ pending }) => pending > 0 ? "sample" : "complete",
    onFailure: (cause) =>
      Option.match(Cause.failureOption(cause), {
        onSome: (error) => error._tag === "StopError" ? error.reason : reasons[error._tag],
        onNone: () => Cause.isInterrupted(cause) ? "interrupted" : "defect"
      })
  })

const reasons = { SourceError: "input", LedgerError: "ledger", SinkError: "output" } as const
