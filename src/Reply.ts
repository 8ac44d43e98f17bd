/**
 * A reply is what came back from one call.
 */

/** A part of what a question is answered by: a page, or the handle of what is still under way. */
export interface Part {
  /** Counts from 1; a part that is kept as number 0 is none, and takes all others away. */
  readonly number: number
  readonly status: number
  readonly body: string
  /** When it arrived, in milliseconds since 1970. */
  readonly at: number
}

/** The body is kept as received, so that it can be read again without a call. */
export interface Reply {
  /** The HTTP status; 200 for what did not come over HTTP. */
  readonly status: number
  /** The body as text: JSON where the lookup expects JSON. */
  readonly body: string
  /** A response header by its lower-case name. */
  readonly header: (name: string) => string | undefined
  /** The names of all its headers, in lower case; where they are not told, only the usual ones are looked for. */
  readonly names?: () => ReadonlyArray<string>
  /** When it arrived, in milliseconds since 1970. */
  readonly at: number
  /** The same without the secrets that it was asked with, where it may hold them: for what is no answer, but is kept and shown. */
  readonly discreet?: () => Reply
}
