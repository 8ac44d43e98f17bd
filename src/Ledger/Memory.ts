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
  /** The first entry of each question. */
  const first = new Map<string, number>()

  const row = (entry: Enrolled): Row => {
    if (entry.key === null) return { ...none, ...entry, outcome: "invalid", question: 0, isRepeat: false }
    const question = questions.get(entry.key)!
    return { ...none, question, ...entry, ...outcomes.get(question), isRepeat: first.get(entry.key) !== entry.ordinal }
  }

  const index = () => {
    first.clear()
    for (const { key, ordinal } of entries) if (key !== null && !first.has(key)) first.set(key, ordinal)
  }

  return Ledger.of({
    name: "memory",
    begin: (fingerprint) =>
      Effect.suspend(() => request === undefined ? Effect.void : mismatch("memory", request, fingerprint)).pipe(
        Effect.zipRight(Effect.sync(() => {
          request = fingerprint
        }))
      ),
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
        index()
      }),
    list: Effect.sync(() => list),
    pending: (ordinal, limit) =>
      Effect.sync(() => {
        const found = []
        for (let at = ordinal; at < entries.length && found.length < limit; at++) {
          const { key } = entries[at]!
          if (key === null || first.get(key) !== at || outcomes.has(questions.get(key)!)) continue
          found.push({ question: questions.get(key)!, key, ordinal: at })
        }
        return found
      }),
    record: (batch) =>
      Effect.sync(() => {
        for (const outcome of batch) if (!outcomes.has(outcome.question)) outcomes.set(outcome.question, outcome)
      }),
    rows: (ordinal, limit) => Effect.sync(() => entries.slice(ordinal, ordinal + limit).map(row)),
    rowsOf: (ids) =>
      Effect.sync(() => {
        const wanted = new Map(ids.map((id, place) => [id, place]))
        return entries
          .filter(({ key }) => key !== null && wanted.has(questions.get(key)!))
          .map(row)
          .sort((a, b) => wanted.get(a.question)! - wanted.get(b.question)! || a.ordinal - b.ordinal)
      }),
    counts: Effect.sync((): Counts => {
      const counts = { found: 0, not_found: 0, invalid: 0, failed: 0, skipped: 0 }
      for (const key of first.keys()) {
        const outcome = outcomes.get(questions.get(key)!)
        if (outcome !== undefined) counts[outcome.outcome]++
      }
      const refused = entries.filter(({ key }) => key === null).length
      return { entries: entries.length, questions: first.size, refused, outcomes: counts }
    })
  })
})

/** An entry without an outcome. */
const none = { outcome: null, http_status: null, attempts: 0, calls: 0, ms: null, at: 0, body: null } as const
