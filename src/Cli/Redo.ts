/**
 * `--redo` and `--redo-codes`: which answered questions are asked again.
 */
import type { FileSystem } from "@effect/platform"
import { Clock, DateTime, Duration, Effect, Option, Schema } from "effect"
import type { Redo } from "../Ledger.ts"
import { Kind } from "../Outcome.ts"
import { Limit } from "../Policy/DurationText.ts"
import { UsageError } from "./Argv.ts"
import type { Values } from "./Command.ts"
import * as Flag from "./Flag.ts"
import * as Text from "./Text.ts"

const kinds: ReadonlyArray<string> = Kind.literals
const age = Schema.decodeOption(Limit)

/** Milliseconds by which a clock may be ahead of the one before it; what was settled later is of no age that is known. */
const skew = 60_000

/** Milliseconds since 1970 of `30d`, that is so long ago, or of a day, `2026-11-20`, where the reader is. */
const momentOf = (text: string, now: number): number | undefined => {
  if (/^\d{4}-\d\d-\d\d$/.test(text)) {
    const day = DateTime.makeZoned(text, { timeZone: DateTime.zoneMakeLocal(), adjustForTimeZone: true })
    return Option.getOrUndefined(Option.map(day, DateTime.toEpochMillis))
  }
  return Option.getOrUndefined(Option.map(age(text), (limit) => now - Duration.toMillis(limit)))
}

/** One condition; `undefined` for what is none. */
const condition = (text: string, now: number): Redo | undefined => {
  if (kinds.includes(text)) return { outcomes: [text as Kind] }
  if (text === "forgotten") return { forgotten: true }
  const [name, value = ""] = text.split("=")
  if (name === "status") {
    if (/^[1-5]\d\d$/.test(value)) return { statuses: [[Number(value), Number(value)]] }
    if (/^[1-5]xx$/i.test(value)) return { statuses: [[Number(value[0]) * 100, Number(value[0]) * 100 + 99]] }
  }
  const moment = momentOf(value, now)
  if (moment === undefined) return undefined
  return name === "older-than"
    ? { outside: [moment, now + skew] }
    : name === "newer-than"
    ? { since: moment }
    : undefined
}

const conditions = (word: string, now: number) => word.split("&").map((text) => condition(text.trim(), now))

/** `failed`, `status=5xx`, `older-than=30d`, `not_found&older-than=7d`, or several with commas. */
export const Words = Schema.String.pipe(
  Schema.filter((text) =>
    text.split(",").every((word) => conditions(word, 0).every((one) => one !== undefined))
    || `it is one of ${kinds.join(", ")}, forgotten, status=503, status=5xx, older-than=30d, newer-than=2026-11-20; `
      + "with & all of them hold: not_found&older-than=7d"
  )
)

export const flags = {
  redo: Flag.repeated("redo", Words, {
    group: "Output",
    value: "WHICH",
    help: "ask again: failed, not_found&older-than=7d, …"
  }),
  redoCodes: Flag.optional("redo-codes", Flag.text, {
    group: "Output",
    value: "FILE",
    help: "ask the codes in FILE again, one a line"
  })
}

/** What is asked again, word by word. */
export interface Asked {
  readonly words: ReadonlyArray<string>
  readonly which: ReadonlyArray<Redo>
}

/** What the flags mean now. */
export const parse = (
  { redo, redoCodes }: Values<typeof flags>
): Effect.Effect<Asked, UsageError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const words = redo.flatMap((text) => text.split(","))
    const which = words.map((word): Redo => Object.assign({}, ...conditions(word, now)))
    if (Option.isNone(redoCodes)) return { words, which }
    return {
      words: [...words, `named in ${redoCodes.value}`],
      which: [...which, { codes: yield* codesOf("--redo-codes", redoCodes.value) }]
    }
  })

/** The codes in a file, one a line. */
export const codesOf = (flag: string, file: string) =>
  Text.read(`${flag} ${file}`, file).pipe(
    Effect.map((text) => text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "")),
    Effect.filterOrFail(
      (codes) => codes.length > 0,
      () => new UsageError({ message: `${flag} ${file} holds no code` })
    )
  )
