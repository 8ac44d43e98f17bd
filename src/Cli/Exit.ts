/**
 * Exit codes, and what is said on the way out.
 */
import { SelectError } from "../Answer/Select.ts"
import { DemoError } from "../Demo.ts"
import { LedgerError } from "../Ledger.ts"
import { TemplateError } from "../Lookup/Template.ts"
import { SinkError } from "../Sink.ts"
import { SourceError } from "../Source.ts"
import { StopError } from "../Sweep.ts"
import { UsageError } from "./Argv.ts"
import { stopped } from "./Closing.ts"

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
      : { code: 4, message: stopped(error) }
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
