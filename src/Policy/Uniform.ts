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
  /** When the first of them came, on a monotonic clock in milliseconds. */
  readonly since: number
  /** The last one is not tried again. */
  readonly isFinal: boolean
  /** How often it was certain, and looked at again after a pause all the same. */
  readonly looks: number
}

/** A failure as it comes. */
export interface Failure {
  /** What it may have in common with others, see {@link kindOf}. */
  readonly kind: string
  /** When it came. */
  readonly at: number
  /** It was asked to learn whether the others fail too. */
  readonly isProbe: boolean
  /** It is not tried again. */
  readonly isFinal: boolean
}

/** So many are asked elsewhere where no answer is known. */
const enough = 4
/** Doubt comes after so many at the latest, however long a block of bad codes is. */
const mostAlike = 320

/** No failure. */
export const none = (limit: number): Row => ({
  kind: "",
  count: 0,
  probes: 0,
  limit,
  since: -Infinity,
  isFinal: false,
  looks: 0
})

/** A call failed. */
export const failed = (row: Row, { at, isFinal, isProbe, kind }: Failure): Row =>
  kind === row.kind && row.count > 0
    ? { ...row, count: row.count + 1, probes: row.probes + (isProbe ? 1 : 0), isFinal }
    : { ...row, kind, count: 1, probes: 0, since: at, isFinal, looks: 0 }

/** A question from the list was answered, which ends the row; what was sent before it began tells nothing of it. */
export const passed = (row: Row, sentAt: number, limit: number): Row =>
  (row.count === 0 && row.limit === limit) || (row.count > 0 && sentAt < row.since) ? row : none(limit)

/** What was asked to learn it was answered: the failures are the codes' own, and the next look comes after twice as many. */
export const cleared = (row: Row): Row => ({
  ...row,
  count: 0,
  probes: 0,
  looks: 0,
  limit: Math.min(mostAlike, row.limit * 2)
})

/** What may be over soon is looked at so many times more. */
const mostLooks = 3

/** Whether a row of what comes and goes is to be looked at again after a pause: many may fail in the same instant. */
export const isLooked = ({ looks }: Row): boolean => looks < mostLooks

/** It is, with others. */
export const looked = (row: Row): Row => ({ ...row, probes: 0, looks: row.looks + 1 })

/** Whether nothing but what tells the one from the other should be asked now. */
export const isDoubtful = ({ count, limit }: Row, hasKnown: boolean): boolean =>
  count >= (hasKnown ? limit : limit - enough)

/** Whether the last calls have failed in a way that is not tried again. */
export const isSuspect = ({ count, isFinal }: Row): boolean => isFinal && count > 0

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
