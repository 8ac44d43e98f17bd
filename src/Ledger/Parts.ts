/**
 * Parts: replies that a question has got on the way to its answer (pages, the handle of a job), each durable before the next request.
 */
import type { Effect } from "effect"
import type { Part } from "../Reply.ts"
import type { LedgerError } from "./LedgerError.ts"

export type { Part }

/** What is kept of questions. */
export interface Reader {
  /** The parts of these questions, each in its order; a question that has none is left out. */
  readonly of: (
    questions: ReadonlyArray<number>
  ) => Effect.Effect<ReadonlyMap<number, ReadonlyArray<Part>>, LedgerError>
}

export interface Writer extends Reader {
  /** Makes a part durable, in place of the one of this number; number 0 is none, and takes all others away. */
  readonly keep: (question: number, part: Part) => Effect.Effect<void, LedgerError>
}
