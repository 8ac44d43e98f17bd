/**
 * Tolerance: how many codes may be `failed`, `invalid` or `not_found` in a run that counts as a success.
 */
import { Schema } from "effect"

const form = /^(failed|invalid|not_found)=(?:(all)|(\d{1,9})|(100(?:\.0+)?|\d{1,2}(?:\.\d+)?)%)$/

const Allowance = Schema.Struct({
  outcome: Schema.Literal("failed", "invalid", "not_found"),
  /** How many, at the most. */
  count: Schema.Number,
  /** Or what part of all codes. */
  share: Schema.Number
})

/** A tolerance as people write it: `failed=1%`, `failed=20`, `invalid=all`. */
export const Tolerance = Schema.transform(
  Schema.String.pipe(
    Schema.pattern(form, {
      message: () => "write it as failed=1% (100% at most), failed=20, invalid=all or not_found=5%"
    })
  ),
  Allowance,
  {
    strict: true,
    decode: (written) => {
      const [, outcome, all, count, percent] = form.exec(written)!
      return {
        outcome: outcome as Tolerance["outcome"],
        count: all === undefined ? Number(count ?? 0) : Infinity,
        share: Number(percent ?? 0) / 100
      }
    },
    encode: ({ count, outcome, share }) =>
      `${outcome}=${count === Infinity ? "all" : share > 0 ? `${Math.round(share * 1e6) / 1e4}%` : count}`
  }
).annotations({ identifier: "Tolerance" })
export type Tolerance = typeof Allowance.Type

/** Several tolerances, with commas between them: `failed=1%,invalid=all`. */
export const Tolerances = Schema.compose(Schema.split(","), Schema.Array(Tolerance))

/** Whether all that went wrong is tolerated; what is not found is not wrong, unless a limit is given. */
export const isMet = (
  tolerances: ReadonlyArray<Tolerance>,
  outcomes: Readonly<Record<Tolerance["outcome"], number>>,
  codes: number
): boolean =>
  (["failed", "invalid", "not_found"] as const).every((outcome) => {
    const own = tolerances.filter((tolerance) => tolerance.outcome === outcome)
    if (own.length === 0 && outcome === "not_found") return true
    return outcomes[outcome] <= Math.max(0, ...own.map(({ count, share }) => Math.max(count, share * codes)))
  })
