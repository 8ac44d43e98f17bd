/**
 * Projection: from the ledger into the sink, as rows become final.
 */
import { Effect } from "effect"
import { Ledger, type LedgerError, type List } from "../Ledger.ts"
import type { SinkError, Writer } from "../Sink.ts"

/** Rows per page. */
const pageSize = 512

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
    /** The question that the next row waits for. */
    let awaited: number | undefined

    const inOrder: Effect.Effect<void, LedgerError | SinkError> = Effect.gen(function*() {
      awaited = undefined
      while (position < list.entries && awaited === undefined) {
        const rows = yield* ledger.rows(position, pageSize)
        if (rows.length === 0) return
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
    for (; position < list.entries; position += pageSize) {
      const rows = yield* ledger.rows(position, pageSize)
      yield* writer.write(rows.filter(({ outcome }) => outcome !== null))
    }
    return {
      advance: (questions) => Effect.flatMap(ledger.rowsOf(questions), writer.write),
      complete: writer.complete
    }
  })
