/**
 * How many questions one call carries: as many as it may, and fewer where the server finds that too many. A pure machine.
 */

/** How many there may be, how many there are now, and how often in a row so many were answered. */
export interface Batch {
  readonly most: number
  readonly size: number
  readonly answered: number
}

/** As many as there may be. */
export const begin = (most: number): Batch => ({ most, size: most, answered: 0 })

/** After so many answers more are tried again. */
const enough = 32

/** A call that carried so many was too much. One that is too much alone tells nothing of the others: it was what was wrong with them. */
export const refused = (batch: Batch, count: number): Batch =>
  count === 1 ? begin(batch.most) : { ...batch, size: Math.min(batch.size, Math.ceil(count / 2)), answered: 0 }

/** A call that carried so many was answered. */
export const answered = (batch: Batch, count: number): Batch => {
  if (batch.size === batch.most || count < batch.size) return batch
  return batch.answered + 1 < enough
    ? { ...batch, answered: batch.answered + 1 }
    : { ...batch, size: Math.min(batch.most, batch.size * 2), answered: 0 }
}
