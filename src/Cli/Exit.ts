/**
 * Exit codes, and what is said on the way out.
 */
import { Match } from "effect"
import type { Reason } from "../Event.ts"
import type { LedgerError } from "../Ledger.ts"
import type { SinkError } from "../Sink.ts"
import type { StopError } from "../Sweep.ts"
import { stopped } from "./Closing.ts"
import type { Failure } from "./Command.ts"
import { told } from "./Remedy.ts"

/** How a command ends that did not succeed. */
export interface Exit {
  readonly code: number
  /** For standard error; empty for an end that is nobody's fault. */
  readonly message: string
}

/**
 * How an error ends its command: 2 usage or input, 4 stopped early, 5 ledger or output, 141 a reader that went away. Each error and each
 * reason has its code here, or this does not compile.
 */
export const of: (error: Failure) => Exit = Match.typeTags<Failure>()({
  UsageError: ({ command, message }) => ({
    code: 2,
    message: command === undefined ? message : `${message}\nrollcall ${command} --help shows the flags`
  }),
  TemplateError: ({ message }) => ({ code: 2, message }),
  SelectError: ({ message }) => ({ code: 2, message }),
  SourceError: (error) => ({ code: 2, message: told(error) }),
  DemoError: ({ message }) => ({ code: 2, message }),
  StopError: (error) => ({
    code: ofStop[error.reason],
    message: error.reason === "setting" ? error.message : stopped(error)
  }),
  LedgerError: (error) => ({ code: ofLedger[error.reason], message: `${error.ledger}: ${told(error)}` }),
  SinkError: (error) => ({ code: ofSink[error.reason], message: error.reason === "Closed" ? "" : told(error) })
})

/** The same in a word. */
export const reasonOf: (error: Failure) => Reason = Match.typeTags<Failure, Reason>()({
  UsageError: () => "usage",
  TemplateError: () => "usage",
  SelectError: () => "usage",
  SourceError: () => "input",
  DemoError: () => "usage",
  StopError: ({ reason }) => reason,
  LedgerError: () => "ledger",
  SinkError: () => "output"
})

/** What nobody has foreseen. */
export const defect = (thrown: unknown): Exit => ({
  code: 1,
  message: `this is a defect of rollcall, please report it: ${
    thrown instanceof Error ? thrown.stack ?? thrown.message : String(thrown)
  }`
})

const ofStop: Readonly<Record<StopError["reason"], number>> = {
  setting: 2,
  unreachable: 4,
  redirected: 4,
  unauthorized: 4,
  forbidden: 4,
  quota: 4,
  rule: 4,
  uniform: 4,
  none_found: 4,
  vanished: 4,
  throttled: 4,
  outage: 4,
  budget: 4,
  time: 4
}

/** What was asked of a ledger that is sound is 2. */
const ofLedger: Readonly<Record<LedgerError["reason"], number>> = {
  Mismatch: 2,
  Forgotten: 2,
  Missing: 2,
  Open: 5,
  Read: 5,
  Write: 5,
  Binding: 5,
  Busy: 5
}

const ofSink: Readonly<Record<SinkError["reason"], number>> = {
  Exists: 2,
  Clash: 2,
  Open: 5,
  Write: 5,
  Busy: 5,
  Closed: 141
}
