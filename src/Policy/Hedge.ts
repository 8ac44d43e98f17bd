/**
 * Hedging: when a call takes longer than nearly all others, it is asked once more, and the first answer counts. A pure machine.
 *
 * Source: J. Dean and L. A. Barroso, "The Tail at Scale", Communications of the ACM 56(2), 2013.
 */

/** How long the last calls took. */
export interface Latencies {
  /** Milliseconds, in the order they came, the oldest overwritten first. */
  readonly last: ReadonlyArray<number>
  readonly next: number
  /** After so many milliseconds a call is hedged; `Infinity` until enough is known. */
  readonly limit: number
}

/** Nothing known. */
export const none: Latencies = { last: [], next: 0, limit: Infinity }

/** How many calls are remembered, and how many must be known. */
const [size, enough] = [256, 20]

/** The share of calls that are not hedged. */
const quantile = 0.95

/** An answer took so many milliseconds. */
export const answered = ({ last, limit, next }: Latencies, ms: number): Latencies => {
  const longer = [...last]
  longer[next] = ms
  const isDue = longer.length >= enough && (next % enough === 0 || limit === Infinity)
  return { last: longer, next: (next + 1) % size, limit: isDue ? percentile(longer) : limit }
}

const percentile = (values: ReadonlyArray<number>): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * quantile))]!
