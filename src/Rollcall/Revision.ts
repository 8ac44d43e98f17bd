/**
 * Revision: replies that the ledger keeps are read again, without a call, when the way to read them has changed.
 */
import { Effect } from "effect"
import { type Answered, Ledger, type LedgerError } from "../Ledger.ts"
import type { Lookup } from "../Lookup.ts"
import type { Verdict } from "../Lookup/Classify.ts"
import type { Kind } from "../Outcome.ts"
import { toErrorRecord } from "./Recorder.ts"

/** Outcomes per page. */
const pageSize = 512

/** Reads every reply again where the lookup reads them in another way than the last run did; gives how many changed. */
export const revise = (
  lookup: Pick<Lookup<unknown, unknown, unknown>, "read" | "reading">
): Effect.Effect<number, LedgerError, Ledger> =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const before = yield* ledger.note("reading")
    if (before === lookup.reading) return 0
    // what ends the run before this is done again, whatever lookup comes then
    if (before !== undefined) yield* ledger.setNotes({ reading: null })
    // what has never been read cannot be read in another way
    const changed = before === undefined ? 0 : yield* rereadAll(ledger, lookup)
    yield* ledger.setNotes({ reading: lookup.reading })
    return changed
  })

const rereadAll = (ledger: typeof Ledger.Service, lookup: Pick<Lookup<unknown, unknown, unknown>, "read">) =>
  Effect.gen(function*() {
    let changed = 0
    let from = 0
    while (true) {
      const page = yield* ledger.answered(from, pageSize)
      if (page.length === 0) return changed
      const revised = page.flatMap((answered) => reread(lookup, answered) ?? [])
      yield* ledger.revise(revised)
      changed += revised.length
      from = page.at(-1)!.question + 1
    }
  })

/** The outcome as it is now, where that is another one. */
const reread = (
  lookup: Pick<Lookup<unknown, unknown, unknown>, "read">,
  answered: Answered
): Answered | undefined => {
  const { at, body, http_status } = answered
  if (http_status === null || body === null) return undefined
  const verdict = read(lookup, { status: http_status, body, header: () => undefined, at })
  switch (verdict?.verdict) {
    case "found":
    case "not_found":
      return changed(answered, verdict.verdict, null)
    case "invalid":
    case "failed":
      return changed(answered, verdict.verdict, JSON.stringify(toErrorRecord(verdict.error)))
    case "retry":
      // what was tried until the retries ran out stays what it came to; what was an answer and is none now is not asked for again
      if (verdict.isEmpty === true) return changed(answered, "not_found", null)
      return verdict.error.reason === "decode"
        ? changed(answered, "failed", JSON.stringify(toErrorRecord(verdict.error)))
        : undefined
    default:
      return undefined
  }
}

const changed = (answered: Answered, outcome: Kind, error: string | null): Answered | undefined =>
  answered.outcome === outcome && answered.error === error ? undefined : { ...answered, outcome, error }

const read = (
  lookup: Pick<Lookup<unknown, unknown, unknown>, "read">,
  reply: Parameters<Lookup<unknown>["read"]>[0]
): Verdict<unknown, unknown> | undefined => {
  try {
    return lookup.read(reply)
  } catch {
    return undefined
  }
}
