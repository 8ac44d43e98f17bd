/**
 * Steps: a ledger for several steps in memory.
 */
import { Effect } from "effect"
import * as Key from "../Key.ts"
import type { Answered, Linked, Redo } from "../Row.ts"
import { type Known, type Reader, textOf, type Writer } from "../Steps.ts"

/** What it shares with the ledger. */
export interface State {
  readonly request: () => Readonly<Record<string, string>> | undefined
  /** The questions of all steps, by key. */
  readonly questions: Map<string, number>
  readonly outcomes: Map<number, Answered>
  /** What questions that were to be asked again had come to. */
  readonly redone: Map<number, Answered>
  /** The questions that a list asks: its cases. */
  readonly casesOf: (list: number) => ReadonlyMap<number, unknown>
  readonly isRedo: (answered: Answered, key: string, which: Redo) => boolean
  readonly isOf: (codes: ReadonlyArray<string>, key: string) => boolean
  /** Rows are not what they were. */
  readonly changeAll: () => void
  readonly drop: (questions: ReadonlyArray<number>) => void
}

export const make = (state: State): Reader & Writer => {
  const { changeAll, outcomes, questions, redone } = state
  const steps: Array<Known> = []
  /** The questions of each step, in the order in which they were derived. */
  const asks = new Map<number, Map<number, string>>()
  const links = new Map<number, Linked>()
  const byCase = new Map<number, Set<number>>()
  const byQuestion = new Map<number, Set<number>>()
  const outbox = new Map<number, number>()
  let last = 0

  const add = (index: Map<number, Set<number>>, key: number, id: number) => {
    const ids = index.get(key)
    if (ids === undefined) index.set(key, new Set([id]))
    else ids.add(id)
  }
  const remove = (id: number) => {
    const link = links.get(id)
    if (link === undefined) return
    links.delete(id)
    byCase.get(link.case)?.delete(id)
    if (link.question !== null) byQuestion.get(link.question)?.delete(id)
  }
  const linksOf = (one: number) =>
    [...byCase.get(one) ?? []].map((id) => links.get(id)!)
      .toSorted((a, b) => a.step - b.step || a.position - b.position)
  /** The keys of questions, kept as far as they were looked for. */
  const keys = new Map<number, string>()
  const keyOf = (question: number): string => {
    if (!keys.has(question)) { for (const [key, id] of questions) keys.set(id, key) }
    return keys.get(question)!
  }
  const putAside = (question: number) => {
    const outcome = outcomes.get(question)
    if (outcome === undefined) return
    redone.set(question, outcome)
    outcomes.delete(question)
  }

  return {
    all: Effect.sync(() => steps.toSorted((a, b) => a.id - b.id)),
    links: (cases) =>
      Effect.sync(() =>
        cases.flatMap((one) => linksOf(one).map((link) => ({ ...link, answered: outcomes.get(link.question ?? 0) })))
      ),
    pending: (list, step, after, limit) =>
      Effect.sync(() => {
        const cases = state.casesOf(list)
        const isAsked = (question: number) =>
          [...byQuestion.get(question) ?? []].some((id) => cases.has(links.get(id)!.case))
        return [...asks.get(step) ?? []]
          .filter(([question]) => question > after && !outcomes.has(question) && isAsked(question))
          .toSorted(([a], [b]) => a - b)
          .slice(0, limit)
          .map(([question, key]) => ({ question, key }))
      }),
    outbox: (limit) =>
      Effect.sync(() =>
        [...outbox].toSorted(([a], [b]) => a - b).slice(0, limit).map(([question, after]) => ({ question, after }))
      ),
    waiting: (question, after, limit) =>
      Effect.sync(() =>
        // ids grow, and stand in the order in which they came
        Array.from(byQuestion.get(question) ?? []).filter((id) => id > after).slice(0, limit).map((id) => {
          const { case: one } = links.get(id)!
          return { id, case: one, key: Key.plain(keyOf(one)), outcome: outcomes.get(one)?.outcome ?? null }
        })
      ),
    enter: (given) =>
      Effect.sync(() => {
        const request = state.request()
        const mine = request === undefined ? "" : textOf(request)
        return given.map((step) => {
          const text = textOf(step.fingerprint)
          const at = steps.findIndex(({ fingerprint }) => textOf(fingerprint) === text)
          if (at >= 0) {
            steps[at] = { ...step, id: steps[at]!.id }
            return steps[at].id
          }
          const id = text === mine ? 0 : Math.max(0, ...steps.map(({ id }) => id)) + 1
          steps.push({ ...step, id })
          return id
        })
      }),
    record: (batch) =>
      Effect.sync(() => {
        for (const outcome of batch) {
          if (!outcomes.has(outcome.question)) outcomes.set(outcome.question, outcome)
          outbox.set(outcome.question, 0)
        }
      }),
    derive: (_list, derived) =>
      Effect.sync(() => {
        for (const { after, question } of derived.marks) {
          if (after === undefined) outbox.delete(question)
          else if (outbox.has(question)) outbox.set(question, after)
        }
        for (const id of derived.gone) remove(id)
        for (const link of derived.links) {
          const { key, position, step } = link
          for (const old of linksOf(link.case)) if (old.step === step && old.position === position) remove(old.id)
          const whole = key === null ? undefined : Key.make(step, key)
          if (whole !== undefined && !questions.has(whole)) questions.set(whole, questions.size + 1)
          const question = whole === undefined ? null : questions.get(whole)!
          const id = ++last
          links.set(id, { ...link, id, question, answered: undefined })
          add(byCase, link.case, id)
          if (question === null) continue
          add(byQuestion, question, id)
          asks.set(step, (asks.get(step) ?? new Map<number, string>()).set(question, key!))
          if (outcomes.has(question) && !outbox.has(question)) outbox.set(question, id - 1)
        }
        const isChange = derived.open.length > 0 || derived.over.some(({ question }) => outcomes.has(question))
        for (const outcome of derived.over) outcomes.set(outcome.question, outcome)
        for (const one of derived.open) putAside(one)
        if (isChange) changeAll()
      }),
    redo: (list, which) =>
      Effect.sync(() => {
        const cases = [...state.casesOf(list).keys()]
        if (cases.some((one) => redone.has(one) && !outcomes.has(one))) return which.map(() => 0)
        const counts = which.map(({ codes, ...one }) => {
          const isAll = Object.values(one).every((value) => value === undefined)
          const again = new Set<number>()
          for (const asked of cases) {
            if (codes !== undefined && !state.isOf(codes, Key.plain(keyOf(asked)))) continue
            for (const { question } of linksOf(asked)) {
              const outcome = outcomes.get(question ?? 0)
              if (outcome === undefined) continue
              if (codes !== undefined && isAll ? true : state.isRedo(outcome, "", one)) again.add(question!)
            }
          }
          for (const question of again) {
            putAside(question)
            for (const id of byQuestion.get(question) ?? []) putAside(links.get(id)!.case)
          }
          state.drop([...again])
          return again.size
        })
        if (counts.some((count) => count > 0)) changeAll()
        return counts
      })
  }
}
