/**
 * A dialect is a way in which servers tell how fast one may ask.
 */
import type { Duration } from "effect"
import type { Reply } from "../Reply.ts"

/** What a reply says about how fast one may ask. Durations count from the arrival of the reply. */
export interface Told {
  /** Nobody should call for this long. */
  readonly wait?: Duration.Duration
  /** How many more calls may be sent until `reset`. One is never there without the other. */
  readonly remaining?: number
  readonly reset?: Duration.Duration
  /** The reply is a refusal for asking too much, though its status does not say so. */
  readonly isThrottled?: boolean
}

/** A way in which servers tell their limits. */
export interface Dialect {
  readonly name: string
  /** The headers that it looks at, in lower case; none: it looks at the body. */
  readonly headers: ReadonlyArray<string>
  /** Where names are made of words: whether a header of this name is one that it looks at, besides those that are usual. */
  readonly isHeader?: (name: string) => boolean
  /** What a reply says in this dialect. It never throws, whatever the reply holds. */
  readonly read: (reply: Reply) => Told | undefined
}
