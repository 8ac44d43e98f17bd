/**
 * What a run says at its end: its figures, why it stopped, and in the last line what to do next.
 */
import type { Cause } from "../Ledger.ts"
import * as Budget from "../Policy/Budget.ts"
import * as Moment from "../Policy/Moment.ts"
import type * as Rollcall from "../Rollcall.ts"
import type { Same } from "../Rollcall/Sameness.ts"
import type { Snapshot } from "../Snapshot.ts"
import { settled, type Summary } from "../Summary.ts"
import type { StopError } from "../Sweep.ts"
import type { Next } from "./Events.ts"
import * as Remedy from "./Remedy.ts"
import * as Rules from "./Rules.ts"
import * as Talk from "./Talk.ts"

/** Causes of an outcome that are told apart. */
const most = 5

/** What the figures do not tell. */
export type Details = Pick<Snapshot, "stale" | "vanished"> & Pick<Rollcall.Details, "causes" | "staleSince">

/** The figures of a run. */
export const figures = (
  summary: Summary,
  { causes, stale, staleSince, vanished }: Details,
  places: ReadonlyArray<readonly [string, string]>
): string => {
  const { calls, down = 0, entries, known, outcomes, pending, probes = 0, questions, refused, retries, seconds } =
    summary
  const { throttled } = summary
  const answered = settled(outcomes) - refused
  const asked = askedOf(summary)
  const kinds = Talk.kinds.filter((kind) => outcomes[kind] > 0)
  const wide = Math.max(...[...kinds.map((kind) => outcomes[kind]), pending].map((value) => Talk.count(value).length))
  const line = (value: number, word: string) => `  ${Talk.count(value).padStart(wide)}  ${word}`
  const under = (kind: Cause["outcome"]) => {
    const lines = told(causes.filter(({ outcome }) => outcome === kind))
    const width = Math.max(0, ...lines.map(([value]) => Talk.count(value).length))
    return lines.map(([value, what]) => `${" ".repeat(wide + 4)}${Talk.count(value).padStart(width)} × ${what}`)
  }
  const again = pending === 0 ? "failed; --redo failed asks them again" : "failed"
  return [
    head(summary),
    ...kinds.flatMap((kind) => [
      line(outcomes[kind], kind === "failed" ? again : Talk.words[kind]),
      ...under(kind)
    ]),
    ...(pending > 0 ? [line(pending, "pending")] : []),
    ...(stale > 0
      ? [
        `${Talk.count(stale)} asked again in vain: the answers of ${Moment.date(staleSince)} stay; `
        + "--redo failed asks them"
      ]
      : []),
    ...(vanished > 0
      ? [`${Talk.counted(vanished, "code that was", "codes that were")} found before ${isAre(vanished)} not found now`]
      : []),
    ...(calls > 0
      ? [
        `calls   ${Talk.count(calls)}, ${Talk.counted(retries, "retry", "retries")}, ${
          Talk.count(throttled)
        } throttled${probes > 0 ? `, ${Talk.counted(probes, "probe")}` : ""}`
      ]
      : []),
    ...(down > 0 ? [`down    for ${Talk.time(down)}`] : []),
    ...places.map(([what, where]) => `${what.padEnd(8)}${where}`)
  ].join("\n")

  function head({ pending }: Summary): string {
    const codes = pending > 0
      ? `${Talk.count(answered)} of ${Talk.counted(answered + pending, "code")}`
      : Talk.counted(answered, "code")
    const details = [
      ...(entries > questions + refused ? [`${Talk.count(entries)} entries`] : []),
      ...(known > 0 && (asked > 0 || pending > 0) ? [`${Talk.count(known)} known before`] : [])
    ]
    const shown = details.length === 0 ? "" : ` (${details.join(", ")})`
    const invalid = refused === 0 ? "" : `, ${Talk.count(refused)} invalid without a call`
    const speed = asked > 0 && seconds > 0 ? `, ${Talk.rate(asked / seconds)}` : ""
    if (asked > 0 || pending > 0) return `${codes}${shown} answered in ${Talk.time(seconds)}${speed}${invalid}`
    if (answered + refused === 0) return "nothing to ask: the list is empty"
    return answered === 0
      ? `nothing to ask: ${Talk.counted(refused, "code is", "codes are")} invalid, none is left to ask`
      : `nothing to ask: ${codes}${shown} answered already${invalid}`
  }
}

/** How many codes this run has answered itself. */
export const askedOf = ({ known, outcomes, refused }: Summary): number => settled(outcomes) - refused - known

const isAre = (count: number) => count === 1 ? "is" : "are"

/** Causes in a line each, with the outcome that they led to. */
export const causes = (all: ReadonlyArray<Cause>): ReadonlyArray<string> =>
  Talk.kinds.flatMap((kind) =>
    told(all.filter(({ outcome }) => outcome === kind)).map(([count, what]) =>
      `${Talk.words[kind]}: ${Talk.count(count)} × ${what}`
    )
  )

