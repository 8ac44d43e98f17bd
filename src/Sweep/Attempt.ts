/**
 * What comes of one attempt: a reply that is read, or what went wrong without one.
 */
import { Cause, type Duration } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { OnFault } from "../Answer/Rules.ts"
import type { Question } from "../Entry.ts"
import type { Lookup } from "../Lookup.ts"
import * as Classify from "../Lookup/Classify.ts"
import { LookupError } from "../Outcome.ts"
import type { Policy } from "../Policy.ts"
import { format } from "../Policy/DurationText.ts"
import type { Reply } from "../Reply.ts"
import type { Verdict } from "../Verdict.ts"
import * as Queue from "./Queue.ts"

/** What a reply says. */
export interface Heard<out A, out E> {
  readonly verdict: Verdict<A, E | LookupError>
  readonly reply: Reply | undefined
  /**
   * What it says to each question of its call, where it does not say the same to the only one: `undefined` to those that it leaves out.
   * Then `verdict` is what it says to all of them, or not found where they differ: the server answers.
   */
  readonly items?: ReadonlyArray<Heard<A, E> | undefined>
}

/** What one attempt came to. */
export interface Attempt<out A, out E> extends Heard<A, E> {
  readonly ms: number
}

export const unreachable: ReadonlySet<string> = new Set(["dns", "refused", "tls"])

/** Reads a reply. The body of an answer is carried as it was received; of what is no answer, only what is no secret. */
export const discreetly = <A, E, R>(lookup: Lookup<A, E, R>, reply: Reply, onFault: OnFault) => {
  const verdict = read(lookup, reply, onFault)
  if (reply.discreet === undefined || verdict.verdict === "found") return { reply, verdict }
  const discreet = reply.discreet()
  return { reply: discreet, verdict: read(lookup, discreet) }
}

/** What a reply says to the questions that were asked: to each its own, or to all of them at once. */
export const heard = <A, E, R>(
  lookup: Lookup<A, E, R>,
  reply: Reply,
  asked: Queue.Asked,
  onFault: OnFault
): Heard<A, E> => {
  if (lookup.split === undefined) return discreetly(lookup, reply, onFault)
  const questions = Queue.questions(asked)
  const slices = slicesOf(lookup, reply, questions)
  if (slices === undefined) return discreetly(lookup, reply, onFault)
  if (!slices.some((slice) => slice !== undefined)) {
    const whole = discreetly(lookup, reply, onFault)
    return isOfItems(whole.verdict) ? { ...whole, verdict: leftOut(questions.length), items: slices as [] } : whole
  }
  let discreet: ReadonlyArray<Reply | undefined> | undefined
  const items = slices.map((slice, place): Heard<A, E> | undefined => {
    if (slice === undefined || reply.discreet === undefined) return slice && discreetly(lookup, slice, onFault)
    return discreetly(lookup, {
      ...slice,
      discreet: () => {
        discreet ??= slicesOf(lookup, reply.discreet!(), questions) ?? []
        return discreet[place] ?? { ...slice, body: "" }
      }
    }, onFault)
  })
  const [first] = items
  if (first === undefined || !items.every((item) => item !== undefined && isAlike(item.verdict, first.verdict))) {
    return { verdict: Classify.notFound, reply, items }
  }
  return items.length === 1 ? first : { ...first, items }
}

/** The slices of a reply; `undefined` where it is a word on the call. */
const slicesOf = <A, E, R>({ split }: Lookup<A, E, R>, reply: Reply, questions: NonEmptyReadonlyArray<Question>) => {
  if (split === undefined || reply.status < 200 || reply.status > 299) return undefined
  try {
    return split(reply, questions)
  } catch {
    return undefined
  }
}

/** Whether a reply without a slice is no word on the call: it holds something, which is of none of its questions. */
const isOfItems = <A>(verdict: Verdict<A>): boolean =>
  verdict.verdict === "found" || verdict.verdict === "not_found"
  || (verdict.verdict === "retry" && verdict.isEmpty !== true && verdict.error.reason === "decode")

/** The answer to a call holds nothing for a question that it carried. */
export const leftOut = (count: number) =>
  Classify.undecodable(
    `the answer holds nothing for it${count === 1 ? "" : `, nor for ${count - 1} more of the same call`}`
  )

/** Whether two items are told the same. What is found, or not, is each one's own. */
const isAlike = <A, E>(one: Verdict<A, E>, other: Verdict<A, E>): boolean => {
  if (one.verdict !== other.verdict || !("error" in one) || !("error" in other)) return false
  const [a, b] = [one.error, other.error]
  return !(a instanceof LookupError && b instanceof LookupError)
    || (a.reason === b.reason && a.status === b.status && a.rule === b.rule)
}

/** A reader that throws hurts its own question only. */
const read = <A, E, R>(lookup: Lookup<A, E, R>, reply: Reply, onFault?: OnFault): Verdict<A> => {
  try {
    return lookup.read(reply, undefined, onFault)
  } catch (cause) {
    return fromCause<never>(Cause.die(cause))
  }
}

/** A failure that is a `LookupError` is judged by its reason, any other is final; a defect hurts its own question only. */
export const fromCause = <E>(cause: Cause.Cause<E>): Verdict<never, E | LookupError> => {
  const error = Cause.squash(cause)
  if (error instanceof LookupError) return Classify.failure(error)
  if (Cause.isFailure(cause)) return { verdict: "failed", error: error as E }
  const message = error instanceof Error ? error.message : String(error)
  return { verdict: "failed", error: new LookupError({ reason: "error", message, cause: error }) }
}

/** Makes final what would be tried again, where that could be once too often. */
export const lost = <A, E>(
  { idempotent }: Pick<Lookup<unknown>, "idempotent">,
  verdict: Verdict<A, E | LookupError>
): Verdict<A, E | LookupError> => {
  // a refusal that is no reply says nothing of what was done before it
  if (idempotent || (verdict.verdict !== "retry" && verdict.verdict !== "throttled")) return verdict
  // whoever writes a rule says that it may be asked again
  if (
    verdict.error.rule !== undefined || verdict.error.isUnprocessed === true || unreachable.has(verdict.error.reason) ||
    verdict.error.reason === "local"
  ) return verdict
  const { message, reason, remedy, status } = verdict.error
  const told = `${message}; it may have been carried out, so it is not sent again`
  return {
    verdict: "failed",
    error: new LookupError({
      reason,
      message: told,
      ...(status === undefined ? {} : { status }),
      // a status is an answer, whatever was done for it
      ...(reason === "status" ? {} : { isUnprocessed: false }),
      remedy: remedy ?? "idempotent"
    })
  }
}

export const timedOut = (limit: Duration.Duration) =>
  new LookupError({ reason: "timeout", message: `no answer within ${format(limit)}` })

export const pastDeadline = (policy: Policy, error: LookupError) =>
  new LookupError({
    reason: "deadline",
    message: `no answer within ${format(policy.deadline)}; the last attempt: ${error.message}`,
    ...(error.status === undefined ? {} : { status: error.status }),
    ...(error.rule === undefined ? {} : { rule: error.rule })
  })
