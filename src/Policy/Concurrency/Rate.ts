/**
 * The pace of `-c auto`: how fast calls may be sent, found out from what the server refuses. A pure machine.
 *
 * It is a curve over an age. From the beginning it climbs; a refusal ends the curve at the pace of the call that was refused, and begins the
 * next one below. What was refused soon after a plateau is nearly the limit: the plateau is kept a little lower, and after it the pace climbs,
 * first gently, as nothing has changed in most cases, then ever faster. What was refused in a climb may be far above the limit: the next curve
 * begins at what was held before, and approaches what was refused.
 *
 * Age counts seconds, but no more than a tenth for each answer and no more than a fifth for each round trip, so that a slow pace and a slow
 * server are given the same number of calls to tell what they bear. Without answers there is no age: what fails raises nothing.
 *
 * Sources: RFC 9438 (CUBIC: plateau and climb), AWS SDK adaptive retry (a pace, cut by what is refused).
 */

/** A pace and what came of it. Times are milliseconds of a monotonic clock, paces are calls per second. */
export interface Rate {
  readonly curve: Curve
  readonly age: number
  readonly current: number
  /** When the next call may be sent. */
  readonly next: number
  /** When the curve began; `-Infinity` before the first refusal. */
  readonly cutAt: number
  /** Replies to calls that were sent on this curve. */
  readonly answered: number
  readonly refused: number
  readonly answeredAt: number
  /** How long an answer takes, in seconds, smoothed. */
  readonly trip: number
  /** Calls of about the last second; a pace that is not made use of does not climb. */
  readonly recent: number
  readonly sentAt: number
  readonly isUsed: boolean
  /** Refusals in a row of calls that were sent after the refusal before, and when the last of them came. */
  readonly streak: number
  readonly refusedAt: number
  readonly pausedUntil: number
}

/** It begins at a pace, rises by a part in each second of a plateau, and climbs after it. */
interface Curve {
  readonly base: number
  readonly rise: number
  readonly plateau: number
}

const at = ({ base, plateau, rise }: Curve, age: number): number =>
  base * Math.exp(rise * Math.min(plateau, Math.max(0, age)) + 0.003 * Math.max(0, age - plateau) ** 4)

/** As nothing is known: from 5 calls per second by e in each second. */
const unknown: Curve = { base: 5, rise: 1, plateau: Infinity }

/** Nothing was sent yet. */
export const begin = (now: number): Rate => ({
  curve: unknown,
  age: 0,
  current: unknown.base,
  next: now,
  cutAt: -Infinity,
  answered: 0,
  refused: 0,
  answeredAt: now,
  trip: 0,
  recent: 0,
  sentAt: now,
  isUsed: false,
  streak: 0,
  refusedAt: -Infinity,
  pausedUntil: -Infinity
})

/** So many calls per second were answered when the first one was refused. */
export const from = (perSecond: number, now: number): Rate => {
  const base = Math.max(unknown.base, 0.8 * perSecond)
  return { ...begin(now), curve: { ...unknown, base }, current: base, next: now + 1000 / base, cutAt: now }
}

/** A pace that neither climbs nor falls until it was tried, as long as nobody is refused. */
export const held = (perSecond: number, now: number): Rate => {
  const base = Math.max(least, perSecond)
  const curve = { base, rise: 0, plateau }
  return { ...begin(now), curve, current: base, next: now + 1000 / base, cutAt: now }
}

/** A pace is made use of when no less than two fifths of it are sent. */
const leastUse = 0.4
/** So many milliseconds of lateness are caught up, as timers are late. */
const late = 2

/** A call is sent. */
export const sent = (rate: Rate, now: number): Rate => {
  const { current, next } = rate
  const recent = rate.recent * Math.exp((rate.sentAt - now) / 1000) + 1
  return {
    ...rate,
    sentAt: now,
    recent,
    isUsed: leastUse * current < Math.max(recent, unknown.base),
    next: (now - next < late ? next : now) + 1000 / current
  }
}

