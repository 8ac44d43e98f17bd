/**
 * Where records go, what is asked again, and when a run is content.
 */
import { Duration, Option, Schema } from "effect"
import { Limit } from "../Policy/DurationText.ts"
import * as Tolerance from "../Policy/Tolerance.ts"
import * as Format from "./Format.ts"
import * as Key from "./Key.ts"
import * as Redo from "./Redo.ts"

const waiting = /^wait (\S+)$/

/** How long a run waits for another one that holds its ledger, by the word that says so. */
export const waitOf = (text: string): Option.Option<Duration.Duration> =>
  text === "wait" ? Option.some(Duration.infinity) : Schema.decodeOption(Limit)(waiting.exec(text)?.[1] ?? "")

const IfRunning = Schema.String.pipe(
  Schema.filter((text) =>
    text === "fail" || text === "skip" || Option.isSome(waitOf(text)) || "write skip, fail, or 'wait 10m'"
  )
)

export const keys = {
  output: Key.several(Key.text),
  format: Key.one(Key.choice(Format.names)),
  excel: Key.toggle,
  "no-timing": Key.toggle,
  order: Key.one(Key.choice(["input", "done"])),
  ledger: Key.one(Key.text),
  redo: Key.several(Redo.Words),
  "redo-codes": Key.one(Key.text),
  sample: Key.one(Key.whole(1, 1_000_000_000)),
  tolerate: Key.several(Tolerance.Tolerances),
  fresh: Key.toggle,
  "if-running": Key.one(IfRunning),
  events: Key.toggle,
  quiet: Key.toggle
}
