/**
 * A verdict is what one attempt at a question came to.
 */
import type { Duration } from "effect"
import type { LookupError } from "./Outcome.ts"

/** `retry` and `throttled` are not final. */
export type Verdict<A, E = LookupError> =
  | { readonly verdict: "found"; readonly answer: A; readonly review?: string }
  | { readonly verdict: "not_found" }
  | { readonly verdict: "failed"; readonly error: E }
  | { readonly verdict: "invalid"; readonly error: LookupError }
  | Stop
  | { readonly verdict: "throttled"; readonly error: LookupError; readonly wait: Duration.Duration | undefined }
  | Retry

/** It would be said to every other question too; where a key is refused that is certain only where it `isForAll`. */
export interface Stop {
  readonly verdict: "stop"
  readonly error: LookupError
  readonly isForAll?: boolean
}

/** It is tried again. */
export interface Retry {
  readonly verdict: "retry"
  readonly error: LookupError
  /** Everybody waits for so long; where it `isAlone`, this question does. */
  readonly wait: Duration.Duration | undefined
  /** The server is well, and has no answer to this question yet: nobody else is concerned. */
  readonly isAlone?: boolean
  /** There was nothing where the answer should be: it is `not_found` where that stays so. */
  readonly isEmpty?: boolean
}