/** The causes in words, the most frequent first; equal words are one, and the rest is one. */
const told = (causes: ReadonlyArray<Cause>): ReadonlyArray<readonly [number, string]> => {
  const counts = new Map<string, number>()
  for (const cause of causes) counts.set(wordsOf(cause), (counts.get(wordsOf(cause)) ?? 0) + cause.count)
  const all = [...counts].map(([what, count]) => [count, what] as const).sort((a, b) => b[0] - a[0])
  if (all.length <= most) return all
  const rest = all.slice(most - 1)
  return [
    ...all.slice(0, most - 1),
    [rest.reduce((sum, [count]) => sum + count, 0), `${rest.length} other causes`]
  ]
}

/** A cause as people say it. */
export const wordsOf = (
  { http_status, message, rule, type }: Pick<Cause, "http_status" | "rule" | "type" | "message">
): string => {
  const status = http_status === null ? "" : `status ${http_status}`
  if (rule !== undefined) return status === "" ? rule : `${status}, ${rule}`
  // GraphQL; 202 and 206 are none of it
  if (type === "status" && (http_status === 200 || http_status === 201)) {
    return `${status}, errors in the answer${message === undefined ? "" : `: ${beginning(message)}`}`
  }
  if (type === "status" || type === "unauthorized" || type === "throttled") return status || type
  if (type === "review") return "to be reviewed: export --only review has them"
  if (type.startsWith("the code does not match ")) return "no match of --pattern"
  if (type.startsWith("it takes too long to tell whether the code matches ")) return "too long a search for --pattern"
  const words = reasons[type] ?? type
  return status === "" ? words : `${status}, ${words}`
}

/** What a server said, as far as it has room in a line. */
const beginning = (message: string): string => {
  const words = message.replace(/^the server said: /, "")
  return words.length > longest ? `${words.slice(0, longest).toWellFormed()}…` : words
}

const longest = 100

const reasons: Readonly<Record<string, string>> = {
  decode: "not JSON",
  dns: "no such host",
  refused: "connection refused",
  tls: "certificate or TLS",
  transport: "connection broken",
  protocol: "no HTTP",
  too_large: "longer than --max-body",
  redirect: "redirected elsewhere",
  invalid_code: "not a code"
}

/** Why a run stopped, and how to try by hand what was refused. */
export const stopped = ({ curl, message, reason, remedy }: StopError, keys?: ReadonlyArray<string>): string =>
  [
    `stopped: ${Remedy.told({ message, remedy })}`,
    ...(reason !== "unauthorized" || keys === undefined
      ? []
      : keys.length === 0
      ? ["the server wants a key and none was sent (-H 'Key: ${NAME}')"]
      : [`the server refuses the key in ${keys.join(" and ")}`]),
    ...(curl === undefined ? [] : ["Try it by hand:", `  ${curl}`])
  ].join("\n")

/** The calls of a run of which nothing was kept as an outcome. */
export const paid = (calls: number): string =>
  `${Talk.counted(calls, "call was", "calls were")} made: what came of ${
    calls === 1 ? "it" : "them"
  } is kept, and nothing is marked`

/** What is known of a run that left something pending. */
export interface Rest {
  /** Calls that all runs have made, and what they have cost, where that is known. */
  readonly calls: number
  readonly cost?: number | undefined
  readonly budget: Budget.Budget
  /** The names of the variables whose values are keys. */
  readonly settings: ReadonlyArray<string>
  /** Where a key stands in the request, in words, where that is known. */
  readonly keys?: ReadonlyArray<string> | undefined
  /** Now, in milliseconds since 1970. */
  readonly wall: number
}

/** The last line of a run that left something pending. */
export const next = (pending: number, stop: Stop | undefined, rest: Rest): string =>
  `${Talk.count(pending)} pending: ${wayOn(stop, { ...rest, pending })}`

/** What is known of a stop. */
type Stop = Pick<StopError, "reason" | "until"> & Partial<Pick<StopError, "message" | "remedy">>

/** What is done next. */
export const wayOn = (
  stop: Stop | undefined,
  { budget, calls, cost = 0, keys, pending, settings, wall }: Rest & { readonly pending: number }
): string => {
  const goes = "the same command goes on"
  const words: Readonly<Record<StopError["reason"], string>> = {
    setting: goes,
    rule: goes,
    time: goes,
    // a key that stands in the command is another command
    unauthorized: settings.length > 0
      ? `with a new ${settings.map((name) => `\${${name}}`).join(" and ")} ${goes}`
      : `with a ${keys?.length === 0 ? "key" : "new key"} the run goes on`,
    forbidden: `with a key that may ask this, ${goes}`,
    uniform: `later ${goes}, and begins elsewhere in the list; where each is right, --uniform off asks on`,
    quota: `when the account has something left, ${goes}`,
    unreachable: unreached(stop ?? {}),
    redirected: `with the right --url, or --allow-origin, ${goes}`,
    none_found: "is the path right? if it is, --allow-none goes on, and what was asked is not asked again",
    vanished: "their answers are kept; if they are gone indeed, --allow-none goes on",
    outage: `${goes} when the server is well; --breaker off asks on`,
    throttled: `later ${goes}`,
    budget: larger(budget, { calls, cost, pending }, stop, wall)
  }
  return stop === undefined ? goes : words[stop.reason]
}

