/**
 * Ask: how one attempt at one or several questions is made.
 */
import type { Effect } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { Question } from "../Entry.ts"
import type { Part, Reply } from "../Reply.ts"

/**
 * One attempt: its first request is paid. Where a question takes several requests (pages, a job that is polled), the loop is in here, and the
 * reply is what all of them come to together.
 */
export type Ask<E> = (questions: NonEmptyReadonlyArray<Question>, call: Call) => Effect.Effect<Reply, E>

/** What the engine lends to an attempt. */
export interface Call {
  /** Is run before every request but the first: it waits until one more may be sent, and counts it. */
  readonly pay: Effect.Effect<void>
  /** What of the question is kept already, in its order: the attempt goes on behind it. Of several questions nothing is. */
  readonly parts: ReadonlyArray<Part>
  /** Keeps one more part, before the next request is sent: neither a failure nor a crash asks for it again. */
  readonly keep: (part: Part) => Effect.Effect<void>
  /** Is told when a request goes out; where it is left out, one counts from its paying on. */
  readonly sending?: Sending | undefined
}

/** Is told when the request that was paid last goes out. */
export interface Sending {
  /** It waits, be it for a connection. */
  readonly waits: () => void
  /** Its first byte is about to be written; one that waits is sent when that is told, and never where it ends before. */
  readonly sent: () => void
}
