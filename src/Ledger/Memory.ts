/**
 * A ledger in memory, for tests and for use as a library. It lasts as long as the layer.
 */
import { Effect, Layer } from "effect"
import {
  type Answered,
  type Counts,
  type Enrolled,
  Ledger,
  type List,
  type Listed,
  mismatch,
  type Redo,
  type Row
} from "../Ledger.ts"

/** A list with its entries. */
interface Held {
  readonly id: number
  readonly name: string
  what: List | undefined
  used: number
  epoch: number
  entries: Array<Enrolled>
  /** The entries of each question, in order. */
  readonly ordinals: Map<number, Array<number>>
  /** From which entry on rows were changed in which epoch. */
  readonly changes: Array<{ readonly epoch: number; readonly ordinal: number }>
}

/** An empty ledger. */
export const layer: Layer.Layer<Ledger> = Layer.sync(Ledger, () => {
  const lists: Array<Held> = []
  const questions = new Map<string, number>()
  const outcomes = new Map<number, Answered>()
  /** Questions that were to be asked again. */
  const redone = new Set<number>()
  const notes = new Map<string, unknown>()

  const change = (list: Held, ordinal: number) => list.changes.push({ epoch: ++list.epoch, ordinal })

  const isRepeat = (list: Held, question: number, ordinal: number) => list.ordinals.get(question)?.[0] !== ordinal

  const row = (list: Held, entry: Enrolled): Row => {
    if (entry.key === null) return { ...pending, ...entry, outcome: "invalid", question: 0, isRepeat: false }
    const question = questions.get(entry.key)!
    return {
      ...pending,
      question,
      ...entry,
      ...outcomes.get(question),
      isRepeat: isRepeat(list, question, entry.ordinal)
    }
  }

  return Ledger.of({
    name: "memory",
    begin: (fingerprint) =>
      Effect.suspend(() => {
        // what has answered nothing may answer anybody
        if (outcomes.size === 0) notes.set("request", fingerprint)
        return mismatch("memory", notes.get("request") as typeof fingerprint, fingerprint)
      }),
    lists: Effect.sync(() =>
      lists
        .filter(({ what }) => what !== undefined)
        .sort((a, b) => b.used - a.used)
        .map(({ epoch, id, what }): Listed => ({ ...what!, id, epoch }))
    ),
    enlist: (name) =>
      Effect.sync(() => {
        const found = lists.find((list) => list.name === name)
        if (found !== undefined) return found.id
        const list = {
          id: lists.length,
          name,
          what: undefined,
          used: 0,
          epoch: 1,
          entries: [],
          ordinals: new Map(),
          changes: []
        }
        return lists.push(list) - 1
      }),
    enroll: (id, batch) =>
      Effect.sync(() => {
        const list = lists[id]!
        let first = Infinity
        for (const entry of batch) {
          const before = list.entries[entry.ordinal]
          if (before !== undefined && !isSame(before, entry)) first = Math.min(first, entry.ordinal)
          list.entries[entry.ordinal] = entry
          if (entry.key !== null && !questions.has(entry.key)) questions.set(entry.key, questions.size + 1)
        }
        if (first < Infinity) change(list, first)
      }),
    enrolled: (id, what) =>
      Effect.sync(() => {
        const list = lists[id]!
        if (list.entries.length > what.entries) change(list, what.entries)
        list.what = what
        list.used = Math.max(...lists.map(({ used }) => used)) + 1
        list.entries = list.entries.slice(0, what.entries)
        list.ordinals.clear()
        for (const { key, ordinal } of list.entries) {
          if (key === null) continue
          const question = questions.get(key)!
          const places = list.ordinals.get(question)
          if (places === undefined) list.ordinals.set(question, [ordinal])
          else places.push(ordinal)
        }
      }),
    pending: (id, ordinal, limit) =>
      Effect.sync(() => {
        const list = lists[id]!
        const found = []
        for (let at = ordinal; at < list.entries.length && found.length < limit; at++) {
          const entry = list.entries[at]!
          const { key } = entry
          if (key === null) continue
          const question = questions.get(key)!
          if (!outcomes.has(question) && !isRepeat(list, question, at)) found.push({ ...entry, question, key })
        }
        return found
      }),
    record: (_list, batch) =>
      Effect.sync(() => {
        for (const outcome of batch) if (!outcomes.has(outcome.question)) outcomes.set(outcome.question, outcome)
      }),
    answered: (from, limit) =>
      Effect.sync(() =>
        [...outcomes.values()]
          .filter(({ question }) => question >= from)
          .sort((a, b) => a.question - b.question)
          .slice(0, limit)
      ),
    revise: (batch) =>
      Effect.sync(() => {
        for (const { error, outcome, question } of batch) {
          if (outcome !== null) outcomes.set(question, { ...outcomes.get(question)!, outcome, error })
          else if (outcomes.delete(question)) redone.add(question)
        }
        if (batch.length > 0) { for (const list of lists) change(list, 0) }
      }),
    redo: (id, which) =>
      Effect.sync(() => {
        const asked = [...lists[id]!.ordinals.keys()]
        if (asked.some((question) => redone.has(question) && !outcomes.has(question))) return 0
        const again = asked.filter((question) => {
          const outcome = outcomes.get(question)
          return outcome !== undefined && isRedo(outcome, which)
        })
        for (const question of again) {
          outcomes.delete(question)
          redone.add(question)
        }
        if (again.length > 0) { for (const list of lists) change(list, 0) }
        return again.length
      }),
    rows: (id, ordinal, limit) =>
      Effect.sync(() => {
        const list = lists[id]!
        return list.entries.slice(ordinal, ordinal + limit).map((entry) => row(list, entry))
      }),
    rowsOf: (id, asked) =>
      Effect.sync(() => {
        const list = lists[id]!
        return asked.flatMap((question) =>
          (list.ordinals.get(question) ?? []).map((ordinal) => row(list, list.entries[ordinal]!))
        )
      }),
    counts: (id) =>
      Effect.sync((): Counts => {
        const { entries, ordinals } = lists[id]!
        const counts = { found: 0, not_found: 0, invalid: 0, failed: 0, skipped: 0 }
        let forgotten = 0
        for (const question of ordinals.keys()) {
          const outcome = outcomes.get(question)
          if (outcome === undefined) continue
          counts[outcome.outcome]++
          if (isForgotten(outcome)) forgotten++
        }
        const refused = entries.filter(({ key }) => key === null).length
        return { entries: entries.length, questions: ordinals.size, refused, outcomes: counts, forgotten }
      }),
    changedSince: (id, epoch) =>
      Effect.sync(() => {
        const list = lists[id]!
        if (epoch < 1 || epoch > list.epoch) return 0
        return Math.min(
          Infinity,
          ...list.changes.filter((change) => change.epoch > epoch).map(({ ordinal }) => ordinal)
        )
      }),
    known: (keys) => Effect.sync(() => new Set(keys.filter((key) => outcomes.has(questions.get(key) ?? 0)))),
    note: (name) => Effect.sync(() => notes.get(name)),
    setNotes: (given) =>
      Effect.sync(() => {
        for (const [name, value] of Object.entries(given)) {
          if (value === undefined) notes.delete(name)
          else notes.set(name, value)
        }
      }),
    forget: Effect.sync(() => {
      let count = 0
      for (const [question, outcome] of outcomes) {
        if (outcome.body === null) continue
        outcomes.set(question, { ...outcome, body: null })
        count++
      }
      return count
    })
  })
})

const isSame = (a: Enrolled, b: Enrolled) =>
  a.line === b.line && a.key === b.key && a.input === b.input && a.columns === b.columns && a.error === b.error

const isForgotten = ({ body, outcome }: Answered) => outcome === "found" && body === null

const isRedo = (outcome: Answered, { before, forgotten, outcomes, statuses }: Redo) =>
  outcomes.includes(outcome.outcome) || (outcome.http_status !== null && statuses.includes(outcome.http_status))
  || (before !== undefined && outcome.at < before) || (forgotten && isForgotten(outcome))

/** What stands in a row that has no outcome. */
const pending = { outcome: null, http_status: null, attempts: 0, calls: 0, ms: null, at: 0, body: null } as const
