/**
 * Overload: whether a server that answers 503 to some calls, and 200 to others at the same time, means that too much is asked. A pure machine
 * over a monotonic clock in milliseconds.
 *
 * When a few such calls have come together the pace is lowered. If the 503s become rare, they meant that; if they do not, they are failures.
 */

/** What is thought of 503s, and what that rests on. */
export interface Overload {
  readonly phase: "unknown" | "suspected" | "certain" | "dismissed"
  /** The last replies, a bit for each, the latest one lowest: 1 is a 503; and how many of them there are. */
  readonly recent: number
  readonly seen: number
  /** The part of the replies that was a 503 before the pace was lowered, and when that was. */
  readonly share: number
  readonly since: number
  /** Replies to calls that were sent since then. */
  readonly answered: number
  readonly refused: number
  /** How often that looked like failures, and the pace was lowered further all the same. */
  readonly rounds: number
}

/** No 503 has come. */
export const none: Overload = {
  phase: "unknown",
  recent: 0,
  seen: 0,
  share: 0,
  since: 0,
  answered: 0,
  refused: 0,
  rounds: 0
}

/** Whether a 503 means that too much is asked. */
export const isTooMuch = ({ phase }: Overload): boolean => phase === "suspected" || phase === "certain"

/** Replies that are looked at, and how many of them are to be a 503. */
const [most, few] = [20, 4]
/** Milliseconds before a call was sent in which an answer to another one is one of the same time. */
const together = 1000
/** Milliseconds without any answer after which a server is down. */
const alone = 5000
/** Replies at the lower pace after which 503s may be known for failures, or for what they mean; and after which that is looked at again. */
const [soon, enough, many] = [8, 30, 60]
/** So often 503s beside answers must have stayed as many: a pace that is far too high is lowered more than once before they become rare. */
const mostRounds = 3

/** A call that was sent at a time was answered. */
export const answered = (state: Overload, sentAt: number): Overload => {
  if (state === none || state.phase === "dismissed") return state
  return state.phase === "unknown" ? seen(state, 0) : decided(state, sentAt, sentAt, 1, 0)
}

/** A call that was sent at a time got a 503; the last answer came at `answeredAt`. */
export const refused = (state: Overload, now: number, sentAt: number, answeredAt: number): Overload => {
  if (state.phase === "dismissed") return state
  // where nobody is answered it is no matter of the pace
  if (state.phase !== "unknown") return answeredAt < sentAt - alone ? none : decided(state, now, sentAt, 0, 1)
  const counted = seen(state, 1)
  const busy = count(counted.recent)
  return busy < few || answeredAt < sentAt - together
    ? counted
    : { ...counted, phase: "suspected", share: busy / Math.max(most / 2, counted.seen), since: now }
}

const seen = (state: Overload, bit: number): Overload => ({
  ...state,
  recent: (state.recent << 1 | bit) & (2 ** most - 1),
  seen: Math.min(most, state.seen + 1)
})

const decided = (state: Overload, now: number, sentAt: number, answers: number, refusals: number): Overload => {
  if (sentAt <= state.since) return state
  const [answered, refused] = [state.answered + answers, state.refused + refusals]
  const replies = answered + refused
  if (state.phase === "suspected") {
    const isDecided = replies >= soon || answered === 0
    if (refused >= few && isDecided && refused / replies >= state.share / 2) {
      const rounds = state.rounds + 1
      // what is under way was sent too fast as well
      return answered === 0 || rounds === mostRounds
        ? { ...state, phase: "dismissed" }
        : { ...state, rounds, since: now, answered: 0, refused: 0 }
    }
    if (replies >= enough && refused / replies < state.share / 3) {
      return { ...state, phase: "certain", answered: 0, refused: 0 }
    }
  } else if (replies >= many) {
    // while a pace is being learnt, more is refused for a while
    return { ...state, phase: refused / replies < state.share / 2 ? "certain" : "dismissed", answered: 0, refused: 0 }
  }
  return { ...state, answered, refused }
}

const count = (bits: number): number => {
  let count = 0
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++
  return count
}
