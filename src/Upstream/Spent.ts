/**
 * What was spent, as the ledger keeps it from run to run.
 */
import { Duration, Either, Schema } from "effect"
import * as History from "../Policy/History.ts"
import * as Pace from "../Policy/Pace.ts"
import * as Spending from "../Policy/Spending.ts"

/** What all runs together have spent, as the ledger keeps it. A ledger belongs to one request, so to one limiter. */
export const Spent = Schema.Struct({
  ...Spending.Spending.fields,
  /** When how many units of the limiter were used, in milliseconds since 1970; older ledgers have none. */
  history: Schema.optional(History.History),
  /** How far the rates of the last run are used, by their text: what they know better than the history does. */
  pace: Schema.Record({ key: Schema.String, value: Pace.Used }),
  /** When the pause ends that a server asked for or that followed a 429, in milliseconds since 1970; 0 where there is none. */
  gate: Schema.Number,
  /** What the clock showed when that was kept, so that no pause is longer than it was, whatever the clock shows later. */
  kept: Schema.optional(Schema.Number)
})
export type Spent = typeof Spent.Type

/** Nothing spent. */
export const nothing: Spent = { calls: 0, pace: {}, gate: 0 }

/** For how many milliseconds a pause goes on that was kept, as a clock shows now. */
export const pauseLeft = ({ gate, kept = -Infinity }: Spent, now: number): number => gate - Math.max(now, kept)

/**
 * What a ledger of an earlier version says, in units: there the rates were those of calls, `limit / weight` of them, and there was no history.
 * Of rates that are not those of now the one with the longest window has counted what the others have.
 */
export const ofOlder = (spent: Spent, rates: ReadonlyArray<Pace.Rate>, weight: number): Spent => {
  if (spent.history !== undefined || Object.keys(spent.pace).length === 0) return spent
  const inUnits = ({ log, tat }: Pace.Used): Pace.Used => ({
    tat,
    log: log.map(([at, calls]) => [at, calls * weight] as const)
  })
  const pace = Object.fromEntries(rates.flatMap((rate) => {
    const { burst, limit } = rate
    const before = spent.pace[
      Pace.format({
        ...rate,
        limit: Math.floor(limit / weight),
        burst: Math.max(1, Math.floor(burst / weight))
      })
    ]
    return before === undefined ? [] : [[Pace.nameOf(rate, weight), inUnits(before)]]
  }))
  const known = Object.entries(spent.pace).flatMap(([text, used]) =>
    Either.match(Schema.decodeEither(Pace.Rate)(text), { onLeft: () => [], onRight: (rate) => [{ rate, used }] })
  )
  const [longest] = known.toSorted((a, b) => Duration.toMillis(b.rate.window) - Duration.toMillis(a.rate.window))
  const history = longest === undefined
    ? History.none
    : inUnits({ tat: 0, log: Pace.sentBy(longest.rate, longest.used) }).log
  return { ...spent, pace, history }
}
