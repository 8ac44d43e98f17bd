/**
 * What the command says to a person, on standard error: lines, figures, the summary.
 */
import { Effect } from "effect"
import type { Kind } from "../Outcome.ts"
import type { Listing } from "../Rollcall.ts"
import * as Events from "./Events.ts"
import * as Width from "./Width.ts"

/** Writes a line, over the line of progress where one stands. */
export const say = (text: string): Effect.Effect<void> => Effect.sync(() => write(text))

/** The same, at once. */
export const write = (text: string, level?: Events.Level): void => {
  if (Events.isOn()) return Events.say(plain(text), level)
  process.stderr.write(`${isTerminal() ? clear : ""}${Width.fit(plain(text), process.stderr)}\n`)
}

/** Writes lines that were asked for to standard output. */
export const print = (lines: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.sync(() => {
    process.stdout.write(`${Width.fit(plain(lines.join("\n")), process.stdout)}\n`)
  })

/** Text with what would move the cursor, or turn the direction of reading, written out: names and messages are others'. */
export const plain = (text: string): string =>
  text.replace(
    // eslint-disable-next-line no-control-regex
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

/** Whether a person sees it as it comes. */
export const isTerminal = (): boolean => process.stderr.isTTY === true && !Events.isOn()

/** Takes away the line in which the cursor stands. */
export const clear = "\r\u001b[K"

/** A count with its thousands apart. */
export const count = (value: number): string => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",")

/** Bytes: `60 kB`, `1.2 MB`. */
export const size = (bytes: number): string => {
  const units = ["kB", "MB", "GB", "TB"]
  let [value, unit] = [bytes / 1000, 0]
  while (value >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1]
  return `${value >= 9.95 || unit === 0 ? Math.ceil(value) : value.toFixed(1)} ${units[unit]}`
}

/** So many milliseconds ago, in days. */
export const ago = (millis: number): string => {
  const days = Math.floor(millis / 86_400_000)
  return days < 1 ? "today" : `${counted(days, "day")} ago`
}

/** A count with its noun. */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`

/** Seconds as people read them: `6.9 s`, `45 s`, `1 min 39 s`, `5 min`, `2 h 10 min`, `3 d 4 h`. */
export const time = (seconds: number): string => seconds < 9.95 ? `${seconds.toFixed(1)} s` : whole(seconds)

/** As {@link time}, in whole seconds: what is still to come is not known to a tenth. */
export const whole = (seconds: number): string => {
  const all = Math.ceil(seconds - 0.5)
  if (all < 60) return `${all} s`
  if (all < 300) return parts(all, 60, "min", "s")
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  const hours = Math.round(seconds / 3600)
  return hours < 48 ? parts(minutes, 60, "h", "min") : parts(hours, 24, "d", "h")
}

const parts = (value: number, size: number, large: string, small: string) =>
  `${Math.floor(value / size)} ${large}${value % size === 0 ? "" : ` ${value % size} ${small}`}`

/** So many a second, in the unit that leaves a figure to read: `1,234/s`, `0.3/s`, `4/min`. */
export const rate = (perSecond: number): string => {
  const [value, unit] = perSecond >= 0.1 || perSecond === 0
    ? [perSecond, "s"]
    : perSecond * 60 >= 0.1
    ? [perSecond * 60, "min"]
    : [perSecond * 3600, "h"]
  return `${value >= 9.95 ? count(value) : String(Number(value.toFixed(1)))}/${unit}`
}

/** A share: it is 0 or 100 only where that is so. */
export const percent = (part: number, of: number): string => {
  if (part >= of) return "100 %"
  const share = part * 100 / of
  if (share >= 10) return `${Math.floor(share)} %`
  const rounded = Math.floor(share * 10) / 10
  return `${rounded > 0 || part === 0 ? rounded : Number(share.toPrecision(1))} %`
}

/** The outcomes in words. */
export const words: Readonly<Record<Kind, string>> = {
  found: "found",
  not_found: "not found",
  invalid: "invalid",
  failed: "failed",
  skipped: "skipped"
}

/** In the order in which they are told. */
export const kinds = Object.keys(words) as ReadonlyArray<Kind>

/** The outcomes there are, in words. */
export const outcomes = (all: Readonly<Record<Kind, number>>): ReadonlyArray<readonly [string, number]> =>
  kinds.filter((kind) => all[kind] > 0).map((kind) => [words[kind], all[kind]])

/** What is about to be done with a list, a few words each. */
export const details = (
  { entries, known, questions, refused, reopened, revised }: Pick<
    Listing,
    "entries" | "known" | "questions" | "refused" | "reopened" | "revised"
  >
): ReadonlyArray<string> => [
  ...(entries > questions + refused ? [counted(entries - questions - refused, "repeat")] : []),
  ...(refused > 0 ? [`${count(refused)} invalid`] : []),
  ...(known > 0 ? [`${count(known)} answered already`] : []),
  ...(revised === 1 ? ["1 outcome changed by reading its reply again"] : []),
  ...(revised > 1 ? [`${count(revised)} outcomes changed by reading their replies again`] : []),
  ...(reopened > 0 ? [`${count(reopened)} asked again by the rules`] : [])
]

/** How old the answers are that are not asked for again, from a day on, and what asks them again. */
export const oldest = ({ known, oldest }: Pick<Listing, "known" | "oldest">, now: number): string | undefined => {
  const age = now - oldest
  const limit = known === 0 ? undefined : [30, 7, 1].find((limit) => age >= limit * 86_400_000 && age < Infinity)
  return limit === undefined ? undefined : `the oldest ${ago(age)}: --redo older-than=${limit}d asks again`
}

/** What older defaults judged, and what asks it again. */
export const olderLines = (older: Listing["older"]): ReadonlyArray<string> =>
  Object.entries(older).map(([which, value]) =>
    `${
      counted(value, "answer was", "answers were")
    } judged by the defaults of an earlier version: --redo ${which} asks again`
  )
