/**
 * Uniform failure: many failures in a row that look the same are a wrong set-up or a bill, or they are the fault of a block of codes.
 * A question whose answer is known tells which; where there is none, questions from elsewhere in the list do. A pure machine.
 */

/** Failures in a row that are the same. */
export interface Row {
  /** What they have in common. */
  readonly kind: string
  readonly count: number
  /** How many of them were asked to learn whether the others fail too. */
  readonly probes: number
  /** So many give rise to doubt. */
  readonly limit: number
}

/** So many are asked elsewhere where no answer is known. */
const enough = 4
/** Doubt comes after so many at the latest, however long a block of bad codes is. */
const mostAlike = 320

/** No failure. */
export const none = (limit: number): Row => ({ kind: "", count: 0, probes: 0, limit })

/** A call failed. */
export const failed = (row: Row, kind: string, isProbe: boolean): Row =>
  kind === row.kind
    ? { ...row, count: row.count + 1, probes: row.probes + (isProbe ? 1 : 0) }
    : { ...row, kind, count: 1, probes: 0 }

/** A question from the list was answered, which ends the row. */
export const passed = (row: Row, limit: number): Row => row.count === 0 && row.limit === limit ? row : none(limit)

/** What was asked to learn it was answered: the failures are the codes' own, and the next look comes after twice as many. */
export const cleared = (row: Row): Row => ({ ...row, count: 0, probes: 0, limit: Math.min(mostAlike, row.limit * 2) })

/** Whether nothing but what tells the one from the other should be asked now. */
export const isDoubtful = ({ count, limit }: Row, hasKnown: boolean): boolean =>
  count >= (hasKnown ? limit : limit - enough)

/** Whether nothing is answered, wherever one asks; of a question whose answer is known one failure is enough. */
export const isCertain = ({ count, limit, probes }: Row): boolean => count >= limit && probes >= enough

/** What failures have in common: the status, or the reason, and how the words begin, without what names the code or counts. */
export const kindOf = (
  { reason, status }: { readonly reason: string; readonly status?: number | undefined },
  words: string,
  code: string
): string => {
  const begin = words.slice(0, 400).replaceAll(code, "").replace(/[0-9a-f]*\d[0-9a-f-]*/gi, "#")
  return `${reason} ${status ?? ""} ${begin.slice(0, 100)}`
}