/** A call that was sent at a time was answered. */
export const answered = (rate: Rate, now: number, sentAt: number): Rate => {
  if (sentAt < rate.cutAt) return { ...rate, answeredAt: now }
  const { curve, isUsed } = rate
  const trip = rate.trip + 0.1 * ((now - sentAt) / 1000 - rate.trip)
  const isAging = isUsed || (curve.rise === 0 && rate.age < curve.plateau)
  const age = rate.age +
    (isAging ? Math.min(perAnswer, (now - rate.answeredAt) / 1000 * Math.min(1, perTrip / trip)) : 0)
  return { ...rate, trip, age, current: at(curve, age), answeredAt: now, answered: rate.answered + 1, streak: 0 }
}

/** The most that one answer, and one round trip, add to the age. */
const [perAnswer, perTrip] = [0.1, 0.2]

/** So many milliseconds a curve is tried before it is cut again. */
const trial = 250

/** A call that was sent at a time was refused; `told`: the server says that nobody should call for so many milliseconds. */
export const refused = (rate: Rate, now: number, sentAt: number, told = 0): Rate => {
  if (sentAt < rate.cutAt) return rate
  const isNew = sentAt >= rate.refusedAt
  const streak = isNew ? rate.streak + 1 : rate.streak
  const pausedUntil = isNew ? now + Math.max(told, pause(rate.current, streak)) : rate.pausedUntil
  const counted = {
    ...rate,
    refused: rate.refused + 1,
    refusedAt: isNew ? now : rate.refusedAt,
    streak,
    pausedUntil,
    next: Math.max(rate.next, pausedUntil)
  }
  // as long as nobody is answered, the pause grows, and the pace tells nothing
  const isUntried = rate.answered === 0 && rate.cutAt > -Infinity
  if (sentAt < rate.cutAt + trial || isUntried) return counted
  const speed = Math.min(1, perAnswer * rate.current, perTrip / rate.trip)
  const curve = below(counted, rate.age - speed * (now - sentAt) / 1000, sentAt, told)
  return { ...counted, curve, age: 0, current: curve.base, cutAt: now, answered: 0, refused: 0 }
}

/** Nobody calls for as long as a call takes at this pace, and for twice as long after each further refusal, to a minute. */
const pause = (perSecond: number, streak: number): number => Math.min(60_000, 1000 / perSecond * 2 ** (streak - 1))

/** For how many milliseconds nobody should call after a refusal. */
export const wait = ({ pausedUntil }: Rate, now: number): number => Math.max(0.001, pausedUntil - now)

/** What remains of a pace that was refused. */
const margin = 0.95
const least = 0.1
/** Seconds of a plateau, and of an approach. */
const [plateau, approach] = [8, 4]

/** The curve that follows upon a call that was sent at an age, and refused. */
const below = (rate: Rate, age: number, sentAt: number, told: number): Curve => {
  const { curve } = rate
  const refused = at(curve, age)
  const isClimbing = age > curve.plateau
  // the refusal that ends a curve is no measure of how much is refused
  const part = Math.min(1, (rate.answered + 0.75) / (rate.answered + rate.refused))
  // a server saves up in a pause, and would bear a plateau that is too high for a while
  const isRested = told > 0 && curve.rise === 0 && !isClimbing
  const share = isRested ? Math.min(part, rate.answered / (sentAt - rate.cutAt) * 1000 / refused) : part
  const held = isClimbing ? at(curve, curve.plateau) : refused * share * Math.exp(-curve.rise / 2)
  const base = Math.max(least, Math.min(margin * refused, Math.max(held, (isClimbing ? 0.5 : 0.4) * refused)))
  const isNear = isClimbing ? base > 0.9 * refused : share > 0.7 && curve.plateau < unknown.plateau
  return isNear
    // a pause that the server asks for is to cost no more than a twentieth of the time
    ? { base, rise: 0, plateau: Math.max(plateau, 20 * told / 1000) }
    : { base, rise: Math.max(0.02, Math.log(margin * refused / base) / approach), plateau: approach }
}

/** The pace that was held of late; `undefined` as long as it climbs from where it began: nobody was refused who came so fast. */
export const found = ({ curve }: Rate): number | undefined => curve.plateau === unknown.plateau ? undefined : curve.base
