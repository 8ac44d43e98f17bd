/**
 * What happens in a run, one event after the other: how programs follow it.
 */
import { Schema } from "effect"
import * as Outcome from "./Outcome.ts"
import { Held as Why, Moment, Snapshot } from "./Snapshot.ts"
import * as Summary from "./Summary.ts"
import { Reason as StopReason } from "./Sweep/Stop.ts"

const event = <const Name extends string, Fields extends Schema.Struct.Fields>(name: Name, fields: Fields) =>
  Schema.Struct({ version: Schema.Literal(1), event: Schema.Literal(name), at: Moment, ...fields })

const counts = Schema.Record({ key: Outcome.Kind, value: Schema.Int })

/** The list has been read and everything is ready: the first event of a run. */
export const Began = event("began", {
  /** What the list is called. */
  list: Schema.String,
  ledger: Schema.String,
  outputs: Schema.Array(Schema.String),
  snapshot: Snapshot
})

/** How the run stands, at most once a second. */
export const Progress = event("progress", { snapshot: Snapshot })

/** Nobody may call until then: a pause, an outage, a rate or a budget that is waited for. Short waits for a rate are not told. */
export const Held = event("held", Why.fields)

/** Outcomes became durable: how many since the last time, and in all; at most once a second. */
export const Committed = event("committed", { outcomes: counts, total: counts, pending: Schema.Int })

/** Something for a person to read. */
export const Message = event("message", {
  level: Schema.Literal("info", "warning", "error"),
  text: Schema.String
})

/** Why a run ended. */
export const Reason = Schema.Literal(
  /** Nothing is pending. */
  "complete",
  /** Of those that are pending only so many were to be asked. */
  "sample",
  "interrupted",
  /** The command cannot be understood, or what it asks for cannot be done. */
  "usage",
  /** The list, the ledger, or an output cannot be used. */
  "input",
  "ledger",
  "output",
  /** What nobody has foreseen. */
  "defect",
  ...StopReason.literals
)
export type Reason = typeof Reason.Type

/** The run is over: the last event. */
export const Ended = event("ended", {
  reason: Reason,
  /** The exit code of the command. */
  exit: Schema.optional(Schema.Int),
  /** The figures, where the run had begun. */
  summary: Schema.optional(Summary.Summary),
  /** When it can go on, where that is known. */
  until: Schema.optional(Moment),
  /** What is done next, in words; and the words of the command that does it, where it is known and holds no secret. */
  next: Schema.optional(Schema.Struct({
    text: Schema.String,
    command: Schema.optional(Schema.Array(Schema.String))
  }))
})

/** An event of any kind. */
export const Event = Schema.Union(Began, Progress, Held, Committed, Message, Ended).annotations({ identifier: "Event" })
export type Event = typeof Event.Type
