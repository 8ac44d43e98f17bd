/**
 * Revision: replies that the ledger keeps are read again, without a call, when the way to read them has changed.
 *
 * Each is judged by the edition of the defaults that it was judged by first. A reply that a rule of the user now has tried again, or calls a
 * refusal, goes back to pending. Nothing else does, for that would be a call that nobody asked for.
 */
import { Clock, Effect } from "effect"
import { type Answered, isStale, Ledger, type LedgerError, type Revised } from "../Ledger.ts"
import type { Lookup } from "../Lookup.ts"
import { edition as newest } from "../Lookup/Classify.ts"
import type { ErrorRecord, Kind } from "../Outcome.ts"
import type { Verdict } from "../Verdict.ts"
import { toErrorRecord, toReview } from "./Recorder.ts"

/** Outcomes per page. */
const pageSize = 512

/** What reading again came to, or would come to. */
export interface Revision {
  /** Outcomes that are others now. */
  readonly changed: number
  /** Those of them that are found now, and were not: of what was no answer the ledger keeps nothing that is a secret. */
  readonly found: number
  /** Questions that are pending again. */
  readonly reopened: ReadonlyArray<number>
  /** Outcomes that the newest defaults would judge in another way, by what `--redo` calls them. */
  readonly older: Readonly<Record<string, number>>
}

type Reader = Pick<Lookup<unknown, unknown, unknown>, "read" | "reading">

/** Reads every reply again where the lookup reads them in another way than the last run did. */
export const revise = (lookup: Reader): Effect.Effect<Revision, LedgerError, Ledger> =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const before = yield* ledger.note("reading")
    const { judged, older } = yield* editions(ledger, lookup)
    yield* ledger.setNotes({ editions: judged, older })
    if (before === lookup.reading) return { ...nothing, older }
    // what ends the run before this is done again, whatever lookup comes then
    if (before !== undefined) yield* ledger.setNotes({ reading: null })
    // what has never been read cannot be read in another way
    const revised = before === undefined ? nothing : yield* rereadAll(ledger, lookup, judged, ledger.revise)
    yield* ledger.setNotes({ reading: lookup.reading })
    return { ...revised, older }
  })

/** What {@link revise} would come to, without a change. */
export const preview = (ledger: typeof Ledger.Service, lookup: Reader): Effect.Effect<Revision, LedgerError> =>
  Effect.gen(function*() {
    const before = yield* ledger.note("reading")
    const { judged, older } = yield* editions(ledger, lookup)
    const revised = before === undefined || before === lookup.reading
      ? nothing
      : yield* rereadAll(ledger, lookup, judged, () => Effect.void)
    return { ...revised, older }
  })

const nothing = { changed: 0, found: 0, reopened: [] }

/** An edition of the defaults, and since when it judges. */
type Judged = ReadonlyArray<readonly [edition: number, since: number]>

/** Which edition judged when. Where the newest is new here, what it would judge in another way is counted. */
const editions = (ledger: typeof Ledger.Service, lookup: Reader) =>
  Effect.gen(function*() {
    const known = ((yield* ledger.note("editions")) ?? []) as Judged
    const older = ((yield* ledger.note("older")) ?? {}) as Readonly<Record<string, number>>
    if (known.some(([edition]) => edition >= newest)) return { judged: known, older }
    const isNew = (yield* ledger.answered(0, 1)).length === 0
    const judged: Judged = [...known, [newest, isNew ? 0 : yield* Clock.currentTimeMillis]]
    const counts: Record<string, number> = {}
    if (!isNew) {
      yield* each(ledger, (answered) => {
        const what = redoOf(lookup, answered, editionAt(judged, answered.at))
        if (what !== undefined) counts[what] = (counts[what] ?? 0) + 1
        return Effect.void
      })
    }
    return { judged, older: counts }
  })

const editionAt = (judged: Judged, at: number): number => judged.findLast(([, since]) => since <= at)?.[0] ?? 1

const each = <E>(
  ledger: typeof Ledger.Service,
  use: (answered: Answered) => Effect.Effect<void, E>
): Effect.Effect<void, LedgerError | E> =>
  Effect.gen(function*() {
    for (let from = 0;;) {
      const page = yield* ledger.answered(from, pageSize)
      if (page.length === 0) return
      yield* Effect.forEach(page, use, { discard: true })
      from = page.at(-1)!.question + 1
    }
  })

/** What `--redo` calls an outcome that the newest defaults would judge in another way. */
const redoOf = (lookup: Reader, answered: Answered, edition: number): string | undefined => {
  const now = read(lookup, answered, newest)
  if (now === undefined || now.verdict === read(lookup, answered, edition)?.verdict) return undefined
  return answered.http_status === 202 || answered.http_status === 206
    ? `status=${answered.http_status}`
    : answered.outcome
}

const rereadAll = (
  ledger: typeof Ledger.Service,
  lookup: Reader,
  judged: Judged,
  revise: (revised: ReadonlyArray<Revised>) => Effect.Effect<void, LedgerError>
) =>
  Effect.gen(function*() {
    let [changed, found] = [0, 0]
    const reopened: Array<number> = []
    for (let from = 0;;) {
      const page = yield* ledger.answered(from, pageSize)
      if (page.length === 0) return { changed, found, reopened }
      const revised = page.flatMap((answered) => reread(lookup, answered, editionAt(judged, answered.at)) ?? [])
      yield* revise(revised)
      const before = new Map(page.map(({ outcome, question }) => [question, outcome]))
      for (const { outcome, question } of revised) {
        if (outcome === null) reopened.push(question)
        else changed++
        if (outcome === "found" && before.get(question) !== "found") found++
      }
      from = page.at(-1)!.question + 1
    }
  })

/** The outcome as it is now, where that is another one. */
const reread = (lookup: Reader, answered: Answered, edition: number): Revised | undefined => {
  const verdict = read(lookup, answered, edition)
  switch (verdict?.verdict) {
    case "found":
      return changed(answered, "found", verdict.review === undefined ? null : toReview(verdict.review))
    case "not_found":
      return changed(answered, "not_found", null)
    case "invalid":
    case "failed":
      return changed(answered, verdict.verdict, JSON.stringify(toErrorRecord(verdict.error)))
    case "retry":
    case "throttled":
      if (verdict.error.rule !== undefined) {
        // what was tried by this rule until the retries ran out stays what it came to
        return ruleOf(answered) === verdict.error.rule
          ? undefined
          : { question: answered.question, outcome: null, error: null }
      }
      if (verdict.verdict === "retry" && verdict.isEmpty === true) return changed(answered, "not_found", null)
      return verdict.error.reason === "decode"
        ? changed(answered, "failed", JSON.stringify(toErrorRecord(verdict.error)))
        : undefined
    default:
      return undefined
  }
}

const ruleOf = ({ error }: Answered): string | undefined =>
  error === null ? undefined : (JSON.parse(error) as ErrorRecord).rule

const changed = ({ error: was, outcome: before, question }: Answered, outcome: Kind, error: string | null) =>
  before === outcome && (was === error || isStale(before, was)) ? undefined : { question, outcome, error }

/** What a reply that is kept means; nothing where there is none to read. */
export const read = (
  lookup: Pick<Reader, "read">,
  answered: Answered,
  edition: number
): Verdict<unknown, unknown> | undefined => {
  const { at, body, http_status } = answered
  if (http_status === null || body === null) return undefined
  try {
    return lookup.read({ status: http_status, body, header: () => undefined, at }, edition)
  } catch {
    return undefined
  }
}
