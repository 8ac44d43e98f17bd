/**
 * A ledger in memory, for tests and for use as a library. It lasts as long as the layer.
 */
import { Effect, Layer } from "effect"
import {
  type Answered,
  type Cause,
  type Counts,
  type Enrolled,
  forgottenEntry,
  isReview,
  isStale,
  Ledger,
  type List,
  type Listed,
  mismatch,
  type Redo,
  type Row,
  standing
} from "../Ledger.ts"
import type { ErrorRecord, Kind } from "../Outcome.ts"
import * as Key from "./Key.ts"
import * as Parts from "./Memory/Parts.ts"
import * as Steps from "./Memory/Steps.ts"
import { beside } from "./Steps.ts"

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
  /** What questions that were to be asked again had come to. */
  const redone = new Map<number, Answered>()
  const notes = new Map<string, unknown>()

  const change = (list: Held, ordinal: number) => list.changes.push({ epoch: ++list.epoch, ordinal })

  const isRepeat = (list: Held, question: number, ordinal: number) => list.ordinals.get(question)?.[0] !== ordinal

  const changeAll = () => {
    for (const list of lists) change(list, 0)
  }

  const parts = Parts.make()
  const steps = Steps.make({
    request: () => notes.get("request") as Readonly<Record<string, string>> | undefined,
    questions,
    outcomes,
    redone,
    casesOf: (list) => lists[list]!.ordinals,
    isRedo,
    isOf,
    changeAll,
    drop: parts.drop
  })

  const row = (list: Held, entry: Enrolled): Row => {
    if (entry.key === null) return { ...pending, ...entry, outcome: "invalid", question: 0, isRepeat: false }
    const question = questions.get(entry.key)!
    return {
      ...pending,
      question,
      ...entry,
      key: Key.plain(entry.key),
      ...outcomes.get(question),
      isRepeat: isRepeat(list, question, entry.ordinal)
    }
  }

  const forgetCodes = (codes: ReadonlyArray<string>): number => {
    const gone = [...questions].filter(([key]) => isOf(codes, key))
    for (const [key, question] of gone) {
      questions.delete(key)
      outcomes.delete(question)
      redone.delete(question)
    }
    for (const list of lists) {
      list.entries = list.entries.map((entry) =>
        isOf(codes, entry.key ?? entry.input.trim())
          ? { ...entry, key: null, input: "", columns: null, error: forgottenEntry }
          : entry
      )
      for (const [, question] of gone) list.ordinals.delete(question)
      change(list, 0)
    }
    return gone.length
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
          if (!outcomes.has(question) && !isRepeat(list, question, at)) {
            found.push({ ...entry, question, key: Key.plain(key) })
          }
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
          else {
            const old = outcomes.get(question)
            if (old !== undefined) redone.set(question, { ...old, outcome: "failed" })
            outcomes.delete(question)
          }
        }
        if (batch.length > 0) changeAll()
      }),
    redo: (id, which) =>
      Effect.sync(() => {
        const asked = [...lists[id]!.ordinals.keys()]
        if (asked.some((question) => redone.has(question) && !outcomes.has(question))) return which.map(() => 0)
        const keys = new Map([...questions].map(([key, question]) => [question, key]))
        const counts = which.map((one) => {
          let count = 0
          for (const question of asked) {
            const outcome = outcomes.get(question)
            if (outcome === undefined || !isRedo(outcome, keys.get(question)!, one)) continue
            outcomes.delete(question)
            redone.set(question, outcome)
            count++
          }
          return count
        })
        if (counts.some((count) => count > 0)) changeAll()
        return counts
      }),
    unfinished: (id) =>
      Effect.sync(() => {
        const asked = [...lists[id]!.ordinals.keys()].filter((question) => !outcomes.has(question))
        const before = asked.flatMap((question) => redone.get(question) ?? [])
        return { count: before.length, since: Math.min(Infinity, ...before.map(({ at }) => at)) }
      }),
    standing: (id) =>
      Effect.sync(() => standing([...lists[id]!.ordinals.keys()].flatMap((question) => outcomes.get(question) ?? []))),
    earlier: (questions) => Effect.sync(() => questions.flatMap((question) => redone.get(question) ?? [])),
    causes: (id) =>
      Effect.sync(() => {
        const { entries, ordinals } = lists[id]!
        const causes = new Map<string, Cause>()
        const add = (
          outcome: Kind,
          { rule, type }: Pick<ErrorRecord, "rule"> & { type: string },
          status: number | null
        ) => {
          const key = `${outcome} ${status} ${type} ${rule}`
          const count = (causes.get(key)?.count ?? 0) + 1
          causes.set(key, { outcome, type, http_status: status, ...(rule === undefined ? {} : { rule }), count })
        }
        for (const question of ordinals.keys()) {
          const { error = null, http_status = null, outcome = null } = outcomes.get(question) ?? {}
          if (error === null || outcome === null) continue
          if (outcome !== "invalid" && outcome !== "failed" && !isReview(outcome, error)) continue
          add(outcome, JSON.parse(error) as ErrorRecord, http_status)
        }
        for (const { error, key } of entries) {
          if (key === null) add("invalid", { type: (JSON.parse(error!) as ErrorRecord).message }, null)
        }
        return [...causes.values()]
      }),
    rows: (id, ordinal, limit) =>
      Effect.suspend(() => {
        const list = lists[id]!
        return beside(list.entries.slice(ordinal, ordinal + limit).map((entry) => row(list, entry)), steps.links)
      }),
    rowsOf: (id, asked) =>
      Effect.suspend(() => {
        const list = lists[id]!
        return beside(
          asked.flatMap((question) =>
            (list.ordinals.get(question) ?? []).map((ordinal) => row(list, list.entries[ordinal]!))
          ),
          steps.links
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
    intact: () => Effect.void,
    distinct: Effect.sync(() => {
      const asked = new Set(lists.flatMap(({ ordinals }) => [...ordinals.keys()]))
      return { questions: asked.size, answered: [...asked].filter((question) => outcomes.has(question)).length }
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
    known: (keys, which) =>
      Effect.sync(() =>
        new Set(keys.filter((key) => {
          const outcome = outcomes.get(questions.get(key) ?? 0)
          return outcome !== undefined && (which === undefined || isRedo(outcome, key, which))
        }))
      ),
    parts,
    steps,
    note: (name) => Effect.sync(() => notes.get(name)),
    setNotes: (given) =>
      Effect.sync(() => {
        for (const [name, value] of Object.entries(given)) {
          if (value === undefined) notes.delete(name)
          else notes.set(name, value)
        }
      }),
    forget: ({ before = Infinity, codes }) =>
      Effect.sync(() => {
        if (codes !== undefined) return forgetCodes(codes)
        for (const [question, { at }] of redone) if (at < before) redone.delete(question)
        let count = 0
        for (const [question, outcome] of outcomes) {
          if (outcome.body === null || outcome.at >= before) continue
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

/** Whether a key is that of one of the codes. */
const isOf = (codes: ReadonlyArray<string>, key: string) =>
  codes.includes(key) || (key.startsWith("[") && codes.some((code) => key.startsWith(`[${JSON.stringify(code)},`)))

const isRedo = (answered: Answered, key: string, { codes, forgotten, outcomes, outside, since, statuses }: Redo) => {
  const { at, error, http_status, outcome } = answered
  const conditions = [
    outcomes && (outcomes.includes(outcome) || (isStale(outcome, error) && outcomes.includes("failed"))),
    statuses && (http_status !== null && statuses.some(([from, to]) => http_status >= from && http_status <= to)),
    outside && (at < outside[0] || at > outside[1]),
    since === undefined ? undefined : at >= since,
    forgotten === true ? isForgotten(answered) : undefined,
    codes && isOf(codes, key)
  ].filter((condition) => condition !== undefined)
  return conditions.length > 0 && conditions.every((condition) => condition)
}

/** What stands in a row that has no outcome. */
const pending = { outcome: null, http_status: null, attempts: 0, calls: 0, ms: null, at: 0, body: null } as const
