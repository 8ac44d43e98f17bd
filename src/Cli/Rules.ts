/**
 * The flags that say what a reply means. They come before every default, in the order in which they are typed.
 */
import { Effect, Either } from "effect"
import { SelectError } from "../Answer/Expression.ts"
import * as Names from "../Answer/Names.ts"
import * as Rules from "../Answer/Rules.ts"
import type { Name } from "../Job.ts"
import { UsageError } from "./Argv.ts"
import * as Flag from "./Flag.ts"
import * as Talk from "./Talk.ts"

const group = "Answer"
const verdicts: ReadonlyArray<string> = Rules.Verdict.literals

const when = (name: Extract<Name, `${string}-when`>, help: string) => Flag.of(name, { group, value: "EXPR", help })

export const flags = {
  notFoundWhen: when("not-found-when", "not found, where this holds: JMESPath on the body, or path=VALUE,VALUE"),
  foundWhen: when("found-when", "found, whatever the status"),
  reviewWhen: when("review-when", "found, and marked for a person to look at"),
  invalidWhen: when("invalid-when", "the code is invalid"),
  failedWhen: when("failed-when", "failed, and not tried again"),
  retryWhen: when("retry-when", "tried again, as after a 503"),
  throttledWhen: when("throttled-when", "too much was asked: everybody waits, as after a 429"),
  stopWhen: when("stop-when", "no other code would fare better: stop, exit 4, nothing marked"),
  onStatus: Flag.of("on-status", {
    group,
    value: "402=stop",
    help: `what a status means: 404,410=failed,5xx=stop (${verdicts.join(", ")})`
  }),
  throttledOn: Flag.of("throttled-on", {
    group,
    value: "403,503",
    help: "the same as --on-status 403,503=throttled"
  })
}

type Values = { readonly [_ in keyof typeof flags]: ReadonlyArray<Flag.Placed> }

/** The rules in the order in which they were typed. */
export const parse = (values: Values): Effect.Effect<ReadonlyArray<Rules.Rule>, UsageError | SelectError> =>
  Effect.map(
    Effect.forEach(
      (Object.keys(flags) as Array<keyof typeof flags>)
        .flatMap((key) => values[key].map((placed) => ({ ...placed, key })))
        .sort((one, other) => one.at - other.at),
      ({ key, text }) => ruleOf(flags[key].name, text)
    ),
    (rules) => rules.flat()
  )

/** Rules, and what is known of those that have looked at replies. */
export interface Watched {
  readonly rules: ReadonlyArray<Rules.Rule>
  /** Says which of them held for none of the answers, as they were typed; nothing where these are few. */
  readonly idle: () => ReadonlyArray<string>
  /** Where nothing is found: says which of them decided how much, and what they look for that none of the answers has. */
  readonly suspects: () => ReadonlyArray<string>
}

/** Answers of which a rule should hold for one, sooner or later. */
const enough = 20
/** So many answers without a name tell that they all are. */
const most = 1000

/** Verdicts that an answer is expected to get; the others are for days on which something fails. */
const expected: ReadonlySet<Rules.Verdict> = new Set(["not_found", "found", "review"])

/** Takes note of what the rules hold for, wherever the replies come from: from the server, or from a ledger that is judged anew. */
export const watch = (rules: ReadonlyArray<Rules.Rule>): Watched => {
  const all = rules.map((rule) => ({
    rule,
    /** Answers that it has looked at, and those that it held for. */
    of: 0,
    held: 0,
    /** The names that none of the latter has. */
    missing: new Set(rule.names ?? []),
    sample: undefined as unknown
  }))
  return {
    rules: all.map((watched) => ({
      ...watched.rule,
      holds: (status, body, onFault) => {
        const holds = watched.rule.holds(status, body, onFault)
        if (holds === true) {
          watched.held++
          if (watched.missing.size > 0 && watched.held <= most) {
            watched.sample = body()
            for (const name of watched.missing) if (Names.has(watched.sample, name)) watched.missing.delete(name)
          }
        }
        if (holds === true || Rules.isSuccess(status)) watched.of++
        return holds
      }
    })),
    idle: () =>
      all.filter(({ held, of, rule }) =>
        held === 0 && of >= enough && expected.has(rule.verdict) && rule.names !== undefined
      ).map(({ of, rule }) => `${rule.text} held for none of ${Talk.count(of)} answers`),
    suspects: () =>
      // a record says which rule it failed by
      all.filter(({ held, missing, rule }) => held > 0 && (rule.verdict === "not_found" || missing.size > 0))
        .map(({ held, missing, of, rule: { text }, sample }) => {
          const names = [...missing].map((name) => JSON.stringify(name)).join(" or ")
          // of what is no answer nothing else is shown: it may say what was sent
          const near = [...missing].map((name) => Names.near(name, sample)).find((near) => near !== undefined)
          return `${text} held for ${Talk.count(held)} of ${Talk.counted(of, "answer")}${
            names === ""
              ? ""
              : `, and none of these has ${names}${near === undefined ? "" : ` (but ${JSON.stringify(near)})`}`
          }`
        })
  }
}

