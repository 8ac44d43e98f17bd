/**
 * Projection: from the ledger into the sink, as rows become final.
 */
import { Effect } from "effect"
import { Ledger, LedgerError, type List, type Row } from "../Ledger.ts"
import type { SinkError, Writer } from "../Sink.ts"

/** Rows per page, at first and at the most. */
const [firstPage, largestPage] = [16, 512]
/** Characters of answers per page, about: a page of large answers has fewer rows. */
const pageLength = 8 * 1024 * 1024

/** In which order records are written. */
export type Order = "input" | "done"

/** Writes answered rows as they become final. */
export interface Projection {
  /** These questions have been recorded. */
  readonly advance: (questions: ReadonlyArray<number>) => Effect.Effect<void, LedgerError | SinkError>
  /** Everything has been recorded. */
  readonly complete: Effect.Effect<void, LedgerError | SinkError>
}

/** Begins a projection with what is answered already. */
export const make = (
  writer: Writer,
  list: List,
  order: Order
): Effect.Effect<Projection, LedgerError | SinkError, Ledger> =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    let position = 0
    let pageSize = firstPage

    /** The next page. A list that ends before its end was changed by somebody else. */
    const nextPage = Effect.flatMap(
      Effect.suspend(() => ledger.rows(position, pageSize)),
      (rows): Effect.Effect<ReadonlyArray<Row>, LedgerError> => {
        if (rows.length === 0) {
          return new LedgerError({
            reason: "Read",
            ledger: ledger.name,
            message: "its list was changed under this run"
          })
        }
        const length = rows.reduce((sum, { body }) => sum + (body?.length ?? 0), 0)
        const fitting = Math.floor(pageLength * rows.length / Math.max(1, length))
        pageSize = Math.max(1, Math.min(largestPage, pageSize * 4, fitting))
        return Effect.succeed(rows)
      }
    )

    /** The question that the next row waits for. */
    let awaited: number | undefined

    const inOrder: Effect.Effect<void, LedgerError | SinkError> = Effect.gen(function*() {
      awaited = undefined
      while (position < list.entries && awaited === undefined) {
        const rows = yield* nextPage
        const end = rows.findIndex(({ outcome }) => outcome === null)
        if (end >= 0) awaited = rows[end]!.question
        const answered = end < 0 ? rows : rows.slice(0, end)
        yield* writer.write(answered)
        position += answered.length
      }
    })

    if (order === "input") {
      yield* inOrder
      return {
        advance: (questions) => awaited !== undefined && questions.includes(awaited) ? inOrder : Effect.void,
        complete: Effect.zipRight(inOrder, writer.complete)
      }
    }
    while (position < list.entries) {
      const rows = yield* nextPage
      yield* writer.write(rows.filter(({ outcome }) => outcome !== null))
      position += rows.length
    }
    return {
      advance: (questions) => Effect.flatMap(ledger.rowsOf(questions), writer.write),
      complete: writer.complete
    }
  })
