/**
 * Suspicion: failures that may be nobody's own, but those of a wrong key, an empty purse or a wrong path. Their outcomes are withheld until
 * it is known: by what the first questions meet, by whether anything is found, and by failures in a row that are the same.
 */
import type { Kind, LookupError } from "../Outcome.ts"
import * as Uniform from "../Policy/Uniform.ts"
import type { StopError } from "./Stop.ts"

/** An outcome, as far as suspicion is concerned. */
interface Settled {
  readonly outcome: Kind
  /** That of the deciding reply; `undefined` where none came. */
  readonly status: number | undefined
  /** It may have been carried out, and must not be asked again unasked: it never stays pending. */
  readonly isOnce: boolean
}

/** What every question may meet where the set-up is wrong. */
export type Doubt = Extract<StopError["reason"], "unauthorized" | "forbidden" | "redirected" | "unreachable">

/** The first question that met it. */
export interface Opening<W> {
  readonly doubt: Doubt
  readonly what: W
}

/** What is suspected, and which outcomes are withheld for it; `W` is what is known of a first question. */
export interface Suspicion<S extends Settled, W> {
  /** Whether nothing but what tells more should be asked now; `isLast`: there is nothing else to ask. */
  readonly isDoubtful: (hasKnown: boolean, isLast?: boolean) => boolean
  /** A question was answered, so that what the others met is their own; it gives the first question that waits for its verdict. */
  readonly accepted: () => W | undefined
  readonly isAccepted: () => boolean
  /** A question that was sent at a time got a reply that is a word on itself. */
  readonly passed: (isProbe: boolean, sentAt: number) => void
  /** What was answered before is answered again: the failures are the codes' own, and are given for settling. */
  readonly cleared: () => ReadonlyArray<S>
  /** Failures in a row that are the same. */
  readonly count: () => number
  /** A call failed, for good or to be tried again; whether it is certain by now that all others fail as well. */
  readonly failed: (failure: Uniform.Failure) => boolean
  /** All others fail as well in a way that may be over soon: whether they are to be looked at again after a pause. */
  readonly looksAgain: () => boolean
  /** A question meets what may be met by all: the first one waits for a second one, which gives the first. */
  readonly met: (doubt: Doubt, what: W) => "wait" | Opening<W> | undefined
  /** The first question that still waits for a second one. */
  readonly opening: () => Opening<W> | undefined
  /** What is to be settled now that there is one more outcome: it alone, or with those that were withheld, or nothing yet. */
  readonly take: (settled: S) => ReadonlyArray<S>
  /** Gives what is withheld, for settling: at the end, or because the suspicion is gone. */
  readonly release: () => ReadonlyArray<S>
  /** Leaves pending what is withheld: all of it, or what failed; what was refused as invalid too where so many were that it is doubtful. */
  readonly drop: (which: "all" | "failed") => void
  /** What stays pending. */
  readonly dropped: ReadonlyArray<S>
  /** How many have no outcome for it, or none that is given for settling. */
  readonly size: () => number
}

const none: ReadonlyArray<never> = []

/** So many that have failed alike at the end of a list are a reason to ask somebody who knows. */
const few = 4

/** Nothing is suspected. `isAccepted`: a question was answered before; `isFound`: something was found, or nothing need be. */
export const make = <S extends Settled, W>(
  limit: number,
  before: { readonly isAccepted: boolean; readonly isFound: boolean }
): Suspicion<S, W> => {
  let row = Uniform.none(limit)
  let { isAccepted, isFound } = before
  /** Nothing is withheld yet that failed in the row: a call may bring several outcomes. */
  let isNew = false
  let opening: Opening<W> | undefined
  let withheld: Array<S> = []
  const dropped: Array<S> = []

  const release = (): ReadonlyArray<S> => {
    if (withheld.length === 0) return none
    const released = withheld
    withheld = []
    return released
  }

  return {
    isDoubtful: (hasKnown, isLast = false) =>
      opening !== undefined || Uniform.isDoubtful(row, hasKnown)
      || (isLast && isFound && withheld.length >= few && Uniform.isSuspect(row)),
    accepted: () => {
      isAccepted = true
      if (opening === undefined) return undefined
      const { what } = opening
      opening = undefined
      return what
    },
    isAccepted: () => isAccepted,
    cleared: () => {
      row = Uniform.cleared(row)
      return isFound ? release() : none
    },
    count: () => row.count,
    passed: (isProbe, sentAt) => {
      row = isProbe ? Uniform.cleared(row) : Uniform.passed(row, sentAt, limit)
    },
    failed: (failure) => {
      row = Uniform.failed(row, failure)
      isNew = row.count === 1
      return Uniform.isCertain(row)
    },
    looksAgain: () => {
      if (!Uniform.isLooked(row)) return false
      row = Uniform.looked(row)
      return true
    },
    met: (doubt, what) => {
      if (isAccepted) return undefined
      if (opening !== undefined) return isSame(opening.doubt, doubt) ? opening : undefined
      opening = { doubt, what }
      return "wait"
    },
    opening: () => opening,
    take: (settled) => {
      if (settled.outcome === "found") isFound = true
      const isWithheld = !isFound || (row.count > 0 && isRefused(settled))
      // only what ends the row tells something of the others
      if (!isWithheld) return withheld.length === 0 || row.count > 0 ? [settled] : [...release(), settled]
      // what failed before this row began is nothing like it
      const released = isFound && row.count === 1 && isNew ? release() : none
      isNew = false
      withheld.push(settled)
      return released
    },
    release,
    drop: (which) => {
      const isMany = Uniform.isDoubtful(row, true)
      const isDropped = (one: S) =>
        !one.isOnce && (which === "all" || one.outcome === "failed" || (isMany && isRefused(one)))
      dropped.push(...withheld.filter(isDropped))
      withheld = withheld.filter((one) => !isDropped(one))
    },
    dropped,
    size: () => withheld.length + dropped.length + (opening === undefined ? 0 : 1)
  }
}

/** Whether it may be one of a row that look the same. */
const isRefused = ({ outcome, status }: Settled) =>
  outcome === "failed" || (outcome === "invalid" && status !== undefined)

const isSame = (a: Doubt, b: Doubt) => a === b || (isRefusal.has(a) && isRefusal.has(b))

const isRefusal: ReadonlySet<Doubt> = new Set<Doubt>(["unauthorized", "forbidden"])

/** What an error may be to all questions, if anything. */
export const doubtOf = ({ reason, remedy, status }: LookupError): Doubt | undefined => {
  if (reason === "status") return status === 403 ? "forbidden" : undefined
  // a setting that helps helps all
  return doubts[reason] ??
    (reason === "transport" && remedy !== undefined && remedy !== "idempotent" ? "unreachable" : undefined)
}

const doubts: Partial<Record<LookupError["reason"], Doubt>> = {
  unauthorized: "unauthorized",
  redirect: "redirected",
  protocol: "unreachable"
}
