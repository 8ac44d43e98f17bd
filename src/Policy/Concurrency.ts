/**
 * `-c auto`: how many calls may be in flight, and how fast they may be sent, found out from what comes back. A pure machine over a
 * monotonic clock in milliseconds.
 *
 * The limit doubles in each round of replies until answers become slower, and then grows by little and little, and falls by a tenth when
 * they are slower in two rounds or when a tenth of them failed. The first refusal begins a pace: a little below what was answered, held on a
 * plateau that rises slowly, and after it ever faster, so that a limit that was raised is found soon. What fails raises nothing.
 *
 * Sources: Netflix concurrency-limits and TCP Vegas (delay), RFC 9438 (CUBIC: plateau and climb), AWS adaptive retry (pace from the
 * rate that was measured). The numbers were found in simulations; test/Policy/Concurrency.test.ts holds what they are to reach.
 */
import { Schema } from "effect"

const Int = Schema.Int.pipe(Schema.positive())
/** From how many calls in flight, up to how many. */
export const Auto = Schema.Struct({ start: Int, most: Int })
export type Auto = typeof Auto.Type
/** From 4 to 1,000. */
export const standard: Auto = { start: 4, most: 1000 }

/** What is known of a server so far. */
export interface Concurrency {
  /** Calls in flight at the most. */
  readonly limit: number
  readonly most: number
  /** The limit that was held without answers becoming slower. */
  readonly known: number
  readonly step: number
  readonly heldUntil: number
  readonly isSlowStart: boolean
  readonly isSuspect: boolean
  /** The logarithm of the time that answers take when nothing slows them down. */
  readonly baseline: number
  readonly round: Round
  /** Answers of about the last second. */
  readonly recent: { readonly perSecond: number; readonly at: number }
  /** The pace, from the first refusal on. */
  readonly rate: Rate | undefined
}

/** The replies since the limit was judged for the last time. */
interface Round {
  readonly since: number
  readonly replies: number
  readonly answers: number
  readonly failures: number
  readonly inFlight: number
  readonly logs: number
}

/** A pace, in calls per second, and what came of it since it was cut. */
interface Rate {
  /** Where it begins after a cut. */
  readonly base: number
  /** Seconds before it climbs, and by what part it rises in them. */
  readonly plateau: number
  readonly creep: number
  readonly current: number
  readonly next: number
  readonly cutAt: number
  readonly sent: number
  /** It is held back, as no more than twice of what is answered is sent. */
  readonly isHeld: boolean
  readonly first: number
  readonly answered: number
  readonly throttled: number
  readonly refusedAt: number
  readonly quietUntil: number
  readonly at: number
  /** Refusals in a row, of calls that were sent after the one before. */
  readonly streak: number
}

/** What suits the server: calls in flight, and calls per second where refusals have taught that. */
export interface Found {
  readonly concurrency: number
  readonly perSecond: number | undefined
}

/** A reply: when it came, after how many milliseconds, how many calls were in flight with it, and what it was. */
export interface Reply {
  readonly now: number
  readonly ms: number
  readonly inFlight: number
  readonly kind: "answered" | "failed" | "throttled"
}

const emptyRound = (since: number): Round => ({ since, replies: 0, answers: 0, failures: 0, inFlight: 0, logs: 0 })

/** Nothing is known. */
export const begin = ({ most, start }: Auto, now: number): Concurrency => {
  const limit = Math.min(start, most)
  return {
    limit,
    most,
    known: limit,
    step: 1,
    heldUntil: now,
    isSlowStart: true,
    isSuspect: false,
    baseline: Infinity,
    round: emptyRound(now),
    recent: { perSecond: 0, at: now },
    rate: undefined
  }
}

