/**
 * LedgerError: why a ledger cannot be used, and who holds it.
 */
import { DateTime, Effect, Schema } from "effect"
import { Remedy } from "../Outcome.ts"

/** The ledger cannot be opened, read or written, it belongs to another request, or another run holds it. */
export class LedgerError extends Schema.TaggedError<LedgerError>()("LedgerError", {
  reason: Schema.Literal("Open", "Read", "Write", "Binding", "Busy", "Mismatch", "Forgotten", "Missing"),
  ledger: Schema.String,
  message: Schema.String,
  /** What helps. */
  remedy: Schema.optional(Remedy),
  cause: Schema.optional(Schema.Defect)
}) {}

/** Who holds a ledger, as its note `holder` says it. */
export const Holder = Schema.Struct({
  pid: Schema.Int,
  host: Schema.String,
  /** Since when, in milliseconds since 1970. */
  since: Schema.Number
})
export type Holder = typeof Holder.Type

/** What differs between the request that a ledger belongs to and another one, in words. */
export const difference = (
  mine: Readonly<Record<string, string>>,
  theirs: Readonly<Record<string, string>>
): ReadonlyArray<string> =>
  [...new Set([...Object.keys(mine), ...Object.keys(theirs)])]
    .filter((part) => mine[part] !== theirs[part])
    .map((part) =>
      isShort(mine[part]) && isShort(theirs[part])
        ? `${part}: ${mine[part] ?? "none"} in the ledger, ${theirs[part] ?? "none"} now`
        : `${part}: another value in the ledger`
    )

/** A hash tells nobody anything, nor do long texts side by side. */
const isShort = (value: string | undefined) => value === undefined || /^(?!sha256:).{0,200}$/.test(value)

/** The error of a ledger that belongs to another request, if it does. */
export const mismatch = (
  ledger: string,
  mine: Readonly<Record<string, string>>,
  theirs: Readonly<Record<string, string>>
): Effect.Effect<void, LedgerError> => {
  const parts = difference(mine, theirs)
  return parts.length === 0 ? Effect.void : new LedgerError({
    reason: "Mismatch",
    ledger,
    message: `this ledger answers another request (${parts.join("; ")}): use another one`,
    remedy: "other_ledger"
  })
}

/** The error of a ledger that another run holds. */
export const busy = (ledger: string, holder: Holder | undefined, cause?: unknown): LedgerError =>
  new LedgerError({ reason: "Busy", ledger, message: held(holder), cause })

/** What is said of a ledger, or an output, that another run holds. */
export const held = (holder: Holder | undefined): string => {
  const who = holder === undefined ? "" : ` (process ${holder.pid} on ${holder.host}, since ${clock(holder.since)})`
  return `another run holds it${who}: wait for its end`
}

const clock = (at: number) => DateTime.formatIso(DateTime.unsafeMake(at)).replace(/\.\d+Z$/, "Z")

/** The error of a ledger that another program has removed rows of. */
export const robbed = (ledger: string): LedgerError =>
  new LedgerError({
    reason: "Write",
    ledger,
    message:
      "another program removed rows of it while the run was using it: see who writes there, and run the same command "
      + "again, which asks what is missing"
  })
