/**
 * Rules: what a reply means, as whoever asks says it. The first rule that holds decides, before every default.
 */
import { Either, Schema } from "effect"
import { numberOf } from "../Json.ts"
import * as Expression from "./Expression.ts"

/** What a rule can say. `review` is found, and marked for a person to look at. */
export const Verdict = Schema.Literal(
  "throttled",
  "retry",
  "failed",
  "invalid",
  "stop",
  "not_found",
  "found",
  "review"
)
export type Verdict = typeof Verdict.Type

/** Takes the reason why a rule could not be applied to a reply; it does not hold then. */
export type OnFault = (rule: string, reason: string) => void

/** Parsed JSON, or text where it is none; with all digits, as an {@link Expression.Expression} takes them, where they are asked for. */
export type Body = (withDigits?: boolean) => unknown

/** A condition on a reply, and what it means. */
export interface Rule {
  readonly verdict: Verdict
  /** As it was written: it stands in the records that it decides, and for the rule where replies are read again. */
  readonly text: string
  /** The names of the members of a body that it looks for. */
  readonly names?: ReadonlyArray<string>
  /** Whether it holds; nothing where that is more work than a reply is worth. */
  readonly holds: (status: number, body: Body, onFault: OnFault) => boolean | undefined
}

/**
 * A rule on the body: JMESPath, or `path=value,…` for a value that is one of these, as text.
 *
 * What holds for a body that has nothing in it (`!data`, `length(@) == 0`) looks at the replies with a 2xx alone: an error has no data
 * either.
 */
export const when = (
  verdict: Verdict,
  condition: string,
  text = `${verdict} when ${condition}`
): Either.Either<Rule, Expression.SelectError> =>
  Either.map(test(condition), ({ names, test }): Rule => {
    const isNegative = [{}, "", null].some((nothing) => test(nothing, nothing, () => {}))
    const seesDigits = digits.test(condition)
    return {
      verdict,
      text,
      names,
      holds: (status, body, onFault) => {
        if (isNegative && !isSuccess(status)) return false
        let isKnown = true
        const holds = test(body(), body(seesDigits), (reason, isTooMuch) => {
          isKnown = !isTooMuch
          if (isKnown && isSuccess(status)) onFault(text, reason)
        })
        return isKnown ? holds : undefined
      }
    }
  })

/** A rule on the body by a function, for programs; `text` stands for it. */
export const where = (verdict: Verdict, test: (body: unknown, status: number) => boolean, text: string): Rule => ({
  verdict,
  text,
  holds: (status, body, onFault) => {
    try {
      return test(body(), status)
    } catch (cause) {
      onFault(text, String(cause))
      return false
    }
  }
})

/** A rule on the status: `402`, or a class, `5xx`. */
export const onStatus = (
  verdict: Verdict,
  statuses: ReadonlyArray<number | string>,
  text = `${verdict} on ${statuses.join()}`
): Rule => {
  const exact = new Set(statuses.map(String))
  return { verdict, text, holds: (status) => exact.has(String(status)) || exact.has(`${Math.floor(status / 100)}xx`) }
}

/** The first rule that holds. What nobody can tell is not taken for an answer: the question has failed then. */
export const first = (
  rules: ReadonlyArray<Rule>,
  status: number,
  body: Body,
  onFault: OnFault
): Rule | undefined => {
  for (const rule of rules) {
    const holds = rule.holds(status, body, onFault)
    if (holds === true) return rule
    if (holds === undefined) return { ...rule, verdict: "failed", text: `${rule.text} (too much work to tell)` }
  }
  return undefined
}

/** Whether a status says that there is an answer. */
export const isSuccess = (status: number) => status >= 200 && status < 300

/** What a rule on the body is made of. */
interface Condition {
  readonly names: ReadonlyArray<string>
  readonly test: (value: unknown, exact: unknown, onFault: Expression.OnFault) => boolean
}

/** What tells numbers of more digits than JavaScript holds from one another: all of these digits, or numbers as text. */
const digits = /\d{16}|to_string|from_json/

/** `path=value`: no operator stands in the path, and no quote in the value. */
const short = /^\s*(?!let\s)((?:[^=!<>'`()&|?{},"]|"[^"]*")+?)\s*=(?!=)(.*)$/s

const test = (condition: string): Either.Either<Condition, Expression.SelectError> => {
  if (/^\s*\[\s*\]\s*$/.test(condition)) {
    const message =
      `${condition}: it holds for a list that has something in it: write length(@)==\`0\` for an empty one`
    return Either.left(new Expression.SelectError({ expression: condition, message }))
  }
  const [, path, values] = short.exec(condition) ?? []
  if (path === undefined) {
    return Either.map(
      Expression.make(condition),
      ({ get, names }): Condition => ({
        names,
        test: (value, exact, onFault) => Expression.isTrue(get(value, exact, onFault))
      })
    )
  }
  const wanted = new Set(values!.split(",").map((value) => value.trim()))
  if (/["'`]/.test(values!) || wanted.has("")) {
    const bare = [...wanted].map((value) => value.replace(/^(["'`])(.*)\1$/s, "$2")).filter((value) => value !== "")
    const [value = "VALUE", ...more] = bare.some((value) => /["'`]/.test(value)) ? [] : bare
    return Either.left(
      new Expression.SelectError({
        expression: condition,
        message: `${condition}: write ${path}=${[value, ...more].join()} without quotes, or ${path}=='${value}'`
      })
    )
  }
  const isOne = (value: unknown): boolean =>
    Array.isArray(value)
      ? value.some(isOne)
      : (typeof value !== "object" || value === null) &&
        wanted.has(typeof value === "string" ? numberOf(value) ?? value : String(value ?? null))
  return Either.map(
    Expression.make(path),
    ({ get, names }): Condition => ({ names, test: (value, exact, onFault) => isOne(get(value, exact, onFault)) })
  )
}
