/**
 * The history of a limiter: when how much of a quota was used, in the units of the API and not in those of a rate, so that it means the same
 * to every rate. What lies further back is kept in larger parts; a part counts as used when the last of it was.
 */
import { Duration, Schema } from "effect"

/** When how many units were used, the oldest first. */
export const History = Schema.Array(Schema.Tuple(Schema.Number, Schema.Number))
export type History = typeof History.Type

/** Nothing was used. */
export const none: History = []

/** Milliseconds that a part may hold at the least. */
const finest = 8
/** A part is no longer than this part of its age. */
const share = 8
/** No rate has a longer window. */
const longest = Duration.toMillis(Duration.days(366))

/** The history after so many units more, the last of them at a moment that is the latest. */
export const add = (history: History, at: number, units: number): History =>
  units === 0 ? history : [...history, [at, units]]

/** The history after units that had been counted at `from` were used at a moment that is the latest. */
export const move = (history: History, from: number, at: number, units: number): History => {
  const place = history.findIndex(([end]) => end >= from)
  const rest = place < 0 ?
    history :
    history.flatMap(([end, count], index): History =>
      index !== place ? [[end, count]] : count > units ? [[end, count - units]] : []
    )
  return add(rest, at, units)
}

/** The history in few parts, and without what no rate looks at; `offset`: the time since 1970 less the time of its clock. */
export const compact = (history: History, now: number, offset: number): History => {
  const kept: Array<readonly [number, number]> = []
  for (let index = history.length - 1; index >= 0; index--) {
    const [at, units] = history[index]!
    if (at <= now - longest) break
    const last = kept.at(-1)
    // parts begin where the clock says: else one would take in its neighbours one after another
    const isSame = last !== undefined && cell(at + offset, now - last[0]) === cell(last[0] + offset, now - last[0])
    if (isSame) {
      kept[kept.length - 1] = [last[0], last[1] + units]
    } else kept.push([at, units])
  }
  return kept.reverse()
}

const cell = (at: number, age: number) =>
  Math.ceil(at / Math.max(finest, 2 ** Math.floor(Math.log2(Math.max(1, age) / share))))
