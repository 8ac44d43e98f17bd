/**
 * Overload: whether a server that answers 503 to some calls, and 200 to others at the same time, means that too much is asked. A pure machine
 * over a monotonic clock in milliseconds.
 *
 * When there are too many such calls to be chance, the pace is lowered, on trial, to a part of what the server has just answered. A server that
 * was asked too much has hardly a 503 for that; one that fails by itself has as many as before. Whoever is known to mean the pace is tried
 * again where the pace falls so low that this can hardly be.
 *
 * Source: E. S. Page, "Continuous inspection schemes" (CUSUM): the evidence is a sum that never falls below nothing.
 */

/** What is thought of 503s, and what that rests on. */
export interface Overload {
  readonly phase: "unknown" | "tried" | "certain"
  /** How much speaks for more 503s than chance brings, and how much is enough. */
  readonly evidence: number
  readonly enough: number
  /** When the pace was lowered on trial for the last time. */
  readonly since: number
  /** Replies to calls that were sent since then. */
  readonly answered: number
  readonly refused: number
  /** How often in a row the pace was lowered on trial. */
  readonly rounds: number
}

/** The weight of a 503, and of an answer, where either 8 % of the calls have a 503, or 40 %. */
const [weight, relief] = [Math.log(0.4 / 0.08), Math.log(0.6 / 0.92)]

/** No 503 has come. As much is enough as six in a row bring, or some more among answers; whoever has just begun may be too fast. */
export const none: Overload = {
  phase: "unknown",
  evidence: 2.5 * weight,
  enough: 5.5 * weight,
  since: 0,
  answered: 0,
  refused: 0,
  rounds: 0
}

/** The relief where either 2 % of the calls lower the pace, or 10 %, which is as much a part; and as much as five of them bring. */
const [slightRelief, doubtful] = [Math.log(0.9 / 0.98), 4.5 * weight]

/** Whether a 503 means that too much is asked. */
export const isTooMuch = ({ phase }: Overload): boolean => phase !== "unknown"

/** Milliseconds before a call was sent in which an answer to another one is one of the same time. */
const together = 1000
/** Milliseconds without any answer after which a server is down. */
const alone = 5000
/** So many 503s of a trial are as many as before; so many answers are enough without one, and so many more for each. */
const [many, few, fewMore] = [2, 14, 10]
/** So many trials in a row: what was answered in a burst may be far above what is borne. */
const mostRounds = 3

/** A call that was sent at a time was answered. */
export const answered = (state: Overload, sentAt: number): Overload => {
  if (state.phase !== "tried") {
    const less = state.phase === "unknown" ? relief : slightRelief
    return state.evidence === 0 ? state : { ...state, evidence: Math.max(0, state.evidence + less) }
  }
  if (sentAt <= state.since) return state
  const answered = state.answered + 1
  return answered < few + fewMore * state.refused
    ? { ...state, answered }
    : { ...state, phase: "certain", evidence: 0 }
}

/** A call that was sent at a time got a 503; the last answer came at `answeredAt`. */
export const refused = (state: Overload, now: number, sentAt: number, answeredAt: number): Overload => {
  if (state.phase === "unknown") {
    const counted = { ...state, evidence: state.evidence + weight }
    // where nobody is answered it is no matter of the pace
    return counted.evidence < state.enough || answeredAt < sentAt - together
      ? counted
      : tried({ ...counted, rounds: 0 }, now)
  }
  if (answeredAt < sentAt - alone) return { ...none, enough: state.enough }
  if (state.phase === "certain" || sentAt <= state.since) return state
  const refused = state.refused + 1
  if (refused < many) return { ...state, refused }
  // more is to be seen before that is asked again
  return state.rounds < mostRounds ? tried(state, now) : { ...none, enough: 2 * state.enough }
}

/** The pace was lowered for a 503; `isLow`: so far that it can hardly be meant. A few times in a short time they can hardly mean it either. */
export const lowered = (state: Overload, now: number, isLow: boolean): Overload => {
  const evidence = state.evidence + weight
  return isLow || evidence >= doubtful ? tried({ ...state, rounds: 0 }, now) : { ...state, evidence }
}

const tried = (state: Overload, now: number): Overload => ({
  ...state,
  phase: "tried",
  evidence: 0,
  since: now,
  answered: 0,
  refused: 0,
  rounds: state.rounds + 1
})
