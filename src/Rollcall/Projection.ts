/**
 * Projection: from the ledger into the sink, as rows become final.
 */
import { Clock, Effect } from "effect"
import { type Answered, Ledger, LedgerError, type Listed, type Row, type Unanswered } from "../Ledger.ts"
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
  /** These questions will be asked. */
  readonly see: (page: ReadonlyArray<Unanswered>) => void
  /** These outcomes have been recorded. */
  readonly advance: (outcomes: ReadonlyArray<Answered>) => Effect.Effect<void, LedgerError | SinkError>
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
    let nextPage = pages(ledger, list)

    const recent = new Recent()
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
        let rows = recent.take(position)
        if (rows.length === 0) {
          awaited = recent.pending(position)
          if (awaited !== undefined) return
          const page = yield* nextPage(position)
          const end = page.findIndex(({ outcome }) => outcome === null)
          if (end >= 0) {
            awaited = page[end]!.question
            // what follows is not answered yet: no use in reading much of it
            nextPage = pages(ledger, list)
          }
          rows = end < 0 ? page : page.slice(0, end)
          recent.drop(rows)
        }
        yield* writer.write(rows)
        position += rows.length
        yield* keepInTime
      }
    })

    if (order === "input") {
      yield* inOrder
      return {
        see: recent.see,
        advance: (outcomes) => {
          recent.remember(outcomes, position)
          return outcomes.some(({ question }) => question === awaited) ? inOrder : Effect.void
        },
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
      see: () => {},
      advance: (outcomes) =>
        Effect.flatMap(ledger.rowsOf(list.id, outcomes.map(({ question }) => question)), writer.write),
      keep: Effect.void,
      complete: writer.complete
    }
  })

/** Rows that are kept at the most until those before them are there; what is not kept is read from the ledger. */
const recentLimit = 4096

/** What was recorded a moment ago: rows that need not be read back, as long as there are not too many of them. */
class Recent {
  /** What is asked at present, by question. */
  private readonly asked = new Map<number, Unanswered>()
  /** The entries that ask it. */
  private readonly ordinals = new Map<number, number>()
  /** The rows, by entry. */
  private readonly rows = new Map<number, Row>()
  private length = 0

  readonly see = (page: ReadonlyArray<Unanswered>): void => {
    for (const entry of page) {
      this.asked.set(entry.question, entry)
      this.ordinals.set(entry.ordinal, entry.question)
    }
  }

  /** The question of an entry that is being asked. */
  pending(ordinal: number): number | undefined {
    return this.ordinals.get(ordinal)
  }

  /** Those before a position are written already: the ledger had them before they were handed on. */
  remember(outcomes: ReadonlyArray<Answered>, from: number): void {
    for (const outcome of outcomes) {
      const entry = this.asked.get(outcome.question)
      if (entry === undefined) continue
      const { columns, input, key, line, ordinal } = entry
      this.asked.delete(outcome.question)
      this.ordinals.delete(ordinal)
      if (ordinal < from) continue
      this.rows.set(ordinal, { ordinal, line, key, input, columns, ...outcome, isRepeat: false })
      this.length += outcome.body?.length ?? 0
    }
    if (this.length <= pageLength && this.rows.size <= recentLimit) return
    this.rows.clear()
    this.length = 0
  }

  /** Takes the rows from an entry on, up to the first one that is not there. */
  take(ordinal: number): ReadonlyArray<Row> {
    const taken: Array<Row> = []
    for (let row = this.rows.get(ordinal); row !== undefined; row = this.rows.get(ordinal + taken.length)) {
      taken.push(row)
    }
    this.drop(taken)
    return taken
  }

  /** These need not be kept any more. */
  drop(rows: ReadonlyArray<Row>): void {
    for (const { body, ordinal } of rows) {
      if (this.rows.delete(ordinal)) this.length -= body?.length ?? 0
    }
  }
}

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

/** Hands over all rows of a list that are final. */
export const each = <E>(
  ledger: typeof Ledger.Service,
  list: Listed,
  write: (rows: ReadonlyArray<Row>) => Effect.Effect<void, E>
): Effect.Effect<void, E | LedgerError> =>
  Effect.gen(function*() {
    const nextPage = pages(ledger, list)
    for (let position = 0; position < list.entries;) {
      const rows = yield* nextPage(position)
      position += rows.length
      yield* write(rows.filter(({ outcome }) => outcome !== null))
    }
  })

/** A list that ends before its end, or has an end that nobody answered, was changed by somebody else. */
const changed = ({ name }: typeof Ledger.Service) =>
  new LedgerError({ reason: "Read", ledger: name, message: "its list was changed under this run" })
