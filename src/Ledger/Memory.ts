/**
 * A ledger in memory, for tests and for use as a library. It lasts as long as the layer.
 */
import { Effect, Layer } from "effect"
import { type Answered, type Counts, type Enrolled, Ledger, type List, mismatch, noList, type Row } from "../Ledger.ts"

/** An empty ledger. */
export const layer: Layer.Layer<Ledger> = Layer.sync(Ledger, () => {
  let request: Readonly<Record<string, string>> | undefined
  let list: List = noList
  let entries: Array<Enrolled> = []
  const questions = new Map<string, number>()
  const outcomes = new Map<number, Answered>()
  /** The entries of each question of the list, in order. */
  const ordinals = new Map<number, Array<number>>()

  const isRepeat = (question: number, ordinal: number) => ordinals.get(question)?.[0] !== ordinal

  const row = (entry: Enrolled): Row => {
    if (entry.key === null) return { ...pending, ...entry, outcome: "invalid", question: 0, isRepeat: false }
    const question = questions.get(entry.key)!
    return {
      ...pending,
      question,
      ...entry,
      ...outcomes.get(question),
      isRepeat: isRepeat(question, entry.ordinal)
    }
  }

  return Ledger.of({
    name: "memory",
    begin: (fingerprint) =>
      Effect.suspend(() => {
        // what has answered nothing may answer anybody
        if (outcomes.size === 0) request = fingerprint
        return mismatch("memory", request ?? fingerprint, fingerprint)
      }),
    enroll: (batch) =>
      Effect.sync(() => {
        for (const entry of batch) {
          entries[entry.ordinal] = entry
          if (entry.key !== null && !questions.has(entry.key)) questions.set(entry.key, questions.size + 1)
        }
      }),
    enrolled: (given) =>
      Effect.sync(() => {
        list = given
        entries = entries.slice(0, given.entries)
        ordinals.clear()
        for (const { key, ordinal } of entries) {
          if (key === null) continue
          const question = questions.get(key)!
          const places = ordinals.get(question)
          if (places === undefined) ordinals.set(question, [ordinal])
          else places.push(ordinal)
        }
      }),
    list: Effect.sync(() => list),
    pending: (ordinal, limit) =>
      Effect.sync(() => {
        const found = []
        for (let at = ordinal; at < entries.length && found.length < limit; at++) {
          const { key } = entries[at]!
          if (key === null) continue
          const question = questions.get(key)!
          if (!outcomes.has(question) && !isRepeat(question, at)) found.push({ question, key, ordinal: at })
        }
        return found
      }),
    record: (batch) =>
      Effect.sync(() => {
        for (const outcome of batch) if (!outcomes.has(outcome.question)) outcomes.set(outcome.question, outcome)
      }),
    rows: (ordinal, limit) => Effect.sync(() => entries.slice(ordinal, ordinal + limit).map(row)),
    rowsOf: (ids) =>
      Effect.sync(() => ids.flatMap((id) => (ordinals.get(id) ?? []).map((ordinal) => row(entries[ordinal]!)))),
    counts: Effect.sync((): Counts => {
      const counts = { found: 0, not_found: 0, invalid: 0, failed: 0, skipped: 0 }
      for (const question of ordinals.keys()) {
        const outcome = outcomes.get(question)
        if (outcome !== undefined) counts[outcome.outcome]++
      }
      const refused = entries.filter(({ key }) => key === null).length
      return { entries: entries.length, questions: ordinals.size, refused, outcomes: counts }
    })
  })
})

/** What stands in a row that has no outcome. */
const pending = { outcome: null, http_status: null, attempts: 0, calls: 0, ms: null, at: 0, body: null } as const