/** A call is sent. */
export const sent = (state: Concurrency, now: number): Concurrency => {
  const { rate, recent } = state
  if (rate === undefined) return state
  const aim = curve(rate, now)
  const current = Math.min(aim, Math.max(rate.base, 1, 2 * perSecond(recent, now)))
  const late = now - rate.next
  return {
    ...state,
    rate: {
      ...rate,
      current,
      isHeld: current < aim,
      first: Math.min(rate.first, now),
      sent: rate.sent + 1,
      next: (late < 2 ? rate.next : now) +
        (rate.streak > 1 ? Math.max(1000 / current, quiet(current, rate.streak)) : 1000 / current)
    }
  }
}

const perSecond = (recent: { readonly perSecond: number; readonly at: number }, now: number) =>
  recent.perSecond * Math.exp((recent.at - now) / 1000)

/** The pace at a time after the cut. */
const curve = (rate: Rate, now: number): number =>
  rate.base * (1 + (rate.plateau > 0
    ? rate.creep * Math.min(1, Math.max(0, now - rate.first) / 1000 / rate.plateau) ** (rate.creep > 0.05 ? 1 : 1)
    : 0)) *
  climbed(rate, now)

/** When the next call may be sent; in the past: at once. */
export const readyAt = ({ rate }: Concurrency): number => rate === undefined ? -Infinity : rate.next

/** For how many milliseconds nobody should call after a refusal that names no wait. */
export const wait = ({ rate }: Concurrency): number =>
  rate === undefined ? 250 : Math.max(0.001, rate.quietUntil - rate.at)

/** What was found. */
export const found = ({ limit, rate, recent }: Concurrency): Found => ({
  concurrency: limit,
  perSecond: rate === undefined ? undefined : Math.min(rate.current, Math.max(rate.base, recent.perSecond))
})

/** A reply came. */
export const replied = (state: Concurrency, reply: Reply): Concurrency => {
  const { kind, now, ms } = reply
  if (kind === "throttled") return { ...state, rate: refused(state, now, now - ms) }
  const tallied = { ...state, round: tally(state.round, reply) }
  if (kind === "answered") {
    const { at, perSecond } = state.recent
    tallied.recent = { perSecond: perSecond * Math.exp((at - now) / 1000) + 1, at: now }
    if (state.rate !== undefined && now - ms >= state.rate.cutAt) {
      tallied.rate = {
        ...state.rate,
        answered: state.rate.answered + 1,
        streak: 0,
        next: state.rate.streak > 1 ? Math.min(now, state.rate.next) : state.rate.next
      }
    }
  }
  const { replies, since } = tallied.round
  return replies >= Math.max(16, state.limit) && now - since >= (state.isSlowStart ? 750 : 200)
    ? judged(tallied, now)
    : tallied
}

const tally = (round: Round, { inFlight, kind, ms, now }: Reply): Round => {
  if (now < round.since) return round
  const isAnswer = kind === "answered"
  return {
    since: round.since,
    replies: round.replies + 1,
    answers: round.answers + (isAnswer ? 1 : 0),
    failures: round.failures + (isAnswer ? 0 : 1),
    inFlight: round.inFlight + inFlight,
    logs: round.logs + (isAnswer ? Math.log(ms + 1) : 0)
  }
}

const judged = (state: Concurrency, now: number): Concurrency => {
  const { baseline, isSuspect, limit, round } = state
  const { answers, failures, inFlight, logs, replies } = round
  const latency = answers === 0 ? baseline : logs / answers
  const isUsed = inFlight / replies >= limit / 2
  const isSlow = latency > baseline + Math.log(1 + 0.15 + 0.6 / Math.sqrt(answers))
  const isFailing = failures > replies * 0.1
  const next = isFailing || (isUsed && isSlow && isSuspect)
    ? lowered(state, now)
    : isUsed && !isSlow
    ? raised(state, now)
    : state
  return {
    ...next,
    isSuspect: isSlow && !isSuspect,
    baseline: isSlow ? baseline + 0.1 * (latency - baseline) : Math.min(baseline, latency),
    round: emptyRound(next.limit === limit || latency === Infinity ? now : now + Math.exp(latency))
  }
}

