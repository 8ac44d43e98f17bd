/**
 * Sameness: whether all answers are one and the same. Then the answer is mostly none: a refusal, or "nothing", that came with a 200.
 */
import { Effect, Option, Schema } from "effect"
import * as Words from "../Answer/Words.ts"
import type { Ledger, LedgerError, Listed } from "../Ledger.ts"
import type { Lookup } from "../Lookup.ts"
import type { Reply } from "../Reply.ts"
import type { Settled } from "../Sweep.ts"

/** Fewer answers may well be the same. */
const enough = 5
/** So many that are the same are told while the run goes on. */
const early = 100
/** Rows, and characters of answers, per page. */
const [pageSize, pageLength] = [256, 1024 * 1024]

/** Answers that are all the same. */
export const Same = Schema.Struct({
  /** The list that they belong to. */
  list: Schema.Int,
  /** How many they are. */
  found: Schema.Int,
  /** How they begin, in one line, where they are text. */
  words: Schema.String,
  /** The answer, where it is short and JSON. */
  value: Schema.optional(Schema.Unknown)
})
export type Same = typeof Same.Type

/** Looks at the answers of a run. It is mutated in place. */
export interface Sameness {
  /** No two of them differ so far, and they may not be the same for a good reason. */
  isOpen: boolean
  /** The first of them. */
  first: Reply | undefined
  seen: number
}

/**
 * No answer seen yet. What writes says the same to all, and so may what is found by a rule of the user.
 */
export const make = (
  lookup: Pick<Lookup<unknown>, "reading">,
  request: Readonly<Record<string, string>>
): Sameness => ({
  isOpen: !/^(?:PUT|PATCH|DELETE)$/.test(request.method ?? "") && !/(?<!not-)found-when /.test(lookup.reading),
  first: undefined,
  seen: 0
})

/** Looks at an outcome, while it `isOpen`; gives what is worth telling now. */
export const see = (sameness: Sameness, { outcome, reply }: Pick<Settled, "outcome" | "reply">): string | undefined => {
  if (outcome !== "found" || reply === undefined) return undefined
  sameness.first ??= reply
  // there is nothing to see in what has no body
  if (reply.body === "" || reply.body !== sameness.first.body) {
    sameness.isOpen = false
    sameness.first = undefined
    return undefined
  }
  return ++sameness.seen === early
    ? `the first ${early} answers of this run are the same: ${wordsOf(reply)}`
    : undefined
}

/** What is the same in all answers of a list, those of earlier runs too. It is kept for who looks at the ledger. */
export const judge = (
  { first, isOpen, seen }: Sameness,
  ledger: typeof Ledger.Service,
  list: Pick<Listed, "entries" | "expect" | "id">,
  found: number,
  /** How many were no answers before, so that nothing stands in them that must not be shown. */
  refound = 0
): Effect.Effect<Same | undefined, LedgerError> =>
  Effect.gen(function*() {
    const before = yield* kept(ledger)
    const one = !isOpen || found < enough
      ? undefined
      : seen === found
      ? first?.body
      : yield* oneOf(ledger, list, first?.body)
    const isSame = one !== undefined
    // what has been sent is known to the reply alone, and must not be shown
    const told = first ?? (isSame && refound >= found ? { body: one } : undefined)
    const shown = told === undefined ? before : list.expect === "bytes" ? undefined : shownOf(told)
    const { value, words } = shown ?? { words: "", value: undefined }
    const same = isSame ? { list: list.id, found, words, ...(value === undefined ? {} : { value }) } : undefined
    if (JSON.stringify(same) !== JSON.stringify(before)) yield* ledger.setNotes({ same })
    return same
  })

/** What was the same in all answers at the end of the last run. */
export const kept = (ledger: Pick<typeof Ledger.Service, "note">): Effect.Effect<Same | undefined, LedgerError> =>
  Effect.map(ledger.note("same"), (note) => Option.getOrUndefined(Schema.decodeUnknownOption(Same)(note)))

/** The answer of the ledger, where it has one alone. It looks until there is another one. */
const oneOf = (
  ledger: typeof Ledger.Service,
  { entries, id }: Pick<Listed, "entries" | "id">,
  body: string | undefined
): Effect.Effect<string | undefined, LedgerError> =>
  Effect.gen(function*() {
    let one = body
    let size = 1
    for (let from = 0; from < entries; from += size, size = one === undefined ? 1 : pageOf(one)) {
      for (const row of yield* ledger.rows(id, from, size)) {
        if (row.outcome !== "found") continue
        one ??= row.body ?? ""
        if (row.body !== one || one === "") return undefined
      }
    }
    return one
  })

const pageOf = ({ length }: string) => Math.max(1, Math.min(pageSize, Math.floor(pageLength / length)))

const shownOf = (reply: Pick<Reply, "body" | "discreet">): Pick<Same, "words" | "value"> => {
  const { body } = reply.discreet?.() ?? reply
  const value = body.length > mostShown ? undefined : Words.parsed(body)
  return { words: Words.inLine(body), ...(value === undefined ? {} : { value }) }
}

const wordsOf = (reply: Reply) => shownOf(reply).words

/** What is longer is an answer, whatever it holds. */
const mostShown = 2048