/** The rule that takes an answer for none, as it is typed. */
export const against = (value: unknown): string => {
  if (value === null || value === "" || (typeof value === "object" && Object.keys(value).length === 0)) {
    return "--not-found-when '!@'"
  }
  const body = typeof value === "object" && !Array.isArray(value) ? value as Readonly<Record<string, unknown>> : {}
  const error = ["error", "errors", "error_message", "fault"].find((name) => isSaid(body[name]))
  if (error !== undefined) return `--failed-when ${error}`
  const state = ["status", "code", "result"].find((name) => /^[\w-]+$/.test(String(body[name] ?? "")))
  return state === undefined
    ? "--not-found-when EXPR (or --failed-when, --stop-when)"
    : `--not-found-when ${state}=${String(body[state])} (or --failed-when, --stop-when)`
}

/** What JMESPath takes for true. */
const isSaid = (value: unknown) =>
  typeof value === "object" && value !== null ? Object.keys(value).length > 0 : Boolean(value) || value === 0

const ruleOf = (name: string, text: string): Either.Either<ReadonlyArray<Rules.Rule>, UsageError | SelectError> => {
  const typed = `--${name} ${text}`
  if (name === "throttled-on") return onStatus(typed, `${text}=throttled`, "write statuses such as 403,503")
  if (name === "on-status") {
    return onStatus(typed, text, `write it as 402=stop,5xx=retry, with one of ${verdicts.join(", ")}`)
  }
  const verdict = name.replace(/-when$/, "").replace("-", "_") as Rules.Verdict
  return Either.mapBoth(Rules.when(verdict, text, typed), {
    onLeft: ({ expression, message }) => new SelectError({ expression, message: `--${name} ${message}` }),
    onRight: (rule) => [rule]
  })
}

/** `402=stop,403,429=throttled`: what has no word of its own shares that of the next. */
const onStatus = (
  typed: string,
  text: string,
  help: string
): Either.Either<ReadonlyArray<Rules.Rule>, UsageError> => {
  const rules: Array<Rules.Rule> = []
  let statuses: Array<string> = []
  for (const part of text.split(",")) {
    const [, status, word] = /^\s*([1-5]\d\d|[1-5]xx)\s*(?:=\s*([a-z_-]+)\s*)?$/i.exec(part) ?? []
    const verdict = word?.toLowerCase().replace("-", "_")
    if (status === undefined || (verdict !== undefined && !verdicts.includes(verdict))) {
      return Either.left(new UsageError({ message: `${typed}: ${help}` }))
    }
    statuses.push(status.toLowerCase())
    if (verdict === undefined) continue
    rules.push(Rules.onStatus(verdict as Rules.Verdict, statuses, typed))
    statuses = []
  }
  return statuses.length === 0 ? Either.right(rules) : Either.left(new UsageError({ message: `${typed}: ${help}` }))
}

/**
 * What stands for the rules where replies are read again. Where there are no more than there could be once (`--not-found-when` and
 * `--throttled-on`, each of them once), it is as it was then: what was read so is not read again.
 */
export const reading = (
  values: Values,
  rules: ReadonlyArray<Rules.Rule>
): { readonly reading: string; readonly throttledOn?: ReadonlyArray<number> } => {
  const { notFoundWhen: [condition], throttledOn: [statuses] } = values
  const isOld = rules.length === (condition === undefined ? 0 : 1) + (statuses === undefined ? 0 : 1)
  if (!isOld) return { reading: JSON.stringify(rules.map(({ text, verdict }) => [verdict, text])) }
  const reading = condition?.text ?? ""
  return statuses === undefined ? { reading } : { reading, throttledOn: statuses.text.split(",").map(Number) }
}