const lowered = (state: Concurrency, now: number): Concurrency => {
  const known = state.limit > state.known ? state.known : Math.max(1, Math.floor(0.9 * state.known))
  return {
    ...state,
    known,
    limit: Math.max(1, Math.floor(0.9 * known)),
    step: 1,
    heldUntil: now + 4000,
    isSlowStart: false
  }
}

const raised = (state: Concurrency, now: number): Concurrency => {
  const { heldUntil, isSlowStart, known, limit, most, step } = state
  if (limit < known) return { ...state, limit: known }
  if (isSlowStart) return { ...state, known: limit, limit: Math.min(most, limit * 2) }
  if (now < heldUntil) return { ...state, known: limit }
  return { ...state, known: limit, limit: Math.min(most, limit + step), step: Math.ceil(step * 1.5) }
}

/** Cuts the pace: to what was answered of late, once for all calls that were sent before the cut. */
const refused = ({ rate, recent }: Concurrency, now: number, sentAt: number): Rate => {
  if (rate === undefined) return cut(Math.max(1, 0.9 * perSecond(recent, now)), 0, 0, now, now)
  const isNew = sentAt >= rate.refusedAt
  const counted = {
    ...rate,
    refusedAt: isNew ? now : rate.refusedAt,
    at: now,
    streak: isNew ? rate.streak + 1 : rate.streak,
    quietUntil: isNew ? now + quiet(rate.current, rate.streak + 1) : rate.quietUntil,
    throttled: sentAt >= rate.cutAt ? rate.throttled + 1 : rate.throttled
  }
  if (sentAt < rate.cutAt || now - rate.cutAt < (counted.answered >= counted.throttled ? 500 : 1050)) return counted
  const then = Math.min(curve(rate, sentAt), rate.isHeld ? rate.current * 2 ** (1 * (sentAt - now) / 1000) : Infinity)
  const share = Math.min(1, (counted.answered + 1) / (counted.answered + counted.throttled + 1))
  const streak = { streak: counted.streak, quietUntil: counted.quietUntil, refusedAt: counted.refusedAt }
  if (climbed(rate, sentAt) > 1.25) {
    const mean = counted.sent / (now - rate.first) * 1000
    const base = Math.max(0.3 * then, Math.min(0.9 * then, 0.98 * mean))
    return { ...cut(base, 0.9 * then / base - 1, 4, now, rate.next), ...streak }
  }
  const span = now - rate.first
  const average = share *
    (rate.plateau === 0 || (rate.creep > 0.05 && span > rate.plateau * 0.7 * 1000) ? then : counted.sent / span * 1000)
  const base = Math.max(0.1, 0.25 * then, Math.min(0.95 * then, (span < 5000 ? 0.95 : 0.98) * average))
  const isDeep = base < 0.8 * then && span < 1000
  return { ...cut(base, isDeep ? 0 : 0.05, isDeep ? 0 : plateauOf(base, now - sentAt), now, rate.next), ...streak }
}

/** How far it has climbed after the plateau: as the fourth power of the time, in the exponent. */
const climbed = ({ first, plateau }: Rate, now: number): number =>
  Math.exp(
    0.003 * (Math.min(8, Math.max(0, (now - first) / 1000 - plateau) / (plateau > 8.5 ? (plateau / 8.5) ** 1 : 1))) ** 4
  )

const quiet = (rate: number, streak: number) =>
  Math.min(60_000, Math.min(250, Math.max(150, 1000 / rate)) * 2 ** Math.max(0, streak - 1))

const plateauOf = (rate: number, ms: number) => Math.min(30, Math.max(8.5, 600 / rate ** 2, ms / 12))

const cut = (base: number, creep: number, plateau: number, now: number, next: number): Rate => ({
  base,
  plateau,
  creep,
  current: base,
  next,
  cutAt: now,
  sent: 0,
  isHeld: false,
  first: Infinity,
  answered: 0,
  throttled: 0,
  refusedAt: now,
  at: now,
  quietUntil: now + quiet(base, 1),
  streak: 1
})
