/**
 * Ask: how one attempt at a question is made.
 */
import type { Effect } from "effect"
import type { Question } from "../Entry.ts"
import type { Reply } from "../Reply.ts"

/**
 * One attempt at a question. `pay` is to be run before every call but the first, which is paid: it waits until one more may be sent, and
 * counts it. A call counts from its paying on; whoever knows better tells it by `sending`.
 */
export type Ask<E> = (question: Question, pay: Effect.Effect<void>, sending?: Sending) => Effect.Effect<Reply, E>

/** Is told when the call that was paid last goes out. */
export interface Sending {
  /** It waits, be it for a connection. */
  readonly waits: () => void
  /** Its first byte is about to be written; a call that waits is sent when that is told, and never where it ends before. */
  readonly sent: () => void
}