/** How the command that goes on differs from the one that was typed: what was put aside, or picked, once is not so again. */
export const same: Next["command"] & {} = { without: { fresh: false, sample: true } }

/** The same after a stop, where it is known. */
export const nextCommand = (
  stop: Stop,
  { budget, calls, cost = 0, pending }: Pick<Rest, "budget" | "calls" | "cost"> & { readonly pending: number }
): Next["command"] => {
  switch (stop.reason) {
    case "redirected":
    case "setting":
      return undefined
    case "unreachable":
      return stop.remedy === undefined ? same : undefined
    case "none_found":
    case "vanished":
      return { ...same, plus: ["--allow-none"] }
    case "budget": {
      const flag = stop.until === undefined ? largerFlag(budget, { calls, cost, pending }) : undefined
      return flag === undefined
        ? same
        : { without: { ...same.without, [flag[0].slice(2)]: true }, plus: flag.slice(0, 2).map(String) }
    }
    default:
      return same
  }
}

/** What helps where no server is reached: time alone mends neither a flag nor a name. */
const unreached = ({ remedy }: Pick<Partial<StopError>, "remedy">): string => {
  const other = remedy === undefined ? undefined : Remedy.instead[remedy]
  return other === undefined ? "when the server is reached, the same command goes on" : `${other} the run goes on`
}

/** A call for each question that is pending, and some more for those that are asked again. */
const enough = (pending: number) => Math.ceil(pending * 1.1)

/** What helps where a budget is spent: time, or one that is large enough for what is pending. */
const larger = (
  budget: Budget.Budget,
  { calls, cost: paid, pending }: { readonly calls: number; readonly cost: number; readonly pending: number },
  stop: Pick<StopError, "until"> | undefined,
  wall: number
): string => {
  if (stop?.until !== undefined) return `the same command goes on from ${Moment.format(stop.until, wall)}`
  const flag = largerFlag(budget, { calls, cost: paid, pending })
  if (flag === undefined) return "the same command goes on"
  const [name, value, most] = flag
  const spent = name === "--max-calls"
    ? `${Talk.count(calls)} of ${Talk.counted(most, "call is", "calls are")} spent`
    : `${Budget.amount(paid)} of ${Budget.amount(most)} is spent`
  return `${name} ${value} goes on (${spent})`
}

/** The flag with a budget that is large enough, and what that is now. */
const largerFlag = (
  budget: Budget.Budget,
  { calls, cost: paid, pending }: { readonly calls: number; readonly cost: number; readonly pending: number }
): readonly [flag: "--max-calls" | "--max-cost", value: string, most: number] | undefined => {
  const most = budget.calls?.find(({ most, per }) => per === "ever" && most <= calls)?.most
  if (most !== undefined) return ["--max-calls", String(calls + enough(pending)), most]
  const cost = budget.cost?.find(({ per }) => per === "ever")?.most
  if (cost === undefined) return undefined
  const needed = paid + (Budget.costOf(budget, enough(pending)) ?? cost)
  return ["--max-cost", String(Math.ceil(needed * 100 - 1e-9) / 100), cost]
}

/** Calls whose answers nobody has waited for, and that are not sent twice without a word. */
export const cut = (count: number): string =>
  `${Talk.counted(count, "call was", "calls were")} cut off and may have been carried out: the same command sends ${
    count === 1 ? "it" : "them"
  } again`

/** A list of which nothing at all was found, and how one of its codes is asked by hand. */
export const noneFound = (questions: number, curl: string | undefined): string =>
  [
    questions === 1
      ? "the only code was not found: is the path right?"
      : `none of ${Talk.count(questions)} codes was found: is the path right?`,
    ...(curl === undefined ? [] : [`  ${curl}`])
  ].join("\n")

/** A list whose answers are all the same, and the rule that says so where they are none. */
export const allSame = ({ found, value, words }: Same): string =>
  [
    `all ${Talk.count(found)} answers are the same${words === "" ? "" : `: ${words}`}`,
    `if that is no answer, the same command with ${Rules.against(value)} says so, without a call; `
    + "if it is one, --found-when is a rule for it"
  ].join("\n")

/** What is left to say of a run that ended with codes that have no answer, where nothing else is said. */
export const missing = (outcomes: Summary["outcomes"], stale: number, output: string): string => {
  const total = settled(outcomes)
  const [count, what] = outcomes.failed > 0
    ? [outcomes.failed, "failed"]
    : stale > 0
    ? [stale, "asked again in vain"]
    : outcomes.invalid > 0
    ? [outcomes.invalid, "invalid"]
    : [outcomes.not_found, "not found"]
  return `${Talk.count(count)} of ${Talk.count(total)} ${what}: rollcall status ${output}`
}
