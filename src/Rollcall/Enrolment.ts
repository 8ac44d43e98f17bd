/**
 * Enrolment: from the source into the ledger, and from there to the sweep, page by page.
 */
import { Effect, Either, Stream } from "effect"
import * as Code from "../Code.ts"
import * as Entry from "../Entry.ts"
import { type Enrolled, Ledger, type LedgerError, type List } from "../Ledger.ts"
import type { Lookup } from "../Lookup.ts"
import { type Source, SourceError } from "../Source.ts"
import { empty } from "../Source/Bytes.ts"
import type * as Queue from "../Sweep/Queue.ts"
import { countDigits, type Progress } from "./Progress.ts"

/** Entries per batch. */
const batchSize = 4096
/** Questions per page. */
const pageSize = 512

/** Reads the source to its end and enters it, so that a bad row is found before anything is called. */
export const enroll = <R>(
  lookup: Lookup<unknown, unknown, unknown>,
  { rules, source }: { readonly source: Source<R>; readonly rules?: Code.Rules },
  outputs: ReadonlyArray<string>,
  progress: Progress
): Effect.Effect<List, SourceError | LedgerError, R | Ledger> =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const parse = Code.parse(rules ?? Code.anyCode)
    const columns = new Set<string>()
    const enter = (entry: Entry.Entry): Enrolled => {
      for (const name of entry.names ?? Object.keys(entry.columns ?? {})) columns.add(name)
      const code = parse(entry.input)
      if (Either.isRight(code)) countDigits(progress, code.right)
      else if (progress.refusals.length < 3) {
        progress.refusals.push({ line: entry.line, input: entry.input, message: code.left.message })
      }
      const key = Either.isRight(code)
        ? Entry.key({ code: code.right, values: Entry.values(entry.columns, lookup.inputs) }, lookup.inputs)
        : null
      return {
        ordinal: progress.entries++,
        line: entry.line,
        key,
        input: entry.input,
        columns: entry.columns === undefined ? null : JSON.stringify(entry.columns),
        error: Either.isLeft(code) ? JSON.stringify({ type: "invalid_code", message: code.left.message }) : null
      }
    }
    progress.entries = 0
    yield* Stream.runForEachChunk(
      Stream.rechunk(source.entries, batchSize),
      (chunk) => Effect.suspend(() => ledger.enroll(Array.from(chunk, enter)))
    )
    const absent = lookup.inputs.find((name) => !columns.has(name))
    if (absent !== undefined) return yield* missingInput(source.name, absent, [...columns])
    if (progress.entries === 0) return yield* empty(source.name)
    const list: List = {
      source: source.name,
      entries: progress.entries,
      columns: [...columns],
      column: source.column ?? (columns.size === 1 ? [...columns][0]! : null),
      outputs
    }
    yield* ledger.enrolled(list)
    return list
  })

const missingInput = (source: string, name: string, columns: ReadonlyArray<string>) =>
  new SourceError({
    reason: "Column",
    source,
    detail: columns.length === 0
      ? `the request names {${name}}, but this input has no columns`
      : `the request names {${name}}, but the columns are ${columns.join(", ")}`
  })

/** The pending questions, a page at each call. */
export const pending = (ledger: typeof Ledger.Service, inputs: ReadonlyArray<string>) => {
  let from = 0
  return Effect.suspend(() =>
    Effect.map(ledger.pending(from, pageSize), (page) => {
      from = (page.at(-1)?.ordinal ?? from) + 1
      return page.map(({ key, question }): Queue.Pending => ({ id: question, question: Entry.fromKey(key, inputs) }))
    })
  )
}
