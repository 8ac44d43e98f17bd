/**
 * What comes of one attempt: a reply that is read, or what went wrong without one.
 */
import { Cause, type Duration } from "effect"
import type { OnFault } from "../Answer/Rules.ts"
import type { Lookup } from "../Lookup.ts"
import * as Classify from "../Lookup/Classify.ts"
import { LookupError } from "../Outcome.ts"
import type { Policy } from "../Policy.ts"
import { format } from "../Policy/DurationText.ts"
import type { Reply } from "../Reply.ts"
import type { Verdict } from "../Verdict.ts"

/** What one attempt came to. */
export interface Attempt<out A, out E> {
  readonly verdict: Verdict<A, E | LookupError>
  readonly reply: Reply | undefined
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
