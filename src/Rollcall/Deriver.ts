/**
 * The deriver enters what follows of answers: it asks a pure function what should stand of a case, and writes the difference. The first time,
 * after a redo and after a change of what is asked it is the same code; and a crash in between loses nothing, as what was answered is
 * marked until the last case that waits for it is derived.
 */
import { Clock, Effect } from "effect"
import { type Answered, Ledger, type LedgerError, type Link, type Linked } from "../Ledger.ts"
import type { Case, Derived } from "../Ledger/Steps.ts"
import type { Kind } from "../Outcome.ts"

/** What should stand of a case, as far as it is known. */
export interface Derivation {
  /** All of its links, each step's in their positions from 0 on. */
  readonly links: ReadonlyArray<Omit<Link, "case">>
  /** What the case has come to, where nothing is awaited any more. */
  readonly over?: Kind | undefined
}

/** Pure: from a case, and the outcomes of those of its questions that are answered. */
export type Derive = (
  key: string,
  answerTo: (step: number, key: string) => Answered | undefined
) => Derivation

/** Rows that one transaction writes: the loop is free in between. */
export const most = 1_024

/** Questions of which the waiting cases are looked for at once. */
const marksAtOnce = 64

/** Others have the loop: some ledgers keep it while they are at work. */
const breath = Effect.sleep(0)

export interface Deriver {
  /** Derives cases as they stand, a transaction for every {@link most} links; gives those that are over since. */
  readonly derive: (cases: ReadonlyArray<Case>) => Effect.Effect<ReadonlyArray<Answered>, LedgerError>
  /** Derives, in one transaction, what follows of what was answered. `isDone`: nothing waits any more. */
  readonly next: Effect.Effect<{ readonly over: ReadonlyArray<Answered>; readonly isDone: boolean }, LedgerError>
}

/** The deriver of a list. */
export const make = (list: number, derive: Derive): Effect.Effect<Deriver, never, Ledger> =>
  Effect.map(Ledger, ({ steps }) => {
    const look = (cases: ReadonlyArray<Case>) =>
      Effect.zipWith(
        steps.links([...new Set(cases.map((one) => one.case))]),
        Clock.currentTimeMillis,
        (links, now) => differences(cases, links, derive, now)
      )

    return {
      derive: (cases) =>
        Effect.gen(function*() {
          const over: Array<Answered> = []
          for (let at = 0; at < cases.length;) {
            yield* breath
            const found = yield* look(cases.slice(at, at + most))
            const isSame = Object.values(found.derived).every(({ length }) => length === 0)
            if (!isSame) yield* steps.derive(list, { ...found.derived, marks: [] })
            over.push(...found.derived.over)
            at += found.done
          }
          return over
        }),
      next: Effect.gen(function*() {
        const marks = yield* steps.outbox(marksAtOnce)
        if (marks.length === 0) return { over: [], isDone: true }
        const waiting: Array<Case & { readonly id: number; readonly question: number }> = []
        /** The questions all of whose cases are among those. */
        const whole = new Set<number>()
        for (const { after, question } of marks) {
          const room = most - waiting.length
          if (room === 0) break
          const found = yield* steps.waiting(question, after, room)
          if (found.length < room) whole.add(question)
          for (const one of found) waiting.push({ ...one, question })
        }
        yield* breath
        const { derived, done } = yield* look(waiting)
        yield* breath
        yield* steps.derive(list, { ...derived, marks: moved(waiting, done, whole) })
        return { over: derived.over, isDone: false }
      })
    }
  })

/** How far the questions are derived when so many of those that wait are. */
const moved = (
  waiting: ReadonlyArray<{ readonly id: number; readonly question: number }>,
  done: number,
  whole: ReadonlySet<number>
): Derived["marks"] => {
  const left = new Set(waiting.slice(done).map(({ question }) => question))
  const last = new Map(waiting.slice(0, done).map(({ id, question }) => [question, id]))
  return [...new Set([...whole, ...last.keys()])].flatMap((question) => {
    if (whole.has(question) && !left.has(question)) return [{ question }]
    const after = last.get(question)
    return after === undefined ? [] : [{ question, after }]
  })
}

/**
 * What is to be written so that cases are as they should be, with at most {@link most} links, and how many of them are done with that: a
 * case of which links are left is none.
 */
export const differences = (
  cases: ReadonlyArray<Case>,
  links: ReadonlyArray<Linked>,
  derive: Derive,
  now: number
): { readonly derived: Omit<Derived, "marks">; readonly done: number } => {
  const standing = new Map<number, Array<Linked>>()
  for (const link of links) {
    const its = standing.get(link.case)
    if (its === undefined) standing.set(link.case, [link])
    else its.push(link)
  }
  const entered: Array<Link> = []
  const gone: Array<number> = []
  const over: Array<Answered> = []
  const open: Array<number> = []
  const seen = new Set<number>()
  let done = 0
  for (const { case: one, key, outcome } of cases) {
    if (!seen.has(one)) {
      const its = standing.get(one) ?? []
      const derivation = derive(
        key,
        (step, key) => its.find((link) => link.step === step && link.key === key)?.answered
      )
      const { missing, stale } = difference(one, its, derivation.links)
      const room = most - entered.length - gone.length
      if (missing.length + stale.length > room) {
        // a case with more than fit into one transaction takes several
        if (entered.length + gone.length === 0) {
          gone.push(...stale.slice(0, room))
          entered.push(...missing.slice(0, room - gone.length))
        }
        break
      }
      seen.add(one)
      entered.push(...missing)
      gone.push(...stale)
      const kind = derivation.over
      if (kind === undefined) { if (outcome !== null) open.push(one) }
      else if (kind !== outcome) over.push(ending(one, kind, derivation.links, its, now))
    }
    done++
  }
  return { derived: { links: entered, gone, over, open }, done }
}

/** The links that a case should have and has not, and those that it has and should not. */
const difference = (one: number, its: ReadonlyArray<Linked>, wanted: Derivation["links"]) => {
  const placed = new Map(its.map((link) => [`${link.step} ${link.position}`, link]))
  const missing: Array<Link> = []
  for (const link of wanted) {
    const place = `${link.step} ${link.position}`
    const old = placed.get(place)
    placed.delete(place)
    // one in the place of another replaces it
    if (old?.key !== link.key || old.reason !== link.reason) missing.push({ ...link, case: one })
  }
  return { missing, stale: [...placed.values()].map(({ id }) => id) }
}

/** The outcome of a case: that of the first of its questions which came to the same, with the calls of all. */
const ending = (
  one: number,
  outcome: Kind,
  links: Derivation["links"],
  its: ReadonlyArray<Linked>,
  now: number
): Answered => {
  const answers = links.flatMap(({ key, step }) =>
    its.find((link) => link.step === step && link.key === key && key !== null)?.answered ?? []
  )
  const deciding = answers.find((answered) => answered.outcome === outcome)
  const sum = (of: (answered: Answered) => number) => answers.reduce((sum, answered) => sum + of(answered), 0)
  return {
    question: one,
    outcome,
    http_status: deciding?.http_status ?? null,
    attempts: sum(({ attempts }) => attempts),
    calls: sum(({ calls }) => calls),
    ms: null,
    at: answers.length === 0 ? now : Math.max(...answers.map(({ at }) => at)),
    body: null,
    error: outcome === "failed" || outcome === "invalid" ? deciding?.error ?? null : null
  }
}
