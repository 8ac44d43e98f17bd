/**
 * Ask: how one attempt at a question is made.
 */
import type { Effect } from "effect"
import type { Question } from "../Entry.ts"
import type { Reply } from "../Reply.ts"

/**
 * One attempt at a question. `pay` is to be run before every call but the first, which is paid: it waits until one more may be sent, and
 * counts it.
 */
export type Ask<E> = (question: Question, pay: Effect.Effect<void>) => Effect.Effect<Reply, E>
