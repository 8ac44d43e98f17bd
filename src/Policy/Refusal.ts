/**
 * Refusals of one question: whether it is refused for asking too much because of the load, as any other would be, or for what it is. A pure
 * machine.
 */

/** How the calls of a run fare: how many were answered, and how many were refused. */
export interface Fate {
  readonly answered: number
  readonly refused: number
}

/** Nothing was asked. */
export const none: Fate = { answered: 0, refused: 0 }

/** How often one question was refused, and how the others fared when that began. */
export interface Refused {
  readonly times: number
  readonly since: Fate
}

/** It is refused, for the first time or once more. */
export const again = (refused: Refused | undefined, all: Fate): Refused =>
  refused === undefined ? { times: 1, since: { ...all } } : { times: refused.times + 1, since: refused.since }

/** Refusals from which on a question may be blamed for them: as many as it has attempts, and no fewer than tell anything. */
export const enough = (attempts: number): number => Math.max(3, attempts)

/** The chance that any question of a run is blamed for the load. */
const risk = 0.001

/** What is taken for granted of the share that is refused for the load, in calls: that most are answered. */
const [refusedBefore, answeredBefore] = [0.5, 2]

/**
 * The chance that so many calls in a row are refused for the load, as far as the fate of others tells its share: where few others were
 * asked, that may be a large one.
 */
const chance = (times: number, { answered, refused }: Fate): number => {
  let product = 1
  for (let nth = 0; nth < times; nth++) {
    const before = refused + refusedBefore + nth
    product *= before / (before + answered + answeredBefore)
  }
  return product
}

/**
 * Whether the refusals are the question's own fault: there are enough, others were answered since, and chance does not explain them, as
 * often as the others are refused. Any of those that are asked may have such luck. Where nobody else is answered it is weather.
 */
export const isOwnFault = ({ since, times }: Refused, enough: number, all: Fate): boolean => {
  if (times < enough) return false
  const answered = all.answered - since.answered
  // its own are no others'
  const refused = Math.max(0, all.refused - since.refused - Math.min(times, enough))
  return answered > 0 && chance(times, { answered, refused }) * (all.answered + all.refused + 1) < risk
}
