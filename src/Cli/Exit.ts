/**
 * Exit codes, and what is said on the way out.
 */
import { DemoError } from "../Demo.ts"
import { LedgerError } from "../Ledger.ts"
import { SelectError } from "../Lookup/Select.ts"
import { TemplateError } from "../Lookup/Template.ts"
import { SinkError } from "../Sink.ts"
import { SourceError } from "../Source.ts"
import { StopError } from "../Sweep.ts"
import { UsageError } from "./Argv.ts"

/** How a command ends that did not succeed. */
export interface Exit {
  readonly code: number
  /** For standard error; empty for an end that is nobody's fault. */
  readonly message: string
}

/** 1 is a defect of ours, 2 usage or input, 4 stopped early, 5 ledger or output, 141 a reader that went away. */
export const of = (error: unknown): Exit => {
  if (error instanceof UsageError) {
    return {
      code: 2,
      message: `${error.message}${
        error.command === undefined ? "" : `\nrollcall ${error.command} --help shows the flags`
      }`
    }
  }
  if (
    error instanceof TemplateError || error instanceof SelectError || error instanceof SourceError ||
    error instanceof DemoError
  ) return { code: 2, message: error.message }
  if (error instanceof StopError) {
    return error.reason === "setting"
      ? { code: 2, message: error.message }
      : stopped(error)
  }
  if (error instanceof LedgerError) {
    return { code: isAsked.has(error.reason) ? 2 : 5, message: `${error.ledger}: ${error.message}` }
  }
  if (error instanceof SinkError) {
    if (error.reason === "Closed") return { code: 141, message: "" }
    return { code: error.reason === "Exists" || error.reason === "Clash" ? 2 : 5, message: error.message }
  }
  return {
    code: 1,
    message: `this is a defect of rollcall, please report it: ${
      error instanceof Error ? error.stack ?? error.message : String(error)
    }`
  }
}

/** What the user asked of a ledger that is sound. */
const isAsked: ReadonlySet<LedgerError["reason"]> = new Set(["Mismatch", "Forgotten", "Missing"])

const advice: Partial<Record<StopError["reason"], string>> = {
  unreachable: "The first question could not reach the server; nothing was marked.",
  redirected: "The first question was sent elsewhere; nothing was marked.",
  unauthorized: "The server does not accept the key; nothing more was asked.",
  forbidden: "The server forbade the first question; nothing was marked.",
  quota: "The account has nothing left; nothing was marked, and the same command goes on once it has.",
  rule: "A rule says that no other question would fare better; nothing was marked, and the same command goes on.",
  none_found: "If it is, --allow-none goes on; what is answered is kept.",
  uniform: "None of these was marked; the same command later goes on, and begins elsewhere in the list.",
  throttled: "What is answered is kept; the same command later goes on.",
  outage: "What is answered is kept; the same command later goes on. If the server is well, --breaker off asks on.",
  budget: "What is answered is kept; the same command with a larger budget goes on.",
  time: "What is answered is kept; the same command goes on."
}

const stopped = ({ curl, message, reason }: StopError): Exit => ({
  code: 4,
  message: [
    `stopped: ${message}`,
    ...(advice[reason] === undefined ? [] : [advice[reason]]),
    ...(curl === undefined ? [] : ["Try it by hand:", `  ${curl}`])
  ].join("\n")
})
