/**
 * The limit of `-c auto`: how many calls may be in flight, found out from how long answers take. A pure machine.
 *
 * The limit doubles in each round of replies until answers wait in a queue, and then is kept where a short queue is. How long answers take
 * without a queue is measured with half of the limit, every half minute. A round in which a tenth of the calls fail lowers the limit, and what
 * fails raises nothing.
 *
 * Sources: TCP Vegas and Netflix concurrency-limits (the queue, from delay), BBR (a short probe measures the time without a queue).
 */

/** A limit and the round of replies that will judge it. Times are milliseconds of a monotonic clock. */
export interface Limit {
  readonly current: number
  /** Where it begins; failures alone lower it no further, as they may be no matter of load. */
  readonly start: number
  readonly most: number
  readonly isSlowStart: boolean
  /** How many more, when there is no queue; less than one is none. */
  readonly step: number
  /** The logarithm of the time that answers take without a queue. */
  readonly baseline: number
  /** The limit that half of it is tried in the place of. */
  readonly probed: number | undefined
  readonly probeAt: number
  readonly round: Round
}

/** The replies to calls that were sent since a time. */
interface Round {
  readonly since: number
  readonly replies: number
  readonly answers: number
  /** The sum of how many calls were in flight. */
  readonly inFlight: number
  /** The sums of the logarithms of the times that answers took, and of their squares. */
  readonly logs: number
  readonly squares: number
}

const emptyRound = (since: number): Round => ({ since, replies: 0, answers: 0, inFlight: 0, logs: 0, squares: 0 })

/** Nothing is known. */
export const begin = (start: number, most: number, now: number): Limit => ({
  current: Math.min(start, most),
  start: Math.min(start, most),
  most,
  isSlowStart: true,
  step: 1,
  baseline: Infinity,
  probed: undefined,
  probeAt: Infinity,
  round: emptyRound(now)
})

/** Milliseconds of a round at the least, replies of it and of a probe, and how often the calls in flight are to come back. */
const [leastTime, leastReplies, leastProbe, trips] = [200, 16, 64, 2]

/** A reply came, after so many milliseconds, when so many calls were in flight. */
export const replied = (limit: Limit, now: number, ms: number, inFlight: number, isAnswer: boolean): Limit => {
  if (now - ms < limit.round.since) return limit
  const log = isAnswer ? Math.log(ms + 1) : 0
  const round = {
    since: limit.round.since,
    replies: limit.round.replies + 1,
    answers: limit.round.answers + (isAnswer ? 1 : 0),
    inFlight: limit.round.inFlight + inFlight,
    logs: limit.round.logs + log,
    squares: limit.round.squares + log ** 2
  }
  const enough = Math.max(limit.probed === undefined ? leastReplies : leastProbe, trips * limit.current)
  return round.replies < enough || now - round.since < leastTime
    ? { ...limit, round }
    : { ...judged(limit, round, now), round: emptyRound(now) }
}

/** Milliseconds between two measurements of the time without a queue. */
const probeEvery = 30_000

const judged = (limit: Limit, round: Round, now: number): Limit => {
  const { baseline, current, probed } = limit
  const { answers, logs, replies } = round
  const latency = answers === 0 ? baseline : logs / answers
  const probeAt = now + probeEvery
  if (replies - answers > 0.1 * replies) {
    const lowered = Math.min(current, Math.max(limit.start, fewer(current, 0.1 * current)))
    return { ...limit, current: lowered, isSlowStart: false, step: 1, probed: undefined, probeAt }
  }
  if (probed !== undefined) return { ...limit, current: probed, baseline: latency, probed: undefined, probeAt }
  const isUsed = round.inFlight / replies >= current / 2
  if (!isUsed) return { ...limit, baseline: Math.min(baseline, latency) }
  if (now >= limit.probeAt) return half(limit, current)
  const queue = current * (1 - Math.exp(Math.min(0, baseline - latency)))
  // by how much the queue may be wrong, as times differ
  const noise = 2.5 * current * Math.sqrt(2 * Math.max(0, round.squares / answers - latency ** 2) / answers)
  return limit.isSlowStart ? doubled(limit, latency, queue, noise) : steered(limit, queue, noise)
}

const doubled = (limit: Limit, latency: number, queue: number, noise: number): Limit =>
  limit.baseline === Infinity || queue <= Math.max(limit.current / 4, noise)
    ? { ...limit, current: more(limit, limit.current), baseline: Math.min(limit.baseline, latency) }
    : half({ ...limit, isSlowStart: false }, fewer(limit.current, queue))

const half = (limit: Limit, probed: number): Limit => ({ ...limit, current: Math.ceil(probed / 2), probed })

/** Keeps a queue of about half of the root of the limit, or of what can be told from none. */
const steered = (limit: Limit, queue: number, noise: number): Limit => {
  const { current, step } = limit
  const most = Math.max(0.5 * Math.sqrt(current), noise)
  if (queue > most) return { ...limit, current: fewer(current, queue - most), step: 0.2 }
  return queue < 0.7 * most
    ? { ...limit, current: more(limit, step), step: 1.5 * step }
    : { ...limit, step: Math.min(1, step) }
}

const more = ({ current, most }: Limit, by: number) => Math.min(most, current + Math.floor(by))
const fewer = (current: number, by: number) => Math.max(1, Math.min(current - 1, Math.round(current - by)))

/** The limit that suits the server. */
export const found = ({ current, probed }: Limit): number => probed ?? current
