/**
 * Projection: from the ledger into the sink, as rows become final.
 */
import { Clock, Effect } from "effect"
import { Ledger, LedgerError, type Listed, type Row } from "../Ledger.ts"
import type { SinkError, Writer } from "../Sink.ts"

/** Rows per page, at first and at the most. */
const [firstPage, largestPage] = [16, 512]
/** Characters of answers per page, about: a page of large answers has fewer rows. */
const pageLength = 8 * 1024 * 1024
/** Nanoseconds between marks of how far the output is: what a crash costs is written again. */
const keepInterval = 1_000_000_000n

/** In which order records are written. */
export type Order = "input" | "done"

/** Writes answered rows as they become final. */
export interface Projection {
  /** These questions have been recorded. */
  readonly advance: (questions: ReadonlyArray<number>) => Effect.Effect<void, LedgerError | SinkError>
  /** Makes durable what has been written. */
  readonly keep: Effect.Effect<void, LedgerError | SinkError>
  /** Everything has been recorded. */
  readonly complete: Effect.Effect<void, LedgerError | SinkError>
}

/** Begins a projection with what is answered already and the writer does not hold. */
export const make = (
  writer: Writer,
  list: Listed,
  order: Order
): Effect.Effect<Projection, LedgerError | SinkError, Ledger> =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    let position = writer.position
    const nextPage = pages(ledger, list)

    /** The question that the next row waits for. */
    let awaited: number | undefined
    let kept = position
    let keptAt = yield* Clock.currentTimeNanos

    const keep = Effect.suspend(() => {
      if (position === kept) return Effect.void
      kept = position
      return writer.keep(position)
    })

    const keepInTime = Effect.flatMap(Clock.currentTimeNanos, (now) => {
      if (now - keptAt < keepInterval) return Effect.void
      keptAt = now
      return keep
    })

    const inOrder: Effect.Effect<void, LedgerError | SinkError> = Effect.gen(function*() {
      awaited = undefined
      while (position < list.entries && awaited === undefined) {
        const rows = yield* nextPage(position)
        const end = rows.findIndex(({ outcome }) => outcome === null)
        if (end >= 0) awaited = rows[end]!.question
        const answered = end < 0 ? rows : rows.slice(0, end)
        yield* writer.write(answered)
        position += answered.length
        yield* keepInTime
      }
    })

    if (order === "input") {
      yield* inOrder
      return {
        advance: (questions) => awaited !== undefined && questions.includes(awaited) ? inOrder : Effect.void,
        keep,
        // an output that has its final name holds every entry
        complete: Effect.suspend(() => position < list.entries ? changed(ledger) : writer.complete)
      }
    }
    while (position < list.entries) {
      const rows = yield* nextPage(position)
      yield* writer.write(rows.filter(({ outcome }) => outcome !== null))
      position += rows.length
    }
    return {
      advance: (questions) => Effect.flatMap(ledger.rowsOf(list.id, questions), writer.write),
      keep: Effect.void,
      complete: writer.complete
    }
  })

/** The rows of a list, a page at each call, from a position on. */
export const pages = (ledger: typeof Ledger.Service, list: Pick<Listed, "id">) => {
  let pageSize = firstPage
  return (position: number): Effect.Effect<ReadonlyArray<Row>, LedgerError> =>
    Effect.flatMap(Effect.suspend(() => ledger.rows(list.id, position, pageSize)), (rows) => {
      if (rows.length === 0) return changed(ledger)
      const length = rows.reduce((sum, { body }) => sum + (body?.length ?? 0), 0)
      const fitting = Math.floor(pageLength * rows.length / Math.max(1, length))
      pageSize = Math.max(1, Math.min(largestPage, pageSize * 4, fitting))
      return Effect.succeed(rows)
    })
}

/** A list that ends before its end, or has an end that nobody answered, was changed by somebody else. */
const changed = ({ name }: typeof Ledger.Service) =>
  new LedgerError({ reason: "Read", ledger: name, message: "its list was changed under this run" })
