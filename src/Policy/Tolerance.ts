/**
 * Tolerance: how many outcomes may be `failed` or `invalid` in a run that counts as a success.
 */
import { Schema } from "effect"

const form = /^(failed|invalid)=(?:(all)|(\d{1,9})|(\d{1,3}(?:\.\d+)?)%)$/

const Allowance = Schema.Struct({
  outcome: Schema.Literal("failed", "invalid"),
  /** How many, at the most. */
  count: Schema.Number,
  /** Or what part of all questions. */
  share: Schema.Number
})

/** A tolerance as people write it: `failed=1%`, `failed=20`, `invalid=all`. */
export const Tolerance = Schema.transform(
  Schema.String.pipe(Schema.pattern(form, { message: () => "write it as failed=1%, failed=20 or invalid=all" })),
  Allowance,
  {
    strict: true,
    decode: (written) => {
      const [, outcome, all, count, percent] = form.exec(written)!
      return {
        outcome: outcome as "failed" | "invalid",
        count: all === undefined ? Number(count ?? 0) : Infinity,
        share: Number(percent ?? 0) / 100
      }
    },
    encode: ({ count, outcome, share }) =>
      `${outcome}=${count === Infinity ? "all" : share > 0 ? `${Math.round(share * 1e6) / 1e4}%` : count}`
  }
).annotations({ identifier: "Tolerance" })
export type Tolerance = typeof Allowance.Type

/** Whether all that went wrong is tolerated. */
export const isMet = (
  tolerances: ReadonlyArray<Tolerance>,
  outcomes: Readonly<Record<"failed" | "invalid", number>>,
  questions: number
): boolean =>
  (["failed", "invalid"] as const).every((outcome) =>
    outcomes[outcome] <= Math.max(
      0,
      ...tolerances.filter((tolerance) => tolerance.outcome === outcome).map(({ count, share }) =>
        Math.max(count, share * questions)
      )
    )
  )
