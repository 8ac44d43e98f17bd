/**
 * `--redo`: which answered questions are asked again.
 */
import { Clock, Duration, Effect, Option, Schema } from "effect"
import type { Redo } from "../Ledger.ts"
import { Kind } from "../Outcome.ts"
import { Limit } from "../Policy/DurationText.ts"
import * as Flag from "./Flag.ts"

const kinds: ReadonlyArray<string> = Kind.literals
const age = Schema.decodeOption(Limit)
const isWord = (word: string) =>
  kinds.includes(word) || word === "forgotten" || /^status=[1-5]\d\d$/.test(word)
  || (word.startsWith("older-than=") && Option.isSome(age(word.slice(11))))

/** `failed`, `status=503`, `older-than=30d`, or several with commas. */
export const Words = Schema.String.pipe(
  Schema.filter((text) =>
    text.split(",").every(isWord)
    || `it is one of ${kinds.join(", ")}, forgotten, status=503, older-than=30d`
  )
)

export const flag = Flag.repeated("redo", Words, {
  group: "Output",
  value: "WHICH",
  help: "ask again: failed, not_found, older-than=30d, …"
})

/** What the flags mean now; `undefined` where there is none. */
export const parse = (given: ReadonlyArray<string>): Effect.Effect<Redo | undefined> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const words = given.flatMap((text) => text.split(","))
    if (words.length === 0) return undefined
    const after = (prefix: string) =>
      words.filter((word) => word.startsWith(prefix)).map((word) => word.slice(prefix.length))
    const ages = after("older-than=").map((text) => Duration.toMillis(Schema.decodeSync(Limit)(text)))
    return {
      outcomes: Kind.literals.filter((kind) => words.includes(kind)),
      statuses: after("status=").map(Number),
      before: ages.length === 0 ? undefined : now - Math.min(...ages),
      forgotten: words.includes("forgotten")
    }
  })
