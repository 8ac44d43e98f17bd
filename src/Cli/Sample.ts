/**
 * What a random sample means for the whole list.
 */
import type { Policy } from "../Policy.ts"
import * as Budget from "../Policy/Budget.ts"
import { settled, type Summary } from "../Summary.ts"
import * as Effort from "./Effort.ts"
import * as Talk from "./Talk.ts"

/** What is to be expected of the questions that are still pending, when they are as those of this run. */
export const extrapolate = (summary: Summary, policy: Policy): string => {
  const { calls, known, outcomes, pending, refused, seconds } = summary
  const asked = settled(outcomes) - known - refused
  if (asked <= 0) return "sample: nothing was asked"
  const callsLeft = Math.round(pending * calls / asked)
  const secondsLeft = Math.max(pending * seconds / asked, Effort.shortestTime(policy, callsLeft, 1))
  const cost = Budget.costOf(policy.budget, callsLeft)
  return [
    `sample: ${Talk.counted(asked, "code")} of ${Talk.count(asked + pending)} that were pending, picked at random`,
    ...(known > 0 ?
      [] :
      Talk.outcomes({ ...outcomes, invalid: outcomes.invalid - refused }).map(([word, count]) =>
        `  ${word}: ${interval(count, asked)} of all`
      )),
    `the other ${Talk.count(pending)}: about ${Talk.counted(callsLeft, "call")}, ${Talk.time(secondsLeft)}${
      cost === undefined ? "" : `, ${Budget.amount(cost)}`
    }; the same command without --sample asks them`
  ].join("\n")
}

/**
 * A share with its 95 % confidence interval.
 *
 * Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.
 */
const interval = (count: number, of: number): string => {
  const z = 1.96
  const share = count / of
  const middle = (share + z * z / (2 * of)) / (1 + z * z / of)
  const half = z / (1 + z * z / of) * Math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
  const percent = (value: number) => (Math.min(1, Math.max(0, value)) * 100).toFixed(1)
  return `${percent(share)} % (${percent(middle - half)} to ${percent(middle + half)} %)`
}
